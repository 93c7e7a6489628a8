//! Fingerprints: tell whether two materials are the same, to whoever has the key.

use aws_lc_rs::hmac;
use countersign_contract::Material;

use super::hex;
use super::key_file::KeyBytes;

/// Makes fingerprints.
pub(super) struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    pub(super) fn new(key: &KeyBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.bytes()))
    }

    /// HMAC-SHA-256 of the material, as 64 hex digits. Without the key nobody can try guesses against it.
    pub(super) fn of(&self, material: &Material) -> String {
        material.expose(|bytes| hex(hmac::sign(&self.0, bytes).as_ref()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_follows_material_and_key() {
        let one = FingerprintKey::new(&KeyBytes::random().unwrap());
        let other = FingerprintKey::new(&KeyBytes::random().unwrap());
        let of = |key: &FingerprintKey, bytes: &[u8]| key.of(&Material::new(bytes.to_vec()));
        assert_eq!(of(&one, b"a"), of(&one, b"a"));
        assert_ne!(of(&one, b"a"), of(&one, b"b"));
        assert_ne!(of(&one, b"a"), of(&other, b"a"));
        assert_eq!(of(&one, b"a").len(), 64);
    }

    #[test]
    fn it_is_rfc_4231_hmac_sha_256() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let found = FingerprintKey(key).of(&Material::new(b"what do ya want for nothing?".to_vec()));
        assert_eq!(found, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
