//! The plan: what a run will do, in order, as bytes that can be digested, approved and stored.

use std::collections::BTreeMap;

use countersign_contract::{Probe, ProbeAnswer};
use countersign_warrant::{Call, Digest, ResourceName, StepId, Timestamp, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Consumer;
use crate::run::bodies::TriggerKind;
use crate::schedule::Windows;
use crate::workflow::model::{ExpiryTrigger, Generate, Generated, KeyAlgorithm, Profile, Workflow};
pub use crate::workflow::model::{Retrying, Telling};

/// The format's name; it changes whenever the bytes would.
pub const FORMAT: &str = "countersign/plan/v1";

/// An immutable, canonical, hashed plan. Values that only a step can know are holes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// Where it comes from.
    pub workflow: Source,
    /// Whose credential changes.
    pub subject: PlannedSubject,
    /// Why.
    pub trigger: TriggerKind,
    /// Typed and complete.
    pub inputs: BTreeMap<String, Value>,
    /// What the run will hold: the subject and each sink, sorted.
    pub resources: Vec<ResourceName>,
    /// Who reads the version in use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// In order.
    pub moves: Vec<Move>,
    /// The steps whose condition did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// How long a step may take, in milliseconds from its first move on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timeouts: BTreeMap<StepId, u64>,
}

/// A step that the plan leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// The workflow's step.
    pub step: StepId,
    /// Its condition.
    pub when: String,
}

/// The age of a version that was made elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aged {
    /// When it was made.
    pub made_at: Timestamp,
    /// When one of the workflow's own making, made then, would fall due.
    pub due_at: Timestamp,
    /// When such a one would end.
    pub ends_at: Timestamp,
}

/// A subject that was selected, and cannot be planned as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Which.
    pub subject: ResourceName,
    /// A stable code.
    pub code: String,
    /// Why not.
    pub message: String,
}

/// The workflow that a plan comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The digest of its text.
    pub digest: Digest,
    /// The owning team.
    pub team: String,
    /// What it is for.
    pub purpose: String,
    /// Where a person who is needed finds what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The service that its subject is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl Source {
    /// What a plan says of the workflow that it is made from.
    pub(super) fn of(workflow: &Workflow) -> Self {
        let metadata = workflow.metadata.clone();
        Self {
            name: metadata.name,
            digest: workflow.digest,
            team: metadata.team,
            purpose: metadata.purpose,
            runbook: metadata.runbook,
            service: metadata.service,
        }
    }
}

/// The subject with what policy wants to know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSubject {
    /// Its name.
    pub resource: ResourceName,
    /// The connector's type, which is its manifest's name.
    pub connector: String,
    /// The kind.
    pub kind: String,
    /// How much hangs on it.
    pub tier: String,
    /// True where Countersign itself works with this credential.
    #[serde(default, rename = "self", skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Its attributes: observed, or for a provision the wanted ones. An instant may be a rule such as `+90d`, which
    /// counts from the run's start.
    pub attributes: BTreeMap<String, Value>,
}

/// One move: the smallest part of a run that has an entry of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// Unique in the plan: `rotate.stage`.
    pub id: StepId,
    /// The workflow's step.
    pub step: StepId,
    /// The action that policy judges; the step's word for the others.
    pub action: String,
    /// The step after whose failure alone it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<StepId>,
    /// What is done.
    #[serde(flatten)]
    pub does: Does,
}

