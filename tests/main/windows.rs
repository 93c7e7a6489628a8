//! Windows: a change waits for its window, and what waits can be stopped, carried on and let go of.

use std::fs;

use countersign::clock::{Clock as _, SystemClock};

use crate::folder::Folder;

const TEXT: &str = include_str!("rotate-in-window.yaml");
const WINDOWS: &str = "[\"SAT-SUN 00:00-06:00 Europe/Berlin\"], freeze: [year-end, \"05-01..05-01 Europe/Berlin\"]";
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// The name of the day so many days from now, in UTC. 1 January 1970 was a Thursday.
fn day(ahead: i64) -> &'static str {
    let days = SystemClock.now().micros() / 86_400_000_000;
    DAYS[usize::try_from((days + 3 + ahead) % 7).unwrap()]
}

fn with(allow: &str) -> Folder {
    let folder = Folder::toured();
    assert!(TEXT.contains(WINDOWS));
    fs::write(folder.path("workflows/rotate-in-window.yaml"), TEXT.replace(WINDOWS, &format!("[\"{allow}\"]")))
        .unwrap();
    folder.activate();
    folder
}

#[test]
fn a_change_goes_on_in_its_window() {
    let folder = with(&format!("{}-{} 00:00-24:00 UTC", day(0), day(1)));
    let plan = folder.run(&["plan", "rotate-in-window", "--json"]).ended(0).json();
    assert_eq!(plan["starts"]["window"]["is_open"], true, "{plan}");
    assert_eq!(plan["plan"]["moves"][1]["id"], "rotate.window");
    let told = folder.run(&["run", "rotate-in-window"]).ended(0);
    assert!(told.out.contains("rotate is in its window, until "), "{}", told.out);
    folder.verifies();
}

#[test]
fn a_change_waits_for_its_window_and_can_be_let_go_of() {
    let folder = with(&format!("{} 00:00-01:00 UTC", day(3)));
    let (before, drawn) = (folder.targets(), folder.run(&["plan", "rotate-in-window"]).ended(0).out);
    assert!(drawn.contains(&format!("wait for the window {} 00:00-01:00 UTC", day(3))), "{drawn}");
    assert!(drawn.contains("  window  open from ") && drawn.contains(" 00:00:00 +00:00 on, until "), "{drawn}");
    let mut running = folder.start(&["run", "rotate-in-window"]);
    running.reaches("wait");
    running.signal("TERM");
    let told = running.end();
    assert_eq!(told.code, 1, "{}{}", told.out, told.err);
    let status = folder.status();
    assert_eq!(status["runs"][0]["state"], "waiting", "{status}");
    assert_eq!(folder.targets(), before, "nothing is changed before the window");
    let run = status["runs"][0]["run"].as_str().unwrap().to_owned();
    let other = folder.run(&["run", "provision-webhook", "--input", "webhook=orders"]).ended(0);
    assert!(other.out.contains(&format!("run {run} of `rotate-in-window` waits until ")), "{}", other.out);
    let held = folder.run(&["run", "rotate-reporting-key"]).ended(5);
    held.says(&["error[run.held]", &run]);
    let before = folder.targets();
    folder.run(&["abandon", &run, "--reason", "it is not needed any more"]).ended(0);
    assert_eq!(folder.status()["open_runs"], 0);
    assert_eq!(folder.targets(), before);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}
