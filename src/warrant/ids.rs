//! Names and instants: each id is a type of its own, so that none passes for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A text that is not a well-formed id, digest or instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}")]
pub struct ParseIdError {
    what: &'static str,
    text: String,
}

impl ParseIdError {
    fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.to_owned() }
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $legal:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text, as it stands in entries and rows.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let legal: fn(&str) -> bool = $legal;
                if legal(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(ParseIdError::new($what, text))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;
            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// True for the characters of a name's segment: ASCII letters, digits, `-`, `_` and `.`.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text != "."
        && text != ".."
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

text_id! {
    /// One execution of a plan.
    RunId, "run id", is_segment
}

text_id! {
    /// A step's id within its workflow, or one verb of an expanded step (`rotate.stage`).
    StepId, "step id", is_segment
}

text_id! {
    /// `connector/kind/name`: a subject, or a sink as `connector/place/path`. At least three segments of
    /// `[A-Za-z0-9._-]`, none of them `.` or `..`.
    ResourceName, "resource name", |text| {
        text.len() <= 256 && text.split('/').count() >= 3 && text.split('/').all(is_segment)
    }
}

impl ResourceName {
    /// The connector instance that the resource belongs to.
    pub fn connector(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The subject's kind, or the sink's place.
    pub fn kind(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }

    /// Everything after the kind.
    pub fn name(&self) -> &str {
        self.0.splitn(3, '/').nth(2).unwrap_or_default()
    }
}

/// One generation of a subject's material: `local/account/reporting@3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId {
    /// Whose material it is.
    pub subject: ResourceName,
    /// Counts from 1.
    pub number: u32,
}

impl FromStr for VersionId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let wrong = || ParseIdError::new("secret version id", text);
        let (subject, number) = text.rsplit_once('@').ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        if number == 0 || text.rsplit_once('@').is_some_and(|(_, n)| n != number.to_string()) {
            return Err(wrong());
        }
        Ok(Self { subject: subject.parse().map_err(|_| wrong())?, number })
    }
}

impl TryFrom<String> for VersionId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> String {
        id.to_string()
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.subject, self.number)
    }
}

/// `<run>/<n>` for an entry of a run, `<kind>:<key>` for an entry of none. Unique in a ledger, so that a repeated
/// commit is the same commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(String);

impl EntryId {
    /// The entry `number` of `run`.
    pub fn of_run(run: &RunId, number: u64) -> Self {
        Self(format!("{run}/{number}"))
    }

    /// The text, as it stands in entries and rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The run, unless the entry is of none.
    pub fn run(&self) -> Option<RunId> {
        self.0.split_once('/').and_then(|(run, _)| run.parse().ok())
    }

    /// The number within the run, unless the entry is of none.
    pub fn number(&self) -> Option<u64> {
        self.0.split_once('/').and_then(|(_, number)| number.parse().ok())
    }
}

impl FromStr for EntryId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let legal = match text.split_once('/') {
            Some((run, number)) => {
                run.parse::<RunId>().is_ok() && number.parse::<u64>().is_ok_and(|n| n.to_string() == number)
            }
            None => text.split_once(':').is_some_and(|(kind, key)| is_segment(kind) && is_segment(key)),
        };
        if legal { Ok(Self(text.to_owned())) } else { Err(ParseIdError::new("entry id", text)) }
    }
}

impl TryFrom<String> for EntryId {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest; 64 lower-case hex digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The SHA-256 of the value's canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// When the value has no canonical JSON: a map key that is no text, or a number that is not finite.
    pub fn of_canonical<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json_canonicalizer::to_vec(value).map(|bytes| Self::of(&bytes))
    }

    /// A digest that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let wrong = || ParseIdError::new("SHA-256 digest (64 lower-case hex digits)", text);
        let legal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 64 || !text.bytes().all(legal) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An instant: microseconds since 1970-01-01T00:00:00Z; RFC 3339 in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant so many microseconds after 1970, kept within years 1 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(-62_135_596_800_000_000, 253_402_207_200_000_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant `millis` milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        let micros = i64::try_from(millis).unwrap_or(i64::MAX).saturating_mul(1000);
        Self::from_micros(self.0.saturating_add(micros))
    }
}

impl FromStr for Timestamp {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| ParseIdError::new("RFC 3339 instant", text))?;
        Ok(Self::from_micros(parsed.as_microsecond()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = ParseIdError;
    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{instant:.6}")
    }
}

/// Proof of who drives a run: its id and the epoch of the lease. A write with an older epoch is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The run that is driven.
    pub run: RunId,
    /// Grows with each lease of the run.
    pub epoch: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_could_escape() {
        assert!("local/account/reporting".parse::<ResourceName>().is_ok());
        for wrong in ["local/account", "local//x", "local/../x", "a/b/c d", "", "local/account/\u{e9}"] {
            assert!(wrong.parse::<ResourceName>().is_err(), "{wrong}");
        }
        assert!("r1/7".parse::<EntryId>().is_ok());
        assert!("activation:ab12".parse::<EntryId>().is_ok());
        for wrong in ["r1/07", "r1/", "/1", "r1", "r1/-1", ":x", "x:"] {
            assert!(wrong.parse::<EntryId>().is_err(), "{wrong}");
        }
        for wrong in ["local/account/x@0", "local/account/x@01", "local/account/x", "x@1"] {
            assert!(wrong.parse::<VersionId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn instants_keep_their_microseconds_in_text() {
        let at = Timestamp::from_micros(1_795_000_000_000_001);
        assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        assert_eq!(at.plus_millis(2).micros() - at.micros(), 2000);
        assert_eq!(at.plus_millis(u64::MAX).to_string().len(), "9999-12-30T22:00:00.000000Z".len());
    }

    #[test]
    fn digests_are_lower_case_hex() {
        let digest = Digest::of(b"");
        assert!(digest.to_string().starts_with("e3b0c44298fc1c14"));
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
    }
}
