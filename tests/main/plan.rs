//! `countersign plan`: the same digest for the same inputs, and nothing changed by looking.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use serde_json::Value;

use crate::folder::{BINARY, Folder, changes, tell, tree};
use crate::judge;

const ROTATE: [&str; 3] = ["plan", "rotate-reporting-key", "--json"];

fn digest(folder: &Folder) -> String {
    folder.run(&ROTATE).ended(0).json()["digest"].as_str().unwrap().to_owned()
}

/// beh:R17
#[test]
fn the_same_inputs_have_the_same_digest_in_every_process() {
    let folder = Folder::toured();
    let first = digest(&folder);
    assert_eq!(first.len(), 64);
    for _ in 0..3 {
        assert_eq!(digest(&folder), first);
    }
    let given = |reason: &str| {
        let asked = ["plan", "rotate-reporting-key", "--json", "--input", &format!("reason={reason}")];
        folder.run(&asked).ended(0).json()["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(given("scheduled rotation"), first, "the default, said aloud");
    assert_ne!(given("somebody left the team"), first);
    let told = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert!(told.out.contains(&format!("digest {first}")), "{}", told.out);
    // The order of inputs is of no matter.
    let inputs = ["account=clerk", "level=write", "reason=a clerk of its own"];
    let ordered = |order: [usize; 3]| {
        let mut asked = vec!["plan", "provision-account", "--json"];
        for at in order {
            asked.extend(["--input", inputs[at]]);
        }
        folder.run(&asked).ended(0).json()
    };
    assert_eq!(ordered([0, 1, 2])["digest"], ordered([2, 0, 1])["digest"]);
}

/// beh:R18
#[test]
fn looking_changes_nothing() {
    let folder = Folder::toured();
    let before = tree(&folder.data());
    folder.run(&ROTATE).ended(0);
    folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    folder.run(&["plan", "provision-account", "--input", "account=clerk", "--input", "level=admin"]).ended(3);
    folder.run(&["plan", "nothing"]).ended(2);
    assert_eq!(changes(&before, &tree(&folder.data())), Vec::<&Path>::new());
}

/// beh:R18
#[test]
fn nothing_is_opened_and_no_right_to_write_is_needed() {
    let folder = Folder::toured();
    let wanted = digest(&folder);
    for beside in ["countersign.db-wal", "countersign.db-shm"] {
        fs::remove_file(folder.path(beside)).unwrap();
    }
    // Neither the key that opens what is sealed nor the ledger's: no operator credential could be opened.
    for key in ["sealing.key", "fingerprint.key", "ledger.key", "ledger.head"] {
        fs::remove_file(folder.path("keys").join(key)).unwrap();
    }
    fs::remove_file(folder.path("lock")).unwrap();
    let binary = folder.around().join("countersign");
    fs::hard_link(BINARY, &binary).or_else(|_| fs::copy(BINARY, &binary).map(|_| ())).unwrap();
    let nobody = nix::unistd::geteuid().is_root().then_some(65_534);
    seal_off(&folder.data(), nobody);
    fs::set_permissions(folder.around(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(binary);
    folder.prepare(&mut command);
    command.args(ROTATE);
    if let Some(nobody) = nobody {
        command.uid(nobody).gid(nobody);
    }
    let told = tell(command);
    open_up(&folder.data());
    assert_eq!(told.ended(0).json()["digest"], wanted.as_str());
    assert!(!folder.path("countersign.db-shm").exists());
}

/// Takes away every right to write, and gives all to another user where one is named: the superuser writes anyway.
fn seal_off(path: &Path, owner: Option<u32>) {
    let status = fs::symlink_metadata(path).unwrap();
    if status.is_symlink() {
        lchown(path, owner, owner).unwrap();
        return;
    }
    if status.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            seal_off(&entry.unwrap().path(), owner);
        }
    }
    chown(path, owner, owner).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(status.permissions().mode() & 0o555)).unwrap();
}

/// Gives the right to write back, so that the folder can be removed.
fn open_up(path: &Path) {
    let status = fs::symlink_metadata(path).unwrap();
    if status.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(status.permissions().mode() | 0o200)).unwrap();
        for entry in fs::read_dir(path).unwrap() {
            open_up(&entry.unwrap().path());
        }
    }
}

