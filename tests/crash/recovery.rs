//! What a command finds after another one was killed.

use std::time::{Duration, Instant};

use crate::command::{Faults, countersign};
use crate::folder::Case;
use crate::ledger::Book;
use crate::matrix;
use crate::oracle;
use crate::workflows::{PROVISION, RENEWAL, ROTATE};

#[test]
fn a_killed_commands_lease_keeps_nobody_waiting() {
    let case = Case::at(ROTATE.stage);
    countersign(&case.path(), &ROTATE.words("k"), &Faults::crash("runner.before_seal:1"));
    let since = Instant::now();
    let next = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
    assert_eq!(next.code, Some(0), "{}", next.err);
    assert!(since.elapsed() < Duration::from_secs(10), "the lease of the killed process was waited for");
    matrix::count("a lease is left", 1, 0);
}

#[test]
fn another_request_carries_on_what_was_left_open() {
    for point in ["runner.after_grant:1", "runner.before_record:2", "ledger.commit.before:15"] {
        let case = Case::at(ROTATE.stage);
        countersign(&case.path(), &ROTATE.words("k"), &Faults::crash(point));
        let next = countersign(&case.path(), &RENEWAL.words("other"), &Faults::default());
        assert_eq!(next.code, Some(0), "{point}: {}", next.err);
        assert_eq!(oracle::at_end(&case.path(), &ROTATE, "k", &["done"]), Vec::<String>::new(), "{point}");
        assert_eq!(oracle::at_end(&case.path(), &RENEWAL, "other", &["done"]), Vec::<String>::new(), "{point}");
    }
    matrix::count("another request carries on", 3, 0);
}

#[test]
fn a_request_made_twice_is_one_run() {
    let case = Case::at(ROTATE.stage);
    assert_eq!(countersign(&case.path(), &ROTATE.words("k"), &Faults::default()).code, Some(0));
    let entries = Book::read(&case.path()).entries.len();
    let again = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(Book::read(&case.path()).entries.len(), entries);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "k", &["done"]), Vec::<String>::new());
    matrix::count("a request is made twice", 1, 0);
}

/// What the plan relies on changed while the run lay open: it is left without a change.
#[test]
fn drift_while_a_run_lies_open_changes_nothing() {
    let case = Case::at(ROTATE.stage);
    countersign(&case.path(), &ROTATE.words("k"), &Faults::crash("ledger.commit.after:2"));
    let account = case.path().join("local/accounts/reporting.json");
    crate::folder::edit(&account, "\"id\": \"key-2\"", "\"id\": \"key-of-another\"");
    let before = std::fs::read(&account).unwrap();
    let next = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
    assert_eq!(next.code, Some(1), "{}{}", next.out, next.err);
    assert_eq!(std::fs::read(&account).unwrap(), before);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "k", &["failed"]), Vec::<String>::new());
    matrix::count("drift", 1, 0);
}

/// A denial, killed at every point: still denied, and nothing is changed.
#[test]
fn a_denial_survives_every_kill() {
    let words = ["run", "provision-account", "--input", "account=intern", "--input", "level=admin"];
    let words: Vec<&str> = words.into_iter().chain(["--idempotency-key", "k"]).collect();
    let case = Case::at(PROVISION.stage);
    let listed = countersign(&case.path(), &words, &Faults::default().listing());
    assert_eq!(listed.code, Some(3), "{}", listed.err);
    let points: Vec<String> =
        matrix::places(&listed.passed()).into_iter().filter(|point| !point.starts_with("ledger.sign.")).collect();
    assert!(points.len() >= 5, "{points:?}");
    matrix::run("a denial is killed", &points, Clone::clone, |point| {
        let case = Case::at(PROVISION.stage);
        let mut wrong = Vec::new();
        let first = countersign(&case.path(), &words, &Faults::crash(point));
        if first.crashed_at().is_none() {
            wrong.push("did not die".to_owned());
        }
        let second = countersign(&case.path(), &words, &Faults::default());
        if second.code != Some(3) {
            wrong.push(format!("{:?}: {}", second.code, second.err));
        }
        wrong.extend(oracle::at_end(&case.path(), &PROVISION, "k", &["denied"]));
        wrong.extend(crate::target::applied(&case.path()));
        matrix::Outcome { wrong, ..matrix::Outcome::default() }
    });
}

/// The first Ctrl-C waits for a safe point, which a call that hangs does not come to; the second does not wait. What it
/// cuts off is a crash to the engine: the next command settles it.
#[test]
fn a_second_ctrl_c_ends_what_hangs() {
    const AFTER: &[Duration] = &[Duration::from_millis(1200), Duration::from_millis(1700)];
    let case = Case::at(ROTATE.stage).with_duration("8s");
    let faults = Faults { interrupted_after: AFTER, ..Faults::call("1:hang") };
    let ended = countersign(&case.path(), &ROTATE.words("k"), &faults);
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("stopping at the next safe point"), "{}", ended.err);
    assert!(ended.err.contains("error[run.cut_off]"), "{}", ended.err);
    assert_eq!(oracle::at_any_time(&case.path(), &ROTATE), Vec::<String>::new());
    let again = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    assert_eq!(oracle::at_end(&case.path(), &ROTATE, "k", &["done"]), Vec::<String>::new());
    matrix::count("a second ctrl-c", 1, 0);
}

/// A new folder, killed at every point until its first run begins: the next quickstart goes on where it stopped.
#[test]
fn setting_up_survives_every_kill() {
    let case = Case::nowhere();
    let listed = countersign(&case.path(), &["quickstart"], &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let passed: Vec<String> = listed.passed();
    let until = passed.iter().position(|name| name.starts_with("runner.")).expect("a tour has runs");
    let points = matrix::places(&passed[..until]);
    assert!(points.len() >= 8, "{points:?}");
    matrix::run("setting up is killed", &points, Clone::clone, |point| {
        let case = Case::nowhere();
        let mut wrong = Vec::new();
        let first = countersign(&case.path(), &["quickstart"], &Faults::crash(point));
        if first.crashed_at().is_none() && !point.starts_with("ledger.sign.") {
            wrong.push("did not die".to_owned());
        }
        let second = countersign(&case.path(), &["quickstart"], &Faults::default());
        if second.code != Some(0) {
            wrong.push(format!("{:?}: {}{}", second.code, second.out, second.err));
        }
        wrong.extend(oracle::at_end(&case.path(), &ROTATE, "quickstart-rotate-reporting", &["done"]));
        matrix::Outcome { wrong, ..matrix::Outcome::default() }
    });
}
