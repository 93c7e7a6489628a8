//! Signed tree heads (C2SP tlog-checkpoint): origin, size, root.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_warrant::Digest;
use ed25519_dalek::SigningKey;

use super::note::{NoteError, SignedNote, VerifierKey};
use super::tree::verify_consistency;

/// A tree as a log signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a URL without a scheme, and the name of its key.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Why a note is not a checkpoint that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note itself.
    #[error("the checkpoint is not signed as it should be")]
    Note(#[source] NoteError),
    /// The signed text is not origin, size and root.
    #[error("the signed text is not a checkpoint")]
    Body,
    /// It is about another log.
    #[error("the checkpoint is of the log `{found}`, not of `{wanted}`")]
    Origin {
        /// What it says.
        found: String,
        /// The name of the key.
        wanted: String,
    },
}

impl CheckpointError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Note(source) => source.code(),
            Self::Body => "checkpoint.body",
            Self::Origin { .. } => "checkpoint.origin",
        }
    }
}

/// Why a checkpoint must not be signed after an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtendError {
    /// Another log.
    #[error("the signed checkpoint is of another log")]
    Origin,
    /// Fewer leaves than were signed before.
    #[error("{signed} leaves are signed, and the tree has only {size}")]
    Smaller {
        /// Leaves of the earlier checkpoint.
        signed: u64,
        /// Leaves now.
        size: u64,
    },
    /// Not the same tree, grown.
    #[error("the tree does not begin with the {signed} leaves that are signed")]
    Forked {
        /// Leaves of the earlier checkpoint.
        signed: u64,
    },
}

impl ExtendError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Origin => "checkpoint.origin",
            Self::Smaller { .. } => "checkpoint.smaller",
            Self::Forked { .. } => "checkpoint.forked",
        }
    }
}

impl Checkpoint {
    /// The text that is signed.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads the text that is signed. Extension lines, which the format discourages, are refused.
    ///
    /// # Errors
    /// When it is not exactly origin, size and root.
    pub fn parse_body(text: &str) -> Result<Self, CheckpointError> {
        let read = || {
            let mut lines = text.split('\n');
            let origin = lines.next()?.to_owned();
            let size = lines.next()?.parse().ok()?;
            let root: [u8; 32] = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
            Some(Self { origin, size, root: Digest::from_bytes(root) })
        };
        read().filter(|read| !read.origin.is_empty() && read.body() == text).ok_or(CheckpointError::Body)
    }

    /// Signs it; the key's name is the origin.
    ///
    /// # Errors
    /// When the origin is no key name.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedNote, NoteError> {
        SignedNote::sign(&self.body(), &self.origin, key)
    }

    /// Reads a signed checkpoint of the log whose key is `key`.
    ///
    /// # Errors
    /// When the text is no note, not signed by the key, no checkpoint, or of another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note: SignedNote = note.parse().map_err(CheckpointError::Note)?;
        note.verify(key).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse_body(note.text())?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin { found: checkpoint.origin, wanted: key.name().to_owned() });
        }
        Ok(checkpoint)
    }

    /// Checks that this tree is `earlier`, grown; the proof is [`super::tree::prove_consistency`]'s from its size to
    /// this one's.
    ///
    /// # Errors
    /// When it is of another log, smaller, or forked.
    // INVARIANT: inv:I7 a signer that asks this first never signs a smaller or forked tree.
    pub fn extends(&self, earlier: &Self, proof: &[Digest]) -> Result<(), ExtendError> {
        if self.origin != earlier.origin {
            return Err(ExtendError::Origin);
        }
        if self.size < earlier.size {
            return Err(ExtendError::Smaller { signed: earlier.size, size: self.size });
        }
        verify_consistency((earlier.size, &earlier.root), (self.size, &self.root), proof)
            .map_err(|_| ExtendError::Forked { signed: earlier.size })
    }
}
