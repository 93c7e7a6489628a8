//! What the pipeline is asked for. One queue, so that everything that writes has one order.

use countersign_warrant::{Fence, JournalError, ResourceName, RunId};
use tokio::sync::oneshot;

use super::due::DueChange;
use super::lease::ClaimError;
use super::member::Slot;
use crate::settings::Limit;
use crate::store::StoredCheckpoint;

type Reply<T, E = JournalError> = oneshot::Sender<Result<T, E>>;

/// One order to the pipeline.
#[derive(Debug)]
pub(super) enum Order {
    /// Write a commit.
    Commit(Slot),
    /// Lease one run.
    Claim(RunId, Reply<Fence, ClaimError>),
    /// Lease every run that nobody drives.
    ClaimFree(Reply<Vec<Fence>>),
    /// Prolong one lease.
    Renew(Fence, Reply<()>),
    /// Prolong every lease of this process.
    RenewAll(Reply<u64>),
    /// Give a lease back.
    Release(Fence, Reply<()>),
    /// Enter a person's name, or erase it.
    Person(String, Option<String>, Reply<()>),
    /// Change what falls due.
    Due(DueChange, Reply<()>),
    /// Set the limits of budgets, and of what is under way.
    Limits(Vec<Limit>, Reply<()>),
    /// Set which subjects services have.
    Services(Vec<(String, ResourceName)>, Reply<()>),
    /// Show that something can be written.
    Confirm(Reply<()>),
    /// Keep a signed checkpoint; it rides along with the next batch.
    Signed(StoredCheckpoint),
    /// Answer when everything before is written.
    Barrier(oneshot::Sender<()>),
    /// End.
    Close(oneshot::Sender<()>),
    /// Break something.
    #[cfg(test)]
    Break(super::tests::Break, oneshot::Sender<()>),
}

impl Order {
    /// Answers that nothing is written any more.
    pub(super) fn refuse(self, reason: &str) {
        let refused = || JournalError::Unavailable { reason: reason.to_owned() };
        match self {
            Self::Commit(slot) => drop(slot.answer.send(Err(refused()))),
            Self::Claim(run, reply) => drop(reply.send(Err(ClaimError::Journal { run, source: refused() }))),
            Self::ClaimFree(reply) => drop(reply.send(Err(refused()))),
            Self::RenewAll(reply) => drop(reply.send(Err(refused()))),
            Self::Renew(_, reply)
            | Self::Release(_, reply)
            | Self::Person(_, _, reply)
            | Self::Due(_, reply)
            | Self::Limits(_, reply)
            | Self::Services(_, reply)
            | Self::Confirm(reply) => {
                drop(reply.send(Err(refused())));
            }
            Self::Barrier(reply) | Self::Close(reply) => drop(reply.send(())),
            Self::Signed(_) => {}
            #[cfg(test)]
            Self::Break(_, reply) => drop(reply.send(())),
        }
    }
}
