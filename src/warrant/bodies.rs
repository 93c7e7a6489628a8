//! What the mint's entries say.

use serde::{Deserialize, Serialize};

use crate::{Applied, Decision, EntryId, Intent, Outcome, StepId};

/// A `decision` entry: about which change of which step, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// The step whose change was judged.
    pub step: StepId,
    /// `policy` at a policy step, `act` at the moment of the act, `plan` for a trigger that was refused.
    pub moment: Moment,
    /// The answer.
    pub decision: Decision,
}

/// When a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// At a `policy` step.
    Policy,
    /// Right before the act.
    Act,
}

/// An `intent` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentBody {
    /// The allow decision of the same commit; for an undo, none: it was judged with its forward intent.
    pub decision: Option<EntryId>,
    /// The epoch of the fence that it was granted under.
    pub epoch: u64,
    /// The change.
    pub intent: Intent,
}

/// A `receipt` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiptBody {
    /// The intent.
    pub intent: EntryId,
    /// Which attempt.
    pub attempt: u32,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What observation, or a named person, says of an open intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The change is there; with what the receipt would have carried.
    Applied(Applied),
    /// The change is not there, and can no longer arrive.
    NotApplied {
        /// When the observation was made; at or after deadline and lateness.
        observed_at: crate::Timestamp,
    },
    /// A named person answers for it.
    Declared {
        /// Who, as an opaque id.
        by: String,
        /// SHA-256 of the words that were given.
        reason: crate::Digest,
    },
}

/// A `finding` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingBody {
    /// The intent.
    pub intent: EntryId,
    /// Which attempt.
    pub attempt: u32,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}
