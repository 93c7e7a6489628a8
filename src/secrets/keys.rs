//! The keys of one installation: which there are, how they come about, and whether they are the right ones.

use std::fmt;

use aws_lc_rs::hmac;
use countersign_contract::{Digest, VersionId};

use super::fingerprint::FingerprintKey;
use super::key_file::{KeyBytes, KeyFile};
use super::persons::PersonKey;
use super::seal::{OpenError, SealingKey};
use super::{NoRandomness, hex};
use crate::folder::{Folder, FolderError, FolderLock};

const SEALING: &str = "sealing";
const FINGERPRINT: &str = "fingerprint";
const PERSON: &str = "person";
const LEDGER: &str = "ledger";

/// Why the keys are not to be had. Nothing was opened with them, and none was replaced.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder did not give or take a key file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A key file is not there, though there is a store that it belongs to.
    #[error("`keys/{key}.key` is missing, and the store needs that very key: put it back from where it was saved")]
    Missing {
        /// Which key.
        key: &'static str,
    },
    /// A key file is there and is none.
    #[error("`keys/{key}.key` does not hold the {key} key: put it back from where it was saved")]
    Malformed {
        /// Which key.
        key: &'static str,
    },
    /// A key is not the one that the ledger knows.
    #[error(
        "`keys/{key}.key` is not the key that this ledger was made with: put the right one back; nothing was changed"
    )]
    Wrong {
        /// Which key.
        key: &'static str,
    },
    /// No key could be made.
    #[error("no `{key}` key could be made")]
    Random {
        /// Which key.
        key: &'static str,
        /// Why not.
        #[source]
        source: NoRandomness,
    },
}

impl KeysError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Folder(source) => source.code(),
            Self::Missing { .. } => "secrets.key_missing",
            Self::Malformed { .. } => "secrets.key_malformed",
            Self::Wrong { .. } => "secrets.wrong_key",
            Self::Random { .. } => "secrets.no_randomness",
        }
    }
}

/// What may be known of a key: what its `key` entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPublic {
    /// `sealing`, `fingerprint` or `person`.
    pub key: String,
    /// Counts from 1.
    pub generation: u32,
    /// SHA-256, as hex, of the HMAC-SHA-256 of the key's bytes under the key itself.
    pub public: String,
}

/// The keys of one installation.
pub struct Keys {
    pub(super) sealing: SealingKey,
    pub(super) fingerprint: FingerprintKey,
    person: PersonKey,
    ledger_seed: KeyBytes,
    publics: [KeyPublic; 3],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("publics", &self.publics).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads all keys of the folder.
    ///
    /// # Errors
    /// When one is missing, malformed, or can be read by others.
    pub fn open(folder: &Folder) -> Result<Self, KeysError> {
        let read = |key| find(folder, key)?.ok_or(KeysError::Missing { key });
        Self::of(&read(SEALING)?, &read(FINGERPRINT)?, &read(PERSON)?, read(LEDGER)?)
            .ok_or(KeysError::Malformed { key: SEALING })
    }

    /// Makes the keys that a new folder does not have yet, and reads all of them. Keys come before the store: where there
    /// is a store, a missing key is an error and never made anew.
    ///
    /// # Errors
    /// As [`Keys::open`]; and when a key cannot be made or written.
    // INVARIANT: inv:I3 no key that may have sealed something is ever replaced.
    pub fn make_missing(folder: &Folder, lock: &FolderLock) -> Result<Self, KeysError> {
        for key in [SEALING, FINGERPRINT, PERSON, LEDGER] {
            if find(folder, key)?.is_some() {
                continue;
            }
            if folder.store_path().symlink_metadata().is_ok() {
                return Err(KeysError::Missing { key });
            }
            let made = KeyBytes::random().map_err(|source| KeysError::Random { key, source })?;
            let file = KeyFile { generation: 1, key: made };
            // CRASH: the keys before this one are durable; the next making goes on with this one.
            folder.write_key(key, &file.text(key), lock)?;
        }
        Self::open(folder)
    }

    fn of(sealing: &KeyFile, fingerprint: &KeyFile, person: &KeyFile, ledger: KeyFile) -> Option<Self> {
        let publics = [public(SEALING, sealing), public(FINGERPRINT, fingerprint), public(PERSON, person)];
        Some(Self {
            sealing: SealingKey::new(&sealing.key, sealing.generation)?,
            fingerprint: FingerprintKey::new(&fingerprint.key),
            person: PersonKey::new(&person.key),
            ledger_seed: ledger.key,
            publics,
        })
    }

    /// The opaque id of a person, read with the person key alone: for who plans and opens nothing.
    ///
    /// # Errors
    /// When the person key is missing, malformed, or can be read by others.
    pub fn person_in(folder: &Folder, name: &str) -> Result<String, KeysError> {
        let file = find(folder, PERSON)?.ok_or(KeysError::Missing { key: PERSON })?;
        Ok(PersonKey::new(&file.key).id(name))
    }

    /// What the `key` entries of this installation say. The ledger's own key is not among them: the ledger makes it of
    /// the seed.
    pub fn publics(&self) -> &[KeyPublic] {
        &self.publics
    }

    /// Compares the keys with what the ledger's `key` entries say of them; those of other keys may be among `known`. A
    /// ledger without any says nothing.
    ///
    /// # Errors
    /// [`KeysError::Wrong`] for the first key that is not the known one.
    pub fn confirm(&self, known: &[KeyPublic]) -> Result<(), KeysError> {
        let names = [SEALING, FINGERPRINT, PERSON];
        if !known.iter().any(|known| names.contains(&known.key.as_str())) {
            return Ok(());
        }
        let wrong = names.iter().zip(&self.publics).find(|(_, ours)| !known.contains(ours));
        wrong.map_or(Ok(()), |(key, _)| Err(KeysError::Wrong { key }))
    }

    /// Whether a sealed blob opens as that version, and is what its fingerprint says. The plain bytes are wiped before this
    /// answers, and nobody sees them.
    ///
    /// # Errors
    /// When it does not open; `false` where it opens as something else.
    // INVARIANT: inv:I6 nothing of the material leaves this room.
    pub fn fits(&self, version: &VersionId, blob: &[u8], fingerprint: &str) -> Result<bool, OpenError> {
        let material = self.sealing.open(version, blob)?;
        Ok(self.fingerprint.of(&material) == fingerprint)
    }

    /// The opaque id of a person: `p_` and 32 hex digits. The same name has always the same id here.
    pub fn person(&self, name: &str) -> String {
        self.person.id(name)
    }

    /// The seed of the ledger's Ed25519 key (RFC 8032), for the ledger's signer alone.
    pub fn ledger_seed(&self) -> &[u8; 32] {
        self.ledger_seed.bytes()
    }
}

fn find(folder: &Folder, key: &'static str) -> Result<Option<KeyFile>, KeysError> {
    let Some(bytes) = folder.read_key(key)? else { return Ok(None) };
    KeyFile::parse(key, &bytes).map(Some).ok_or(KeysError::Malformed { key })
}

fn public(name: &str, file: &KeyFile) -> KeyPublic {
    let bytes = file.key.bytes();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), bytes);
    KeyPublic { key: name.to_owned(), generation: file.generation, public: hex(Digest::of(tag.as_ref()).as_bytes()) }
}

#[cfg(test)]
mod tests;
