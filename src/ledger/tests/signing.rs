//! The signer: what it signs, and what it refuses.

use countersign_kernel::evidence::checkpoint::Checkpoint;
use countersign_kernel::evidence::verify::{Leaf, verify};
use countersign_kernel::run::bodies::Stage;
use countersign_warrant::{Applied, Entry, Journal as _, Kind, Outcome};
use sqlx::Connection as _;

use super::house::{House, allowed, closed, fact, key, moved, sealed};
use crate::ledger::Ledger;
use crate::store::{Store, connect_writer};

const ACCOUNT: &str = "local/account/a";

async fn grow(ledger: &Ledger, from: u64, to: u64) {
    let fence = super::house::fence("r1", 1);
    for number in from..to {
        ledger.commit(fence.clone(), vec![fact("r1", number, "x")]).await.unwrap();
    }
}

#[tokio::test]
async fn the_committed_tree_is_signed() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    grow(&house.ledger, 1, 20).await;
    let covering = house.ledger.checkpoint_covering(19).await.unwrap();
    let opened = Checkpoint::open(&covering.note, &key(7).verifier_key().unwrap()).unwrap();
    let tree = house.ledger.store().tree().await.unwrap();
    assert_eq!((opened.size, opened.root), (20, tree.root()));
    house.ledger.close().await.unwrap();
    let read = Store::open_read_only(&house.path()).await.unwrap();
    assert_eq!(read.latest_checkpoint().await.unwrap(), Some(covering.clone()));
    assert_eq!(read.checkpoint_covering(3).await.unwrap().unwrap().root.to_string().len(), 64);
    let reopened = House::open(&house.folder, "one").await.unwrap();
    assert_eq!(reopened.checkpoint_covering(0).await.unwrap(), covering);
}

/// A whole run through the mint, read back and judged by the verifier that trusts nobody.
#[tokio::test]
async fn what_is_written_verifies() {
    let house = House::new().await;
    let body = serde_json::json!({"workflows": [], "policies": [], "commit": null, "by": "p_1"});
    house
        .ledger
        .append(vec![Entry::new("activation:a1".parse().unwrap(), Kind::Activation, body).unwrap()])
        .await
        .unwrap();
    let (fence, mint) = (house.start("r1", ACCOUNT).await, house.mint());
    house.ledger.commit(fence.clone(), vec![sealed("r1", 1, ACCOUNT, 1)]).await.unwrap();
    let (warrant, _) = mint.grant(allowed("r1", 2, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await.unwrap();
    mint.record(warrant.settle(Outcome::Done(Applied::default())), fence.clone()).await.unwrap();
    let last = vec![moved("r1", 8, ACCOUNT, 1, Stage::Current), closed("r1", 9)];
    let stamped = house.ledger.commit(fence, last).await.unwrap();
    let note = house.ledger.checkpoint_covering(stamped[1].index.unwrap()).await.unwrap().note;
    let entries = house.ledger.store().entries_from(0, 99).await.unwrap();
    let leaves: Vec<Leaf> = entries
        .into_iter()
        .map(|entry| Leaf { index: entry.index, bytes: entry.statement, stored_hash: Some(entry.leaf) })
        .collect();
    let report = verify(&leaves, &note, &key(7).verifier_key().unwrap());
    assert_eq!((report.size, report.runs, report.faults), (8, 1, Vec::new()));
}

#[tokio::test]
async fn an_idle_ledger_keeps_its_checkpoint() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    let mut kept = None;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        kept = house.ledger.store().latest_checkpoint().await.unwrap();
        if kept.is_some() {
            break;
        }
    }
    assert_eq!(kept.unwrap().size, 1);
}

#[tokio::test]
async fn a_store_that_was_set_back_is_refused() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    house.ledger.close().await.unwrap();
    let backup = std::fs::read(house.path()).unwrap();
    let house = House { ledger: House::open(&house.folder, "one").await.unwrap().into(), folder: house.folder };
    grow(&house.ledger, 1, 5).await;
    house.ledger.close().await.unwrap();
    std::fs::write(house.path(), &backup).unwrap();
    let refused = House::open(&house.folder, "one").await.unwrap_err();
    assert_eq!(refused.code(), "ledger.rollback");
}

