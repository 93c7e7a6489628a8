//! The inputs of a request: typed, bounded, completed with their defaults.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Persons, PlanError};
use crate::workflow::is_address;
use crate::workflow::model::{Input, InputKind, RequestTrigger, Workflow};

/// The workflow's inputs from the given texts; a person is the opaque id that `persons` has for the name.
///
/// # Errors
/// When one is unknown, missing, or not of its type.
pub fn resolve_inputs(
    workflow: &Workflow,
    given: &BTreeMap<String, String>,
    persons: &Persons,
) -> Result<BTreeMap<String, Value>, PlanError> {
    let none = RequestTrigger::default();
    let declared = &workflow.triggers.request.as_ref().unwrap_or(&none).inputs;
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        let known: Vec<&str> = declared.keys().map(String::as_str).collect();
        return Err(PlanError::UnknownInput {
            workflow: workflow.metadata.name.clone(),
            input: unknown.clone(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        });
    }
    let is_missing = |(name, input): &(&String, &Input)| input.default.is_none() && !given.contains_key(*name);
    let missing: Vec<String> = declared.iter().filter(is_missing).map(|(name, _)| name.clone()).collect();
    if !missing.is_empty() {
        return Err(PlanError::MissingInput { inputs: missing });
    }
    let mut resolved = BTreeMap::new();
    for (name, input) in declared {
        let value = match (given.get(name), &input.default) {
            (Some(text), _) => typed(name, &input.kind, text, persons)?,
            (None, Some(Value::String(person))) if input.kind == InputKind::Person => {
                typed(name, &input.kind, person, persons)?
            }
            (None, default) => default.clone().unwrap_or_default(),
        };
        resolved.insert(name.clone(), value);
    }
    Ok(resolved)
}

fn typed(name: &str, kind: &InputKind, text: &str, persons: &Persons) -> Result<Value, PlanError> {
    let value = match kind {
        InputKind::Text { min_length, max_length } => {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            (*min_length..=*max_length).contains(&length).then(|| Value::from(text))
        }
        InputKind::Person => persons.get(text).filter(|_| is_address(text)).map(|id| Value::from(id.as_str())),
        InputKind::Word(words) => words.iter().any(|word| word == text).then(|| Value::from(text)),
        InputKind::Integer { min, max } => {
            text.parse::<i64>().ok().filter(|number| (*min..=*max).contains(number)).map(Value::from)
        }
        InputKind::Boolean => text.parse::<bool>().ok().map(Value::from),
    };
    value.ok_or_else(|| PlanError::WrongInput {
        input: name.to_owned(),
        wanted: in_words(kind),
        given: text.chars().take(80).collect(),
    })
}

fn in_words(kind: &InputKind) -> String {
    match kind {
        InputKind::Text { min_length, max_length } => format!("text of {min_length} to {max_length} characters"),
        InputKind::Word(words) => format!("one of {}", words.join(", ")),
        InputKind::Person => "a person's e-mail address, such as dana@example.com".to_owned(),
        InputKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        InputKind::Boolean => "true or false".to_owned(),
    }
}
