//! `timeout`: a question to a target ends with the time of its step, whoever carries the run on.

use std::fs;
use std::time::Duration;

use countersign_warrant::Timestamp;
use serde_json::Value;

use crate::folder::{Folder, Told};

/// The rotation with a check before it, and `keys` for one of its steps.
fn with(step: &str, keys: &str, (from, to): (&str, &str)) -> Folder {
    let folder = Folder::toured();
    let text = include_str!("rotate-checked.yaml");
    let text = text.replace(&format!("- id: {step}\n"), &format!("- id: {step}\n    {keys}\n"));
    assert_eq!(text.matches(from).count(), 1);
    fs::write(folder.path("workflows/rotate-checked.yaml"), text.replace(from, to)).unwrap();
    folder.activate();
    folder
}

/// Runs the rotation, kills it a while after it has said these words, and has the next command carry it on.
fn killed_and_carried_on(folder: &Folder, words: &str) -> Told {
    let mut running = folder.start(&["run", "rotate-checked"]);
    running.reaches(words);
    std::thread::sleep(Duration::from_millis(1500));
    running.signal("KILL");
    running.end();
    folder.run(&["run", "rotate-checked"])
}

/// The facts of the step that was late, by its `timeout` in seconds. It began when the step before it was over.
fn late(folder: &Folder, secs: u64) -> Value {
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let rows = folder.rows("select id, statement from entries order by idx");
    let of_run = rows.iter().filter(|(id, _)| id.starts_with(&run));
    let entries: Vec<Value> = of_run.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect();
    let is_late = |entry: &Value| entry["predicate"]["body"]["about"] == "timeout";
    let at = entries.iter().position(is_late).unwrap();
    let of_step = |entry: &Value| entry["predicate"]["body"]["step"] == entries[at]["predicate"]["body"]["step"];
    let first = entries.iter().position(of_step).unwrap();
    let began = entries[first - 1]["predicate"]["at"].as_str().unwrap();
    let facts = entries[at]["predicate"]["body"]["facts"].clone();
    let deadline = began.parse::<Timestamp>().unwrap().plus_millis(secs * 1000);
    assert_eq!(facts["deadline"], deadline.to_string(), "whoever carries it on keeps the deadline");
    let told: Timestamp = entries[at]["predicate"]["at"].as_str().unwrap().parse().unwrap();
    assert!(deadline <= told && told < deadline.plus_millis(secs * 1000), "{told} is late for {deadline}");
    facts
}

/// The question would go on for longer than the step may take, as its first half was asked by a process that was killed.
#[test]
fn a_check_ends_with_the_time_of_its_step_and_nothing_is_changed() {
    let check = ("probe: login}", "probe: login, expect: refused, within: 6s}");
    let folder = with("works", "timeout: 7s", check);
    let before = folder.targets();
    let told = killed_and_carried_on(&folder, "decision allow rotate.remove").ended(1);
    assert!(told.out.contains("works has taken too long: it should have been over by "), "{}", told.out);
    let facts = late(&folder, 7);
    assert!(facts["reason"].as_str().unwrap().starts_with("probe `login`: "), "{facts}");
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let status = folder.run(&["status", &run, "--json"]).ended(0).json();
    let report = &status["runs"][0];
    assert_eq!((&report["outcome"], &report["code"]), (&"failed".into(), &"run.timed_out".into()), "{report}");
    assert_eq!(folder.targets(), before);
    folder.verifies();
}

/// After the pivot a person is needed, and whoever resumes the run gives the step its time anew.
#[test]
fn an_adoption_ends_with_the_time_of_its_step_and_a_person_is_needed() {
    let elsewhere = ("path: reporting, fields", "path: elsewhere, fields");
    let folder = with("rotate", "timeout: 7s", elsewhere);
    let adopted = "      adopted: [{connector: local, probe: key_used, within: 6s}]\n      soak: 10ms\n";
    folder.edit("workflows/rotate-checked.yaml", "      soak: 10ms\n", adopted);
    folder.edit("workflows/rotate-checked.yaml", "path: old-reporting", "path: reporting");
    folder.activate();
    let told = killed_and_carried_on(&folder, "reporting@3 is current").ended(5);
    let facts = late(&folder, 7);
    let reason = facts["reason"].as_str().unwrap();
    assert!(reason.starts_with("probe `key_used`: "), "{facts}");
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("rotate: it took longer than its `timeout`; probe `key_used`: "), "{words}");
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let status = folder.run(&["status", &run, "--json"]).ended(0).json();
    assert_eq!(status["stuck"]["code"], "run.timed_out", "{status}");
    let link = fs::read_link(folder.path("places/client/elsewhere")).unwrap();
    fs::remove_file(folder.path("places/client/reporting")).unwrap();
    std::os::unix::fs::symlink(link, folder.path("places/client/reporting")).unwrap();
    folder.run(&["resume", &run, "--reason", "the job reads the new file now"]).ended(0);
    folder.verifies();
}

/// What `within` and `retry` give time for must fit into the step's own.
#[test]
fn what_could_never_be_used_up_is_refused() {
    let folder = Folder::toured();
    let file = folder.path("workflows/rotate-checked.yaml");
    let text = include_str!("rotate-checked.yaml").replace("- id: works\n", "- id: works\n    timeout: 2s\n");
    fs::write(&file, text.replace("probe: login}", "probe: login, within: 2s}")).unwrap();
    let told = folder.run(&["lint", file.to_str().unwrap()]).ended(2);
    told.says(&[
        "workflow.out_of_range",
        "asks for as long as 2s by its `within`",
        "make `timeout` longer than `within`",
    ]);
}
