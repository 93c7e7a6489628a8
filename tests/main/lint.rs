//! `countersign lint`: every mistake of every file at once, where it is, and the way out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::folder::{Folder, Told, copy, tell};

/// The shipped set, to make mistakes in.
struct Set {
    folder: Folder,
}

impl Set {
    fn new() -> Self {
        let folder = Folder::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows"), &folder.around().join("set"));
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.around().join("set").join(name)
    }

    fn mistake(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "`{from}` in {name}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    fn lint(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Told {
        let mut command = self.folder.command(&[&["lint", "set"], arguments].concat());
        command.current_dir(self.folder.around()).envs(variables.iter().copied());
        tell(command)
    }

    fn found(&self) -> Vec<Value> {
        let report = self.lint(&["--json"], &[]).ended(2).json();
        assert_eq!(report.as_object().unwrap().len(), 1);
        report["diagnostics"].as_array().unwrap().clone()
    }
}

/// A mistake of typing: file, what stood there, what stands there, code, place in the file, what the help says.
type Mistake = (&'static str, &'static str, &'static str, &'static str, (u64, u64), &'static str);

const MISTAKES: &[Mistake] = &[
    ("ca-issuing.yaml", "purpose:", "porpose:", "workflow.unknown_key", (9, 3), "`purpose`"),
    ("ca-issuing.yaml", "2y", "2 years", "workflow.bad_duration", (22, 17), "ms, s, m, h, d, y"),
    ("ca-root.yaml", "countersign/v1", "countersign/v2", "workflow.api_version", (5, 13), "`countersign/v1`"),
    ("ca-root.yaml", "profile: ca\n", "profile: cb\n", "workflow.unknown_word", (20, 16), "`ca`"),
    ("rotate-reporting-key.yaml", "dual_slot", "dual_slots", "workflow.unknown_word", (27, 17), "`dual_slot`"),
    ("rotate-reporting-key.yaml", "soak: 2s", "soke: 2s", "workflow.unknown_key", (37, 7), "`soak`"),
    ("tls-localhost.yaml", "files/server", "files/sever", "workflow.unknown_place", (27, 15), "`server`"),
    ("tls-localhost.yaml", "certificate.chain", "certificate.chian", "workflow.unknown_reference", (30, 30), "`chain`"),
    ("provision-account.yaml", "policy:", "approval:", "workflow.not_in_this_version", (37, 5), ""),
];

#[test]
fn each_mistake_is_told_with_its_place_and_the_way_out() {
    let set = Set::new();
    for (file, from, to, ..) in MISTAKES {
        set.mistake(file, from, to);
    }
    let found = set.found();
    for (file, _, to, code, place, help) in MISTAKES {
        let named = format!("set/{file}");
        let here = |row: &&Value| row["file"] == named.as_str() && row["line"] == place.0 && row["column"] == place.1;
        let row = found.iter().find(here).unwrap_or_else(|| panic!("`{to}` is not found: {found:#?}"));
        assert_eq!(row["code"], *code, "{to}");
        assert_eq!(row["severity"], "error");
        assert!(row["help"].as_str().unwrap().contains(help), "{row}");
        let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["code", "column", "file", "help", "line", "message", "severity"]);
    }
    let drawn = set.lint(&[], &[]).ended(2);
    assert!(drawn.out.starts_with("33 files: "), "{}", drawn.out);
    for (file, _, to, code, (line, column), _) in MISTAKES {
        drawn.says(&[code, &format!("[set/{file}:{line}:{column}]"), to.trim()]);
    }
}

#[test]
fn sixty_columns_are_enough_and_a_pipe_has_no_colour() {
    let set = Set::new();
    for (file, from, to, ..) in MISTAKES {
        set.mistake(file, from, to);
    }
    for variables in [
        &[("COLUMNS", "60")][..],
        &[("COLUMNS", "60"), ("NO_COLOR", "1")],
        &[("COLUMNS", "60"), ("CLICOLOR_FORCE", "1")],
    ] {
        let told = set.lint(&[], variables).ended(2);
        let text = format!("{}{}", told.out, told.err);
        assert!(!text.contains('\u{1b}'), "colour under {variables:?}");
        let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 60).collect();
        assert_eq!(long, Vec::<&str>::new());
    }
}

