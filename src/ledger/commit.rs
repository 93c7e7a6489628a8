//! One batch, to its end: committed, refused member by member, or of a fate that has to be found out.

use std::time::Instant;

use countersign_contract::failpoint;
use countersign_warrant::{JournalError, Kind, Stamped};

use super::batch::{Batch, Statement};
use super::encoding::Frontier;
use super::member::{Answer, Member, Waiting};
use super::refusal::Refusal;
use super::writer::Writer;
use crate::store::{Fault, ReadStoreError};

/// What became of a batch whose statement failed without a rule's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Written,
    NotWritten,
    Unknown,
}

impl Writer {
    /// Commits a batch, and answers each of its members.
    pub(super) async fn commit(&mut self, batch: Batch) {
        let mut work = vec![batch];
        while let Some(batch) = work.pop() {
            if batch.is_empty() {
                continue;
            }
            if let Some(reason) = &self.stopped {
                let reason = reason.clone();
                answer_all(batch, || JournalError::Unavailable { reason: reason.clone() });
                continue;
            }
            let statement = Statement::of(&batch, &self.tree, &self.known);
            let tree = statement.tree.clone();
            failpoint::hit("ledger.commit.before");
            match self.write(statement).await {
                Ok(()) => {
                    // CRASH: committed, unacknowledged: who repeats the commit is answered as the first time.
                    failpoint::hit("ledger.commit.after");
                    self.committed(batch, tree);
                }
                Err(error) => match Fault::of(&error) {
                    Fault::Refused(words) => work.extend(self.refused(batch, &Refusal::of(&words)).await),
                    fault => self.failed(batch, tree, &fault, &error).await,
                },
            }
        }
    }

    async fn write(&mut self, statement: Statement) -> Result<(), sqlx::Error> {
        #[cfg(test)]
        if let Some(broken) = self.broken.take() {
            return broken.write(self, statement).await;
        }
        let riding = self.riding();
        let written = statement.run(&mut self.connection, riding.as_ref()).await;
        match written {
            Ok(()) if riding.is_some() => self.kept = Instant::now(),
            Ok(()) => {}
            Err(_) => self.signed = self.signed.take().or(riding),
        }
        written
    }

    fn committed(&mut self, batch: Batch, tree: Frontier) {
        #[cfg(test)]
        self.batches.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.known.learn(&batch);
        let mut first = self.tree.size();
        self.tree = tree;
        self.head.send_replace(self.tree.clone());
        for waiting in batch {
            let leaves = waiting.member.leaves.len() as u64;
            waiting.answer(Ok(Answer::Committed { first }));
            first += leaves;
        }
    }

    /// A rule refused the statement, and nothing was written. The member that broke the rule is tried once more, alone
    /// and after the others: what it met may have been one of them.
    async fn refused(&mut self, mut batch: Batch, refusal: &Refusal<'_>) -> Vec<Batch> {
        if refusal.code == "forked" {
            self.stop("another process has written to this ledger");
            answer_all(batch, || JournalError::Unavailable { reason: "another process writes this ledger".to_owned() });
            return Vec::new();
        }
        if batch.len() > 1 {
            let named = batch.iter().rposition(|waiting| waiting.member.holds(refusal.entry));
            let later = match named {
                Some(place) => vec![batch.remove(place)],
                None => batch.split_off(batch.len() / 2),
            };
            return vec![later, batch];
        }
        for waiting in batch {
            let answer = match refusal.code {
                "repeat" => self.repetition(&waiting.member, refusal).await,
                _ => Err(refusal.answer(&waiting.member)),
            };
            waiting.answer(answer);
        }
        Vec::new()
    }

    /// The first answer, when all entries are there and say the same.
    // INVARIANT: inv:I1 a grant is never a repetition: whoever lost its warrant re-reads, and finds an open intent.
    async fn repetition(&self, member: &Member, refusal: &Refusal<'_>) -> Result<Answer, JournalError> {
        let mut repeated: Vec<Stamped> = Vec::with_capacity(member.leaves.len());
        for leaf in &member.leaves {
            match self.store.entry(&leaf.id).await.map_err(unread)? {
                Some(stored) if leaf.says(&stored) && stored.kind != Kind::Intent => repeated.push(stored),
                Some(stored) => return Err(JournalError::Taken { entry: stored.id }),
                None => return Err(refusal.answer(member)),
            }
        }
        Ok(Answer::Repeated(repeated))
    }

    /// The statement failed. Whether it was written is read, where the failure leaves that open; never assumed.
    async fn failed(&mut self, batch: Batch, tree: Frontier, fault: &Fault, error: &sqlx::Error) {
        let fate = match fault {
            Fault::Blocked => Fate::NotWritten,
            _ => self.fate(&tree).await,
        };
        let lasting = matches!(fault, Fault::Corrupt | Fault::Lost);
        let fate = if lasting && fate == Fate::NotWritten { Fate::Unknown } else { fate };
        // CRASH: a failed flush may still reach the device: nothing is written again before the ledger is reopened.
        if lasting || fate == Fate::Unknown {
            self.stop(&format!("a commit failed ({error}); the ledger has to be opened again"));
        }
        let reason = error.to_string();
        match fate {
            Fate::Written => self.committed(batch, tree),
            Fate::NotWritten => answer_all(batch, || JournalError::Unavailable { reason: reason.clone() }),
            Fate::Unknown => answer_all(batch, || JournalError::Unknown { reason: reason.clone() }),
        }
    }

    /// Reads the tree on a connection of its own: its frontier covers every entry of the batch.
    async fn fate(&self, wanted: &Frontier) -> Fate {
        match self.store.tree_afresh().await {
            Ok(found) if found == *wanted => Fate::Written,
            Ok(found) if found == self.tree => Fate::NotWritten,
            _ => Fate::Unknown,
        }
    }

    fn stop(&mut self, reason: &str) {
        tracing::error!(reason, "the ledger stopped");
        self.stopped = Some(reason.to_owned());
    }
}

/// A failed read as the journal's answer.
pub(super) fn unread(error: ReadStoreError) -> JournalError {
    match error {
        ReadStoreError::Corrupt(reason) => JournalError::Corrupt { reason },
        ReadStoreError::Unavailable(source) => JournalError::Unavailable { reason: source.to_string() },
    }
}

fn answer_all(batch: Vec<Waiting>, error: impl Fn() -> JournalError) {
    for waiting in batch {
        waiting.answer(Err(error()));
    }
}
