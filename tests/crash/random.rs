//! A process that serves many rotations a second, killed at any instant, again and again (rel:T4, rel:P3, rel:P4, inv:I3).
//!
//! `COUNTERSIGN_KILL_SECS` says for how long (a minute), `COUNTERSIGN_KILL_ACCOUNTS` of how many accounts (fifty),
//! `COUNTERSIGN_CRASH_SEED` when it is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use countersign_kernel::run::bodies::{SCHEDULED, StartedBody};
use countersign_warrant::Kind;

use crate::command::{Faults, countersign};
use crate::folder::Case;
use crate::ledger::Book;
use crate::matrix::{self, Draw};
use crate::oracle;
use crate::workflows::{ROTATE, Stage as Tour, Subject};

/// The longest that a process serves before it is killed, and the shortest; in milliseconds.
const SERVED_MS: (usize, usize) = (3000, 50);

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// An account that is rotated each second, as far as the machine keeps up.
fn subject(number: usize) -> Subject {
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let account = leaked(format!("job-{number:02}"));
    let workflow = leaked(format!("rotate-{account}"));
    Subject { workflow, inputs: &[], object: ("account", account), sink: ("client", account), points: &[], ..ROTATE }
}

/// The rotation of the reporting account, of another account.
fn rotation(case: &Case, subject: &Subject, is_scheduled: bool) -> String {
    let path = case.path().join("workflows").join("rotate-reporting-key.yaml");
    let text = fs::read_to_string(path).expect("the rotation");
    let account = subject.object.1;
    let (head, tail) = text.split_once("      adopted:").expect("its adoption");
    let text = format!("{head}{}", &tail[tail.find("      soak:").expect("its soak")..]);
    let schedule = "  schedule: {cron: \"* * * * * *\", timezone: UTC}\n";
    assert!(text.contains("  expiry: {at: 2/3}\n"), "{text}");
    text.replace("name: rotate-reporting-key", &format!("name: {}", subject.workflow))
        .replace("name: reporting}", &format!("name: {account}}}"))
        .replace("path: reporting", &format!("path: {account}"))
        .replace("  expiry: {at: 2/3}\n", if is_scheduled { schedule } else { "" })
}

fn activate(case: &Case, subjects: &[Subject], is_scheduled: bool) {
    let workflows = case.path().join("workflows");
    for subject in subjects {
        let path = workflows.join(format!("{}.yaml", subject.workflow));
        fs::write(path, rotation(case, subject, is_scheduled)).expect("a workflow");
    }
    done(case, &["activate", &workflows.display().to_string()]);
}

fn done(case: &Case, words: &[&str]) {
    let ended = countersign(&case.path(), words, &Faults::default());
    assert_eq!(ended.code, Some(0), "{words:?}: {}{}", ended.out, ended.err);
}

/// The runs of schedules: how many, and what is wrong with their keys.
fn keys(book: &Book, wrong: &mut Vec<String>) -> usize {
    let started = book.entries.iter().filter(|entry| entry.kind == Kind::Started);
    let bodies: Vec<StartedBody> = started.map(|entry| entry.decode().expect("a start")).collect();
    let mut seen = BTreeMap::<String, BTreeSet<String>>::new();
    let mut runs = 0;
    for body in bodies {
        let key = body.trigger.idempotency_key.unwrap_or_default();
        if key.starts_with(SCHEDULED) {
            runs += 1;
            if !seen.entry(body.workflow.clone()).or_default().insert(key.clone()) {
                wrong.push(format!("two runs of {} for {key}", body.workflow));
            }
        }
    }
    runs
}

#[test]
fn rel_t4_serving_survives_kills_at_any_instant() {
    let title = "serving, killed at random";
    let (secs, accounts) = (number("COUNTERSIGN_KILL_SECS", 60), number("COUNTERSIGN_KILL_ACCOUNTS", 50));
    let subjects: Vec<Subject> = (0..accounts).map(subject).collect();
    let case = Case::at(Tour::Toured);
    for subject in &subjects {
        let account = format!("account={}", subject.object.1);
        done(&case, &["run", "provision-account", "--input", &account, "--idempotency-key", subject.workflow]);
    }
    activate(&case, &subjects, true);

    let mut draw = Draw::of(title);
    let (began, mut kills, mut wrong) = (Instant::now(), 0, Vec::new());
    while began.elapsed() < Duration::from_secs(secs as u64) {
        let (longest, shortest) = SERVED_MS;
        let after = Duration::from_millis((shortest + draw.below(longest - shortest)) as u64);
        let ended = countersign(&case.path(), &["serve"], &Faults { killed_after: Some(after), ..Faults::default() });
        assert_eq!(ended.code, None, "after {kills} kills it ended by itself: {}{}", ended.out, ended.err);
        kills += 1;
        let unworking = subjects.iter().filter_map(|subject| oracle::unworking(&case.path(), subject));
        wrong.extend(unworking.map(|why| format!("after kill {kills}: {why}")));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    // Nothing begins any more; what is open is carried on by whoever comes next.
    activate(&case, &subjects, false);
    done(&case, &["run", "ca-root", "--idempotency-key", "the-end"]);

    let book = Book::read(&case.path());
    let runs = keys(&book, &mut wrong);
    wrong.extend(oracle::unverified(&book));
    wrong.extend(oracle::unrecorded(&book, &case.path()));
    wrong.extend(oracle::unclosed(&book));
    wrong.extend(book.held.iter().map(|held| format!("still held: {held}")));
    for subject in &subjects {
        wrong.extend(oracle::unworking(&case.path(), subject));
        wrong.extend(oracle::unsettled_of(&book, &case.path(), subject));
    }
    matrix::count(title, kills, 0);
    eprintln!(
        "{title}: {kills} kills, {runs} rotations of {accounts} accounts in {secs} s, {} entries",
        book.entries.len()
    );
    assert!(runs >= accounts && kills >= secs / 6, "{runs} runs, {kills} kills: nothing is tried");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
