<<<<<<< HEAD
//! temporary
use crate::workflow::model::{KeyAlgorithm, Profile};
use serde_json::Value;
use std::collections::BTreeMap;
#[allow(missing_docs)]
pub struct Expected {
    pub profile: Profile,
    pub common_name: Option<String>,
    pub names: Vec<String>,
    pub lifetime_secs: u64,
    pub key: KeyAlgorithm,
    pub request: String,
    pub issuer: Option<String>,
    pub now: countersign_warrant::Timestamp,
}
#[allow(missing_docs)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
}
#[allow(missing_docs)]
pub struct CertificateFacts(BTreeMap<String, Value>);
#[allow(missing_docs)]
impl CertificateFacts {
    pub fn into_facts(self) -> BTreeMap<String, Value> {
        self.0
    }
}
#[allow(missing_docs, clippy::missing_errors_doc)]
pub fn judge_certificate(chain: &str, _expected: &Expected) -> Result<CertificateFacts, Vec<Fault>> {
    let wrong = |_| vec![Fault { code: "x", message: "no certificate".to_owned() }];
    let (_, pem) = x509_parser::pem::parse_x509_pem(chain.as_bytes()).map_err(|_| wrong(()))?;
    let certificate = pem.parse_x509().map_err(|_| wrong(()))?;
    let after = countersign_warrant::Timestamp::from_micros(certificate.validity().not_after.timestamp() * 1_000_000);
    let digest = countersign_warrant::Digest::of(&pem.contents);
    Ok(CertificateFacts(BTreeMap::from([
        ("sha256".to_owned(), Value::String(digest.to_string())),
        ("not_after".to_owned(), Value::String(after.to_string())),
        ("serial".to_owned(), Value::String(certificate.raw_serial_as_string())),
    ])))
}
=======
//! Certificates: the only judge of requests and of issued bytes.
//!
//! What an issuer gives back is compared with the plan, byte for byte as they will be delivered: signature, key, names,
//! uses, lifetime. The answer is what the certificate says, or everything that is wrong with it at once.
//!
//! This room must never sign, read a clock, trust what an issuer says about a certificate beside the certificate, or
//! let pass what it does not know.
//!
//! Read first: [`Expected`], [`judge_certificate`].

mod certificate;
mod chain;
mod expect;
mod extensions;
mod facts;
mod fault;
mod keys;
mod names;
mod read;
mod request;
mod validity;

pub use certificate::judge_certificate;
pub use chain::judge_chain;
pub use expect::{Asked, Expected};
pub use facts::{CertificateFacts, RequestFacts};
pub use fault::Fault;
pub use request::judge_request;

#[cfg(test)]
mod tests;
>>>>>>> h-evidence
