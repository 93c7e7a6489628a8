//! inv:I8 over generated policies, requests and interruptions: what the plan shows, what the `policy` step says, what is
//! said at the act, and again by a run that is carried on or resumed, is one question but for the time, and one answer.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::pin::pin;

use countersign_contract::Connector as _;
use countersign_fake::Fault;
use countersign_kernel::plan::{self, Act, Asking, Move, Plan};
use countersign_kernel::policy::{self, Judgement};
use countersign_kernel::run::bodies::{PersonAnswer, RunOutcome, Trigger, TriggerKind};
use countersign_warrant::{Decision, DecisionBody, Digest, Kind, Moment, RunId, Timestamp, Verdict};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::Value;

use super::house::{House, PROVISION, ROTATE};
use super::refusal;
use crate::clock::Clock as _;
use crate::ledger::ClaimError;
use crate::runner::{Begun, DriveError, Driven, PersonsWord, Request};

const CASES: u32 = 24;
/// The same cases each time: those of this seed reach each answer and each interruption more than once.
const SEED: u64 = 8;
const HOUR_MS: u64 = 3_600_000;
/// The one condition that reads the time; it turns within the hours that a run may be left alone.
const IN_TIME: &str = "context.now < datetime(\"1970-01-01\").offset(duration(\"{due}ms\"))";

/// It overflows where `count` is more than one.
const MAY_ERR: &str = "context.inputs has count && context.inputs.count * 4611686018427387904 < 0";

const CONDITIONS: [&str; 14] = [
    IN_TIME,
    "context.trigger == \"request\"",
    "context.trigger == \"expiry\"",
    "resource.tier == \"critical\"",
    "resource has owner && resource.owner like \"dana*\"",
    "context.verb == \"stage\"",
    "context.verb == \"disable\" || context.verb == \"create\"",
    "context has sink",
    "context.inputs has reason && context.inputs.reason like \"*a*\"",
    "context.length_of has reason && context.length_of.reason > 6",
    MAY_ERR,
    "context.facts has exists && context.facts.exists",
    "context.facts has live_versions && context.facts.live_versions > 0",
    "context.added has why && context.added.why like \"*b*\"",
];

#[derive(Debug, Clone)]
struct Rule {
    permits: bool,
    scope: &'static str,
    unless: bool,
    condition: &'static str,
    in_shadow: bool,
}

/// What happens to the run.
#[derive(Debug, Clone, Copy)]
enum Break {
    Nothing,
    /// It is asked to stop when so many of its entries are told.
    Stop(usize),
    /// Whoever drives it is gone when so many of its entries are told.
    Drop(usize),
    /// The target refuses its call of that number for good.
    Refuse(u64),
}

