//! What a run's own entries say, beside those of the mint; and the entries of no run.

use std::collections::BTreeMap;

use countersign_contract::{Probe, ProbeResult};
use countersign_warrant::{Digest, EntryId, ResourceName, RunId, StepId, Timestamp, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a run starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// `request`, `schedule`, `expiry`, `event` or `emergency`.
    pub kind: TriggerKind,
    /// Who asked, or reported the event, as an opaque id (`p_` and 32 hex digits); the workflow itself when nobody did.
    pub asked_by: Option<String>,
    /// Two triggers with one key are one.
    pub idempotency_key: Option<String>,
    /// The reported event, such as `leak.reported`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// What the idempotency keys begin with that no request may give: those of runs for one of many subjects, of renewals, and of
/// the instants of schedules.
pub const OWN_KEYS: [&str; 3] = [PART_OF, RENEWAL, SCHEDULED];
const PART_OF: &str = "part-of/";
/// What the keys of renewals begin with.
pub const RENEWAL: &str = "expiry-";
/// What the keys of scheduled runs begin with; the instant that each stands for follows.
pub const SCHEDULED: &str = "schedule-";

impl Trigger {
    /// What the keys of the runs begin with that a run has for its subjects.
    pub fn part_of_prefix(run: &RunId) -> String {
        format!("{PART_OF}{run}/")
    }

    /// The run that this one is a part of, where it is for one of many subjects.
    pub fn part_of(&self) -> Option<RunId> {
        let (run, _) = self.idempotency_key.as_deref()?.strip_prefix(PART_OF)?.rsplit_once('/')?;
        run.parse().ok()
    }
}

/// The kinds of triggers of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// A person or an agent asked.
    Request,
    /// An instant of the schedule came.
    Schedule,
    /// The current version came near its end.
    Expiry,
    /// Somebody reported something.
    Event,
    /// A person or an agent asked, and it cannot wait: windows are not kept, and a run under way gives way (beh:R19).
    Emergency,
}

impl TriggerKind {
    /// The word in workflows, policies and entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Schedule => "schedule",
            Self::Expiry => "expiry",
            Self::Event => "event",
            Self::Emergency => "emergency",
        }
    }
}

/// `started`: the run exists, and holds its resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartedBody {
    /// The workflow's name.
    pub workflow: String,
    /// The digest of its text.
    pub workflow_digest: Digest,
    /// The digest of the plan; its bytes are a blob of this entry.
    pub plan: Digest,
    /// The activation that the workflow comes from.
    pub activation: EntryId,
    /// Whose credential changes.
    pub subject: ResourceName,
    /// What is held until the run closes: the subject and each sink, sorted.
    pub resources: Vec<ResourceName>,
    /// Why.
    pub trigger: Trigger,
    /// The team that owns the workflow; none for a run that has one for each of many subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The service that the workflow is of, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// The stage of a secret version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sealed, not yet in use.
    Pending,
    /// In use.
    Current,
    /// Replaced, perhaps still working.
    Previous,
    /// Out of use for good.
    Retired,
}

impl Stage {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Retired => "retired",
        }
    }
}

/// `version`: a version was sealed, or moved to another stage. Making a version current moves the one that was current
/// to previous, in the same commit, as an entry of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionBody {
    /// The step.
    pub step: StepId,
    /// Which version.
    pub version: VersionId,
    /// Its stage from now on.
    pub stage: Stage,
    /// Only where the version is sealed: what was sealed.
    pub sealed: Option<SealedBody>,
    /// When it counts as expired; known at `current`.
    pub expires_at: Option<Timestamp>,
    /// Since when its age counts, where that is not since it became current: of an adopted one, since it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts_from: Option<Timestamp>,
}

/// The sealed material of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedBody {
    /// The digest of the sealed blob, a blob of this entry.
    pub blob: Digest,
    /// HMAC-SHA-256 of the material under the fingerprint key, as hex.
    pub fingerprint: String,
    /// The generation of the sealing key.
    pub key_generation: u32,
    /// True where it was made elsewhere, and given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
    /// Public companions: `request`, a certificate request as PEM; `verifier`, the SHA-256 of a 256-bit key as hex.
    pub public: BTreeMap<String, Value>,
}

/// `fact`: something observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactBody {
    /// The step.
    pub step: StepId,
    /// What it is about: `certificate`, `evidence`, `subject`.
    pub about: String,
    /// False when what was observed is not what was planned.
    pub holds: bool,
    /// What was observed; public.
    pub facts: BTreeMap<String, Value>,
}

/// `probe`: an authentication that changed nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeBody {
    /// The step.
    pub step: StepId,
    /// What was asked.
    pub probe: Probe,
    /// Whether the answer is the planned one.
    pub holds: bool,
    /// The answer.
    pub result: ProbeResult,
}

/// `wait`: a durable wait began, or is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitBody {
    /// The step.
    pub step: StepId,
    /// What for.
    pub wait: Wait,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Wait {
    /// An instant.
    Until {
        /// When it is over.
        at: Timestamp,
    },
    /// The wait is over.
    Over,
    /// A person: the run is stuck.
    Person {
        /// A stable reason code.
        code: String,
        /// What is true now, and what to do next.
        message: String,
    },
    /// A person answered a run that needed one.
    Answered {
        /// What is to be done.
        answer: PersonAnswer,
        /// Who, as an opaque id.
        by: String,
        /// SHA-256 of the words that were given; the words are a blob of this entry.
        reason: Digest,
    },
}

