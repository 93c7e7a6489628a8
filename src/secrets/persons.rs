//! Persons as opaque ids: entries name nobody, and making an id writes nothing.

use aws_lc_rs::hmac;

use super::hex;
use super::key_file::KeyBytes;

/// Makes ids of persons.
pub(super) struct PersonKey(hmac::Key);

impl PersonKey {
    pub(super) fn new(key: &KeyBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.bytes()))
    }

    /// `p_` and the hex of the first 16 bytes of HMAC-SHA-256(person key, name).
    pub(super) fn id(&self, name: &str) -> String {
        let tag = hmac::sign(&self.0, name.as_bytes());
        format!("p_{}", hex(tag.as_ref().get(..16).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_half_an_hmac_of_the_name() {
        let key = PersonKey(hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"));
        assert_eq!(key.id("what do ya want for nothing?"), "p_5bdcc146bf60754e6a042426089575c7");
        assert_ne!(key.id("dana@example.com"), key.id("lee@example.com"));
    }
}
