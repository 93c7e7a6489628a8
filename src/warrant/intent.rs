//! The exact change that is about to be attempted, as data that can be digested, judged and shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, EntryId, ResourceName, StepId, VersionId};

/// How long one attempt may take, and how late its effect may still arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The attempt's time, in milliseconds; the warrant's deadline is the grant's stamp plus this.
    pub duration_ms: u64,
    /// After the deadline, how many milliseconds until *not applied* may be believed.
    pub lateness_ms: u64,
}

/// One verb of one connector on one resource, with every value that it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The connector instance.
    pub connector: String,
    /// The verb of its manifest.
    pub verb: String,
    /// What the call changes: the run's subject, or a sink.
    pub resource: ResourceName,
    /// Public parameters, holes filled.
    pub parameters: BTreeMap<String, Value>,
    /// Secret parameters: which sealed version stands for each. A field of a parameter is `parameter.field`.
    pub materials: BTreeMap<String, VersionId>,
    /// Duration and lateness.
    pub limits: Limits,
}

/// Why the intent exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The plan asks for it.
    Plan,
    /// An earlier attempt was found not applied.
    Retry(EntryId),
    /// It reverses the intent of that entry.
    Undo(EntryId),
}

/// The exact change about to be attempted. Plain data: it permits nothing by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Where it will stand in the ledger. The three numbers after it are kept for its version, receipt and finding.
    pub entry: EntryId,
    /// The step of the plan.
    pub step: StepId,
    /// The action that policy judges (`rotate`, `issue`, `provision`).
    pub action: String,
    /// The run's subject.
    pub subject: ResourceName,
    /// The plan that it comes from.
    pub plan: Digest,
    /// What will be called.
    pub call: Call,
    /// What was observed before, and is relied on.
    pub facts: BTreeMap<String, Value>,
    /// The planned reverse, judged together with this intent.
    pub undo: Option<Call>,
    /// Counts from 1.
    pub attempt: u32,
    /// Why it exists.
    pub origin: Origin,
}

/// How many entry numbers one intent occupies: itself, a kept version, its receipt, its finding.
pub const NUMBERS_OF_AN_INTENT: u64 = 4;

impl Intent {
    fn numbered(&self, after: u64) -> Option<EntryId> {
        Some(EntryId::of_run(&self.entry.run()?, self.entry.number()?.checked_add(after)?))
    }

    /// Where a version that the provider made during this attempt stands.
    pub fn version_entry(&self) -> Option<EntryId> {
        self.numbered(1)
    }

    /// Where the receipt of this attempt stands.
    pub fn receipt_entry(&self) -> Option<EntryId> {
        self.numbered(2)
    }

    /// Where the finding on this attempt stands.
    pub fn finding_entry(&self) -> Option<EntryId> {
        self.numbered(3)
    }

    /// True when `other` attempts the same change: all but entry, attempt and origin are equal.
    pub fn same_change(&self, other: &Self) -> bool {
        let like =
            Self { entry: self.entry.clone(), attempt: self.attempt, origin: self.origin.clone(), ..other.clone() };
        *self == like
    }
}