#[test]
fn the_shipped_set_has_no_errors() {
    let set = Set::new();
    let told = set.lint(&[], &[]).ended(0);
    assert_eq!((told.out.as_str(), told.err.as_str()), ("33 files: no errors\n", ""));
    assert_eq!(set.lint(&["--json"], &[]).ended(0).json()["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn workflows_and_policies_are_judged_together() {
    let set = Set::new();
    set.mistake("ca-root.yaml", "key: p384", "keys: p384");
    set.mistake("policies/accounts.cedar", "@id(\"account-provision\")\n", "");
    set.mistake("policies/rotation.cedar", "@id(\"rotate\")\n", "");
    let found = set.found();
    let of = |file: &str| found.iter().filter(|row| row["file"] == format!("set/{file}")).count();
    assert!(of("ca-root.yaml") > 0, "{found:#?}");
    assert!(of("policies/accounts.cedar") > 0, "{found:#?}");
    assert!(of("policies/rotation.cedar") > 0, "{found:#?}");
}

#[test]
fn two_workflows_of_one_name_are_refused() {
    let set = Set::new();
    set.mistake("ca-issuing.yaml", "name: ca-issuing", "name: ca-root");
    let found = set.found();
    assert!(found.iter().any(|row| row["code"] == "workflow.duplicate_name"), "{found:#?}");
    set.lint(&[], &[]).ended(2).says(&["ca-root", "set/ca-issuing.yaml", "set/ca-root.yaml"]);
}

#[test]
fn a_file_that_is_named_twice_is_one_file() {
    let set = Set::new();
    let twice = set.lint(&["set/ca-root.yaml", "./set/../set/ca-root.yaml"], &[]).ended(0);
    assert_eq!(twice.out, set.lint(&[], &[]).ended(0).out);
}

#[test]
fn what_cannot_be_read_is_said() {
    let set = Set::new();
    let around = set.folder.around();
    let lint = |path: &str| {
        let mut command = set.folder.command(&["lint", path]);
        command.current_dir(around);
        tell(command).ended(2)
    };
    lint("nowhere").says(&["set.unreadable", "`nowhere` cannot be read: No such file", "in nowhere:1:1"]);
    fs::create_dir(around.join("empty")).unwrap();
    lint("empty").says(&["set.empty", "holds no workflow", "*.yaml", "*.cedar"]);
    fs::write(around.join("notes.txt"), "notes").unwrap();
    lint("notes.txt").says(&["set.other_kind"]);
    fs::write(around.join("outside.yaml"), "secret: of somebody else").unwrap();
    symlink("../outside.yaml", set.path("inside.yaml")).unwrap();
    let told = lint("set");
    told.says(&["set.link_leads_out", "`set/inside.yaml` is a link that leads out of the folder"]);
    assert!(!told.err.contains("somebody else"), "the target is shown:\n{}", told.err);
    fs::remove_file(set.path("inside.yaml")).unwrap();
    symlink("nowhere.yaml", set.path("dangling.yaml")).unwrap();
    lint("set").says(&["set.unreadable", "dangling.yaml"]);
    fs::remove_file(set.path("dangling.yaml")).unwrap();
    fs::create_dir(set.path("folder.yaml")).unwrap();
    set.lint(&[], &[]).ended(0);
    fs::write(set.path("binary.yaml"), [0xff, 0xfe, 0x00, 0x41]).unwrap();
    lint("set").says(&["binary.yaml"]);
    fs::remove_file(set.path("binary.yaml")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(set.path("pipe.yaml")).status().unwrap().success());
    lint("set").says(&["set.no_file", "pipe.yaml"]);
}

/// What cannot be read is told with every mistake of the rest, and nothing that only follows from it; such a set is not
/// activated.
#[test]
fn what_cannot_be_read_hides_nothing_and_brings_about_nothing() {
    let set = Set::new();
    let text = "\n@id(\"named\")\nforbid (principal, action, resource) when { context.inputs has tikcet && context.inputs.tikcet == \"\" };\n\n\
                @id(\"teir\")\nforbid (principal, action, resource) when { resource.teir == \"x\" };\n";
    let rotate = fs::read_to_string(set.path("rotate-reporting-key.yaml")).unwrap();
    let asks = rotate.replace("      reason:\n", "      tikcet: {type: string, default: none}\n      reason:\n");
    assert_ne!(asks, rotate);
    fs::write(set.path("rotate-reporting-key.yaml"), &asks).unwrap();
    fs::write(set.path("policies/more.cedar"), text).unwrap();
    let rows = |found: &[Value]| -> Vec<(String, String)> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().trim_start_matches("set/").to_owned();
        found.iter().map(|row| (text(row, "code"), text(row, "file"))).collect()
    };
    let row = |code: &str, file: &str| (code.to_owned(), file.to_owned());
    let teir = row("policy.unknown_attribute", "policies/more.cedar");
    assert_eq!(rows(&set.found()), std::slice::from_ref(&teir));
    // The workflow that declares `tikcet` is not there; a mistake of another one is.
    fs::rename(set.path("rotate-reporting-key.yaml"), set.folder.around().join("key.yaml")).unwrap();
    symlink("../key.yaml", set.path("rotate-reporting-key.yaml")).unwrap();
    symlink("..", set.path("policies/all")).unwrap();
    set.mistake("ca-root.yaml", "key: p384", "keys: p384");
    let found = set.found();
    let wanted = [
        row("set.link_loops", "policies/all"),
        row("set.link_leads_out", "rotate-reporting-key.yaml"),
        row("workflow.unknown_key", "ca-root.yaml"),
        teir.clone(),
    ];
    assert_eq!(rows(&found), wanted, "{found:#?}");
    assert!(found[..2].iter().all(|row| (&row["line"], &row["column"]) == (&1.into(), &1.into())), "{found:#?}");
    // Neither does a workflow that was read and is wrong bring an error about in a policy.
    fs::remove_file(set.path("policies/all")).unwrap();
    fs::remove_file(set.path("rotate-reporting-key.yaml")).unwrap();
    fs::write(set.path("rotate-reporting-key.yaml"), asks.replace("soak: 2s", "soke: 2s")).unwrap();
    set.mistake("ca-root.yaml", "keys: p384", "key: p384");
    assert_eq!(rows(&set.found()), [row("workflow.unknown_key", "rotate-reporting-key.yaml"), teir]);
}

#[test]
fn a_set_of_which_something_cannot_be_read_is_not_activated() {
    let folder = Folder::toured();
    let before = folder.verifies();
    symlink("nowhere", folder.path("workflows/policies/more.cedar")).unwrap();
    let workflows = folder.path("workflows");
    let workflows = workflows.to_str().unwrap();
    folder.run(&["activate", workflows]).ended(2).says(&["set.unreadable", "policies/more.cedar` cannot be read"]);
    let told = folder.run(&["activate", workflows, "--json"]).ended(2).json();
    assert_eq!(told["diagnostics"][0]["code"], "set.unreadable", "{told}");
    for asked in [&["policy", "test", workflows][..], &["plan", "ca-root", "--files", workflows], &["fmt", workflows]] {
        folder.run(asked).ended(2).says(&["set.unreadable", "more.cedar"]);
    }
    assert_eq!(folder.verifies(), before);
}
