//! The rules that the database keeps: fences, holds, open intents, stages, first and last entries.

use countersign_kernel::run::bodies::{RunOutcome, Stage};
use countersign_warrant::{
    Answer, Applied, Doubt, Entry, Finding, GrantError, Journal as _, JournalError, Kind, Outcome,
};
use serde_json::json;

use super::house::{House, allowed, closed, fact, fence, id, moved, name, sealed, started};
use crate::store::RunState;

const ACCOUNT: &str = "local/account/a";

fn reason(answer: Result<impl std::fmt::Debug, JournalError>) -> String {
    match answer {
        Err(JournalError::Unfit { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_has_a_first_and_a_last_entry() {
    let house = House::new().await;
    let early = house.ledger.commit(fence("r1", 1), vec![fact("r1", 0, "x")]).await;
    assert_eq!(reason(early), "the run has not started");
    let fence = house.start("r1", ACCOUNT).await;
    let again = started("r1", ACCOUNT, None);
    let again = Entry::new(id("r1", 7), Kind::Started, again.predicate().clone()).unwrap();
    assert_eq!(reason(house.ledger.commit(fence.clone(), vec![again]).await), "the run has started already");
    let inside = vec![closed("r1", 8), fact("r1", 9, "x")];
    assert_eq!(reason(house.ledger.commit(fence.clone(), inside).await), "nothing follows `closed`");
    house.ledger.commit(fence.clone(), vec![closed("r1", 9)]).await.unwrap();
    let late = house.ledger.commit(fence, vec![fact("r1", 10, "x")]).await;
    assert_eq!(reason(late), "the run is closed");
    let run = house.ledger.store().run(&"r1".parse().unwrap()).await.unwrap().unwrap();
    assert!(matches!(run.state, RunState::Closed { outcome: RunOutcome::Done, .. }));
    assert_eq!(run.lease, None);
}

#[tokio::test]
async fn resources_are_held_all_or_none() {
    let house = House::new().await;
    let fence_one = house.start("r1", ACCOUNT).await;
    // The other subject's sink is the same file.
    let second = house.ledger.commit(fence("r2", 1), vec![started("r2", "local/certificate/a", None)]).await;
    let held = JournalError::Held { resource: name("files/client/a"), holder: "r1".parse().unwrap() };
    assert_eq!(second, Err(held));
    let store = house.ledger.store();
    assert_eq!(store.run(&"r2".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.holder(&name("local/certificate/a")).await.unwrap(), None);
    house.ledger.commit(fence_one, vec![closed("r1", 1)]).await.unwrap();
    house.start("r2", "local/certificate/a").await;
    assert_eq!(store.holder(&name("files/client/a")).await.unwrap(), Some("r2".parse().unwrap()));
}

#[tokio::test]
async fn one_trigger_starts_one_run() {
    let house = House::new().await;
    house.ledger.commit(fence("r1", 1), vec![started("r1", ACCOUNT, Some("k"))]).await.unwrap();
    let second = house.ledger.commit(fence("r2", 1), vec![started("r2", "local/account/b", Some("k"))]).await;
    assert_eq!(reason(second), "its trigger started run `r1` already");
    let found = house.ledger.store().run_by_trigger("rotate-reporting", "k").await.unwrap().unwrap();
    assert_eq!(found.id, "r1".parse().unwrap());
}

#[tokio::test]
async fn an_open_intent_blocks_its_resource_until_it_is_settled() {
    let house = House::new().await;
    let (fence, mint) = (house.start("r1", ACCOUNT).await, house.mint());
    let (warrant, _) = mint.grant(allowed("r1", 1, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await.unwrap();
    let second = mint.grant(allowed("r1", 10, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await;
    let held = JournalError::Held { resource: name(ACCOUNT), holder: "r1".parse().unwrap() };
    assert!(matches!(second, Err(GrantError::Journal(error)) if error == held));
    let foreign = mint.grant(allowed("r1", 20, ACCOUNT, "local/account/z"), Vec::new(), fence.clone()).await;
    assert!(matches!(foreign, Err(GrantError::Journal(JournalError::Unfit { .. }))));
    let early = house.ledger.commit(fence.clone(), vec![closed("r1", 30)]).await;
    assert_eq!(reason(early), "intent `r1/2` is open");

    let doubt = Doubt { code: "local.lost".to_owned(), message: "no answer".to_owned() };
    let settled = mint.record(warrant.settle(Outcome::Indeterminate(doubt)), fence.clone()).await.unwrap();
    let Answer::Open(open) = settled.answer else { panic!("{settled:?}") };
    assert_eq!(house.ledger.store().counts().await.unwrap().open_intents, 1);
    let settled = mint.settle(open, Finding::Applied(Applied::default()), fence.clone()).await.unwrap();
    assert!(matches!(settled.answer, Answer::Done(_)));
    assert_eq!(house.ledger.store().counts().await.unwrap().open_intents, 0);
    house.ledger.commit(fence, vec![closed("r1", 30)]).await.unwrap();
}

#[tokio::test]
async fn a_receipt_needs_an_open_intent() {
    let house = House::new().await;
    let (fence, mint) = (house.start("r1", ACCOUNT).await, house.mint());
    let (warrant, _) = mint.grant(allowed("r1", 1, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await.unwrap();
    let open = mint.recover("r1".parse().unwrap()).await.unwrap().open.remove(0);
    let declared = Finding::Declared { by: "p_1".to_owned(), reason: countersign_warrant::Digest::of(b"x") };
    mint.settle(open, declared, fence.clone()).await.unwrap();
    let late = Entry::new(id("r1", 9), Kind::Receipt, json!({}));
    assert!(late.is_err(), "nobody but the mint writes receipts");
    // The answer of the attempt comes after all.
    let answer = mint.record(warrant.settle(Outcome::Done(Applied::default())), fence).await;
    assert_eq!(reason(answer.map_err(|(_, error)| error)), "the intent is closed");
}

/// inv:I1: granting is never a repetition, so that one intent has one warrant.
#[tokio::test]
async fn inv_i1_one_intent_is_granted_once() {
    let house = House::new().await;
    let (fence, mint) = (house.start("r1", ACCOUNT).await, house.mint());
    let first = mint.grant(allowed("r1", 1, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await.unwrap();
    for again in [&mint, &house.mint()] {
        let second = again.grant(allowed("r1", 1, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await;
        let refused =
            matches!(&second, Err(GrantError::Journal(JournalError::Taken { .. } | JournalError::Held { .. })));
        assert!(refused, "{second:?}");
    }
    drop(first);
}

#[tokio::test]
async fn versions_move_forward_only() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    let commit = |entries: Vec<Entry>| house.ledger.commit(fence.clone(), entries);
    assert_eq!(reason(commit(vec![moved("r1", 1, ACCOUNT, 1, Stage::Current)]).await), "there is no such version");
    commit(vec![sealed("r1", 1, ACCOUNT, 1)]).await.unwrap();
    let twice = reason(commit(vec![sealed("r1", 2, ACCOUNT, 2)]).await);
    assert_eq!(twice, "a version of `local/account/a` is pending already");
    assert_eq!(reason(commit(vec![moved("r1", 2, ACCOUNT, 1, Stage::Previous)]).await), "version 1 is pending");
    commit(vec![moved("r1", 2, ACCOUNT, 1, Stage::Current)]).await.unwrap();
    commit(vec![sealed("r1", 3, ACCOUNT, 2)]).await.unwrap();
    let two = reason(commit(vec![moved("r1", 4, ACCOUNT, 2, Stage::Current)]).await);
    assert_eq!(two, "version 1 of `local/account/a` is still current");
    let both = vec![moved("r1", 4, ACCOUNT, 2, Stage::Current), moved("r1", 5, ACCOUNT, 1, Stage::Previous)];
    commit(both).await.unwrap();
    commit(vec![moved("r1", 6, ACCOUNT, 1, Stage::Retired)]).await.unwrap();
    let back = commit(vec![moved("r1", 7, ACCOUNT, 1, Stage::Current)]).await;
    assert_eq!(reason(back), "version 1 is retired");
    let again = commit(vec![sealed("r1", 8, ACCOUNT, 2)]).await;
    assert_eq!(reason(again), "the next version of `local/account/a` is 3 or later");
    let foreign = commit(vec![sealed("r1", 8, "local/account/b", 1)]).await;
    assert_eq!(reason(foreign), "`local/account/b` is not the subject of its run");

    let store = house.ledger.store();
    let current = store.current_version(&name(ACCOUNT)).await.unwrap().unwrap();
    assert_eq!((current.id.number, current.entry), (2, id("r1", 4)));
    assert!(store.blob(&current.blob).await.unwrap().is_some());
    let stages: Vec<_> = store.versions(&name(ACCOUNT)).await.unwrap().iter().map(|version| version.stage).collect();
    assert_eq!(stages, [Stage::Retired, Stage::Current]);
    assert_eq!(store.pending_version(&name(ACCOUNT)).await.unwrap(), None);
}

/// What a run leaves pending that somebody let go of keeps no later run from sealing, and can still come to be current.
#[tokio::test]
async fn a_version_that_was_left_pending_blocks_none() {
    let house = House::new().await;
    let first = house.start("r1", ACCOUNT).await;
    let entries = vec![sealed("r1", 1, ACCOUNT, 1), closed("r1", 2)];
    house.ledger.commit(first, entries).await.unwrap();
    let second = house.start("r2", ACCOUNT).await;
    house.ledger.commit(second.clone(), vec![sealed("r2", 1, ACCOUNT, 2)]).await.unwrap();
    let twice = house.ledger.commit(second.clone(), vec![sealed("r2", 2, ACCOUNT, 3)]).await;
    assert_eq!(reason(twice), "a version of `local/account/a` is pending already");
    house.ledger.commit(second, vec![moved("r2", 2, ACCOUNT, 1, Stage::Current)]).await.unwrap();
    let stages: Vec<_> = house.ledger.store().versions(&name(ACCOUNT)).await.unwrap();
    let stages: Vec<_> = stages.iter().map(|version| version.stage).collect();
    assert_eq!(stages, [Stage::Current, Stage::Pending]);
}

#[tokio::test]
async fn a_version_without_bytes_cannot_be() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    let with = sealed("r1", 1, ACCOUNT, 1);
    let without = Entry::new(with.id().clone(), Kind::Version, with.predicate().clone()).unwrap();
    assert_eq!(reason(house.ledger.commit(fence, vec![without]).await), "the sealed bytes are not stored");
}

#[tokio::test]
async fn waits_show_in_the_runs_state() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    let wait = |number, wait: serde_json::Value| {
        let body = json!({"step": "rotate.soak", "wait": wait});
        vec![Entry::new(id("r1", number), Kind::Wait, body).unwrap()]
    };
    let store = house.ledger.store();
    let until = super::house::now();
    house.ledger.commit(fence.clone(), wait(1, json!({"for": "until", "at": until}))).await.unwrap();
    assert_eq!(store.due_runs(until, 9).await.unwrap()[0].state, RunState::Waiting { until });
    house.ledger.commit(fence.clone(), wait(2, json!({"for": "over"}))).await.unwrap();
    assert_eq!(store.open_runs().await.unwrap()[0].state, RunState::Running);
    house.ledger.commit(fence.clone(), wait(3, json!({"for": "until", "at": until}))).await.unwrap();
    let observed = |number, about: &str| {
        let body = json!({"step": "rotate.soak", "about": about, "holds": false, "facts": {}});
        vec![Entry::new(id("r1", number), Kind::Fact, body).unwrap()]
    };
    house.ledger.commit(fence.clone(), observed(4, "evidence")).await.unwrap();
    assert_eq!(store.open_runs().await.unwrap()[0].state, RunState::Waiting { until });
    house.ledger.commit(fence.clone(), observed(5, "timeout")).await.unwrap();
    assert_eq!(store.open_runs().await.unwrap()[0].state, RunState::Running, "a wait ends with the time of its step");
    let person = json!({"for": "person", "code": "run.stuck", "message": "look"});
    house.ledger.commit(fence, wait(6, person)).await.unwrap();
    assert_eq!(store.stuck_runs().await.unwrap()[0].id, "r1".parse().unwrap());
    assert_eq!(store.counts().await.unwrap().stuck_runs, 1);
}

#[tokio::test]
async fn entries_of_no_run_stand_alone() {
    let house = House::new().await;
    let body = json!({"workflows": [], "policies": [], "commit": null, "by": "p_1"});
    let activation = |key: &str| Entry::new(key.parse().unwrap(), Kind::Activation, body.clone()).unwrap();
    let first = house.ledger.append(vec![activation("activation:a1")]).await.unwrap();
    house.ledger.append(vec![activation("activation:a2")]).await.unwrap();
    assert_eq!(house.ledger.append(vec![activation("activation:a1")]).await.unwrap(), first);
    let current = house.ledger.store().current_activation().await.unwrap().unwrap();
    assert_eq!(current.entry, "activation:a2".parse().unwrap());
    assert!(reason(house.ledger.append(vec![fact("r1", 1, "x")]).await).contains("fence"));
    assert!(reason(house.ledger.append(vec![activation("key:a1")]).await).contains("begins with its kind"));
    let of_none = Entry::new(id("r1", 1), Kind::Key, json!({})).unwrap();
    let fence = house.start("r1", ACCOUNT).await;
    assert_eq!(reason(house.ledger.commit(fence, vec![of_none]).await), "the kind is of no run");
}

#[tokio::test]
async fn a_leaf_has_a_largest_size() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    let large = house.ledger.commit(fence.clone(), vec![fact("r1", 1, &"x".repeat(50_000))]).await;
    assert!(matches!(large, Err(JournalError::TooLarge { bytes, .. }) if bytes > 49_152));
    house.ledger.commit(fence, vec![fact("r1", 1, "x")]).await.unwrap();
}
