//! Reads `windows`, and proves that a change finds one before its secret ends (beh:T3).

use std::ops::Range;

use super::codes;
use super::errors::{Errors, Read};
use super::model::{Step, StepKind, Triggers};
use super::scalar;
use super::schedule::in_words;
use super::table::{Table, each, items};
use super::tree::Node;
use super::{Known, lifetime_secs, suggest};
use crate::schedule::{Freeze, Window, WindowError, Windows};

/// Windows, and freezes, of a workflow at most.
pub(super) const ENTRIES_MAX: usize = 20;

/// Windows, and the bytes of their key.
pub(super) type Placed = (Windows, Range<usize>);

/// Reads `windows: {allow: ["SAT-SUN 00:00-06:00 Europe/Berlin"], freeze: [year-end]}`.
pub(super) fn windows(node: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Placed> {
    let mut table = Table::of(node, "windows: {allow: [\"SAT-SUN 00:00-06:00 Europe/Berlin\"]}", errors)?;
    let given = (table.take("allow"), table.take("freeze"));
    let allow = given.0.map(|node| list(node, errors, |node, errors| one(node, Window::parse, errors))).transpose();
    let freeze = given.1.map(|node| list(node, errors, |node, errors| freeze(node, known, errors))).transpose();
    table.done(&[], errors)?;
    if given.0.is_none() && given.1.is_none() {
        let help = "write `allow: [\"SAT-SUN 00:00-06:00 Europe/Berlin\"]`, or take `windows` out";
        return Err(errors.tell(codes::EMPTY_VALUE, &node.owner, "this allows and freezes nothing", help));
    }
    let always = || Window::parse("* 00:00-24:00 UTC").into_iter().collect();
    let windows = Windows { allow: allow?.unwrap_or_else(always), freeze: freeze?.unwrap_or_default().concat() };
    Ok((windows, node.owner.clone()))
}

fn list<T>(
    node: &Node,
    errors: &mut Errors<'_>,
    mut read: impl FnMut(&Node, &mut Errors<'_>) -> Read<T>,
) -> Read<Vec<T>> {
    let nodes = items(node, "[\"..\"]", errors)?;
    if nodes.is_empty() || nodes.len() > ENTRIES_MAX {
        let message = format!("expected 1 to {ENTRIES_MAX} of them");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.owner, message, "say it with fewer, or leave the key out"));
    }
    each(nodes, |node| read(node, errors))
}

fn one<T>(node: &Node, parse: fn(&str) -> Result<T, WindowError>, errors: &mut Errors<'_>) -> Read<T> {
    let given = scalar::text(node, errors)?;
    parse(given).map_err(|error| {
        let zone = given.split_whitespace().last().unwrap_or_default();
        let near = error.message.contains("zone `").then(|| suggest::zone(zone)).flatten();
        let help = near.map_or_else(|| error.help.to_owned(), |near| format!("did you mean `{near}`?"));
        errors.tell(codes::BAD_WINDOW, &node.span, error.message, help)
    })
}

/// Days, or the name that settings give to some.
fn freeze(node: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Vec<Freeze>> {
    let given = scalar::text(node, errors)?;
    if given.contains("..") || given.contains(char::is_whitespace) {
        return one(node, Freeze::parse, errors).map(|freeze| vec![freeze]);
    }
    known.freezes.get(given).cloned().ok_or_else(|| {
        let message = known.none_named("freeze", given);
        let help = match known.freezes.len() {
            0 => "add `[freezes.NAME]` to the settings, or write the days: `12-20..01-04 Europe/Berlin`".to_owned(),
            _ => suggest::help(given, known.freezes.keys().map(String::as_str)),
        };
        errors.tell(codes::UNKNOWN_FREEZE, &node.span, message, help)
    })
}

/// Refuses windows that never open, or open only when the version has ended. Answers with the longest time for which they
/// are closed, in milliseconds, too.
pub(super) fn prove(
    placed: Option<Placed>,
    triggers: &Triggers,
    steps: &[Step],
    errors: &mut Errors<'_>,
) -> Read<Option<(Windows, u64)>> {
    let Some((windows, at)) = placed else { return Ok(None) };
    let Some(closed_ms) = windows.longest_closed_ms() else {
        let help = "take a freeze out, or allow another window";
        return Err(errors.tell(codes::IMPOSSIBLE_WINDOW, &at, "these windows never open", help));
    };
    // beh:G12: from the publishing to the first use the windows must be open.
    let published_ms = |step: &Step| match &step.kind {
        StepKind::Rotate(rotate) => rotate.propagate_ms,
        _ => 0,
    };
    let needed_ms = steps.iter().map(published_ms).max().unwrap_or_default();
    if needed_ms > 0 && needed_ms >= windows.longest_open_ms() {
        let (needed, open) = (in_words(needed_ms), in_words(windows.longest_open_ms()));
        let message =
            format!("a new key is published for {needed} before it signs, and they are open for {open} at most");
        let help = "allow a longer window; in it the key is published, and at its end the key is in use";
        return Err(errors.tell(codes::IMPOSSIBLE_WINDOW, &at, message, help));
    }
    let Some(lives_ms) = steps.iter().filter_map(lifetime_secs).min().map(|secs| secs.saturating_mul(1000)) else {
        return Ok(Some((windows, closed_ms)));
    };
    let left_ms = match (triggers.expiry, &triggers.schedule) {
        (Some(part), _) => lives_ms - lives_ms.saturating_mul(part.numerator.into()) / u64::from(part.denominator),
        (None, Some(schedule)) => {
            let apart = schedule.gaps_ms().map_or(0, |(_, most)| most.saturating_add(schedule.jitter_ms));
            lives_ms.saturating_sub(apart)
        }
        (None, None) => return Ok(Some((windows, closed_ms))),
    };
    if closed_ms < left_ms {
        return Ok(Some((windows, closed_ms)));
    }
    let (closed, left) = (in_words(closed_ms), in_words(left_ms));
    let message = format!("they are closed for up to {closed}, and a version has {left} left when its run begins");
    let help = "open them more often, begin earlier, or make `lifetime` longer";
    Err(errors.tell(codes::IMPOSSIBLE_WINDOW, &at, message, help))
}