#[test]
fn a_denied_plan_is_shown_whole_and_ends_with_three() {
    let folder = Folder::toured();
    let asked = ["plan", "provision-account", "--input", "account=clerk", "--input", "level=admin"];
    let told = folder.run(&asked).ended(3);
    assert!(told.out.contains("DENY by least-privilege-level"), "{}", told.out);
    assert!(told.out.contains("account_delete local/account/clerk"), "no undo:\n{}", told.out);
    let report = folder.run(&[&asked[..], &["--json"]].concat()).ended(3).json();
    assert!(report["verdicts"].as_array().unwrap().iter().all(|row| row["verdict"] == "deny"));
    assert_eq!(report["plan"]["inputs"]["level"], "admin");
}

#[test]
fn exactly_the_plan_that_was_looked_at_runs() {
    let folder = Folder::toured();
    let seen = digest(&folder);
    let report = folder.run(&["run", "rotate-reporting-key", "--plan", &seen, "--json"]).ended(0).json();
    assert_eq!(report["runs"][0]["outcome"], "done");
    // What is there has changed by it: the same digest fits no more.
    let (targets, before) = (folder.targets(), folder.status());
    let told = folder.run(&["run", "rotate-reporting-key", "--plan", &seen]).ended(2);
    told.says(&["error[plan.drifted]", &seen, "has changed since", "countersign plan"]);
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status(), before);
    for wrong in ["abc", &seen[..63], &"g".repeat(64)] {
        folder.run(&["run", "rotate-reporting-key", "--plan", wrong]).ended(2).says(&["countersign plan NAME --json"]);
    }
    assert_eq!(folder.status(), before);
    folder.verifies();
}

#[test]
fn a_plan_fits_sixty_columns() {
    let folder = Folder::toured();
    let mut command = folder.command(&ROTATE[..2]);
    command.env("COLUMNS", "60");
    let told = tell(command).ended(0);
    // A line with a digest to copy is left whole.
    let long: Vec<&str> = told
        .out
        .lines()
        .filter(|line| line.chars().count() > 60 && !line.contains("digest") && !line.contains("--plan"))
        .collect();
    assert_eq!(long, Vec::<&str>::new());
}

/// `--diff`: what was looked at and run once, and what is different today; a verdict, too.
#[test]
fn a_plan_is_compared_with_one_that_a_run_followed() {
    let folder = Folder::toured();
    let asked = ["plan", "provision-account", "--input", "account=intern", "--input", "level=admin"];
    let denied = folder.run(&[&asked[..], &["--json"]].concat()).ended(3).json();
    let digest = denied["digest"].as_str().unwrap();
    let same = folder.run(&[&asked[..], &["--diff", digest]].concat()).ended(3);
    assert!(same.out.contains("  nothing differs\n"), "{}", same.out);

    let other = ["plan", "provision-account", "--input", "account=intern", "--input", "level=write", "--diff", digest];
    let told = folder.run(&other).ended(0).out;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "plan inputs.level: admin -> write",
        "account.create call.parameters.level: admin -> write",
        "account.create verdict: deny by least-privilege-level -> allow by account-provision",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("CALL"), "only what differs: {told}");
    let report = folder.run(&[&other[..], &["--json"]].concat()).ended(0).json();
    let verdict = report["differences"].as_array().unwrap().iter().find(|one| one["what"] == "verdict").unwrap();
    assert_eq!(verdict["at"], "account.create");

    for (digest, words) in [("0".repeat(64).as_str(), "no run of this folder"), ("abc", "no digest of a plan")] {
        let told = folder.run(&[&asked[..], &["--diff", digest]].concat()).ended(2);
        told.says(&["error[plan.unknown_digest]", words]);
    }
    let of_another = folder.run(&["plan", "ca-root", "--diff", digest]).ended(2);
    of_another.says(&["is one of `provision-account`, not of `ca-root`"]);
}

