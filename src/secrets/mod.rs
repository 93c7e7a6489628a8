//! Secrets: makes, seals and opens material, and turns persons into opaque ids.
//!
//! Whoever needs a new secret asks a [`Maker`] and gets it sealed, with what may be known of it; the plain bytes never
//! leave this room on that way. They leave it on two ways only, both through the [`Opener`]: into `act`, for the one
//! warrant that names the version, and into `probe`.
//!
//! This room must never: show, log or return plain material elsewhere; open anything to a warrant of another mint; use
//! randomness that is not the system's; replace a key file.
//!
//! What is known to stay in memory: the copies that the cryptographic library keeps of the keys that it works with
//! (it wipes them itself), and the stack of a moved value. Material is boxed from birth and wiped when it is dropped.
//!
//! Read first: [`Maker`], [`Opener`].

mod fingerprint;
mod generate;
mod hands;
mod key_file;
mod key_pair;
mod keys;
mod maker;
mod persons;
mod seal;
mod shield;

pub use generate::{TextRule, TextRuleError};
pub use hands::{HandsError, KeptSlot, Opener, SealedMaterials, eyes};
pub use key_pair::Algorithm;
pub use keys::{KeyPublic, Keys, KeysError};
pub use maker::{MakeError, Maker, Sealed};
pub use seal::{OpenError, SealError};
pub use shield::{ShieldError, shield};

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoRandomness;

fn fill_random(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness)
}

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
