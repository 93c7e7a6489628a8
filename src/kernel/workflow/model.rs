//! A workflow after parsing: names resolved against the manifests, values typed, coverage proven.

mod generated;
mod retrying;
mod triggers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use countersign_contract::Strategy;
use countersign_warrant::{Digest, ResourceName, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::policy::Condition;
use crate::schedule::Windows;

pub use generated::{Alphabet, CharacterClass, Generate, Generated};
pub(crate) use retrying::REST_MS_MAX;
pub use retrying::Retrying;
pub use triggers::{ExpiryTrigger, Input, InputKind, RequestTrigger, Triggers};

/// One workflow file.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// Name, owner, purpose, controls.
    pub metadata: Metadata,
    /// Whose credential changes.
    pub subject: SubjectSpec,
    /// Why a run may start.
    pub triggers: Triggers,
    /// What becomes of a credential that is there already when it is adopted.
    pub on_import: OnImport,
    /// When its changes may begin; at any time where it says nothing.
    pub windows: Option<Windows>,
    /// Whom a webhook tells beforehand that a run is due.
    pub notices: Option<Notices>,
    /// In the order in which they run: that of the file, unless `needs` says otherwise.
    pub steps: Vec<Step>,
}

/// Who is told before a run is due (beh:R20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notices {
    /// The webhook of the settings.
    pub to: String,
    /// So long before, in milliseconds, the longest first: 60,000 to 7,776,000,000.
    pub before_ms: Vec<u64>,
    /// What is said beside that it is due.
    pub text: Option<String>,
}

/// What becomes of a credential that was not made here, when it is adopted (beh:R14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnImport {
    /// It is sealed, and counts as current.
    Adopt,
    /// The target is asked first whether it takes it.
    #[default]
    Verify,
    /// Then a run of the workflow replaces it.
    Rotate,
}

impl OnImport {
    /// Each with its word.
    pub const WORDS: [(&'static str, Self); 3] =
        [("adopt", Self::Adopt), ("verify", Self::Verify), ("rotate", Self::Rotate)];
}

/// Who answers for a workflow, and why it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Unique in a folder.
    pub name: String,
    /// The owning team.
    pub team: String,
    /// The owning person.
    pub person: String,
    /// Who stands in.
    pub backup: Option<String>,
    /// One sentence.
    pub purpose: String,
    /// Where a person who is needed finds what to do: an address, or a line.
    pub runbook: Option<String>,
    /// The service that its subject is of: so many of a service's subjects may be under way at once.
    pub service: Option<String>,
    /// Control ids such as `nist-800-53r5:ia-5`.
    pub controls: Vec<String>,
}

/// The subject as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectSpec {
    /// The connector instance.
    pub connector: String,
    /// The kind in the connector's manifest.
    pub kind: String,
    /// The name; may refer to inputs. Nothing where the workflow is for each subject of the kind.
    pub name: Template,
    /// For which subjects of the kind it is, where it names none.
    pub for_each: Option<ForEach>,
    /// How much hangs on it; a fact for policy. `standard` when it is not said.
    pub tier: String,
    /// True where it is said that Countersign itself works with this credential.
    pub own: bool,
}

/// `for_each: {where, at_most, together, stop_after}`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// Which subjects; all that are there without it.
    pub condition: Option<Condition>,
    /// No plan is made for more.
    pub at_most: AtMost,
    /// So many runs at once.
    pub together: u32,
    /// After so many runs that ended otherwise than done no further one begins.
    pub stop_after: u32,
}

/// A cap on the subjects of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtMost {
    /// So many.
    Subjects(u32),
    /// Such a part of those that are there, in percent; one at least.
    Percent(u32),
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the workflow.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Under which condition it is planned; without one always.
    pub when: Option<Condition>,
    /// How its calls are attempted again.
    pub retry: Option<Retrying>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// The places that have the version in use, and are not renewed.
    pub leaves: Vec<Leaving>,
    /// The steps that are over before it starts, however it is come to.
    pub after: BTreeSet<StepId>,
    /// The step after whose failure alone it runs.
    pub on_failure: Option<StepId>,
    /// Where it stands in the file.
    pub line: usize,
}

