//! Killed at every crash point, and killed again in recovery.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::command::{Faults, countersign};
use crate::folder::Case;
use crate::ledger::Book;
use crate::matrix::{self, Draw, Outcome, places};
use crate::oracle;
use crate::watch::Watch;
use crate::workflows::{
    ALL, ALTERNATING, IN_PLACE, ISSUER, ISSUING, OFFBOARD, OPERATOR, PROVISION, REISSUE, RENEWAL, ROLE, ROOT, ROTATE,
    SERVER, SIGNING_KEY, STOLEN, Subject, WEBHOOK, WEBHOOK_SECRET,
};

/// How many double crashes of a workflow are drawn.
const DOUBLES: usize = 24;

/// How many kills at any moment.
const ANY_MOMENT: usize = 60;

/// The crash points of DESIGN section 2, as the points are named.
const DESIGNED: [(&str, &[&str]); 7] = [
    ("before the grant commits", &["runner.before_grant", "ledger.commit.before"]),
    ("granted, unacknowledged", &["ledger.commit.after", "runner.after_grant"]),
    ("before the call", &["runner.before_call"]),
    ("during the call", &["local.act.*.before", "local.act.*.after", "files.act.*.before", "files.act.*.after"]),
    ("before the record commits", &["runner.after_call", "runner.before_record", "ledger.commit.before"]),
    ("recorded, unacknowledged", &["ledger.commit.after", "runner.after_record"]),
    ("before the next command", &["runner.before_command"]),
];

/// Points whose number follows the clock: they are killed at as far as they come.
fn follows_the_clock(point: &str) -> bool {
    point.starts_with("ledger.sign.") || point.starts_with("runner.before_probe")
}

fn listed(subject: &Subject) -> Vec<String> {
    let case = Case::at(subject.stage);
    let ended = countersign(&case.path(), &subject.words("k"), &Faults::default().listing());
    assert_eq!(ended.code, Some(0), "{}: {}", subject.workflow, ended.err);
    ended.passed()
}

#[test]
fn each_workflow_passes_the_points_that_it_is_known_to_pass() {
    for subject in ALL {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for name in listed(subject) {
            *counts.entry(name).or_default() += 1;
        }
        counts.retain(|name, _| !follows_the_clock(name));
        let known: BTreeMap<String, usize> =
            subject.points.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        assert_eq!(counts, known, "{} at {:?}", subject.workflow, subject.stage);
        for (what, points) in DESIGNED {
            let is_there = |point: &&str| {
                let (head, tail) = point.split_once('*').unwrap_or((point, ""));
                known.keys().any(|name| name.starts_with(head) && name.ends_with(tail))
            };
            // What ends something delivers nothing.
            let is_due = |point: &&&str| !subject.is_an_end || !point.starts_with("files.");
            assert!(points.iter().filter(is_due).all(is_there), "{}: no point {what}", subject.workflow);
        }
    }
}

#[test]
fn provision_account_survives_every_kill() {
    survives(&PROVISION);
}

#[test]
fn ca_root_survives_every_kill() {
    survives(&ROOT);
}

#[test]
fn ca_issuing_survives_every_kill() {
    survives(&ISSUING);
}

#[test]
fn tls_localhost_survives_every_kill() {
    survives(&SERVER);
}

#[test]
fn a_renewal_of_tls_localhost_survives_every_kill() {
    survives(&RENEWAL);
}

#[test]
fn the_operators_own_rotation_survives_a_kill_at_every_point() {
    survives(&OPERATOR);
}

#[test]
fn a_replaced_certificate_survives_a_kill_at_every_point() {
    survives(&REISSUE);
}

#[test]
fn rotate_reporting_key_survives_every_kill() {
    survives(&ROTATE);
}

#[test]
fn provision_database_role_survives_every_kill() {
    survives(&ROLE);
}

#[test]
fn an_alternating_rotation_survives_every_kill() {
    survives(&ALTERNATING);
}

#[test]
fn provision_webhook_survives_every_kill() {
    survives(&WEBHOOK);
}

#[test]
fn a_rotation_of_a_webhook_secret_survives_every_kill() {
    survives(&WEBHOOK_SECRET);
}

#[test]
fn provision_signing_key_survives_every_kill() {
    survives(&ISSUER);
}

#[test]
fn a_rotation_of_a_signing_key_survives_every_kill() {
    survives(&SIGNING_KEY);
}

#[test]
fn a_revocation_survives_every_kill() {
    survives(&STOLEN);
}

#[test]
fn an_offboarding_survives_every_kill() {
    survives(&OFFBOARD);
}

#[test]
fn a_rotation_in_place_survives_every_kill() {
    survives(&IN_PLACE);
}

