//! What the plan says that a certificate or a request must be.

use countersign_warrant::{Digest, Timestamp};

use crate::workflow::model::{ExpiryTrigger, KeyAlgorithm, Profile};

/// What an issued certificate is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// What it is for.
    pub profile: Profile,
    /// The subject's common name; `None` for an empty subject, or one that repeats a name.
    pub common_name: Option<String>,
    /// Exactly these subject alternative names: DNS names and IP addresses, in any order. None for a CA.
    pub names: Vec<String>,
    /// The planned validity in seconds, both ends counted.
    pub lifetime_secs: u64,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// SHA-256 of the DER of our request's public key ([`super::RequestFacts::public_key_sha256`]).
    pub public_key_sha256: Digest,
    /// The issuer's certificate as PEM; `None` for a root, which signs itself.
    pub issuer: Option<String>,
    /// When the receipt was recorded. A verdict that is repeated later is asked with the same instant.
    pub now: Timestamp,
    /// At which part of its lifetime the certificate counts as due, where the workflow says so.
    pub renew_at: Option<ExpiryTrigger>,
}

/// What a certificate request is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What the certificate will be for.
    pub profile: Profile,
    /// The key's algorithm; the others of this version are refused too.
    pub key: KeyAlgorithm,
    /// The only common name that may be asked for, beside the names.
    pub common_name: Option<String>,
    /// The only names that may be asked for; asking for fewer is fine, for the plan says what is issued.
    pub names: Vec<String>,
}
