#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn key(generation: u32) -> SealingKey {
    SealingKey::new(&KeyBytes::random().unwrap(), generation).unwrap()
}

fn version(text: &str) -> VersionId {
    text.parse().unwrap()
}

fn material(bytes: &[u8]) -> Material {
    Material::new(bytes.to_vec())
}

/// `Material` has no `Debug`, so neither has the answer.
fn refused(opened: Result<Material, OpenError>) -> OpenError {
    opened.err().unwrap()
}

proptest! {
    #[test]
    fn what_was_sealed_opens_as_its_version(bytes in prop::collection::vec(any::<u8>(), 0..300), number in 1u32..) {
        let (key, version) = (key(1), version(&format!("local/account/x@{number}")));
        let blob = key.seal(&version, &material(&bytes)).unwrap();
        prop_assert_eq!(blob.len(), blob.capacity());
        prop_assert!(bytes.len() < 8 || !blob.windows(bytes.len()).any(|part| part == bytes));
        let opened = key.open(&version, &blob).ok().unwrap();
        prop_assert!(opened.expose(|opened| opened == bytes));
    }

    #[test]
    fn a_blob_cut_anywhere_does_not_open(at in 0usize..73) {
        let (key, version) = (key(1), version("local/account/x@1"));
        let blob = key.seal(&version, &material(&[7; 32])).unwrap();
        prop_assert_eq!(blob.len(), 73);
        prop_assert!(key.open(&version, &blob[..at]).is_err());
    }
}

#[test]
fn no_bit_can_be_flipped() {
    let (key, version) = (key(1), version("local/account/x@1"));
    let blob = key.seal(&version, &material(b"canary-canary-canary-canary")).unwrap();
    for bit in 0..blob.len() * 8 {
        let mut altered = blob.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let error = refused(key.open(&version, &altered));
        let want = match bit / 8 {
            0..8 => "seal.not_sealed",
            8 => "seal.format",
            9..13 => "seal.generation",
            _ => "seal.altered",
        };
        assert_eq!(error.code(), want, "bit {bit}");
    }
    let mut longer = blob.clone();
    longer.push(0);
    assert_eq!(refused(key.open(&version, &longer)), OpenError::Altered);
}

#[test]
fn a_swapped_row_does_not_open() {
    let key = key(1);
    let blob = key.seal(&version("local/account/x@12"), &material(b"secret")).unwrap();
    for other in ["local/account/x@1", "local/account/x@2", "local/account/y@12", "local/ca/x@12"] {
        assert_eq!(refused(key.open(&version(other), &blob)), OpenError::Altered, "{other}");
    }
}

#[test]
fn another_key_or_generation_does_not_open() {
    let (first, version) = (key(1), version("local/account/x@1"));
    let blob = first.seal(&version, &material(b"secret")).unwrap();
    assert_eq!(refused(key(1).open(&version, &blob)), OpenError::Altered);
    assert_eq!(refused(key(2).open(&version, &blob)), OpenError::Generation { found: 1, ours: 2 });
    // The generation is bound too: the same key under another number fails even where the header was made to fit.
    let bytes = KeyBytes::random().unwrap();
    let [one, two] = [1, 2].map(|generation| SealingKey::new(&bytes, generation).unwrap());
    let mut blob = one.seal(&version, &material(b"secret")).unwrap();
    blob[12] = 2;
    assert_eq!(refused(two.open(&version, &blob)), OpenError::Altered);
}

#[test]
fn a_nonce_is_not_used_twice() {
    let (key, version) = (key(1), version("local/account/x@1"));
    let nonces: std::collections::BTreeSet<Vec<u8>> =
        (0..1000).map(|_| key.seal(&version, &material(b"secret")).unwrap()[13..25].to_vec()).collect();
    assert_eq!(nonces.len(), 1000);
}
