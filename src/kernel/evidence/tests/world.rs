//! A small ledger as the engine writes it: a provision, a denial, a rotation with a retry, an undone rotation.

use std::collections::BTreeMap;

use countersign_contract::{Probe, ProbeAnswer, ProbeResult};
use countersign_warrant::{
    Applied, Basis, Call, Decision, DecisionBody, Digest, Doubt, EntryId, Finding, FindingBody, Intent, IntentBody,
    Kind, Limits, Moment, Origin, Outcome, ReceiptBody, ResourceName, RunId, Stamped, Timestamp, Verdict,
};
use ed25519_dalek::SigningKey;
use serde::Serialize;
use serde_json::json;

use crate::evidence::checkpoint::Checkpoint;
use crate::evidence::note::VerifierKey;
use crate::evidence::statement;
use crate::evidence::tree::{leaf_hash, root_of};
use crate::evidence::verify::Leaf;
use crate::run::bodies::{
    ActivationBody, ClosedBody, FactBody, KeyBody, NotDueBody, ProbeBody, RunOutcome, SealedBody, Stage, StartedBody,
    Trigger, TriggerKind, VersionBody, Wait, WaitBody,
};

pub(super) const ORIGIN: &str = "ledger.example/countersign";
pub(super) const SUBJECT: &str = "local/account/reporting";
pub(super) const SINK: &str = "files/client/reporting";

/// Entries under construction.
#[derive(Clone, Default)]
pub(super) struct World {
    pub(super) entries: Vec<Stamped>,
    next: u64,
    run: String,
}

impl World {
    /// A ledger that has a key and an activation.
    pub(super) fn new() -> Self {
        let mut world = Self::default();
        let key = KeyBody { key: "ledger".into(), generation: 1, public: keys().1.to_string() };
        world.none("key:ledger-1", Kind::Key, &key);
        let activation = ActivationBody { workflows: vec![], policies: vec![], commit: None, by: "p_0".into() };
        world.none("activation:a1", Kind::Activation, &activation);
        world
    }

    /// The whole story.
    pub(super) fn whole() -> Self {
        let mut world = Self::new();
        world.provision();
        world.denied();
        world.rotation();
        world.undone();
        world.not_due();
        world
    }

    fn push(&mut self, id: EntryId, kind: Kind, body: &impl Serialize) -> EntryId {
        let index = self.entries.len() as u64;
        let at = Timestamp::from_micros(1_795_000_000_000_000).plus_millis(index * 1000);
        let predicate = serde_json::to_value(body).unwrap();
        self.entries.push(Stamped { id: id.clone(), kind, at, predicate, index: Some(index) });
        id
    }

    pub(super) fn none(&mut self, id: &str, kind: Kind, body: &impl Serialize) {
        self.push(id.parse().unwrap(), kind, body);
    }

    /// The next entry of the run.
    pub(super) fn own(&mut self, kind: Kind, body: &impl Serialize) -> EntryId {
        let run: RunId = self.run.parse().unwrap();
        self.next += 1;
        self.push(EntryId::of_run(&run, self.next - 1), kind, body)
    }

    pub(super) fn start(&mut self, run: &str) {
        (self.run, self.next) = (run.to_owned(), 0);
        let trigger = Trigger {
            kind: TriggerKind::Request,
            asked_by: Some("p_00112233445566778899aabbccddeeff".into()),
            idempotency_key: None,
            event: None,
        };
        let started = StartedBody {
            team: None,
            service: None,
            workflow: format!("workflow-{run}"),
            workflow_digest: Digest::of(b"workflow"),
            plan: Digest::of(run.as_bytes()),
            activation: "activation:a1".parse().unwrap(),
            subject: SUBJECT.parse().unwrap(),
            resources: vec![SINK.parse().unwrap(), SUBJECT.parse().unwrap()],
            trigger,
        };
        self.own(Kind::Started, &started);
    }

    pub(super) fn decide(&mut self, moment: Moment, verdict: Verdict) -> EntryId {
        let (code, policy) = match verdict {
            Verdict::Allow => ("policy.allowed", "accounts.level"),
            Verdict::Deny => ("policy.forbidden", "accounts.no_admin"),
        };
        let none = Digest::of(b"");
        let decision = Decision {
            verdict,
            code: code.into(),
            policies: vec![policy.into()],
            reasons: vec!["levels up to operator".into()],
            errors: vec![],
            controls: vec![],
            basis: Basis { policies: none, schema: none, entities: none, request: none },
            shadow: None,
        };
        self.own(Kind::Decision, &DecisionBody { step: "rotate".parse().unwrap(), moment, decision })
    }

