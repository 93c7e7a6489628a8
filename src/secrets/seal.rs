//! Sealing: AES-256-GCM (NIST SP 800-38D) under the installation's key, bound to one version.
//!
//! A sealed blob is, in this order: `csgnseal`, the format number 1 as one byte, the key's generation as four bytes
//! (big-endian), a random nonce of 12 bytes, the ciphertext, a tag of 16 bytes. The associated data is the format's
//! name, the version's subject behind its length, its number, and the key's generation: a blob opens as the version
//! that it was sealed as, and as no other.
//!
//! Nonces are random: one key may seal 2^32 versions (SP 800-38D, section 8.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use countersign_contract::{Material, VersionId};
use zeroize::Zeroizing;

use super::key_file::KeyBytes;
use super::{NoRandomness, fill_random};

const MAGIC: &[u8; 8] = b"csgnseal";
const FORMAT: u8 = 1;
const HEADER: usize = 8 + 1 + 4;

/// Why material was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no nonce for it.
    #[error("no nonce was made")]
    Random(#[source] NoRandomness),
    /// The cipher does not take it: it has more than 2^36 bytes.
    #[error("the cipher does not take it")]
    Cipher,
}

/// Why a sealed blob does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It does not begin as one, or is too short.
    #[error("this is not sealed material")]
    NotSealed,
    /// It is of a format that this version does not know.
    #[error("it is sealed in format {0}, which this version does not know")]
    Format(u8),
    /// It was sealed with a key of another generation.
    #[error("it was sealed with generation {found} of the key, and generation {ours} is here")]
    Generation {
        /// The blob's.
        found: u32,
        /// The key's.
        ours: u32,
    },
    /// It fails its check.
    #[error("it was altered, belongs to another version, or was sealed with another key")]
    Altered,
}

impl OpenError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSealed => "seal.not_sealed",
            Self::Format(_) => "seal.format",
            Self::Generation { .. } => "seal.generation",
            Self::Altered => "seal.altered",
        }
    }
}

/// Seals and opens. Neither leaves this room: it is asked through a maker or an opener.
pub(super) struct SealingKey {
    cipher: LessSafeKey,
    generation: u32,
}

impl SealingKey {
    /// `None` when the cipher does not take the key, which it always does where there is memory.
    pub(super) fn new(key: &KeyBytes, generation: u32) -> Option<Self> {
        let cipher = UnboundKey::new(&AES_256_GCM, key.bytes()).map(LessSafeKey::new).ok()?;
        Some(Self { cipher, generation })
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// Seals material as that version.
    pub(super) fn seal(&self, version: &VersionId, material: &Material) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce).map_err(SealError::Random)?;
        let start = HEADER + NONCE_LEN;
        // Plain until it is sealed in place; the capacity is exact, so that no plain copy is left behind.
        let mut blob = Zeroizing::new(Vec::with_capacity(start + material.len() + MAX_TAG_LEN));
        blob.extend_from_slice(MAGIC);
        blob.push(FORMAT);
        blob.extend_from_slice(&self.generation.to_be_bytes());
        blob.extend_from_slice(&nonce);
        material.expose(|bytes| blob.extend_from_slice(bytes));
        let bound = Aad::from(self.bound_to(version));
        let body = blob.get_mut(start..).unwrap_or_default();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.cipher.seal_in_place_separate_tag(nonce, bound, body).map_err(|_| SealError::Cipher)?;
        blob.extend_from_slice(tag.as_ref());
        Ok(std::mem::take(&mut *blob))
    }

    /// Opens what was sealed as that version.
    // INVARIANT: inv:I6 the opener calls this, for a warrant that names the version or for a probe; and `Keys::fits`, which
    // wipes what comes of it.
    pub(super) fn open(&self, version: &VersionId, blob: &[u8]) -> Result<Material, OpenError> {
        let (header, rest) = blob.split_at_checked(HEADER).ok_or(OpenError::NotSealed)?;
        let (magic, numbers) = header.split_first_chunk::<8>().ok_or(OpenError::NotSealed)?;
        let (format, generation) = numbers.split_first_chunk::<1>().ok_or(OpenError::NotSealed)?;
        if magic != MAGIC {
            return Err(OpenError::NotSealed);
        }
        if *format != [FORMAT] {
            return Err(OpenError::Format(format[0]));
        }
        let found = u32::from_be_bytes(generation.try_into().map_err(|_| OpenError::NotSealed)?);
        if found != self.generation {
            return Err(OpenError::Generation { found, ours: self.generation });
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::NotSealed)?;
        let (body, tag) = rest.split_last_chunk::<MAX_TAG_LEN>().ok_or(OpenError::NotSealed)?;
        let bound = Aad::from(self.bound_to(version));
        let mut plain = Zeroizing::new(vec![0; body.len()]);
        self.cipher
            .open_separate_gather(Nonce::assume_unique_for_key(*nonce), bound, body, tag, &mut plain)
            .map_err(|_| OpenError::Altered)?;
        Ok(Material::new(std::mem::take(&mut *plain)))
    }

    fn bound_to(&self, version: &VersionId) -> Vec<u8> {
        let subject = version.subject.as_str();
        let mut bound = b"countersign-seal-v1\0".to_vec();
        bound.extend_from_slice(&(subject.len() as u64).to_be_bytes());
        bound.extend_from_slice(subject.as_bytes());
        bound.extend_from_slice(&version.number.to_be_bytes());
        bound.extend_from_slice(&self.generation.to_be_bytes());
        bound
    }
}

#[cfg(test)]
mod tests;
