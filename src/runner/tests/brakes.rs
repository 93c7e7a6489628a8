//! What keeps runs from beginning and from going on: pauses, budgets, breakers, quarantines. Nothing is lost by any of them.

use std::time::Duration;

use countersign_contract::{Refusal, RefusalClass};
use countersign_fake::Fault;
use countersign_kernel::run::bodies::{BrakeKind, BrakeScope, PersonAnswer, RunOutcome};
use countersign_warrant::{Brake, Kind};

use super::house::{House, SUBJECT};
use super::refusal;
use crate::ledger::Braking;
use crate::runner::{Driven, Held, PersonsWord};
use crate::settings::Settings;
use crate::store::RunState;

const HOUR_MS: u64 = 3_600_000;

fn subject() -> BrakeScope {
    BrakeScope::Subject(SUBJECT.parse().unwrap())
}

async fn turn(house: &House, scope: BrakeScope, brake: BrakeKind, lifted: bool) {
    let braking = Braking { scope, brake, lifted, until: None, by: Some("p_0".to_owned()), words: "a test" };
    house.ledger.append_brake(braking, house.now()).await.unwrap();
}

fn held(driven: &Driven) -> &Held {
    match driven {
        Driven::Held(held) => held,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_keeps_what_is_under_way_at_a_safe_point_until_it_is_lifted() {
    let everywhere = [BrakeScope::All, BrakeScope::Connector("fake".to_owned()), subject()];
    for scope in everywhere {
        let house = House::new().await;
        house.run("provision").await;
        let before = house.delivered();
        let run = house.begin("rotate").await;
        turn(&house, scope.clone(), BrakeKind::Paused, false).await;
        let driven = house.runner.drive(&run).await.unwrap();
        assert_eq!((held(&driven).brake, &held(&driven).on), (Brake::Paused, &scope.to_string()));
        assert!(!held(&driven).may_pass());
        let entries = house.entries(&run).await;
        assert!(entries.iter().all(|entry| entry.kind != Kind::Intent), "{scope}: no change was granted");
        assert_eq!(house.delivered(), before, "{scope}");
        assert_eq!(house.store.run(&run).await.unwrap().unwrap().lease, None, "{scope}: nobody drives it");
        turn(&house, scope.clone(), BrakeKind::Paused, true).await;
        assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Done), "{scope}");
        assert_ne!(house.delivered(), before, "{scope}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_where_a_brake_is_on_and_other_places_do_not_meet_it() {
    let house = House::new().await;
    turn(&house, BrakeScope::Connector("elsewhere".to_owned()), BrakeKind::Paused, false).await;
    turn(&house, BrakeScope::Subject("fake/account/other".parse().unwrap()), BrakeKind::Quarantined, false).await;
    assert_eq!(house.run("provision").await.1, Driven::Over(RunOutcome::Done));
    // A sink's connector is met by the commit itself.
    for (scope, brake) in [
        (BrakeScope::All, BrakeKind::Paused),
        (BrakeScope::Connector("files".to_owned()), BrakeKind::Paused),
        (subject(), BrakeKind::Quarantined),
    ] {
        turn(&house, scope.clone(), brake, false).await;
        let runs = house.store.runs(9).await.unwrap().len();
        let refused = house.ask("rotate", &scope.to_string(), None, None).await.unwrap_err();
        assert_eq!(refused.code(), format!("brake.{}", brake.as_str()), "{scope}");
        assert_eq!(house.store.runs(9).await.unwrap().len(), runs, "{scope}: no run is there");
        turn(&house, scope, brake, true).await;
    }
    assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_lets_what_is_under_way_be_taken_back() {
    let house = House::new().await;
    house.run("provision").await;
    let run = house.begin("rotate").await;
    turn(&house, subject(), BrakeKind::Quarantined, false).await;
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_holds_each_change_and_undo_and_is_as_old_as_the_database() {
    let house = House::new().await;
    house.run("provision").await;
    let settings = "version = 1\n[connectors.fake]\ntype = 'files'\nbudget = '1/1h'\n";
    let limits = Settings::parse("settings.toml", settings).unwrap().limits();
    house.ledger.arrange_limits(limits.clone()).await.unwrap();
    // The key is staged, the delivery refused, and the staged key waits to be removed.
    std::fs::remove_dir_all(house.place()).unwrap();
    std::fs::write(house.place(), "no folder").unwrap();
    let run = house.begin("rotate").await;
    let driven = house.runner.drive_to_wait(&run).await.unwrap();
    let met = held(&driven).clone();
    assert_eq!((met.brake, met.on.as_str(), met.may_pass()), (Brake::BudgetSpent, "connector fake", true));
    assert_eq!(house.target().await.slots.len(), 2, "the staged key is there");
    // What was used is not forgotten with the process.
    house.ledger.arrange_limits(limits).await.unwrap();
    assert!(matches!(house.runner.drive_to_wait(&run).await.unwrap(), Driven::Held(again) if again == met));
    house.clock.go_on(HOUR_MS);
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Undone));
    assert_eq!(house.target().await.slots.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn beh_r12_a_provider_that_fails_too_often_is_left_alone_and_tried_once_more() {
    let settings = "version = 1\n[breaker]\nfailures = 2\nopen = '2h'\n";
    let house = House::with_settings(settings).await;
    house.run("provision").await;
    for _ in 0..2 {
        house.fake.fault_next(Fault::Refuse(refusal()));
        assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Failed));
    }
    let refused = house.ask("rotate", "k", None, None).await.unwrap_err();
    assert_eq!(refused.code(), "brake.circuit_open");
    house.clock.go_on(2 * HOUR_MS);
    assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Done));
    let brake = house.store.brake(&BrakeScope::Connector("fake".to_owned()), BrakeKind::CircuitOpen).await.unwrap();
    assert!(brake.unwrap().lifted.is_some(), "a success lifts it");
}

