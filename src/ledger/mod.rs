//! The ledger: the one journal. Entries become leaves of an append-only tree, durable and in order, many with one flush.
//!
//! Whoever commits stamps and encodes; one task, the pipeline, owns the writing connection and writes what has queued
//! as one statement; another signs the tree after the fact. The rules of runs, holds, intents and versions stand in
//! the database (`migrations`), so that a commit that breaks one is refused there, and alone.
//!
//! This room must never answer `Ok` before the entries are on the device, use a key inside a commit, write a commit
//! of unknown fate again, or sign a tree that does not grow out of the one signed last.
//!
//! Read first: [`Ledger`], [`LedgerKey`].

mod batch;
mod commit;
mod due;
mod encoding;
mod head;
mod health;
mod lease;
mod limits;
mod member;
mod notices;
mod open;
mod order;
mod person;
mod projection;
mod refusal;
mod rows;
mod signer;
mod stamps;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use commit::unread;
use countersign_warrant::{Entry, Fence, Journal, JournalError, ResourceName, RunId, Stamped};
use due::DueChange;
use encoding::Frontier;
pub use head::HeadFileError;
pub use health::Extent;
pub use lease::ClaimError;
use lease::LeaseTerms;
use member::{Answer, Member, Slot};
pub use notices::Braking;
pub use open::{LedgerOptions, OpenLedgerError};
use order::Order;
use signer::Signed;
pub use signer::{LedgerKey, SignError};
use stamps::Stamps;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::settings::Limit;
use crate::store::{DueRow, Store, StoredCheckpoint};

/// The ledger of one data folder, open for writing.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    orders: mpsc::Sender<Order>,
    stamps: Stamps,
    terms: LeaseTerms,
    committed: watch::Receiver<Frontier>,
    demand: Arc<Notify>,
    signatures: watch::Receiver<Signed>,
}

fn gone() -> JournalError {
    JournalError::Unavailable { reason: "the ledger is closed".to_owned() }
}

impl Journal for Ledger {
    async fn commit(&self, fence: Fence, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        if countersign_contract::failpoint::is_doubled() {
            self.submit(Some(fence.clone()), entries.clone()).await?;
        }
        self.submit(Some(fence), entries).await
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        self.submit(None, entries).await
    }

    async fn load(&self, run: RunId) -> Result<Vec<Stamped>, JournalError> {
        self.store.entries_of_run(&run).await.map_err(unread)
    }
}

impl Ledger {
    /// What is committed, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    // CRASH: whoever stops waiting after its place is taken does not stop the commit; the pipeline finishes it.
    async fn submit(&self, fence: Option<Fence>, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let permit = self.orders.reserve().await.map_err(|_| gone())?;
        let (encoded, member) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let at = self.stamps.stamp(|| permit.send(Order::Commit(Slot { member, answer })));
        // WHY: no await between the place and the member, so a taken place is filled, or given up at once.
        let _ = encoded.send(Member::encode(fence, &entries, at, &self.terms)?);
        let lost = |_| JournalError::Unknown { reason: "the pipeline ended without an answer".to_owned() };
        match answered.await.map_err(lost)?? {
            Answer::Repeated(stamped) => Ok(stamped),
            Answer::Committed { first } => {
                let stamp = |(entry, index): (&Entry, u64)| Stamped {
                    id: entry.id().clone(),
                    kind: entry.kind(),
                    at,
                    predicate: entry.predicate().clone(),
                    index: Some(index),
                };
                Ok(entries.iter().zip(first..).map(stamp).collect())
            }
        }
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    /// Leases a run for this process, under an epoch that is new: every older fence is stale from now on. A run of
    /// this process's own is claimed anew, as after a restart.
    pub async fn claim(&self, run: &RunId) -> Result<Fence, ClaimError> {
        let asked = self.ask(|reply| Order::Claim(run.clone(), reply)).await;
        asked.unwrap_or_else(|source| Err(ClaimError::Journal { run: run.clone(), source }))
    }

    /// Leases every open run that nobody drives, in one commit; by run.
    pub async fn claim_free(&self) -> Result<Vec<Fence>, JournalError> {
        self.ask(Order::ClaimFree).await?
    }

    /// Prolongs a lease; `Stale` when the run is another's, or closed.
    pub async fn renew(&self, fence: &Fence) -> Result<(), JournalError> {
        self.ask(|reply| Order::Renew(fence.clone(), reply)).await?
    }

    /// Prolongs every lease of this process, in one commit; how many.
    pub async fn renew_all(&self) -> Result<u64, JournalError> {
        self.ask(Order::RenewAll).await?
    }

    /// Gives a lease back; `Stale` when the run is another's, or closed.
    pub async fn release(&self, fence: &Fence) -> Result<(), JournalError> {
        self.ask(|reply| Order::Release(fence.clone(), reply)).await?
    }

    /// These rows are all that fall due by themselves. One that is there and was made from the same rule stays.
    pub async fn arrange_due(&self, rows: Vec<DueRow>) -> Result<(), JournalError> {
        self.ask(|reply| Order::Due(DueChange::Arrange(rows), reply)).await?
    }

    /// A row goes on, unless something else has moved it since it was read as `seen`.
    pub async fn move_due(&self, seen: DueRow, to: DueRow) -> Result<(), JournalError> {
        self.ask(|reply| Order::Due(DueChange::Move(Box::new((seen, to))), reply)).await?
    }

    /// These are all the limits. One that was there keeps what was used of it.
    pub async fn arrange_limits(&self, limits: Vec<Limit>) -> Result<(), JournalError> {
        self.ask(|reply| Order::Limits(limits, reply)).await?
    }

    /// These are the subjects that services have by their workflows, each with its service.
    pub async fn arrange_services(&self, subjects: Vec<(String, ResourceName)>) -> Result<(), JournalError> {
        self.ask(|reply| Order::Services(subjects, reply)).await?
    }

    /// Enters the name of a person under its opaque id.
    pub async fn store_person(&self, id: &str, name: &str) -> Result<(), JournalError> {
        self.ask(|reply| Order::Person(id.to_owned(), Some(name.to_owned()), reply)).await?
    }

    /// Erases the name of a person. The entries keep the opaque id.
    pub async fn erase_person(&self, id: &str) -> Result<(), JournalError> {
        self.ask(|reply| Order::Person(id.to_owned(), None, reply)).await?
    }

    /// The signed checkpoint that covers the entry at `index`, made now if need be. Ask for committed entries only.
    pub async fn checkpoint_covering(&self, index: u64) -> Result<StoredCheckpoint, SignError> {
        let mut signatures = self.signatures.clone();
        loop {
            let signed = signatures.borrow_and_update().clone();
            if let Some(checkpoint) = signed.checkpoint.filter(|checkpoint| checkpoint.size > index) {
                return Ok(checkpoint);
            }
            self.demand.notify_one();
            signatures.changed().await.map_err(|_| SignError::Closed)?;
            let refused = signatures.borrow().refused.clone();
            if let Some(error) = refused {
                return Err(error);
            }
        }
    }

    /// Writes what has queued, signs the tree, and closes the database with every clone of its store. Later commits are
    /// refused.
    pub async fn close(&self) -> Result<(), SignError> {
        let _ = self.ask(Order::Barrier).await;
        let size = self.committed.borrow().size();
        let signed = match size.checked_sub(1) {
            Some(last) => self.checkpoint_covering(last).await.map(drop),
            None => Ok(()),
        };
        // WHY: the writer goes last: only a connection that may write folds the write-ahead log into the file.
        self.store.close().await;
        let _ = self.ask(Order::Close).await;
        signed
    }
}
