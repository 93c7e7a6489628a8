//! Proves on the graph of the steps that no change goes without policy and evidence (inv:I8).

use std::collections::BTreeSet;

use super::codes;
use super::errors::{Errors, Read};
use super::model::UsesStep;
use super::order::Order;
use super::scope::Outline;
use super::step::action;
use super::tree::{Content, Node};

/// A step as the proof sees it.
struct Stand<'a> {
    outline: &'a Outline,
    number: usize,
    kind: &'static str,
    /// The action that a policy step judges.
    judges: Option<&'static str>,
    /// The text of its condition.
    when: Option<&'a str>,
    /// The numbers of those that are over before it, on every way.
    after: BTreeSet<usize>,
    /// The number of the step whose failure it is for, else its own: what stands after that one stands after it.
    place: usize,
}

/// Refuses changes without an earlier policy step for their action, policy steps without a later change, changes
/// without a later evidence step, and a workflow that changes nothing.
///
/// A step whose kind or action could not be read has been told; nothing is proven then.
pub(super) fn prove(nodes: &[Node], outlines: &[Outline], order: &Order, errors: &mut Errors<'_>) -> Read<()> {
    let mut stands = Vec::new();
    for (number, (node, outline)) in nodes.iter().zip(outlines).enumerate() {
        let kind = outline.kind?;
        let judges = if kind == "policy" { Some(judged(node, outline)?) } else { None };
        let after = order.after.get(number).cloned().unwrap_or_default();
        let when = outline.when.as_deref();
        let place = order.failed.get(number).copied().flatten().unwrap_or(number);
        stands.push(Stand { outline, number, kind, judges, when, after, place });
    }
    let told = uncovered(&stands, errors);
    let told = idle(&stands, errors).and(told);
    unsealed(&stands, errors).and(told)
}

/// The action of a policy step; read apart from the errors, which its own reading tells.
fn judged(node: &Node, outline: &Outline) -> Read<&'static str> {
    let mut silent = Errors::new("", "");
    let Content::Map(entries) = &node.content else { return outline.kind };
    let body = entries.iter().find(|(key, _)| key.content.text() == Some("policy")).map(|(_, body)| body);
    body.map_or(outline.kind, |body| action(body, &mut silent))
}

/// The action that policy judges a change by.
fn action_of(kind: &'static str) -> &'static str {
    if kind == "uses" { UsesStep::ACTION } else { kind }
}

pub(super) const fn is_change(kind: &str) -> bool {
    matches!(kind.as_bytes(), b"provision" | b"issue" | b"rotate" | b"deprovision" | b"revoke" | b"uses")
}

fn uncovered(stands: &[Stand<'_>], errors: &mut Errors<'_>) -> Read<()> {
    let mut told = Ok(());
    for change in stands.iter().filter(|stand| is_change(stand.kind)) {
        let judging: Vec<&Stand<'_>> = stands
            .iter()
            .filter(|other| change.after.contains(&other.number) && other.judges == Some(action_of(change.kind)))
            .collect();
        // INVARIANT: inv:I8 a policy step that can be skipped covers only what is skipped with it.
        if judging.iter().any(|policy| policy.when.is_none() || policy.when == change.when) {
            continue;
        }
        let name = change.outline.name(change.number);
        if let Some(policy) = judging.first() {
            let judge = policy.outline.name(policy.number);
            let message = format!("`{name}` changes something, and `{judge}` can be skipped without it");
            let help = format!("take `when` out of `{judge}`, or give `{name}` the same one");
            told = Err(errors.tell(codes::UNCOVERED_CHANGE, &change.outline.at, message, help));
            continue;
        }
        let message =
            format!("`{name}` changes something, and no policy step before it judges `{}`", action_of(change.kind));
        let help = format!("put this before it:\n  - id: gate\n    policy: {{action: {}}}", action_of(change.kind));
        told = Err(errors.tell(codes::UNCOVERED_CHANGE, &change.outline.at, message, help));
    }
    told
}

fn idle(stands: &[Stand<'_>], errors: &mut Errors<'_>) -> Read<()> {
    let mut told = Ok(());
    for policy in stands {
        let Some(action) = policy.judges else { continue };
        if stands.iter().any(|later| action_of(later.kind) == action && later.after.contains(&policy.number)) {
            continue;
        }
        let name = policy.outline.name(policy.number);
        let message = format!("`{name}` judges `{action}`, and no step after it does that");
        let help = "give it the action of a later step, or take it out";
        told = Err(errors.tell(codes::IDLE_POLICY, &policy.outline.at, message, help));
    }
    told
}

fn unsealed(stands: &[Stand<'_>], errors: &mut Errors<'_>) -> Read<()> {
    let changes = || stands.iter().filter(|stand| is_change(stand.kind));
    if changes().next().is_none() {
        let Some(first) = stands.first() else { return Ok(()) };
        let help = "add a `provision`, `issue`, `rotate`, `deprovision` or `revoke` step";
        return Err(errors.tell(codes::NO_CHANGE, &first.outline.at, "no step changes anything", help));
    }
    let is_sealed =
        |change: &Stand<'_>| stands.iter().any(|later| later.kind == "evidence" && later.after.contains(&change.place));
    let Some(open) = changes().rfind(|change| !is_sealed(change)) else { return Ok(()) };
    let message = format!("no evidence step stands after `{}`", open.outline.name(open.number));
    let help = "put this at the end:\n  - id: seal\n    evidence: {retain: 7y}";
    Err(errors.tell(codes::MISSING_EVIDENCE, &open.outline.at, message, help))
}
