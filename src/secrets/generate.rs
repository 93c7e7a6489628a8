//! Random texts after a rule, without bias: every text that keeps the rule is as likely as every other.

use countersign_contract::{Digest, Material};
use zeroize::Zeroizing;

use super::{NoRandomness, fill_random};

/// A rule that no text can keep, or that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextRuleError {
    /// The length is out of bounds.
    #[error("a generated text has 8 to 1024 characters, not {0}")]
    Length(usize),
    /// The alphabet is no alphabet.
    #[error("an alphabet has at least two characters, all ASCII, each once")]
    Alphabet,
    /// A required class has no character in the alphabet.
    #[error("the alphabet has no character of the required class number {0}")]
    Class(usize),
    /// Texts that keep the rule are too rare among all texts.
    #[error("hardly any text of that length has a character of each required class")]
    Rare,
}

impl TextRuleError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "generate.length",
            Self::Alphabet => "generate.alphabet",
            Self::Class(_) => "generate.class",
            Self::Rare => "generate.rare",
        }
    }
}

/// How a generated text looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRule {
    length: usize,
    alphabet: Vec<u8>,
    required: Vec<Vec<u8>>,
}

impl TextRule {
    /// `length` characters of `alphabet`, among them at least one of each set of `required`.
    ///
    /// # Errors
    /// When no text keeps the rule, or so few that finding one by chance is hopeless.
    pub fn new(length: usize, alphabet: &str, required: &[String]) -> Result<Self, TextRuleError> {
        if !(8..=1024).contains(&length) {
            return Err(TextRuleError::Length(length));
        }
        let mut sorted = alphabet.as_bytes().to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if !alphabet.is_ascii() || sorted.len() < 2 || sorted.len() != alphabet.len() {
            return Err(TextRuleError::Alphabet);
        }
        let alphabet = sorted;
        let mut sets = Vec::with_capacity(required.len());
        for (number, set) in required.iter().enumerate() {
            let within: Vec<u8> = alphabet.iter().copied().filter(|byte| set.as_bytes().contains(byte)).collect();
            if within.is_empty() {
                return Err(TextRuleError::Class(number + 1));
            }
            sets.push(within);
        }
        let rule = Self { length, alphabet, required: sets };
        if rule.likelihood() < 1e-4 { Err(TextRuleError::Rare) } else { Ok(rule) }
    }

    /// About how likely a text of the alphabet keeps the rule: as if the classes were independent.
    fn likelihood(&self) -> f64 {
        let all = count(self.alphabet.len());
        let power = i32::try_from(self.length).unwrap_or(i32::MAX);
        self.required.iter().map(|set| 1.0 - (1.0 - count(set.len()) / all).powi(power)).product()
    }

    /// True when at least 2^256 texts keep the rule, so that a plain SHA-256 of one tells nothing.
    fn is_beyond_guessing(&self) -> bool {
        let all = count(self.alphabet.len());
        let power = i32::try_from(self.length).unwrap_or(i32::MAX);
        let lost: f64 = self.required.iter().map(|set| (1.0 - count(set.len()) / all).powi(power)).sum();
        lost < 1.0 && count(self.length) * all.log2() + (1.0 - lost).log2() >= 256.0
    }

    fn is_kept_by(&self, text: &[u8]) -> bool {
        self.required.iter().all(|set| text.iter().any(|byte| set.contains(byte)))
    }
}

/// A new text after the rule.
pub(super) fn text(rule: &TextRule) -> Result<Material, NoRandomness> {
    let mut text = Zeroizing::new(Vec::with_capacity(rule.length));
    let mut pool = Pool { bytes: Box::new(Zeroizing::new([0; Pool::SIZE])), used: Pool::SIZE };
    loop {
        text.clear();
        while text.len() < rule.length {
            text.push(pool.pick(&rule.alphabet)?);
        }
        // A text that misses a class is thrown away whole: mending it would make some texts likelier than others.
        if rule.is_kept_by(&text) {
            return Ok(Material::new(std::mem::take(&mut *text)));
        }
    }
}

/// The SHA-256 of a text, as hex, for a target that keeps verifiers; only where nobody could guess the text from it.
pub(super) fn verifier(rule: &TextRule, material: &Material) -> Option<String> {
    rule.is_beyond_guessing().then(|| material.expose(|bytes| Digest::of(bytes).to_string()))
}

/// Random bytes, drawn many at a time.
struct Pool {
    bytes: Box<Zeroizing<[u8; Pool::SIZE]>>,
    used: usize,
}

impl Pool {
    const SIZE: usize = 64;

    /// A character of the alphabet, each with the same likelihood.
    fn pick(&mut self, alphabet: &[u8]) -> Result<u8, NoRandomness> {
        // Bytes past the last whole multiple of the alphabet's size would favour its first characters.
        let whole = 256 - 256 % alphabet.len();
        loop {
            let Some(byte) = self.bytes.get(self.used).copied() else {
                fill_random(self.bytes.as_mut_slice())?;
                self.used = 0;
                continue;
            };
            self.used += 1;
            if usize::from(byte) < whole
                && let Some(character) = alphabet.get(usize::from(byte) % alphabet.len())
            {
                return Ok(*character);
            }
        }
    }
}

/// Exact for every count that is meant here.
fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
