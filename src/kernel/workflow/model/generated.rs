//! How a new version is made: a text, or a key pair.

use serde::{Deserialize, Serialize};

use super::KeyAlgorithm;

/// `generate: ..`, as the kind's secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Generated {
    /// A random text.
    Text(Generate),
    /// `{key, lifetime}`: a key pair.
    KeyPair {
        /// The algorithm.
        key: KeyAlgorithm,
        /// After how many seconds the version counts as expired; never when `None`.
        lifetime_secs: Option<u64>,
    },
}

impl Generated {
    /// After how many seconds the version counts as expired; never when `None`.
    pub const fn lifetime_secs(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.lifetime_secs,
            Self::KeyPair { lifetime_secs, .. } => *lifetime_secs,
        }
    }
}

/// `generate: {length, alphabet, require, lifetime}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// Characters, 8 to 1024.
    pub length: u32,
    /// Which characters.
    pub alphabet: Alphabet,
    /// Of each of these classes at least one character.
    pub require: Vec<CharacterClass>,
    /// After how many seconds the version counts as expired; never when `None`.
    pub lifetime_secs: Option<u64>,
}

impl Generate {
    /// Of each of these sets at least one character; a set is empty where the alphabet has none of the class.
    pub fn required_characters(&self) -> Vec<String> {
        let all = self.alphabet.characters();
        self.require.iter().map(|class| all.chars().filter(|character| class.holds(*character)).collect()).collect()
    }
}

/// The alphabet of a generated text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// `A-Z a-z 0-9 - _`.
    UrlSafe,
    /// `A-Z a-z 0-9`.
    Alphanumeric,
    /// `0-9 a-f`.
    Hex,
    /// Every printable ASCII character but space, quotes, `\`, `/` and `@`.
    Printable,
}

impl Alphabet {
    /// Its characters, each once, all ASCII.
    pub const fn characters(self) -> &'static str {
        match self {
            Self::UrlSafe => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            Self::Alphanumeric => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Self::Hex => "0123456789abcdef",
            Self::Printable => {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-.:;<=>?[]^_{|}~"
            }
        }
    }
}

/// A class of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CharacterClass {
    /// `a-z`.
    Lower,
    /// `A-Z`.
    Upper,
    /// `0-9`.
    Digit,
    /// Anything else of the alphabet.
    Symbol,
}

impl CharacterClass {
    /// True when `character` is of the class.
    pub const fn holds(self, character: char) -> bool {
        match self {
            Self::Lower => character.is_ascii_lowercase(),
            Self::Upper => character.is_ascii_uppercase(),
            Self::Digit => character.is_ascii_digit(),
            Self::Symbol => !character.is_ascii_alphanumeric(),
        }
    }
}
