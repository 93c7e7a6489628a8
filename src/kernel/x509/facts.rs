//! What a judged certificate or request says, as entries hold it.

use std::collections::BTreeMap;

use countersign_warrant::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::workflow::model::KeyAlgorithm;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// The serial number's bytes as lower-case hex.
    pub serial: String,
    /// The first instant of its validity.
    pub not_before: Timestamp,
    /// The last instant of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of its DER.
    pub sha256: Digest,
    /// Its subject alternative names as written in plans, sorted.
    pub names: Vec<String>,
    /// Its common name.
    pub common_name: Option<String>,
    /// Its issuer's name.
    pub issuer: String,
    /// SHA-256 of the DER of its public key (beh:X12).
    pub public_key_sha256: Digest,
}

impl CertificateFacts {
    /// The facts by name, for a `fact` entry.
    pub fn to_map(&self) -> BTreeMap<String, Value> {
        let facts = [
            ("serial", json!(self.serial)),
            ("not_before", json!(self.not_before)),
            ("not_after", json!(self.not_after)),
            ("sha256", json!(self.sha256)),
            ("names", json!(self.names)),
            ("common_name", json!(self.common_name)),
            ("issuer", json!(self.issuer)),
            ("public_key_sha256", json!(self.public_key_sha256)),
        ];
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What a certificate request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// SHA-256 of the DER of its public key.
    pub public_key_sha256: Digest,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// The common name that it asks for.
    pub common_name: Option<String>,
    /// The names that it asks for, as written in plans, sorted.
    pub names: Vec<String>,
}
