//! Proofs that a leaf stands in a tree (RFC 6962 section 2.1.1, RFC 9162 section 2.1.3.2).

use std::ops::Range;

use countersign_warrant::Digest;

use super::{ProofError, ProveError, is_right, node_hash, root_of, split};

/// The subtrees whose roots prove the leaf `index` of a tree of `size` leaves, the leaf's sibling first. `None` when
/// there is no such leaf.
pub fn inclusion_spans(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let mut spans = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            spans.push(middle..to);
            to = middle;
        } else {
            spans.push(from..middle);
            from = middle;
        }
    }
    spans.reverse();
    Some(spans)
}

/// The inclusion proof of the leaf `index` in the tree of the first `size` leaves, the leaf's sibling first.
///
/// # Errors
/// When there is no such leaf, or a leaf hash cannot be read.
pub fn prove_inclusion<E>(
    index: u64,
    size: u64,
    mut leaf: impl FnMut(u64) -> Result<Digest, E>,
) -> Result<Vec<Digest>, ProveError<E>> {
    let spans = inclusion_spans(index, size).ok_or(ProveError::Range { size })?;
    spans.into_iter().map(|span| root_of(span, &mut leaf).map_err(ProveError::Leaf)).collect()
}

/// Checks that `leaf` is the leaf hash at `index` in the tree of `size` leaves with `root`.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Digest,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError);
    }
    let (mut place, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError);
        }
        if is_right(place) || place == last {
            node = node_hash(sibling, &node);
            while !is_right(place) && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && node == *root { Ok(()) } else { Err(ProofError) }
}
