//! The credentials that Countersign itself works with: changed only by a workflow that says so, and only in a way that
//! leaves one that works (beh:R13, beh:I9).

use countersign_contract::Strategy;
use countersign_warrant::ResourceName;

use super::codes;
use super::errors::{Errors, Read};
use super::model::{RotateStep, Step, StepKind, SubjectSpec};
use super::scope::{Outline, Scope};
use super::tree::Node;
use crate::diagnostic::with_article;

/// Refuses a subject that settings say Countersign works with, where the file does not say `self`.
pub(super) fn claim(
    subject: &ResourceName,
    is_said: Read<bool>,
    node: &Node,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<()> {
    if !scope.known.own.contains_key(subject) || is_said != Ok(false) {
        return Ok(());
    }
    let message = format!("`{subject}` is what Countersign itself works with");
    let help = "write `self: true` beside it: the change is then made in the one order that is safe";
    Err(errors.tell(codes::OWN_CREDENTIAL, &node.span, message, help))
}

/// Refuses a change of an own credential that could leave none that works.
// INVARIANT: beh:I9 the old one works until the new one has, and the last act on the old one is made with the new one.
pub(super) fn prove(
    subject: &Read<SubjectSpec>,
    steps: &[Step],
    outlines: &[Outline],
    errors: &mut Errors<'_>,
) -> Read<()> {
    if !subject.as_ref().is_ok_and(|subject| subject.own) {
        return Ok(());
    }
    let mut told = Ok(());
    for (step, outline) in steps.iter().zip(outlines).filter(|(step, _)| step.kind.is_change()) {
        let (message, help) = match &step.kind {
            StepKind::Rotate(rotate) if !has_second_path(rotate) => (
                format!("`{}` leaves no second credential to go back to", rotate.strategy.as_str()),
                "take `dual_slot` or `alternating`: the old one works until the new one is proven",
            ),
            StepKind::Rotate(rotate) if rotate.verify.iter().all(|verify| verify.must_not) => (
                "the new credential is not tried before Countersign relies on it".to_owned(),
                "add a probe to `verify` that logs in with it",
            ),
            StepKind::Rotate(_) => continue,
            other => (
                format!("{} of what Countersign itself works with would lock it out", with_article(other.word())),
                "only a `rotate` changes it; to make or to end it, take it out of the settings first",
            ),
        };
        told = Err(errors.tell(codes::OWN_CREDENTIAL, &outline.at, message, help));
    }
    told
}

const fn has_second_path(rotate: &RotateStep) -> bool {
    matches!(rotate.strategy, Strategy::DualSlot | Strategy::Alternating)
}
