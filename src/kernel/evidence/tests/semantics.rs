//! A ledger whose bytes are right may still tell of something that must not happen.

use std::collections::BTreeSet;

use countersign_warrant::{
    Applied, Digest, EntryId, Finding, Intent, Kind, Moment, Origin, Outcome, Refusal, RefusalClass, Timestamp, Verdict,
};
use serde_json::{Value, json};

use super::world::{SINK, SUBJECT, World};
use crate::evidence::semantics::Semantics;
use crate::run::bodies::{BrakeBody, BrakeKind, BrakeScope, PersonAnswer, RunOutcome, Stage, Wait, WaitBody};

fn codes(world: &World) -> BTreeSet<&'static str> {
    let mut semantics = Semantics::default();
    let mut found: BTreeSet<_> =
        world.entries.iter().flat_map(|entry| semantics.entry(entry)).map(|fault| fault.code).collect();
    found.extend(semantics.finish().into_iter().map(|fault| fault.code));
    found
}

fn found(tell: impl FnOnce(&mut World)) -> Vec<&'static str> {
    let mut world = World::new();
    world.start("x1");
    tell(&mut world);
    codes(&world).into_iter().collect()
}

fn done() -> Outcome {
    Outcome::Done(Applied::default())
}

#[test]
fn the_whole_story_is_without_fault() {
    assert_eq!(codes(&World::whole()), BTreeSet::new());
}

/// inv:I1: no intent without its own clean allow.
#[test]
fn an_intent_needs_an_allow_of_its_own() {
    let bare = |world: &mut World, decision: Option<EntryId>| {
        let change = world.change("key_stage", SUBJECT, None);
        world.intent(decision, change);
    };
    assert_eq!(found(|world| bare(world, None)), ["intent.unjudged"]);
    for (moment, verdict) in [(Moment::Act, Verdict::Deny), (Moment::Policy, Verdict::Allow)] {
        let judged = |world: &mut World| {
            let decision = world.decide(moment, verdict);
            bare(world, Some(decision));
        };
        assert_eq!(found(judged), ["intent.unjudged"]);
    }
    let twice = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let first = world.change("key_stage", SUBJECT, None);
        let first = world.intent(Some(decision.clone()), first);
        world.receipt(&first, done());
        bare(world, Some(decision));
    };
    assert_eq!(found(twice), ["intent.unjudged"]);
    let other_step = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = Intent { step: "other".parse().unwrap(), ..world.change("key_stage", SUBJECT, None) };
        world.intent(Some(decision), change);
    };
    assert_eq!(found(other_step), ["intent.unjudged"]);
    let with_errors = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        world.entries.last_mut().unwrap().predicate["decision"]["errors"] = json!(["boom"]);
        bare(world, Some(decision));
    };
    assert_eq!(found(with_errors), ["decision.errors", "intent.unjudged"]);
}

#[test]
fn an_intent_is_of_its_run_plan_and_resources() {
    let with = |edit: fn(&mut Intent)| {
        found(|world| {
            let decision = world.decide(Moment::Act, Verdict::Allow);
            let mut change = world.change("key_stage", SUBJECT, None);
            edit(&mut change);
            world.intent(Some(decision), change);
        })
    };
    assert!(with(|_| ()).is_empty());
    assert_eq!(with(|intent| intent.entry = "x1/99".parse().unwrap()), ["intent.entry"]);
    assert_eq!(with(|intent| intent.plan = countersign_warrant::Digest::of(b"other")), ["intent.plan"]);
    assert_eq!(with(|intent| intent.call.resource = "local/account/other".parse().unwrap()), ["intent.resource"]);
    assert_eq!(with(|intent| intent.attempt = 2), ["intent.unjudged"]);
}

/// inv:I2: an intent closes once, by an answer at its own place.
#[test]
fn an_intent_is_answered_once() {
    let answered = |answer: fn(&mut World, &Intent)| {
        found(|world| {
            let intent = world.act("key_stage", SUBJECT, None);
            answer(world, &intent);
        })
    };
    assert_eq!(
        answered(|world, intent| world.finding(intent, Finding::Applied(Applied::default()))),
        ["answer.closed_twice"]
    );
    assert_eq!(answered(|world, intent| world.receipt(intent, done())), ["answer.closed_twice", "entry.doubled"]);
    let strange = |world: &mut World, intent: &Intent| {
        world.finding(
            &Intent { entry: "x1/77".parse().unwrap(), ..intent.clone() },
            Finding::Applied(Applied::default()),
        );
    };
    assert_eq!(answered(strange), ["answer.no_intent"]);
    let other_attempt = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = world.change("key_stage", SUBJECT, None);
        let intent = world.intent(Some(decision), change);
        world.receipt(&Intent { attempt: 4, ..intent }, done());
    };
    assert_eq!(found(other_attempt), ["answer.misplaced"]);
}