    pub(super) fn call(verb: &str, resource: &str) -> Call {
        Call {
            connector: resource.split('/').next().unwrap().into(),
            verb: verb.into(),
            resource: resource.parse().unwrap(),
            parameters: BTreeMap::from([("level".into(), json!("operator"))]),
            materials: BTreeMap::from([("key".into(), format!("{SUBJECT}@1").parse().unwrap())]),
            limits: Limits { duration_ms: 100, lateness_ms: 0 },
        }
    }

    /// What would be attempted at the next number.
    pub(super) fn change(&self, verb: &str, resource: &str, undo: Option<&str>) -> Intent {
        let run: RunId = self.run.parse().unwrap();
        Intent {
            entry: EntryId::of_run(&run, self.next),
            step: "rotate".parse().unwrap(),
            action: "rotate".into(),
            subject: SUBJECT.parse().unwrap(),
            plan: Digest::of(self.run.as_bytes()),
            call: Self::call(verb, resource),
            facts: BTreeMap::new(),
            undo: undo.map(|undo| Self::call(undo, resource)),
            attempt: 1,
            origin: Origin::Plan,
        }
    }

    pub(super) fn intent(&mut self, decision: Option<EntryId>, intent: Intent) -> Intent {
        self.own(Kind::Intent, &IntentBody { decision, epoch: 1, intent: intent.clone() });
        self.next += 3;
        intent
    }

    pub(super) fn receipt(&mut self, intent: &Intent, outcome: Outcome) {
        let body = ReceiptBody { intent: intent.entry.clone(), attempt: intent.attempt, outcome };
        self.push(intent.receipt_entry().unwrap(), Kind::Receipt, &body);
    }

    pub(super) fn finding(&mut self, intent: &Intent, finding: Finding) {
        let body = FindingBody { intent: intent.entry.clone(), attempt: intent.attempt, finding };
        self.push(intent.finding_entry().unwrap(), Kind::Finding, &body);
    }

    /// Decision, intent and a receipt that says done.
    pub(super) fn act(&mut self, verb: &str, resource: &str, undo: Option<&str>) -> Intent {
        let decision = self.decide(Moment::Act, Verdict::Allow);
        let intent = self.change(verb, resource, undo);
        let intent = self.intent(Some(decision), intent);
        self.receipt(&intent, Outcome::Done(Applied::default()));
        intent
    }

    pub(super) fn undo(&mut self, of: &Intent) -> Intent {
        let origin = Origin::Undo(of.entry.clone());
        let call = of.undo.clone().unwrap();
        let intent = Intent { call, origin, undo: None, ..self.change("x", SUBJECT, None) };
        let intent = self.intent(None, intent);
        self.receipt(&intent, Outcome::Done(Applied::default()));
        intent
    }

    pub(super) fn version(&mut self, number: u32, stage: Stage) {
        let sealed = (stage == Stage::Pending).then(|| SealedBody {
            given: false,
            blob: Digest::of(b"sealed"),
            fingerprint: "ab".into(),
            key_generation: 1,
            public: BTreeMap::new(),
        });
        let version = format!("{SUBJECT}@{number}").parse().unwrap();
        let step = "rotate".parse().unwrap();
        self.own(Kind::Version, &VersionBody { step, version, stage, sealed, expires_at: None, counts_from: None });
    }

    fn probe(&mut self, version: u32, answer: ProbeAnswer, holds: bool) {
        let probe = Probe {
            name: "login".into(),
            subject: SUBJECT.parse().unwrap(),
            version: Some(format!("{SUBJECT}@{version}").parse().unwrap()),
            parameters: BTreeMap::new(),
        };
        let result = ProbeResult { answer, code: "local.login".into(), message: "as it says".into() };
        self.own(Kind::Probe, &ProbeBody { step: "rotate".parse().unwrap(), probe, holds, result });
    }

