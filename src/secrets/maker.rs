//! Makes new secrets, and gives them out sealed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_contract::{Material, VersionId, file};
use serde_json::Value;
use zeroize::Zeroizing;

use super::key_pair::{self, Algorithm, KeyPairError};
use super::seal::SealError;
use super::{Keys, NoRandomness, TextRule, generate};

/// Why no secret was made. Nothing was kept of it.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// No randomness for a text.
    #[error("no text was made for `{version}`")]
    Random {
        /// For which version.
        version: VersionId,
        /// Why not.
        #[source]
        source: NoRandomness,
    },
    /// What was made was not sealed, and is gone.
    #[error("the material of `{version}` was not sealed")]
    Seal {
        /// For which version.
        version: VersionId,
        /// Why not.
        #[source]
        source: SealError,
    },
    /// A secret that was to be given.
    #[error("the secret could not be read from `{}`", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file that holds none.
    #[error("`{}` holds no secret of one line", path.display())]
    NoSecret {
        /// The file.
        path: PathBuf,
    },
    /// No key pair.
    #[error("no key pair was made for `{version}`")]
    KeyPair {
        /// For which version.
        version: VersionId,
        /// Why not.
        #[source]
        source: KeyPairError,
    },
}

impl MakeError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Random { .. } => "secrets.no_randomness",
            Self::Seal { .. } => "secrets.not_sealed",
            Self::KeyPair { .. } => "secrets.key_pair",
            Self::Unread { .. } => "adopt.unreadable",
            Self::NoSecret { .. } => "adopt.no_secret",
        }
    }
}

/// A sealed version: what its `version` entry says of it, and the blob that the entry names.
#[derive(Clone, PartialEq)]
pub struct Sealed {
    /// Which version.
    pub version: VersionId,
    /// The sealed bytes; they open as this version only.
    pub blob: Arc<[u8]>,
    /// HMAC-SHA-256 of the material under the fingerprint key, as hex.
    pub fingerprint: String,
    /// The generation of the sealing key.
    pub key_generation: u32,
    /// Public companions: `request`, a certificate request as PEM; `verifier`, the SHA-256 of the text as hex, only where
    /// the text has at least 256 bits.
    pub public: BTreeMap<String, Value>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (&self.version, self.blob.len(), &self.fingerprint, self.key_generation, &self.public);
        f.debug_tuple("Sealed").field(&shown).finish()
    }
}

/// Makes new versions. Their plain material never leaves it.
#[derive(Debug, Clone)]
pub struct Maker {
    keys: Arc<Keys>,
}

impl Maker {
    /// A maker that seals with these keys.
    pub fn new(keys: Arc<Keys>) -> Self {
        Self { keys }
    }

    /// A new random text after the rule, sealed as that version.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn text(&self, version: &VersionId, rule: &TextRule) -> Result<Sealed, MakeError> {
        let material = generate::text(rule).map_err(|source| MakeError::Random { version: version.clone(), source })?;
        let verifier = generate::verifier(rule, &material);
        let public = verifier.map(|verifier| ("verifier".to_owned(), Value::String(verifier))).into_iter().collect();
        seal(&self.keys, version, &material, public)
            .map_err(|source| MakeError::Seal { version: version.clone(), source })
    }

    /// A text that was made elsewhere, out of a file, sealed as that version. One line end after it is not part of it.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no secret.
    pub fn given(&self, version: &VersionId, path: &Path) -> Result<Sealed, MakeError> {
        let unread = |source| MakeError::Unread { path: path.to_owned(), source };
        let mut bytes = Zeroizing::new(file::read(path, file::SMALL).map_err(unread)?);
        for end in [b"\n", b"\r"] {
            if bytes.ends_with(end) {
                bytes.pop();
            }
        }
        if bytes.is_empty() || bytes.contains(&b'\n') {
            return Err(MakeError::NoSecret { path: path.to_owned() });
        }
        let material = Material::new(bytes.to_vec());
        seal(&self.keys, version, &material, BTreeMap::new())
            .map_err(|source| MakeError::Seal { version: version.clone(), source })
    }

    /// A new key pair, its private half (PKCS #8 as PEM) sealed as that version, its request public. The request's
    /// distinguished name is empty, but for the common name where one is given.
    ///
    /// # Errors
    /// When the system gives no randomness, or the name cannot stand in a request.
    pub fn key_pair(
        &self,
        version: &VersionId,
        algorithm: Algorithm,
        common_name: Option<&str>,
    ) -> Result<Sealed, MakeError> {
        let made = key_pair::make(algorithm, common_name)
            .map_err(|source| MakeError::KeyPair { version: version.clone(), source })?;
        let public = BTreeMap::from([("request".to_owned(), Value::String(made.request))]);
        seal(&self.keys, version, &made.private, public)
            .map_err(|source| MakeError::Seal { version: version.clone(), source })
    }
}

/// Seals material as a version, with its fingerprint.
pub(super) fn seal(
    keys: &Keys,
    version: &VersionId,
    material: &Material,
    public: BTreeMap<String, Value>,
) -> Result<Sealed, SealError> {
    Ok(Sealed {
        version: version.clone(),
        blob: keys.sealing.seal(version, material)?.into(),
        fingerprint: keys.fingerprint.of(material),
        key_generation: keys.sealing.generation(),
        public,
    })
}
