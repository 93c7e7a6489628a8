//! Receipts, findings, retries and undos: how an intent closes, and what keeps it open.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::cases::{
    again, allowed, applied, believable, done, entry, fence, indeterminate, intent, intent_on, mint, refused,
};
use super::memory::{Fault, Memory, now};
use crate::{
    Answer, Digest, DoneIntent, EntryId, Fence, Finding, GrantError, IntentBody, JournalError, Kind, Mint, OpenIntent,
    Outcome, Retry, SettleError, Timestamp, Verdict, Warrant,
};

fn grant(mint: &Mint<Memory>, number: u64) -> Warrant {
    now(mint.grant(allowed(intent(number)), Vec::new(), fence())).unwrap().0
}

fn answer(mint: &Mint<Memory>, warrant: Warrant, outcome: Outcome) -> Answer {
    now(mint.record(warrant.settle(outcome), fence())).unwrap().answer
}

fn open(mint: &Mint<Memory>, warrant: Warrant) -> OpenIntent {
    match answer(mint, warrant, indeterminate()) {
        Answer::Open(open) => open,
        other => panic!("an indeterminate end answered {other:?}"),
    }
}

fn not_applied(mint: &Mint<Memory>, open: OpenIntent) -> Answer {
    let observed_at = open.believable_at();
    now(mint.settle(open, Finding::NotApplied { observed_at }, fence())).unwrap().answer
}

fn retry(mint: &Mint<Memory>, number: u64) -> Retry {
    let granted = grant(mint, number);
    match not_applied(mint, open(mint, granted)) {
        Answer::Retry(retry) => retry,
        other => panic!("not applied answered {other:?}"),
    }
}

fn done_intent(mint: &Mint<Memory>, number: u64) -> DoneIntent {
    match answer(mint, grant(mint, number), done()) {
        Answer::Done(done) => done,
        other => panic!("done answered {other:?}"),
    }
}

fn open_entries(mint: &Mint<Memory>) -> Vec<EntryId> {
    now(mint.recover(fence().run)).unwrap().open.iter().map(|open| open.intent().entry.clone()).collect()
}

// inv:I2
#[test]
fn inv_i2_done_and_refused_close_and_indeterminate_does_not() {
    let (mint, _, _) = mint();
    assert!(matches!(answer(&mint, grant(&mint, 11), refused()), Answer::Refused(_)));
    assert!(open_entries(&mint).is_empty());
    let done = done_intent(&mint, 21);
    assert_eq!(*done.applied(), applied());
    assert!(open_entries(&mint).is_empty());
    let open = open(&mint, grant(&mint, 31));
    assert_eq!(open_entries(&mint), [open.intent().entry.clone()]);
}

// inv:I2
#[test]
fn inv_i2_recording_twice_is_recording_once() {
    let (mint, _, journal) = mint();
    let receipt = grant(&mint, 11).settle(done());
    journal.fail_next(&[Fault::Refused, Fault::Lost, Fault::Silent]);
    let (receipt, refused) = now(mint.record(receipt, fence())).unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused:?}");
    let (receipt, lost) = now(mint.record(*receipt, fence())).unwrap_err();
    assert!(matches!(lost, JournalError::Unknown { .. }), "{lost:?}");
    assert!(journal.of_kind(Kind::Receipt).is_empty());
    let (receipt, silent) = now(mint.record(*receipt, fence())).unwrap_err();
    assert!(matches!(silent, JournalError::Unknown { .. }), "{silent:?}");
    let before = journal.of_kind(Kind::Receipt);
    let settled = now(mint.record(*receipt, fence())).unwrap();
    assert!(matches!(settled.answer, Answer::Done(_)));
    assert_eq!((before.len(), journal.of_kind(Kind::Receipt)), (1, before));
}

// inv:I2
#[test]
fn inv_i2_a_dropped_warrant_is_reported_and_its_intent_stays_open() {
    let (mint, _, _) = mint();
    drop(grant(&mint, 11));
    assert_eq!(mint.lost(), [entry(11)]);
    assert!(mint.lost().is_empty(), "each loss is reported once");
    assert_eq!(open_entries(&mint), [entry(11)]);
}

