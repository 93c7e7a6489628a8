//! All that appending to a tree needs: the roots of its complete subtrees.

use countersign_warrant::Digest;

use super::{empty_root, node_hash};

/// Bytes that are not a stored frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a frontier")]
pub struct FrontierError;

/// An append-only tree by the roots of its complete subtrees, largest first: one for each bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Appends one leaf by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let complete = self.size.trailing_ones();
        let node = (0..complete).fold(leaf, |right, _| match self.peaks.pop() {
            Some(left) => node_hash(&left, &right),
            None => right,
        });
        self.peaks.push(node);
        self.size += 1;
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves.
    pub fn root(&self) -> Digest {
        let mut smallest_first = self.peaks.iter().rev();
        let Some(last) = smallest_first.next() else { return empty_root() };
        smallest_first.fold(*last, |right, left| node_hash(left, &right))
    }

    /// The size as 8 big-endian bytes, then 32 bytes for each complete subtree, largest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend_from_slice(peak.as_bytes()));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the number of hashes does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != size.count_ones() as usize {
            return Err(FrontierError);
        }
        Ok(Self { size, peaks: hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect() })
    }
}
