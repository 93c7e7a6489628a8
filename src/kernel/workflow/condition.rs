//! Reads `when`: the condition under which a step is planned.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::errors::{Errors, Read};
use super::model::InputKind;
use super::scalar;
use super::scope::Scope;
use super::tree::{Content, Node};
use crate::policy::{Condition, ConditionWords, TermKind, ValueWords};

/// Characters of a condition at most.
const LENGTH_MAX: usize = 1000;

/// The text of a step's `when`, as far as it is one: two steps have the same condition when it is the same text.
pub(super) fn outline(step: &Node) -> Option<&str> {
    let Content::Map(entries) = &step.content else { return None };
    let (_, value) = entries.iter().find(|(key, _)| key.content.text() == Some("when"))?;
    Some(value.content.text().unwrap_or_default().trim())
}

/// Reads `when: 'resource.tier == "critical"'`.
pub(super) fn when(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Condition> {
    if scope.outlines[scope.here].kind == Ok("evidence") {
        let help = "take `when` out: what was skipped is null in the evidence";
        return Err(errors.tell(
            codes::ALWAYS_RUNS,
            &node.owner,
            "an `evidence` step runs however the run ended",
            help,
        ));
    }
    condition(node, scope, errors)
}

/// Reads a condition about a subject.
pub(super) fn condition(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Condition> {
    if node.content.text().is_some_and(|text| text.contains("${{")) {
        let message = "a condition has no `${{ }}`";
        let help = "write `context.inputs.NAME`, `resource.name` or `context.trigger`";
        return Err(errors.tell(codes::REFERENCE_NOT_HERE, &node.span, message, help));
    }
    let given = scalar::text(node, errors)?.trim();
    if given.chars().count() > LENGTH_MAX {
        let message = format!("a condition has at most {LENGTH_MAX} characters");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, "say it shorter, or say it in a policy"));
    }
    let words = match scope.conditions.get_or_init(|| words(scope)) {
        Ok(Ok(words)) => words,
        Err(told) => return Err(*told),
        Ok(Err(message)) => {
            let help = "give the input or the attribute another name";
            return Err(errors.tell(codes::BAD_CONDITION, &node.span, message.clone(), help));
        }
    };
    // WHY: escapes and folds of YAML move the characters; then the whole text is marked.
    let written = errors.text().get(node.span.clone()).and_then(|text| text.find(given));
    Condition::parse(given, words).map_err(|one| {
        let start = written.filter(|_| !one.at.is_empty()).map(|at| node.span.start + at);
        let at = start.map_or_else(|| node.span.clone(), |start| start + one.at.start..start + one.at.end);
        let code = if one.is_impossible { codes::IMPOSSIBLE_CONDITION } else { codes::BAD_CONDITION };
        errors.tell(code, &at, one.message, one.help)
    })
}

/// The words of the workflow's conditions; the inner error is a sentence about a name that no schema takes.
fn words(scope: &Scope<'_>) -> Read<Result<ConditionWords, String>> {
    let whose = scope.whose?;
    let mut inputs = BTreeMap::new();
    let mut all = ValueWords::new();
    for (name, input) in scope.inputs.as_ref().map_err(|told| *told)? {
        let input = input.as_ref().map_err(|told| *told)?;
        inputs.insert(name.clone(), TermKind::of_declared(&input.kind));
        if let InputKind::Word(words) = &input.kind {
            all.insert(format!("context.inputs.{name}"), words.iter().cloned().collect());
        }
    }
    let kinds = scope.known.connectors.values().flat_map(|it| &it.kinds).filter(|kind| !kind.is_sink);
    all.insert("resource.kind".to_owned(), kinds.map(|kind| kind.name.to_owned()).collect());
    all.insert("resource.connector".to_owned(), scope.known.connectors.keys().cloned().collect());
    let mut here = ValueWords::from([
        ("resource.kind".to_owned(), BTreeSet::from([whose.kind.name.to_owned()])),
        ("resource.connector".to_owned(), BTreeSet::from([whose.connector.to_owned()])),
    ]);
    let triggers: BTreeSet<String> = scope.triggers.iter().map(|trigger| trigger.as_str().to_owned()).collect();
    if !triggers.is_empty() {
        here.insert("context.trigger".to_owned(), triggers);
    }
    let words = ConditionWords::new(whose.manifest.connector, whose.kind, &inputs);
    Ok(words.map(|words| words.among(whose.kind, all, here)))
}