/// What a person wants of a run that cannot go on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonAnswer {
    /// Go on where it stopped: the target is observed and policy asked again.
    Resume,
    /// Take back what was done.
    Undo,
    /// Leave everything as it is, and let go of what is held.
    Abandon,
    /// Give way to an emergency: take back what was done, or, beyond the point of no return, go on without waiting.
    GiveWay,
}

impl PersonAnswer {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Undo => "undo",
            Self::Abandon => "abandon",
            Self::GiveWay => "give way",
        }
    }
}

/// What a fact is about that says whether a change may begin, or go on.
pub const WINDOW: &str = "window";

/// What the `fact` is about that says whether somebody was told.
pub const NOTICE: &str = "notice";

/// What the fact is about that says how the runs for each subject ended.
pub const EACH: &str = "each";

/// What a fact is about that says how long a step took.
pub const TIMEOUT: &str = "timeout";

/// `skipped`: a step that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkippedBody {
    /// The step.
    pub step: StepId,
    /// A stable reason code.
    pub code: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything that was planned is done.
    Done,
    /// Policy said no; nothing was changed, or all of it was undone.
    Denied,
    /// A step failed before the pivot; what was done is undone.
    Undone,
    /// A step failed before anything was changed.
    Failed,
    /// A step failed before the pivot; what it did is undone, and what the workflow has for that case is done.
    Handled,
    /// A named person left everything as it was, and answers for it.
    Abandoned,
}

impl RunOutcome {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Handled => "handled",
            Self::Abandoned => "abandoned",
        }
    }
}

/// `closed`: the run ended and holds nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedBody {
    /// How.
    pub outcome: RunOutcome,
    /// A stable reason code.
    pub code: String,
    /// One sentence: what is true now.
    pub message: String,
}

/// `not-due`: a trigger that had nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotDueBody {
    /// The workflow.
    pub workflow: String,
    /// Whose credential it would have changed.
    pub subject: ResourceName,
    /// Why it was asked.
    pub trigger: Trigger,
    /// A stable reason code.
    pub code: String,
    /// When it falls due, where that is known.
    pub due_at: Option<Timestamp>,
}

impl NotDueBody {
    /// What the trigger came to, in words.
    pub fn came_to(&self) -> &'static str {
        match self.code.as_str() {
            "schedule.skipped" => "was left out",
            code if code.starts_with("expiry.") => "had nothing to do",
            _ => "could not begin",
        }
    }
}

/// One file of an activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivatedFile {
    /// Path below the activated folder.
    pub path: String,
    /// SHA-256 of its bytes; the bytes are a blob of the entry.
    pub digest: Digest,
}

/// `activation`: this exact set of workflows and policies is current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationBody {
    /// Workflow files, sorted by path.
    pub workflows: Vec<ActivatedFile>,
    /// Policy files, sorted by path.
    pub policies: Vec<ActivatedFile>,
    /// The git commit of the folder, where it is one and the files are as committed.
    pub commit: Option<String>,
    /// Who activated, as an opaque id.
    pub by: String,
}

/// `brake`: from now on, changes are kept from beginning there, or no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrakeBody {
    /// Where.
    pub scope: BrakeScope,
    /// What kind of brake.
    pub brake: BrakeKind,
    /// True where it is lifted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lifted: bool,
    /// Until when, where time alone ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who set or lifted it, as an opaque id; nobody where Countersign itself did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// SHA-256 of the words that were given; the words are a blob of this entry.
    pub reason: Digest,
}

/// Where a brake is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", content = "name", rename_all = "snake_case")]
pub enum BrakeScope {
    /// Everywhere.
    All,
    /// At everything of a connector instance.
    Connector(String),
    /// At one subject.
    Subject(ResourceName),
}

impl BrakeScope {
    /// The scope's word, and the name below it; an empty one for everything.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::All => ("all", ""),
            Self::Connector(name) => ("connector", name),
            Self::Subject(name) => ("subject", name.as_str()),
        }
    }
}

impl std::fmt::Display for BrakeScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Connector(name) => write!(f, "connector {name}"),
            Self::Subject(name) => write!(f, "subject {name}"),
        }
    }
}

/// The brakes that entries set and lift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrakeKind {
    /// Nothing begins and no change is granted, undos included, until somebody lifts it.
    Paused,
    /// As paused, for a while: the provider failed too often.
    CircuitOpen,
    /// No run begins until somebody lifts it: the subject failed too often. What is under way goes on.
    Quarantined,
}

impl BrakeKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::CircuitOpen => "circuit_open",
            Self::Quarantined => "quarantined",
        }
    }
}

/// `clock`: the wall clock was set, and is gone by again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockBody {
    /// By how much, in milliseconds; back where it is negative.
    pub jumped_ms: i64,
    /// What it said right before.
    pub before: Timestamp,
}

/// `notice`: somebody was told beforehand that a run is due, or could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeBody {
    /// The workflow.
    pub workflow: String,
    /// Whose credential it changes.
    pub subject: ResourceName,
    /// When it is due.
    pub due_at: Timestamp,
    /// The webhook.
    pub to: String,
    /// Why it was not taken; nothing where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `key`: a key of this installation was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// `ledger`, `sealing`, `fingerprint` or `person`.
    pub key: String,
    /// Counts from 1.
    pub generation: u32,
    /// The ledger key's verifier key (`name+id+base64`); for a secret key the SHA-256 of its bytes' HMAC under itself.
    pub public: String,
}
