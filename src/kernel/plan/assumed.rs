//! What a plan is made from where nothing is looked at: a subject that is as the workflow needs it.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Kind, Observation, Slot, Type};
use countersign_warrant::{ResourceName, VersionId};
use serde_json::{Value, json};

use super::snapshot::{Reading, SERIAL, Snapshot};
use super::{Persons, issuers_of};
use crate::workflow::Own;
use crate::workflow::model::{StepKind, Workflow};

/// The subject not there where the workflow makes it, else there with one version, and with some value for each attribute
/// that its kind must have; each issuer there with one version.
pub fn assumed(workflow: &Workflow, subject: &ResourceName, kind: &Kind, persons: &Persons) -> Snapshot {
    let is_made = workflow.steps.iter().any(|step| matches!(step.kind, StepKind::Provision(_)));
    let subject = if is_made {
        Reading { observation: Observation::absent(subject.clone()), current: None, expires_at: None, highest: 0 }
    } else {
        let required = kind.attributes.iter().filter(|attribute| attribute.required && !attribute.secret);
        let mut attributes: BTreeMap<String, Value> =
            required.map(|attribute| (attribute.name.to_owned(), some(attribute.kind))).collect();
        if workflow.steps.iter().any(|step| matches!(step.kind, StepKind::Revoke(_))) {
            attributes.insert(SERIAL.to_owned(), some(Type::Text));
        }
        there(subject, attributes)
    };
    let issuers = issuers_of(workflow).into_iter().map(|issuer| (issuer.clone(), there(&issuer, BTreeMap::new())));
    Snapshot { subject, issuers: issuers.collect(), persons: persons.clone(), sinks: BTreeSet::new(), own: Own::new() }
}

fn there(resource: &ResourceName, attributes: BTreeMap<String, Value>) -> Reading {
    let version = VersionId { subject: resource.clone(), number: 1 };
    let slot = Slot {
        id: "assumed".to_owned(),
        version: Some(version.clone()),
        enabled: true,
        last_used: None,
        created_at: None,
    };
    let observation =
        Observation { exists: true, attributes, slots: vec![slot], ..Observation::absent(resource.clone()) };
    Reading { observation, current: Some(version), expires_at: None, highest: 1 }
}

/// Some value of a type.
fn some(kind: Type) -> Value {
    match kind {
        Type::Text => json!("assumed"),
        Type::Person => json!("p_assumed"),
        Type::Word(words) => json!(words.first()),
        Type::Integer => json!(0),
        Type::Boolean => json!(false),
        Type::Instant => json!("2999-01-01T00:00:00Z"),
        Type::Texts => json!([]),
        Type::Fields => json!({}),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::plan::fixture::{files, local, provision, rotate};
    use crate::plan::{plan, subject_of};
    use crate::run::bodies::TriggerKind;

    #[test]
    fn what_is_assumed_is_enough_for_a_plan() {
        let (local, files) = (local(), files());
        let manifests = [("local", &local), ("files", &files)].map(|(name, it)| (name.to_owned(), it)).into();
        for workflow in [rotate(), provision()] {
            let subject = subject_of(&workflow, &BTreeMap::new()).unwrap();
            let kind = local.kind(subject.kind()).unwrap();
            let snapshot = assumed(&workflow, &subject, kind, &Persons::new());
            let plan = plan(&workflow, TriggerKind::Request, &BTreeMap::new(), &snapshot, &manifests).unwrap();
            assert!(plan.acts().count() >= 2, "{plan:?}");
        }
    }
}
