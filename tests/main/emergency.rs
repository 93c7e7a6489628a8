//! Emergencies (beh:R19): no window is waited for, a run under way gives way at a safe point, and policy, record and probes are
//! as always.

use std::fs;
use std::time::{Duration, Instant};

use countersign::clock::{Clock as _, SystemClock};

use crate::folder::Folder;

const TEXT: &str = include_str!("rotate-in-window.yaml");
const WINDOWS: &str = "[\"SAT-SUN 00:00-06:00 Europe/Berlin\"], freeze: [year-end, \"05-01..05-01 Europe/Berlin\"]";
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const ROTATE: &str = "workflows/rotate-reporting-key.yaml";

/// A folder whose rotation waits for a window in three days. 1 January 1970 was a Thursday.
fn windowed() -> Folder {
    let days = SystemClock.now().micros() / 86_400_000_000;
    let day = DAYS[usize::try_from((days + 6) % 7).unwrap()];
    let folder = Folder::toured();
    let text = TEXT.replace(WINDOWS, &format!("[\"{day} 00:00-01:00 UTC\"]"));
    fs::write(folder.path("workflows/rotate-in-window.yaml"), text).unwrap();
    folder.activate();
    folder
}

fn outcomes(folder: &Folder) -> String {
    folder.ask(
        "select group_concat(coalesce(outcome, state), ' ') from (select * from runs where workflow like 'rotate-%'
         and workflow <> 'rotate-ledger-database' order by started_at desc limit 2)",
    )
}

#[test]
fn beh_r19_an_emergency_waits_for_no_window_and_is_decided_by_its_own_policies() {
    let folder = windowed();
    let mut waiting = folder.start(&["run", "rotate-in-window"]);
    waiting.reaches("wait");
    waiting.signal("TERM");
    waiting.end();
    let plan = folder.run(&["plan", "rotate-in-window", "--emergency"]).ended(0);
    assert!(!plan.out.contains("wait for the window"), "{}", plan.out);
    assert!(plan.out.contains("rotate-at-once"), "{}", plan.out);
    assert!(plan.out.contains("run rotate-in-window --emergency --plan "), "{}", plan.out);
    let told = folder.run(&["run", "rotate-in-window", "--emergency"]).ended(0);
    assert!(told.out.contains("gives way"), "{}", told.out);
    assert!(told.out.contains("an emergency took its place"), "{}", told.out);
    assert!(told.out.contains("by rotate-at-once"), "{}", told.out);
    assert_eq!(outcomes(&folder), "done failed");
    let told = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(told.out.contains("asked for it, as an emergency"), "{}", told.out);
    folder.verifies();
}

/// A permit that says nothing of emergencies permits nothing in one.
#[test]
fn an_emergency_that_no_policy_is_for_is_denied() {
    let folder = windowed();
    folder.edit("workflows/policies/rotation.cedar", "@mode(\"emergency\")\n", "@mode(\"shadow\")\n");
    folder.activate();
    let before = folder.targets();
    let told = folder.run(&["run", "rotate-in-window", "--emergency"]).ended(3);
    assert!(told.out.contains("denied"), "{}", told.out);
    assert_eq!(folder.targets(), before);
    folder.verifies();
}

/// Beyond its point of no return a run goes on to its end without its soak; the emergency begins then.
#[test]
fn a_run_in_its_soak_gives_way_to_an_emergency_over_the_socket() {
    let folder = Folder::toured();
    folder.edit(ROTATE, "soak: 50ms", "soak: 1h");
    folder.edit(ROTATE, "      adopted:\n        - {connector: local, probe: key_used, within: 10s}\n", "");
    folder.activate();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving:");
    let mut first = folder.start(&["run", "rotate-reporting-key"]);
    first.reaches("wait     until");
    let began = Instant::now();
    let mut second = folder.start(&["run", "rotate-reporting-key", "--emergency"]);
    second.reaches("gives way at its next safe point");
    let ended = first.end().ended(0);
    assert!(ended.out.contains("done: everything that was planned is done"), "{}", ended.out);
    second.reaches("wait     until");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    second.signal("TERM");
    second.end();
    serving.signal("TERM");
    serving.end().ended(0);
    assert_eq!(outcomes(&folder), "waiting done");
    folder.verifies();
}
