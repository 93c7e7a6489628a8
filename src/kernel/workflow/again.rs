//! Reads how a step is attempted again, and how long it may take.

use super::codes;
use super::coverage::is_change;
use super::errors::{Errors, Read};
use super::model::{REST_MS_MAX, Retrying, StepKind, Strategy};
use super::scalar;
use super::schedule::in_words;
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;
use crate::diagnostic::with_article;

/// Attempts beyond the first, at most.
pub(super) const TIMES_MAX: u32 = 10;

/// Reads `retry: {times: 3, wait: 30s}`.
pub(super) fn retry(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Retrying> {
    let mut table = Table::of(node, "retry: {times: 3, wait: 30s}", errors)?;
    let times = table.need("times", "3", errors).and_then(|node| scalar::count(node, 1..=TIMES_MAX, errors));
    let wait = table.need("wait", "30s", errors).and_then(|node| rest(node, errors));
    table.done(&[], errors)?;
    let kind = scope.outlines[scope.here].kind?;
    if !is_change(kind) {
        let message = format!("{} step makes no calls that could be attempted again", with_article(kind));
        let help = if kind == "check" { "say how long to go on asking: `within: 10m`" } else { "take `retry` out" };
        return Err(errors.tell(codes::KEY_NOT_HERE, &node.owner, message, help));
    }
    Ok(Retrying { times: times?, wait_ms: wait? })
}

/// The first rest. One that is longer than any that follows would not be kept.
fn rest(node: &Node, errors: &mut Errors<'_>) -> Read<u64> {
    let ms = scalar::some_ms(node, errors)?;
    if ms <= REST_MS_MAX {
        return Ok(ms);
    }
    let message = "rests double up to an hour, and already the first one would be longer";
    Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, "at most `1h`"))
}

/// Reads `timeout: 2h`.
pub(super) fn timeout(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<u64> {
    let ms = scalar::some_ms(node, errors)?;
    if scope.outlines[scope.here].kind? == "evidence" {
        let message = "an `evidence` step runs however the run ended, and for as long as it takes";
        return Err(errors.tell(codes::KEY_NOT_HERE, &node.owner, message, "take `timeout` out"));
    }
    Ok(ms)
}

/// Refuses a timeout that comes while the step still waits as it should, or before it could be done with one of the things that
/// its keys give it time for.
pub(super) fn prove(
    node: &Node,
    timeout_ms: u64,
    kind: &StepKind,
    retry: Option<Retrying>,
    errors: &mut Errors<'_>,
) -> Read<()> {
    let (word, waits_ms) = waits(kind);
    if timeout_ms <= waits_ms {
        let message = format!("the step waits as long as this already by its `{word}`");
        return Err(errors.tell(
            codes::OUT_OF_RANGE,
            &node.span,
            message,
            format!("make `timeout` longer than `{word}`"),
        ));
    }
    let may = [
        ("asks", "within", looks_ms(kind), "`within`"),
        ("rests", "retry", retry.map_or(0, Retrying::rests_ms), "the rests of `retry`"),
    ];
    for (does, key, ms, longer_than) in may {
        if ms == 0 || timeout_ms > waits_ms.saturating_add(ms) {
            continue;
        }
        let (and, with) = match waits_ms {
            0 => (String::new(), String::new()),
            _ => (format!(", and waits by its `{word}`"), format!(" and `{word}` together")),
        };
        let message = format!("the step {does} for as long as {} by its `{key}`{and}", in_words(ms));
        let help = format!("make `timeout` longer than {longer_than}{with}");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, help));
    }
    Ok(())
}

/// How long the step waits in any case, in milliseconds, and by which key.
const fn waits(kind: &StepKind) -> (&'static str, u64) {
    match kind {
        StepKind::Rotate(step) if matches!(step.strategy, Strategy::Versioned) => {
            ("token_lifetime", step.propagate_ms.saturating_add(step.soak_ms))
        }
        StepKind::Rotate(step) => ("soak", step.soak_ms),
        StepKind::Deprovision(step) => ("observe", step.observe_ms),
        StepKind::Wait(step) => ("for", step.ms),
        _ => ("", 0),
    }
}

/// How long the step asks one question at most, in milliseconds; 0 where it asks once, or nothing.
fn looks_ms(kind: &StepKind) -> u64 {
    let adopted = match kind {
        StepKind::Check(step) => std::slice::from_ref(&step.look),
        StepKind::Rotate(step) => &step.adopted,
        StepKind::Issue(step) | StepKind::Reissue(step) => &step.adopted,
        _ => &[],
    };
    adopted.iter().map(|look| look.within_ms).max().unwrap_or_default()
}