/// `--diff FILE`: what was looked at and saved, and what is different now; calls, facts and verdicts as with a digest.
#[test]
fn a_plan_is_compared_with_one_that_was_saved() {
    let folder = Folder::toured();
    let saved = folder.around().join("seen.json");
    let file = saved.to_str().unwrap();
    let keep = |asked: &[&str]| {
        let told = folder.run(&[asked, &["--json"]].concat());
        fs::write(&saved, &told.out).unwrap();
        told.json()
    };
    let asked = ["plan", "provision-account", "--input", "account=intern", "--input", "level=admin"];
    let denied = keep(&asked);
    let same = folder.run(&[&asked[..], &["--diff", file]].concat()).ended(3).out;
    assert!(same.contains(&format!("which `{file}` holds:\n  nothing differs\n")), "{same}");
    let other = ["plan", "provision-account", "--input", "account=intern", "--input", "level=write", "--diff", file];
    let told = folder.run(&other).ended(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        &format!("compared with {}, which", denied["digest"].as_str().unwrap()),
        "plan inputs.level: admin -> write",
        "account.create call.parameters.level: admin -> write",
        "account.create verdict: deny by least-privilege-level -> allow by account-provision",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let by_file = folder.run(&[&other[..], &["--json"]].concat()).ended(0).json();
    folder.run(&[&["run"], &asked[1..]].concat()).ended(3);
    let by_digest = [&other[..7], &[denied["digest"].as_str().unwrap(), "--json"]].concat();
    assert_eq!(by_file["differences"], folder.run(&by_digest).ended(0).json()["differences"]);

    // What is there has changed since: whoever runs what was looked at is told how to see it.
    let seen = keep(&["plan", "rotate-reporting-key"]);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    let digest = seen["digest"].as_str().unwrap();
    let drifted = folder.run(&["run", "rotate-reporting-key", "--plan", digest]).ended(2);
    drifted.says(&["error[plan.drifted]", "`countersign plan NAME --diff FILE` shows what differs"]);
    let told = folder.run(&["plan", "rotate-reporting-key", "--diff", file]).ended(0).out;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let fact = "rotate.check facts.current: local/account/reporting@2 -> local/account/reporting@3";
    assert!(told.contains(fact), "{fact} in {told}");

    // Where nothing is looked at, and for many subjects.
    let (files, settings) = (folder.path("workflows"), folder.path("settings.toml"));
    let alone = ["--files", files.to_str().unwrap(), "--settings", settings.to_str().unwrap()];
    let alone = [&["plan", "rotate-reporting-key"], &alone[..]].concat();
    keep(&alone);
    let told = folder.run(&[&alone[..], &["--diff", file]].concat()).ended(0).out;
    assert!(told.contains("holds; nothing was looked at for it:\n  nothing differs"), "{told}");
    let owner = ["--input", "owner=dana@example.com", "--input", "reason=asked on 1 March, see TICKET-7"];
    let each = [&["plan", "recertify-accounts"], &owner[..]].concat();
    assert_eq!(keep(&each)["verdicts"][0]["act"], "local/account/reporting offboard.disable-1");
    let told = folder.run(&[&each[..], &["--diff", file]].concat()).ended(0).out;
    assert!(told.contains("  nothing differs"), "{told}");
    folder.edit("workflows/policies/offboarding.cedar", "@id(\"account-offboard\")", "@id(\"account-end\")");
    fs::remove_file(folder.path("workflows/policies/offboarding.test.yaml")).unwrap();
    folder.activate();
    let told = folder.run(&[&each[..], &["--diff", file]].concat()).ended(0).out;
    let verdict = "verdict: allow by account-offboard -> allow by account-end";
    assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(verdict), "{told}");
}

