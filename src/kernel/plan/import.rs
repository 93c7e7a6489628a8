//! The plan of an import: a credential that was made elsewhere is sealed and counts as current. It has no act, so that
//! nothing outside is changed by it (beh:R14).

use std::collections::BTreeMap;

use countersign_contract::{Probe, ProbeAnswer, SecretKind, Slot};
use countersign_warrant::{ResourceName, StepId, VersionId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::expand::{Expansion, Manifests};
use super::model::{Aged, Does, Move, Plan, Recipe};
use super::snapshot::facts_of;
use super::{PlanError, Snapshot, begin, end};
use crate::diagnostic::with_article;
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{OnImport, StepKind, Workflow};

/// The word for its moves.
const IMPORT: &str = "import";

/// How long the target may take to say that it takes the secret: what the steps of a workflow give it by default.
const WITHIN_MS: u64 = 10_000;

/// The highest version that is taken over, so that others can follow it.
const NUMBER_MAX: u32 = 1_000_000_000;

/// Which version is taken over.
#[derive(Debug, Clone, Default)]
pub struct Adopting {
    /// The one that was named; else the only one that works.
    pub version: Option<VersionId>,
    /// Versions that are sealed here and pending, left by runs that somebody let go of.
    pub left: Vec<VersionId>,
}

/// Makes the plan: seal what is given, unless a run that somebody let go of has left it sealed; look that the target is as
/// it was, ask it whether it takes the secret where the workflow says so, make the version current, bind the evidence.
///
/// # Errors
/// When the subject is not there, has a current version already, or it is not known which of its versions is meant.
pub fn import(
    workflow: &Workflow,
    adopting: &Adopting,
    inputs: &BTreeMap<String, Value>,
    snapshot: &Snapshot,
    manifests: &Manifests<'_>,
) -> Result<Plan, PlanError> {
    let mut expansion = begin(workflow, TriggerKind::Request, inputs, snapshot, manifests)?;
    let slot = meant(&expansion, adopting)?.clone();
    let subject = expansion.subject.resource.clone();
    let Some(version) = slot.version.clone() else { return Err(PlanError::Unlabelled { subject }) };
    if !adopting.left.contains(&version) {
        push(&mut expansion, "seal", Does::Seal { version: version.clone(), recipe: Recipe::Given })?;
    }
    let facts = facts_of(IMPORT, &snapshot.subject, None);
    push(&mut expansion, "check", Does::Check { facts })?;
    if workflow.on_import != OnImport::Adopt {
        let does = login(&expansion, &subject, &version)?;
        push(&mut expansion, "verify", does)?;
    }
    let lifetime_secs = lifetime_of(workflow);
    let aged = lifetime_secs.zip(slot.created_at).map(|(secs, made_at)| {
        let ms = secs.saturating_mul(1000);
        let due_ms = workflow.triggers.expiry.map_or(ms, |part| part.of(ms));
        Aged { made_at, due_at: made_at.plus_millis(due_ms), ends_at: made_at.plus_millis(ms) }
    });
    // INVARIANT: beh:R14 what is older than it should be does not fall due at once, nor all of it together.
    let lifetime_secs = lifetime_secs.map(|secs| if aged.is_some() { grace_secs(secs, &subject) } else { secs });
    push(&mut expansion, "activate", Does::Activate { version, previous: None, lifetime_secs, aged })?;
    let seals = workflow.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Evidence(evidence) => Some((step.id.clone(), evidence.retain_secs)),
        _ => None,
    });
    for (step, retain_secs) in seals {
        let id = moved(&step, "bind")?;
        let does = Does::Evidence { attach: BTreeMap::new(), retain_secs };
        expansion.moves.push(Move { id, step, action: "evidence".to_owned(), on_failure: None, does });
    }
    Ok(end(expansion))
}

/// The version at the target that is meant.
fn meant<'s>(expansion: &Expansion<'s>, adopting: &Adopting) -> Result<&'s Slot, PlanError> {
    let (subject, reading) = (expansion.subject.resource.clone(), &expansion.snapshot.subject);
    let kind = expansion.manifest(subject.connector())?.kind(&expansion.subject.kind);
    if !kind.and_then(|kind| kind.secret).is_some_and(|secret| secret.kind == SecretKind::Text) {
        let what = format!("have {} adopted: its secret is no text", with_article(&expansion.subject.kind));
        return Err(PlanError::Unfit { connector: subject.connector().to_owned(), what });
    }
    if let Some(current) = &reading.current {
        return Err(PlanError::Adopted { subject, current: current.to_string() });
    }
    if !reading.observation.exists {
        return Err(PlanError::NotThere { subject });
    }
    let live: Vec<&Slot> = reading.observation.slots.iter().filter(|slot| slot.enabled).collect();
    let slot = match (&adopting.version, live.as_slice()) {
        (Some(named), live) => live
            .iter()
            .copied()
            .find(|slot| slot.version.as_ref() == Some(named))
            .ok_or_else(|| PlanError::NoSuchVersion { subject: subject.clone(), version: named.to_string() })?,
        (None, [only]) => only,
        (None, live) => return Err(PlanError::WhichVersion { subject, live: live.len() }),
    };
    match &slot.version {
        Some(version) if version.number <= reading.highest && !adopting.left.contains(version) => {
            Err(PlanError::VersionKnown { version: version.to_string() })
        }
        Some(version) if version.number > NUMBER_MAX => {
            let what = format!("have `{version}` adopted: too few versions could follow it");
            Err(PlanError::Unfit { connector: subject.connector().to_owned(), what })
        }
        _ => Ok(slot),
    }
}

/// The question whether the target takes the secret.
fn login(expansion: &Expansion<'_>, subject: &ResourceName, version: &VersionId) -> Result<Does, PlanError> {
    let name = expansion.dead()?.probe;
    let probe = Probe { name, subject: subject.clone(), version: Some(version.clone()), parameters: BTreeMap::new() };
    expansion.probe(subject.connector().to_owned(), probe, ProbeAnswer::Accepted, WITHIN_MS)
}

/// How long a version of the workflow's own making lives.
fn lifetime_of(workflow: &Workflow) -> Option<u64> {
    workflow.steps.iter().find_map(|step| match &step.kind {
        StepKind::Rotate(rotate) => rotate.generate.lifetime_secs(),
        StepKind::Provision(provision) => provision.generate.lifetime_secs(),
        _ => None,
    })
}

/// A tenth to a fifth of the lifetime: of each subject the same, of many spread.
fn grace_secs(lifetime_secs: u64, subject: &ResourceName) -> u64 {
    let hash = Sha256::digest(subject.as_str());
    let number = hash.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    let tenth = lifetime_secs / 10;
    tenth + number % (tenth + 1)
}

fn push(expansion: &mut Expansion<'_>, part: &str, does: Does) -> Result<(), PlanError> {
    let step: StepId = IMPORT.parse().map_err(|_| illegal(IMPORT))?;
    let id = moved(&step, part)?;
    expansion.moves.push(Move { id, step, action: IMPORT.to_owned(), on_failure: None, does });
    Ok(())
}

fn moved(step: &StepId, part: &str) -> Result<StepId, PlanError> {
    let id = format!("{step}.{part}");
    id.parse().map_err(|_| illegal(&id))
}

fn illegal(text: &str) -> PlanError {
    PlanError::IllegalName { what: "step id", text: text.to_owned() }
}