    pub(super) fn close(&mut self, outcome: RunOutcome) {
        let body = ClosedBody { outcome, code: "run.ended".into(), message: "the current version works".into() };
        self.own(Kind::Closed, &body);
    }

    pub(super) fn provision(&mut self) {
        self.start("p1");
        self.decide(Moment::Policy, Verdict::Allow);
        self.version(1, Stage::Pending);
        self.act("account_create", SUBJECT, Some("account_delete"));
        self.act("deliver", SINK, None);
        self.version(1, Stage::Current);
        let facts = BTreeMap::from([("digest".into(), json!("ab"))]);
        let about = FactBody { step: "seal".parse().unwrap(), about: "evidence".into(), holds: true, facts };
        self.own(Kind::Fact, &about);
        self.close(RunOutcome::Done);
    }

    fn denied(&mut self) {
        self.start("d1");
        self.decide(Moment::Policy, Verdict::Deny);
        self.close(RunOutcome::Denied);
    }

    fn rotation(&mut self) {
        self.start("r1");
        self.version(2, Stage::Pending);
        let decision = self.decide(Moment::Act, Verdict::Allow);
        let first = self.change("key_stage", SUBJECT, Some("key_remove"));
        let first = self.intent(Some(decision), first);
        let doubt = Doubt { code: "local.lost".into(), message: "the connection broke".into() };
        self.receipt(&first, Outcome::Indeterminate(doubt));
        self.finding(&first, Finding::NotApplied { observed_at: self.entries.last().unwrap().at });
        let decision = self.decide(Moment::Act, Verdict::Allow);
        let change = self.change("key_stage", SUBJECT, Some("key_remove"));
        let second = Intent { attempt: 2, origin: Origin::Retry(first.entry), ..change };
        let second = self.intent(Some(decision), second);
        self.receipt(&second, Outcome::Done(Applied::default()));
        self.probe(2, ProbeAnswer::Accepted, true);
        self.act("deliver", SINK, None);
        self.version(2, Stage::Current);
        self.version(1, Stage::Previous);
        let step = || "rotate".parse().unwrap();
        let until = self.entries.last().unwrap().at.plus_millis(500);
        self.own(Kind::Wait, &WaitBody { step: step(), wait: Wait::Until { at: until } });
        self.own(Kind::Wait, &WaitBody { step: step(), wait: Wait::Over });
        self.act("key_disable", SUBJECT, None);
        self.probe(1, ProbeAnswer::Refused, true);
        self.version(1, Stage::Retired);
        self.close(RunOutcome::Done);
    }

    fn undone(&mut self) {
        self.start("u1");
        self.version(3, Stage::Pending);
        let stage = self.act("key_stage", SUBJECT, Some("key_remove"));
        self.probe(3, ProbeAnswer::Refused, false);
        self.undo(&stage);
        self.version(3, Stage::Retired);
        self.close(RunOutcome::Undone);
    }

    fn not_due(&mut self) {
        let body = NotDueBody {
            workflow: "workflow-r1".into(),
            subject: SUBJECT.parse::<ResourceName>().unwrap(),
            trigger: Trigger { kind: TriggerKind::Expiry, asked_by: None, idempotency_key: None, event: None },
            code: "expiry.not_due".into(),
            due_at: None,
        };
        self.none("not-due:n1", Kind::NotDue, &body);
    }

    /// The leaves, as a store keeps them.
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        let leaf = |(index, entry): (usize, &Stamped)| {
            let bytes = statement::encode_stamped(entry).unwrap();
            Leaf { index: index as u64, stored_hash: Some(leaf_hash(&bytes)), bytes }
        };
        self.entries.iter().enumerate().map(leaf).collect()
    }
}

/// The log's key pair.
pub(super) fn keys() -> (SigningKey, VerifierKey) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = VerifierKey::new(ORIGIN, key.verifying_key()).unwrap();
    (key, public)
}

/// The signed checkpoint over the first `size` leaves.
pub(super) fn note(leaves: &[Leaf], size: usize) -> String {
    let hash = |index: u64| Ok::<_, ()>(leaf_hash(&leaves[usize::try_from(index).unwrap()].bytes));
    let size = size as u64;
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: root_of(0..size, hash).unwrap() };
    checkpoint.sign(&keys().0).unwrap().to_string()
}
