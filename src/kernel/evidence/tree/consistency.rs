//! Proofs that a tree only grew (RFC 6962 section 2.1.2, RFC 9162 section 2.1.4.2).

use std::ops::Range;

use countersign_warrant::Digest;

use super::{ProofError, ProveError, empty_root, is_right, node_hash, root_of, split};

/// The subtrees whose roots prove that a tree of `size` leaves begins with one of `earlier` leaves. `None` when
/// `earlier` is larger; empty when it is 0 or the same.
pub fn consistency_spans(earlier: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if earlier > size {
        return None;
    }
    if earlier == 0 || earlier == size {
        return Some(Vec::new());
    }
    let mut spans = Vec::new();
    let (mut from, mut to) = (0, size);
    while to != earlier {
        let middle = from + split(to - from);
        if earlier <= middle {
            spans.push(middle..to);
            to = middle;
        } else {
            spans.push(from..middle);
            from = middle;
        }
    }
    // WHY: where the earlier tree is a complete subtree from the first leaf on, the verifier has its root already.
    if from != 0 {
        spans.push(from..to);
    }
    spans.reverse();
    Some(spans)
}

/// The consistency proof from the first `earlier` leaves to the first `size`.
///
/// # Errors
/// When `earlier` is larger than `size`, or a leaf hash cannot be read.
pub fn prove_consistency<E>(
    earlier: u64,
    size: u64,
    mut leaf: impl FnMut(u64) -> Result<Digest, E>,
) -> Result<Vec<Digest>, ProveError<E>> {
    let spans = consistency_spans(earlier, size).ok_or(ProveError::Range { size })?;
    spans.into_iter().map(|span| root_of(span, &mut leaf).map_err(ProveError::Leaf)).collect()
}

/// Checks that the tree `(size, root)` begins with the tree `(earlier, earlier_root)`.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_consistency(
    (earlier, earlier_root): (u64, &Digest),
    (size, root): (u64, &Digest),
    proof: &[Digest],
) -> Result<(), ProofError> {
    if earlier > size {
        return Err(ProofError);
    }
    if earlier == 0 || earlier == size {
        let same = if earlier == 0 { *earlier_root == empty_root() } else { earlier_root == root };
        let whole = size != 0 || *root == empty_root();
        return if proof.is_empty() && same && whole { Ok(()) } else { Err(ProofError) };
    }
    let (mut place, mut last) = (earlier - 1, size - 1);
    while is_right(place) {
        place >>= 1;
        last >>= 1;
    }
    let mut hashes = proof.iter();
    let start = if place == 0 { earlier_root } else { hashes.next().ok_or(ProofError)? };
    let (mut old, mut new) = (*start, *start);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError);
        }
        if is_right(place) || place == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while !is_right(place) && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && old == *earlier_root && new == *root { Ok(()) } else { Err(ProofError) }
}
