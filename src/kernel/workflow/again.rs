//! Reads how a step is attempted again, and how long it may take.

use super::codes;
use super::coverage::is_change;
use super::errors::{Errors, Read};
use super::model::{Retrying, StepKind, Strategy};
use super::scalar;
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;

/// Attempts beyond the first, at most.
pub(super) const TIMES_MAX: u32 = 10;

/// Reads `retry: {times: 3, wait: 30s}`.
pub(super) fn retry(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Retrying> {
    let mut table = Table::of(node, "retry: {times: 3, wait: 30s}", errors)?;
    let times = table.need("times", "3", errors).and_then(|node| scalar::count(node, 1..=TIMES_MAX, errors));
    let wait = table.need("wait", "30s", errors).and_then(|node| scalar::some_ms(node, errors));
    table.done(&[], errors)?;
    let kind = scope.outlines[scope.here].kind?;
    if !is_change(kind) {
        let message = format!("a `{kind}` step makes no calls that could be attempted again");
        let help = if kind == "check" { "say how long to go on asking: `within: 10m`" } else { "take `retry` out" };
        return Err(errors.tell(codes::KEY_NOT_HERE, &node.owner, message, help));
    }
    Ok(Retrying { times: times?, wait_ms: wait? })
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

/// Refuses a timeout that comes while the step still waits as it should.
pub(super) fn prove(node: &Node, timeout_ms: u64, kind: &StepKind, errors: &mut Errors<'_>) -> Read<()> {
    let (word, waits_ms) = match kind {
        StepKind::Rotate(step) if step.strategy == Strategy::Versioned => {
            ("token_lifetime", step.propagate_ms.saturating_add(step.soak_ms))
        }
        StepKind::Rotate(step) => ("soak", step.soak_ms),
        StepKind::Deprovision(step) => ("observe", step.observe_ms),
        StepKind::Wait(step) => ("for", step.ms),
        _ => return Ok(()),
    };
    if timeout_ms > waits_ms {
        return Ok(());
    }
    let message = format!("the step waits as long as this already by its `{word}`");
    Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, format!("make `timeout` longer than `{word}`")))
}
