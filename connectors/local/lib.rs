//! The embedded target: service accounts with API keys, and certificates of a CA, as files of this machine.
//!
//! It seals nothing: keys come in through `Hands`, and what is kept of them is a SHA-256. It must never keep or show
//! material, touch our store, or change an object otherwise than by replacing its whole file. The endpoint that checks
//! the keys, and a client that uses one, are in [`target`].
//!
//! Read first: [`Local`], `client::Directory`.

mod act;
mod client;
mod https;
mod manifest;
mod observe;
mod probe;
mod revocation;
mod signer;
pub mod target;
mod token;
mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use countersign_contract::{
    BoxFuture, Connector, Cursor, Doubt, Eyes, Hands, Limits, Manifest, Material, Observation, ObserveError, Outcome,
    Page, Probe, ProbeResult, Receipt, ResourceName, Scope, Subject, Warrant,
};

use client::Directory;
pub use manifest::LIMITS;

/// Where the endpoint is reached at the moment. Copies are the same cell.
#[derive(Debug, Clone, Default)]
pub struct Endpoint(Arc<RwLock<Option<SocketAddr>>>);

impl Endpoint {
    /// An endpoint at a known address.
    pub fn at(addr: SocketAddr) -> Self {
        Self(Arc::new(RwLock::new(Some(addr))))
    }

    /// From now on it is there; or nowhere.
    pub fn set(&self, addr: Option<SocketAddr>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = addr;
    }

    /// Its address, while there is one.
    pub fn addr(&self) -> Option<SocketAddr> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an instance keeps its state, and how its probes reach the endpoint.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// The instance's own folder, such as `DATA/local`; made with mode 0700 at the first change.
    pub root: PathBuf,
    /// The endpoint that the probes ask.
    pub endpoint: Endpoint,
    /// The root certificate (PEM) that the probes trust: the client's file. Read at each probe.
    pub trust_anchor: PathBuf,
    /// The limits of each attempt: [`LIMITS`], unless settings say otherwise.
    pub limits: Limits,
    /// The account whose key each change must be made with; none is asked for when `None`.
    pub operator: Option<ResourceName>,
}

/// The connector.
pub struct Local {
    manifest: Manifest,
    directory: Arc<Directory>,
    endpoint: Endpoint,
    trust_anchor: PathBuf,
    operator: Option<ResourceName>,
}

impl Local {
    /// An instance; touches nothing yet.
    pub fn new(config: LocalConfig) -> Self {
        Self {
            manifest: manifest::manifest(config.limits),
            directory: Arc::new(Directory::new(config.root)),
            endpoint: config.endpoint,
            trust_anchor: config.trust_anchor,
            operator: config.operator,
        }
    }
}

impl Connector for Local {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        _eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        let directory = Arc::clone(&self.directory);
        let scope = scope.clone();
        Box::pin(async move {
            let listed = tokio::task::spawn_blocking(move || observe::list(&directory, &scope, from.as_ref())).await;
            listed.unwrap_or_else(|_| Err(observe::interrupted("local")))
        })
    }

    fn observe<'a>(&'a self, subject: &'a Subject, _eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        let directory = Arc::clone(&self.directory);
        let resource = subject.resource.clone();
        Box::pin(async move {
            let observed = tokio::task::spawn_blocking(move || observe::observe(&directory, &resource)).await;
            observed.unwrap_or_else(|_| Err(observe::interrupted(subject.resource.as_str())))
        })
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        Box::pin(self.ask(probe, material))
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        Box::pin(async move {
            let operator = self.operator.as_ref().map(|account| act::Operator::of(account, &hands));
            let attempt = act::Attempt::prepare(&self.manifest, &self.directory, &warrant, &hands);
            let attempt = attempt.map(|attempt| attempt.by(operator));
            drop(hands);
            // WHY: the warrant stays here, so that it counts as lost when this future is dropped; the file is
            // written on a thread that may block, under a lock that an observation waits for.
            let outcome = match attempt {
                Ok(attempt) => tokio::task::spawn_blocking(move || attempt.make()).await.unwrap_or_else(|_| {
                    let message = "the attempt was interrupted".to_owned();
                    Outcome::Indeterminate(Doubt { code: "local.interrupted".to_owned(), message })
                }),
                Err(refusal) => Outcome::Refused(refusal),
            };
            warrant.settle(outcome)
        })
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