fn survives(subject: &'static Subject) {
    let title = format!("{} at {:?}", subject.workflow, subject.stage);
    let points = places(&listed(subject));
    let recoveries: Mutex<Vec<(String, String)>> = Mutex::default();
    matrix::run(&format!("{title}, killed"), &points, Clone::clone, |point| {
        let (outcome, passed) = killed(subject, point);
        let pairs = places(&passed).into_iter().map(|second| (point.clone(), second));
        recoveries.lock().expect("no case panics here").extend(pairs);
        outcome
    });
    let mut pairs = recoveries.into_inner().expect("no case panics here");
    pairs.sort();
    let drawn = Draw::of(&title).sample(pairs, DOUBLES);
    let name = |(first, second): &(String, String)| format!("{first}, then {second}");
    matrix::run(&format!("{title}, killed twice"), &drawn, name, |(first, second)| {
        killed_twice(subject, first, second)
    });
}

/// Killed once; with the points that the recovery passed.
fn killed(subject: &'static Subject, point: &str) -> (Outcome, Vec<String>) {
    let case = Case::at(subject.stage);
    let watch = Watch::start(case.path(), subject);
    let mut wrong = Vec::new();
    dies(&case.path(), subject, point, &mut wrong);
    let again = countersign(&case.path(), &subject.words("k"), &Faults::default().listing());
    if again.code != Some(0) {
        wrong.push(format!("the recovery ended with {:?}: {}{}", again.code, again.out, told(&again.err)));
    }
    wrong.extend(watch.stop());
    wrong.extend(oracle::at_end(&case.path(), subject, "k", &["done"]));
    (outcome(&case, wrong, false), again.passed())
}

fn killed_twice(subject: &'static Subject, first: &str, second: &str) -> Outcome {
    let case = Case::at(subject.stage);
    let watch = Watch::start(case.path(), subject);
    let mut wrong = Vec::new();
    dies(&case.path(), subject, first, &mut wrong);
    let mut of_second = Vec::new();
    let is_double = dies(&case.path(), subject, second, &mut of_second);
    // What a recovery passes depends on where the first kill fell, and that is not the same each time by the clock.
    if is_double || !follows_the_clock(first) {
        wrong.extend(of_second);
    }
    let third = countersign(&case.path(), &subject.words("k"), &Faults::default());
    if third.code != Some(0) {
        wrong.push(format!("the second recovery ended with {:?}: {}{}", third.code, third.out, third.err));
    }
    wrong.extend(watch.stop());
    wrong.extend(oracle::at_end(&case.path(), subject, "k", &["done"]));
    outcome(&case, wrong, is_double)
}

/// Runs the request until it dies at that point; true when it did.
fn dies(folder: &Path, subject: &Subject, point: &str, wrong: &mut Vec<String>) -> bool {
    let ended = countersign(folder, &subject.words("k"), &Faults::crash(point));
    let name = point.rsplit_once(':').map_or(point, |(name, _)| name);
    let died = ended.crashed_at() == Some(name) && ended.code.is_none();
    if !died && !follows_the_clock(name) {
        wrong.push(format!("{point} did not fire: {:?} {}", ended.code, told(&ended.err)));
    }
    wrong.extend(oracle::at_any_time(folder, subject).into_iter().map(|what| format!("after {point}: {what}")));
    died
}

pub(crate) fn outcome(case: &Case, wrong: Vec<String>, is_double: bool) -> Outcome {
    let is_late = !wrong.is_empty() && Book::read(&case.path()).was_late();
    Outcome { wrong, is_double, is_late }
}

/// What a child said beside its points.
pub(crate) fn told(err: &str) -> String {
    err.lines().filter(|line| !line.starts_with("passed ")).collect::<Vec<_>>().join(" | ")
}

/// A kill that no code of ours sees coming: also within a write.
#[test]
fn a_rotation_survives_kills_at_any_moment() {
    let mut draw = Draw::of("any moment");
    let moments: Vec<u64> = (0..ANY_MOMENT).map(|_| draw.below(450) as u64).collect();
    matrix::run(
        "rotate-reporting-key, killed at any moment",
        &moments,
        |ms| format!("{ms} ms"),
        |ms| {
            let case = Case::at(ROTATE.stage);
            let watch = Watch::start(case.path(), &ROTATE);
            let faults = Faults { killed_after: Some(Duration::from_millis(*ms)), ..Faults::default() };
            let first = countersign(&case.path(), &ROTATE.words("k"), &faults);
            let mut wrong = oracle::at_any_time(&case.path(), &ROTATE);
            let second = countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
            if second.code != Some(0) {
                wrong.push(format!("{:?}, then {:?}: {}", first.code, second.code, second.err));
            }
            wrong.extend(watch.stop());
            wrong.extend(oracle::at_end(&case.path(), &ROTATE, "k", &["done"]));
            outcome(&case, wrong, false)
        },
    );
}