#[test]
fn not_applied_is_believed_only_after_the_deadline() {
    let early = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = world.change("key_stage", SUBJECT, None);
        let intent = world.intent(Some(decision), change);
        let at = world.entries.last().unwrap().at;
        world.finding(&intent, Finding::NotApplied { observed_at: Timestamp::from_micros(at.micros() + 99_999) });
    };
    assert_eq!(found(early), ["finding.early"]);
}

#[test]
fn undo_and_retry_follow_a_recorded_intent() {
    let undo_of = |edit: fn(&mut Intent)| {
        found(|world| {
            let mut of = world.act("key_stage", SUBJECT, Some("key_remove"));
            edit(&mut of);
            world.undo(&of);
        })
    };
    assert!(undo_of(|_| ()).is_empty());
    assert_eq!(undo_of(|of| of.entry = "x1/1".parse().unwrap()), ["intent.unjudged"]);
    assert_eq!(undo_of(|of| of.undo.as_mut().unwrap().verb = "account_delete".into()), ["intent.unjudged"]);
    let twice = |world: &mut World| {
        let of = world.act("key_stage", SUBJECT, Some("key_remove"));
        world.undo(&of);
        world.undo(&of);
    };
    assert_eq!(found(twice), ["intent.unjudged"]);
    let retry_of_done = |world: &mut World| {
        let of = world.act("key_stage", SUBJECT, None);
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = world.change("key_stage", SUBJECT, None);
        world.intent(Some(decision), Intent { attempt: 2, origin: Origin::Retry(of.entry), ..change });
    };
    assert_eq!(found(retry_of_done), ["intent.unjudged"]);
}

/// inv:I5: one owner, one open intent per resource.
#[test]
fn a_resource_has_one_holder_and_one_open_intent() {
    let open_twice = |world: &mut World| {
        for _ in 0..2 {
            let decision = world.decide(Moment::Act, Verdict::Allow);
            let change = world.change("deliver", SINK, None);
            world.intent(Some(decision), change);
        }
    };
    assert_eq!(found(open_twice), ["intent.resource_busy"]);
    assert_eq!(found(|world| world.start("x2")), ["run.holds"]);
    let refused_then_again = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = world.change("deliver", SINK, None);
        let intent = world.intent(Some(decision), change);
        let refusal = Refusal { class: RefusalClass::Conflict, code: "files.conflict".into(), message: "no".into() };
        world.receipt(&intent, Outcome::Refused(refusal));
        world.act("deliver", SINK, None);
        world.close(RunOutcome::Done);
        world.start("x2");
    };
    assert!(found(refused_then_again).is_empty());
}

/// Where a brake is on, nothing begins and nothing is granted; a quarantine lets what is under way go on.
#[test]
fn what_passes_a_brake_is_a_fault() {
    let brake = |world: &mut World, scope: BrakeScope, brake: BrakeKind, lifted: bool| {
        let number = world.entries.len();
        let body = BrakeBody { scope, brake, lifted, until: None, by: None, reason: Digest::of(b"why") };
        world.none(&format!("brake:b{number}"), Kind::Brake, &body);
    };
    let act = |world: &mut World| drop(world.act("deliver", SINK, None));
    let subject = || BrakeScope::Subject(SUBJECT.parse().unwrap());
    for scope in [BrakeScope::All, BrakeScope::Connector("files".into()), subject()] {
        let paused = |world: &mut World| {
            brake(world, scope.clone(), BrakeKind::Paused, false);
            act(world);
        };
        assert_eq!(found(paused), ["intent.braked"], "{scope}");
        let resumed = |world: &mut World| {
            brake(world, scope.clone(), BrakeKind::Paused, false);
            brake(world, scope.clone(), BrakeKind::Paused, true);
            act(world);
        };
        assert!(found(resumed).is_empty(), "{scope}");
    }
    let elsewhere = |world: &mut World| {
        brake(world, BrakeScope::Connector("local2".into()), BrakeKind::Paused, false);
        brake(world, subject(), BrakeKind::Quarantined, false);
        act(world);
    };
    assert!(found(elsewhere).is_empty());
    let begun = |world: &mut World| {
        world.close(RunOutcome::Done);
        brake(world, subject(), BrakeKind::Quarantined, false);
        world.start("x2");
    };
    assert_eq!(found(begun), ["run.braked"]);
}

