//! Reads `for_each`: a workflow for each subject of a kind that is there, instead of for one that it names.

use super::codes;
use super::condition::condition;
use super::errors::{Errors, Read};
use super::model::{AtMost, ForEach, Part, Reference, Step, StepKind, SubjectSpec, Template, Triggers};
use super::scalar;
use super::scope::{Outline, Scope};
use super::table::Table;
use super::tree::{Content, Node};

/// Subjects of one run at most, whatever a file says.
pub(crate) const EACH_MAX: u32 = 500;

/// Runs at once at most.
pub(super) const TOGETHER_MAX: u32 = 50;

/// Reads `{where, at_most, together, stop_after}`.
pub(super) fn for_each(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<ForEach> {
    let mut table = Table::of(node, "for_each: {where: .., at_most: 20}", errors)?;
    let condition = table.take("where").map(|node| condition(node, scope, errors)).transpose();
    let at_most = table.need("at_most", "20", errors).and_then(|node| at_most(node, errors));
    let together = table.take("together").map_or(Ok(1), |node| scalar::count(node, 1..=TOGETHER_MAX, errors));
    let stop_after = table.take("stop_after").map_or(Ok(1), |node| scalar::count(node, 1..=EACH_MAX, errors));
    table.done(&[], errors)?;
    Ok(ForEach { condition: condition?, at_most: at_most?, together: together?, stop_after: stop_after? })
}

/// A number of subjects, or a part of those that are there: `20`, `10%`.
fn at_most(node: &Node, errors: &mut Errors<'_>) -> Read<AtMost> {
    let Content::Text(text) = &node.content else {
        return scalar::count(node, 1..=EACH_MAX, errors).map(AtMost::Subjects);
    };
    let percent = text.strip_suffix('%').filter(|number| !number.starts_with('0'));
    let percent = percent.and_then(|number| number.parse::<u32>().ok()).filter(|percent| (1..=100).contains(percent));
    percent.map(AtMost::Percent).ok_or_else(|| {
        let message = format!("`{}` is neither a number nor a part", scalar::shortened(text));
        errors.tell(codes::OUT_OF_RANGE, &node.span, message, "write `20`, or `10%` of the subjects that are there")
    })
}

/// Refuses what cannot be done for each subject: to make it, to put all of them into one place, or to wait for the end of
/// one of them.
pub(super) fn prove(
    subject: &Read<SubjectSpec>,
    (steps, outlines): (&[Step], &[Outline]),
    triggers: &Read<Triggers>,
    errors: &mut Errors<'_>,
) -> Read<()> {
    let is_each = subject.as_ref().is_ok_and(|subject| subject.for_each.is_some());
    if !is_each {
        return Ok(());
    }
    let mut told = Ok(());
    for (step, outline) in steps.iter().zip(outlines) {
        if let StepKind::Provision(_) = &step.kind {
            let message = "`provision` makes what is not there, and `for_each` goes over what is there";
            let help = "give the subject a `name`, or take the step out";
            told = Err(errors.tell(codes::FOR_EACH, &outline.at, message, help));
            continue;
        }
        if step.kind.deliveries().iter().any(|delivery| !names_the_subject(&delivery.path)) {
            let message = "every subject's secret would be delivered to one place";
            let help = "write `${{ subject.name }}` into the `path`";
            told = Err(errors.tell(codes::FOR_EACH, &outline.at, message, help));
        }
    }
    if triggers.as_ref().is_ok_and(|triggers| triggers.expiry.is_some())
        && let Some(first) = outlines.first()
    {
        let message = "`expiry` looks at the version of one subject, and `for_each` is for many";
        let help = "take `expiry` out: a `schedule` starts it";
        told = Err(errors.tell(codes::FOR_EACH, &first.at, message, help));
    }
    told
}

fn names_the_subject(path: &Template) -> bool {
    let is_name = |reference: &Reference| matches!(reference, Reference::Subject(field) if field == "name");
    match path {
        Template::Whole(reference) => is_name(reference),
        Template::Text(parts) => {
            parts.iter().any(|part| matches!(part, Part::Reference(reference) if is_name(reference)))
        }
        Template::Literal(_) | Template::Person(_) => false,
    }
}