#[tokio::test(flavor = "multi_thread")]
async fn beh_r11_a_subject_that_fails_too_often_takes_no_trigger_until_a_person_says_so() {
    let settings = "version = 1\n[quarantine]\nfailures = 3\n";
    let house = House::with_settings(settings).await;
    house.run("provision").await;
    let fail = async || {
        house.fake.fault_next(Fault::Refuse(refusal()));
        house.run("rotate").await.1
    };
    assert_eq!(fail().await, Driven::Over(RunOutcome::Failed));
    assert_eq!(fail().await, Driven::Over(RunOutcome::Failed));
    assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Done), "a success between them");
    for _ in 0..3 {
        assert_eq!(fail().await, Driven::Over(RunOutcome::Failed));
    }
    assert_eq!(house.ask("rotate", "k1", None, None).await.unwrap_err().code(), "brake.quarantined");
    turn(&house, subject(), BrakeKind::Quarantined, true).await;
    assert_eq!(fail().await, Driven::Over(RunOutcome::Failed), "the failures before count no more");
    assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_turn_at_a_provider_gives_its_place_away() {
    let settings = "version = 1\n[connectors.fake]\ntype = 'files'\nat_once = 1\n";
    let house = House::with_settings(settings).await;
    let turn_of_another = house.runner.shared.turn("fake").await.unwrap().unwrap();
    let run = house.begin("provision").await;
    let begun = std::time::Instant::now();
    let driven = house.runner.drive_to_wait(&run).await.unwrap();
    assert_eq!((held(&driven).brake, held(&driven).may_pass()), (Brake::AtOnce, true));
    assert!(begun.elapsed() < Duration::from_secs(20));
    drop(turn_of_another);
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Done));
    assert!(matches!(house.store.run(&run).await.unwrap().unwrap().state, RunState::Closed { .. }));
}

fn give_way() -> PersonsWord {
    PersonsWord { answer: PersonAnswer::GiveWay, by: "p_0".to_owned(), reason: "an emergency".to_owned() }
}

/// beh:R19 Before its point of no return a run that gives way is taken back; the key from before is the one that works.
#[tokio::test(flavor = "multi_thread")]
async fn beh_r19_a_run_that_gives_way_is_taken_back_before_its_pivot() {
    let house = House::new().await;
    house.run("provision").await;
    let (before, files) = (house.delivered(), BrakeScope::Connector("files".to_owned()));
    let run = house.begin("rotate").await;
    turn(&house, files.clone(), BrakeKind::Paused, false).await;
    let driven = house.runner.drive(&run).await.unwrap();
    assert_eq!(held(&driven).on, "connector files", "the key is staged, and its delivery is held");
    assert_eq!(house.target().await.slots.len(), 2);
    assert_eq!(house.runner.answer(&run, give_way()).await.unwrap(), Driven::Over(RunOutcome::Undone));
    assert_eq!((house.target().await.slots.len(), house.delivered()), (1, before));
    assert!(house.runner.answer(&run, give_way()).await.is_err(), "it is over");
    turn(&house, files, BrakeKind::Paused, true).await;
    assert_eq!(house.run("rotate").await.1, Driven::Over(RunOutcome::Done));
}

/// What is driven at the moment gives way at its next safe point: here, in its rest before another attempt.
#[tokio::test(flavor = "multi_thread")]
async fn beh_r19_a_run_that_is_driven_gives_way_at_its_next_safe_point() {
    let house = House::new().await;
    house.run("provision").await;
    let throttled = Refusal { class: RefusalClass::Throttled, ..refusal() };
    house.fake.fault_next(Fault::Refuse(throttled));
    let run = house.begin("weary").await;
    let press = async {
        while !matches!(house.store.run(&run).await.unwrap().unwrap().state, RunState::Waiting { .. }) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.runner.shared.pressed.press(run.clone(), give_way());
    };
    let (driven, ()) = tokio::join!(house.runner.drive(&run), press);
    assert_eq!(driven.unwrap(), Driven::Over(RunOutcome::Failed), "nothing was done, so there is nothing to take back");
    let last = house.entries(&run).await.pop().unwrap();
    assert_eq!(last.predicate["code"], "run.gave_way");
}

/// Beyond the pivot it goes on to its end, and waits for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn beh_r19_a_run_beyond_its_pivot_goes_on_without_its_soak() {
    let house = House::new().await;
    house.run("provision").await;
    let run = house.begin("soaking").await;
    assert!(matches!(house.runner.drive_to_wait(&run).await.unwrap(), Driven::Waiting { .. }));
    assert_eq!(house.runner.answer(&run, give_way()).await.unwrap(), Driven::Over(RunOutcome::Done));
    assert_eq!(house.target().await.slots.len(), 1, "the old key is disabled, proven dead, and gone");
}