#[test]
fn a_run_begins_once_and_ends_once() {
    let mut world = World::new();
    world.start("x1");
    world.close(RunOutcome::Done);
    world.version(1, Stage::Pending);
    assert_eq!(codes(&world), BTreeSet::from(["run.closed"]));
    world.entries.remove(2);
    assert_eq!(codes(&world), BTreeSet::from(["run.closed", "run.not_started"]));
    let again = |world: &mut World| {
        let started = world.entries.last().unwrap().predicate.clone();
        world.own(Kind::Started, &started);
    };
    assert_eq!(found(again), ["run.started_again"]);
    let mut world = World::new();
    world.entries.remove(1);
    world.start("x1");
    assert_eq!(codes(&world), BTreeSet::from(["run.activation"]));
}

#[test]
fn a_run_leaves_nothing_open_and_nothing_behind() {
    let open = |world: &mut World| {
        let decision = world.decide(Moment::Act, Verdict::Allow);
        let change = world.change("key_stage", SUBJECT, None);
        world.intent(Some(decision), change);
        world.close(RunOutcome::Failed);
    };
    assert_eq!(found(open), ["run.open_intent"]);
    let left_over = |world: &mut World| {
        world.act("key_stage", SUBJECT, Some("key_remove"));
        world.close(RunOutcome::Undone);
    };
    assert_eq!(found(left_over), ["run.left_over"]);
}

/// inv:I3: versions go their way, and none is used before it is sealed.
#[test]
fn versions_move_legally() {
    use Stage::{Current, Pending, Previous, Retired};
    let story =
        |moves: &[(u32, Stage)]| found(|world| moves.iter().for_each(|(number, stage)| world.version(*number, *stage)));
    assert!(story(&[(1, Pending), (1, Current), (2, Pending), (2, Current), (1, Previous), (1, Retired)]).is_empty());
    assert!(story(&[(1, Pending), (1, Retired), (4, Pending)]).is_empty());
    assert_eq!(story(&[(1, Current)]), ["version.unsealed"]);
    assert_eq!(story(&[(1, Pending), (1, Previous)]), ["version.stage"]);
    assert_eq!(story(&[(1, Pending), (1, Current), (1, Retired)]), ["version.stage"]);
    assert_eq!(story(&[(1, Pending), (1, Retired), (1, Current)]), ["version.stage"]);
    let back = |world: &mut World, answered: bool| {
        for (number, stage) in [(1, Pending), (1, Current), (2, Pending), (1, Previous), (2, Current)] {
            world.version(number, stage);
        }
        if answered {
            let reason = Digest::of(b"because");
            let wait = Wait::Answered { answer: PersonAnswer::Undo, by: "p_0".to_owned(), reason };
            world.own(Kind::Wait, &WaitBody { step: "rotate".parse().unwrap(), wait });
        }
        world.version(1, Current);
        world.version(2, Retired);
    };
    assert!(found(|world| back(world, true)).is_empty());
    assert_eq!(found(|world| back(world, false)), ["version.stage"]);
    assert_eq!(story(&[(2, Pending), (1, Pending)]), ["version.number"]);
    assert_eq!(story(&[(1, Pending), (1, Current), (2, Pending), (2, Current)]), ["version.two_current"]);
    let foreign = |world: &mut World| {
        world.version(1, Pending);
        world.entries.last_mut().unwrap().predicate["version"] = json!("local/account/other@1");
    };
    assert_eq!(found(foreign), ["version.foreign"]);
}

#[test]
fn ids_and_shapes_are_those_of_their_kind() {
    let misshaped = |world: &mut World| {
        world.version(1, Stage::Pending);
        world.entries.last_mut().unwrap().predicate["extra"] = Value::Null;
    };
    assert_eq!(found(misshaped), ["entry.shape"]);
    assert_eq!(found(|world| world.none("key:k2", Kind::Fact, &json!({}))), ["entry.kind"]);
    let doubled = |world: &mut World| {
        let first = world.entries[0].clone();
        world.entries.push(first);
    };
    assert_eq!(found(doubled), ["entry.doubled"]);
    let moved = |world: &mut World| {
        world.version(1, Stage::Pending);
        world.decide(Moment::Policy, Verdict::Allow);
        let last = world.entries.len() - 1;
        world.entries.swap(last, last - 1);
    };
    assert_eq!(found(moved), ["entry.moved"]);
}