/// A file that cannot be compared is told by what is wrong with it.
#[test]
fn what_is_no_saved_plan_of_the_workflow_is_refused() {
    let folder = Folder::toured();
    let saved = folder.around().join("seen.json");
    let file = saved.to_str().unwrap();
    let good = folder.run(&["plan", "ca-root", "--json"]).out;
    let asked = |name: &str| folder.run(&["plan", name, "--diff", file]).ended(2);
    asked("ca-root").says(&["error[plan.unreadable]", file, "cannot be read", "countersign plan NAME --json"]);
    let denied = folder.run(&["plan", "rotate-reporting-key", "--input", "reason=x", "--json"]).ended(2).out;
    for (text, code, words) in [
        ("digest 0be8e2".to_owned(), "plan.no_document", "it is no JSON: expected value at line 1 column 1"),
        ("[]".to_owned(), "plan.no_document", "it is no document of `plan --json`"),
        (denied, "plan.no_document", "it says why there was no plan: `plan.wrong_input`"),
        (
            good.replace("plan/v1", "plan/v9"),
            "plan.other_format",
            "the format `countersign/plan/v9`, and this version reads",
        ),
        (good.replace("\"ca-root\"", "\"ca-tree\""), "plan.altered", "it was changed since it was saved"),
    ] {
        fs::write(&saved, text).unwrap();
        asked("ca-root").says(&[&format!("error[{code}]: `{file}`: "), words, "help: "]);
    }
    fs::write(&saved, &good).unwrap();
    let other = asked("tls-localhost");
    other.says(&["error[plan.other_workflow]", file, "is a plan of `ca-root`, not of `tls-localhost`"]);
    let told = folder.run(&["plan", "tls-localhost", "--diff", file, "--json"]).ended(2).json();
    assert_eq!(told["error"]["code"], "plan.other_workflow");
    folder.run(&["plan", "ca-root", "--diff", file]).ended(0);
}

/// Every mapping of a document whose keys are ours, with its pointer.
fn mappings(value: &Value, at: &str, into: &mut Vec<String>) {
    const FREE: [&str; 8] =
        ["attributes", "inputs", "context", "facts", "parameters", "materials", "attach", "timeouts"];
    match value {
        Value::Object(entries) => {
            into.push(at.to_owned());
            for (key, below) in entries.iter().filter(|(key, _)| !FREE.contains(&key.as_str())) {
                mappings(below, &format!("{at}/{key}"), into);
            }
        }
        Value::Array(items) => {
            (0..).zip(items).for_each(|(number, item)| mappings(item, &format!("{at}/{number}"), into));
        }
        _ => {}
    }
}

