//! Signed notes (C2SP signed-note) with Ed25519 keys.
//!
//! A note is a text that ends in a newline, an empty line, and signature lines. A signature is named by key name and
//! key id; those of keys that nobody asks for are kept and ignored.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The signature type of Ed25519.
const ED25519: u8 = 0x01;

/// The most signatures that a note is read with; the format asks for at least 16.
const SIGNATURES_MAX: usize = 64;

/// The most bytes that a note is read with.
const NOTE_BYTES_MAX: usize = 1 << 20;

/// Why a text is not a note, a verifier key or a key name, or why a note does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text has no signature lines, no final newline, control characters, or too many of anything.
    #[error("the text is not a signed note")]
    Malformed,
    /// Empty, or with spaces or `+`.
    #[error("`{0}` is not a key name")]
    Name(String),
    /// Not `name+id+key` with an Ed25519 key whose id fits.
    #[error("`{0}` is not a verifier key")]
    VerifierKey(String),
    /// No signature of that key.
    #[error("the note is not signed by `{0}`")]
    Unsigned(String),
    /// A signature of that key that does not hold.
    #[error("the signature of `{0}` does not hold")]
    Signature(String),
}

impl NoteError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "note.malformed",
            Self::Name(_) => "note.name",
            Self::VerifierKey(_) => "note.verifier_key",
            Self::Unsigned(_) => "note.unsigned",
            Self::Signature(_) => "note.signature",
        }
    }
}

/// A public key with its name: `<name>+<8 hex digits>+<base64 of type and key>` in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The verifier key of `key` under `name`.
    ///
    /// # Errors
    /// When the name is empty or holds spaces or `+`.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        let legal = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
        if legal { Ok(Self { name: name.to_owned(), key }) } else { Err(NoteError::Name(name.to_owned())) }
    }

    /// The key's name; a log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, newline, type and key.
    pub fn id(&self) -> [u8; 4] {
        let hash: [u8; 32] =
            Sha256::new().chain_update(&self.name).chain_update(b"\n").chain_update(self.typed()).finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn typed(&self) -> [u8; 33] {
        let mut typed = [ED25519; 33];
        typed[1..].copy_from_slice(self.key.as_bytes());
        typed
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(self.typed()))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            let typed: [u8; 33] = STANDARD.decode(key).ok()?.try_into().ok()?;
            let key = VerifyingKey::from_bytes(typed[1..].try_into().ok()?).ok()?;
            Self::new(name, key).ok()
        };
        // INVARIANT: inv:I7 type and id are those of the key, since the whole text is compared.
        read().filter(|key| key.to_string() == text).ok_or_else(|| NoteError::VerifierKey(text.to_owned()))
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: [u8; 4],
    /// What the algorithm gave.
    pub bytes: Vec<u8>,
}

/// A text with its signature lines; nothing is believed before [`SignedNote::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// The text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Signs `text` with `key` under `name`.
    ///
    /// # Errors
    /// When the text does not end in a newline or holds control characters, or the name is no key name.
    pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<Self, NoteError> {
        if !is_text(text) {
            return Err(NoteError::Malformed);
        }
        let id = VerifierKey::new(name, key.verifying_key())?.id();
        let bytes = key.sign(text.as_bytes()).to_bytes().to_vec();
        Ok(Self { text: text.to_owned(), signatures: vec![NoteSignature { name: name.to_owned(), id, bytes }] })
    }

    /// Checks that `key` signed the text.
    ///
    /// # Errors
    /// When no signature is of that key, or one of them does not hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let id = key.id();
        let mut found = false;
        for signature in self.signatures.iter().filter(|line| line.name == key.name && line.id == id) {
            let wrong = |_| NoteError::Signature(key.name.clone());
            let bytes = ed25519_dalek::Signature::from_slice(&signature.bytes).map_err(wrong)?;
            key.key.verify_strict(self.text.as_bytes(), &bytes).map_err(wrong)?;
            found = true;
        }
        if found { Ok(()) } else { Err(NoteError::Unsigned(key.name.clone())) }
    }
}

fn is_text(text: &str) -> bool {
    text.ends_with('\n') && text.chars().all(|c| c == '\n' || c >= ' ')
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| {
            let signature = [&line.id[..], &line.bytes].concat();
            writeln!(f, "\u{2014} {} {}", line.name, STANDARD.encode(signature))
        })
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;
    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX || !is_text(note) {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let lines: Vec<&str> = lines.split_terminator('\n').collect();
        if lines.is_empty() || lines.len() > SIGNATURES_MAX {
            return Err(NoteError::Malformed);
        }
        let signatures = lines.into_iter().map(parse_line).collect::<Option<_>>().ok_or(NoteError::Malformed)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }
}

fn parse_line(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let signature = STANDARD.decode(signature).ok()?;
    let (id, bytes) = signature.split_first_chunk::<4>()?;
    let legal = !name.is_empty() && !name.contains('+') && !name.chars().any(char::is_whitespace) && !bytes.is_empty();
    legal.then(|| NoteSignature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}
