//! A stored decision made again, from nothing but the bytes that it refers to.

use countersign_warrant::Decision;
use serde_json::Value;

use super::PolicySet;
use super::asked::Asked;
use super::judge::judge_asked;
use super::load::Words;

/// The texts whose digests are a decision's basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasisTexts<'a> {
    /// The policies.
    pub policies: &'a str,
    /// The Cedar schema.
    pub schema: &'a str,
    /// The entities' canonical JSON.
    pub entities: &'a str,
    /// The request's canonical JSON.
    pub request: &'a str,
}

/// The texts are not ones that a decision was made from.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Policies or schema do not load.
    #[error("the stored policies do not load: {0}")]
    Policies(String),
    /// Entities or request are no JSON.
    #[error("what is stored as the {what} is not JSON")]
    Json {
        /// `entities` or `request`.
        what: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Entities and request are JSON, but not of a request of ours.
    #[error("the stored entities and request do not belong to one question")]
    Shape,
}

impl ReplayError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Policies(_) => "replay.policies",
            Self::Json { .. } => "replay.json",
            Self::Shape => "replay.shape",
        }
    }
}

/// Evaluates again. The decision, its basis included, must equal the stored one: a differing basis means that the texts
/// are not the canonical ones.
pub fn replay(texts: &BasisTexts<'_>) -> Result<Decision, ReplayError> {
    let set = set_of(texts)?;
    let entities = json("entities", texts.entities)?;
    let request = json("request", texts.request)?;
    let asked = Asked::from_json(&entities, &request).ok_or(ReplayError::Shape)?;
    Ok(judge_asked(&set, &asked).decision)
}

/// The stored policies, loaded against the stored schema.
pub(super) fn set_of(texts: &BasisTexts<'_>) -> Result<PolicySet, ReplayError> {
    let files = [("stored policies".to_owned(), texts.policies.to_owned())];
    // WHY: what was in force is made again as it was, whatever would be refused today.
    PolicySet::compile(&files, texts.schema, &Words::default()).map_err(|errors| {
        let first = errors.first().map(|error| format!("{}:{}: {}", error.file, error.line, error.message));
        ReplayError::Policies(first.unwrap_or_default())
    })
}

pub(super) fn json(what: &'static str, text: &str) -> Result<Value, ReplayError> {
    serde_json::from_str(text).map_err(|source| ReplayError::Json { what, source })
}
