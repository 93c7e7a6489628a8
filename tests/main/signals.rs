//! Ctrl-C and SIGTERM in the middle of a step: it stops at a safe point, the run stays open, and the next command
//! carries it on to its end.

use std::fs;
use std::os::unix::fs::symlink;

use crate::folder::Folder;

const ROTATE: [&str; 2] = ["run", "rotate-reporting-key"];

/// The client's key, as it lies in its file.
fn key(folder: &Folder) -> Vec<u8> {
    fs::read(folder.path("places/client/reporting/key")).unwrap()
}

/// Stops a rotation when it says `words`; the open run's id.
fn stopped(folder: &Folder, words: &str, signal: &str) -> String {
    let mut running = folder.start(&ROTATE);
    running.reaches(words);
    std::thread::sleep(std::time::Duration::from_millis(100));
    running.signal(signal);
    let told = running.end();
    assert_eq!(told.code, 1, "{}{}", told.out, told.err);
    assert!(told.out.contains("stopped at a safe point; run r") && told.out.contains("is open"), "{}", told.out);
    assert!(told.out.contains("help: the next `countersign run`"), "{}", told.out);
    let status = folder.status();
    assert_eq!((&status["open_runs"], &status["open_intents"]), (&1.into(), &0.into()));
    folder.verifies();
    let run = &status["runs"][0];
    assert_ne!(run["state"], "closed");
    run["run"].as_str().unwrap().to_owned()
}

/// The run came to its end, and its key is the one that works.
fn carried_on(folder: &Folder, run: &str) {
    let report = folder.run(&["status", run, "--json"]).ended(0).json();
    assert_eq!(report["runs"][0]["outcome"], "done", "{report}");
    let status = folder.status();
    assert_eq!((&status["open_runs"], &status["open_intents"]), (&0.into(), &0.into()));
    let stages: Vec<&str> = status["versions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["version"].to_string().contains("reporting"))
        .map(|row| row["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["current"]);
    folder.verifies();
}

fn soaking(seconds: &str) -> Folder {
    let folder = Folder::toured();
    folder.edit("workflows/rotate-reporting-key.yaml", "soak: 50ms", &format!("soak: {seconds}"));
    folder.activate();
    folder
}

#[test]
fn a_term_in_the_soak_is_carried_on_by_the_next_run() {
    let folder = soaking("2s");
    let old = key(&folder);
    let run = stopped(&folder, "wait ", "TERM");
    let new = key(&folder);
    assert_ne!(old, new, "the soak comes after the pivot");
    let told = folder.run(&["run", "ca-root", "--idempotency-key", "quickstart-ca-root"]).ended(0);
    assert!(told.out.contains(&format!("run {run} of `rotate-reporting-key` was left open")), "{}", told.out);
    assert_eq!(key(&folder), new);
    carried_on(&folder, &run);
}

/// Whoever repeats the command after a stop gets that run, not a second one after it.
#[test]
fn the_same_command_after_a_stop_starts_no_second_run() {
    let folder = soaking("2s");
    let run = stopped(&folder, "wait ", "INT");
    let before = folder.ask::<i64>("select count(*) from runs");
    let new = key(&folder);
    folder.run(&ROTATE).ended(0);
    assert_eq!((folder.ask::<i64>("select count(*) from runs"), key(&folder)), (before, new));
    carried_on(&folder, &run);
}

#[test]
fn a_ctrl_c_in_the_soak_is_carried_on_by_quickstart() {
    let folder = soaking("2s");
    let run = stopped(&folder, "wait ", "INT");
    let told = folder.run(&["quickstart"]).ended(0);
    assert!(told.out.contains("was left open; carrying it on"), "{}", told.out);
    carried_on(&folder, &run);
}

#[test]
fn each_stop_of_one_soak_is_carried_on() {
    let folder = soaking("8s");
    let run = stopped(&folder, "wait ", "TERM");
    for signal in ["INT", "TERM"] {
        let mut running = folder.start(&["run", "ca-root"]);
        running.reaches("was left open");
        std::thread::sleep(std::time::Duration::from_millis(200));
        running.signal(signal);
        let told = running.end();
        assert_eq!(told.code, 1, "{}", told.out);
        assert!(told.err.contains("error[run.stopped]"), "{}{}", told.out, told.err);
        assert_eq!(folder.status()["open_runs"], 1);
    }
    folder.run(&["run", "ca-root", "--idempotency-key", "quickstart-ca-root"]).ended(0);
    carried_on(&folder, &run);
}

#[test]
fn a_signal_while_a_probe_waits_is_carried_on() {
    for signal in ["TERM", "INT"] {
        let folder = Folder::toured();
        // The new key goes where the embedded client does not look: its use is waited for in vain.
        folder.deliver_elsewhere("elsewhere");
        folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 30s");
        folder.activate();
        let run = stopped(&folder, "@3 is current", signal);
        // The client is pointed to its new key.
        let elsewhere = fs::read_link(folder.path("places/client/elsewhere")).unwrap();
        let link = folder.path("places/client/reporting");
        fs::remove_file(&link).unwrap();
        symlink(elsewhere, &link).unwrap();
        folder.run(&["run", "ca-root", "--idempotency-key", "quickstart-ca-root"]).ended(0);
        carried_on(&folder, &run);
    }
}

#[test]
fn a_stopped_quickstart_goes_on_where_it_was() {
    let folder = Folder::new();
    let running = folder.start(&["quickstart", "--json"]);
    std::thread::sleep(std::time::Duration::from_millis(700));
    running.signal("TERM");
    let told = running.end();
    let finished = folder.run(&["quickstart", "--json"]).ended(0).json();
    // Before its first run there is nothing to bring to a safe point: it ends as any command does.
    assert!([-1, 0, 1].contains(&told.code), "{}", told.out);
    let report = finished["runs"].as_array().unwrap();
    assert_eq!(report.len(), 6);
    assert_eq!(finished["ledger"]["verified"], true);
    // Nothing was done twice: one version per subject, two for the rotated one.
    assert_eq!(folder.ask::<i64>("select count(*) from versions"), 5);
    assert_eq!(folder.ask::<i64>("select count(*) from runs"), 6);
}