#[tokio::test]
async fn another_history_is_refused() {
    let (one, two) = (House::new().await, House::new().await);
    for house in [&one, &two] {
        house.start("r1", ACCOUNT).await;
        grow(&house.ledger, 1, 5).await;
        house.ledger.close().await.unwrap();
    }
    // Same entries, other stamps: the same size and another root.
    std::fs::copy(two.path(), one.path()).unwrap();
    assert_eq!(House::open(&one.folder, "one").await.unwrap_err().code(), "ledger.fork");
}

#[tokio::test]
async fn a_changed_leaf_hash_is_not_signed_after_a_restart() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    grow(&house.ledger, 1, 5).await;
    house.ledger.close().await.unwrap();
    let head = std::fs::read(house.folder.path().join("ledger.head")).unwrap();
    let house = House { ledger: House::open(&house.folder, "one").await.unwrap().into(), folder: house.folder };
    grow(&house.ledger, 5, 9).await;
    house.ledger.close().await.unwrap();
    std::fs::write(house.folder.path().join("ledger.head"), head).unwrap();
    let mut hand = connect_writer(&house.path()).await.unwrap();
    sqlx::query("drop trigger entries_never_change").execute(&mut hand).await.unwrap();
    sqlx::query("update entries set leaf = zeroblob(32) where idx = 6").execute(&mut hand).await.unwrap();
    hand.close().await.unwrap();
    assert_eq!(House::open(&house.folder, "one").await.unwrap_err().code(), "ledger.fork");
}

/// After a crash the file may know more than the table (the signature was not stored yet), or, set back by hand, less.
#[tokio::test]
async fn file_and_table_may_be_apart_by_a_crash() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    house.ledger.close().await.unwrap();
    let head = house.folder.path().join("ledger.head");
    let early = std::fs::read(&head).unwrap();
    let house = House { ledger: House::open(&house.folder, "one").await.unwrap().into(), folder: house.folder };
    grow(&house.ledger, 1, 5).await;
    house.ledger.close().await.unwrap();

    // The file is ahead: the last checkpoint never reached the table.
    let mut hand = connect_writer(&house.path()).await.unwrap();
    sqlx::query("drop trigger checkpoints_never_go").execute(&mut hand).await.unwrap();
    sqlx::query("delete from checkpoints where size > 1").execute(&mut hand).await.unwrap();
    hand.close().await.unwrap();
    let ledger = House::open(&house.folder, "one").await.unwrap();
    assert_eq!(ledger.checkpoint_covering(4).await.unwrap().size, 5);
    ledger.close().await.unwrap();

    // The file is behind: the tree is built up again, and compared with what the table keeps.
    std::fs::write(&head, early).unwrap();
    let ledger = House::open(&house.folder, "one").await.unwrap();
    grow(&ledger, 5, 7).await;
    assert_eq!(ledger.checkpoint_covering(6).await.unwrap().size, 7);
    ledger.close().await.unwrap();

    // Gone, it would hide a ledger that was set back.
    std::fs::remove_file(&head).unwrap();
    assert_eq!(House::open(&house.folder, "one").await.unwrap_err().code(), "ledger.head_missing");

    std::fs::write(&head, b"not a tree").unwrap();
    assert_eq!(House::open(&house.folder, "one").await.unwrap_err().code(), "ledger.head");
}

#[tokio::test]
async fn another_key_does_not_take_over() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    house.ledger.close().await.unwrap();
    let store = Store::open(&house.path()).await.unwrap();
    let options = crate::ledger::LedgerOptions {
        owner: "one".to_owned(),
        lease: std::time::Duration::from_secs(30),
        head_file: house.folder.path().join("ledger.head"),
        clock: std::sync::Arc::new(super::house::now),
    };
    assert_eq!(Ledger::open(store, key(8), options).await.unwrap_err().code(), "ledger.foreign");
}
