#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where something is not as it says")]

mod begin;
mod brakes;
mod house;
mod parity;

use std::time::Duration;

use countersign_contract::{Connector as _, ProbeAnswer, Refusal, RefusalClass};
use countersign_fake::Fault;
use countersign_kernel::plan::{self, Asking, Plan};
use countersign_kernel::policy;
use countersign_kernel::run::bodies::{PersonAnswer, RunOutcome, Stage};
use countersign_warrant::{DecisionBody, IntentBody, Kind, Moment, Stamped, Timestamp, Verdict};
use house::House;

use super::{Driven, PersonsWord};
use crate::clock::{Clock as _, SystemClock};
use crate::store::RunState;

fn refusal() -> Refusal {
    Refusal { class: RefusalClass::Permanent, code: "test.refused".to_owned(), message: "it was commanded".to_owned() }
}

/// The ways in which one call can go wrong.
fn faults() -> Vec<Fault> {
    vec![
        Fault::FailBefore,
        Fault::FailAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::Refuse(refusal()),
        Fault::PanicBefore,
        Fault::PanicAfter,
        Fault::Stash,
        Fault::Drop,
        Fault::Slow(Duration::from_millis(20)),
    ]
}

/// What must hold of every run, whatever happened to its calls.
async fn hold(house: &House, entries: &[Stamped], case: &str) {
    let intents: Vec<IntentBody> =
        entries.iter().filter(|entry| entry.kind == Kind::Intent).map(|entry| entry.decode().unwrap()).collect();
    assert_eq!(house.store.counts().await.unwrap().open_intents, 0, "{case}: inv:I2 every intent is closed");
    for body in intents.iter().filter(|body| body.decision.is_some()) {
        let decision = entries.iter().find(|entry| Some(&entry.id) == body.decision.as_ref()).unwrap();
        let made: DecisionBody = decision.decode().unwrap();
        assert_eq!((made.moment, made.decision.verdict), (Moment::Act, Verdict::Allow), "{case}: inv:I1");
        assert!(decision.index < entries.iter().find(|entry| entry.id == body.intent.entry).unwrap().index);
    }
    let target = house.target().await;
    for entry in target.applied.keys() {
        let known = entries.iter().any(|one| one.id == *entry) || entry.run() != entries[0].id.run();
        assert!(known, "{case}: inv:I1 `{entry}` changed the target and is not in the ledger");
    }
    let versions = house.versions().await;
    assert!(versions.iter().all(|version| version.stage != Stage::Pending), "{case}: nothing is left pending");
    if target.exists {
        let current = versions.iter().find(|version| version.stage == Stage::Current);
        let current = current.unwrap_or_else(|| panic!("{case}: inv:I3 no version is current"));
        let slot = target.slot_of(&current.id);
        assert!(slot.is_some_and(|slot| slot.enabled), "{case}: inv:I3 the current version works");
    }
}

/// Each call of a provision, with each fault: it ends done or failed, and everything above holds.
#[tokio::test(flavor = "multi_thread")]
async fn inv_i2_each_fault_at_each_call_of_a_provision_is_settled_by_knowledge() {
    for fault in faults() {
        let case = format!("create: {fault:?}");
        let house = House::new().await;
        house.fake.fault_next(fault.clone());
        let (run, driven) = house.run("provision").await;
        let refused = matches!(fault, Fault::Refuse(_));
        let expected = if refused { RunOutcome::Failed } else { RunOutcome::Done };
        assert_eq!(driven, Driven::Over(expected), "{case}");
        assert_eq!(house.target().await.exists, !refused, "{case}");
        assert_eq!(house.delivered().is_some(), !refused, "{case}");
        hold(&house, &house.entries(&run).await, &case).await;
    }
}

/// Each call of a rotation, with each fault.
#[tokio::test(flavor = "multi_thread")]
async fn inv_i3_each_fault_at_each_call_of_a_rotation_leaves_a_working_key() {
    for call in 1..=3 {
        for fault in faults() {
            let case = format!("call {call}: {fault:?}");
            let house = House::new().await;
            house.run("provision").await;
            let before = house.delivered().unwrap();
            house.fake.fault_at(house.fake.acts() + call, fault.clone());
            let (run, driven) = house.run("rotate").await;
            let entries = house.entries(&run).await;
            match (&fault, call) {
                (Fault::Refuse(_), 1) => {
                    assert_eq!(driven, Driven::Over(RunOutcome::Failed), "{case}: nothing was changed");
                    assert_eq!(house.delivered().unwrap(), before, "{case}: the old key is still the client's");
                    hold(&house, &entries, &case).await;
                }
                (Fault::Refuse(_), _) => {
                    assert!(matches!(&driven, Driven::Stuck(failure) if failure.code == "test.refused"), "{case}");
                    assert_ne!(house.delivered().unwrap(), before, "{case}: after the pivot the new key stays");
                }
                _ => {
                    assert_eq!(driven, Driven::Over(RunOutcome::Done), "{case}");
                    assert_ne!(house.delivered().unwrap(), before, "{case}");
                    let stages: Vec<Stage> = house.versions().await.iter().map(|version| version.stage).collect();
                    assert_eq!(stages, [Stage::Retired, Stage::Current], "{case}: rel:P3 rotated once");
                    assert_eq!(house.target().await.slots.len(), 1, "{case}: the old one is gone");
                    hold(&house, &entries, &case).await;
                }
            }
        }
    }
}