/// The step kinds of this version.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Judges the changes that follow it.
    Policy(PolicyStep),
    /// Makes the subject, with its first version.
    Provision(ProvisionStep),
    /// Issues a certificate.
    Issue(IssueStep),
    /// Replaces a version.
    Rotate(RotateStep),
    /// Replaces a certificate, by the strategy `reissue`: `rotate: {strategy: reissue, ..}` with the keys of `issue`.
    Reissue(IssueStep),
    /// Ends the subject: its secrets first, then itself.
    Deprovision(DeprovisionStep),
    /// Revokes the certificate that was in use when the run was planned.
    Revoke(RevokeStep),
    /// One verb of the subject's connector.
    Uses(UsesStep),
    /// Asks a target, and changes nothing.
    Check(CheckStep),
    /// Lets time pass.
    Wait(WaitStep),
    /// Tells somebody.
    Notify(NotifyStep),
    /// Seals the run's evidence.
    Evidence(EvidenceStep),
}

impl StepKind {
    /// The word in the file, and the action that policy judges where it is a change.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Policy(_) => "policy",
            Self::Provision(_) => "provision",
            Self::Issue(_) => "issue",
            Self::Rotate(_) | Self::Reissue(_) => "rotate",
            Self::Deprovision(_) => "deprovision",
            Self::Revoke(_) => "revoke",
            Self::Uses(_) => "uses",
            Self::Check(_) => "check",
            Self::Wait(_) => "wait",
            Self::Notify(_) => "notify",
            Self::Evidence(_) => "evidence",
        }
    }

    /// What the step delivers of the version that it makes.
    pub fn deliveries(&self) -> &[Delivery] {
        match self {
            Self::Provision(step) => &step.distribute,
            Self::Rotate(step) => &step.distribute,
            Self::Issue(step) | Self::Reissue(step) => &step.distribute,
            Self::Policy(_)
            | Self::Deprovision(_)
            | Self::Revoke(_)
            | Self::Uses(_)
            | Self::Check(_)
            | Self::Wait(_)
            | Self::Notify(_)
            | Self::Evidence(_) => &[],
        }
    }

    /// True when the step changes the outside world, and so needs a covering `policy` step.
    pub const fn is_change(&self) -> bool {
        matches!(
            self,
            Self::Provision(_)
                | Self::Issue(_)
                | Self::Rotate(_)
                | Self::Reissue(_)
                | Self::Deprovision(_)
                | Self::Revoke(_)
                | Self::Uses(_)
        )
    }
}

/// `policy: {action, context}`.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyStep {
    /// The action that it judges: `provision`, `issue`, `rotate`, `deprovision`, `revoke`.
    pub action: String,
    /// What it adds to the request's context.
    pub context: BTreeMap<String, Template>,
}

/// `provision: {attributes, generate, distribute}`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvisionStep {
    /// The subject's attributes, typed by the manifest's kind.
    pub attributes: BTreeMap<String, Template>,
    /// How the first version is made.
    pub generate: Generated,
    /// Where it is delivered.
    pub distribute: Vec<Delivery>,
}

/// `issue: {profile, issuer, names, lifetime, key, distribute, adopted}`.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueStep {
    /// What the certificate is for.
    pub profile: Profile,
    /// The subject whose key signs; `None` for a root, which signs itself.
    pub issuer: Option<ResourceName>,
    /// The subject's common name; for a CA only.
    pub common_name: Option<String>,
    /// Subject alternative names: DNS names and IP addresses, for `server` and `client`.
    pub names: Vec<String>,
    /// Validity in seconds.
    pub lifetime_secs: u64,
    /// The key's algorithm.
    pub key: KeyAlgorithm,
    /// Where certificates and key are delivered.
    pub distribute: Vec<Delivery>,
    /// What must be seen after the delivery.
    pub adopted: Vec<Adopted>,
}

/// The profile of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// A certificate authority.
    Ca,
    /// A TLS server.
    Server,
}

/// The algorithm of a key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAlgorithm {
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

/// `rotate: {strategy, generate, distribute, verify, adopted, soak | downtime | cache, token_lifetime}`.
#[derive(Debug, Clone, PartialEq)]
pub struct RotateStep {
    /// How old and new live together.
    pub strategy: Strategy,
    /// How the new version is made.
    pub generate: Generated,
    /// Where it is delivered.
    pub distribute: Vec<Delivery>,
    /// What must hold before it is delivered.
    pub verify: Vec<Verify>,
    /// What must be seen after the delivery.
    pub adopted: Vec<Adopted>,
    /// How long the new version is published before it is delivered, in milliseconds; 0 where nothing is published.
    pub propagate_ms: u64,
    /// How long the old version stays enabled after adoption, in milliseconds; 0 where it cannot.
    pub soak_ms: u64,
    /// Who is without a working secret meanwhile, in words: of a rotation in place, and of no other.
    pub downtime: Option<String>,
}

