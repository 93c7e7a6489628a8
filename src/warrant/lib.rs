//! The warrant: the whole trust argument of Countersign, small enough to read in one sitting.
//!
//! A change of the outside world needs a [`Warrant`]. A warrant comes only from the [`Mint`], only for an
//! [`Allowed`] intent, and only after one commit of the [`Journal`] has durably stored the decision and the exact
//! intent. Whoever makes the change gives the warrant up for a [`Receipt`]; the mint records it.
//!
//! This crate must never name a runtime, a database, a network, a file or a clock.
//!
//! What holds this, honestly. The compiler: a [`Warrant`] has private fields and neither `Clone` nor `Default` nor
//! `Deserialize`. Tests: only `kernel/policy` builds an [`Allowed`], only the root makes the [`Mint`], only the ledger
//! is a [`Journal`]. Run time: material opens only to a warrant that bears the mint's [`Mark`]; a lost warrant leaves
//! an [`OpenIntent`], which blocks its resource. Not held: a connector that means harm and opens a connection of its
//! own.
//!
//! Read first: [`Warrant`], [`Mint`].

mod bodies;
mod decision;
mod entry;
mod ids;
mod intent;
mod journal;
mod mint;
mod recover;
mod settled;
mod warrant;

pub use bodies::{DecisionBody, Finding, FindingBody, IntentBody, Moment, ReceiptBody};
pub use decision::{Allowed, Basis, Control, ControlResult, Decision, NotAllowed, Shadow, Verdict};
pub use entry::{Blob, DecodeEntryError, Entry, Kind, MintsOwn, Stamped};
pub use ids::{Digest, EntryId, Fence, ParseIdError, ResourceName, RunId, StepId, Timestamp, VersionId};
pub use intent::{Call, Intent, Limits, NUMBERS_OF_AN_INTENT, Origin};
pub use journal::{Brake, Journal, JournalError};
pub use mint::{GrantError, Mint, RecoverError, SettleError};
pub use settled::{Answer, DoneIntent, OpenIntent, Recovered, Retry, Settled};
pub use warrant::{Applied, Doubt, Mark, Outcome, Receipt, Refusal, RefusalClass, Warrant};

#[cfg(test)]
mod tests;