/// beh:R11 A call that is throttled twice is made at the third attempt, each judged and granted anew; what is refused for
/// good, or three times, is not made.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_attempted_again_in_the_same_run() {
    for class in [RefusalClass::Throttled, RefusalClass::Transient, RefusalClass::Conflict] {
        for (call, times) in [(1, 2), (2, 2), (3, 2), (1, 3), (3, 3)] {
            let case = format!("{class:?}: call {call}, {times} times");
            let house = House::new().await;
            house.run("provision").await;
            for more in 0..times {
                house.fake.fault_at(house.fake.acts() + call + more, Fault::Refuse(Refusal { class, ..refusal() }));
            }
            let (run, driven) = house.run("patient").await;
            let entries = house.entries(&run).await;
            let rests = entries.iter().filter(|entry| entry.kind == Kind::Wait).count();
            if class == RefusalClass::Conflict || times > 2 {
                match (&driven, call) {
                    (Driven::Over(RunOutcome::Failed), 1) => hold(&house, &entries, &case).await,
                    (Driven::Stuck(why), 2 | 3) => assert_eq!(why.code, "test.refused", "{case}"),
                    _ => panic!("{case}: {driven:?}"),
                }
                continue;
            }
            assert_eq!(driven, Driven::Over(RunOutcome::Done), "{case}");
            assert_eq!(rests, 2 * 2 + 2, "{case}: two rests and the soak, each with its end");
            hold(&house, &entries, &case).await;
        }
    }
}

/// A step that takes longer than it may fails where it stands, and what it did is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_too_long_fails_where_it_stands() {
    for workflow in ["hasty", "rotate"] {
        let house = House::new().await;
        house.run("provision").await;
        let before = house.delivered().unwrap();
        // The rotation's own calls end in time; the slow one ends in time, too, and then the step is late.
        house.fake.fault_at(house.fake.acts() + 1, Fault::Slow(Duration::from_millis(300)));
        let (run, driven) = house.run(workflow).await;
        let entries = house.entries(&run).await;
        let is_late = |entry: &Stamped| entry.kind == Kind::Fact && entry.predicate["about"] == "timeout";
        if workflow == "hasty" {
            assert!(matches!(driven, Driven::Over(RunOutcome::Undone | RunOutcome::Failed)), "{driven:?}");
            assert!(entries.iter().any(is_late));
            assert_eq!(house.delivered().unwrap(), before);
        } else {
            assert_eq!(driven, Driven::Over(RunOutcome::Done), "a step without a timeout takes the time that it needs");
            assert!(!entries.iter().any(is_late));
        }
        hold(&house, &entries, "too long").await;
    }
}

/// The facts of the entry that says that a step was late.
fn late(entries: &[Stamped]) -> &serde_json::Value {
    let is_late = |entry: &&Stamped| entry.kind == Kind::Fact && entry.predicate["about"] == "timeout";
    &entries.iter().find(is_late).unwrap().predicate["facts"]
}

/// When the step after the `policy` step has taken its hour.
fn deadline(entries: &[Stamped]) -> Timestamp {
    entries.iter().rfind(|entry| entry.predicate["moment"] == "policy").unwrap().at.plus_millis(3_600_000)
}

/// Nobody asks a target for longer than the step may take, whoever began to ask; what it answered last is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_ends_with_the_time_of_its_step() {
    let house = House::new().await;
    house.run("provision").await;
    // The new key is accepted before the delivery, and not after it.
    house.fake.answer_at(2..=100_000, ProbeAnswer::Refused);
    let run = house.begin("watched").await;
    let asked = async {
        while house.fake.probes() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        house.ask_to_stop(true);
    };
    let (driven, ()) = tokio::join!(house.runner.drive(&run), asked);
    assert_eq!(driven.unwrap(), Driven::Stopped);
    house.ask_to_stop(false);
    let deadline = deadline(&house.entries(&run).await);
    let left = u64::try_from(deadline.micros() - house.clock.now().micros()).unwrap() / 1000;
    house.clock.go_on(left - 2_000);
    let Driven::Stuck(failure) = house.runner.drive(&run).await.unwrap() else { panic!("it is past the pivot") };
    let entries = house.entries(&run).await;
    let late = late(&entries);
    assert_eq!((failure.code.as_str(), &late["deadline"]), ("run.timed_out", &deadline.to_string().into()));
    let reason = late["reason"].as_str().unwrap();
    assert!(reason.starts_with("probe `login`: ") && failure.message.contains(reason), "{failure:?}");
    let answers = entries.iter().filter(|entry| entry.kind == Kind::Probe).count();
    assert_eq!(answers, 1, "no answer is recorded of a question that was cut off");
    assert!(house.clock.now() < deadline.plus_millis(30_000), "it does not ask on");
}

