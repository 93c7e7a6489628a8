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
