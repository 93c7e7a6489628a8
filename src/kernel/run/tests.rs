#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_contract::{ProbeAnswer, ProbeResult};
use countersign_warrant::{
    Applied, Basis, Decision, DecisionBody, Digest, EntryId, Finding, FindingBody, Intent, IntentBody, Kind, Moment,
    Origin, Outcome, ReceiptBody, Refusal, RefusalClass, Stamped, Timestamp, Verdict,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::bodies::*;
use super::*;
use crate::plan::fixture::{
    deprovision, issue, planned, provision, rotate, rotate_or_end, rotate_published, rotate_role,
};
use crate::plan::{Retrying, Skipped};
use crate::schedule::{Window, Windows};
use crate::workflow::model::Strategy as RotateBy;

/// Answers a run's commands, as chance has it, and keeps what was written.
struct Driver {
    entries: Vec<Stamped>,
    choices: Vec<u8>,
    plan: Arc<Plan>,
}

fn stamped(id: EntryId, kind: Kind, body: &impl Serialize) -> Stamped {
    let number = i64::try_from(id.number().unwrap()).unwrap();
    let at = Timestamp::from_micros(1_000_000 * number);
    Stamped { id, kind, at, predicate: serde_json::to_value(body).unwrap(), index: None }
}

impl Driver {
    fn start(plan: Plan, choices: Vec<u8>) -> (Self, Run) {
        let plan = Arc::new(plan);
        let body = StartedBody {
            team: None,
            service: None,
            workflow: plan.workflow.name.clone(),
            workflow_digest: plan.workflow.digest,
            plan: plan.digest().unwrap(),
            activation: "activation:a".parse().unwrap(),
            subject: plan.subject.resource.clone(),
            resources: plan.resources.clone(),
            trigger: Trigger { kind: TriggerKind::Request, asked_by: None, idempotency_key: None, event: None },
        };
        let first = stamped("r1/0".parse().unwrap(), Kind::Started, &body);
        let run = Run::begin(&first, Arc::clone(&plan)).unwrap();
        (Self { entries: vec![first], choices, plan }, run)
    }

    fn choose(&mut self, of: u8) -> u8 {
        self.choices.pop().map_or(0, |byte| byte % of)
    }

    fn write(&mut self, run: &Run, id: EntryId, kind: Kind, body: &impl Serialize) -> Run {
        let entry = stamped(id, kind, body);
        let next = run.apply(&entry).unwrap();
        self.entries.push(entry);
        next
    }

    fn decide(&mut self, run: &Run, id: EntryId, step: StepId, moment: Moment) -> (Run, bool) {
        let allow = self.choose(12) != 11;
        let decision = decision(allow);
        let run = self.write(run, id, Kind::Decision, &DecisionBody { step, moment, decision });
        (run, allow)
    }

    /// Carries out one command; `None` when there is nothing more to do.
    #[allow(clippy::too_many_lines, reason = "one arm for each command")]
    fn step(&mut self, run: &Run) -> Option<Run> {
        let now = Timestamp::from_micros(1_000_000 * i64::try_from(run.next).unwrap());
        if run.deadline().is_some_and(|deadline| deadline <= now) && self.choose(2) == 1 {
            return Some(self.late(run, now));
        }
        let command = run.command().unwrap();
        Some(match command {
            Command::Over(_) | Command::Stuck(_) => return None,
            Command::Judge { covers, first } => {
                let mut run = run.clone();
                for (after, step) in (0_u64..).zip(covers) {
                    run = self.decide(&run, EntryId::of_run(&run.id, first + after), step, Moment::Policy).0;
                }
                run
            }
            Command::Check { entry, .. } => {
                let holds = self.choose(8) != 7;
                self.fact(run, entry, "subject", holds)
            }
            Command::Examine { entry, .. } => {
                let holds = self.choose(4) != 3;
                self.fact(run, entry, "certificate", holds)
            }
            Command::Each { entry } => {
                let holds = self.choose(4) != 3;
                self.fact(run, entry, EACH, holds)
            }
            Command::Evidence { entry, .. } => self.fact(run, entry, "evidence", true),
            Command::Notify { entry, failure, .. } => {
                assert_eq!(failure.is_some(), run.failure.is_some(), "whoever is told is told why");
                let holds = self.choose(2) == 0;
                self.fact(run, entry, NOTICE, holds)
            }
            Command::Seal { version, entry, .. } => {
                let sealed = SealedBody {
                    given: false,
                    blob: Digest::of(b"x"),
                    fingerprint: "f".to_owned(),
                    key_generation: 1,
                    public: BTreeMap::from([("request".to_owned(), json!("a request"))]),
                };
                let step = run.current().unwrap().step.clone();
                let stage = Stage::Pending;
                let body =
                    VersionBody { step, version, stage, sealed: Some(sealed), expires_at: None, counts_from: None };
                self.write(run, entry, Kind::Version, &body)
            }
            Command::Act { intent, decision } => {
                let (run, allowed) = self.decide(run, decision, intent.step.clone(), Moment::Act);
                if !allowed {
                    return Some(run);
                }
                let run = self.grant(&run, &intent);
                self.attempt(&run, &intent)
            }
            Command::Undo { of, entry } => {
                let forward = run.done.iter().find(|done| done.intent == of).unwrap().id.clone();
                let intent = Intent { origin: Origin::Undo(of), entry, ..some_intent(run, &forward) };
                let run = self.grant(run, &intent);
                self.attempt(&run, &intent)
            }
            Command::Settle(intent) => self.find(run, &intent),
            Command::Declare { intent, by, reason } => {
                let finding = Finding::Declared { by, reason };
                let body = FindingBody { intent: intent.entry.clone(), attempt: intent.attempt, finding };
                self.write(run, intent.finding_entry().unwrap(), Kind::Finding, &body)
            }
            Command::Probe { probe, expect, entry, .. } => {
                let holds = self.choose(8) != 7;
                let answer = if holds { expect } else { ProbeAnswer::Unknown };
                let result = ProbeResult { answer, code: "c".to_owned(), message: "m".to_owned() };
                let step = run.current().unwrap().step.clone();
                self.write(run, entry, Kind::Probe, &ProbeBody { step, probe: *probe, holds, result })
            }
            Command::Window { entry, .. } => self.window(run, entry),
            Command::Wait { ms, entry } => {
                let at = run.deadline().map_or(Timestamp::from_micros(5), |deadline| now.plus_millis(ms).min(deadline));
                self.wait(run, entry, Wait::Until { at })
            }
            Command::Sleep { entry, .. } => self.wait(run, entry, Wait::Over),
            Command::Commit(entries) => entries
                .into_iter()
                .fold(run.clone(), |run, entry| self.write(&run, entry.id().clone(), entry.kind(), entry.predicate())),
        })
    }

    fn fact(&mut self, run: &Run, entry: EntryId, about: &str, holds: bool) -> Run {
        let step = run.plan.moves[0].step.clone();
        let body = FactBody { step, about: about.to_owned(), holds, facts: BTreeMap::new() };
        self.write(run, entry, Kind::Fact, &body)
    }

    /// Closed, open, or closed for good.
    fn window(&mut self, run: &Run, entry: EntryId) -> Run {
        if self.choose(4) == 3 {
            return self.wait(run, entry, Wait::Until { at: Timestamp::from_micros(5) });
        }
        let holds = self.choose(8) != 7;
        self.fact(run, entry, WINDOW, holds)
    }

    /// The step at hand has taken too long by then.
    fn late(&mut self, run: &Run, at: Timestamp) -> Run {
        let step = run.current().unwrap().step.clone();
        let facts = BTreeMap::from([("reason".to_owned(), json!("probe `login`: refused"))]);
        let body = FactBody { step, about: TIMEOUT.to_owned(), holds: false, facts };
        let entry = Stamped { at, ..stamped(EntryId::of_run(&run.id, run.next), Kind::Fact, &body) };
        let next = run.apply(&entry).unwrap();
        self.entries.push(entry);
        next
    }

    fn wait(&mut self, run: &Run, entry: EntryId, wait: Wait) -> Run {
        let step = run.current().unwrap().step.clone();
        self.write(run, entry, Kind::Wait, &WaitBody { step, wait })
    }

    /// Whoever drives the run gives up on it.
    fn ask_person(&mut self, run: &Run) -> Run {
        let wait = Wait::Person { code: "t.lasting".to_owned(), message: "no".to_owned() };
        self.person(run, wait)
    }

    fn answer(&mut self, run: &Run, answer: PersonAnswer) -> Run {
        self.person(run, Wait::Answered { answer, by: "p_0".to_owned(), reason: Digest::of(b"because") })
    }

    fn person(&mut self, run: &Run, wait: Wait) -> Run {
        let step = run.plan.moves[0].step.clone();
        self.write(run, EntryId::of_run(&run.id, run.next), Kind::Wait, &WaitBody { step, wait })
    }

    fn grant(&mut self, run: &Run, intent: &Intent) -> Run {
        let body = IntentBody { decision: None, epoch: 1, intent: intent.clone() };
        self.write(run, intent.entry.clone(), Kind::Intent, &body)
    }

    fn attempt(&mut self, run: &Run, intent: &Intent) -> Run {
        let outcome = match self.choose(8) {
            0..=2 => Outcome::Done(applied()),
            3 => refused(RefusalClass::Permanent),
            6 => refused(RefusalClass::Throttled),
            7 => refused(RefusalClass::Transient),
            4 => Outcome::Indeterminate(countersign_warrant::Doubt { code: "t".to_owned(), message: "?".to_owned() }),
            _ => return run.clone(), // The process died: no receipt at all.
        };
        let body = ReceiptBody { intent: intent.entry.clone(), attempt: intent.attempt, outcome };
        self.write(run, intent.receipt_entry().unwrap(), Kind::Receipt, &body)
    }

    fn find(&mut self, run: &Run, intent: &Intent) -> Run {
        let finding = match self.choose(3) {
            0 => Finding::Applied(applied()),
            1 => Finding::NotApplied { observed_at: Timestamp::from_micros(9) },
            _ => Finding::Declared { by: "p_0".to_owned(), reason: Digest::of(b"r") },
        };
        let body = FindingBody { intent: intent.entry.clone(), attempt: intent.attempt, finding };
        self.write(run, intent.finding_entry().unwrap(), Kind::Finding, &body)
    }
}

fn refused(class: RefusalClass) -> Outcome {
    Outcome::Refused(Refusal { class, code: "t.no".to_owned(), message: "no".to_owned() })
}

fn applied() -> Applied {
    let outputs = ["certificate", "chain"].map(|name| (name.to_owned(), json!(name)));
    Applied { outputs: outputs.into(), provider_ids: Vec::new() }
}

fn decision(allow: bool) -> Decision {
    let digest = Digest::of(b"");
    Decision {
        verdict: if allow { Verdict::Allow } else { Verdict::Deny },
        code: "policy.test".to_owned(),
        policies: vec!["p".to_owned()],
        reasons: vec![],
        errors: vec![],
        controls: vec![],
        basis: Basis { policies: digest, schema: digest, entities: digest, request: digest },
        shadow: None,
    }
}

fn some_intent(run: &Run, id: &StepId) -> Intent {
    let planned = run.plan.find(id).unwrap().clone();
    let Does::Act(act) = &planned.does else { panic!("an act") };
    run.intent_of(&planned, act).unwrap()
}

/// What must hold of a run after each of its entries.
fn hold_invariants(driver: &Driver, run: &Run) {
    let open = driver.entries.iter().filter(|entry| entry.kind == Kind::Intent).count();
    let closed = answered(&driver.entries);
    assert!(open - closed <= 1, "inv:I2 at most one intent is open");
    if matches!(run.state, State::Open(_)) {
        assert_eq!(open - closed, 1, "inv:I2 an open state has an open intent");
    }
    if matches!(run.state, State::Closed(_)) {
        assert_eq!(open, closed, "inv:I2 nothing is open when the run is closed");
        let kept = run.past_undo || run.state == State::Closed(RunOutcome::Abandoned);
        assert!(run.pending.is_empty() || kept, "inv:I3 no sealed version is forgotten");
    }
    if matches!(run.state, State::Closed(RunOutcome::Handled)) {
        let of_failure = |done: &DoneAct| run.plan.find(&done.id).is_some_and(|planned| planned.on_failure.is_some());
        assert!(run.done.iter().all(|done| done.undone != of_failure(done)), "what failed is undone, and that alone");
    }
    if matches!(run.state, State::Closed(RunOutcome::Undone | RunOutcome::Denied | RunOutcome::Failed)) {
        assert!(!run.done.iter().any(DoneAct::is_left_to_undo), "what was done is undone");
        assert!(!run.past_undo, "nothing is undone after the pivot");
    }
    let removed = run.done.iter().any(|done| done.id.as_str() == "rotate.remove");
    let dead = run.outputs.get(&("rotate".parse().unwrap(), "verification".to_owned()));
    assert!(!removed || dead == Some(&json!("refused")), "beh:R9 removed only after the target refused it");
    let again = Run::fold(&driver.entries, Arc::clone(&driver.plan)).unwrap().unwrap();
    assert_eq!(again, *run, "replay equals live");
}

fn answered(entries: &[Stamped]) -> usize {
    let mut intents = std::collections::BTreeSet::new();
    for entry in entries {
        let closing = match entry.kind {
            Kind::Receipt => entry.predicate["outcome"] != json!("indeterminate"),
            Kind::Finding => true,
            _ => false,
        };
        if closing {
            assert!(intents.insert(entry.predicate["intent"].to_string()), "inv:I2 no intent closes twice");
        }
    }
    intents.len()
}

fn drive(plan: Plan, choices: Vec<u8>) -> (Driver, Run) {
    let (mut driver, mut run) = Driver::start(plan, choices);
    hold_invariants(&driver, &run);
    for _ in 0..200 {
        let Some(next) = driver.step(&run) else { break };
        run = next;
        hold_invariants(&driver, &run);
    }
    (driver, run)
}

#[test]
fn a_run_without_mishap_ends_done() {
    for plan in [planned(&rotate(), 1), planned(&provision(), 0), planned(&issue(), 0)].map(Result::unwrap) {
        let (_, run) = drive(plan, vec![]);
        assert_eq!(run.state, State::Closed(RunOutcome::Done));
        assert!(run.pending.is_empty());
    }
}

/// The receipt of the pivot says since when; so does the finding, where the answer was lost.
#[test]
fn adoption_is_asked_with_the_stamp_of_the_delivery() {
    // judge (4 acts), check, stage (decision, attempt), verify, deliver (decision); then its attempt, and its finding.
    for (attempt, answer) in [(0, Kind::Receipt), (4, Kind::Finding)] {
        let choices = [vec![0; 4 + 1 + 2 + 1 + 1], vec![attempt]].concat().into_iter().rev().collect();
        let (mut driver, mut run) = Driver::start(planned(&rotate(), 1).unwrap(), choices);
        let asked = loop {
            match run.command().unwrap() {
                Command::Probe { probe, .. } if probe.name == "key_used" => break probe,
                _ => run = driver.step(&run).unwrap(),
            }
        };
        let pivot = driver.entries.iter().rfind(|entry| entry.kind == answer).unwrap();
        assert_eq!(asked.parameters["since"], json!(pivot.at), "{answer}");
        assert!(!driver.entries.iter().any(|entry| entry.at > pivot.at && entry.kind == Kind::Intent), "{answer}");
    }
}

#[test]
fn a_denial_at_the_policy_step_changes_nothing() {
    let (driver, run) = drive(planned(&rotate(), 1).unwrap(), vec![11]);
    assert_eq!(run.state, State::Closed(RunOutcome::Denied));
    assert!(!driver.entries.iter().any(|entry| matches!(entry.kind, Kind::Intent | Kind::Version)));
    assert!(driver.entries.iter().any(|entry| entry.kind == Kind::Fact), "the finaliser ran");
}

#[test]
fn after_the_pivot_a_refusal_needs_a_person() {
    // judge (4 acts), check, act stage (decision, attempt), verify, act deliver (decision, attempt), adopt, disable.
    let mut choices = vec![0; 4 + 1 + 2 + 1 + 2 + 1 + 1];
    choices.push(3);
    choices.reverse();
    let (_, run) = drive(planned(&rotate(), 1).unwrap(), choices);
    assert!(matches!(&run.state, State::Stuck { failure, .. } if failure.code == "t.no"), "{:?}", run.state);
}

/// What a workflow has for a failure is done once the failed step is taken back; after a denial nothing was begun.
#[test]
fn the_steps_for_a_failure_run_when_the_step_is_taken_back_and_not_otherwise() {
    let ids =
        |run: &Run| run.done.iter().filter(|done| !done.undone).map(|done| done.id.to_string()).collect::<Vec<_>>();
    let plan = || planned(&rotate_or_end(), 1).unwrap();
    let (_, run) = drive(plan(), vec![]);
    assert_eq!(run.state, State::Closed(RunOutcome::Done));
    assert!(ids(&run).iter().all(|id| id.starts_with("rotate.")), "{:?}", ids(&run));
    // judge (4 acts), check, act stage (decision, attempt); the key does not work.
    let (driver, run) = drive(plan(), [vec![7], vec![0; 4 + 1 + 2]].concat());
    assert_eq!(run.state, State::Closed(RunOutcome::Handled), "{:?}", run.failure);
    assert_eq!(ids(&run), ["offboard.disable-1", "offboard.remove"]);
    let end: ClosedBody = driver.entries.last().unwrap().decode().unwrap();
    assert!(end.message.ends_with("what the workflow has for that case is done"), "{}", end.message);
    let (_, run) = drive(plan(), vec![11]);
    assert_eq!((run.state.clone(), ids(&run).len()), (State::Closed(RunOutcome::Denied), 0));
    // Past the pivot a person is asked, and nothing is done for the failure.
    let (_, run) = drive(plan(), [vec![3], vec![0; 4 + 1 + 2 + 1 + 2 + 1 + 1]].concat());
    assert!(matches!(run.state, State::Stuck { .. }), "{:?}", run.state);
    assert!(ids(&run).iter().all(|id| id.starts_with("rotate.")), "{:?}", ids(&run));
}

/// beh:R10
#[test]
fn an_undo_that_is_never_applied_needs_a_person() {
    // judge (4 acts), check, act stage (decision, attempt); the key does not work; the undo is lost again and again.
    let mut choices = [vec![0; 4 + 1 + 2], vec![7], [5, 1].repeat(ATTEMPTS_MAX as usize)].concat();
    choices.reverse();
    let (driver, run) = drive(planned(&rotate(), 1).unwrap(), choices);
    assert!(matches!(&run.state, State::Stuck { failure, .. } if failure.code == "run.undo_failed"), "{:?}", run.state);
    let intents = driver.entries.iter().filter(|entry| entry.kind == Kind::Intent).count();
    assert_eq!(intents, 1 + ATTEMPTS_MAX as usize);
}

/// The rotation, whose calls are attempted again so often.
fn retried(times: u32) -> Plan {
    let mut workflow = rotate();
    workflow.steps[1].retry = Some(Retrying { times, wait_ms: 1000 });
    planned(&workflow, 1).unwrap()
}

/// The rotation, in windows.
fn windowed() -> Plan {
    let mut workflow = rotate_or_end();
    let allow = vec![Window::parse("SAT 00:00-06:00 UTC").unwrap()];
    workflow.windows = Some(Windows { allow, freeze: Vec::new() });
    planned(&workflow, 1).unwrap()
}

/// beh:T3
#[test]
fn a_change_waits_for_its_window_and_keeps_to_it_up_to_the_pivot() {
    // judge (4 acts); closed, then open.
    let (mut driver, mut run) =
        Driver::start(windowed(), [vec![0; 4], vec![3, 0, 0]].concat().into_iter().rev().collect());
    let mut bound = Vec::new();
    while !matches!(run.state, State::Closed(_)) {
        if let Some(planned) = run.current().filter(|_| run.windows().is_some()) {
            bound.push(planned.id.to_string());
        }
        run = driver.step(&run).unwrap();
    }
    assert_eq!(run.state, State::Closed(RunOutcome::Done));
    bound.dedup();
    assert_eq!(bound, ["rotate.stage", "rotate.deliver"]);
    let kinds: Vec<Kind> = driver.entries.iter().map(|entry| entry.kind).skip(5).take(4).collect();
    assert_eq!(kinds, [Kind::Wait, Kind::Wait, Kind::Fact, Kind::Fact], "it waits, may begin, and looks again");
}

#[test]
fn what_is_done_for_a_failure_waits_for_its_window_too() {
    // judge (4 acts), the rotation's window, check, stage (decision, attempt); the key does not work.
    let choices = [vec![7], vec![0; 4 + 1 + 1 + 3]].concat();
    let (mut driver, mut run) = Driver::start(windowed(), choices);
    let mut seen = Vec::new();
    while !matches!(run.state, State::Closed(_)) {
        seen.extend(run.current().map(|planned| planned.id.to_string()));
        run = driver.step(&run).unwrap();
    }
    assert_eq!(run.state, State::Closed(RunOutcome::Handled), "{:?}", run.failure);
    let at = |id: &str| seen.iter().position(|seen| seen == id);
    assert!(at("offboard.window").is_some() && at("offboard.window") < at("offboard.disable-1"), "{seen:?}");
}

#[test]
fn a_window_that_closes_before_the_pivot_has_the_change_undone() {
    let (mut driver, mut run) = Driver::start(windowed(), vec![]);
    while run.current().unwrap().id.as_str() != "rotate.deliver" {
        run = driver.step(&run).unwrap();
    }
    let entry = EntryId::of_run(&run.id, run.next);
    run = driver.fact(&run, entry, WINDOW, false);
    assert!(matches!(&run.state, State::Undoing(failure) if failure.code == "run.window_closed"), "{:?}", run.state);
    while !matches!(run.state, State::Closed(_)) {
        assert!(run.windows().is_none(), "what is taken back waits for nothing");
        run = driver.step(&run).unwrap();
    }
    assert_eq!(run.state, State::Closed(RunOutcome::Undone), "what came too late has not failed");
}

fn intents(driver: &Driver, step: &str) -> usize {
    let of = |entry: &&Stamped| entry.kind == Kind::Intent && entry.predicate["intent"]["step"] == json!(step);
    driver.entries.iter().filter(of).count()
}

/// beh:R11
#[test]
fn what_may_pass_is_attempted_again_after_a_rest_and_not_for_ever() {
    // judge (4 acts), check, act stage (decision, attempt), rest, again.
    let throttled =
        |count: usize| [vec![0; 4 + 1], [0, 6].repeat(count)].concat().into_iter().rev().collect::<Vec<u8>>();
    let (driver, run) = drive(retried(2), throttled(2));
    assert_eq!(run.state, State::Closed(RunOutcome::Done));
    assert_eq!(intents(&driver, "rotate.stage"), 3);
    let rests: Vec<&Stamped> = driver.entries.iter().filter(|entry| entry.kind == Kind::Wait).collect();
    assert_eq!(rests.len(), 2 * 2 + 2, "each rest and the soak have a beginning and an end");
    let decisions = driver.entries.iter().filter(|entry| entry.predicate["step"] == json!("rotate.stage"));
    assert_eq!(decisions.filter(|entry| entry.kind == Kind::Decision).count(), 1 + 3, "inv:I4 each attempt is judged");
    let (driver, run) = drive(retried(2), throttled(3));
    assert_eq!(run.state, State::Closed(RunOutcome::Failed));
    assert_eq!(intents(&driver, "rotate.stage"), 3);
}

/// beh:R11
#[test]
fn what_does_not_pass_is_not_attempted_again() {
    for (plan, attempt) in [(retried(5), 3), (planned(&rotate(), 1).unwrap(), 6)] {
        let choices = [vec![0; 4 + 1 + 1], vec![attempt]].concat().into_iter().rev().collect();
        let (driver, run) = drive(plan, choices);
        assert_eq!(run.state, State::Closed(RunOutcome::Failed));
        assert_eq!(intents(&driver, "rotate.stage"), 1);
    }
}

/// beh:R11 An undo that is throttled rests, too, before a person is needed.
#[test]
fn an_undo_that_may_pass_is_attempted_again() {
    // judge (4 acts), check, act stage (decision, attempt); the key does not work; the undo is throttled.
    let throttled =
        |count: usize| [vec![0; 4 + 1 + 2], vec![7], [6].repeat(count)].concat().into_iter().rev().collect::<Vec<u8>>();
    let (_, run) = drive(retried(2), throttled(2));
    assert_eq!(run.state, State::Closed(RunOutcome::Undone));
    let (_, run) = drive(retried(2), throttled(3));
    assert!(matches!(&run.state, State::Stuck { failure, .. } if failure.code == "run.undo_failed"), "{:?}", run.state);
}

#[test]
fn a_step_that_takes_too_long_fails_where_it_stands_and_no_sooner() {
    let mut workflow = rotate();
    workflow.steps[1].timeout_ms = Some(3_600_000);
    let (mut driver, mut run) = Driver::start(planned(&workflow, 1).unwrap(), vec![]);
    while run.current().unwrap().id.as_str() != "rotate.verify-1" {
        run = driver.step(&run).unwrap();
    }
    let deadline = run.deadline().unwrap();
    assert_eq!(deadline, run.times.step_at.plus_millis(3_600_000));
    let body =
        FactBody { step: "rotate".parse().unwrap(), about: TIMEOUT.to_owned(), holds: false, facts: BTreeMap::new() };
    let mut late = stamped(EntryId::of_run(&run.id, run.next), Kind::Fact, &body);
    assert!(matches!(run.apply(&late), Err(Illegal::NotPlanned { .. })), "there is time left");
    late.at = deadline;
    let failed = run.apply(&late).unwrap();
    assert!(matches!(&failed.state, State::Undoing(failure) if failure.code == "run.timed_out"), "{:?}", failed.state);
    assert_eq!(failed.deadline(), None, "what is taken back has all the time that it needs");
}

/// The rotation, which has so much time.
fn timed(ms: u64) -> Plan {
    let mut workflow = rotate();
    workflow.steps[1].retry = Some(Retrying { times: 2, wait_ms: 100_000 });
    workflow.steps[1].timeout_ms = Some(ms);
    planned(&workflow, 1).unwrap()
}

/// A rest ends with the step's time; where that is over already, nobody rests.
#[test]
fn a_rest_ends_when_the_time_of_its_step_is_over() {
    // judge (4 acts), check, act stage (decision, attempt).
    let throttled = || [vec![0; 4 + 1 + 1], vec![6]].concat().into_iter().rev().collect();
    let (mut driver, mut run) = Driver::start(timed(60_000), throttled());
    while !matches!(run.state, State::Resting { .. }) {
        run = driver.step(&run).unwrap();
    }
    let deadline = run.times.step_at.plus_millis(60_000);
    let at_once = driver.late(&run, deadline);
    assert!(
        matches!(&at_once.state, State::Undoing(failure) if failure.code == "run.timed_out"),
        "{:?}",
        at_once.state
    );
    driver.entries.pop();
    run = driver.step(&run).unwrap();
    assert_eq!(run.state, State::Waiting { until: deadline }, "the rest would be longer");
    assert!(matches!(run.command().unwrap(), Command::Sleep { until, .. } if until == deadline));
    run = driver.late(&run, deadline);
    assert!(matches!(&run.state, State::Undoing(failure) if failure.message.ends_with("; probe `login`: refused")));
    assert_eq!(on(&mut driver, run).state, State::Closed(RunOutcome::Failed));
}

/// A wait that the end of the step cuts off has not been waited: whoever resumes the run has it waited anew.
#[test]
fn a_soak_that_was_cut_off_is_begun_anew() {
    let (mut driver, mut run) = Driver::start(timed(60_000), vec![]);
    while run.current().unwrap().id.as_str() != "rotate.soak" || !matches!(run.state, State::Waiting { .. }) {
        run = driver.step(&run).unwrap();
    }
    assert_eq!(run.deadline(), None, "it is over in time, however late somebody says so");
    let deadline = run.times.step_at.plus_millis(60_000);
    run.state = State::Waiting { until: deadline };
    assert_eq!(run.deadline(), Some(deadline));
    run = driver.late(&run, deadline);
    assert!(matches!(&run.state, State::Ending(Some(failure)) if failure.code == "run.timed_out"), "{:?}", run.state);
    while !matches!(run.state, State::Stuck { .. }) {
        run = driver.step(&run).unwrap();
    }
    run = driver.answer(&run, PersonAnswer::Resume);
    assert!(matches!(run.command().unwrap(), Command::Wait { ms: 50, .. }));
    assert_eq!(
        run.deadline(),
        Some(run.times.last_at.plus_millis(60_000)),
        "what a person thought about is not its time"
    );
}

#[test]
fn what_the_plan_leaves_out_is_recorded_before_anything_else() {
    let mut plan = planned(&rotate(), 1).unwrap();
    for step in ["a", "b"] {
        plan.skipped.push(Skipped { step: step.parse().unwrap(), when: "false".to_owned() });
    }
    let (driver, run) = drive(plan, vec![]);
    assert_eq!(run.state, State::Closed(RunOutcome::Done));
    let kinds: Vec<Kind> = driver.entries.iter().map(|entry| entry.kind).take(4).collect();
    assert_eq!(kinds, [Kind::Started, Kind::Skipped, Kind::Skipped, Kind::Decision]);
    assert_eq!(driver.entries[2].predicate["step"], json!("b"));
}

#[test]
fn what_does_not_fit_is_a_value_and_leaves_the_run_alone() {
    let (driver, run) = Driver::start(planned(&rotate(), 1).unwrap(), vec![]);
    let late = driver.entries[0].clone();
    assert!(matches!(run.apply(&late), Err(Illegal::OutOfOrder(_))));
    let mut other = late.clone();
    other.id = "r2/7".parse().unwrap();
    assert!(matches!(run.apply(&other), Err(Illegal::OtherRun(_))));
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Decision) {
        let entry = Stamped { id: "r1/9".parse().unwrap(), kind: *kind, ..late.clone() };
        assert!(run.apply(&entry).is_err(), "{kind}");
    }
}