// inv:I2
#[test]
fn inv_i2_an_act_that_panics_loses_its_warrant_and_closes_nothing() {
    let (mint, _, _) = mint();
    let warrant = grant(&mint, 11);
    let act = AssertUnwindSafe(move || {
        let _held = warrant;
        std::panic::resume_unwind(Box::new("the connector's own bug"));
    });
    assert!(catch_unwind(act).is_err());
    assert_eq!(mint.lost(), [entry(11)]);
    assert_eq!(open_entries(&mint), [entry(11)]);
}

// inv:I2
#[test]
fn inv_i2_a_stashed_warrant_cannot_be_settled_after_the_finding() {
    let (mint, _, _) = mint();
    let stashed = grant(&mint, 11);
    let open = now(mint.recover(fence().run)).unwrap().open.remove(0);
    assert_eq!(open.deadline(), stashed.deadline());
    assert!(matches!(not_applied(&mint, open), Answer::Retry(_)));
    let (_, error) = now(mint.record(stashed.settle(done()), fence())).unwrap_err();
    assert!(matches!(error, JournalError::Unfit { .. }), "{error:?}");
}

// inv:I2
#[test]
fn inv_i2_not_applied_is_not_believed_before_deadline_and_lateness() {
    let (mint, _, journal) = mint();
    let (warrant, stamped) = now(mint.grant(allowed(intent(11)), Vec::new(), fence())).unwrap();
    let until = believable(stamped[1].at);
    let commits = {
        let open = open(&mint, warrant);
        let commits = journal.commits();
        let observed_at = Timestamp::from_micros(until.micros() - 1);
        let error = now(mint.settle(open, Finding::NotApplied { observed_at }, fence())).unwrap_err();
        assert!(matches!(&error, SettleError::Early { until: asked, .. } if *asked == until), "{error:?}");
        assert_eq!(error.code(), "settle.early");
        commits
    };
    assert_eq!(journal.commits(), commits, "nothing was recorded");
    let open = now(mint.recover(fence().run)).unwrap().open.remove(0);
    let settled = now(mint.settle(open, Finding::NotApplied { observed_at: until }, fence())).unwrap();
    assert!(matches!(settled.answer, Answer::Retry(_)));
}

// inv:I2
#[test]
fn inv_i2_applied_and_declared_close_at_once() {
    let (mint, _, _) = mint();
    let found = open(&mint, grant(&mint, 11));
    let settled = now(mint.settle(found, Finding::Applied(applied()), fence())).unwrap();
    assert!(matches!(&settled.answer, Answer::Done(done) if *done.applied() == applied()));

    let abandoned = open(&mint, grant(&mint, 21));
    let finding = Finding::Declared { by: "p_00".to_owned(), reason: Digest::of(b"seen by hand") };
    assert!(matches!(now(mint.settle(abandoned, finding, fence())).unwrap().answer, Answer::Declared));
    let found = now(mint.recover(fence().run)).unwrap();
    assert!(found.open.is_empty() && found.retries.is_empty());
    assert_eq!(found.done.len(), 1);
}

// inv:I1
#[test]
fn inv_i1_a_retry_repeats_the_same_change_with_the_next_number() {
    let base = intent(11);
    let next = again(&base, 21);
    let mut other_key = next.clone();
    other_key.call.materials.insert("key".to_owned(), "local/account/reporting@2".parse().unwrap());
    let wrong = [
        again(&next, 21),
        other_key,
        crate::Intent { attempt: 1, ..next.clone() },
        crate::Intent { origin: crate::Origin::Plan, ..next.clone() },
        crate::Intent { origin: crate::Origin::Retry(entry(12)), ..next.clone() },
        crate::Intent { undo: None, ..next.clone() },
        crate::Intent { plan: Digest::of(b"another plan"), ..next.clone() },
        intent_on(21, "local/account/other"),
    ];
    for wrong in wrong {
        let (mint, _, journal) = mint();
        let retry = retry(&mint, 11);
        let commits = journal.commits();
        let answer = now(mint.retry(retry, allowed(wrong), Vec::new(), fence()));
        assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");
        assert_eq!(journal.commits(), commits);
    }

    let (mint, _, journal) = mint();
    let retry = retry(&mint, 11);
    let (warrant, stamped) = now(mint.retry(retry, allowed(next.clone()), Vec::new(), fence())).unwrap();
    assert_eq!(*warrant.intent(), next);
    assert_eq!(stamped[0].kind, Kind::Decision, "a retry asks for a fresh decision");
    assert_eq!(journal.of_kind(Kind::Intent).len(), 2);
    drop(warrant);
}

