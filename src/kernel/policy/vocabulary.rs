//! The words that policies may use: what the schema is generated from.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::SchemaFragment;
use countersign_contract::Manifest;
use serde_json::Value;

use super::load::schema_error;
use super::{TermKind, schema};
use crate::diagnostic::Diagnostic;
use crate::workflow::model::{StepKind, Workflow};

/// The manifests of the connector instances, and what the activated workflows declare.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary<'a> {
    /// Manifests by connector instance.
    pub manifests: BTreeMap<String, &'a Manifest>,
    /// Types of declared inputs, by name, over all workflows.
    pub inputs: BTreeMap<String, TermKind>,
    /// The names that `policy` steps add to the context.
    pub added: BTreeSet<String>,
}

/// Two workflows declare what cannot stand in one schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{workflow}` declares the input `{input}` with another type than another workflow does")]
pub struct VocabularyError {
    /// The second workflow.
    pub workflow: String,
    /// The input of two types.
    pub input: String,
}

impl VocabularyError {
    /// `policy.input_types_differ`.
    pub const fn code(&self) -> &'static str {
        "policy.input_types_differ"
    }
}

impl<'a> Vocabulary<'a> {
    /// The words of these connector instances, before any workflow.
    pub fn new(manifests: BTreeMap<String, &'a Manifest>) -> Self {
        Self { manifests, ..Self::default() }
    }

    /// The schema that policies are checked against, with a comment before everything that they can name.
    ///
    /// # Errors
    /// As a set of policies could not be loaded: `policy.schema`.
    pub fn schema_text(&self) -> Result<String, Vec<Diagnostic>> {
        self.checked().map(|(text, _)| text)
    }

    /// The same in Cedar's JSON format, without comments.
    ///
    /// # Errors
    /// As above.
    pub fn schema_json(&self) -> Result<Value, Vec<Diagnostic>> {
        self.checked().map(|(_, json)| json)
    }

    fn checked(&self) -> Result<(String, Value), Vec<Diagnostic>> {
        let told = |text: &str, message: String| vec![schema_error(text, message)];
        let text = schema::commented(self).map_err(|message| told("", message))?;
        let (schema, _) =
            SchemaFragment::from_cedarschema_str(&text).map_err(|error| told(&text, error.to_string()))?;
        let json = schema.to_json_value().map_err(|error| told(&text, error.to_string()))?;
        Ok((text, json))
    }

    /// Adds the inputs that a workflow declares, and the names that its `policy` steps add.
    ///
    /// # Errors
    /// When an input has another type in a workflow that was declared before; nothing is added then.
    pub fn declare(&mut self, workflow: &Workflow) -> Result<(), VocabularyError> {
        let inputs = workflow.triggers.request.iter().flat_map(|request| &request.inputs);
        let inputs: BTreeMap<String, TermKind> =
            inputs.map(|(name, input)| (name.clone(), TermKind::of_declared(&input.kind))).collect();
        if let Some(input) = inputs.iter().find(|(name, kind)| self.inputs.get(*name).is_some_and(|of| of != *kind)) {
            let workflow = workflow.metadata.name.clone();
            return Err(VocabularyError { workflow, input: input.0.clone() });
        }
        self.inputs.extend(inputs);
        for step in &workflow.steps {
            if let StepKind::Policy(policy) = &step.kind {
                self.added.extend(policy.context.keys().cloned());
            }
        }
        Ok(())
    }
}
