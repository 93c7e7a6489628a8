//! A real connector whose chosen calls fail: applied, or not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use countersign_contract::{
    BoxFuture, Connector, Cursor, Doubt, Eyes, Hands, Manifest, Material, Observation, ObserveError, Outcome, Page,
    Probe, ProbeResult, Receipt, Scope, Subject, Warrant,
};

use crate::lock;

/// How a chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// The call was lost on its way: nothing is changed, the receipt is *indeterminate*.
    NotApplied,
    /// The answer was lost on its way: the real connector has acted, the receipt is *indeterminate*.
    Applied,
}

/// Wraps a connector; acts are counted from 1, over its whole life.
pub struct Faulty<C: ?Sized> {
    inner: Arc<C>,
    lies: Mutex<BTreeMap<u64, Lie>>,
    acts: AtomicU64,
}

impl<C: Connector + ?Sized> Faulty<C> {
    /// The connector with these calls failing.
    pub fn new(inner: Arc<C>, lies: BTreeMap<u64, Lie>) -> Self {
        Self { inner, lies: Mutex::new(lies), acts: AtomicU64::new(0) }
    }

    /// Makes the next act fail.
    pub fn fail_next(&self, lie: Lie) {
        lock(&self.lies).insert(self.acts() + 1, lie);
    }

    /// How many acts were asked for.
    pub fn acts(&self) -> u64 {
        self.acts.load(Ordering::SeqCst)
    }

    /// The wrapped connector.
    pub fn inner(&self) -> &Arc<C> {
        &self.inner
    }
}

impl<C: Connector + ?Sized> Connector for Faulty<C> {
    fn manifest(&self) -> &Manifest {
        self.inner.manifest()
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        self.inner.list(scope, eyes, from)
    }

    fn observe<'a>(&'a self, subject: &'a Subject, eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        self.inner.observe(subject, eyes)
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        self.inner.probe(probe, material)
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        let number = self.acts.fetch_add(1, Ordering::SeqCst) + 1;
        let lie = lock(&self.lies).remove(&number);
        let doubt = |what: &str| Doubt { code: "faulty.lost".to_owned(), message: what.to_owned() };
        match lie {
            None => self.inner.act(warrant, hands),
            Some(Lie::NotApplied) => Box::pin(async move {
                drop(hands);
                warrant.settle(Outcome::Indeterminate(doubt("the call was lost")))
            }),
            Some(Lie::Applied) => Box::pin(async move {
                let receipt = self.inner.act(warrant, hands).await;
                receipt.doubted(doubt("the answer was lost"))
            }),
        }
    }
}
