//! `countersign why`: what made a run what it is, and what makes a subject's next run what it will be.

use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::folder::{Folder, changes, tree};

fn document(folder: &Folder, arguments: &[&str]) -> Value {
    folder.run(&[&["why", "--json"], arguments].concat()).ended(0).json()
}

fn flat(folder: &Folder, arguments: &[&str]) -> String {
    let told = folder.run(&[&["why"], arguments].concat()).ended(0);
    told.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The newest run of a workflow.
fn run_of(folder: &Folder, workflow: &str, outcome: &str) -> String {
    let status = folder.status();
    let runs = status["runs"].as_array().unwrap();
    let run = runs.iter().find(|run| run["workflow"] == workflow && run["outcome"] == outcome).unwrap();
    run["run"].as_str().unwrap().to_owned()
}

fn abouts(document: &Value, list: &str, of: &str) -> Vec<String> {
    document[list].as_array().unwrap().iter().map(|one| one[of].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_that_was_done_and_one_that_was_denied_say_who_decided() {
    let folder = Folder::toured();
    let done = run_of(&folder, "rotate-reporting-key", "done");
    let why = document(&folder, &[&done]);
    assert_eq!(abouts(&why, "reasons", "about"), ["policy", "wait", "end"], "{why}");
    assert_eq!(
        why["reasons"][0]["message"],
        "allow rotate.stage, rotate.deliver, rotate.disable, rotate.remove by rotate"
    );
    assert_eq!((&why["trigger"]["kind"], &why["outcome"]), (&"request".into(), &"done".into()));
    assert!(why["reasons"][0]["entry"].as_str().unwrap().starts_with(&done));
    let denied = run_of(&folder, "provision-account", "denied");
    let told = flat(&folder, &[&denied]);
    for words in [
        "asked for it",
        "policy deny account.create by least-privilege-level: an account may have the level",
        "stands denied",
        "next nothing: it is over; `countersign why local/account/intern` says what is due",
    ] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
}

#[test]
fn a_stuck_run_says_how_it_came_to_that_and_what_it_takes_for_an_answer() {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 300ms");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let why = document(&folder, &[&run]);
    assert_eq!(abouts(&why, "reasons", "about"), ["policy", "probe", "person"], "{why}");
    assert_eq!(why["next"]["answers"], serde_json::json!(["resume", "undo", "abandon"]));
    let told = flat(&folder, &[&run]);
    assert!(told.contains(&format!("`countersign abandon {run} --reason TEXT`")), "{told}");
    let subject = document(&folder, &["local/account/reporting"]);
    assert_eq!(abouts(&subject, "holding", "kind"), ["stuck", "plan"], "{subject}");
    assert_eq!(abouts(&document(&folder, &["local/account/reporting", "--no-look"]), "holding", "kind"), ["stuck"]);
    folder.run(&["abandon", &run, "--reason", "the client is gone for good"]).ended(0);
    let told = flat(&folder, &[&run]);
    assert!(told.contains("answered: abandon, with the reason: the client is gone for good"), "{told}");
    assert!(told.contains("stands abandoned"), "{told}");
}

#[test]
fn a_run_that_waits_for_its_window_says_until_when() {
    let folder = Folder::toured();
    let text = include_str!("rotate-in-window.yaml")
        .replace("SAT-SUN 00:00-06:00 Europe/Berlin", "SUN 03:00-03:01 Europe/Berlin");
    fs::write(folder.path("workflows/rotate-in-window.yaml"), text).unwrap();
    folder.activate();
    let mut running = folder.start(&["run", "rotate-in-window"]);
    running.reaches("wait");
    running.signal("TERM");
    running.end();
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let why = document(&folder, &[&run]);
    assert_eq!(why["state"], "waiting");
    assert!(why["next"]["at"].is_string(), "{why}");
    let told = flat(&folder, &[&run]);
    for words in ["it goes on at 2", "wait for the window SUN 03:00-03:01", "nobody drives it: `countersign serve`"] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
    let subject = document(&folder, &["local/account/reporting", "--no-look"]);
    assert_eq!(abouts(&subject, "holding", "kind"), ["held"], "{subject}");
}

#[test]
fn a_subject_says_the_rules_of_what_is_due_and_writes_nothing() {
    let folder = Folder::toured();
    let before = tree(&folder.data());
    let legacy = document(&folder, &["local/role/legacy"]);
    let rule = legacy["rules"][0]["message"].as_str().unwrap();
    let wanted = r"^schedule `.+` of Europe/Berlin: its instant .+ and .+ of its jitter of .+; one run stands for";
    assert!(Regex::new(wanted).unwrap().is_match(rule), "{rule}");
    assert_eq!(abouts(&legacy, "holding", "kind"), ["plan"], "there is no such role yet: {legacy}");
    let reporting = document(&folder, &["local/account/reporting"]);
    assert_eq!(abouts(&reporting, "rules", "trigger")[0], "expiry");
    let rule = reporting["rules"][0]["message"].as_str().unwrap();
    assert!(rule.starts_with("expiry at 2/3 of the 90 d that local/account/reporting@2 was given, from 2"), "{rule}");
    assert_eq!(reporting["holding"], serde_json::json!([]));
    assert_eq!(reporting["last"]["outcome"], "done");
    let told = flat(&folder, &["local/account/reporting"]);
    assert!(told.contains("held by nothing: a run that begins now goes its way"), "{told}");
    let after = tree(&folder.data());
    assert_eq!(changes(&before, &after), Vec::<&std::path::Path>::new());
}

#[test]
fn what_is_not_there_has_no_why() {
    let folder = Folder::toured();
    folder
        .run(&["why", "local/account/reportin"])
        .ended(2)
        .says(&["error[status.not_found]", "did you mean `local/account/reporting`?"]);
    folder.run(&["why", "r20260101-000000-000000000000"]).ended(2).says(&["there is no run"]);
    folder.run(&["why"]).ended(2).says(&["<RUN|SUBJECT>"]);
}
