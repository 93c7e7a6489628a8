//! Every call and every question of a run, failing in every way (rel:F3, rel:F4, rel:T2).

use crate::command::{Faults, countersign};
use crate::folder::Case;
use crate::kills::{outcome, told};
use crate::matrix::{self, Draw, Outcome, places};
use crate::oracle;
use crate::watch::Watch;
use crate::workflows::{ALL, ALTERNATING, PROVISION, ROTATE, Subject};

/// What fails, and how the run may end.
struct Failing {
    subject: &'static Subject,
    faults: Faults,
    ends: Vec<&'static str>,
}

impl Failing {
    /// True when attempts are lost on purpose.
    fn loses_attempts(&self) -> bool {
        self.faults.fail_call.as_deref().is_some_and(|fault| fault.contains("panic") || fault.contains("hang"))
    }
}

fn name(case: &Failing) -> String {
    format!("{} at {:?}, {:?}", case.subject.workflow, case.subject.stage, case.faults)
}

fn exit_of(end: &str) -> i32 {
    match end {
        "done" => 0,
        "stuck" => 5,
        _ => 1,
    }
}

/// The faults, to the run's end.
fn fails(case: &Failing) -> Outcome {
    let subject = case.subject;
    let folder = Case::at(subject.stage);
    let watch = Watch::start(folder.path(), subject);
    let ended = countersign(&folder.path(), &subject.words("k"), &case.faults);
    // Undoing a first delivery takes it away again: that is no loss.
    let mut wrong = watch.stop();
    if ended.failed() == 0 {
        wrong.push("nothing failed".to_owned());
    }
    if !case.ends.iter().any(|end| ended.code == Some(exit_of(end))) {
        wrong.push(format!("ended with {:?}: {}{}", ended.code, ended.out, ended.err));
    }
    wrong.extend(oracle::at_end(&folder.path(), subject, "k", &case.ends));
    if wrong.is_empty() && case.ends != ["stuck"] {
        wrong.extend(asked_again(&folder, case));
    }
    let outcome = outcome(&folder, wrong, false);
    Outcome { is_late: outcome.is_late || (ended.lost_an_attempt() && !case.loses_attempts()), ..outcome }
}

/// The same request changes nothing more; after an undoing, another one finds a clean place.
fn asked_again(folder: &Case, case: &Failing) -> Vec<String> {
    let subject = case.subject;
    let before = crate::target::applied(&folder.path());
    countersign(&folder.path(), &subject.words("k"), &Faults::default());
    let mut wrong = Vec::new();
    if crate::target::applied(&folder.path()) != before {
        wrong.push("the same request, made twice, changed the target twice".to_owned());
    }
    if case.ends != ["done"] {
        let next = countersign(&folder.path(), &subject.words("next"), &Faults::default());
        if next.code != Some(0) {
            wrong.push(format!("the next request ended with {:?}: {}{}", next.code, next.out, next.err));
        }
        wrong.extend(oracle::at_end(&folder.path(), subject, "next", &["done"]));
    }
    wrong
}

#[test]
fn every_call_may_fail_in_every_way() {
    let mut cases = Vec::new();
    for subject in ALL {
        for number in 1..=subject.calls.len() {
            for lie in ["applied", "not_applied", "panic", "panic_applied", "hang", "hang_applied"] {
                let faults = Faults::call(&format!("{number}:{lie}"));
                cases.push(Failing { subject, faults, ends: vec!["done"] });
            }
            let for_good = format!("{number}:not_applied,{}:not_applied,{}:not_applied", number + 1, number + 2);
            for fault in [format!("{number}:refused"), for_good] {
                cases.push(Failing { subject, faults: Faults::call(&fault), ends: vec![Subject::end_without(number)] });
            }
            let twice = format!("{number}:not_applied,{}:not_applied", number + 1);
            cases.push(Failing { subject, faults: Faults::call(&twice), ends: vec!["done"] });
        }
    }
    matrix::run("a call fails", &cases, name, fails);
}

#[test]
fn every_undo_may_fail_in_every_way() {
    let mut cases = Vec::new();
    for subject in ALL {
        for (lie, end) in [
            ("3:applied", "undone"),
            ("3:not_applied", "undone"),
            ("3:not_applied,4:not_applied", "undone"),
            ("3:panic", "undone"),
            ("3:panic_applied", "undone"),
            ("3:hang_applied", "undone"),
            ("3:refused", "stuck"),
            ("3+:not_applied", "stuck"),
        ] {
            cases.push(Failing { subject, faults: Faults::call(&format!("2:refused,{lie}")), ends: vec![end] });
        }
    }
    matrix::run("an undo fails", &cases, name, fails);
}

/// beh:R11 A call that is throttled is made again in the same run where the workflow says so, twice; an undo, too. Where it
/// says nothing the step fails.
#[test]
fn a_throttled_call_is_made_again_where_the_workflow_says_so() {
    let mut cases = Vec::new();
    for number in 1..=ALTERNATING.calls.len() {
        let twice = format!("{number}:throttled,{}:throttled", number + 1);
        let for_good = format!("{twice},{}:throttled", number + 2);
        let between = format!("{number}:throttled,{}:not_applied", number + 1);
        for (fault, end) in [(twice, "done"), (for_good, Subject::end_without(number)), (between, "done")] {
            cases.push(Failing { subject: &ALTERNATING, faults: Faults::call(&fault), ends: vec![end] });
        }
        cases.push(Failing {
            subject: &ROTATE,
            faults: Faults::call(&format!("{number}:throttled")),
            ends: vec![Subject::end_without(number)],
        });
    }
    for (undo, end) in [("3:throttled,4:throttled", "undone"), ("3:throttled,4:throttled,5:throttled", "stuck")] {
        let faults = Faults::call(&format!("2:refused,{undo}"));
        cases.push(Failing { subject: &ALTERNATING, faults, ends: vec![end] });
    }
    matrix::run("a call is throttled", &cases, name, fails);
}

