//! A target in memory with every fault on command, and a wrapper that puts faults on a real connector.
//!
//! It exists for fault injection alone: for the conformance suite and for tests of the engine. It must never be named
//! by the catalog, and it must never lie by itself: without a commanded fault it behaves as the contract asks.
//!
//! Read first: [`Fake`], [`Fault`].

mod act;
mod client;
mod faulty;
mod manifest;
mod observe;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_contract::{
    BoxFuture, Connector, Cursor, Eyes, Hands, Limits, Manifest, Material, Observation, ObserveError, Page, Probe,
    ProbeAnswer, ProbeResult, Receipt, Refusal, Scope, Subject, Warrant,
};

pub use faulty::{Faulty, Lie};

use client::Target;

/// What becomes of one act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is changed; the receipt is *indeterminate*.
    FailBefore,
    /// The change is made; the receipt is *indeterminate*.
    FailAfter,
    /// Nothing is changed, and no answer ever comes.
    HangBefore,
    /// The change is made, and no answer ever comes.
    HangAfter,
    /// The target refuses.
    Refuse(Refusal),
    /// The connector panics before the change.
    PanicBefore,
    /// The connector panics after the change.
    PanicAfter,
    /// The connector keeps the warrant and never answers.
    Stash,
    /// The connector drops the warrant and never answers.
    Drop,
    /// The connector keeps the warrant, and answers with the receipt of one that it stashed before.
    AnswerForAnother,
    /// The change is made after so long, unless the deadline has passed by then.
    Slow(Duration),
}

/// The target in memory. Subjects are `fake/account/<name>`: they have two slots and the parts of a rotation.
pub struct Fake {
    manifest: Manifest,
    target: Target,
    faults: Mutex<BTreeMap<u64, Fault>>,
    acts: AtomicU64,
    answers: Mutex<BTreeMap<u64, ProbeAnswer>>,
    probes: AtomicU64,
    stash: Mutex<Vec<Warrant>>,
}

impl Fake {
    /// An empty target that keeps every promise, with these limits on each verb.
    pub fn new(limits: Limits) -> Self {
        Self {
            manifest: manifest::manifest(limits),
            target: Target::default(),
            faults: Mutex::default(),
            acts: AtomicU64::new(0),
            answers: Mutex::default(),
            probes: AtomicU64::new(0),
            stash: Mutex::default(),
        }
    }

    /// Commands a fault for the act of that number, counted from 1.
    #[must_use]
    pub fn with_fault(self, number: u64, fault: Fault) -> Self {
        lock(&self.faults).insert(number, fault);
        self
    }

    /// Commands a fault for the next act.
    pub fn fault_next(&self, fault: Fault) {
        lock(&self.faults).insert(self.acts.load(Ordering::SeqCst) + 1, fault);
    }

    /// Commands a fault for the act of that number, counted from 1.
    pub fn fault_at(&self, number: u64, fault: Fault) {
        lock(&self.faults).insert(number, fault);
    }

    /// Commands the answers to the probes of these numbers, counted from 1.
    pub fn answer_at(&self, numbers: impl IntoIterator<Item = u64>, answer: ProbeAnswer) {
        lock(&self.answers).extend(numbers.into_iter().map(|number| (number, answer)));
    }

    /// How many probes were asked for.
    pub fn probes(&self) -> u64 {
        self.probes.load(Ordering::SeqCst)
    }

    /// How many acts were asked for.
    pub fn acts(&self) -> u64 {
        self.acts.load(Ordering::SeqCst)
    }

    /// How many warrants are stashed.
    pub fn stashed(&self) -> usize {
        lock(&self.stash).len()
    }
}

impl Connector for Fake {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        _eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        Box::pin(async move { Ok(self.list_all(scope, from.as_ref())) })
    }

    fn observe<'a>(&'a self, subject: &'a Subject, _eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        Box::pin(async move { Ok(self.target.observation(&subject.resource)) })
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        let number = self.probes.fetch_add(1, Ordering::SeqCst) + 1;
        let commanded = lock(&self.answers).remove(&number);
        Box::pin(async move { commanded.map_or_else(|| self.answer(probe, material.as_ref()), observe::commanded) })
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        let number = self.acts.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = lock(&self.faults).remove(&number);
        Box::pin(self.attempt(warrant, hands, fault))
    }
}

/// A poisoned lock is taken all the same: a commanded panic must not end the target.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