/// A place that a change does not renew: `{to: connector/place, path}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// The connector instance.
    pub connector: String,
    /// The place, a name that settings resolve.
    pub place: String,
    /// The path below the place; may refer to inputs and the subject.
    pub path: Template,
}

/// One delivery to a sink: `{to: connector/place, path, fields}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The connector instance.
    pub connector: String,
    /// The place, a name that settings resolve.
    pub place: String,
    /// The path below the place; may refer to inputs and the subject.
    pub path: Template,
    /// What is written, by field.
    pub fields: BTreeMap<String, Template>,
}

/// One check of the pending version: `{login: {..}}`, or `{must_not: name}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Verify {
    /// The probe in the subject's manifest.
    pub probe: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, Template>,
    /// True when the target must refuse.
    pub must_not: bool,
}

/// What must be seen before the old version may go: `{connector, probe, within}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// The connector instance that looks.
    pub connector: String,
    /// The probe in its manifest.
    pub probe: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, Template>,
    /// How long to look, in milliseconds.
    pub within_ms: u64,
}

/// `deprovision: {observe}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeprovisionStep {
    /// How long the subject stays, disabled, before it is removed for good, in milliseconds.
    pub observe_ms: u64,
}

/// `revoke: {issuer, reason}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeStep {
    /// Whose key signs the list: the authority that issued the certificate.
    pub issuer: ResourceName,
    /// Why (RFC 5280 section 5.3.1), in the words of the list's reason codes: `key_compromise`.
    pub reason: &'static str,
}

/// `uses: connector/verb`, with the step's `with`.
#[derive(Debug, Clone, PartialEq)]
pub struct UsesStep {
    /// The verb.
    pub verb: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, Template>,
}

impl UsesStep {
    /// The action that policy judges a single verb by: each of them is about a secret of the subject.
    pub const ACTION: &str = "rotate";
}

/// `check: {connector, probe, with, expect, within}`: about the version that is current when it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckStep {
    /// What is asked, and for how long; 0 asks once.
    pub look: Adopted,
    /// True when the target must refuse.
    pub must_refuse: bool,
}

/// `wait: {for}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitStep {
    /// How long, in milliseconds.
    pub ms: u64,
}

/// `notify: {to, text, on}`.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifyStep {
    /// A webhook of the settings.
    pub to: String,
    /// What is told; never a secret.
    pub text: Template,
    /// When.
    pub on: Telling,
}

/// When somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// When the run comes to the step: everything before it is done.
    Done,
    /// When the run has failed before the step, after what could be taken back was.
    Failure,
    /// In either case.
    Always,
}

/// `evidence: {attach, retain}`.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceStep {
    /// Outputs that are attached; one that did not come about is null.
    pub attach: Vec<Reference>,
    /// How many seconds the evidence is kept.
    pub retain_secs: u64,
}

/// A text with references in it. A reference to a secret stands alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value without references.
    Literal(Value),
    /// A person by name; the plan holds the opaque id.
    Person(String),
    /// Exactly one reference; keeps the type of what it refers to.
    Whole(Reference),
    /// Text around references; each stands for its text.
    Text(Vec<Part>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// `${{ path }}`.
    Reference(Reference),
}

/// What a `${{ path }}` refers to; resolved and typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `inputs.NAME`.
    Input(String),
    /// `subject.connector`, `subject.kind`, `subject.name`, `subject.tier`.
    Subject(String),
    /// `trigger.kind`.
    Trigger(String),
    /// `steps.ID.OUTPUT`.
    Output {
        /// The step.
        step: StepId,
        /// Its output.
        output: String,
        /// True when the output is typed secret.
        secret: bool,
    },
}

/// As it stands in the file.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(name) => write!(f, "inputs.{name}"),
            Self::Subject(field) => write!(f, "subject.{field}"),
            Self::Trigger(field) => write!(f, "trigger.{field}"),
            Self::Output { step, output, .. } => write!(f, "steps.{step}.{output}"),
        }
    }
}
