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
pub mod pages;
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
