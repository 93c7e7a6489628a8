//! One fixture under one mint: how a check grants, acts, records and looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_contract::{
    Cabinet, Call, Connector, Digest, Effect, EntryId, Eyes, Hands, Intent, Material, Observation, OpenMaterialError,
    Origin, Outcome, Receipt, Subject, VersionId, Warrant,
};
use countersign_fake::{Faulty, Lie};
use countersign_warrant::{
    Allowed, Answer, Basis, Decision, DoneIntent, Fence, Finding, Mark, Mint, NUMBERS_OF_AN_INTENT, OpenIntent, Retry,
    RunId, Settled, Verdict,
};

use crate::{Case, Fixture, MemoryJournal};

/// What a check answers: nothing, or the broken promise in words.
pub(crate) type Tried<T = ()> = Result<T, String>;

pub(crate) struct World {
    pub(crate) fixture: Fixture,
    pub(crate) connector: Faulty<dyn Connector>,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) mint: Mint<MemoryJournal>,
    materials: BTreeMap<VersionId, Vec<u8>>,
    run: RunId,
    next: AtomicU64,
    _mark: Mark,
}

impl World {
    /// A fixture as it is.
    pub(crate) fn of(fixture: Fixture, materials: BTreeMap<VersionId, Vec<u8>>) -> Self {
        let journal = Arc::new(MemoryJournal::default());
        let (mint, mark) = Mint::new(Arc::clone(&journal));
        let run: Option<RunId> = "conformance".parse().ok();
        Self {
            connector: Faulty::new(Arc::clone(&fixture.connector), BTreeMap::new()),
            fixture,
            journal,
            mint,
            materials,
            run: run.unwrap_or_else(|| unreachable!("the run's name is a segment")),
            next: AtomicU64::new(1),
            _mark: mark,
        }
    }

    /// A fixture in which the case's earlier calls are done.
    pub(crate) async fn new(fixture: Fixture, case: &Case) -> Tried<Self> {
        let world = Self::of(fixture, case.materials.clone());
        for call in &case.before {
            let intent = world.intent(call, None);
            let done = world.do_it(&intent).await;
            done.map_err(|what| format!("`{}`, which comes before, was not done: {what}", call.verb))?;
        }
        Ok(world)
    }

    pub(crate) fn fence(&self) -> Fence {
        Fence { run: self.run.clone(), epoch: 1 }
    }

    pub(crate) fn next_entry(&self) -> EntryId {
        EntryId::of_run(&self.run, self.next.fetch_add(NUMBERS_OF_AN_INTENT, Ordering::SeqCst))
    }

    /// A planned first attempt.
    pub(crate) fn intent(&self, call: &Call, undo: Option<&Call>) -> Intent {
        let step = format!("try.{}", call.verb).parse().ok();
        Intent {
            entry: self.next_entry(),
            step: step.unwrap_or_else(|| unreachable!("a verb's name is a segment")),
            action: "rotate".to_owned(),
            subject: call.resource.clone(),
            plan: Digest::of(b"conformance"),
            call: call.clone(),
            facts: BTreeMap::new(),
            undo: undo.cloned(),
            attempt: 1,
            origin: Origin::Plan,
        }
    }

    fn allowed(intent: &Intent) -> Tried<Allowed> {
        let number = intent.entry.number().unwrap_or_default() + 100_000;
        let run = intent.entry.run().ok_or("an entry of no run")?;
        let empty = Digest::of(b"");
        let decision = Decision {
            verdict: Verdict::Allow,
            code: "policy.allowed".to_owned(),
            policies: Vec::new(),
            reasons: Vec::new(),
            errors: Vec::new(),
            controls: Vec::new(),
            basis: Basis { policies: empty, schema: empty, entities: empty, request: empty },
            shadow: None,
        };
        Allowed::judged(intent.clone(), decision, EntryId::of_run(&run, number)).map_err(|error| error.to_string())
    }

    /// A warrant for the intent. Asked twice, it is the same grant with a second warrant.
    pub(crate) async fn grant(&self, intent: &Intent) -> Tried<Warrant> {
        let granted = self.mint.grant(Self::allowed(intent)?, Vec::new(), self.fence()).await;
        granted.map(|(warrant, _)| warrant).map_err(|error| format!("no grant: {error}"))
    }

    pub(crate) async fn grant_retry(&self, retry: Retry) -> Tried<Warrant> {
        let before = retry.intent();
        let intent = Intent {
            entry: self.next_entry(),
            attempt: before.attempt + 1,
            origin: Origin::Retry(before.entry.clone()),
            ..before.clone()
        };
        let granted = self.mint.retry(retry, Self::allowed(&intent)?, Vec::new(), self.fence()).await;
        granted.map(|(warrant, _)| warrant).map_err(|error| format!("no grant: {error}"))
    }

