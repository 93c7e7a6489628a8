//! One entry as one leaf: the RFC 8785 (JCS) bytes of an in-toto Statement v1.
//!
//! ```json
//! {"_type": "https://in-toto.io/Statement/v1",
//!  "predicate": {"at": "2026-11-23T09:00:00.000000Z", "body": {..}, "entry": "r1/7"},
//!  "predicateType": "https://countersign.dev/evidence/intent/v1",
//!  "subject": [{"digest": {"sha256": ".."}, "name": "r1/7"}]}
//! ```
//!
//! The subject is the entry itself: its id, and the SHA-256 of the canonical bytes of `body`. Both follow from the
//! entry alone, so whoever decodes a leaf can encode it again and compare.

use countersign_warrant::{Digest, EntryId, Kind, Stamped, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::canonical;

/// The namespace of our predicate types: `<root>/<kind>/v1`.
pub const PREDICATE_ROOT: &str = "https://countersign.dev/evidence";

/// The `_type` of an in-toto Statement v1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The payload type of a Statement in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The most bytes that a leaf may have. An entry bundle could hold 65,535 (C2SP tlog-tiles).
pub const LEAF_BYTES_MAX: usize = 49_152;

/// Why an entry has no leaf bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeStatementError {
    /// The leaf would be too large.
    #[error("entry `{entry}` has {bytes} bytes; a leaf may have 49152")]
    TooLarge {
        /// The entry.
        entry: EntryId,
        /// Its size.
        bytes: usize,
    },
    /// The body has no canonical form that says the same.
    #[error("entry `{entry}` has no canonical form: {reason}")]
    NotCanonical {
        /// The entry.
        entry: EntryId,
        /// What is in the way.
        reason: &'static str,
    },
}

impl EncodeStatementError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "statement.too_large",
            Self::NotCanonical { .. } => "statement.not_canonical",
        }
    }
}

/// Why bytes are not a leaf of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeStatementError {
    /// More bytes than a leaf may have.
    #[error("the leaf has {0} bytes; it may have 49152")]
    TooLarge(usize),
    /// Not JSON, a key that is not known, a key that is missing, or a value of another type.
    #[error("the leaf is not a statement")]
    Shape(#[source] serde_json::Error),
    /// A statement of another type or kind.
    #[error("`{0}` is not a type of statement that this version knows")]
    Type(String),
    /// The bytes are not the canonical ones of what they say: order, spacing, a doubled key, an escape, a digest.
    #[error("the leaf does not have the canonical bytes of what it says")]
    NotCanonical,
}

impl DecodeStatementError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "statement.too_large",
            Self::Shape(_) => "statement.shape",
            Self::Type(_) => "statement.type",
            Self::NotCanonical => "statement.not_canonical",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "subject")]
    _subject: IgnoredAny,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    entry: EntryId,
    at: Timestamp,
    body: Value,
}

/// The predicate type of a kind.
pub fn predicate_type(kind: Kind) -> String {
    format!("{PREDICATE_ROOT}/{kind}/v1")
}

fn kind_of(predicate_type: &str) -> Option<Kind> {
    let word = predicate_type.strip_prefix(PREDICATE_ROOT)?.strip_prefix('/')?.strip_suffix("/v1")?;
    Kind::ALL.iter().copied().find(|kind| kind.as_str() == word)
}

