//! The heartbeat: it is heard while the work is done, and only then.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::logged::settings;
use crate::notify::{Heard, listening};
use crate::observe::{count, get, watched};

fn heard(all: &std::sync::Mutex<Vec<Heard>>) -> usize {
    all.lock().unwrap().len()
}

fn beating(folder: &Folder, port: u16) {
    let webhook = format!("\n[webhooks.watchman]\nurl = \"http://127.0.0.1:{port}/beats\"\n");
    settings(folder, &format!("{webhook}[heartbeat]\nwebhook = \"watchman\"\nevery = \"1s\"\n"));
}

/// Waits until so many were heard.
pub(crate) fn until(all: &std::sync::Mutex<Vec<Heard>>, number: usize) {
    let end = Instant::now() + Duration::from_secs(30);
    while heard(all) < number {
        assert!(Instant::now() < end, "{} were heard", heard(all));
        sleep(Duration::from_millis(20));
    }
}

/// beh:T8 A ledger that takes nothing has no heartbeat, although the process lives; with it, it comes back.
#[test]
fn beh_t8_only_who_works_has_a_heartbeat() {
    let (port, all) = listening(204);
    let folder = Folder::toured();
    beating(&folder, port);
    let (mut serving, address) = watched(&folder);
    until(&all, 2);
    let body = all.lock().unwrap()[0].json();
    assert_eq!((&body["overdue"], &body["stuck"]), (&0.into(), &0.into()), "{body}");
    assert!(body["at"].is_string() && body.as_object().unwrap().len() == 3, "{body}");
    assert!(all.lock().unwrap()[0].header("webhook-id").unwrap().starts_with("heartbeat-"));
    folder.locked(|| {
        // What was confirmed a moment ago still counts.
        serving.reaches("no heartbeat [");
        let before = heard(&all);
        sleep(Duration::from_secs(4));
        assert_eq!(heard(&all), before, "nobody works, and the heart beats");
        assert_eq!(get(address, "/healthz").0, 200);
    });
    let before = heard(&all);
    until(&all, before + 1);
    let metrics = get(address, "/metrics").2;
    assert!(count(&metrics, "countersign_heartbeats_total{result=\"taken\"}") >= 3, "{metrics}");
    assert!(count(&metrics, "countersign_heartbeats_total{result=\"withheld\"}") >= 1, "{metrics}");
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}

/// A process that is stopped, or dead, has none either.
#[test]
fn whoever_hangs_has_none() {
    let (port, all) = listening(200);
    let folder = Folder::toured();
    beating(&folder, port);
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    until(&all, 2);
    serving.signal("STOP");
    sleep(Duration::from_millis(500));
    let before = heard(&all);
    sleep(Duration::from_millis(2500));
    assert_eq!(heard(&all), before);
    serving.signal("CONT");
    until(&all, before + 1);
    serving.signal("TERM");
    serving.end().ended(0);
}

/// One that nobody takes is told and counted, and the work goes on.
#[test]
fn a_heartbeat_that_nobody_takes_stops_nothing() {
    let (port, all) = listening(500);
    let folder = Folder::toured();
    beating(&folder, port);
    let (mut serving, address) = watched(&folder);
    serving.reaches("the heartbeat was NOT taken by watchman: it answered 500");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert!(count(&get(address, "/metrics").2, "countersign_heartbeats_total{result=\"failed\"}") >= 1);
    assert!(heard(&all) >= 1);
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}
