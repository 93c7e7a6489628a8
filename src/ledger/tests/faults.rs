//! Full disks, lost answers, damaged pages, other writers.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use countersign_warrant::{GrantError, Journal as _, JournalError};
use sqlx::Connection as _;

use super::Break;
use super::house::{House, allowed, closed, fact, id};
use crate::store::{Store, connect_writer};

const ACCOUNT: &str = "local/account/a";

#[tokio::test]
async fn a_lost_answer_of_a_written_commit_is_found_again() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    house.breaks(Break::LoseAnswer).await;
    let stamped = house.ledger.commit(fence.clone(), vec![fact("r1", 1, "x")]).await.unwrap();
    assert_eq!(stamped[0].index, Some(1));
    // What failed once may have failed on the way to the device: nothing more is written.
    let later = house.ledger.commit(fence.clone(), vec![fact("r1", 2, "x")]).await;
    assert!(matches!(later, Err(JournalError::Unavailable { .. })));
    assert!(house.ledger.claim(&fence.run).await.is_err());
    let house = house.reopen("one").await;
    assert_eq!(house.ledger.load(fence.run.clone()).await.unwrap().len(), 2);
    house.ledger.commit(fence, vec![fact("r1", 2, "x")]).await.unwrap();
}

#[tokio::test]
async fn a_lost_commit_is_of_unknown_fate_and_grants_nothing() {
    let house = House::new().await;
    let (fence, mint) = (house.start("r1", ACCOUNT).await, house.mint());
    house.breaks(Break::LoseStatement).await;
    let granted = mint.grant(allowed("r1", 1, ACCOUNT, ACCOUNT), Vec::new(), fence.clone()).await;
    assert!(matches!(granted, Err(GrantError::Journal(JournalError::Unknown { .. }))));
    drop(mint);
    let house = house.reopen("one").await;
    assert_eq!(house.ledger.load(fence.run.clone()).await.unwrap().len(), 1);
    house.ledger.commit(fence, vec![closed("r1", 9)]).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_and_stays_alive() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    house.breaks(Break::Full(true)).await;
    let mut refused = None;
    for number in 1..200 {
        if let Err(error) = house.ledger.commit(fence.clone(), vec![fact("r1", number, &"x".repeat(4000))]).await {
            refused = Some((number, error));
            break;
        }
    }
    let (number, error) = refused.unwrap();
    assert!(matches!(error, JournalError::Unavailable { .. }), "{error}");
    house.breaks(Break::Full(false)).await;
    let stamped = house.ledger.commit(fence.clone(), vec![fact("r1", number, "x")]).await.unwrap();
    assert_eq!(stamped[0].index, Some(number), "no gap, no doubled place");
    house.ledger.commit(fence, vec![closed("r1", 999)]).await.unwrap();
    let house = house.reopen("one").await;
    assert_eq!(house.ledger.store().counts().await.unwrap().entries, number + 2);
    house.ledger.store().check_pages().await.unwrap();
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_never_a_panic() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    for number in 1..100 {
        house.ledger.commit(fence.clone(), vec![fact("r1", number, &"x".repeat(2000))]).await.unwrap();
    }
    house.ledger.close().await.unwrap();
    let pages = std::fs::metadata(house.path()).unwrap().len() / 4096;
    let damage = |pages: std::ops::Range<u64>| {
        let mut file = std::fs::OpenOptions::new().write(true).open(house.path()).unwrap();
        for page in pages {
            file.seek(SeekFrom::Start(page * 4096)).unwrap();
            file.write_all(&[0x5a; 4096]).unwrap();
        }
    };
    damage(pages / 2..pages);
    let read = Store::open_read_only(&house.path()).await.unwrap();
    assert_eq!(read.check_pages().await.unwrap_err().code(), "store.corrupt");
    assert_eq!(read.entries_of_run(&fence.run).await.unwrap_err().code(), "store.corrupt");
    read.close().await;
    damage(1..pages);
    assert_eq!(Store::open_read_only(&house.path()).await.unwrap_err().code(), "store.corrupt");
    assert_eq!(Store::open(&house.path()).await.unwrap_err().code(), "store.corrupt");
    damage(0..1);
    assert_eq!(Store::open(&house.path()).await.unwrap_err().code(), "store.corrupt");
}

#[tokio::test]
async fn a_changed_leaf_is_not_believed() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    house.ledger.commit(fence.clone(), vec![fact("r1", 1, "true")]).await.unwrap();
    let mut hand = connect_writer(&house.path()).await.unwrap();
    let changed = sqlx::query("update entries set at = at + 1").execute(&mut hand).await;
    assert!(changed.unwrap_err().to_string().contains("an entry never changes"));
    sqlx::query("delete from entries").execute(&mut hand).await.unwrap_err();
    sqlx::query("drop trigger entries_never_change").execute(&mut hand).await.unwrap();
    sqlx::query("update entries set statement = cast(replace(cast(statement as text), 'true', 'fals') as blob)")
        .execute(&mut hand)
        .await
        .unwrap();
    hand.close().await.unwrap();
    let read = house.ledger.load(fence.run).await;
    assert!(matches!(read, Err(JournalError::Corrupt { reason }) if reason.contains("leaf hash")));
}

#[tokio::test]
async fn another_writer_is_noticed() {
    let house = House::new().await;
    let fence = house.start("r1", ACCOUNT).await;
    let other = House::open(&house.folder, "two").await.unwrap();
    other.commit(fence.clone(), vec![fact("r1", 1, "x")]).await.unwrap();
    let ours = house.ledger.commit(fence.clone(), vec![fact("r1", 2, "x")]).await;
    assert!(matches!(ours, Err(JournalError::Unavailable { .. })), "{ours:?}");
    other.commit(fence, vec![fact("r1", 2, "x")]).await.unwrap();
    assert_eq!(other.load("r1".parse().unwrap()).await.unwrap()[2].id, id("r1", 2));
}

#[tokio::test]
async fn files_are_private() {
    let house = House::new().await;
    house.start("r1", ACCOUNT).await;
    house.ledger.checkpoint_covering(0).await.unwrap();
    for file in std::fs::read_dir(house.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}