// inv:I1
#[test]
fn inv_i1_an_undo_is_the_one_that_was_judged_and_asks_no_decision() {
    let (mint, _, _) = mint();
    let done = done_intent(&mint, 11);
    let (warrant, stamped) = now(mint.undo(done, entry(21), fence())).unwrap();
    assert_eq!(stamped.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::Intent]);
    let body: IntentBody = stamped[0].decode().unwrap();
    assert_eq!(body.decision, None);
    assert_eq!(Some(&warrant.intent().call), intent(11).undo.as_ref());
    assert_eq!(warrant.intent().undo, None, "an undo is not undone");
    assert!(matches!(answer(&mint, warrant, super::cases::done()), Answer::Undone(of) if of == entry(11)));
    assert!(now(mint.recover(fence().run)).unwrap().done.is_empty());
}

// inv:I1
#[test]
fn inv_i1_an_undo_that_was_not_judged_is_not_granted() {
    let (mint, _, _) = mint();
    let without = crate::Intent { undo: None, ..intent(11) };
    assert_eq!(allowed(without.clone()).intent().undo, None);
    let warrant = now(mint.grant(allowed(without), Vec::new(), fence())).unwrap().0;
    let Answer::Done(done) = answer(&mint, warrant, done()) else { panic!("not done") };
    let answer = now(mint.undo(done, entry(21), fence()));
    assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");
}

// inv:I5
#[test]
fn inv_i5_neither_undo_nor_retry_crosses_into_another_run() {
    let elsewhere = Fence { run: "r2".parse().unwrap(), epoch: 1 };
    let (mint, _, journal) = mint();
    let done = done_intent(&mint, 11);
    let there = EntryId::of_run(&elsewhere.run, 21);
    let answer = now(mint.undo(done, there.clone(), elsewhere.clone()));
    assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");

    let retry = retry(&mint, 31);
    let next = crate::Intent { entry: there, ..again(retry.intent(), 21) };
    let judged = crate::Allowed::judged(next, super::cases::decision(Verdict::Allow), entry(20)).unwrap();
    let commits = journal.commits();
    let answer = now(mint.retry(retry, judged, Vec::new(), elsewhere));
    assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");
    assert_eq!(journal.commits(), commits);
}

// inv:I2
#[test]
fn inv_i2_an_undo_found_not_applied_may_be_granted_again() {
    let (mint, _, journal) = mint();
    let done = done_intent(&mint, 11);
    let (warrant, _) = now(mint.undo(done, entry(21), fence())).unwrap();
    let first = open(&mint, warrant);
    assert!(now(mint.recover(fence().run)).unwrap().done.is_empty(), "the open undo stands for what it reverses");

    let commits = journal.commits();
    journal.set_unreadable(true);
    let observed_at = first.believable_at();
    let error = now(mint.settle(first, Finding::NotApplied { observed_at }, fence())).unwrap_err();
    assert!(matches!(error, SettleError::Recover(_)), "{error:?}");
    assert_eq!(journal.commits(), commits, "an error means that nothing was recorded");
    journal.set_unreadable(false);

    let first = now(mint.recover(fence().run)).unwrap().open.remove(0);
    let Answer::UndoAgain(done) = not_applied(&mint, first) else { panic!("no second undo") };
    let (warrant, _) = now(mint.undo(done, entry(31), fence())).unwrap();
    assert!(matches!(answer(&mint, warrant, super::cases::done()), Answer::Undone(of) if of == entry(11)));
}