#[derive(Debug, Clone)]
struct Case {
    workflow: &'static str,
    asked_by: Option<&'static str>,
    is_critical: bool,
    reason: String,
    count: i64,
    /// Whether what no rule forbids may be done.
    is_open: bool,
    rules: Vec<Rule>,
    what: Break,
    /// How long the run is left alone then.
    hours: u64,
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let scope = prop::sample::select(vec![
        "principal",
        "principal is Countersign::Workflow",
        "principal == Countersign::Person::\"p_1\"",
    ]);
    let condition = prop_oneof![
        5 => (prop::bool::weighted(0.3), prop::bool::weighted(0.4), prop::sample::select(CONDITIONS.to_vec())),
        4 => Just((false, true, IN_TIME)),
        2 => Just((false, false, MAY_ERR)),
    ];
    let rule = move |in_shadow| {
        let rule = (scope.clone(), condition.clone());
        rule.prop_map(move |(scope, (permits, unless, condition))| Rule {
            permits,
            scope,
            unless,
            condition,
            in_shadow,
        })
    };
    (prop::collection::vec(rule(false), 0..3), rule(true)).prop_map(|(mut rules, shadow)| {
        rules.push(shadow);
        rules
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let what = prop_oneof![
        1 => Just(Break::Nothing),
        3 => (1_usize..24).prop_map(Break::Stop),
        3 => (1_usize..24).prop_map(Break::Drop),
        3 => (1_u64..4).prop_map(Break::Refuse),
    ];
    let asked_by = prop::option::of(Just("p_1"));
    let workflow = prop_oneof![1 => Just("provision"), 2 => Just("rotate")];
    let hours = prop_oneof![1 => Just(0_u64), 2 => Just(2)];
    let given = (asked_by, any::<bool>(), "[ab ]{1,10}", 0_i64..5);
    (workflow, given, prop::bool::weighted(0.8), rules(), what, hours).prop_map(
        |(workflow, (asked_by, is_critical, reason, count), is_open, rules, what, hours)| Case {
            workflow,
            asked_by,
            is_critical,
            reason,
            count,
            is_open,
            rules,
            what,
            hours,
        },
    )
}

impl Case {
    /// The workflow with inputs that policies read, of which the `policy` step adds one again.
    fn workflows(&self) -> [String; 2] {
        let tier = if self.is_critical { "critical" } else { "standard" };
        let inputs = "{reason: {type: string, min_length: 1, description: why}, \
                      count: {type: integer, default: 1, description: how many}}";
        [("provision", PROVISION), ("rotate", ROTATE)].map(|(name, text)| {
            if name != self.workflow {
                return text.to_owned();
            }
            text.replace("name: jobs}", &format!("name: jobs, tier: {tier}}}"))
                .replace("on: {request: {}}", &format!("on: {{request: {{inputs: {inputs}}}}}"))
                .replace(
                    &format!("{{action: {name}}}"),
                    &format!("{{action: {name}, context: {{why: \"${{{{ inputs.reason }}}}\"}}}}"),
                )
        })
    }

    fn policies(&self, due: Timestamp) -> String {
        let action = format!("action == Countersign::Action::\"{}\"", self.workflow);
        let but = if self.is_open { String::new() } else { format!(" unless {{ {action} }}") };
        let mut text = format!("@id(\"may\") permit (principal, action, resource){but};\n");
        for (number, rule) in self.rules.iter().enumerate() {
            let mode = if rule.in_shadow { "@mode(\"shadow\") " } else { "" };
            let effect = if rule.permits { "permit" } else { "forbid" };
            let when = if rule.unless { "unless" } else { "when" };
            let condition = rule.condition.replace("{due}", &(due.micros() / 1000).to_string());
            let scope = format!("{}, {action}, resource", rule.scope);
            writeln!(
                text,
                "@id(\"p-{number}\") @reason(\"rule {number}\") @control(\"x-f:{number}\") {mode}\n\
                 {effect} ({scope}) {when} {{ {condition} }};"
            )
            .unwrap();
        }
        text
    }

    fn request<'a>(&self, house: &'a House, named: Option<Digest>) -> Request<'a> {
        let asked_by = self.asked_by.map(ToOwned::to_owned);
        Request {
            workflow: &house.set.workflows[self.workflow],
            activation: "activation:tests".parse().unwrap(),
            inputs: BTreeMap::from([
                ("reason".to_owned(), self.reason.clone().into()),
                ("count".to_owned(), self.count.into()),
            ]),
            persons: BTreeMap::new(),
            trigger: Trigger { kind: TriggerKind::Request, asked_by, idempotency_key: None, event: None },
            named,
            given: None,
        }
    }

    fn reads_time(&self) -> bool {
        self.rules.iter().any(|rule| rule.condition == IN_TIME)
    }
}

/// Drives the run until it ends, needs a person, stops as asked, or loses whoever drives it, which is `None`.
async fn drive(house: &House, run: &RunId, what: Break) -> Option<Driven> {
    let (mut left, is_lost) = match what {
        Break::Stop(count) => (count, false),
        Break::Drop(count) => (count, true),
        Break::Nothing | Break::Refuse(_) => (0, false),
    };
    let mut told = house.told.lock().await;
    let mut drive = pin!(house.runner.drive(run));
    loop {
        tokio::select! {
            biased;
            Some(entry) = told.recv(), if left > 0 => {
                left -= usize::from(entry.id.run().as_ref() == Some(run));
                match (left, is_lost) {
                    (0, true) => return None,
                    (0, false) => house.ask_to_stop(true),
                    _ => {}
                }
            }
            end = &mut drive => return Some(end.unwrap()),
        }
    }
}

/// Drives the run on, whatever happens to it, until it is over or a person's word does not help; says what happened.
async fn drive_on(house: &House, run: &RunId, case: &Case) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut words = 0;
    let mut driven = drive(house, run, case.what).await;
    loop {
        house.clock.go_on(case.hours * HOUR_MS);
        house.ask_to_stop(false);
        driven = match driven {
            Some(Driven::Over(outcome)) => {
                seen.extend((outcome == RunOutcome::Done).then_some("done"));
                return seen;
            }
            Some(Driven::Held(held)) => panic!("nothing is held here, and this is: {held:?}"),
            Some(Driven::Stuck(_)) if words == 2 => return seen,
            Some(Driven::Stuck(_)) => {
                words += 1;
                seen.insert("resumed");
                let reason = "it was mended".to_owned();
                let word = PersonsWord { answer: PersonAnswer::Resume, by: "p_0".to_owned(), reason };
                Some(house.runner.answer(run, word).await.unwrap())
            }
            Some(Driven::Stopped | Driven::Waiting { .. }) | None => {
                seen.insert(match driven {
                    None => "lost",
                    Some(Driven::Stopped) => "stopped",
                    Some(_) => "waited",
                });
                match house.runner.drive_to_wait(run).await {
                    Err(DriveError::Claim(ClaimError::Closed(_))) => return seen,
                    end => Some(end.unwrap()),
                }
            }
        };
    }
}

