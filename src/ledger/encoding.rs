//! From an entry to its leaf: the one place of this room that knows how statements and trees are encoded.

pub(super) use countersign_kernel::evidence::tree::Frontier;
use countersign_kernel::evidence::{statement, tree};
use countersign_warrant::{Digest, Entry, EntryId, JournalError, Kind, Stamped, Timestamp};

/// An entry with its stamp, as it will stand in the ledger.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) id: EntryId,
    pub(super) kind: Kind,
    pub(super) at: Timestamp,
    pub(super) statement: Vec<u8>,
    pub(super) hash: Digest,
}

impl Leaf {
    /// The leaf of `entry` when it is committed at `at`.
    pub(super) fn of(entry: &Entry, at: Timestamp) -> Result<Self, JournalError> {
        let (id, kind) = (entry.id().clone(), entry.kind());
        let statement = statement::encode(&id, kind, at, entry.predicate()).map_err(|error| match error {
            statement::EncodeStatementError::TooLarge { entry, bytes } => JournalError::TooLarge { entry, bytes },
            other @ statement::EncodeStatementError::NotCanonical { .. } => {
                JournalError::Unfit { entry: id.clone(), reason: other.to_string() }
            }
        })?;
        Ok(Self { id, kind, at, hash: tree::leaf_hash(&statement), statement })
    }

    /// True when a stored entry has the same id and kind and says the same; stamp and place may differ.
    pub(super) fn says(&self, stored: &Stamped) -> bool {
        let same = |ours: Stamped| (ours.id, ours.kind, ours.predicate) == same_parts(stored);
        statement::decode(&self.statement).is_ok_and(same)
    }
}

fn same_parts(stored: &Stamped) -> (EntryId, Kind, serde_json::Value) {
    (stored.id.clone(), stored.kind, stored.predicate.clone())
}
