//! The contract: what a connector is.
//!
//! A connector knows one kind of target. It declares its powers in a [`Manifest`], reads through [`Eyes`], and changes
//! the world in one method only, [`Connector::act`], which takes a [`Warrant`] by value and must give a [`Receipt`] for
//! it. What to do is said by the warrant's intent, and nowhere else.
//!
//! A connector must never: make a call that changes anything outside `act`; put material into an output, a message or a
//! log; retry by itself; begin a call after the warrant's deadline; call something *refused* that may have happened.
//!
//! Of the crate `warrant` it sees only what stands here: never the mint, never the journal.
//!
//! Read first: [`Connector`], [`Manifest`].

mod check;
pub mod clock;
pub mod failpoint;
pub mod file;
mod hands;
mod manifest;
mod material;
mod observation;

use std::future::Future;
use std::pin::Pin;

pub use countersign_warrant::{
    Applied, Call, Digest, Doubt, EntryId, Intent, Limits, Mark, Origin, Outcome, Receipt, Refusal, RefusalClass,
    ResourceName, StepId, Timestamp, VersionId, Warrant,
};
pub use hands::{Cabinet, Eyes, Hands, OpenMaterialError};
pub use manifest::{
    Effect, Kind, Manifest, Parameter, Part, ProbeSpec, REVOKED, Reversibility, Secret, SecretKind, Strategy, Type,
    Verb,
};
pub use material::Material;
pub use observation::{Cursor, Observation, ObserveError, Page, Probe, ProbeAnswer, ProbeResult, Scope, Slot, Subject};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A driver for one kind of target.
pub trait Connector: Send + Sync {
    /// Its declared powers.
    fn manifest(&self) -> &Manifest;

    /// What is there: names only, page by page.
    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>>;

    /// One reading of one resource. What is not there is an observation too.
    fn observe<'a>(&'a self, subject: &'a Subject, eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>>;

    /// Authenticates with `material`, or looks; changes nothing.
    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult>;

    /// The only mutating method: one attempt at the warrant's intent. Never an error: every end is a receipt.
    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt>;
}

#[cfg(test)]
mod tests;