/// beh:R11 A rest ends with the time of its step, also where the run waits as a row; and whoever carries it on later finds
/// the same deadline.
#[tokio::test(flavor = "multi_thread")]
async fn a_rest_ends_with_the_time_of_its_step() {
    let house = House::new().await;
    house.run("provision").await;
    let throttled = Refusal { class: RefusalClass::Throttled, ..refusal() };
    for more in 1..=3 {
        house.fake.fault_at(house.fake.acts() + more, Fault::Refuse(throttled.clone()));
    }
    let run = house.begin("weary").await;
    let Driven::Waiting { until: first } = house.runner.drive_to_wait(&run).await.unwrap() else { panic!("it rests") };
    let deadline = deadline(&house.entries(&run).await);
    assert!(first < deadline);
    // The second attempt comes late: its rest would be one of 38 minutes at least.
    let ahead = u64::try_from(first.micros() - house.clock.now().micros()).unwrap() / 1000;
    house.clock.go_on(ahead + 5 * 60_000);
    assert_eq!(house.runner.drive_to_wait(&run).await.unwrap(), Driven::Waiting { until: deadline });
    assert_eq!(house.store.run(&run).await.unwrap().unwrap().state, RunState::Waiting { until: deadline });
    house.clock.go_on(3_600_000);
    assert_eq!(house.runner.drive_to_wait(&run).await.unwrap(), Driven::Over(RunOutcome::Failed));
    let entries = house.entries(&run).await;
    assert_eq!(late(&entries)["deadline"], deadline.to_string());
    assert_eq!(entries.last().unwrap().predicate["code"], "run.timed_out");
    hold(&house, &entries, "a rest that was cut off").await;
}

/// A connector that keeps a warrant and answers with another's receipt is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_another_intent_is_not_believed() {
    let house = House::new().await;
    house.fake.fault_next(Fault::Stash);
    house.run("provision").await;
    assert_eq!(house.fake.stashed(), 1);
    house.fake.fault_next(Fault::AnswerForAnother);
    let (run, driven) = house.run("rotate").await;
    assert_eq!(driven, Driven::Over(RunOutcome::Done));
    hold(&house, &house.entries(&run).await, "answer for another").await;
}

/// A stop at any moment leaves an open run that the next drive ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_is_carried_on_to_its_end() {
    let house = House::new().await;
    let run = house.begin("provision").await;
    house.ask_to_stop(true);
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Stopped);
    assert!(!house.target().await.exists);
    house.ask_to_stop(false);
    assert_eq!(house.runner.drive(&run).await.unwrap(), Driven::Over(RunOutcome::Done));
    hold(&house, &house.entries(&run).await, "stopped").await;
}

/// beh:P4 Whatever was judged at the `policy` step is judged again at the act: same question but for the time, same answer.
#[tokio::test(flavor = "multi_thread")]
async fn inv_i8_policy_step_and_act_agree_on_every_path() {
    let house = House::new().await;
    for workflow in ["provision", "rotate"] {
        let run = house.begin(workflow).await;
        // The second half is driven by a run that was stopped and taken up again.
        house.ask_to_stop(workflow == "rotate");
        house.runner.drive(&run).await.unwrap();
        house.ask_to_stop(false);
        if workflow == "rotate" {
            house.runner.drive(&run).await.unwrap();
        }
        let entries = house.entries(&run).await;
        let decisions: Vec<DecisionBody> =
            entries.iter().filter(|entry| entry.kind == Kind::Decision).map(|entry| entry.decode().unwrap()).collect();
        let (early, late): (Vec<_>, Vec<_>) = decisions.iter().partition(|body| body.moment == Moment::Policy);
        assert!(early.len() >= 2 && early.len() == late.len(), "{workflow}: each act is judged twice");
        for (before, now) in early.iter().zip(&late) {
            assert_eq!(before.step, now.step);
            assert_eq!(before.decision.verdict, now.decision.verdict, "{workflow} {}", now.step);
            assert_eq!(before.decision.policies, now.decision.policies);
            assert_eq!(before.decision.controls, now.decision.controls);
            assert_eq!(house.request(before).await, house.request(now).await, "{workflow} {}", now.step);
        }
    }
}

