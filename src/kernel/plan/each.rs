//! The plan of a workflow that is for each subject of a kind: which subjects they are, from a frozen inventory, and the
//! whole plan of each. Each of them gets a run of its own, so that what goes wrong with one is its own matter.

use std::collections::BTreeMap;

use countersign_warrant::StepId;
use serde_json::{Value, json};

use super::expand::Manifests;
use super::model::{Does, FORMAT, LeftOut, Move, Plan, PlannedSubject, Source};
use super::{PlanError, Snapshot, begin, plan};
use crate::run::bodies::TriggerKind;
use crate::workflow::EACH_MAX;
use crate::workflow::model::{AtMost, ForEach, StepKind, Template, Workflow};

/// The word for its one move.
const EACH: &str = "each";

/// How many subjects are named where they are too many.
const NAMED_MAX: usize = 3;

/// Makes the plan, from a snapshot of every subject that is there, and those of which there could be none.
///
/// # Errors
/// When more subjects are selected than the workflow says.
pub fn each(
    workflow: &Workflow,
    trigger: TriggerKind,
    inputs: &BTreeMap<String, Value>,
    (inventory, unread): (Vec<Snapshot>, Vec<LeftOut>),
    manifests: &Manifests<'_>,
) -> Result<Plan, PlanError> {
    let Some(wanted) = &workflow.subject.for_each else {
        return Err(PlanError::IllegalName { what: "subject", text: workflow.metadata.name.clone() });
    };
    let listed = inventory.len() + unread.len();
    let (mut runs, mut left_out) = (Vec::new(), unread);
    for snapshot in &inventory {
        let bound = named(workflow, snapshot.subject.observation.resource.name());
        let planned = match is_selected(&bound, wanted, trigger, inputs, snapshot, manifests) {
            Ok(false) => continue,
            Ok(true) => plan(&bound, trigger, inputs, snapshot, manifests),
            Err(error) => Err(error),
        };
        match planned {
            Ok(planned) => runs.push(planned),
            // WHY: one that cannot be done now must not be forgotten, nor keep the others waiting.
            Err(error) => left_out.push(LeftOut {
                subject: snapshot.subject.observation.resource.clone(),
                code: error.code().to_owned(),
                message: error.to_string(),
            }),
        }
    }
    let cap = cap(wanted.at_most, listed);
    let selected = runs.len() + left_out.len();
    // INVARIANT: beh:T5 more subjects than somebody thought of are none.
    if selected > cap {
        let first = runs.iter().map(|one| &one.subject.resource).chain(left_out.iter().map(|one| &one.subject));
        return Err(PlanError::TooMany { selected, listed, first: first.take(NAMED_MAX).cloned().collect(), cap });
    }
    let step: StepId = EACH.parse().map_err(|_| PlanError::IllegalName { what: "step id", text: EACH.to_owned() })?;
    let does = Does::Each { runs, left_out, together: wanted.together, stop_after: wanted.stop_after };
    let mut moves = vec![Move { id: step.clone(), step, action: EACH.to_owned(), on_failure: None, does }];
    for step in &workflow.steps {
        let StepKind::Evidence(evidence) = &step.kind else { continue };
        let id = format!("{}.bind", step.id);
        let id = id.parse().map_err(|_| PlanError::IllegalName { what: "step id", text: id })?;
        let does = Does::Evidence { attach: BTreeMap::new(), retain_secs: evidence.retain_secs };
        moves.push(Move { id, step: step.id.clone(), action: "evidence".to_owned(), on_failure: None, does });
    }
    let resource = super::subject_of(workflow, inputs)?;
    Ok(Plan {
        format: FORMAT.to_owned(),
        workflow: Source::of(workflow),
        subject: PlannedSubject {
            connector: workflow.subject.connector.clone(),
            kind: workflow.subject.kind.clone(),
            tier: workflow.subject.tier.clone(),
            own: false,
            // WHY: where the cap is a part of all, their number is something that the plan relies on.
            attributes: match wanted.at_most {
                AtMost::Percent(_) => BTreeMap::from([("listed".to_owned(), json!(listed))]),
                AtMost::Subjects(_) => BTreeMap::new(),
            },
            resource: resource.clone(),
        },
        trigger,
        inputs: inputs.clone(),
        resources: vec![resource],
        consumers: Vec::new(),
        moves,
        skipped: Vec::new(),
        timeouts: BTreeMap::new(),
    })
}

/// The workflow for one of its subjects.
pub fn named(workflow: &Workflow, name: &str) -> Workflow {
    let mut bound = workflow.clone();
    bound.subject.name = Template::Literal(Value::from(name));
    bound.subject.for_each = None;
    bound
}

fn is_selected(
    bound: &Workflow,
    wanted: &ForEach,
    trigger: TriggerKind,
    inputs: &BTreeMap<String, Value>,
    snapshot: &Snapshot,
    manifests: &Manifests<'_>,
) -> Result<bool, PlanError> {
    if !snapshot.subject.observation.exists {
        return Ok(false);
    }
    let Some(condition) = &wanted.condition else { return Ok(true) };
    begin(bound, trigger, inputs, snapshot, manifests)?.holds(EACH, condition)
}

/// How many subjects one run may have.
fn cap(at_most: AtMost, listed: usize) -> usize {
    let most = EACH_MAX as usize;
    match at_most {
        AtMost::Subjects(number) => most.min(number as usize),
        // WHY: a part of a few is still one of them.
        AtMost::Percent(percent) => most.min((listed * percent as usize / 100).max(1)),
    }
}
