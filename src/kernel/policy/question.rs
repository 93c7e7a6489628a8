//! What is asked of policy: who wants to do what to which subject, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_warrant::{ResourceName, Timestamp};

use super::Term;
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{KeyAlgorithm, Profile};

/// One planned change, as policy sees it. The same at plan, `policy` step and act, but for `facts` and `now`.
///
/// It holds no hole and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who wants it.
    pub principal: Principal,
    /// The step's action: `provision`, `issue`, `rotate`.
    pub action: String,
    /// Whose credential changes.
    pub subject: Subject,
    /// The verb of the connector.
    pub verb: String,
    /// What the verb changes, where that is a sink and not the subject.
    pub sink: Option<ResourceName>,
    /// Why the run started.
    pub trigger: TriggerKind,
    /// The request's inputs.
    pub inputs: BTreeMap<String, Term>,
    /// What was observed.
    pub facts: Facts,
    /// What certificate is to be issued; for the action `issue` always, and for a `rotate` by `reissue`.
    pub certificate: Option<Certificate>,
    /// What the covering `policy` step adds.
    pub added: BTreeMap<String, String>,
    /// The instant of the evaluation.
    pub now: Timestamp,
}

/// Who wants the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person, as an opaque id.
    Person(String),
    /// A workflow, by name, where nobody asked.
    Workflow(String),
}

/// The run's subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its name: connector instance, kind and name.
    pub resource: ResourceName,
    /// The type of the connector instance: the name in its manifest.
    pub connector_type: String,
    /// How much hangs on it.
    pub tier: String,
    /// The team that owns the workflow.
    pub team: String,
    /// Its public attributes by the manifest, each required one among them; for `provision` the requested ones, else
    /// the observed ones.
    pub attributes: BTreeMap<String, Term>,
}

/// What was observed of the subject; `None` where it was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Whether it is there.
    pub exists: Option<bool>,
    /// How many versions work at once.
    pub live_versions: Option<u32>,
    /// When the oldest of them was made, where that is known of each.
    pub oldest_created_at: Option<Timestamp>,
    /// When its current version counts as expired.
    pub expires_at: Option<Timestamp>,
}

/// The certificate that is to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What it is for.
    pub profile: Profile,
    /// Validity in seconds.
    pub lifetime_secs: u64,
    /// Subject alternative names.
    pub names: BTreeSet<String>,
    /// The algorithm of the certified key.
    pub key: KeyAlgorithm,
    /// The subject whose key signs; `None` where it signs itself.
    pub issuer: Option<ResourceName>,
}

/// The word for a profile, as workflows and policies see it.
pub(super) const fn profile_word(profile: Profile) -> &'static str {
    match profile {
        Profile::Ca => "ca",
        Profile::Server => "server",
    }
}

/// The word for an algorithm, as workflows and policies see it.
pub(super) const fn key_word(key: KeyAlgorithm) -> &'static str {
    match key {
        KeyAlgorithm::P256 => "p256",
        KeyAlgorithm::P384 => "p384",
        KeyAlgorithm::Ed25519 => "ed25519",
    }
}
