//! Reads `notices`: whom a webhook tells, and how long before, that a run is due.

use super::codes;
use super::errors::{Errors, Read};
use super::model::{Notices, Step, Triggers};
use super::schedule::in_words;
use super::table::{Table, items};
use super::tree::Node;
use super::{Known, lifetime_secs, notify, scalar};

/// Times before at most.
pub(super) const BEFORE_MAX: usize = 5;

/// The longest time before, in milliseconds: 90 days.
const BEFORE_MS_MAX: u64 = 90 * 86_400_000;

/// What `notices` says, and where it stands.
pub(super) type Placed = (Notices, std::ops::Range<usize>);

/// Reads `{to, before, text}`.
pub(super) fn notices(node: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Placed> {
    let such_as = "{to: team-chat, before: [7d, 1d], text: restart the ledger afterwards}";
    let mut table = Table::of(node, such_as, errors)?;
    let to = table.need("to", "team-chat", errors).and_then(|node| notify::webhook(node, known, errors));
    let before = table.need("before", "[7d, 1d]", errors).and_then(|node| before(node, errors));
    let text = table.take("text").map(|node| scalar::line(node, 500, errors)).transpose();
    table.done(&[], errors)?;
    let text = text?.map(str::to_owned);
    Ok((Notices { to: to?, before_ms: before?, text }, node.owner.clone()))
}

/// The times, the longest first.
fn before(node: &Node, errors: &mut Errors<'_>) -> Read<Vec<u64>> {
    let items = items(node, "[7d, 1d]", errors)?;
    if items.is_empty() || items.len() > BEFORE_MAX {
        let message = format!("expected 1 to {BEFORE_MAX} times");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.owner, message, "such as `before: [7d, 1d]`"));
    }
    let mut all = Vec::new();
    for item in items {
        let ms = scalar::duration_ms(item, errors)?;
        if !(60_000..=BEFORE_MS_MAX).contains(&ms) {
            return Err(errors.tell(codes::OUT_OF_RANGE, &item.span, "this is out of bounds", "from `1m` to `90d`"));
        }
        all.push(ms);
    }
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.dedup();
    Ok(all)
}

/// Refuses notices that would come before the run that is due before: nobody would know which one they are about.
pub(super) fn prove(
    placed: Option<Placed>,
    triggers: &Triggers,
    steps: &[Step],
    errors: &mut Errors<'_>,
) -> Read<Option<Notices>> {
    let Some((notices, at)) = placed else { return Ok(None) };
    if triggers.schedule.is_none() && triggers.expiry.is_none() {
        let help = "add `schedule` or `expiry` to `on`, or take `notices` out";
        let message = "nobody knows beforehand when this workflow runs";
        return Err(errors.tell(codes::KEY_NOT_HERE, &at, message, help));
    }
    let longest = notices.before_ms.first().copied().unwrap_or_default();
    let apart = triggers.schedule.as_ref().and_then(crate::schedule::Schedule::gaps_ms).map(|(least, _)| least);
    let lives = steps.iter().filter_map(lifetime_secs).min().map(|secs| secs.saturating_mul(1000));
    let renewed = triggers.expiry.zip(lives).map(|(expiry, ms)| expiry.of(ms));
    let shortest = apart.into_iter().chain(renewed).min();
    if let Some(apart) = shortest.filter(|apart| longest >= *apart) {
        let message = format!("a notice {} before, where runs are {} apart", in_words(longest), in_words(apart));
        let help = "make the longest of `before` shorter than the time between two runs";
        return Err(errors.tell(codes::OUT_OF_RANGE, &at, message, help));
    }
    Ok(Some(notices))
}
