//! One change of a subject does not rest on what another one of the same run has changed.
//!
//! Each change is planned from what was there before the run. After another change that is another target: a second
//! rotation would disable the key that the first one has removed. A certificate may be revoked after another has replaced
//! it, and single verbs may follow each other: these rest on nothing that the first one changes.

use super::codes;
use super::errors::{Errors, Read};
use super::model::{Step, StepKind};
use super::order::Order;
use super::scope::Outline;

/// True when a step can come after another change of the same subject.
pub(crate) const fn may_follow(earlier: &StepKind, later: &StepKind) -> bool {
    matches!(
        (earlier, later),
        (StepKind::Issue(_) | StepKind::Reissue(_), StepKind::Revoke(_)) | (StepKind::Uses(_), StepKind::Uses(_))
    )
}

/// Refuses a change that comes after another one under the same condition. What is for a failure comes after nothing of the
/// failed step. Under other conditions the plan proves it, which knows which of them hold.
pub(super) fn prove(steps: &[Step], outlines: &[Outline], order: &Order, errors: &mut Errors<'_>) -> Read<()> {
    let changes: Vec<usize> =
        order.sequence.iter().copied().filter(|at| steps.get(*at).is_some_and(|step| step.kind.is_change())).collect();
    let mut told = Ok(());
    for (number, at) in changes.iter().enumerate() {
        let Some(later) = steps.get(*at) else { continue };
        let before = changes.iter().take(number).filter_map(|at| steps.get(*at));
        let clash = before
            .filter(|earlier| later.when == earlier.when && is_before(earlier, later))
            .find(|earlier| !may_follow(&earlier.kind, &later.kind));
        let Some((earlier, outline)) = clash.zip(outlines.get(*at)) else { continue };
        let message = format!("`{}` would rest on what `{}` has changed by then", later.id, earlier.id);
        let help = "make two workflows of it: each is planned from what is there when it begins";
        told = Err(errors.tell(codes::SECOND_CHANGE, &outline.at, message, help));
    }
    told
}

/// False where only one of them runs: what is for a failure, and what failed; what always runs, and what is for a failure
/// before it.
pub(crate) fn is_before(earlier: &Step, later: &Step) -> bool {
    match (&earlier.on_failure, &later.on_failure) {
        (None, Some(owner)) => *owner != earlier.id,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one == other,
        (None, None) => true,
    }
}