/// The leaf bytes of an entry that was committed at `at` and says `body`, a JSON object.
///
/// # Errors
/// When the leaf would exceed 49,152 bytes, or `body` is no object, holds an integer beyond 2^53 - 1, or nests deeper
/// than 64.
pub fn encode(entry: &EntryId, kind: Kind, at: Timestamp, body: &Value) -> Result<Vec<u8>, EncodeStatementError> {
    let not_canonical = |reason| EncodeStatementError::NotCanonical { entry: entry.clone(), reason };
    if !body.is_object() {
        return Err(not_canonical("it is not an object"));
    }
    // WHY: everything around the body is of characters that JSON writes as they are, and in canonical order.
    let mut bytes = format!(r#"{{"_type":"{STATEMENT_TYPE}","predicate":{{"at":"{at}","body":"#).into_bytes();
    let begin = bytes.len();
    canonical::write(body, &mut bytes).map_err(not_canonical)?;
    let digest = Digest::of(&bytes[begin..]);
    let subject = format!(r#"[{{"digest":{{"sha256":"{digest}"}},"name":"{entry}"}}]"#);
    let kind = predicate_type(kind);
    let rest = format!(r#","entry":"{entry}"}},"predicateType":"{kind}","subject":{subject}}}"#);
    bytes.extend_from_slice(rest.as_bytes());
    if bytes.len() > LEAF_BYTES_MAX {
        return Err(EncodeStatementError::TooLarge { entry: entry.clone(), bytes: bytes.len() });
    }
    Ok(bytes)
}

/// The leaf bytes of a committed entry.
///
/// # Errors
/// As [`encode`].
pub fn encode_stamped(entry: &Stamped) -> Result<Vec<u8>, EncodeStatementError> {
    encode(&entry.id, entry.kind, entry.at, &entry.predicate)
}

/// The entry that leaf bytes say; its index is not in them.
///
/// # Errors
/// When the bytes are not exactly those that [`encode`] gives for the entry.
// INVARIANT: inv:I7 one entry has one encoding: what decodes encodes to the same bytes.
pub fn decode(bytes: &[u8]) -> Result<Stamped, DecodeStatementError> {
    if bytes.len() > LEAF_BYTES_MAX {
        return Err(DecodeStatementError::TooLarge(bytes.len()));
    }
    let statement: Statement = serde_json::from_slice(bytes).map_err(DecodeStatementError::Shape)?;
    if statement.kind != STATEMENT_TYPE {
        return Err(DecodeStatementError::Type(statement.kind));
    }
    let Some(kind) = kind_of(&statement.predicate_type) else {
        return Err(DecodeStatementError::Type(statement.predicate_type));
    };
    let Predicate { entry, at, body } = statement.predicate;
    let again = encode(&entry, kind, at, &body).map_err(|_| DecodeStatementError::NotCanonical)?;
    if again != bytes {
        return Err(DecodeStatementError::NotCanonical);
    }
    Ok(Stamped { id: entry, kind, at, predicate: body, index: None })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn leaf(body: &Value) -> Result<Vec<u8>, EncodeStatementError> {
        encode(&"r1/7".parse().unwrap(), Kind::Fact, Timestamp::from_micros(1_795_000_000_000_001), body)
    }

    #[test]
    fn a_leaf_has_these_bytes_for_ever() {
        let body = json!({"step": "gate", "b": [1, null, true], "a": "\u{e9}\n"});
        let text = String::from_utf8(leaf(&body).unwrap()).unwrap();
        let again: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&again).unwrap(), text);
        assert_eq!(
            text,
            "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"at\":\"2026-11-18T11:06:40.000001Z\",\
             \"body\":{\"a\":\"\u{e9}\\n\",\"b\":[1,null,true],\"step\":\"gate\"},\"entry\":\"r1/7\"},\
             \"predicateType\":\"https://countersign.dev/evidence/fact/v1\",\"subject\":[{\"digest\":{\"sha256\":\
             \"6bfc35214fc093c859057ef1ecbd75c39fd0a278a0d903a9649f76e6a6ed58ae\"},\"name\":\"r1/7\"}]}"
        );
    }

    #[test]
    fn only_canonical_bytes_decode() {
        let bytes = leaf(&json!({"about": "x"})).unwrap();
        let entry = decode(&bytes).unwrap();
        assert_eq!(encode_stamped(&entry), Ok(bytes.clone()));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("{\"_type\"", "{ \"_type\""),
            ("\"about\":\"x\"", "\"about\":\"y\""),
            ("\"about\":\"x\"", "\"about\":\"x\",\"about\":\"x\""),
            ("\"about\":\"x\"", "\"about\":\"\\u0078\""),
            ("\"entry\":\"r1/7\"", "\"entry\":\"r1/8\""),
            ("\"entry\":\"r1/7\"", "\"entry\":\"r1/7\",\"extra\":1"),
            ("000001Z", "000001+00:00"),
            ("/fact/", "/intent/"),
            ("fact/v1", "fact/v2"),
            ("Statement/v1", "Statement/v0"),
            ("\"subject\":[", "\"subject\":[],\"subject\":["),
        ] {
            let wrong = text.replace(from, to);
            assert_ne!(wrong, text, "{from}");
            let read = decode(wrong.as_bytes());
            assert!(read.is_err() || to == "/intent/" && read.unwrap().kind == Kind::Intent, "{to}");
        }
    }

    #[test]
    fn what_would_not_come_back_is_refused() {
        assert!(leaf(&json!({"n": (1_u64 << 53) - 1})).is_ok());
        for wrong in [json!({"n": 1_u64 << 53}), json!({"n": -9_007_199_254_740_992_i64}), json!(null), json!([])] {
            assert_eq!(leaf(&wrong).unwrap_err().code(), "statement.not_canonical", "{wrong}");
        }
        let deep = (0..70).fold(json!({}), |inner, _| json!({"d": inner}));
        assert_eq!(leaf(&deep).unwrap_err().code(), "statement.not_canonical");
        let large = json!({"text": "x".repeat(LEAF_BYTES_MAX)});
        assert_eq!(leaf(&large).unwrap_err().code(), "statement.too_large");
        assert!(matches!(decode(&vec![b' '; LEAF_BYTES_MAX + 1]), Err(DecodeStatementError::TooLarge(_))));
    }
}
