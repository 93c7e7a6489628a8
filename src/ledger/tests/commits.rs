//! Many commits, one flush; a bad one alone; a repeated one the same.

use std::sync::Arc;

use countersign_kernel::evidence::tree::Frontier;
use countersign_warrant::{Blob, Journal as _, JournalError, Kind};

use super::Break;
use super::house::{House, closed, fact, fence, id, name, started};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_runs_share_their_flushes() {
    let house = House::new().await;
    let runs = (0..128).map(|run| {
        let ledger = Arc::clone(&house.ledger);
        tokio::spawn(async move {
            let (run, subject) = (format!("r{run}"), format!("local/account/a{run}"));
            let first = ledger.commit(fence(&run, 1), vec![started(&run, &subject, None)]).await.unwrap();
            for number in 1..5 {
                ledger.commit(fence(&run, 1), vec![fact(&run, number, "x")]).await.unwrap();
            }
            let last = ledger.commit(fence(&run, 1), vec![closed(&run, 5)]).await.unwrap();
            assert!(first[0].index < last[0].index && first[0].at <= last[0].at);
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    let batches = house.batches().await;
    assert!(batches < 128 * 6 / 4, "{batches} commits for 768 members");
    let store = house.ledger.store();
    let entries = store.entries_from(0, 10_000).await.unwrap();
    assert_eq!(entries.len(), 768);
    let mut tree = Frontier::default();
    for (entry, index) in entries.iter().zip(0..) {
        assert_eq!(entry.index, index);
        tree.push(countersign_kernel::evidence::tree::leaf_hash(&entry.statement));
    }
    assert!(entries.is_sorted_by_key(|entry| entry.at), "stamps never go backwards");
    assert_eq!(store.tree().await.unwrap(), tree);
    assert_eq!(store.holds().await.unwrap(), []);
    assert_eq!(store.entries_of_subject(&name("local/account/a3")).await.unwrap().len(), 6);
    assert_eq!(store.entries_of_subject(&name("files/client/a3")).await.unwrap().len(), 6);
    store.check_pages().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_member_is_answered_alone() {
    let house = House::new().await;
    for run in 0..40 {
        house.start(&format!("r{run}"), &format!("local/account/a{run}")).await;
    }
    let commits = (0..40).map(|run| {
        let ledger = Arc::clone(&house.ledger);
        tokio::spawn(async move {
            // Every fifth one comes under an epoch that was never given out.
            let name = format!("r{run}");
            let epoch = if run % 5 == 0 { 9 } else { 1 };
            (run, ledger.commit(fence(&name, epoch), vec![fact(&name, 1, "x")]).await)
        })
    });
    for commit in commits.collect::<Vec<_>>() {
        let (run, answer) = commit.await.unwrap();
        match answer {
            Ok(stamped) => assert!(run % 5 != 0 && stamped[0].id == id(&format!("r{run}"), 1)),
            Err(error) => {
                assert_eq!(error, JournalError::Stale { run: format!("r{run}").parse().unwrap(), epoch: 9 });
                assert_eq!(run % 5, 0);
            }
        }
    }
    assert_eq!(house.ledger.store().counts().await.unwrap().entries, 40 + 32);
}

#[tokio::test]
async fn a_repetition_is_answered_as_the_first_time() {
    let house = House::new().await;
    let fence = house.start("r1", "local/account/a").await;
    let entries = || vec![fact("r1", 1, "x"), fact("r1", 2, "y")];
    let first = house.ledger.commit(fence.clone(), entries()).await.unwrap();
    house.ledger.commit(fence.clone(), vec![fact("r1", 3, "z")]).await.unwrap();
    assert_eq!(house.ledger.commit(fence.clone(), entries()).await.unwrap(), first);
    assert_eq!(
        house.ledger.commit(fence.clone(), vec![started("r1", "local/account/a", None)]).await.unwrap().len(),
        1
    );
    let other = house.ledger.commit(fence.clone(), vec![fact("r1", 2, "w")]).await;
    assert_eq!(other, Err(JournalError::Taken { entry: id("r1", 2) }));
    let partly = house.ledger.commit(fence.clone(), vec![fact("r1", 3, "z"), fact("r1", 4, "n")]).await;
    assert_eq!(partly, Err(JournalError::Taken { entry: id("r1", 3) }));
    let end = house.ledger.commit(fence.clone(), vec![closed("r1", 9)]).await.unwrap();
    assert_eq!(house.ledger.commit(fence.clone(), vec![closed("r1", 9)]).await.unwrap(), end);
    let loaded = house.ledger.load("r1".parse().unwrap()).await.unwrap();
    assert_eq!(loaded.iter().map(|entry| entry.index.unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(loaded[1..3], first);
    assert_eq!(loaded[4].kind, Kind::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_twice_at_once_is_one_commit() {
    let house = House::new().await;
    let fence = house.start("r1", "local/account/a").await;
    let commits = (0..32).map(|_| {
        let (ledger, fence) = (Arc::clone(&house.ledger), fence.clone());
        tokio::spawn(async move { ledger.commit(fence, vec![fact("r1", 1, "x")]).await.unwrap() })
    });
    let mut answers = Vec::new();
    for commit in commits.collect::<Vec<_>>() {
        answers.push(commit.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(house.ledger.store().counts().await.unwrap().entries, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_waiting_stops_nothing() {
    let house = House::new().await;
    let fence = house.start("r1", "local/account/a").await;
    for number in 1..50 {
        let (ledger, fence) = (Arc::clone(&house.ledger), fence.clone());
        let commit = tokio::spawn(async move { ledger.commit(fence, vec![fact("r1", number, "x")]).await });
        tokio::task::yield_now().await;
        commit.abort();
    }
    house.ledger.commit(fence, vec![closed("r1", 99)]).await.unwrap();
    let entries = house.ledger.load("r1".parse().unwrap()).await.unwrap();
    assert_eq!(entries.last().unwrap().kind, Kind::Closed);
    assert!(entries.len() >= 2);
}

#[tokio::test]
async fn what_another_member_frees_may_be_taken_in_the_same_batch() {
    let house = House::new().await;
    let one = house.start("r1", "local/account/a").await;
    let before = house.batches().await;
    let (end, start) = tokio::join!(
        house.ledger.commit(one, vec![closed("r1", 1)]),
        house.ledger.commit(fence("r2", 1), vec![started("r2", "local/account/a", None)]),
    );
    assert_eq!((end.unwrap()[0].index, start.unwrap()[0].index), (Some(1), Some(2)));
    assert_eq!(house.batches().await, before + 2, "refused together, written one after the other");
}

#[tokio::test]
async fn two_commits_of_a_run_keep_their_order() {
    let house = House::new().await;
    let one = house.start("r1", "local/account/a").await;
    let (end, late) = tokio::join!(
        house.ledger.commit(one.clone(), vec![closed("r1", 1)]),
        house.ledger.commit(one, vec![fact("r1", 2, "x")]),
    );
    end.unwrap();
    let unfit = JournalError::Unfit { entry: id("r1", 2), reason: "the run is closed".to_owned() };
    assert_eq!(late, Err(unfit));
}

#[tokio::test]
async fn a_refusal_without_a_name_is_narrowed_down() {
    let house = House::new().await;
    let (one, two) = (house.start("r1", "local/account/a").await, house.start("r2", "local/account/b").await);
    house.breaks(Break::Bare).await;
    let (first, second) = tokio::join!(
        house.ledger.commit(one.clone(), vec![fact("r1", 1, "x")]),
        house.ledger.commit(two, vec![fact("r2", 1, "x")]),
    );
    assert_eq!((first.unwrap()[0].index, second.unwrap()[0].index), (Some(2), Some(3)));
    house.breaks(Break::Bare).await;
    let alone = house.ledger.commit(one, vec![fact("r1", 2, "x")]).await;
    assert!(matches!(alone, Err(JournalError::Unfit { .. })), "{alone:?}");
}

#[tokio::test]
async fn large_blobs_are_stored_once() {
    let house = House::new().await;
    let one = house.start("r1", "local/account/a").await;
    let blob = Blob::new(vec![7; 5000]);
    for number in 1..4 {
        let entry = fact("r1", number, "x").with_blobs(vec![blob.clone(), blob.clone()]);
        house.ledger.commit(one.clone(), vec![entry]).await.unwrap();
    }
    assert_eq!(house.ledger.store().blob(&blob.digest()).await.unwrap(), Some(blob));
}
