//! A process that serves, killed at the points that it passes, and started again: each due instant is one run, and none is
//! lost (rel:P3, rel:P4).

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_kernel::run::bodies::{SCHEDULED, StartedBody};
use countersign_warrant::Kind;

use crate::command::{Faults, countersign};
use crate::folder::{Case, edit};
use crate::ledger::Book;
use crate::matrix::{self, Draw, Outcome};
use crate::oracle;
use crate::workflows::{ROTATE, Stage as Tour};

/// How many of the points are drawn.
const SAMPLE: usize = 24;

/// Long enough for two instants of the schedule.
const SERVED: [Duration; 1] = [Duration::from_millis(4500)];

/// A folder whose rotation a schedule starts each other second, the instants that were missed one after the other.
fn scheduled() -> Case {
    let case = Case::at(Tour::Toured);
    let workflows = case.path().join("workflows");
    // The next run is due before anybody could be waited for so long.
    let rotation = std::fs::read_to_string(workflows.join("rotate-reporting-key.yaml")).expect("the rotation");
    let adopted = rotation.split("      adopted:").nth(1).and_then(|rest| rest.split("      soak:").next());
    let adopted = format!("      adopted:{}", adopted.expect("its adoption"));
    edit(&workflows.join("rotate-reporting-key.yaml"), &adopted, "");
    let schedule = "  schedule: {cron: \"*/2 * * * * *\", timezone: UTC, catch_up: all}\n  expiry:";
    edit(&workflows.join("rotate-reporting-key.yaml"), "  expiry:", schedule);
    let activated = countersign(&case.path(), &["activate", &workflows.display().to_string()], &Faults::default());
    assert_eq!(activated.code, Some(0), "{}{}", activated.out, activated.err);
    case
}

fn serve(case: &Case, faults: Faults) -> crate::command::Ended {
    countersign(&case.path(), &["serve"], &Faults { interrupted_after: &SERVED, ..faults })
}

/// The instants for which a run was begun, in order; what is wrong with them.
fn instants(book: &Book, wrong: &mut Vec<String>) -> Vec<String> {
    let started = book.entries.iter().filter(|entry| entry.kind == Kind::Started);
    let bodies = started.filter_map(|entry| entry.decode::<StartedBody>().ok());
    let keys = bodies.filter_map(|body| body.trigger.idempotency_key);
    let all: Vec<String> = keys.filter_map(|key| key.strip_prefix(SCHEDULED).map(str::to_owned)).collect();
    if all.iter().collect::<BTreeSet<_>>().len() != all.len() || !all.is_sorted() {
        wrong.push(format!("not each once, in order: {all:?}"));
    }
    let seconds: Vec<u64> = all.iter().filter_map(|at| at.get(17..19)?.parse().ok()).collect();
    if seconds.windows(2).any(|pair| (pair[0] + 2) % 60 != pair[1]) {
        wrong.push(format!("an instant was lost: {all:?}"));
    }
    all
}

#[test]
fn rel_p3_serving_survives_a_kill_at_its_points() {
    let template = scheduled();
    let listed = serve(&Case::copy_of(&template.path()), Faults::default().listing());
    assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
    let places = matrix::places(&listed.passed());
    assert!(places.iter().any(|place| place.starts_with("serve.before_row")), "{places:?}");
    let title = "serving, killed";
    let mut drawn = Draw::of(title).sample(places, SAMPLE);
    drawn.extend(["serve.before_begin:1", "serve.before_row:1", "serve.before_row:2"].map(str::to_owned));
    matrix::run(title, &drawn, String::clone, |point| {
        let case = Case::copy_of(&template.path());
        let killed = serve(&case, Faults::crash(point));
        let mut wrong = oracle::at_any_time(&case.path(), &ROTATE);
        let before = instants(&Book::read(&case.path()), &mut wrong).len();
        let again = serve(&case, Faults::default());
        if again.code != Some(0) {
            wrong.push(format!("again it ended with {:?}: {}{}", again.code, again.out, again.err));
        }
        // What was open is carried on by whoever comes next.
        countersign(&case.path(), &["run", "ca-root", "--idempotency-key", "k"], &Faults::default());
        let book = Book::read(&case.path());
        let after = instants(&book, &mut wrong).len();
        if after <= before {
            wrong.push(format!("it began nothing more: {before}, {after}; {}{}", killed.err, again.out));
        }
        wrong.extend(oracle::at_any_time(&case.path(), &ROTATE));
        wrong.extend(book.held.iter().map(|held| format!("still held: {held}")));
        Outcome { wrong, is_double: false, is_late: book.was_late() }
    });
}
