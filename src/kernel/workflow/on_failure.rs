//! Reads `on_failure: STEP`: a step that runs only after that one failed, once what it did is taken back.

use std::collections::BTreeSet;

use super::codes;
use super::errors::{Errors, Read};
use super::model::Step;
use super::order::Order;
use super::scalar::{self, shortened};
use super::scope::Outline;
use super::suggest;
use super::tree::{Content, Node};
use crate::diagnostic::with_article;

/// The kinds of steps that can run then: none that makes a version, for which nobody would be left to answer.
const KINDS: [&str; 7] = ["policy", "deprovision", "revoke", "uses", "check", "wait", "notify"];

/// Whose failure a step is for, by its place in the file.
pub(super) fn owner(step: &Node, outlines: &[Outline], errors: &mut Errors<'_>) -> Read<Option<usize>> {
    let Some(node) = step.value("on_failure") else { return Ok(None) };
    let name = scalar::text(node, errors)?;
    let own = |outline: &Outline| outline.id.as_ref().is_ok_and(|id| id.as_str() == name);
    let Some(at) = outlines.iter().position(own) else {
        let known = outlines.iter().filter_map(|outline| outline.id.as_ref().ok());
        let help = suggest::help(name, known.map(countersign_warrant::StepId::as_str));
        return Err(errors.tell(
            codes::UNKNOWN_STEP,
            &node.span,
            format!("there is no step `{}`", shortened(name)),
            help,
        ));
    };
    let refuse = |errors: &mut Errors<'_>, message: String, help: &str| {
        Err(errors.tell(codes::ON_FAILURE, &node.span, message, help))
    };
    match outlines.get(at).map(|outline| outline.kind) {
        Some(Ok(kind @ ("policy" | "notify" | "evidence"))) => {
            return refuse(
                errors,
                format!("{} step does not fail", with_article(kind)),
                "name the step whose work can fail",
            );
        }
        Some(Err(told)) => return Err(told),
        _ => {}
    }
    let owner_kind = outlines.get(at).and_then(|outline| outline.kind.ok());
    let Content::Map(entries) = &step.content else { return Ok(Some(at)) };
    let keys = || entries.iter().filter_map(|(key, _)| key.content.text());
    if let Some(key) = keys().find(|key| matches!(*key, "needs" | "when")) {
        let message = format!("`{key}` has no meaning beside `on_failure`, which says when it runs");
        return refuse(errors, message, "take it out");
    }
    if let Some(kind) = keys().find(|key| super::step::KINDS.contains(key) && !KINDS.contains(key)) {
        let message = format!("{} step cannot be what is left to do after a failure", with_article(kind));
        return refuse(errors, message, &format!("one of `{}`", KINDS.join("`, `")));
    }
    let changes = |key: &&str| super::coverage::is_change(key);
    if let (Some("provision"), Some(kind)) = (owner_kind, keys().find(changes)) {
        let message = format!("after a failed `provision` there is nothing that {} could be about", with_article(kind));
        return refuse(errors, message, "take it out: what was made is taken back");
    }
    Ok(Some(at))
}

/// Refuses a step for a failure after which a person is needed: where another change has been made by then, nothing is
/// taken back by itself.
pub(super) fn prove(steps: &[Step], outlines: &[Outline], order: &Order, errors: &mut Errors<'_>) -> Read<()> {
    let mut told = Ok(());
    for (step, outline) in steps.iter().zip(outlines) {
        let Some(owner) = step.on_failure.as_ref().and_then(|id| steps.iter().find(|other| other.id == *id)) else {
            continue;
        };
        let before = order.sequence.iter().filter_map(|at| steps.get(*at)).take_while(|other| other.id != owner.id);
        let lasting = before
            .filter(|earlier| earlier.kind.is_change() && earlier.on_failure.is_none())
            .find(|earlier| earlier.when.is_none() || earlier.when == owner.when);
        let Some(earlier) = lasting else { continue };
        let message = format!("`{}` is done when `{}` fails: a person is needed then", earlier.id, owner.id);
        let help = "take it out, or put what can fail before that change";
        told = Err(errors.tell(codes::ON_FAILURE, &outline.at, message, help));
    }
    told
}

/// Refuses a step that comes after one that may never run, and one for the failure of such a one.
pub(super) fn check_needs(
    nodes: &[Node],
    needs: &[BTreeSet<usize>],
    failed: &[Option<usize>],
    outlines: &[Outline],
    errors: &mut Errors<'_>,
) -> Read<()> {
    let is_for_failure = |at: &usize| failed.get(*at).is_some_and(Option::is_some);
    let mut told = Ok(());
    for (at, node) in nodes.iter().enumerate() {
        let wrong = match failed.get(at).copied().flatten() {
            Some(owner) => Some(owner).filter(is_for_failure),
            None => needs.get(at).and_then(|needs| needs.iter().copied().find(is_for_failure)),
        };
        let Some(outline) = wrong.and_then(|wrong| outlines.get(wrong)) else { continue };
        let name = outline.id.as_ref().map_err(|told| *told)?;
        let message = format!("`{name}` runs only after a failure, and nothing can wait for it");
        told = Err(errors.tell(codes::ON_FAILURE, &node.span, message, "name a step that always runs"));
    }
    told
}
