//! Reads `rotate`.

use countersign_contract::Strategy;

use super::codes;
use super::delivery::{adopted, distribute_secret, tells_whose, verify};
use super::errors::{Errors, Read};
use super::generate::generate;
use super::model::{RotateStep, StepKind};
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;
use super::{issue, scalar};

/// The strategies of this version, by their words.
const STRATEGIES: [(&str, Strategy); Strategy::ALL.len()] = {
    let [a, b, c, d, e] = Strategy::ALL;
    [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c), (d.as_str(), d), (e.as_str(), e)]
};

/// What the strategies say of the time in which old and new meet; each has its own.
const MEANWHILE: [&str; 4] = ["soak", "downtime", "cache", "token_lifetime"];

/// That time, of one step.
#[derive(Default)]
struct Meanwhile {
    propagate_ms: u64,
    soak_ms: u64,
    downtime: Option<String>,
}

/// Reads `{strategy, generate, distribute, verify, adopted}`, and what the strategy says of the time meanwhile.
pub(super) fn rotate(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<StepKind> {
    let place = format!("steps[{}].rotate", scope.here);
    let mut table = Table::of(node, "rotate: {strategy: dual_slot, generate: {..}, distribute: [..]}", errors)?;
    let said = table
        .need("strategy", "dual_slot", errors)
        .and_then(|node| Ok((scalar::word(node, &STRATEGIES, &[], errors)?, node)));
    let strategy = said.and_then(|(strategy, node)| fitting(strategy, node, scope, errors));
    if said.is_ok_and(|(strategy, _)| strategy == Strategy::Reissue) {
        strategy?;
        let meanwhile = meanwhile(Strategy::Reissue, &mut table, errors);
        let wanted = issue::keys(table, &place, (node, scope), errors);
        return meanwhile.and(wanted).map(StepKind::Reissue);
    }
    let generate = table
        .need("generate", "{length: 43, alphabet: url_safe}", errors)
        .and_then(|node| generate(node, scope, errors));
    let takes_turns = strategy.is_ok_and(|strategy| strategy == Strategy::Alternating);
    let distribute =
        table.need("distribute", "[{to: files/client, path: .., fields: {..}}]", errors).and_then(|node| {
            let deliveries = distribute_secret(node, &place, scope, errors)?;
            if takes_turns {
                tells_whose(node, &deliveries, scope, errors)?;
            }
            Ok(deliveries)
        });
    let verify = table.take("verify").map_or(Ok(Vec::new()), |node| verify(node, &place, scope, errors));
    let adopted = table.take("adopted").map_or(Ok(Vec::new()), |node| adopted(node, &place, scope, errors));
    let meanwhile = said.and_then(|(strategy, _)| meanwhile(strategy, &mut table, errors));
    // WHY: with an unreadable strategy it is not known which of them belong here; none is told as unknown.
    let _ = MEANWHILE.map(|key| table.take(key));
    table.done(&[], errors)?;
    let Meanwhile { propagate_ms, soak_ms, downtime } = meanwhile?;
    Ok(StepKind::Rotate(RotateStep {
        strategy: strategy?,
        generate: generate?,
        distribute: distribute?,
        verify: verify?,
        adopted: adopted?,
        propagate_ms,
        soak_ms,
        downtime,
    }))
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

/// What the strategy must say of the time meanwhile, and nothing that another one says.
fn meanwhile(strategy: Strategy, table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<Meanwhile> {
    let own: &[&str] = match strategy {
        Strategy::InPlace => &["downtime"],
        Strategy::Alternating | Strategy::DualSlot => &["soak"],
        Strategy::Versioned => &["cache", "token_lifetime"],
        Strategy::Reissue => &[],
    };
    let said = match strategy {
        Strategy::InPlace => downtime(table, errors),
        Strategy::Alternating | Strategy::DualSlot => {
            let soak = table.need("soak", "24h", errors).and_then(|node| scalar::duration_ms(node, errors));
            soak.map(|soak_ms| Meanwhile { soak_ms, ..Meanwhile::default() })
        }
        Strategy::Versioned => published(table, errors),
        Strategy::Reissue => Ok(Meanwhile::default()),
    };
    let mut told = Ok(());
    for key in MEANWHILE.into_iter().filter(|key| !own.contains(key)) {
        let Some(node) = table.take(key) else { continue };
        let message = format!("`{}` {}", strategy.as_str(), why_not(strategy, key));
        told = Err(errors.tell(codes::STRATEGY, &node.owner, message, help(strategy, key)));
    }
    told.and(said)
}

/// Why the strategy has no such key, in words that stand after its name.
fn why_not(strategy: Strategy, key: &str) -> &'static str {
    match (strategy, key) {
        (Strategy::InPlace, "soak") => "leaves no old secret that could work meanwhile",
        (Strategy::Versioned, "soak") => "keeps the old key for as long as a token of it lives",
        (Strategy::Reissue, "soak") => "leaves the old certificate to its own end",
        (_, "downtime") => "has no downtime: the old secret works until the new one is in use",
        _ => "publishes nothing that others could keep a copy of",
    }
}

fn help(strategy: Strategy, key: &str) -> String {
    match (strategy, key) {
        (Strategy::InPlace, "soak") => "take `soak` out, and say with `downtime` who has to wait".to_owned(),
        (Strategy::Versioned, "soak") => "take `soak` out, and say how long that is with `token_lifetime`".to_owned(),
        _ => format!("take `{key}` out"),
    }
}

/// Who is without a working secret meanwhile. It must be said: nobody is to be surprised by it (beh:R7).
fn downtime(table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<Meanwhile> {
    let words = table.need("downtime", "the nightly import waits for some seconds", errors);
    let words = words.and_then(|node| scalar::line(node, 500, errors))?;
    Ok(Meanwhile { downtime: Some(words.to_owned()), ..Meanwhile::default() })
}

/// How long others keep copies of what is published, and how long lives what is signed. The file says these two, which
/// its users know, and not the waits that follow from them.
// INVARIANT: beh:G12 the new key is published for the longer of the two before it signs, so that nobody meets a token that
// he has no key for; the old one stays published until its last token has ended.
fn published(table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<Meanwhile> {
    let cache = table.need("cache", "10m", errors).and_then(|node| scalar::duration_ms(node, errors));
    let lifetime = table.need("token_lifetime", "1h", errors).and_then(|node| scalar::some_ms(node, errors));
    let (cache, lifetime) = (cache?, lifetime?);
    Ok(Meanwhile { propagate_ms: cache.max(lifetime), soak_ms: lifetime, downtime: None })
}
