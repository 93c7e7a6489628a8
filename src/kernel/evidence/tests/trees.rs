//! The tree against `ct-merkle` and `tlog_tiles`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use countersign_warrant::Digest;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use tlog_tiles::tlog;

use crate::evidence::tile::{Level, Tile, decode_bundle, encode_bundle, hash_tile, tiles_between};
use crate::evidence::tree::{
    Frontier, ProveError, empty_root, leaf_hash, prove_consistency, prove_inclusion, root_of, verify_consistency,
    verify_inclusion,
};

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

/// As the accessors of a store answer.
#[allow(clippy::unnecessary_wraps)]
fn hash(index: u64) -> Result<Digest, Infallible> {
    Ok(leaf_hash(&leaf(index)))
}

fn root(size: u64) -> Digest {
    root_of(0..size, hash).unwrap()
}

/// The sizes and places worth trying in trees around every power of two.
fn sizes() -> Vec<u64> {
    (1..=70).chain([127, 128, 129, 255, 256, 257, 511, 513]).collect()
}

#[test]
fn roots_and_proofs_are_those_of_ct_merkle() {
    let mut oracle = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    let mut frontier = Frontier::default();
    assert_eq!(frontier.root(), empty_root());
    for index in 0..257 {
        oracle.push(leaf(index));
        frontier.push(hash(index).unwrap());
        assert_eq!(frontier.root().as_bytes()[..], oracle.root().as_bytes()[..], "{index}");
        assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier.clone()));
    }
    for size in [1, 2, 3, 7, 8, 100, 256, 257] {
        let mut oracle = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        for index in 0..size {
            oracle.push(leaf(index));
        }
        for index in 0..size {
            let proof: Vec<u8> =
                prove_inclusion(index, size, hash).unwrap().iter().flat_map(|hash| *hash.as_bytes()).collect();
            assert_eq!(proof, oracle.prove_inclusion(usize::try_from(index).unwrap()).as_bytes());
        }
        for earlier in 1..=size {
            let proof: Vec<u8> =
                prove_consistency(earlier, size, hash).unwrap().iter().flat_map(|hash| *hash.as_bytes()).collect();
            let added = usize::try_from(size - earlier).unwrap();
            assert_eq!(proof, oracle.prove_consistency(added).as_bytes(), "{earlier} {size}");
        }
    }
}

#[test]
fn tlog_tiles_accepts_our_proofs() {
    let hashes = |proof: Vec<Digest>| proof.iter().map(|hash| tlog::Hash(*hash.as_bytes())).collect::<Vec<_>>();
    for size in sizes() {
        let whole = tlog::Hash(*root(size).as_bytes());
        for place in [0, size / 3, size / 2, size - 1] {
            let proof = hashes(prove_inclusion(place, size, hash).unwrap());
            let leaf = tlog::record_hash(&leaf(place));
            tlog::check_record(&proof, size, whole, place, leaf).unwrap();
            let earlier = place + 1;
            let proof = hashes(prove_consistency(earlier, size, hash).unwrap());
            tlog::check_tree(&proof, size, whole, earlier, tlog::Hash(*root(earlier).as_bytes())).unwrap();
        }
    }
}

#[test]
fn what_is_not_in_a_tree_has_no_proof() {
    assert_eq!(prove_inclusion(5, 5, hash), Err(ProveError::Range { size: 5 }));
    assert_eq!(prove_consistency(6, 5, hash), Err(ProveError::Range { size: 5 }));
    assert!(verify_inclusion(5, 5, &hash(5).unwrap(), &[], &root(5)).is_err());
    assert!(verify_consistency((6, &root(6)), (5, &root(5)), &[]).is_err());
    assert!(verify_consistency((0, &empty_root()), (5, &root(5)), &[]).is_ok());
    assert!(verify_consistency((0, &root(1)), (5, &root(5)), &[]).is_err());
    assert!(verify_consistency((5, &root(5)), (5, &root(5)), &[]).is_ok());
    assert!(verify_consistency((5, &root(5)), (5, &root(5)), &[root(1)]).is_err());
    let bytes = Frontier::default().to_bytes();
    assert!(Frontier::from_bytes(&bytes[1..]).is_err());
    assert!(Frontier::from_bytes(&[&bytes[..], &[0; 32]].concat()).is_err());
}

