//! A stored decision in words: who asked for what, which policies decided, and which were in scope and did not.

use countersign_warrant::Decision;
use serde_json::Value;

use super::asked::Asked;
use super::replay::{BasisTexts, ReplayError, json, replay, set_of};

/// What a decision was about, and why it is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Who asked, as `Person` or `Workflow` and the id.
    pub asker: (String, String),
    /// What for.
    pub action: String,
    /// On which subject.
    pub subject: String,
    /// The request's context: verb, sink, trigger, inputs, facts, the time.
    pub context: Value,
    /// The subject's attributes.
    pub attributes: Value,
    /// The policies that decided.
    pub decided: Vec<PolicyWords>,
    /// The policies in shadow that would have made the answer another one.
    pub shadow: Vec<PolicyWords>,
    /// The policies that could have been about it, and did not decide.
    pub silent: Vec<PolicyWords>,
    /// True when the stored bytes, evaluated again, give the same answer.
    pub same_again: bool,
}

/// One policy, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWords {
    /// Its `@id`.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// True of one that decides nothing yet (`@mode("shadow")`).
    pub is_shadow: bool,
    /// Its `@reason`.
    pub reason: String,
    /// The controls that it holds.
    pub controls: Vec<String>,
    /// Its text, as it stood in its file.
    pub text: String,
}

/// Why an evaluation gave no answer, with the policy where it is one: such a decision is a deny by nobody's wish. `None` where
/// every policy was evaluated.
pub fn failed_evaluation(decision: &Decision) -> Option<String> {
    let error = decision.errors.first()?;
    // WHY: Cedar says it so.
    let of_policy = error.strip_prefix("error while evaluating policy ").and_then(|rest| rest.split_once(": "));
    let more = match decision.errors.len() {
        1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    Some(match of_policy {
        Some((policy, error)) => format!("the evaluation of {policy} failed: {error}{more}"),
        None => format!("the evaluation failed: {error}{more}"),
    })
}

/// Explains the decision from the bytes that it was made from.
///
/// # Errors
/// When they are not ones that a decision was made from.
pub fn explain(texts: &BasisTexts<'_>, decision: &Decision) -> Result<Explained, ReplayError> {
    let set = set_of(texts)?;
    let (entities, request) = (json("entities", texts.entities)?, json("request", texts.request)?);
    let asked = Asked::from_json(&entities, &request).ok_or(ReplayError::Shape)?;
    let slice = set.slice(&asked.action.id, &asked.resource.kind);
    let rules = slice.into_iter().flat_map(|slice| slice.with_shadow().rules.values());
    let words = |rule: &std::sync::Arc<super::rule::Rule>| PolicyWords {
        id: rule.id.clone(),
        effect: if rule.forbids() { "forbid" } else { "permit" },
        is_shadow: rule.is_shadow,
        reason: rule.reason.clone(),
        controls: rule.controls.clone(),
        text: rule.text.trim().to_owned(),
    };
    let (decided, others): (Vec<_>, Vec<_>) = rules.map(words).partition(|rule| decision.policies.contains(&rule.id));
    let would = |rule: &PolicyWords| decision.shadow.as_ref().is_some_and(|other| other.policies.contains(&rule.id));
    let (shadow, silent) = others.into_iter().partition(would);
    let who = asked.principal.kind.rsplit("::").next().unwrap_or_default().to_owned();
    let part = |of: &Value, name: &str| of.get(name).cloned().unwrap_or_default();
    let resource = entities.get(0).cloned().unwrap_or_default();
    Ok(Explained {
        asker: (who, asked.principal.id.clone()),
        action: asked.action.id.clone(),
        subject: asked.resource.id.clone(),
        context: part(&request, "context"),
        attributes: part(&resource, "attrs"),
        decided,
        shadow,
        silent,
        same_again: replay(texts)? == *decision,
    })
}
