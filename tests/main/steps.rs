//! Steps beside the changes: what is checked, what waits, and in which order they run.

use std::fs;

use crate::folder::Folder;

const CHECKED: &str = include_str!("rotate-checked.yaml");

fn with_checked(text: &str) -> Folder {
    let folder = Folder::toured();
    fs::write(folder.path("workflows/rotate-checked.yaml"), text).unwrap();
    folder.activate();
    folder
}

#[test]
fn steps_run_as_needs_says_and_a_check_comes_before_the_change() {
    let folder = with_checked(CHECKED);
    let plan = folder.run(&["plan", "rotate-checked", "--json"]).ended(0).json();
    let moves = plan["plan"]["moves"].as_array().unwrap();
    let ids: Vec<&str> = moves.iter().map(|planned| planned["id"].as_str().unwrap()).collect();
    assert_eq!(ids[..3], ["gate.judge", "works.ask", "rotate.check"]);
    assert_eq!(ids[ids.len() - 2..], ["pause.pass", "seal.bind"]);
    let drawn = folder.run(&["plan", "rotate-checked"]).ended(0).out;
    assert!(drawn.contains("ask login local/account/reporting@2: must be accepted, at once"), "{drawn}");
    assert!(drawn.contains("wait 10 ms\n"), "{drawn}");
    folder.run(&["run", "rotate-checked"]).ended(0);
    folder.verifies();
}

/// A check that does not hold ends the run before anything is changed.
#[test]
fn a_check_that_does_not_hold_changes_nothing() {
    let folder = with_checked(&CHECKED.replace("probe: login}", "probe: login, expect: refused}"));
    let before = folder.targets();
    let told = folder.run(&["run", "rotate-checked", "--json"]).ended(1).json();
    assert_eq!(told["runs"][0]["outcome"], "failed", "{told}");
    assert_eq!(folder.targets(), before);
    folder.verifies();
}

/// A condition is decided when the run is planned; what is skipped is named, and null in the evidence.
#[test]
fn a_step_whose_condition_does_not_hold_is_skipped() {
    let folder = with_checked(CHECKED);
    let asked = ["plan", "rotate-checked", "--input", "careful=false"];
    let plan = folder.run(&[&asked[..], &["--json"]].concat()).ended(0).json();
    assert_eq!(plan["plan"]["skipped"][0]["step"], "works", "{plan}");
    let drawn = folder.run(&asked).ended(0).out;
    let words = "  skipped  works, as this does not hold: context.inputs.careful && context.facts.exists\n";
    assert!(drawn.contains(words), "{drawn}");
    let told = folder.run(&["run", "rotate-checked", "--input", "careful=false", "--json"]).ended(0).json();
    assert_eq!(told["runs"][0]["plan"], plan["digest"], "the plan that was looked at is the one that ran");
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(story.out.contains("step `works` did not run"), "{}", story.out);
    folder.verifies();
}

/// A policy step that can be skipped covers no change that is not skipped with it.
#[test]
fn a_policy_step_that_can_be_skipped_covers_nothing_else() {
    let folder = Folder::toured();
    let text = CHECKED.replace("    policy:", "    when: context.inputs.careful\n    policy:");
    fs::write(folder.path("workflows/rotate-checked.yaml"), text).unwrap();
    let file = folder.path("workflows/rotate-checked.yaml");
    let told = folder.run(&["lint", file.to_str().unwrap()]).ended(2);
    told.says(&["workflow.uncovered_change", "`steps.gate` can be skipped without it"]);
}

/// What a person is asked for is told with its cause: that something does not open is no answer to why.
#[test]
fn a_run_that_cannot_go_on_says_why() {
    let folder = with_checked(CHECKED);
    let swap = "update versions set blob = (select blob from versions where stage = 'retired' limit 1)
        where subject = 'local/account/reporting' and stage = 'current'";
    folder.tamper_with("versions", &[swap]);
    let told = folder.run(&["run", "rotate-checked"]).ended(5);
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("sealed material does not open: it was altered, belongs to another version"), "{words}");
}