    pub(crate) async fn grant_undo(&self, done: DoneIntent) -> Tried<Warrant> {
        let granted = self.mint.undo(done, self.next_entry(), self.fence()).await;
        granted.map(|(warrant, _)| warrant).map_err(|error| format!("no grant: {error}"))
    }

    pub(crate) fn hands(&self, intent: &Intent) -> Hands {
        let named = intent.call.materials.iter();
        let opens = named.filter_map(|(name, version)| Some((name.clone(), self.materials.get(version)?.clone())));
        Hands::new(Box::new(Pockets(opens.collect())))
    }

    /// One attempt, with all that its warrant names.
    pub(crate) async fn act(&self, warrant: Warrant) -> Tried<Receipt> {
        let entry = warrant.intent().entry.clone();
        let hands = self.hands(warrant.intent());
        let receipt = self.connector.act(warrant, hands).await;
        if receipt.intent().entry != entry {
            return Err(format!("the receipt of `{}` came for `{entry}`", receipt.intent().entry));
        }
        Ok(receipt)
    }

    /// Grants, acts and records; must be done.
    pub(crate) async fn do_it(&self, intent: &Intent) -> Tried<DoneIntent> {
        let warrant = self.grant(intent).await?;
        let receipt = self.act(warrant).await?;
        let seen = format!("{:?}", receipt.outcome());
        match self.record(receipt).await?.answer {
            Answer::Done(done) => Ok(done),
            _ => Err(format!("the outcome is {seen}")),
        }
    }

    /// Grants and acts with a commanded failure; must be open.
    pub(crate) async fn fail_it(&self, warrant: Warrant, lie: Lie) -> Tried<OpenIntent> {
        self.connector.fail_next(lie);
        let receipt = self.act(warrant).await?;
        match self.record(receipt).await?.answer {
            Answer::Open(open) => Ok(open),
            other => Err(format!("a doubted receipt was answered with {other:?}")),
        }
    }

    pub(crate) async fn record(&self, receipt: Receipt) -> Tried<Settled> {
        let recorded = self.mint.record(receipt, self.fence()).await;
        recorded.map_err(|(_, error)| format!("the receipt was not recorded: {error}"))
    }

    pub(crate) async fn settle(&self, open: OpenIntent, finding: Finding) -> Tried<Answer> {
        let settled = self.mint.settle(open, finding, self.fence()).await;
        settled.map(|settled| settled.answer).map_err(|error| format!("not settled: {error}"))
    }

    pub(crate) async fn observe(&self, intent: &Intent) -> Tried<Observation> {
        let subject = Subject { resource: intent.call.resource.clone() };
        let observed = self.connector.observe(&subject, Eyes::open()).await;
        observed.map_err(|error| format!("not observed: {error}"))
    }

    /// What an observation made now says of the intent.
    pub(crate) async fn effect(&self, intent: &Intent) -> Tried<Effect> {
        let observation = self.observe(intent).await?;
        let verb = self.connector.manifest().verb(&intent.call.verb);
        let verb = verb.ok_or_else(|| format!("there is no verb `{}`", intent.call.verb))?;
        Ok((verb.effect)(intent, &observation))
    }
}

/// The material of one warrant.
struct Pockets(BTreeMap<String, Vec<u8>>);

impl Cabinet for Pockets {
    fn open(&self, name: &str) -> Result<Material, OpenMaterialError> {
        let bytes = self.0.get(name).cloned();
        bytes.map(Material::new).ok_or_else(|| OpenMaterialError::NotNamed(name.to_owned()))
    }

    fn keep(&mut self, _material: Material) -> Result<VersionId, OpenMaterialError> {
        let reason = "nothing is kept in this suite".to_owned();
        Err(OpenMaterialError::Sealed { name: "made".to_owned(), reason })
    }
}

/// What an attempt must not change twice, and an undo must bring back: all of a reading but the target's log of
/// entries, and when a key was last used.
pub(crate) fn standing(observation: &Observation) -> Observation {
    let mut standing = observation.clone();
    standing.applied.clear();
    for slot in &mut standing.slots {
        slot.last_used = None;
        // A secret that is set again is as old as that: the target knows no earlier time.
        slot.created_at = None;
    }
    standing
}

/// The outcome in words, for a report.
pub(crate) fn in_words(outcome: &Outcome) -> String {
    format!("the outcome is {outcome:?}")
}
