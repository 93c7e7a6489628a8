//! (Workflow, trigger, snapshot) to a [`Plan`]: immutable, canonical, hashed, its undo included.
//!
//! Planning is pure: it makes no call, writes nothing and opens no credential. The same workflow, trigger, inputs and
//! snapshot give the same bytes, in every process. It must never hold a secret, a path, a host or the present instant.
//!
//! Read first: [`Plan`], [`Snapshot`].

mod assumed;
mod changes;
mod consumers;
mod difference;
mod each;
mod error;
mod expand;
pub mod hole;
mod import;
mod inputs;
pub mod model;
mod own;
pub mod pages;
mod persons;
mod question;
mod saved;
pub mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use countersign_warrant::ResourceName;
use serde_json::Value;

pub use assumed::assumed;
pub use consumers::{Consumer, Then};
pub use difference::{Difference, differences};
pub use each::{each, named};
pub use error::PlanError;
use expand::Expansion;
pub use expand::Manifests;
pub use import::{Adopting, import};
pub use inputs::resolve_inputs;
pub use model::{Act, Aged, Does, Examine, LeftOut, Move, Plan, Recipe, Retrying, Skipped, Telling};
use model::{FORMAT, PlannedSubject, Source};
pub use persons::{Persons, persons_of};
pub use question::{Asking, question};
pub use saved::{ReadPlanError, SavedPlan, SavedVerdict};
pub use snapshot::{Reading, Snapshot, facts_of};

use crate::run::bodies::TriggerKind;
use crate::workflow::model::{Reference, StepKind, Template, Workflow};

/// The subject that the workflow means with these inputs.
///
/// # Errors
/// When the inputs make no legal name.
pub fn subject_of(workflow: &Workflow, inputs: &BTreeMap<String, Value>) -> Result<ResourceName, PlanError> {
    let spec = &workflow.subject;
    if spec.for_each.is_some() {
        // WHY: what a run for each subject holds is the workflow itself: there is one such run at a time.
        let text = format!("countersign/workflow/{}", workflow.metadata.name);
        return text.parse().map_err(|_| PlanError::IllegalName { what: "subject", text });
    }
    let part = |part: &crate::workflow::model::Part| match part {
        crate::workflow::model::Part::Text(text) => text.clone(),
        crate::workflow::model::Part::Reference(reference) => input_text(reference, inputs),
    };
    let name = match &spec.name {
        Template::Literal(value) => hole::as_text(value),
        // WHY: a subject's name is text; the loader makes no person of it.
        Template::Person(_) => String::new(),
        Template::Whole(reference) => input_text(reference, inputs),
        Template::Text(parts) => parts.iter().map(part).collect(),
    };
    let text = format!("{}/{}/{name}", spec.connector, spec.kind);
    text.parse().map_err(|_| PlanError::IllegalName { what: "subject", text })
}

