//! Reads `rotate`.

use countersign_contract::Strategy;

use super::codes;
use super::delivery::{adopted, distribute, verify};
use super::errors::{Errors, Read};
use super::generate::generate;
use super::model::RotateStep;
use super::scalar;
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;

/// The strategies of this version, by their words.
const STRATEGIES: [(&str, Strategy); Strategy::ALL.len()] = {
    let [first, second, third] = Strategy::ALL;
    [(first.as_str(), first), (second.as_str(), second), (third.as_str(), third)]
};

/// The strategies of versions to come.
const LATER_STRATEGIES: [&str; 2] = ["versioned", "reissue"];

/// Reads `{strategy, generate, distribute, verify, adopted, soak | downtime}`.
pub(super) fn rotate(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<RotateStep> {
    let place = format!("steps[{}].rotate", scope.here);
    let mut table = Table::of(node, "rotate: {strategy: dual_slot, generate: {..}, distribute: [..]}", errors)?;
    let said = table
        .need("strategy", "dual_slot", errors)
        .and_then(|node| Ok((scalar::word(node, &STRATEGIES, &LATER_STRATEGIES, errors)?, node)));
    let strategy = said.and_then(|(strategy, node)| fitting(strategy, node, scope, errors));
    let generate =
        table.need("generate", "{length: 43, alphabet: url_safe}", errors).and_then(|node| generate(node, errors));
    let distribute = table
        .need("distribute", "[{to: files/client, path: .., fields: {..}}]", errors)
        .and_then(|node| distribute(node, &place, scope, errors));
    let verify = table.take("verify").map_or(Ok(Vec::new()), |node| verify(node, &place, scope, errors));
    let adopted = table.take("adopted").map_or(Ok(Vec::new()), |node| adopted(node, &place, scope, errors));
    let meanwhile = said.and_then(|(strategy, _)| match strategy {
        Strategy::InPlace => downtime(&mut table, errors).map(|words| (0, Some(words))),
        Strategy::Alternating | Strategy::DualSlot => soak(strategy, &mut table, errors).map(|ms| (ms, None)),
    });
    // WHY: with an unreadable strategy it is not known which of the two belongs here; neither is told as unknown.
    let _ = (table.take("soak"), table.take("downtime"));
    table.done(&[], errors)?;
    let (soak_ms, downtime) = meanwhile?;
    Ok(RotateStep {
        strategy: strategy?,
        generate: generate?,
        distribute: distribute?,
        verify: verify?,
        adopted: adopted?,
        soak_ms,
        downtime,
    })
}

/// Refuses a strategy that the subject's kind does not take (beh:R5).
fn fitting(strategy: Strategy, node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Strategy> {
    let kind = scope.whose?.kind;
    if kind.strategies.contains(&strategy) {
        return Ok(strategy);
    }
    let (word, needs) = (strategy.as_str(), strategy.needs());
    let message = format!("`{word}` needs {needs}, which `{}` is not said to have", kind.name);
    let taken: Vec<&str> = kind.strategies.iter().map(|strategy| strategy.as_str()).collect();
    let help = format!("`{}` takes `{}`", kind.name, taken.join("`, `"));
    Err(errors.tell(codes::STRATEGY, &node.span, message, help))
}

/// How long the old secret works beside the new one.
fn soak(strategy: Strategy, table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<u64> {
    let soak = table.need("soak", "24h", errors).and_then(|node| scalar::duration_ms(node, errors));
    let Some(node) = table.take("downtime") else { return soak };
    let message = format!("`{}` has no downtime: the old secret works until the new one is in use", strategy.as_str());
    Err(errors.tell(codes::STRATEGY, &node.owner, message, "take `downtime` out"))
}

/// Who is without a working secret meanwhile. It must be said: nobody is to be surprised by it (beh:R7).
fn downtime(table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<String> {
    let words = table.need("downtime", "the nightly import waits for some seconds", errors);
    let words = words.and_then(|node| scalar::line(node, 500, errors)).map(str::to_owned);
    let Some(node) = table.take("soak") else { return words };
    let message = "`in_place` leaves no old secret that could work meanwhile";
    Err(errors.tell(codes::STRATEGY, &node.owner, message, "take `soak` out, and say with `downtime` who has to wait"))
}
