//! Asking twice, asking for something else under one key, and asking for what is held.

use countersign_fake::Fault;
use countersign_kernel::run::bodies::RunOutcome;
use countersign_warrant::Digest;

use super::house::{House, SUBJECT};
use crate::runner::{BeginError, Begun, Driven};

/// What differs between the request and the one that the key was given to first.
fn reused(answer: Result<Begun, BeginError>) -> &'static str {
    match answer {
        Err(error @ BeginError::KeyReused { .. }) => {
            assert_eq!(error.code(), "request.key_reused");
            let BeginError::KeyReused { what, .. } = error else { unreachable!() };
            what
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request() {
    let house = House::new().await;
    let Ok(Begun::Started(run)) = house.ask("provision", "k", None, None).await else { panic!("it starts") };
    let plan = house.store.run(&run).await.unwrap().unwrap().plan;
    for named in [None, Some(plan)] {
        assert_eq!(house.ask("provision", "k", None, named).await.unwrap(), Begun::Known(run.clone()));
    }
    assert_eq!(reused(house.ask("provision", "k", None, Some(Digest::of(b"another"))).await), "another plan");
    assert_eq!(reused(house.ask("provision", "k", Some("a new reason"), None).await), "other inputs");
    assert_eq!(house.store.runs(9).await.unwrap().len(), 1, "nothing was started");
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Done));
    assert_eq!(reused(house.ask("provision", "k", Some("a new reason"), None).await), "other inputs", "closed or not");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stuck_run_holds_is_said_before_what_it_left_there() {
    let house = House::new().await;
    house.run("provision").await;
    house.fake.fault_at(house.fake.acts() + 2, Fault::Refuse(super::refusal()));
    let (stuck, driven) = house.run("rotate").await;
    assert!(matches!(driven, Driven::Stuck(_)), "{driven:?}");
    assert_eq!(house.target().await.slots.len(), 2, "no slot is free for another rotation");
    assert_eq!(house.ask("rotate", "k", None, None).await.unwrap(), Begun::Coalesced(stuck.clone()));
    assert_eq!(house.store.holder(&SUBJECT.parse().unwrap()).await.unwrap(), Some(stuck));
}
