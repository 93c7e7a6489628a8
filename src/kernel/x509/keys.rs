//! Public keys: three algorithms, and no other (beh:X6).

use x509_parser::der_parser::oid::Oid;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ED25519};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::workflow::model::KeyAlgorithm;

/// The algorithm of a public key; `None` when it is not one of ours: RSA, another curve, explicit parameters.
pub(super) fn algorithm_of(key: &SubjectPublicKeyInfo<'_>) -> Option<KeyAlgorithm> {
    let AlgorithmIdentifier { algorithm, parameters } = &key.algorithm;
    if *algorithm == OID_SIG_ED25519 {
        return parameters.is_none().then_some(KeyAlgorithm::Ed25519);
    }
    if *algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return None;
    }
    let curve: Oid<'_> = parameters.as_ref()?.as_oid().ok()?;
    if curve == OID_EC_P256 {
        Some(KeyAlgorithm::P256)
    } else if curve == OID_NIST_EC_P384 {
        Some(KeyAlgorithm::P384)
    } else {
        None
    }
}

/// The word of workflows for an algorithm.
pub(super) const fn word(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::P256 => "p256",
        KeyAlgorithm::P384 => "p384",
        KeyAlgorithm::Ed25519 => "ed25519",
    }
}