/// A target on which no undo ever takes: the run does not try for ever.
#[test]
fn an_undo_that_never_arrives_needs_a_person() {
    let (mut driver, mut run) = Driver::start(planned(&issue(), 0).unwrap(), vec![]);
    for _ in 0..200 {
        // Everything goes well but the examination; every undo is found not applied.
        driver.choices = match run.command().unwrap() {
            Command::Examine { .. } => vec![3],
            Command::Undo { .. } => vec![5],
            Command::Settle(_) => vec![1],
            _ => vec![],
        };
        let Some(next) = driver.step(&run) else { break };
        run = next;
        hold_invariants(&driver, &run);
    }
    assert!(matches!(&run.state, State::Stuck { failure, .. } if failure.code == "run.undo_failed"), "{:?}", run.state);
    let undos = driver.entries.iter().filter(|entry| entry.kind == Kind::Finding).count();
    assert_eq!(undos, ATTEMPTS_MAX as usize);
}

/// A rotation whose deliveries are done and whose adoption never came: everything of it has its undo.
fn unadopted() -> (Driver, Run) {
    // judge (4 acts), check, stage (decision, attempt), verify, deliver (decision, attempt), adopt.
    let choices = [vec![0; 4 + 1 + 2 + 1 + 2], vec![7]].concat().into_iter().rev().collect();
    let (driver, run) = drive(planned(&rotate(), 1).unwrap(), choices);
    assert!(
        matches!(&run.state, State::Stuck { failure, .. } if failure.code == "run.probe_failed"),
        "{:?}",
        run.state
    );
    (driver, run)
}