#[test]
fn every_question_may_go_unanswered() {
    let mut cases = Vec::new();
    for subject in ALL {
        for (fault, end) in subject.probes {
            let faults = Faults { fail_probe: Some((*fault).to_owned()), ..Faults::default() };
            cases.push(Failing { subject, faults, ends: vec![end] });
        }
    }
    assert!(cases.len() >= 8);
    matrix::run("a question fails", &cases, name, fails);
}

/// Unwinding from every node, killed at every point of the unwinding.
#[test]
fn undoing_survives_every_kill() {
    let mut cases = Vec::new();
    for (subject, number) in ALL.iter().flat_map(|subject| [(*subject, 1), (*subject, 2)]) {
        let faults = Faults::call(&format!("{number}:refused"));
        let case = Case::at(subject.stage);
        let ended = countersign(&case.path(), &subject.words("k"), &faults.clone().listing());
        let all = places(&ended.passed());
        let since = ended.passed_since_fault().len();
        assert!(since > 5, "{}: {}", subject.workflow, ended.err);
        let points = all.into_iter().rev().take(since).filter(|point| !point.starts_with("ledger.sign.")).collect();
        // Without a call that is done there is little to undo: a sample of it.
        let wanted = if number == 1 { 6 } else { usize::MAX };
        for point in Draw::of(subject.workflow).sample(points, wanted) {
            let faults = Faults { crash_at: Some(point), ..faults.clone() };
            // Killed before the refusal is recorded, the call is found not applied, and is made again.
            cases.push(Failing { subject, faults, ends: vec!["undone", "failed", "done"] });
        }
    }
    matrix::run("an undoing is killed", &cases, name, |case| {
        let folder = Case::at(case.subject.stage);
        let first = countersign(&folder.path(), &case.subject.words("k"), &case.faults);
        let mut wrong = oracle::at_any_time(&folder.path(), case.subject);
        if first.crashed_at().is_none() {
            wrong.push(format!("did not die: {}", told(&first.err)));
        }
        countersign(&folder.path(), &case.subject.words("k"), &Faults::default());
        wrong.extend(oracle::at_end(&folder.path(), case.subject, "k", &case.ends));
        outcome(&folder, wrong, false)
    });
}

/// A commit made twice is one commit; a grant that is answered as a repetition gives no warrant, and the next command
/// settles it.
#[test]
fn every_commit_may_be_made_twice() {
    let mut cases = Vec::new();
    for subject in ALL {
        let commits = subject.points.iter().find(|(name, _)| *name == "ledger.commit.after").map_or(0, |(_, n)| *n);
        assert!(commits > 10, "{}", subject.workflow);
        // The runs of the others are made of the same steps: a sample of them.
        let is_whole = [PROVISION.workflow, ROTATE.workflow].contains(&subject.workflow);
        let wanted = if is_whole { usize::MAX } else { 6 };
        for number in Draw::of(subject.workflow).sample((1..=commits).collect(), wanted) {
            let faults = Faults { commit_twice: Some(number.to_string()), ..Faults::default() };
            cases.push(Failing { subject, faults, ends: vec!["done"] });
        }
    }
    matrix::run("a commit is made twice", &cases, name, |case| {
        let folder = Case::at(case.subject.stage);
        let watch = Watch::start(folder.path(), case.subject);
        let first = countersign(&folder.path(), &case.subject.words("k"), &case.faults);
        let second = countersign(&folder.path(), &case.subject.words("k"), &Faults::default());
        let mut wrong = watch.stop();
        if second.code != Some(0) {
            wrong.push(format!("{:?}, then {:?}: {}{}", first.code, second.code, first.err, second.err));
        }
        wrong.extend(oracle::at_end(&folder.path(), case.subject, "k", &case.ends));
        outcome(&folder, wrong, false)
    });
}

/// 50 ms for an attempt: what hangs is given up, and settled by what the target shows; what comes late is refused.
#[test]
fn deadlines_of_50_ms_hold() {
    let mut cases = Vec::new();
    for number in 1..=ROTATE.calls.len() {
        for lie in ["hang", "hang_applied"] {
            // On a busy machine an attempt may not begin within 50 ms: then nothing was changed, and the run says so.
            let faults = Faults::call(&format!("{number}:{lie}"));
            cases.push(Failing { subject: &ROTATE, faults, ends: vec!["done", "undone", "stuck"] });
        }
    }
    matrix::run("a deadline passes", &cases, name, |case| {
        let folder = Case::at(case.subject.stage).with_duration("50ms");
        let watch = Watch::start(folder.path(), case.subject);
        let ended = countersign(&folder.path(), &case.subject.words("k"), &case.faults);
        let mut wrong = watch.stop();
        if !ended.code.is_some_and(|code| [0, 1, 5].contains(&code)) {
            wrong.push(format!("ended with {:?}: {}{}", ended.code, ended.out, ended.err));
        }
        wrong.extend(oracle::at_end(&folder.path(), case.subject, "k", &case.ends));
        outcome(&folder, wrong, false)
    });
}
