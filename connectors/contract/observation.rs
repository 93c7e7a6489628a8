//! What a connector sees, without changing anything.

use std::collections::BTreeMap;

use countersign_warrant::{Applied, EntryId, ResourceName, Timestamp, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is to be observed: a subject, or a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its name; the connector's instance resolves places itself.
    pub resource: ResourceName,
}

/// One version as the target holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The target's own id of it: a key id, a serial.
    pub id: String,
    /// Our version, where the target was told.
    pub version: Option<VersionId>,
    /// True when it works now.
    pub enabled: bool,
    /// When it was last used, where the target knows.
    pub last_used: Option<Timestamp>,
    /// When it was made, where the target knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// One reading of one resource: public facts only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// What was read.
    pub resource: ResourceName,
    /// Whether it is there.
    pub exists: bool,
    /// Its public attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its live versions, oldest first.
    pub slots: Vec<Slot>,
    /// What the target still knows of the intents that changed it, by entry: the entry id travelled with the call.
    pub applied: BTreeMap<EntryId, Applied>,
}

impl Observation {
    /// A reading of something that is not there.
    pub fn absent(resource: ResourceName) -> Self {
        Self { resource, exists: false, attributes: BTreeMap::new(), slots: Vec::new(), applied: BTreeMap::new() }
    }

    /// The slot of that version.
    pub fn slot_of(&self, version: &VersionId) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.version.as_ref() == Some(version))
    }
}

/// Which resources to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Only this kind; all kinds when `None`.
    pub kind: Option<String>,
}

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Names, sorted.
    pub resources: Vec<ResourceName>,
    /// Where to go on, unless this was the last part.
    pub next: Option<Cursor>,
}

/// A reading that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{resource}` could not be read: {message}")]
pub struct ObserveError {
    /// A stable code of the connector.
    pub code: &'static str,
    /// What was to be read.
    pub resource: String,
    /// One sentence in the connector's own words.
    pub message: String,
}

/// A check that authenticates, or compares, and changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The probe's name in the manifest.
    pub name: String,
    /// Whom it is about.
    pub subject: ResourceName,
    /// The version whose material is used, or looked for.
    pub version: Option<VersionId>,
    /// Its parameters, holes filled.
    pub parameters: BTreeMap<String, Value>,
}

/// The target's answer to a probe. Only *refused* proves that a credential is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeAnswer {
    /// The target accepted it.
    Accepted,
    /// The target itself refused it.
    Refused,
    /// No answer of the target: a network error, a time-out, an unexpected answer.
    Unknown,
}

/// How a probe ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// The target's answer.
    pub answer: ProbeAnswer,
    /// A stable code of the connector.
    pub code: String,
    /// One sentence in the connector's own words.
    pub message: String,
}
