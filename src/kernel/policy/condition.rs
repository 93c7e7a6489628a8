//! A condition of a workflow: one Cedar expression over what is known when a run is planned.
//!
//! It is validated strictly against a schema of its own: the subject's kind with every attribute of it optional, the
//! workflow's inputs, the trigger and what was observed. Neither who asks nor the present instant is in it, so that a
//! plan is the same whoever makes it, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Expression, Policy, Schema};
use countersign_contract::Kind;
use countersign_warrant::{Basis, Digest, Verdict};
use serde_json::Value;

use super::asked::Asked;
use super::judge::Prepared;
use super::load::{PolicySet, Words, cedar_errors};
use super::text::too_deep;
use super::{Facts, Subject, Term, TermKind, schema};
use crate::diagnostic::Diagnostic;
use crate::run::bodies::TriggerKind;

/// What stands before a condition where Cedar reads it as a policy.
const BEFORE: &str = "@id(\"condition\")\npermit(principal, action, resource) when {\n";

/// Variables of Cedar that a condition has no use for: who asks is a matter of policy.
const FOREIGN: [&str; 2] = ["principal", "action"];

/// Words that values are, by the path of the value.
pub type ValueWords = BTreeMap<String, BTreeSet<String>>;

/// The words that the conditions of one workflow can use.
pub struct ConditionWords {
    schema: Schema,
    text: String,
    known: Words,
}

/// A condition, ready to be asked.
#[derive(Clone)]
pub struct Condition {
    text: String,
    set: Arc<PolicySet>,
}

/// What a condition is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The workflow's name.
    pub workflow: String,
    /// The subject, with the attributes that were observed of it.
    pub subject: Subject,
    /// Why the run starts.
    pub trigger: TriggerKind,
    /// Every input.
    pub inputs: BTreeMap<String, Term>,
    /// What was observed.
    pub facts: Facts,
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// The bytes of the condition to mark.
    pub at: Range<usize>,
    /// True when it can be read, and can never hold.
    pub is_impossible: bool,
}

impl ConditionWords {
    /// The words for subjects of this kind and these inputs.
    ///
    /// # Errors
    /// A sentence when a name cannot stand in a schema.
    pub fn new(connector_type: &str, kind: &Kind, inputs: &BTreeMap<String, TermKind>) -> Result<Self, String> {
        let text = schema::condition_text(connector_type, kind, inputs)?;
        let (schema, _) = Schema::from_cedarschema_str(&text).map_err(|error| error.to_string())?;
        Ok(Self { schema, text, known: Words::of(std::iter::once(kind)) })
    }

    /// The same for a workflow in which some values are one of a few words: `all` that there are, and those that they are
    /// `here`, by path (`context.trigger`).
    #[must_use]
    pub fn among(self, kind: &Kind, all: ValueWords, here: ValueWords) -> Self {
        Self { known: Words::of_workflow(kind, all, here), ..self }
    }
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, words: &ConditionWords) -> Result<Self, ConditionError> {
        // WHY: Cedar reads brackets by recursion, and a stack that overflows is no error that could be told.
        if let Some((at, message)) = too_deep(text) {
            let (message, help) = (message.to_owned(), "say it with fewer, or in policies".to_owned());
            return Err(ConditionError { message, help, at: at..at + 1, is_impossible: false });
        }
        if let Err(errors) = text.parse::<Expression>() {
            return Err(first(cedar_errors("", "", text, &DetailedError::from(&errors)), 0, text));
        }
        let written = format!("{BEFORE}{text}\n}};");
        if let Some(word) = foreign(&written) {
            let at = text.find(word).unwrap_or_default();
            let message = format!("a condition cannot ask for the `{word}`");
            let help = "it reads `resource`, `context.inputs`, `context.trigger` and `context.facts`; who may do what is \
                        for policies to say";
            let at = at..at + word.len();
            return Err(ConditionError { message, help: help.to_owned(), at, is_impossible: false });
        }
        let set = PolicySet::compile_on(&[(String::new(), written)], words.schema.clone(), &words.text, &words.known)
            .map_err(|found| first(found, BEFORE.len(), text))?;
        let policy = set.only_policy();
        if let Some(never) = policy.and_then(|policy| words.known.never_here(policy)) {
            let known = never.known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            return Err(ConditionError {
                message: format!("`{}` is never `{}` in this workflow", never.path, never.word),
                help: if never.known.len() == 1 {
                    format!("here it is {known}")
                } else {
                    format!("here it is one of {known}")
                },
                at: never.place(text).unwrap_or(0..text.len()),
                is_impossible: true,
            });
        }
        Ok(Self { text: text.to_owned(), set: Arc::new(set) })
    }

    /// As it stands in the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// A sentence when it could not be evaluated: an overflow, or an attribute that is not of its type.
    pub fn holds(&self, circumstances: &Circumstances) -> Result<bool, String> {
        let asked = Asked::at_planning(circumstances);
        let prepared = Prepared::of(&self.set, &asked)?;
        let nothing = Digest::of(b"");
        let basis = Basis { policies: nothing, schema: nothing, entities: nothing, request: nothing };
        let decision = prepared.decide(&self.set, basis);
        if let Some(error) = decision.errors.first() {
            return Err(error.clone());
        }
        Ok(decision.verdict == Verdict::Allow)
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Condition").field(&self.text).finish()
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.set.schema_text == other.set.schema_text
    }
}

/// The variable that a condition must not use, if it uses one.
fn foreign(written: &str) -> Option<&'static str> {
    let policy = Policy::parse(None, written).ok()?;
    let tree = policy.to_json().ok()?;
    FOREIGN.into_iter().find(|word| tree.get("conditions").is_some_and(|conditions| reads(conditions, word)))
}

/// Whether a tree of Cedar's JSON policy format has that variable. A record's member called `Var` holds a tree, no text.
fn reads(tree: &Value, variable: &str) -> bool {
    match tree {
        Value::Object(members) => {
            members.iter().any(|(name, value)| (name == "Var" && value == variable) || reads(value, variable))
        }
        Value::Array(items) => items.iter().any(|item| reads(item, variable)),
        _ => false,
    }
}

/// The first of Cedar's errors, as one of the condition alone.
fn first(found: Vec<Diagnostic>, before: usize, text: &str) -> ConditionError {
    let Some(found) = found.into_iter().next() else {
        let (message, help) = ("this is no condition".to_owned(), "write an expression of Cedar".to_owned());
        return ConditionError { message, help, at: 0..text.len(), is_impossible: false };
    };
    let start = found.offset.saturating_sub(before).min(text.len());
    let end = (start + found.length).min(text.len());
    if found.code == "policy.doubtful" && found.message.contains("impossible") {
        return ConditionError {
            message: "this can never hold".to_owned(),
            help: "correct it, or take the step out".to_owned(),
            at: 0..text.len(),
            is_impossible: true,
        };
    }
    // WHY: Cedar speaks of the policy and the action that stand around the condition.
    let message = found.message.replace("in context for Countersign::Action::\"plan\" not", "in the context not");
    let help = found.help.trim_start_matches("for policy `condition`, ").to_owned();
    ConditionError { message, help, at: start..end, is_impossible: false }
}
