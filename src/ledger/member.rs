//! One commit on its way into a batch, encoded by the task that asked for it.

use countersign_warrant::{Blob, Entry, EntryId, Fence, JournalError, RunId, Stamped, Timestamp};
use tokio::sync::oneshot;

use super::LeaseTerms;
use super::encoding::Leaf;
use super::projection::Projection;
use super::rows::Rows;

/// A commit, stamped and encoded.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) fence: Option<Fence>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) blobs: Vec<Blob>,
    pub(super) rows: Rows,
}

impl Member {
    /// Encodes entries that get the stamp `at`; under a fence those of a run, without one those of none.
    pub(super) fn encode(
        fence: Option<Fence>,
        entries: &[Entry],
        at: Timestamp,
        terms: &LeaseTerms,
    ) -> Result<Self, JournalError> {
        let mut rows = Rows::default();
        let mut leaves = Vec::with_capacity(entries.len());
        for (place, entry) in entries.iter().enumerate() {
            let projection = Projection { entry, at, terms, rows: &mut rows };
            match &fence {
                Some(fence) => projection.of_a_run(fence, (place, entries.len()))?,
                None => projection.of_no_run()?,
            }
            leaves.push(Leaf::of(entry, at)?);
        }
        let blobs = entries.iter().flat_map(Entry::blobs).cloned().collect();
        Ok(Self { fence, leaves, blobs, rows })
    }

    /// Its run, where it has one.
    pub(super) fn run(&self) -> Option<&RunId> {
        self.fence.as_ref().map(|fence| &fence.run)
    }

    /// True when one of its entries has that id.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.leaves.iter().any(|leaf| leaf.id.as_str() == id)
    }

    /// How many bytes it adds to a batch.
    pub(super) fn weight(&self) -> usize {
        let leaves: usize = self.leaves.iter().map(|leaf| leaf.statement.len() + 32).sum();
        leaves + self.blobs.iter().map(|blob| blob.bytes().len()).sum::<usize>()
    }

    /// An id to name it by.
    pub(super) fn first(&self) -> Option<&EntryId> {
        self.leaves.first().map(|leaf| &leaf.id)
    }
}

/// What became of a commit.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is durable; its first entry has that place.
    Committed {
        /// The place, from 0.
        first: u64,
    },
    /// The same entries were committed before.
    Repeated(Vec<Stamped>),
}

/// A place in the queue of commits: taken together with the stamp, filled when the commit is encoded.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) member: oneshot::Receiver<Member>,
    pub(super) answer: oneshot::Sender<Result<Answer, JournalError>>,
}

/// A commit that waits for its batch.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) member: Member,
    answer: oneshot::Sender<Result<Answer, JournalError>>,
}

impl Slot {
    /// The commit, once its task has encoded it; nothing when it could not be encoded.
    pub(super) async fn filled(self) -> Option<Waiting> {
        let member = self.member.await.ok()?;
        Some(Waiting { member, answer: self.answer })
    }
}

impl Waiting {
    /// Answers. Nobody may be listening any more: the commit stands all the same.
    pub(super) fn answer(self, answer: Result<Answer, JournalError>) {
        let _ = self.answer.send(answer);
    }
}