/// What `schema plan` describes is what `plan --json` prints: nothing less, and no key more.
#[test]
fn plans_are_as_their_schema_says() {
    let folder = Folder::toured();
    let rotate = include_str!("rotate-checked.yaml").replace("- id: rotate\n", "- id: rotate\n    timeout: 1h\n");
    fs::write(folder.path("workflows/rotate-checked.yaml"), rotate).unwrap();
    fs::write(folder.path("workflows/rotate-in-window.yaml"), include_str!("rotate-in-window.yaml")).unwrap();
    folder.activate();
    folder.run(&["run", "provision-database-role", "--input", "role=legacy"]).ended(0);
    folder.run(&["run", "provision-database-role", "--input", "role=ledger"]).ended(0);
    let schema = folder.run(&["schema", "plan"]).ended(0).json();
    let earlier = folder.run(&["run", "rotate-reporting-key", "--json"]).ended(0).json();
    let earlier = earlier["runs"][0]["plan"].as_str().unwrap().to_owned();
    let plans: [&[&str]; 11] = [
        &["provision-account", "--input", "account=clerk"],
        &["provision-account", "--input", "account=clerk", "--input", "level=admin"],
        &["offboard-account", "--input", "account=reporting", "--input", "reason=it is not needed"],
        &["ca-root"],
        &["tls-localhost"],
        &["rotate-reporting-key"],
        &["rotate-reporting-key", "--diff", &earlier],
        &["rotate-legacy-login"],
        &["rotate-ledger-database"],
        &["rotate-checked", "--input", "careful=false"],
        &["rotate-in-window"],
    ];
    let mut seen = std::collections::BTreeSet::new();
    for asked in plans {
        let told = folder.run(&[&["plan"], asked, &["--json"]].concat());
        let document: Value = serde_json::from_str(&told.out).unwrap();
        assert!(judge::is_valid(&schema, &document), "{asked:?}: {document:#}");
        let moves = document["plan"]["moves"].as_array().unwrap();
        seen.extend(moves.iter().map(|planned| planned["does"].as_str().unwrap().to_owned()));
        let mut pointers = Vec::new();
        mappings(&document, "", &mut pointers);
        for pointer in pointers {
            let mut more = document.clone();
            more.pointer_mut(&pointer).unwrap()["zzz"] = Value::from(1);
            assert!(!judge::is_valid(&schema, &more), "{asked:?}: a key more at {pointer}");
        }
        for key in ["digest", "plan", "starts", "assumed", "verdicts"] {
            let mut less = document.clone();
            less.as_object_mut().unwrap().remove(key);
            assert!(!judge::is_valid(&schema, &less), "{asked:?}: without {key}");
        }
    }
    let all = [
        "act",
        "activate",
        "check",
        "evidence",
        "examine",
        "judge",
        "probe",
        "retire",
        "seal",
        "step_down",
        "wait",
        "window",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

/// Files that are not activated are planned against what is there; with settings and no data folder against a subject
/// that is as the workflow needs it. Neither can be run by its digest, and neither changes anything.
#[test]
fn files_are_planned_before_they_are_activated_and_without_a_data_folder() {
    let folder = Folder::toured();
    let set = folder.around().join("set");
    crate::folder::copy(&folder.path("workflows"), &set);
    let file = set.join("rotate-reporting-key.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("length: 43", "length: 50")).unwrap();
    let before = tree(&folder.data());
    let set = set.to_str().unwrap();
    let planned = folder.run(&["plan", "rotate-reporting-key", "--files", set]).ended(0);
    assert!(planned.out.contains("digest ") && !planned.out.contains("run exactly this"), "{}", planned.out);
    let told = folder.run(&["plan", "rotate-reporting-key", "--files", set, "--json"]).ended(0).json();
    assert_eq!((&told["assumed"], &told["plan"]["moves"][2]["recipe"]["length"]), (&false.into(), &50.into()));
    assert_ne!(told["digest"], folder.run(&ROTATE).ended(0).json()["digest"]);
    let settings = folder.path("settings.toml");
    let settings = settings.to_str().unwrap();
    let nowhere = folder.around().join("nowhere");
    let alone = |words: &[&str]| {
        let files = ["--files", set, "--settings", settings, "--data", nowhere.to_str().unwrap()];
        folder.run(&[&["plan"], words, &files].concat())
    };
    let drawn = alone(&["rotate-reporting-key"]).ended(0);
    for words in ["CALL key_stage local/account/reporting", "allow by rotate", "nothing was looked at: the subject is"]
    {
        assert!(drawn.out.contains(words), "no `{words}`:\n{}", drawn.out);
    }
    let schema = folder.run(&["schema", "plan"]).ended(0).json();
    for (words, code) in [
        (&["rotate-reporting-key", "--json"][..], 0),
        (&["tls-localhost", "--json"], 0),
        (&["provision-account", "--input", "account=clerk", "--json"], 0),
        (&["provision-account", "--input", "account=clerk", "--input", "level=admin", "--json"], 3),
        (&["rotate-webhook-secret", "--json"], 0),
    ] {
        let document = alone(words).ended(code).json();
        assert!(judge::is_valid(&schema, &document), "{document:#}");
        assert_eq!(document["assumed"], true);
    }
    alone(&["nothing"]).ended(2).says(&["error[plan.unknown_workflow]", "no file holds a workflow `nothing`"]);
    let digest = told["digest"].as_str().unwrap();
    alone(&["rotate-reporting-key", "--diff", digest]).ended(2).says(&["error[plan.nothing_kept]"]);
    fs::write(&file, "steps: []\n").unwrap();
    alone(&["rotate-reporting-key"]).ended(2).says(&["workflow.missing_key"]);
    assert!(!nowhere.exists());
    assert_eq!(changes(&before, &tree(&folder.data())), Vec::<&Path>::new());
}

/// What a shipped workflow does, move by move: a change to any of them is seen here.
#[test]
fn the_plans_of_the_shipped_workflows_are_these() {
    let folder = Folder::toured();
    let operator = "type = \"local\"\noperator = \"countersign-operator\"\n\
                    operator_key = \"client/countersign-operator/key\"\n";
    folder.edit("settings.toml", "type = \"local\"\n", operator);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let files = fs::read_dir(&shipped).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let mut told = Vec::new();
    for name in names {
        let plan = assumed(&folder, &shipped, &name)["plan"].take();
        told.push(name);
        list(&plan, "  ", &mut told);
    }
    insta::assert_snapshot!("shipped", told.join("\n"));
}

/// The plan that the files alone have, with what its inputs need.
fn assumed(folder: &Folder, files: &Path, name: &str) -> Value {
    let mut asked = vec!["plan".to_owned(), name.to_owned(), "--json".to_owned()];
    asked.extend(["--files".to_owned(), files.display().to_string()]);
    asked.extend(["--settings".to_owned(), folder.path("settings.toml").display().to_string()]);
    loop {
        let told = folder.run(&asked);
        if told.code == 0 {
            return told.json();
        }
        let message = told.json()["error"]["message"].as_str().unwrap().to_owned();
        let missing = message.strip_prefix("input").and_then(|rest| rest.split_once(" missing: give `"));
        let inputs = missing.unwrap_or_else(|| panic!("{name}: {message}")).0.split('`').skip(1).step_by(2);
        for input in inputs {
            let value = match input {
                "account" | "role" | "name" | "issuer" | "webhook" | "key" | "subject" => "clerk",
                "level" => "write",
                "owner" | "backup" => "dana@example.com",
                "reason" => "nobody needs it any more",
                _ => panic!("{name}: {message}"),
            };
            asked.extend(["--input".to_owned(), format!("{input}={value}")]);
        }
    }
}

/// A line for each move, and below it those of the runs that it begins.
fn list(plan: &Value, indent: &str, told: &mut Vec<String>) {
    for planned in plan["moves"].as_array().unwrap() {
        told.push(format!("{indent}{}", condensed(planned)));
        for run in planned["runs"].as_array().into_iter().flatten() {
            list(run, &format!("{indent}  "), told);
        }
    }
}

fn condensed(planned: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let only = planned["on_failure"].as_str().map_or_else(String::new, |step| format!(" only if {step} fails"));
    let what = match planned["does"].as_str().unwrap() {
        "act" => {
            let call = &planned["call"];
            let undo = planned["undo"]["verb"].as_str().map_or_else(String::new, |verb| format!(" undo {verb}"));
            let pivot = if planned["pivot"] == true { " pivot" } else { "" };
            format!("act {} {}{undo}{pivot}", text(&call["verb"]), text(&call["resource"]))
        }
        "probe" => format!("probe {} {}", text(&planned["probe"]["name"]), text(&planned["expect"])),
        other => other.to_owned(),
    };
    format!("{} {what}{only}", text(&planned["id"]))
}

/// beh:D5 A place that was given the secret in use is named, and not left behind.
#[test]
fn beh_d5_a_plan_says_who_reads_and_leaves_nobody_behind() {
    const FILE: &str = "workflows/rotate-reporting-key.yaml";
    let folder = Folder::toured();
    let plan = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    let said = "read by files/client/reporting, which has local/account/reporting@2: gets the new one";
    assert!(plan.out.contains(said), "{}", plan.out);
    folder.edit(FILE, "path: reporting\n", "path: moved\n");
    folder.activate();
    for verb in ["plan", "run"] {
        let told = folder.run(&[verb, "rotate-reporting-key"]).ended(2);
        told.says(&["error[plan.consumer_left]", "`files/client/reporting` was given `local/account/reporting@2`"]);
    }
    folder.edit(FILE, "  - id: rotate\n", "  - id: rotate\n    leaves: [{to: files/client, path: reporting}]\n");
    folder.activate();
    let plan = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert!(plan.out.contains("is refused with it from then"), "{}", plan.out);
    folder.verifies();
}