fn on(driver: &mut Driver, mut run: Run) -> Run {
    for _ in 0..200 {
        let Some(next) = driver.step(&run) else { break };
        run = next;
        hold_invariants(driver, &run);
    }
    run
}

fn stages(driver: &Driver) -> BTreeMap<u32, Stage> {
    let versions = driver.entries.iter().filter(|entry| entry.kind == Kind::Version);
    let bodies = versions.map(|entry| entry.decode::<VersionBody>().unwrap());
    bodies.map(|body| (body.version.number, body.stage)).collect()
}

#[test]
fn a_resumed_run_makes_the_failed_move_anew_and_goes_on() {
    let (mut driver, run) = unadopted();
    let run = driver.answer(&run, PersonAnswer::Resume);
    assert!(matches!(run.command().unwrap(), Command::Probe { probe, .. } if probe.name == "key_used"));
    let run = on(&mut driver, run);
    assert_eq!(run.state, State::Closed(RunOutcome::Done));
    assert_eq!(stages(&driver), BTreeMap::from([(1, Stage::Retired), (2, Stage::Current)]));
    assert_eq!(run.refusal(PersonAnswer::Abandon).as_deref(), Some("the run is over"));
}

#[test]
fn whoever_is_needed_is_told_who_and_where_to_read() {
    let (_, run) = unadopted();
    let words = run.words_when_stuck("the new key is not used");
    assert!(words.contains("Team platform: see `countersign status"), "{words}");
    let mut workflow = rotate();
    workflow.metadata.runbook = Some("https://runbooks.example.com/keys".to_owned());
    let (_, run) = drive(planned(&workflow, 1).unwrap(), vec![]);
    let words = run.words_when_stuck("the new key is not used");
    assert!(words.contains("Team platform (runbook: https://runbooks.example.com/keys): see"), "{words}");
}

