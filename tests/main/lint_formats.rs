//! `countersign lint --format`: the same findings for people, programs, code scanning and pull requests; and files that
//! somebody still writes.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::folder::{Folder, Told, copy, tell};
use crate::judge;

/// The shipped set with one mistake in it.
fn mistaken() -> Folder {
    let folder = Folder::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows"), &folder.around().join("set"));
    let path = folder.around().join("set/rotate-reporting-key.yaml");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("soak: 2s", "soke: 2s")).unwrap();
    folder
}

fn lint(folder: &Folder, arguments: &[&str]) -> Told {
    let mut command = folder.command(&[&["lint"], arguments].concat());
    command.current_dir(folder.around());
    tell(command)
}

#[test]
fn json_is_what_it_was() {
    let folder = mistaken();
    let document = lint(&folder, &["set", "--format", "json"]).ended(2).json();
    assert_eq!(document, lint(&folder, &["set", "--json"]).ended(2).json());
    assert_eq!(document["diagnostics"][0]["code"], "workflow.unknown_key");
    let stop = lint(&folder, &["set", "--settings", "nowhere", "--format", "json"]).ended(2).json();
    assert_eq!(stop["error"]["code"], "settings.unreadable");
    lint(&folder, &["set", "--json", "--format", "sarif"]).ended(2);
    lint(&folder, &["set", "--format", "xml"]).ended(2).says(&["[possible values: text, json, sarif, github]"]);
}

/// What sections 3.13 to 3.58 of SARIF 2.1.0 require of the parts that are used.
fn required() -> Value {
    let text =
        json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}});
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    let region = json!({"type": "object", "required": ["startLine", "startColumn"], "properties": {
        "startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}});
    let place = json!({"type": "object", "required": ["physicalLocation"], "properties": {"physicalLocation": {
        "type": "object", "required": ["artifactLocation"], "properties": {"region": region, "artifactLocation": {
        "type": "object", "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[!-~]+$"}}}}}}});
    let rule = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "shortDescription": text,
        "fullDescription": text, "help": text, "defaultConfiguration": {"type": "object", "properties": {"level": level}}}});
    let result = json!({"type": "object", "required": ["message"], "properties": {"message": text, "level": level,
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "locations": {"type": "array", "items": place}}});
    let notification =
        json!({"type": "object", "required": ["message"], "properties": {"message": text, "level": level}});
    let invocation = json!({"type": "object", "required": ["executionSuccessful"], "properties": {
        "executionSuccessful": {"type": "boolean"}, "toolExecutionNotifications": {"type": "array", "items": notification}}});
    let driver = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"},
        "rules": {"type": "array", "uniqueItems": true, "items": rule}}});
    json!({"type": "object", "required": ["version", "runs"], "properties": {"version": {"const": "2.1.0"}, "runs": {
        "type": "array", "items": {"type": "object", "required": ["tool"], "properties": {
            "tool": {"type": "object", "required": ["driver"], "properties": {"driver": driver}},
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "invocations": {"type": "array", "items": invocation}, "results": {"type": "array", "items": result}}}}}})
}

