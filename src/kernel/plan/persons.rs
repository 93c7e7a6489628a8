//! The persons that a workflow and a request name: by name there, by opaque id from the plan on.
//!
//! An id needs the person key, which the kernel never sees: it says whose ids are needed, and is given them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::workflow::model::{InputKind, StepKind, Template, Workflow};

/// Opaque ids (`p_` and 32 hex digits), by name.
pub type Persons = BTreeMap<String, String>;

/// Everybody whom the workflow names, with these texts given for its inputs.
// INVARIANT: inv:I6 in spirit for names: plans, requests and entries hold ids; names stand in one erasable table.
pub fn persons_of(workflow: &Workflow, given: &BTreeMap<String, String>) -> BTreeSet<String> {
    let inputs = workflow.triggers.request.iter().flat_map(|request| &request.inputs);
    let asked = inputs.filter(|(_, input)| input.kind == InputKind::Person).filter_map(|(name, input)| {
        given.get(name).map(String::as_str).or_else(|| input.default.as_ref().and_then(Value::as_str))
    });
    let written = workflow.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Provision(provision) => Some(provision.attributes.values()),
        _ => None,
    });
    let written = written.flatten().filter_map(|template| match template {
        Template::Person(name) => Some(name.as_str()),
        _ => None,
    });
    asked.chain(written).map(str::to_owned).collect()
}