/// What the plan shows, what its `policy` step says, what is said at the act, and again when a person has the failed act
/// made anew: one question but for the time, one answer.
#[tokio::test(flavor = "multi_thread")]
async fn inv_i8_plan_and_a_persons_resume_agree_with_the_policy_step() {
    let house = House::new().await;
    house.run("provision").await;
    // The disabling of the old version, after the point of no return.
    house.fake.fault_at(house.fake.acts() + 2, Fault::Refuse(refusal()));
    let (run, driven) = house.run("rotate").await;
    assert!(matches!(driven, Driven::Stuck(_)), "{driven:?}");
    let word = PersonsWord { answer: PersonAnswer::Resume, by: "p_0".to_owned(), reason: "it was mended".to_owned() };
    assert_eq!(house.runner.answer(&run, word).await.unwrap(), Driven::Over(RunOutcome::Done));
    let decisions: Vec<DecisionBody> = house
        .entries(&run)
        .await
        .iter()
        .filter(|entry| entry.kind == Kind::Decision)
        .map(|entry| entry.decode().unwrap())
        .collect();
    let (at_step, at_act): (Vec<_>, Vec<_>) = decisions.iter().partition(|body| body.moment == Moment::Policy);
    assert_eq!(at_act.len(), at_step.len() + 1, "the failed act was judged anew");
    for now in at_act {
        let before = at_step.iter().find(|before| before.step == now.step).unwrap();
        assert_eq!(before.decision.verdict, now.decision.verdict, "{}", now.step);
        assert_eq!(before.decision.policies, now.decision.policies);
        assert_eq!(before.decision.controls, now.decision.controls);
        assert_eq!(house.request(before).await, house.request(now).await, "{}", now.step);
    }
    let bytes = house.store.blob(&house.store.run(&run).await.unwrap().unwrap().plan).await.unwrap().unwrap();
    let planned = Plan::from_bytes(bytes.bytes()).unwrap();
    let now = SystemClock.now();
    let asking = Asking { asked_by: None, started_at: now, now };
    for (at, act) in planned.acts() {
        let shown =
            policy::judge(&house.runner.policies, &plan::question(&planned, at, act, asking, house.fake.manifest()));
        let before = at_step.iter().find(|before| before.step == at.id).unwrap();
        assert_eq!(before.decision.verdict, shown.decision.verdict, "{}", at.id);
        assert_eq!(before.decision.policies, shown.decision.policies);
        assert_eq!(before.decision.controls, shown.decision.controls);
    }
}

/// A wrong answer, or none, may be that of before: the runner asks again, and believes it only when the time is over.
#[tokio::test(flavor = "multi_thread")]
async fn beh_r9_an_answer_that_time_may_change_is_asked_for_again() {
    use ProbeAnswer::{Accepted, Refused, Unknown};
    type Answers<'a> = &'a [(u64, u64, ProbeAnswer)];
    let cases: [(Answers<'_>, Option<RunOutcome>); 5] = [
        // Verify: refused, no answer, accepted. Prove dead: no answer, accepted, refused.
        (&[(1, 1, Refused), (2, 2, Unknown), (4, 4, Unknown), (5, 5, Accepted)], Some(RunOutcome::Done)),
        (&[(1, 1000, Unknown)], Some(RunOutcome::Undone)),
        (&[(1, 1000, Refused)], Some(RunOutcome::Undone)),
        (&[(2, 1000, Unknown)], None),
        (&[(2, 1000, Accepted)], None),
    ];
    for (answers, ending) in cases {
        let house = House::new().await;
        house.run("provision").await;
        for (from, to, answer) in answers {
            house.fake.answer_at(*from..=*to, *answer);
        }
        let (run, driven) = house.run("rotate").await;
        assert!(house.fake.probes() > 2, "{answers:?}: it asked again");
        let Some(outcome) = ending else {
            assert!(matches!(&driven, Driven::Stuck(why) if why.code == "run.probe_failed"), "{answers:?}");
            assert_eq!(house.target().await.slots.len(), 2, "{answers:?}: what is not proved dead is not removed");
            continue;
        };
        assert_eq!(driven, Driven::Over(outcome), "{answers:?}");
        hold(&house, &house.entries(&run).await, &format!("{answers:?}")).await;
    }
}

/// Runs are driven by whichever thread is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_driven_by_any_thread() {
    let house = House::new().await;
    let (_, driven) = tokio::spawn(async move { house.run("provision").await }).await.unwrap();
    assert_eq!(driven, Driven::Over(RunOutcome::Done));
}
