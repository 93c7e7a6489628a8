//! The question that a planned act puts to policy: the same at plan, `policy` step and act, but for the time.

use std::collections::BTreeMap;

use countersign_contract::{Kind, Manifest};
use countersign_warrant::Timestamp;
use serde_json::Value;

use super::hole::{as_text, resolve_instant};
use super::model::{Act, Does, Move, Plan};
use super::snapshot::Live;
use crate::policy::{Certificate, Facts, Principal, Question, Subject, Term};

/// What a question needs beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The opaque id of who asked; the workflow itself when nobody did.
    pub asked_by: Option<&'a str>,
    /// When the run started, or the plan was made: rules such as `+90d` count from here.
    pub started_at: Timestamp,
    /// The instant of the evaluation.
    pub now: Timestamp,
}

/// The question about one act of the plan. An attribute that is not of its declared type is asked as the text that it
/// is: the evaluation refuses it, and that denial is recorded like any other.
pub fn question(plan: &Plan, planned: &Move, act: &Act, asking: Asking<'_>, manifest: &Manifest) -> Question {
    let kind = manifest.kind(&plan.subject.kind);
    let principal = match asking.asked_by {
        Some(person) => Principal::Person(person.to_owned()),
        None => Principal::Workflow(plan.workflow.name.clone()),
    };
    let sink = (act.call.resource != plan.subject.resource).then(|| act.call.resource.clone());
    Question {
        principal,
        action: planned.action.clone(),
        subject: Subject {
            resource: plan.subject.resource.clone(),
            connector_type: plan.subject.connector.clone(),
            tier: plan.subject.tier.clone(),
            team: plan.workflow.team.clone(),
            attributes: attributes(plan, kind, asking.started_at),
        },
        verb: act.call.verb.clone(),
        sink,
        trigger: plan.trigger,
        inputs: terms(&plan.inputs),
        facts: facts(plan, planned),
        certificate: certificate(plan, planned),
        added: added(plan, act),
        now: asking.now,
    }
}

/// Inputs as policies and conditions see them.
pub(super) fn terms(inputs: &BTreeMap<String, Value>) -> BTreeMap<String, Term> {
    inputs.iter().filter_map(|(name, value)| Some((name.clone(), Term::of_input(value)?))).collect()
}

/// The subject's attributes, typed as the manifest says.
fn attributes(plan: &Plan, kind: Option<&Kind>, started_at: Timestamp) -> BTreeMap<String, Term> {
    let mut terms = BTreeMap::new();
    for (name, value) in &plan.subject.attributes {
        let value = resolve_instant(value.clone(), started_at);
        let one = BTreeMap::from([(name.clone(), value.clone())]);
        let typed = kind.map_or_else(|| Ok(BTreeMap::new()), |kind| Term::attributes(kind, &one));
        match typed {
            Ok(typed) => terms.extend(typed),
            Err(_) => {
                terms.insert(name.clone(), Term::text(as_text(&value)));
            }
        }
    }
    terms
}

/// What the covering `policy` steps add; holes are not in it.
fn added(plan: &Plan, act: &Act) -> BTreeMap<String, String> {
    let mut added = BTreeMap::new();
    for planned in plan.moves.iter().filter(|planned| act.covered_by.contains(&planned.step)) {
        if let Does::Judge { context, .. } = &planned.does {
            let known = context.iter().filter(|(_, value)| !value.is_object());
            added.extend(known.map(|(name, value)| (name.clone(), as_text(value))));
        }
    }
    added
}

/// The facts of the act's step, as its check holds them.
fn facts(plan: &Plan, planned: &Move) -> Facts {
    let of_step = plan.moves.iter().filter(|other| other.step == planned.step);
    let checked = of_step.into_iter().find_map(|other| match &other.does {
        Does::Check { facts } => Some(facts),
        _ => None,
    });
    let Some(checked) = checked else { return Facts::default() };
    let live = checked.get("slots").and_then(Live::of_fact);
    Facts {
        exists: checked.get("exists").and_then(Value::as_bool),
        live_versions: live.as_ref().map(|live| live.count),
        oldest_created_at: live.and_then(|live| live.oldest_created_at),
        expires_at: checked.get("expires_at").and_then(Value::as_str).and_then(|at| at.parse().ok()),
    }
}

/// The certificate that the act's step issues.
fn certificate(plan: &Plan, planned: &Move) -> Option<Certificate> {
    plan.moves.iter().filter(|other| other.step == planned.step).find_map(|other| match &other.does {
        Does::Examine(wanted) => Some(Certificate {
            profile: wanted.profile,
            lifetime_secs: wanted.lifetime_secs,
            names: wanted.names.iter().cloned().collect(),
            key: wanted.key,
            issuer: wanted.issuer.clone(),
        }),
        _ => None,
    })
}