#[test]
fn sarif_has_what_its_standard_requires() {
    let folder = mistaken();
    let valid = |log: &Value| judge::is_valid(&required(), log);
    let log = lint(&folder, &["set", "--format", "sarif"]).ended(2).json();
    assert!(valid(&log), "{log:#}");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "workflow.unknown_key");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "set/rotate-reporting-key.yaml");
    assert_eq!(place["region"], json!({"startLine": 37, "startColumn": 7}));
    let stop = lint(&folder, &["set", "--settings", "nowhere", "--format", "sarif"]).ended(2);
    stop.says(&["error[settings.unreadable]"]);
    assert!(valid(&stop.json()));
    assert_eq!(stop.json()["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let fine =
        lint(&folder, &["set/ca-root.yaml", "set/policies/certificates.cedar", "--format", "sarif"]).ended(0).json();
    assert_eq!(fine["runs"][0]["results"], json!([]));
    assert!(valid(&fine));
}

#[test]
fn github_shows_findings_beside_their_lines() {
    let folder = mistaken();
    let told = lint(&folder, &["set", "--format", "github"]).ended(2);
    assert_eq!(
        told.out,
        "::error file=set/rotate-reporting-key.yaml,line=37,col=7,title=workflow.unknown_key::`soke` does not belong \
         here%0Ahelp: did you mean `soak`?\n33 files: 1 error\n"
    );
    assert_eq!(told.err, "");
    let stop = lint(&folder, &["set", "--settings", "nowhere", "--format", "github"]).ended(2);
    assert!(stop.out.starts_with("::error title=settings.unreadable::"), "{}", stop.out);
}

/// Each thing that the reading of files refuses, beside a mistake in a file: all of them at once, in every format.
#[test]
fn what_cannot_be_read_is_a_finding_in_every_format() {
    let folder = mistaken();
    let around = folder.around();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, around.join(at)).unwrap();
    assert!(Command::new("mkfifo").arg(around.join("set/pipe.yaml")).status().unwrap().success());
    link("../outside.yaml", "set/inside.yaml");
    fs::write(around.join("outside.yaml"), "").unwrap();
    link("nowhere.yaml", "set/policies/gone.cedar");
    link("..", "set/policies/loop");
    fs::create_dir_all(around.join("empty")).unwrap();
    fs::write(around.join("notes.txt"), "").unwrap();
    fs::create_dir_all(around.join("much")).unwrap();
    for number in 10..76 {
        let file = fs::File::create(around.join(format!("much/{number}.yaml"))).unwrap();
        file.set_len(1 << 20).unwrap();
    }
    let paths = ["set", "empty", "notes.txt", "nowhere"];
    let found = [
        ("set.link_leads_out", "set/inside.yaml"),
        ("set.no_file", "set/pipe.yaml"),
        ("set.unreadable", "set/policies/gone.cedar"),
        ("set.link_loops", "set/policies/loop"),
        ("set.empty", "empty"),
        ("set.other_kind", "notes.txt"),
        ("set.unreadable", "nowhere"),
        ("workflow.unknown_key", "set/rotate-reporting-key.yaml"),
    ];
    let with = |format: &str| lint(&folder, &[&paths[..], &["--format", format]].concat()).ended(2);
    let document = with("json").json();
    let rows = document["diagnostics"].as_array().unwrap();
    let of = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let told: Vec<_> = rows.iter().map(|row| (of(row, "code"), of(row, "file"))).collect();
    assert_eq!(told, found.map(|(code, file)| (code.to_owned(), file.to_owned())));
    let whole = |row: &Value| row["severity"] == "error" && row["line"] == 1 && row["column"] == 1;
    assert!(rows[..7].iter().all(whole) && rows.iter().all(|row| row["help"] != ""), "{document:#}");

    let log = with("sarif").json();
    assert!(judge::is_valid(&required(), &log), "{log:#}");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let place = |result: &Value| result["locations"][0]["physicalLocation"].clone();
    let told = results.iter().map(|result| (of(result, "ruleId"), of(&place(result)["artifactLocation"], "uri")));
    assert_eq!(told.collect::<Vec<_>>(), found.map(|(code, file)| (code.to_owned(), file.to_owned())));
    assert_eq!(place(&results[0])["region"], json!({"startLine": 1, "startColumn": 1}));
    assert!(results.iter().all(|result| result["ruleIndex"].is_u64()), "each has its rule");

    let told = with("github");
    for ((code, file), line) in found.iter().zip(told.out.lines()).take(7) {
        assert!(line.starts_with(&format!("::error file={file},line=1,col=1,title={code}::")), "{line}");
    }
    assert!(told.out.ends_with("\n33 files: 8 errors\n"), "{}", told.out);
    let mut drawn = folder.command(&[&["lint"], &paths[..]].concat());
    drawn.current_dir(around).env("COLUMNS", "60");
    insta::assert_snapshot!("unread", tell(drawn).ended(2).err);
    let much = lint(&folder, &["much"]).ended(2);
    insta::assert_snapshot!("too_much", much.err);
    assert!(much.out.starts_with("65 files: 1 error\n"), "{}", much.out);
}

#[test]
fn settings_that_are_wrong_are_told_in_every_format() {
    let folder = mistaken();
    fs::write(folder.around().join("wrong.toml"), "version = 1\nplace = 2\n").unwrap();
    let with = |format: &str| lint(&folder, &["set", "--settings", "wrong.toml", "--format", format]).ended(2);
    with("text").says(&["settings.unknown_key", "wrong.toml:2:1", "did you mean `places`?"]);
    assert_eq!(with("json").json()["diagnostics"][0]["code"], "settings.unknown_key");
    assert_eq!(with("sarif").json()["runs"][0]["results"][0]["ruleId"], "settings.unknown_key");
    assert!(with("github").out.contains("file=wrong.toml,line=2,col=1,title=settings.unknown_key"));
}

/// Somebody appends to the file all the while: it is read whole, or it is said that it changed.
#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let folder = mistaken();
    let path = folder.around().join("set/ca-root.yaml");
    let good = fs::read(&path).unwrap();
    let over = AtomicBool::new(false);
    let lines = "# a comment that grows\n".repeat(30_000);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = fs::File::options().write(true).truncate(true).open(&path).unwrap();
            while !over.load(Ordering::Relaxed) {
                file.rewind().unwrap();
                file.set_len(0).unwrap();
                file.write_all(&good).unwrap();
                for part in lines.as_bytes().chunks(23) {
                    file.write_all(part).unwrap();
                }
            }
        });
        let told = (0..200).map(|_| lint(&folder, &["set/ca-root.yaml"])).find(|told| told.err.contains("set.changed"));
        over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        told.expect("never seen to change").ended(2).says(&["changed while it was read", "ca-root.yaml"]);
    });
}

#[test]
fn what_is_no_file_and_what_leads_in_circles_is_refused_at_once() {
    let folder = mistaken();
    let pipe = folder.around().join("set/pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    lint(&folder, &["set"]).ended(2).says(&["set.no_file", "pipe.yaml"]);
    lint(&folder, &["set/pipe.yaml"]).ended(2).says(&["set.no_file"]);
    fs::remove_file(&pipe).unwrap();
    std::os::unix::fs::symlink(".", folder.around().join("set/again")).unwrap();
    lint(&folder, &["set"]).ended(2).says(&["set.link_loops", "again"]);
}
