//! Entries: what a commit makes durable. A run's entries are its events and the ledger's leaves.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, EntryId, Timestamp};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What an entry says. The word stands in its predicate type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $text)] $name),+
        }

        impl Kind {
            /// Every kind, in the order of their declaration.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $text),+ }
            }
        }
    };
}

kinds! {
    /// A run began: plan digest, trigger, held resources.
    Started = "started",
    /// Policy's answer about one intent.
    Decision = "decision",
    /// The exact change about to be attempted.
    Intent = "intent",
    /// How the attempt ended.
    Receipt = "receipt",
    /// What observation, or a named person, says of an open intent.
    Finding = "finding",
    /// A secret version: sealed, or moved to another stage.
    Version = "version",
    /// Something observed.
    Fact = "fact",
    /// An authentication that changes nothing.
    Probe = "probe",
    /// A durable wait: until; over.
    Wait = "wait",
    /// A step that did not run.
    Skipped = "skipped",
    /// The run ended.
    Closed = "closed",
    /// A trigger that had nothing to do.
    NotDue = "not-due",
    /// A set of workflows and policies was made current.
    Activation = "activation",
    /// A key of this installation was made.
    Key = "key",
    /// Changes are kept from beginning or going on, everywhere or at one place; or no more.
    Brake = "brake",
    /// The clock was set while somebody served.
    Clock = "clock",
    /// Somebody was told beforehand that a run is due.
    Notice = "notice",
}

impl Kind {
    /// True for the kinds that only the mint writes.
    pub const fn is_of_the_mint(self) -> bool {
        matches!(self, Kind::Intent | Kind::Receipt | Kind::Finding)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Bytes that an entry names by digest: sealed material, plans, requests, entities. A row of the same commit, never a
/// leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    digest: Digest,
    bytes: Arc<[u8]>,
}

impl Blob {
    /// The bytes under their digest.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), bytes }
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }
}

/// A kind that only the mint writes was asked for by someone else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("only the mint writes `{0}` entries")]
pub struct MintsOwn(pub Kind);

/// One entry before its commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    id: EntryId,
    kind: Kind,
    predicate: Value,
    blobs: Vec<Blob>,
}

impl Entry {
    /// An entry of any kind but the mint's.
    ///
    /// # Errors
    /// When `kind` is one that only the mint writes.
    pub fn new(id: EntryId, kind: Kind, predicate: Value) -> Result<Self, MintsOwn> {
        if kind.is_of_the_mint() {
            return Err(MintsOwn(kind));
        }
        Ok(Self::minted(id, kind, predicate))
    }

    pub(crate) fn minted(id: EntryId, kind: Kind, predicate: Value) -> Self {
        Self { id, kind, predicate, blobs: Vec::new() }
    }

    /// The same entry with the bytes that it names.
    #[must_use]
    pub fn with_blobs(mut self, blobs: Vec<Blob>) -> Self {
        self.blobs.extend(blobs);
        self
    }

    /// Its id.
    pub fn id(&self) -> &EntryId {
        &self.id
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it says: a JSON object.
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// The bytes that it names.
    pub fn blobs(&self) -> &[Blob] {
        &self.blobs
    }
}

/// An entry after its commit: read back from a store, or answered by it. It has no blobs; they are read by digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// Its id.
    pub id: EntryId,
    /// Its kind.
    pub kind: Kind,
    /// When the journal committed it.
    pub at: Timestamp,
    /// What it says.
    pub predicate: Value,
    /// Its place in the ledger, once sequenced.
    pub index: Option<u64>,
}

impl Stamped {
    /// The predicate as a typed value.
    ///
    /// # Errors
    /// When the predicate has another shape than `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeEntryError> {
        T::deserialize(&self.predicate).map_err(|source| DecodeEntryError {
            entry: self.id.clone(),
            kind: self.kind,
            source,
        })
    }
}

/// A stored entry does not have the shape of its kind.
#[derive(Debug, thiserror::Error)]
#[error("entry `{entry}` does not have the shape of its kind, `{kind}`")]
pub struct DecodeEntryError {
    entry: EntryId,
    kind: Kind,
    #[source]
    source: serde_json::Error,
}
