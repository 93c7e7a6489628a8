//! The pipeline: the one task that writes. Many commits, one statement, one flush.
//!
//! It owns the writing connection for as long as it lives, so nobody who gives up waiting can leave a statement
//! midway. It takes what has queued; only when a batch comes out smaller than the last one does it wait for a gap in
//! the arrivals, so a lone commit never waits.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use countersign_warrant::RunId;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, watch};

use super::batch::{Batch, KnownBlobs};
use super::due;
use super::encoding::Frontier;
use super::health;
use super::lease::{self, LeaseTerms};
use super::limits;
use super::member::{Slot, Waiting};
use super::order::Order;
use super::person;
use crate::store::{Store, StoredCheckpoint};

/// The most commits of a batch, and the most bytes.
const COMMITS_MAX: usize = 2000;
const BYTES_MAX: usize = 8 << 20;

/// A gap in the arrivals of this length closes a batch.
const GAP: Duration = Duration::from_micros(75);

/// How long the queue is empty before a signed checkpoint is stored by itself.
const IDLE: Duration = Duration::from_millis(100);

/// While it is not, a checkpoint rides along with a batch, one in this time: each covers what those before it covered.
const RIDE: Duration = Duration::from_secs(1);

/// The pipeline's state.
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) store: Store,
    pub(super) terms: LeaseTerms,
    pub(super) tree: Frontier,
    pub(super) head: watch::Sender<Frontier>,
    pub(super) known: KnownBlobs,
    /// Signed, and not stored yet.
    pub(super) signed: Option<StoredCheckpoint>,
    /// When one was stored last.
    pub(super) kept: Instant,
    /// Taken from the queue, and not for the batch that was just being filled.
    pub(super) next: Option<Order>,
    /// How many commits the last batch had.
    pub(super) last: usize,
    /// Why nothing is written any more.
    pub(super) stopped: Option<String>,
    /// What is to go wrong with the next commit.
    #[cfg(test)]
    pub(super) broken: Option<super::tests::Break>,
    /// How many batches were committed.
    #[cfg(test)]
    pub(super) batches: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Writer {
    /// Writes until everybody who could ask is gone, or until it is told to end.
    pub(super) async fn run(mut self) {
        let mut closing = None;
        while let Some(order) = self.next_order().await {
            match order {
                Order::Commit(slot) => {
                    let (batch, alone) = self.gather(slot).await;
                    self.commit(batch).await;
                    self.commit(Vec::from_iter(alone)).await;
                }
                Order::Close(done) => {
                    closing = Some(done);
                    break;
                }
                other => self.perform(other).await,
            }
        }
        self.keep_signed().await;
        let _ = self.connection.close().await;
        closing.map(|done| done.send(()));
    }

    async fn next_order(&mut self) -> Option<Order> {
        if let Some(order) = self.next.take() {
            return Some(order);
        }
        if self.signed.is_some() {
            match tokio::time::timeout(IDLE, self.orders.recv()).await {
                Ok(order) => return order,
                Err(_) => self.keep_signed().await,
            }
        }
        self.orders.recv().await
    }

    /// The commits of the next batch: what has queued, and what arrives before a gap when fewer queued than last time.
    /// A second commit of a run comes apart from them.
    // WHY: within a batch each table is written at once, so two commits of one run would lose their order.
    async fn gather(&mut self, first: Slot) -> (Batch, Option<Waiting>) {
        let mut batch = Batch::new();
        let mut alone = None;
        let mut runs = HashSet::new();
        let mut weight = 0;
        let mut arrived = Instant::now();
        let mut next = Some(Order::Commit(first));
        while batch.len() < COMMITS_MAX && weight < BYTES_MAX {
            match next.take().map_or_else(|| self.orders.try_recv(), Ok) {
                Ok(Order::Commit(slot)) => {
                    arrived = Instant::now();
                    let Some(waiting) = slot.filled().await else { continue };
                    if waiting.member.run().is_some_and(|run| !runs.insert(RunId::clone(run))) {
                        alone = Some(waiting);
                        break;
                    }
                    weight += waiting.member.weight();
                    batch.push(waiting);
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) if batch.len() < self.last && arrived.elapsed() < GAP => tokio::task::yield_now().await,
                Err(_) => break,
            }
        }
        self.last = batch.len();
        (batch, alone)
    }

    /// Everything that is no commit.
    async fn perform(&mut self, order: Order) {
        if let Some(reason) = &self.stopped {
            return order.refuse(reason);
        }
        let (connection, terms) = (&mut self.connection, &self.terms);
        match order {
            Order::Claim(run, reply) => drop(reply.send(lease::claim((connection, &self.store), &run, terms).await)),
            Order::ClaimFree(reply) => drop(reply.send(lease::claim_free(connection, terms).await)),
            Order::Renew(fence, reply) => drop(reply.send(lease::renew(connection, &fence, terms).await)),
            Order::RenewAll(reply) => drop(reply.send(lease::renew_all(connection, terms).await)),
            Order::Release(fence, reply) => drop(reply.send(lease::release(connection, &fence).await)),
            Order::Person(id, name, reply) => drop(reply.send(person::store(connection, &id, name).await)),
            Order::Due(change, reply) => drop(reply.send(due::change(connection, change).await)),
            Order::Limits(all, reply) => drop(reply.send(limits::arrange(connection, &all).await)),
            Order::Services(all, reply) => drop(reply.send(limits::arrange_services(connection, &all).await)),
            Order::Confirm(reply) => drop(reply.send(health::write(connection).await)),
            Order::Signed(signed) => self.signed = Some(signed),
            Order::Barrier(reply) => drop(reply.send(())),
            #[cfg(test)]
            Order::Break(how, reply) => {
                how.apply(self).await;
                let _ = reply.send(());
            }
            Order::Commit(_) | Order::Close(_) => {}
        }
    }

    /// The checkpoint that is due to ride along with the next batch.
    pub(super) fn riding(&mut self) -> Option<StoredCheckpoint> {
        if self.kept.elapsed() < RIDE { None } else { self.signed.take() }
    }

    /// Stores the signed checkpoint by itself.
    async fn keep_signed(&mut self) {
        let Some(signed) = self.signed.take() else { return };
        if self.stopped.is_some() {
            return;
        }
        let kept = sqlx::query("insert into checkpoints (size, root, note) values (?, ?, ?) on conflict do nothing")
            .bind(signed.size.cast_signed())
            .bind(signed.root.as_bytes().to_vec())
            .bind(&signed.note)
            .execute(&mut self.connection)
            .await;
        if let Err(error) = kept {
            // WHY: the next signature covers all that this one did.
            tracing::warn!(size = signed.size, reason = %error, "a signed checkpoint was not stored");
        }
    }
}
