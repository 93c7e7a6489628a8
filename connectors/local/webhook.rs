//! How the embedded sender signs its messages: HMAC-SHA-256 (RFC 2104), as hex.
//!
//! The directory keeps no secret, only its SHA-256; that is the key of the HMAC, which a receiver makes of the secret that
//! was delivered to it.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use countersign_contract::{Digest, ResourceName};

/// The message that a sender signs for whoever wants to see how it signs.
pub(crate) fn sample(sender: &ResourceName) -> String {
    format!("{{\"webhook\":\"{}\"}}", sender.name())
}

/// The signature of a message with the secret of that SHA-256.
pub(crate) fn signature(verifier: &Digest, message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, verifier.as_bytes());
    hmac::sign(&key, message.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // WHY: a string takes everything that is written to it.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