fn input_text(reference: &Reference, inputs: &BTreeMap<String, Value>) -> String {
    match reference {
        Reference::Input(name) => inputs.get(name).map(hole::as_text).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The issuers whose readings a snapshot for this workflow needs.
pub fn issuers_of(workflow: &Workflow) -> BTreeSet<ResourceName> {
    let issuer = |kind: &StepKind| match kind {
        StepKind::Issue(issue) | StepKind::Reissue(issue) => issue.issuer.clone(),
        StepKind::Revoke(revoke) => Some(revoke.issuer.clone()),
        _ => None,
    };
    workflow.steps.iter().filter_map(|step| issuer(&step.kind)).collect()
}

/// The trigger that a person means who asks for a plan and says none: a request where the workflow takes one.
pub const fn trigger_of(workflow: &Workflow) -> TriggerKind {
    match &workflow.triggers {
        triggers if triggers.request.is_some() => TriggerKind::Request,
        triggers if triggers.schedule.is_some() => TriggerKind::Schedule,
        triggers if triggers.expiry.is_some() => TriggerKind::Expiry,
        _ => TriggerKind::Event,
    }
}

/// Makes the plan.
///
/// # Errors
/// When the workflow does not take the trigger, or what was observed does not permit the change.
pub fn plan(
    workflow: &Workflow,
    trigger: TriggerKind,
    inputs: &BTreeMap<String, Value>,
    snapshot: &Snapshot,
    manifests: &Manifests<'_>,
) -> Result<Plan, PlanError> {
    let taken = match trigger {
        // WHY: whoever may ask for it may ask for it at once, if policy has it so; nobody is there to ask where nobody may ask.
        TriggerKind::Request | TriggerKind::Emergency => workflow.triggers.request.is_some(),
        TriggerKind::Schedule => workflow.triggers.schedule.is_some(),
        TriggerKind::Expiry => workflow.triggers.expiry.is_some(),
        TriggerKind::Event => !workflow.triggers.events.is_empty(),
    };
    if !taken {
        let workflow = workflow.metadata.name.clone();
        return Err(PlanError::NoSuchTrigger { workflow, trigger: trigger.as_str() });
    }
    let mut expansion = begin(workflow, trigger, inputs, snapshot, manifests)?;
    expansion.expand()?;
    own::check(&expansion)?;
    let reading = (snapshot.subject.current.as_ref(), &snapshot.sinks);
    let consumers = consumers::consumers(&expansion.moves, reading, &expansion.left)?;
    Ok(Plan { consumers, ..end(expansion) })
}

/// An expansion without moves.
fn begin<'a>(
    workflow: &'a Workflow,
    trigger: TriggerKind,
    inputs: &'a BTreeMap<String, Value>,
    snapshot: &'a Snapshot,
    manifests: &'a Manifests<'a>,
) -> Result<Expansion<'a>, PlanError> {
    let resource = subject_of(workflow, inputs)?;
    let manifest = manifests.get(resource.connector()).ok_or_else(|| PlanError::Unfit {
        connector: resource.connector().to_owned(),
        what: "be found in the settings".to_owned(),
    })?;
    let declared = manifest.kind(&workflow.subject.kind).map_or(&[][..], |kind| kind.attributes);
    let observed = snapshot.subject.observation.attributes.iter();
    let subject = PlannedSubject {
        connector: manifest.connector.to_owned(),
        kind: workflow.subject.kind.clone(),
        tier: workflow.subject.tier.clone(),
        own: workflow.subject.own,
        attributes: observed
            .filter(|(name, _)| declared.iter().any(|attribute| attribute.name == name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        resource: resource.clone(),
    };
    Ok(Expansion {
        workflow,
        manifests,
        snapshot,
        subject,
        inputs,
        trigger,
        versions: BTreeMap::new(),
        resources: BTreeSet::from([resource]),
        moves: Vec::new(),
        skipped: Vec::new(),
        timeouts: BTreeMap::new(),
        left: BTreeSet::new(),
    })
}

/// The plan of an expansion.
fn end(expansion: Expansion<'_>) -> Plan {
    let workflow = expansion.workflow;
    let mut subject = expansion.subject;
    if let Some(wanted) = wanted_attributes(&expansion.moves, &subject.resource) {
        subject.attributes = wanted;
    }
    Plan {
        format: FORMAT.to_owned(),
        workflow: Source::of(workflow),
        subject,
        trigger: expansion.trigger,
        inputs: expansion.inputs.clone(),
        resources: expansion.resources.into_iter().collect(),
        consumers: Vec::new(),
        moves: expansion.moves,
        skipped: expansion.skipped,
        timeouts: expansion.timeouts,
    }
}

/// A provision's attributes are the wanted ones: policy judges what will be.
fn wanted_attributes(moves: &[Move], subject: &ResourceName) -> Option<BTreeMap<String, Value>> {
    moves.iter().find_map(|planned| match &planned.does {
        Does::Act(act) if planned.action == "provision" && act.call.resource == *subject => {
            Some(act.call.parameters.clone())
        }
        _ => None,
    })
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