#[test]
fn a_stuck_run_is_taken_back_beyond_the_point_of_no_return() {
    let (mut driver, run) = unadopted();
    let run = driver.answer(&run, PersonAnswer::Undo);
    let run = on(&mut driver, run);
    assert_eq!(run.state, State::Closed(RunOutcome::Undone));
    assert!(run.done.iter().all(|done| done.undone), "{:?}", run.done);
    assert_eq!(stages(&driver), BTreeMap::from([(1, Stage::Current), (2, Stage::Retired)]));
    let facts = driver.entries.iter().filter(|entry| entry.kind == Kind::Fact);
    let bound = facts.filter(|entry| entry.decode::<FactBody>().is_ok_and(|body| body.about == "evidence"));
    assert_eq!(bound.count(), 2, "what was bound before the person's answer does not speak of the undo");
}

/// What the workflow has for a failure is not done where a person says what is to be done.
#[test]
fn a_person_takes_back_and_nothing_is_done_for_the_failure() {
    let choices = [vec![3], vec![0; 4 + 1 + 2 + 1 + 2 + 1 + 1]].concat();
    let (mut driver, run) = drive(planned(&rotate_or_end(), 1).unwrap(), choices);
    assert!(matches!(run.state, State::Stuck { .. }), "{:?}", run.state);
    let run = driver.answer(&run, PersonAnswer::Undo);
    let run = on(&mut driver, run);
    assert_eq!(run.state, State::Closed(RunOutcome::Undone));
    assert!(run.done.iter().all(|done| done.undone), "{:?}", run.done);
}

