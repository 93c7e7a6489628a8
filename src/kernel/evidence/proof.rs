//! A proof that stands alone in one file (C2SP tlog-proof): this leaf is in the log that the key signs.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_warrant::Digest;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{SignedNote, VerifierKey};
use super::tree::{leaf_hash, verify_inclusion};

/// The first line of a proof file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The file extension of a proof file.
pub const PROOF_EXTENSION: &str = "tlog-proof";

/// A self-contained proof of inclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Whatever goes with it; nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Where the leaf stands.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub hashes: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: SignedNote,
}

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// The text does not have the form of a proof file.
    #[error("the text is not a proof file")]
    Malformed,
    /// The checkpoint cannot be believed.
    #[error("the proof's checkpoint cannot be believed")]
    Checkpoint(#[source] CheckpointError),
    /// The leaf is not where the proof says.
    #[error("the leaf does not stand at {index} of {size}")]
    NotIncluded {
        /// The place.
        index: u64,
        /// The size of the signed tree.
        size: u64,
    },
}

impl ProofFileError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "proof.malformed",
            Self::Checkpoint(source) => source.code(),
            Self::NotIncluded { .. } => "proof.not_included",
        }
    }
}

impl ProofFile {
    /// Checks that `leaf` stands in the log of `key`; answers the checkpoint that says so.
    ///
    /// # Errors
    /// When the checkpoint is not the log's, or the hashes do not lead from the leaf to its root.
    pub fn verify(&self, leaf: &[u8], key: &VerifierKey) -> Result<Checkpoint, ProofFileError> {
        let checkpoint = Checkpoint::open(&self.checkpoint.to_string(), key).map_err(ProofFileError::Checkpoint)?;
        let (index, size) = (self.index, checkpoint.size);
        verify_inclusion(index, size, &leaf_hash(leaf), &self.hashes, &checkpoint.root)
            .map_err(|_| ProofFileError::NotIncluded { index, size })?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash.as_bytes())))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for ProofFile {
    type Err = ProofFileError;
    fn from_str(text: &str) -> Result<Self, ProofFileError> {
        let read = || {
            let (head, checkpoint) = text.split_once("\n\n")?;
            let mut lines = head.split('\n').peekable();
            lines.next().filter(|line| *line == HEADER)?;
            let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
                Some(extra) => {
                    lines.next();
                    Some(STANDARD.decode(extra).ok()?)
                }
                None => None,
            };
            let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
            let hash = |line| STANDARD.decode(line).ok()?.try_into().ok().map(Digest::from_bytes);
            let hashes = lines.map(hash).collect::<Option<Vec<_>>>()?;
            Some(Self { extra, index, hashes, checkpoint: checkpoint.parse().ok()? })
        };
        read().filter(|proof| proof.to_string() == text).ok_or(ProofFileError::Malformed)
    }
}
