//! Reads `rotate`.

use super::codes;
use super::delivery::{adopted, distribute, verify};
use super::errors::{Errors, Read};
use super::generate::generate;
use super::model::{RotateStep, Strategy};
use super::scalar;
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;

/// The strategies of versions to come.
const LATER_STRATEGIES: [&str; 4] = ["in_place", "alternating", "versioned", "reissue"];

/// Reads `{strategy, generate, distribute, verify, adopted, soak}`.
pub(super) fn rotate(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<RotateStep> {
    let place = format!("steps[{}].rotate", scope.here);
    let mut table = Table::of(node, "rotate: {strategy: dual_slot, generate: {..}, distribute: [..]}", errors)?;
    let strategy = table.need("strategy", "dual_slot", errors).and_then(|node| strategy(node, scope, errors));
    let generate =
        table.need("generate", "{length: 43, alphabet: url_safe}", errors).and_then(|node| generate(node, errors));
    let distribute = table
        .need("distribute", "[{to: files/client, path: .., fields: {..}}]", errors)
        .and_then(|node| distribute(node, &place, scope, errors));
    let verify = table.take("verify").map_or(Ok(Vec::new()), |node| verify(node, &place, scope, errors));
    let adopted = table.take("adopted").map_or(Ok(Vec::new()), |node| adopted(node, &place, scope, errors));
    let soak_ms = table.need("soak", "24h", errors).and_then(|node| scalar::duration_ms(node, errors));
    table.done(&[], errors)?;
    Ok(RotateStep {
        strategy: strategy?,
        generate: generate?,
        distribute: distribute?,
        verify: verify?,
        adopted: adopted?,
        soak_ms: soak_ms?,
    })
}

fn strategy(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Strategy> {
    let strategy = scalar::word(node, &[("dual_slot", Strategy::DualSlot)], &LATER_STRATEGIES, errors)?;
    let kind = scope.whose?.kind;
    match kind.slots {
        Some(slots) if slots < 2 => {
            let message = format!("`dual_slot` needs two live versions, and `{}` has {slots}", kind.name);
            let help = "the kind cannot hold old and new side by side";
            Err(errors.tell(codes::STRATEGY, &node.span, message, help))
        }
        _ => Ok(strategy),
    }
}