/// Whoever gives up on a run while its end is left does not bring back what was undone.
#[test]
fn a_run_that_was_taken_back_only_ends() {
    let (mut driver, run) = unadopted();
    let mut run = driver.answer(&run, PersonAnswer::Undo);
    while !matches!(run.state, State::Ending(Some(_))) {
        run = driver.step(&run).unwrap();
    }
    let before = run.state.clone();
    let run = driver.ask_person(&run);
    let run = driver.answer(&run, PersonAnswer::Resume);
    assert_eq!(run.state, before);
    let run = on(&mut driver, run);
    assert_eq!(run.state, State::Closed(RunOutcome::Undone));
}

#[test]
fn what_is_removed_cannot_be_taken_back() {
    let (mut driver, mut run) = unadopted();
    run = driver.answer(&run, PersonAnswer::Resume);
    while !run.done.iter().any(|done| done.id.as_str() == "rotate.remove") {
        run = driver.step(&run).unwrap();
    }
    run = driver.ask_person(&run);
    let why = run.refusal(PersonAnswer::Undo).unwrap();
    assert_eq!(why, "`rotate.remove` is done, and cannot be taken back");
    let wait = Wait::Answered { answer: PersonAnswer::Undo, by: "p_0".to_owned(), reason: Digest::of(b"r") };
    let body = WaitBody { step: run.plan.moves[0].step.clone(), wait };
    let entry = stamped(EntryId::of_run(&run.id, run.next), Kind::Wait, &body);
    assert!(matches!(run.apply(&entry), Err(Illegal::NotPlanned { .. })));
}