/// What a move does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// Judges every covered act.
    Judge {
        /// The acts, by move id.
        covers: Vec<StepId>,
        /// What it adds to the request's context.
        context: BTreeMap<String, Value>,
    },
    /// Observes the step's facts again.
    Check {
        /// What was observed when the plan was made.
        facts: BTreeMap<String, Value>,
    },
    /// Makes and seals the pending version.
    Seal {
        /// Which.
        version: VersionId,
        /// How.
        recipe: Recipe,
    },
    /// One outside change.
    Act(Box<Act>),
    /// Judges an issued certificate against the plan.
    Examine(Box<Examine>),
    /// Asks the target, and changes nothing.
    Probe {
        /// What is asked.
        probe: Probe,
        /// The connector instance that asks.
        connector: String,
        /// The answer that is needed.
        expect: ProbeAnswer,
        /// How long to go on asking, in milliseconds; 0 asks once.
        within_ms: u64,
        /// True when the version's material is needed.
        with_material: bool,
    },
    /// Makes the pending version current, and the current one previous.
    Activate {
        /// The new one.
        version: VersionId,
        /// The old one.
        previous: Option<VersionId>,
        /// After how many seconds from the run's start it counts as expired; a certificate's own end where `None`.
        lifetime_secs: Option<u64>,
        /// Of an adopted one whose age is known; it counts as expired by its age or after `lifetime_secs`, whichever is later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aged: Option<Aged>,
    },
    /// Makes the current version previous, with none in its place: the subject is gone.
    StepDown {
        /// Which.
        version: VersionId,
    },
    /// Takes a previous version out of use.
    Retire {
        /// Which.
        version: VersionId,
    },
    /// Waits until a change may begin; from there to its pivot the step keeps to the windows.
    Window {
        /// When that is.
        windows: Windows,
    },
    /// Waits, without holding anything but the run's resources.
    Wait {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// A run for each of these plans, with its own entries.
    Each {
        /// One for each selected subject.
        runs: Vec<Plan>,
        /// Those that are selected, and have no plan.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
        /// How many at once.
        together: u32,
        /// After so many that ended otherwise than done no further one begins.
        stop_after: u32,
    },
    /// Tells somebody, and goes on whether that was heard or not.
    Notify {
        /// A webhook of the settings.
        to: String,
        /// What is told; may hold holes.
        text: Value,
        /// When.
        on: Telling,
    },
    /// Binds the run's evidence to a signed checkpoint.
    Evidence {
        /// What is attached, by reference; holes.
        attach: BTreeMap<String, Value>,
        /// How many seconds it is kept.
        retain_secs: u64,
    },
}

/// One outside change of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What is called; parameters may hold holes.
    pub call: Call,
    /// The planned reverse.
    pub undo: Option<Call>,
    /// The point of no return.
    pub pivot: bool,
    /// Who is without a working secret from here until the delivery, in the workflow's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downtime: Option<String>,
    /// How it is attempted again, where the workflow says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retrying>,
    /// The `policy` steps that cover it.
    pub covered_by: Vec<StepId>,
}

/// How a version is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "make", rename_all = "snake_case")]
pub enum Recipe {
    /// Random text.
    Text(Generate),
    /// A key pair, with its certificate request.
    KeyPair {
        /// The algorithm.
        algorithm: KeyAlgorithm,
        /// The request's common name.
        common_name: Option<String>,
    },
    /// Not at all: it was made elsewhere, and somebody gives it.
    Given,
}

/// What an issued certificate must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examine {
    /// The version that it certifies.
    pub version: VersionId,
    /// What it is for.
    pub profile: Profile,
    /// The common name.
    pub common_name: Option<String>,
    /// The subject alternative names.
    pub names: Vec<String>,
    /// The longest validity, in seconds.
    pub lifetime_secs: u64,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// Who signs; `None` for a root.
    pub issuer: Option<ResourceName>,
    /// At which part of its lifetime it falls due, where the workflow says so: it must not be due at birth.
    pub renew_at: Option<ExpiryTrigger>,
}

impl Recipe {
    /// How a `generate` has it made.
    pub(super) fn of(generate: &Generated) -> Self {
        match generate {
            Generated::Text(text) => Self::Text(text.clone()),
            Generated::KeyPair { key, .. } => Self::KeyPair { algorithm: *key, common_name: None },
        }
    }
}

impl Plan {
    /// The canonical bytes (RFC 8785): what is digested, stored and approved.
    ///
    /// # Errors
    /// When a value has no canonical JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }

    /// The digest that approvals sign and `run --plan` names.
    ///
    /// # Errors
    /// When a value has no canonical JSON.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        self.to_bytes().map(|bytes| Digest::of(&bytes))
    }

    /// A stored plan.
    ///
    /// # Errors
    /// When the bytes are no plan of this format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let plan: Self = serde_json::from_slice(bytes)?;
        if plan.format == FORMAT {
            Ok(plan)
        } else {
            Err(serde::de::Error::custom(format_args!("the plan has the format `{}`", plan.format)))
        }
    }

    /// True of the plan of an import, which lets something count as current that was made elsewhere, and has no act.
    pub fn is_import(&self) -> bool {
        let activates = self.moves.iter().any(|planned| matches!(planned.does, Does::Activate { .. }));
        activates && self.acts().next().is_none()
    }

    /// The move of that id.
    pub fn find(&self, id: &StepId) -> Option<&Move> {
        self.moves.iter().find(|at| at.id == *id)
    }

    /// The acts, in order.
    pub fn acts(&self) -> impl Iterator<Item = (&Move, &Act)> {
        self.moves.iter().filter_map(|at| match &at.does {
            Does::Act(act) => Some((at, &**act)),
            _ => None,
        })
    }
}
