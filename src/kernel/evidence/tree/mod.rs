//! The RFC 6962 section 2.1 Merkle tree: hashes, the append-only frontier, and proofs.
//!
//! A tree is known by the hashes of its leaves. [`Frontier`] is all that appending needs; proofs are built from
//! whatever answers leaf hashes by index.

use std::ops::Range;

use countersign_warrant::Digest;
use sha2::{Digest as _, Sha256};

mod consistency;
mod frontier;
mod inclusion;

pub use consistency::{consistency_spans, prove_consistency, verify_consistency};
pub use frontier::{Frontier, FrontierError};
pub use inclusion::{inclusion_spans, prove_inclusion, verify_inclusion};

/// A proof that does not fit the roots, sizes and hashes that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not hold")]
pub struct ProofError;

/// Why a proof could not be built.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// There is no such leaf or tree within the size.
    #[error("there is no such place in a tree of {size} leaves")]
    Range {
        /// The size.
        size: u64,
    },
    /// A leaf hash could not be read.
    #[error("a leaf hash could not be read")]
    Leaf(#[source] E),
}

/// The hash of a leaf: SHA-256 of 0x00 and its bytes.
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(bytes);
    Digest::from_bytes(hasher.finalize().into())
}

/// The hash of an inner node: SHA-256 of 0x01 and both children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The root over the leaves of `span`, reading each leaf hash once, in order.
///
/// # Errors
/// What `leaf` answers.
pub fn root_of<E>(span: Range<u64>, mut leaf: impl FnMut(u64) -> Result<Digest, E>) -> Result<Digest, E> {
    let mut frontier = Frontier::default();
    for index in span {
        frontier.push(leaf(index)?);
    }
    Ok(frontier.root())
}

/// Where a tree of `size` > 1 leaves splits: the largest power of two below `size`.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// True for a left sibling's place: the leaf's path goes to the right there.
fn is_right(index: u64) -> bool {
    index & 1 == 1
}
