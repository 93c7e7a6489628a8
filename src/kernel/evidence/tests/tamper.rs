//! Whatever is done to a ledger is found, and named where the store's own columns still tell the place.

use countersign_warrant::Digest;

use super::world::{World, keys, note};
use crate::evidence::report::Report;
use crate::evidence::tree::leaf_hash;
use crate::evidence::verify::{BlobAnswer, Leaf, Verifier, named_blobs, verify};

fn check(leaves: &[Leaf], note: &str) -> Report {
    verify(leaves, note, &keys().1)
}

fn names(report: &Report, code: &str, index: usize) -> bool {
    report.faults.iter().any(|fault| fault.code == code && fault.index == Some(index as u64))
}

fn has(report: &Report, code: &str) -> bool {
    report.faults.iter().any(|fault| fault.code == code)
}

fn without_hashes(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    for leaf in &mut leaves {
        leaf.stored_hash = None;
    }
    leaves
}

/// As one who also writes the store's columns would leave it.
fn renumbered(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    for (index, leaf) in leaves.iter_mut().enumerate() {
        leaf.index = index as u64;
        leaf.stored_hash = Some(leaf_hash(&leaf.bytes));
    }
    leaves
}

#[test]
fn an_untouched_ledger_holds() {
    let leaves = World::whole().leaves();
    let report = check(&leaves, &note(&leaves, leaves.len()));
    assert_eq!(report.faults, []);
    assert!(report.holds());
    assert_eq!((report.size, report.runs), (leaves.len() as u64, 4));
    assert!(report.open_runs.is_empty() && report.open_intents.is_empty());
    let begun = &leaves[..10];
    let report = check(begun, &note(begun, 10));
    assert!(report.holds(), "{:?}", report.faults);
    assert_eq!(report.open_runs.len(), 1);
}

#[test]
fn every_flipped_bit_of_every_leaf_is_named() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    let mut flips = 0;
    for leaf in &leaves {
        let mut leaf = leaf.clone();
        let bits: Vec<usize> = (0..leaf.bytes.len() * 8).collect();
        // A verifier is begun for some hundred flips of the leaf: checking a signature is slow without optimisation.
        for some in bits.chunks(300) {
            let mut verifier = Verifier::new(&note, &keys().1);
            for bit in some {
                leaf.bytes[bit / 8] ^= 1 << (bit % 8);
                verifier.leaf(&leaf);
                leaf.bytes[bit / 8] ^= 1 << (bit % 8);
            }
            let report = verifier.finish();
            let named =
                report.faults.iter().filter(|fault| fault.code == "leaf.hash" && fault.index == Some(leaf.index));
            assert_eq!(named.count(), some.len(), "a flip among {some:?} of leaf {}", leaf.index);
            flips += some.len();
        }
    }
    println!("{flips} flipped bits in {} leaves, 0 missed", leaves.len());
}

#[test]
fn flipped_bits_show_in_the_root_and_the_whole_report() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    for at in 0..leaves.len() {
        for bit in (0..leaves[at].bytes.len() * 8).step_by(1999) {
            let mut wrong = leaves.clone();
            wrong[at].bytes[bit / 8] ^= 1 << (bit % 8);
            let report = check(&wrong, &note);
            assert!(names(&report, "leaf.hash", at) && has(&report, "root.mismatch"));
            let root = report.faults.iter().find(|fault| fault.code == "root.mismatch").unwrap();
            assert!(root.message.contains("the stored hashes have the signed root"), "{root}");
            assert!(has(&check(&without_hashes(wrong), &note), "root.mismatch"));
        }
    }
}

#[test]
fn every_flipped_bit_of_a_stored_hash_is_named() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    for at in 0..leaves.len() {
        let mut wrong = leaves.clone();
        let mut hash = *leaf_hash(&wrong[at].bytes).as_bytes();
        hash[at % 32] ^= 1 << (at % 8);
        wrong[at].stored_hash = Some(Digest::from_bytes(hash));
        let report = check(&wrong, &note);
        assert!(names(&report, "leaf.hash", at) && !has(&report, "root.mismatch"));
    }
}

#[test]
fn a_dropped_entry_is_found_and_named() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    for at in 0..leaves.len() {
        let mut wrong = leaves.clone();
        wrong.remove(at);
        let report = check(&wrong, &note);
        assert!(has(&report, "ledger.cut_off"));
        assert!(at + 1 == leaves.len() || names(&report, "ledger.gap", at + 1), "{at}");
        let report = check(&renumbered(wrong), &note);
        assert!(has(&report, "ledger.cut_off"), "{at}");
    }
}

