//! What a grant needs, and what comes of it when the commit fails.

use super::cases::{again, allowed, decision, done, entry, fence, intent, intent_on, mint};
use super::memory::{Fault, Memory, now};
use crate::{
    Allowed, Answer, DecisionBody, Entry, Fence, GrantError, IntentBody, JournalError, Kind, Mint, Moment, Stamped,
    Verdict, Warrant,
};

fn grant(mint: &Mint<Memory>, number: u64) -> Result<(Warrant, Vec<Stamped>), GrantError> {
    now(mint.grant(allowed(intent(number)), Vec::new(), fence()))
}

fn journal_code(answer: Result<(Warrant, Vec<Stamped>), GrantError>) -> &'static str {
    match answer {
        Err(GrantError::Journal(error)) => error.code(),
        other => panic!("a commit that failed answered {other:?}"),
    }
}

// inv:I1
#[test]
fn inv_i1_no_warrant_without_a_commit() {
    let (mint, _, journal) = mint();
    journal.fail_next(&[Fault::Refused]);
    assert_eq!(journal_code(grant(&mint, 11)), "journal.unavailable");
    assert!(journal.of_kind(Kind::Intent).is_empty());
    assert!(mint.lost().is_empty(), "no warrant was made, so none is lost");

    journal.lease(2);
    assert_eq!(journal_code(grant(&mint, 11)), "journal.stale");
    journal.lease(1);

    let (held, _) = grant(&mint, 11).unwrap();
    assert_eq!(journal_code(grant(&mint, 21)), "journal.held");
    let other = intent_on(11, "local/account/other");
    assert_eq!(journal_code(now(mint.grant(allowed(other), Vec::new(), fence()))), "journal.taken");
    assert_eq!(journal.of_kind(Kind::Intent).len(), 1);
    drop(held);
    assert_eq!(mint.lost(), [entry(11)]);
}

// inv:I1
#[test]
fn inv_i1_a_grant_of_unknown_fate_is_never_a_warrant() {
    let (mint, _, journal) = mint();
    journal.fail_next(&[Fault::Lost]);
    assert_eq!(journal_code(grant(&mint, 11)), "journal.unknown");
    assert!(journal.of_kind(Kind::Intent).is_empty());

    for (number, fault) in [(11, Fault::Silent), (21, Fault::Empty)] {
        journal.fail_next(&[fault]);
        let on = intent_on(number, &format!("local/account/n{number}"));
        match now(mint.grant(allowed(on.clone()), Vec::new(), fence())) {
            Err(GrantError::Open(open)) => assert_eq!(*open.intent(), on, "{fault:?}"),
            other => panic!("{fault:?}: found in the ledger, yet answered {other:?}"),
        }
    }
    assert_eq!(now(mint.recover(fence().run)).unwrap().open.len(), 2);
    assert!(mint.lost().is_empty());
}

// inv:I1
#[test]
fn inv_i1_a_grant_that_cannot_be_read_again_is_never_a_warrant() {
    let (mint, _, journal) = mint();
    journal.fail_next(&[Fault::Silent]);
    journal.set_unreadable(true);
    assert_eq!(journal_code(grant(&mint, 11)), "journal.unknown");
    journal.set_unreadable(false);
    assert_eq!(now(mint.recover(fence().run)).unwrap().open.len(), 1, "it is found when it can be read");
}

// inv:I1
#[test]
fn inv_i1_decision_and_intent_stand_in_one_commit() {
    let (mint, mark, journal) = mint();
    let (warrant, stamped) = grant(&mint, 11).unwrap();
    assert_eq!(journal.commits(), 1);
    assert_eq!(stamped.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::Decision, Kind::Intent]);

    let judged: DecisionBody = stamped[0].decode().unwrap();
    assert_eq!((judged.moment, judged.decision.verdict), (Moment::Act, Verdict::Allow));
    let granted: IntentBody = stamped[1].decode().unwrap();
    assert_eq!(granted.decision.as_ref(), Some(&stamped[0].id));
    assert_eq!(granted.intent, *warrant.intent(), "the warrant says what is recorded, and nothing else");
    assert_eq!(warrant.deadline(), stamped[1].at.plus_millis(granted.intent.call.limits.duration_ms));
    assert_eq!(*warrant.fence(), fence());
    assert!(mark.is_of(&warrant));
    assert!(matches!(now(mint.record(warrant.settle(done()), fence())).unwrap().answer, Answer::Done(_)));
}

// inv:I1 a warrant of another mint opens nothing.
#[test]
fn inv_i1_a_mark_knows_only_the_warrants_of_its_mint() {
    let ((one, own, _), (other, foreign, _)) = (mint(), mint());
    let (warrant, _) = grant(&one, 11).unwrap();
    let (stranger, _) = grant(&other, 11).unwrap();
    assert!(own.is_of(&warrant) && foreign.is_of(&stranger));
    assert!(!own.is_of(&stranger) && !foreign.is_of(&warrant));
}

// inv:I1
#[test]
fn inv_i1_only_the_mint_writes_intents_receipts_and_findings() {
    for &kind in Kind::ALL {
        let own = [Kind::Intent, Kind::Receipt, Kind::Finding].contains(&kind);
        let built = Entry::new(entry(1), kind, serde_json::json!({}));
        assert_eq!(built.is_err(), own, "{kind}");
    }
}

// inv:I4
#[test]
fn inv_i4_neither_a_denial_nor_an_error_becomes_allowed() {
    assert!(Allowed::judged(intent(11), decision(Verdict::Deny), entry(10)).is_err());
    let mut erring = decision(Verdict::Allow);
    erring.errors.push("`context.level` is not there".to_owned());
    assert!(Allowed::judged(intent(11), erring, entry(10)).is_err());
    assert!(Allowed::judged(intent(11), decision(Verdict::Allow), entry(10)).is_ok());
}

// inv:I1
#[test]
fn inv_i1_a_grant_takes_first_attempts_of_its_own_run_only() {
    let (mint, _, journal) = mint();
    let mut second = intent(11);
    second.attempt = 2;
    let retry = again(&intent(7), 11);
    for wrong in [second, retry] {
        let answer = now(mint.grant(allowed(wrong), Vec::new(), fence()));
        assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");
    }
    let elsewhere = Fence { run: "r2".parse().unwrap(), epoch: 1 };
    let answer = now(mint.grant(allowed(intent(11)), Vec::new(), elsewhere));
    assert!(matches!(answer, Err(GrantError::Mismatch(_))), "{answer:?}");
    assert_eq!(journal.commits(), 0);
}

// inv:I5, beh:R4
#[test]
fn inv_i5_a_stale_fence_neither_grants_nor_records_nor_settles() {
    let (mint, _, journal) = mint();
    let (warrant, _) = grant(&mint, 11).unwrap();
    journal.lease(2);
    let (receipt, error) = now(mint.record(warrant.settle(done()), fence())).unwrap_err();
    assert!(matches!(error, JournalError::Stale { .. }));
    assert_eq!(receipt.intent().entry, entry(11));
    let open = now(mint.recover(fence().run)).unwrap().open.remove(0);
    let finding = crate::Finding::Applied(crate::Applied::default());
    let error = now(mint.settle(open, finding, fence())).unwrap_err();
    assert_eq!(error.code(), "journal.stale");
    assert_eq!(journal.commits(), 1);
}