proptest! {
    #[test]
    fn proofs_hold_for_their_place_and_for_no_other(size in 1_u64..600, place in 0_u64..600, other in 0_u64..600, bit in 0_usize..256) {
        let (place, other) = (place % size, other % size);
        let proof = prove_inclusion(place, size, hash).unwrap();
        let leaf = hash(place).unwrap();
        prop_assert!(verify_inclusion(place, size, &leaf, &proof, &root(size)).is_ok());
        if other != place {
            prop_assert!(verify_inclusion(other, size, &leaf, &proof, &root(size)).is_err());
            prop_assert!(verify_inclusion(place, size, &hash(other).unwrap(), &proof, &root(size)).is_err());
        }
        for at in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[at] = flipped(wrong[at], bit);
            prop_assert!(verify_inclusion(place, size, &leaf, &wrong, &root(size)).is_err());
        }
        prop_assert!(verify_inclusion(place, size, &leaf, &[&proof[..], &[leaf]].concat(), &root(size)).is_err());
    }

    #[test]
    fn a_forked_tree_has_no_consistency_proof(size in 2_u64..600, earlier in 1_u64..600, changed in 0_u64..600) {
        let earlier = 1 + (earlier - 1) % (size - 1);
        let proof = prove_consistency(earlier, size, hash).unwrap();
        prop_assert!(verify_consistency((earlier, &root(earlier)), (size, &root(size)), &proof).is_ok());
        let changed = changed % earlier;
        let forked = |index| if index == changed { hash(u64::MAX) } else { hash(index) };
        let (whole, proof) = (root_of(0..size, forked).unwrap(), prove_consistency(earlier, size, forked).unwrap());
        prop_assert!(verify_consistency((earlier, &root(earlier)), (size, &whole), &proof).is_err());
    }

    #[test]
    fn a_frontier_goes_on_from_its_bytes(first in 0_u64..400, more in 0_u64..400) {
        let mut frontier = Frontier::default();
        for index in 0..first {
            frontier.push(hash(index).unwrap());
        }
        let mut frontier = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
        for index in first..first + more {
            frontier.push(hash(index).unwrap());
        }
        prop_assert_eq!(frontier.size(), first + more);
        prop_assert_eq!(frontier.root(), root(first + more));
        prop_assert!(frontier.to_bytes().len() <= 8 + 32 * 10);
    }

    #[test]
    fn tile_paths_are_those_of_tlog_tiles(level in 0_u8..8, index in any::<u32>(), width in 1_u16..=256) {
        let tile = Tile { level: Level::Hashes(level), index: index.into(), width };
        let oracle = tlog_tiles::Tile::new(8, level, index.into(), width.into(), false);
        prop_assert_eq!(tile.to_string(), oracle.path().replacen("tile/8/", "tile/", 1));
        prop_assert_eq!(tile.to_string().parse::<Tile>(), Ok(tile));
    }
}

fn flipped(hash: Digest, bit: usize) -> Digest {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

#[test]
fn tiles_between_sizes_are_those_of_tlog_tiles() {
    for (old, new) in
        [(0, 1), (0, 255), (0, 256), (0, 257), (255, 256), (256, 257), (10, 10), (300, 70_000), (65_535, 65_537)]
    {
        let ours: Vec<Tile> = tiles_between(old, new).into_iter().filter(|tile| tile.level != Level::Entries).collect();
        let mut theirs: Vec<String> = tlog_tiles::Tile::new_tiles(8, old, new)
            .iter()
            .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
            .collect();
        let mut paths: Vec<String> = ours.iter().map(Tile::to_string).collect();
        theirs.sort();
        paths.sort();
        assert_eq!(paths, theirs, "{old} {new}");
    }
    let bundles: Vec<String> = tiles_between(250, 520).iter().map(Tile::to_string).take(3).collect();
    assert_eq!(bundles, ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/8"]);
    let far = Tile { level: Level::Hashes(0), index: 1_234_067, width: 256 };
    assert_eq!(far.to_string(), "tile/0/x001/x234/067");
}

/// Our tiles, read by `tlog_tiles`.
struct Files(BTreeMap<String, Vec<u8>>);

impl tlog_tiles::TileReader for Files {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog::Error> {
        Ok(tiles.iter().map(|tile| self.0[&tile.path().replacen("tile/8/", "tile/", 1)].clone()).collect())
    }
    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

#[test]
fn tlog_tiles_proves_inclusion_from_our_tiles() {
    let size = 600;
    let files = Files(
        tiles_between(0, size)
            .into_iter()
            .filter(|tile| tile.level != Level::Entries)
            .map(|tile| (tile.to_string(), hash_tile(&tile, hash).unwrap()))
            .collect(),
    );
    let whole = tlog::Hash(*root(size).as_bytes());
    let reader = tlog_tiles::TileHashReader::new(size, whole, &files);
    for place in [0, 255, 256, 511, 599] {
        let proof = tlog::prove_record(size, place, &reader).unwrap();
        tlog::check_record(&proof, size, whole, place, tlog::record_hash(&leaf(place))).unwrap();
    }
}

#[test]
fn bundles_come_back_and_nothing_else_does() {
    let leaves: Vec<Vec<u8>> = (0..256).map(leaf).collect();
    let bytes = encode_bundle(&leaves).unwrap();
    assert_eq!(bytes[..8], [0, 6, b'l', b'e', b'a', b'f', b' ', b'0']);
    assert_eq!(decode_bundle(&bytes, 256).unwrap(), leaves);
    assert!(decode_bundle(&bytes, 255).is_err());
    assert!(decode_bundle(&bytes[..bytes.len() - 1], 256).is_err());
    assert!(encode_bundle(&[vec![0; 65_536]]).is_err());
    assert!(encode_bundle::<Vec<u8>>(&[]).is_err());
    for wrong in [
        "tile/0/1",
        "tile/64/000",
        "tile/00/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/x000/001",
        "tile/entries/1234",
        "x",
    ] {
        assert!(wrong.parse::<Tile>().is_err(), "{wrong}");
    }
    let beyond = Tile { level: Level::Hashes(8), index: 0, width: 1 };
    assert_eq!(beyond.spans(), None);
}