#[test]
fn a_doubled_entry_is_found_and_named() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    for at in 0..leaves.len() {
        for to in [at + 1, leaves.len()] {
            let mut wrong = leaves.clone();
            wrong.insert(to, leaves[at].clone());
            let report = check(&wrong, &note);
            assert!(names(&report, "ledger.order", at), "{at} {to}");
            let report = check(&renumbered(wrong), &note);
            assert!(has(&report, "ledger.unsigned"));
            let doubled = |fault: &crate::evidence::report::Fault| {
                matches!(fault.code, "entry.doubled" | "run.closed" | "run.started_again")
                    && fault.index == Some(to as u64)
            };
            assert!(report.faults.iter().any(doubled), "{at} {to}: {:?}", report.faults);
        }
    }
}

#[test]
fn swapped_entries_are_found_and_named() {
    let leaves = World::whole().leaves();
    let note = note(&leaves, leaves.len());
    for at in 0..leaves.len() {
        for to in [at + 1, at + 2, at + 9].into_iter().filter(|to| *to < leaves.len()) {
            let mut wrong = leaves.clone();
            wrong.swap(at, to);
            let report = check(&wrong, &note);
            assert!(names(&report, "ledger.order", at), "{at} {to}");
            let report = check(&renumbered(wrong.clone()), &note);
            assert!(has(&report, "root.mismatch"), "{at} {to}");
            assert!(report.faults.iter().any(|fault| fault.index.is_some()), "{at} {to}");
            // Only the bytes changed places: the stored hashes tell both.
            (wrong[at].index, wrong[to].index) = (wrong[to].index, wrong[at].index);
            (wrong[at].stored_hash, wrong[to].stored_hash) = (wrong[to].stored_hash, wrong[at].stored_hash);
            let report = check(&wrong, &note);
            assert!(names(&report, "leaf.hash", at) && names(&report, "leaf.hash", to), "{at} {to}");
        }
    }
}

#[test]
fn a_cut_or_grown_ledger_is_found() {
    let leaves = World::whole().leaves();
    for size in 0..leaves.len() {
        assert!(has(&check(&leaves[..size], &note(&leaves, leaves.len())), "ledger.cut_off"), "{size}");
        assert!(names(&check(&leaves, &note(&leaves, size)), "ledger.unsigned", size), "{size}");
    }
}

#[test]
fn a_fork_against_an_earlier_checkpoint_is_found() {
    let leaves = World::whole().leaves();
    let (_, public) = keys();
    let mut other = World::whole();
    other.entries[20].at = other.entries[20].at.plus_millis(1);
    let forked = other.leaves();
    for size in 0..=leaves.len() {
        let report = |signed: &[Leaf]| {
            let mut verifier =
                Verifier::new(&note(&forked, forked.len()), &public).with_earlier(&note(signed, size), &public);
            for leaf in &forked {
                verifier.leaf(leaf);
            }
            verifier.finish()
        };
        assert!(report(&forked).holds());
        assert_eq!(has(&report(&leaves), "checkpoint.forked"), size > 20, "{size}");
    }
    let mut verifier = Verifier::new(&note(&leaves, 10), &public).with_earlier(&note(&leaves, 12), &public);
    for leaf in &leaves[..10] {
        verifier.leaf(leaf);
    }
    assert!(has(&verifier.finish(), "checkpoint.smaller"));
}

#[test]
fn a_checkpoint_without_its_signature_counts_for_nothing() {
    let leaves = World::whole().leaves();
    let good = note(&leaves, leaves.len());
    let size = format!("\n{}\n", leaves.len());
    assert!(good.contains(&size));
    let report = check(&leaves, &good.replace(&size, "\n1\n"));
    assert!(!report.holds() && report.checkpoint.is_none());
    assert!(report.faults[0].code.starts_with("note."), "{:?}", report.faults);
    assert!(!check(&leaves, "").holds());
}

#[test]
fn blobs_are_compared_with_their_digests() {
    let world = World::whole();
    let leaves = world.leaves();
    let (note, public) = (note(&leaves, leaves.len()), keys().1);
    let report = |answer: fn(&Digest) -> BlobAnswer| {
        let mut verifier = Verifier::new(&note, &public).with_blobs(answer);
        for leaf in &leaves {
            verifier.leaf(leaf);
        }
        verifier.finish()
    };
    let known = |digest: &Digest| {
        let texts: [&[u8]; 6] = [b"", b"sealed", b"p1", b"d1", b"r1", b"u1"];
        texts
            .into_iter()
            .find(|text| Digest::of(text) == *digest)
            .map_or(BlobAnswer::Missing, |text| BlobAnswer::Found(text.to_vec()))
    };
    let good = report(known);
    assert!(good.holds());
    assert_eq!((good.blobs_checked, good.blobs_missing), (6, 0));
    let missing = report(|_| BlobAnswer::Missing);
    let named: usize = world.entries.iter().map(|entry| named_blobs(entry).len()).sum();
    assert_eq!((missing.holds(), missing.blobs_missing), (false, named as u64));
    assert!(missing.faults.iter().all(|fault| fault.code == "blob.missing"));
    assert!(has(&report(|_| BlobAnswer::Found(b"other".to_vec())), "blob.digest"));
}
