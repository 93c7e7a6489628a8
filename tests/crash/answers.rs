//! A person's answer to a stuck run, an adoption, and a run for each of several subjects: killed at every point that they
//! pass (rel:T1).

use std::path::Path;

use countersign_kernel::run::bodies::Stage;

use crate::command::{Ended, Faults, countersign};
use crate::folder::{Case, copy, edit};
use crate::ledger::{Answer, Book};
use crate::matrix::{self, Outcome};
use crate::oracle;
use crate::target;
use crate::workflows::{ROTATE, Stage as Tour};

/// A rotation that nobody was seen to adopt: it stands after its point of no return, and asks a person.
fn stuck() -> (Case, String) {
    let case = Case::at(ROTATE.stage);
    let faults = Faults { fail_probe: Some("key_used:1+:unknown".to_owned()), ..Faults::default() };
    let ended = countersign(&case.path(), &ROTATE.words("k"), &faults);
    assert_eq!(ended.code, Some(5), "{}{}", ended.out, ended.err);
    let runs = Book::read(&case.path()).runs_of(ROTATE.workflow, "k");
    (case, runs.first().expect("its run").to_string())
}

/// What the ledger says, and what is wrong with it where nothing runs any more: its faults, and what is still held.
fn read(folder: &Path) -> (Book, Vec<String>) {
    let book = Book::read(folder);
    let faults = book.report.iter().flat_map(|report| &report.faults).map(ToString::to_string);
    let wrong = faults.chain(book.held.iter().map(|held| format!("still held: {held}"))).collect();
    (book, wrong)
}

/// The points that a command passes, each with its number.
fn places(ended: &Ended) -> Vec<String> {
    matrix::places(&ended.passed())
}