/// What may differ between two answers to one question only because of the time.
fn answer(decision: &Decision) -> impl PartialEq + std::fmt::Debug {
    let Decision { verdict, code, policies, reasons, errors, controls, basis: _, shadow } = decision.clone();
    (verdict, code, policies, reasons, errors, controls, shadow)
}

/// The stored request, and its instant.
async fn stored(house: &House, digest: &Digest) -> (Value, Timestamp) {
    let blob = house.store.blob(digest).await.unwrap().unwrap();
    without_now(blob.bytes())
}

fn without_now(request: &[u8]) -> (Value, Timestamp) {
    let mut request: Value = serde_json::from_slice(request).unwrap();
    let now = request["context"].as_object_mut().unwrap().remove("now").unwrap();
    (request, now["__extn"]["arg"].as_str().unwrap().parse().unwrap())
}

/// The plan, as somebody looks at it who may then ask for exactly this.
struct Shown<'a> {
    house: &'a House,
    case: &'a Case,
    plan: Plan,
    at: Timestamp,
}

impl Shown<'_> {
    fn judge(&self, planned: &Move, act: &Act, now: Timestamp) -> Judgement {
        let asking = Asking { asked_by: self.case.asked_by, started_at: self.at, now };
        let question = plan::question(&self.plan, planned, act, asking, self.house.fake.manifest());
        policy::judge(&self.house.runner.policies, &question)
    }

    /// The decision is the one that the plan shows, as it would be shown at the decision's own instant.
    async fn compare(&self, body: &DecisionBody) -> BTreeSet<&'static str> {
        let (planned, act) = self.plan.acts().find(|(planned, _)| planned.id == body.step).unwrap();
        let shown = self.judge(planned, act, self.at);
        let (asked, now) = stored(self.house, &body.decision.basis.request).await;
        assert_eq!(without_now(shown.blobs[3].bytes()).0, asked, "{}: one question", body.step);
        assert_eq!(self.judge(planned, act, now).decision, body.decision, "{}: one answer", body.step);
        let differs = answer(&shown.decision) != answer(&body.decision);
        let may_differ = self.case.reads_time() && now >= self.at.plus_millis(HOUR_MS);
        assert!(!differs || may_differ, "{}: {:?} was shown, {body:?} was made", body.step, shown.decision);
        let denied = body.decision.verdict == Verdict::Deny;
        let told = [
            (differs, "another time"),
            (denied && body.moment == Moment::Policy, "denied at the step"),
            (denied && body.moment == Moment::Act, "denied at the act"),
            (body.decision.code == "policy.error", "an error"),
            (body.decision.code == "policy.no_match", "no match"),
            (body.decision.shadow.is_some(), "a shadow"),
        ];
        told.into_iter().filter_map(|(holds, what)| holds.then_some(what)).collect()
    }
}

async fn hold(case: &Case) -> BTreeSet<&'static str> {
    let [provision, rotate] = case.workflows();
    let due = crate::clock::SystemClock.now().plus_millis(HOUR_MS);
    let house = House::of([&provision, &rotate], &case.policies(due)).await;
    if case.workflow == "rotate" {
        house.run("provision").await;
    }
    let plan = house.runner.plan(&case.request(&house, None)).await.unwrap();
    let named = Digest::of(&plan.to_bytes().unwrap());
    let at = house.clock.now();
    let Begun::Started(run) = house.runner.begin(case.request(&house, Some(named))).await.unwrap() else {
        panic!("nothing else holds the subject")
    };
    if let Break::Refuse(call) = case.what {
        house.fake.fault_at(house.fake.acts() + call, Fault::Refuse(refusal()));
    }
    let mut seen = drive_on(&house, &run, case).await;
    let entries = house.entries(&run).await;
    let made = entries.iter().filter(|entry| entry.kind == Kind::Decision).map(|entry| entry.decode().unwrap());
    let made: Vec<DecisionBody> = made.collect();
    let early = made.iter().filter(|body| body.moment == Moment::Policy).map(|body| &body.step);
    assert!(early.eq(plan.acts().map(|(planned, _)| &planned.id)), "each planned act is judged once before the first");
    let shown = Shown { house: &house, case, plan, at };
    for body in &made {
        seen.append(&mut shown.compare(body).await);
    }
    seen
}

#[test]
fn inv_i8_plan_step_act_and_resume_agree_under_generated_policies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let seen = RefCell::new(BTreeSet::new());
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        max_shrink_iters: 64,
        ..ProptestConfig::default()
    };
    let held = TestRunner::new(config).run(&cases(), |case| {
        seen.borrow_mut().append(&mut runtime.block_on(hold(&case)));
        Ok(())
    });
    held.unwrap();
    let reached = [
        "a shadow",
        "an error",
        "another time",
        "denied at the act",
        "denied at the step",
        "done",
        "lost",
        "no match",
        "resumed",
        "stopped",
        "waited",
    ];
    assert_eq!(seen.into_inner().into_iter().collect::<Vec<_>>(), reached, "else little is said");
}
