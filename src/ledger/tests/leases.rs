//! Leases and fences.

use countersign_warrant::{Journal as _, JournalError};

use super::house::{House, closed, fact, fence};
use crate::ledger::ClaimError;

#[tokio::test]
async fn a_stale_fence_is_refused_by_the_database() {
    let house = House::new().await;
    let old = house.start("r1", "local/account/a").await;
    let new = house.ledger.claim(&old.run).await.unwrap();
    assert_eq!(new.epoch, 2, "the same process, as after a restart");
    let stale = JournalError::Stale { run: old.run.clone(), epoch: 1 };
    assert_eq!(house.ledger.commit(old.clone(), vec![fact("r1", 1, "x")]).await, Err(stale.clone()));
    assert_eq!(house.ledger.commit(old.clone(), vec![closed("r1", 1)]).await, Err(stale.clone()));
    assert_eq!(house.ledger.renew(&old).await, Err(stale.clone()));
    assert_eq!(house.ledger.release(&old).await, Err(stale));
    house.ledger.renew(&new).await.unwrap();
    house.ledger.commit(new.clone(), vec![fact("r1", 1, "x")]).await.unwrap();
    let ahead = house.ledger.commit(fence("r1", 3), vec![fact("r1", 2, "x")]).await;
    assert!(matches!(ahead, Err(JournalError::Stale { .. })), "an epoch that was never given out");
    house.ledger.commit(new.clone(), vec![closed("r1", 9)]).await.unwrap();
    assert_eq!(house.ledger.claim(&new.run).await, Err(ClaimError::Closed(new.run.clone())));
    assert!(house.ledger.renew(&new).await.is_err());
}

#[tokio::test]
async fn a_lease_keeps_others_out_until_it_ends_or_is_released() {
    let house = House::new().await;
    let one = house.start("r1", "local/account/a").await;
    house.start("r2", "local/account/b").await;
    let house = house.reopen("two").await;
    let refused = house.ledger.claim(&one.run).await;
    assert!(matches!(refused, Err(ClaimError::Leased { owner, .. }) if owner == "one"));
    assert_eq!(house.ledger.claim_free().await, Ok(Vec::new()));
    assert_eq!(house.ledger.renew_all().await, Ok(0));

    let house = house.reopen("one").await;
    assert_eq!(house.ledger.renew_all().await, Ok(2));
    house.ledger.release(&one).await.unwrap();
    let house = house.reopen("two").await;
    assert_eq!(house.ledger.claim_free().await, Ok(vec![fence("r1", 2)]));
    house.ledger.commit(fence("r1", 2), vec![fact("r1", 1, "x")]).await.unwrap();
    let nobody = house.ledger.claim(&"r9".parse().unwrap()).await;
    assert_eq!(nobody, Err(ClaimError::NotFound("r9".parse().unwrap())));
    let run = house.ledger.store().run(&one.run).await.unwrap().unwrap();
    assert_eq!((run.epoch, run.lease.unwrap().owner.as_str()), (2, "two"));
}

#[tokio::test]
async fn names_can_be_erased() {
    let house = House::new().await;
    house.ledger.store_person("p_1", "dana@example.com").await.unwrap();
    house.ledger.store_person("p_1", "Dana").await.unwrap();
    let store = house.ledger.store();
    assert_eq!(store.person_name("p_1").await.unwrap().as_deref(), Some("Dana"));
    house.ledger.erase_person("p_1").await.unwrap();
    assert_eq!(store.person_name("p_1").await.unwrap(), None);
}