/// Kills the answer at every point, gives it once more, and has the run carried on where that is needed.
fn survives(answer: &'static str, end: &'static str) {
    let (stuck, run) = stuck();
    let words = [answer, &run, "--reason", "it was looked into"];
    let case = Case::copy_of(&stuck.path());
    let listed = countersign(&case.path(), &words, &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    let all = places(&listed);
    assert!(all.len() > 5, "{all:?}");
    matrix::run(&format!("{answer}, killed"), &all, String::clone, |point| {
        let case = Case::copy_of(&stuck.path());
        let killed = countersign(&case.path(), &words, &Faults::crash(point));
        let mut wrong = oracle::at_any_time(&case.path(), &ROTATE);
        if killed.crashed_at().is_none() && killed.code != Some(0) {
            wrong.push(format!("it was not killed, and ended with {:?}: {}", killed.code, killed.err));
        }
        // A recorded answer is not taken twice, and what it asked for goes on with the next command.
        countersign(&case.path(), &words, &Faults::default());
        countersign(&case.path(), &ROTATE.words("k"), &Faults::default());
        wrong.extend(at_end(&case.path(), end));
        Outcome { wrong, is_double: false, is_late: Book::read(&case.path()).was_late() }
    });
}

fn at_end(folder: &Path, end: &str) -> Vec<String> {
    if end == "undone" {
        // What is left over of a delivery whose removal was interrupted goes with the next one.
        countersign(folder, &ROTATE.words("next"), &Faults::default());
        let wrong = oracle::at_end(folder, &ROTATE, "k", &[end]);
        return wrong.into_iter().chain(oracle::at_end(folder, &ROTATE, "next", &["done"])).collect();
    }
    if end != "abandoned" {
        return oracle::at_end(folder, &ROTATE, "k", &[end]);
    }
    // Its target is left as it was, and somebody answers for it.
    let mut wrong = oracle::at_any_time(folder, &ROTATE);
    let book = Book::read(folder);
    let run = book.runs_of(ROTATE.workflow, "k").into_iter().next().expect("its run");
    if book.end_of(&run) != end || !book.held.is_empty() {
        wrong.push(format!("it is {}, and {:?} are held", book.end_of(&run), book.held));
    }
    wrong
}

#[test]
fn a_persons_resume_survives_a_kill_at_every_point() {
    survives("resume", "done");
}

#[test]
fn a_persons_undo_survives_a_kill_at_every_point() {
    survives("undo", "undone");
}

#[test]
fn a_persons_letting_go_survives_a_kill_at_every_point() {
    survives("abandon", "abandoned");
}

/// A folder that never made the account which its directory has, and the file with that account's key.
fn onboarding(toured: &Path) -> (Case, String) {
    let case = Case::at(Tour::Activated);
    for part in ["local", "places"] {
        copy(&toured.join(part), &case.path().join(part));
    }
    (case, toured.join("places/client/reporting/key").display().to_string())
}

/// beh:R14, rel:T1: killed anywhere, an adoption is there as a whole or not at all, and nothing was changed by it.
#[test]
fn an_adoption_survives_a_kill_at_every_point() {
    let toured = Case::at(Tour::Toured);
    let (case, secret) = onboarding(&toured.path());
    let words = ["adopt", "rotate-reporting-key", "--secret", &secret];
    let listed = countersign(&case.path(), &words, &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    let all = places(&listed);
    let objects = |folder: &Path| target::walked(&folder.join("local/accounts"));
    let before = objects(&toured.path());
    matrix::run("an adoption, killed", &all, String::clone, |point| {
        let (case, _) = onboarding(&toured.path());
        countersign(&case.path(), &words, &Faults::crash(point));
        // Again: it is carried on, and then adopted already; or it is made now.
        let again = countersign(&case.path(), &words, &Faults::default());
        let (book, mut wrong) = read(&case.path());
        if !matches!(again.code, Some(0 | 2)) {
            wrong.push(format!("again it ended with {:?}: {}{}", again.code, again.out, again.err));
        }
        if objects(&case.path()) != before {
            wrong.push("the target was changed".to_owned());
        }
        let current: Vec<_> = book.stages().into_iter().filter(|(_, stage)| *stage == Stage::Current).collect();
        if current.len() != 1 {
            wrong.push(format!("current: {current:?}"));
        }
        Outcome { wrong, ..Outcome::default() }
    });
}

/// beh:R14: an adoption that somebody lets go of, wherever it was killed, uses nothing up: the same secret is adopted again.
#[test]
fn who_lets_go_of_a_killed_adoption_can_adopt_again() {
    let toured = Case::at(Tour::Toured);
    let (case, secret) = onboarding(&toured.path());
    let words = ["adopt", "rotate-reporting-key", "--secret", &secret];
    let listed = countersign(&case.path(), &words, &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    matrix::run("an adoption, killed and let go of", &places(&listed), String::clone, |point| {
        let (case, _) = onboarding(&toured.path());
        countersign(&case.path(), &words, &Faults::crash(point));
        let killed = Book::read(&case.path());
        let was_current = killed.stages().values().any(|stage| *stage == Stage::Current);
        if let Some(run) = killed.entries.iter().find_map(|entry| entry.id.run()) {
            countersign(&case.path(), &["abandon", run.as_str(), "--reason", "another time"], &Faults::default());
        }
        let again = countersign(&case.path(), &words, &Faults::default());
        let (book, mut wrong) = read(&case.path());
        if again.code != Some(if was_current { 2 } else { 0 }) {
            wrong.push(format!("again it ended with {:?}: {}{}", again.code, again.out, again.err));
        }
        let stages: Vec<_> = book.stages().into_iter().collect();
        if stages.len() != 1 || stages.iter().any(|(_, stage)| *stage != Stage::Current) {
            wrong.push(format!("its versions: {stages:?}"));
        }
        Outcome { wrong, ..Outcome::default() }
    });
}

/// inv:I3 A version is sealed once. Where nobody asked the target, another secret is not taken for it later on: what was
/// sealed under its number stays, and the one that was given first is adopted again.
#[test]
fn a_version_that_was_sealed_takes_no_other_secret() {
    let toured = Case::at(Tour::Toured);
    let (case, secret) = onboarding(&toured.path());
    let workflows = case.path().join("workflows");
    edit(&workflows.join("rotate-reporting-key.yaml"), "steps:\n", "on_import: adopt\nsteps:\n");
    let activated = countersign(&case.path(), &["activate", &workflows.display().to_string()], &Faults::default());
    assert_eq!(activated.code, Some(0), "{}{}", activated.out, activated.err);
    let adopt = |secret: &str, faults: &Faults| {
        countersign(&case.path(), &["adopt", "rotate-reporting-key", "--secret", secret], faults)
    };
    adopt(&secret, &Faults::crash("runner.before_command:1"));
    let run = Book::read(&case.path()).entries.iter().rev().find_map(|entry| entry.id.run()).expect("its run");
    let let_go = countersign(&case.path(), &["abandon", run.as_str(), "--reason", "a slip"], &Faults::default());
    assert_eq!(let_go.code, Some(0), "{}{}", let_go.out, let_go.err);
    let other = case.path().join("other");
    std::fs::write(&other, "another secret, of the same length as").unwrap();
    let refused = adopt(&other.display().to_string(), &Faults::default());
    assert_eq!(refused.code, Some(2), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("error[adopt.other_secret]"), "{}", refused.err);
    assert!(Book::read(&case.path()).stages().values().all(|stage| *stage == Stage::Pending));
    let again = adopt(&secret, &Faults::default());
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    let (book, wrong) = read(&case.path());
    assert_eq!((wrong, book.stages().into_values().collect::<Vec<_>>()), (Vec::new(), vec![Stage::Current]));
}

/// The request that ends two accounts, each by a run of its own.
const RECERTIFY: [&str; 8] = [
    "run",
    "recertify-accounts",
    "--input",
    "owner=robin@example.com",
    "--input",
    "reason=asked, and no answer came",
    "--idempotency-key",
    "k",
];

/// Whom it ends.
const LEAVERS: [&str; 2] = ["imports", "exports"];

/// What is wrong where each of the two accounts should have been ended once.
fn not_ended_once(folder: &Path, book: &Book) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in LEAVERS {
        let object = target::objects(folder).into_iter().find(|object| object.name == name);
        if object.is_none_or(|object| object.said["exists"] == true) {
            wrong.push(format!("{name} is still there"));
        }
        let removals = book
            .intents()
            .into_iter()
            .filter(|(_, body)| body.intent.call.verb == "account_remove" && body.intent.call.resource.name() == name);
        let applied = removals.filter(|(_, body)| book.answers(&body.intent.entry).contains(&Answer::Applied));
        if applied.count() != 1 {
            wrong.push(format!("{name} was not removed once"));
        }
    }
    wrong
}

/// rel:T1, rel:T2, beh:N8: killed anywhere, once or twice, or with a call whose answer is lost, a run for each of two accounts
/// is carried on, and each of them is ended once.
#[test]
fn a_run_for_each_subject_survives_kills_and_lost_answers() {
    let case = Case::at(Tour::Toured);
    for name in LEAVERS {
        let account = format!("account={name}");
        let made = ["run", "provision-account", "--input", &account, "--input", "owner=robin@example.com"];
        assert_eq!(countersign(&case.path(), &made, &Faults::default()).code, Some(0), "{name}");
    }
    let listed = countersign(&Case::copy_of(&case.path()).path(), &RECERTIFY, &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    let (all, mut draw) = (places(&listed), matrix::Draw::of("each"));
    let mut cases: Vec<Vec<Faults>> = Vec::new();
    cases.extend(draw.sample(all.clone(), 60).iter().map(|point| vec![Faults::crash(point)]));
    for _ in 0..30 {
        let two = [draw.below(all.len()), draw.below(all.len())];
        cases.push(two.iter().map(|place| Faults::crash(&all[*place])).collect());
    }
    // Each account takes a call that locks it and one that removes it.
    for number in 1..=2 * LEAVERS.len() {
        for lie in ["applied", "not_applied", "panic", "panic_applied", "hang_applied"] {
            cases.push(vec![Faults::call(&format!("{number}:{lie}"))]);
        }
    }
    matrix::run(
        "a run for each, killed or unanswered",
        &cases,
        |faults| format!("{faults:?}"),
        |faults| {
            let case = Case::copy_of(&case.path());
            let crashed = |faults| countersign(&case.path(), &RECERTIFY, faults).crashed_at().is_some();
            let died = faults.iter().filter(|faults| crashed(faults)).count();
            let again = countersign(&case.path(), &RECERTIFY, &Faults::default());
            let (book, mut wrong) = read(&case.path());
            if again.code != Some(0) {
                wrong.push(format!("again it ended with {:?}: {}{}", again.code, again.out, again.err));
            }
            wrong.extend(not_ended_once(&case.path(), &book));
            Outcome { wrong, is_double: died == 2, is_late: book.was_late() }
        },
    );
}

/// rel:T1: a rotation that fails, and what its workflow has for that: killed anywhere, the account is ended once.
#[test]
fn what_is_for_a_failure_survives_a_kill_at_every_point() {
    let case = Case::at(Tour::Toured);
    let text = include_str!("../main/rotate-or-end.yaml").replace("- login: {}", "- must_not: login");
    std::fs::write(case.path().join("workflows/rotate-or-end.yaml"), text).expect("a workflow");
    let workflows = case.path().join("workflows").display().to_string();
    assert_eq!(countersign(&case.path(), &["activate", &workflows], &Faults::default()).code, Some(0));
    let words = ["run", "rotate-or-end", "--idempotency-key", "k"];
    let listed = countersign(&Case::copy_of(&case.path()).path(), &words, &Faults::default().listing());
    assert_eq!(listed.code, Some(1), "{}{}", listed.out, listed.err);
    matrix::run("a failure is handled, killed", &places(&listed), String::clone, |point| {
        let case = Case::copy_of(&case.path());
        countersign(&case.path(), &words, &Faults::crash(point));
        let again = countersign(&case.path(), &words, &Faults::default());
        let (book, mut wrong) = read(&case.path());
        let run = book.runs_of("rotate-or-end", "k").into_iter().next();
        let end = run.map_or_else(|| "nowhere".to_owned(), |run| book.end_of(&run));
        if again.code != Some(1) || end != "handled" {
            wrong.push(format!("it is {end}, and ended with {:?}: {}{}", again.code, again.out, again.err));
        }
        let account = target::objects(&case.path()).into_iter().find(|object| object.name == "reporting");
        if account.is_none_or(|account| account.said["exists"] == true) {
            wrong.push("the account is still there".to_owned());
        }
        Outcome { wrong, is_double: false, is_late: book.was_late() }
    });
}

/// Let go of wherever it was killed, a rotation leaves its subject so that it can be rotated again, once a slot is free.
#[test]
fn who_lets_go_of_a_killed_rotation_can_rotate_again() {
    let listed = countersign(&Case::at(ROTATE.stage).path(), &ROTATE.words("k"), &Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    matrix::run("a rotation, killed and let go of", &places(&listed), String::clone, |point| {
        let case = Case::at(ROTATE.stage);
        countersign(&case.path(), &ROTATE.words("k"), &Faults::crash(point));
        let mut wrong = Vec::new();
        if let Some(run) = Book::read(&case.path()).runs_of(ROTATE.workflow, "k").into_iter().next() {
            let words = ["abandon", run.as_str(), "--reason", "it was looked into"];
            countersign(&case.path(), &words, &Faults::default());
        }
        let again = countersign(&case.path(), &ROTATE.words("next"), &Faults::default());
        if again.code != Some(0) && !again.err.contains("[plan.no_free_slot]") {
            wrong.push(format!("again it ended with {:?}: {}{}", again.code, again.out, again.err));
        }
        let (_, broken) = read(&case.path());
        wrong.extend(broken);
        Outcome { wrong, ..Outcome::default() }
    });
}