/// beh:R3: what was sent and not answered is open, and no failure.
#[test]
fn who_lets_go_of_a_run_answers_for_its_open_intent() {
    // judge (4 acts), check, stage (decision; the process dies within the attempt).
    let choices: Vec<u8> = [vec![0; 4 + 1 + 1], vec![5]].concat().into_iter().rev().collect();
    let (mut driver, mut run) = Driver::start(planned(&rotate(), 1).unwrap(), choices);
    while !matches!(run.state, State::Open(_)) {
        run = driver.step(&run).unwrap();
    }
    run = driver.ask_person(&run);
    assert!(run.refusal(PersonAnswer::Undo).unwrap().contains("has no answer yet"));
    run = driver.answer(&run, PersonAnswer::Abandon);
    let run = on(&mut driver, run);
    assert_eq!(run.state, State::Closed(RunOutcome::Abandoned));
    let declared = driver.entries.iter().find(|entry| entry.kind == Kind::Finding).unwrap();
    assert_eq!((&declared.predicate["finding"], &declared.predicate["by"]), (&json!("declared"), &json!("p_0")));
    assert!(driver.entries.iter().any(|entry| entry.kind == Kind::Fact), "the finaliser ran");
    assert_eq!(stages(&driver)[&2], Stage::Pending, "what may be in use stays sealed");
}

/// A rotation that tells somebody, however it ends.
fn telling() -> Plan {
    let mut plan = planned(&rotate(), 1).unwrap();
    for (at, on) in [(0, Telling::Done), (1, Telling::Failure), (2, Telling::Always)] {
        let does = Does::Notify { to: "team-chat".to_owned(), text: json!("it is over"), on };
        let step: StepId = format!("tell-{at}").parse().unwrap();
        plan.moves.push(Move { id: step.clone(), step, action: "notify".to_owned(), on_failure: None, does });
    }
    plan
}

/// Whoever is told only of failures hears nothing of a run that is done, and the other way round.
#[test]
fn who_is_told_depends_on_how_the_run_ends() {
    let told = |choices: Vec<u8>| {
        let (driver, run) = drive(telling(), choices);
        let notices = driver
            .entries
            .iter()
            .filter(|entry| entry.kind == Kind::Fact && entry.decode::<FactBody>().unwrap().about == NOTICE);
        (notices.count(), run.state)
    };
    assert_eq!(told(vec![]), (2, State::Closed(RunOutcome::Done)));
    // The `policy` step denies.
    assert_eq!(told(vec![11]), (2, State::Closed(RunOutcome::Denied)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whenever a person is asked, and whatever the answers are: the invariants hold after each entry, and the run ends.
    #[test]
    fn answers_of_a_person_hold_the_invariants(
        choices in proptest::collection::vec(any::<u8>(), 0..120),
        mut persons in proptest::collection::vec(any::<u8>(), 0..60),
        which in 0..8,
    ) {
        let plan = match which {
            7 => Ok(timed(12_000)),
            0 => planned(&rotate(), 1),
            1 => planned(&provision(), 0),
            2 => planned(&rotate_role(RotateBy::InPlace), 1),
            4 => planned(&deprovision(), 1),
            3 => planned(&rotate_role(RotateBy::Alternating), 1),
            6 => planned(&rotate_or_end(), 1),
            _ => planned(&issue(), 0),
        };
        let (mut driver, mut run) = Driver::start(plan.unwrap(), choices);
        for _ in 0..600 {
            let byte = persons.pop().unwrap_or(2);
            let wanted = [PersonAnswer::Resume, PersonAnswer::Undo, PersonAnswer::Abandon][usize::from(byte % 3)];
            let is_free = !matches!(run.state, State::Closed(_) | State::Abandoning(_));
            run = match &run.state {
                State::Closed(_) => break,
                State::Stuck { .. } => {
                    let answer = if run.refusal(wanted).is_none() { wanted } else { PersonAnswer::Abandon };
                    driver.answer(&run, answer)
                }
                _ if is_free && byte % 16 == 3 => driver.ask_person(&run),
                _ if is_free && byte % 16 == 4 && run.refusal(PersonAnswer::Undo).is_none() => {
                    driver.answer(&run, PersonAnswer::Undo)
                }
                _ => driver.step(&run).unwrap(),
            };
            hold_invariants(&driver, &run);
        }
        prop_assert!(matches!(run.state, State::Closed(_)), "{:?}", run.state);
        let mut numbers = std::collections::BTreeMap::new();
        for (number, stage) in stages(&driver) {
            *numbers.entry(stage).or_insert(0) += 1;
            let _ = number;
        }
        prop_assert!(numbers.get(&Stage::Current).copied().unwrap_or(0) <= 1, "one version at most is current");
    }

    /// Whatever answers come: one open intent at most, nothing closed twice, nothing undone after the pivot, replay
    /// equals live, and every run ends.
    #[test]
    fn every_run_ends_and_holds_its_invariants(choices in proptest::collection::vec(any::<u8>(), 0..120), which in 0..12) {
        let plan = match which {
            11 => Ok(timed(8_000)),
            10 => planned(&rotate_or_end(), 1),
            9 => planned(&rotate_published(), 1),
            8 => Ok(telling()),
            6 => Ok(windowed()),
            5 => Ok(retried(2)),
            0 => planned(&rotate(), 1),
            1 => planned(&provision(), 0),
            2 => planned(&rotate_role(RotateBy::InPlace), 1),
            4 => planned(&deprovision(), 1),
            3 => planned(&rotate_role(RotateBy::Alternating), 1),
            _ => planned(&issue(), 0),
        };
        let (_, run) = drive(plan.unwrap(), choices);
        prop_assert!(matches!(run.state, State::Closed(_) | State::Stuck { .. }), "{:?}", run.state);
    }

    /// Entries in a random order: each is taken or refused, never a panic, and a refusal changes nothing.
    #[test]
    fn a_shuffled_history_never_panics(choices in proptest::collection::vec(any::<u8>(), 0..60), order in any::<u64>()) {
        let (driver, _) = drive(planned(&rotate(), 1).unwrap(), choices);
        let mut entries = driver.entries.clone();
        let length = entries.len();
        for at in 1..length {
            let other = usize::try_from(order.rotate_left(u32::try_from(at % 64).unwrap()) % 97).unwrap() % length;
            entries.swap(at, other);
        }
        let mut run = Run::begin(&driver.entries[0], Arc::clone(&driver.plan)).unwrap();
        for entry in &entries {
            if let Ok(next) = run.apply(entry) {
                prop_assert!(next.next > run.next || next != run);
                run = next;
            }
        }
    }
}

/// Whoever answers while the steps for a failure are made finds them where they were: what failed is not made again.
#[test]
fn a_person_who_resumes_the_steps_for_a_failure_makes_nothing_of_what_failed() {
    let (mut driver, mut run) = Driver::start(planned(&rotate_or_end(), 1).unwrap(), vec![70, 0, 56, 0, 0, 0, 0]);
    while !run.is_handling() || !matches!(run.state, State::Ready { .. }) {
        run = driver.step(&run).unwrap();
    }
    let at = run.cursor.at;
    run = driver.ask_person(&run);
    run = driver.answer(&run, PersonAnswer::Resume);
    assert_eq!((run.cursor.at, run.done.len()), (at, 0));
    while !matches!(run.state, State::Closed(_)) {
        run = driver.step(&run).unwrap();
        hold_invariants(&driver, &run);
    }
    assert_eq!(run.state, State::Closed(RunOutcome::Handled));
}
