//! Reads `on: schedule`, and proves that its instants come neither too often nor too seldom.

use std::ops::Range;

use super::errors::{Errors, Read};
use super::model::Step;
use super::scalar::{self, shortened};
use super::table::Table;
use super::tree::Node;
use super::{codes, lifetime_secs, suggest};
use crate::schedule::{CatchUp, Cron, Schedule, zone};

/// A schedule, and the bytes of its key.
pub(super) type Placed = (Schedule, Range<usize>);

/// Reads `schedule: {cron, timezone, jitter, catch_up}`.
pub(super) fn schedule(node: &Node, errors: &mut Errors<'_>) -> Read<Placed> {
    let mut table = Table::of(node, "schedule: {cron: \"0 9 * * THU\", timezone: Europe/Berlin}", errors)?;
    let cron = table.need("cron", "\"0 9 * * THU\"", errors).and_then(|node| cron(node, errors));
    let zone = table.need("timezone", "Europe/Berlin", errors).and_then(|node| self::zone_of(node, errors));
    let jitter = table.take("jitter");
    let jitter_ms = jitter.map_or(Ok(0), |node| scalar::duration_ms(node, errors));
    let catch_up = table.take("catch_up");
    let catch_up = catch_up.map_or(Ok(CatchUp::Once), |node| scalar::word(node, &CatchUp::WORDS, &[], errors));
    table.done(&[], errors)?;
    let mut schedule = Schedule::new(cron?, zone?);
    (schedule.jitter_ms, schedule.catch_up) = (jitter_ms?, catch_up?);
    let least = schedule.gaps_ms().map(|(least, _)| least);
    if let (Some(least), Some(node)) = (least, jitter)
        && schedule.jitter_ms >= least
    {
        let message = format!("runs are {} apart at least, and the jitter is as long", in_words(least));
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, "make it shorter: runs keep their order"));
    }
    Ok((schedule, node.owner.clone()))
}

fn cron(node: &Node, errors: &mut Errors<'_>) -> Read<Cron> {
    let given = scalar::text(node, errors)?;
    Cron::parse(given).map_err(|error| {
        let message = format!("`{}` is no cron text: {error}", shortened(given));
        errors.tell(codes::BAD_CRON, &node.span, message, error.help())
    })
}

fn zone_of(node: &Node, errors: &mut Errors<'_>) -> Read<(String, jiff::tz::TimeZone)> {
    let given = scalar::text(node, errors)?;
    let found = zone(given);
    // WHY: a name is spelt in one way, so that a search for it finds every file.
    let spelt = match found {
        Some(found) if found.0 == given => return Ok(found),
        Some(found) => Some(found.0),
        None => None,
    };
    let help = spelt.or_else(|| suggest::zone(given)).map_or_else(
        || "write a name of the IANA database, such as `Europe/Berlin` or `UTC`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(errors.tell(codes::BAD_ZONE, &node.span, format!("there is no time zone `{}`", shortened(given)), help))
}

/// Refuses a schedule that lets a version end before it is replaced.
pub(super) fn prove(
    placed: Option<Placed>,
    has_expiry: bool,
    steps: Option<&[Step]>,
    errors: &mut Errors<'_>,
) -> Read<Option<Schedule>> {
    let Some((schedule, at)) = placed else { return Ok(None) };
    let shortest = steps.into_iter().flatten().filter_map(lifetime_secs).min();
    let longest_ms = schedule.gaps_ms().map_or(0, |(_, most)| most.saturating_add(schedule.jitter_ms));
    if let Some(lifetime) = shortest
        && !has_expiry
        && longest_ms >= lifetime.saturating_mul(1000)
    {
        let (apart, lives) = (in_words(longest_ms), in_words(lifetime.saturating_mul(1000)));
        let message = format!("runs are up to {apart} apart, and a version lives {lives}");
        let help = "run more often, make `lifetime` longer, or add `expiry: {at: 2/3}`";
        return Err(errors.tell(codes::SCHEDULE_TOO_RARE, &at, message, help));
    }
    Ok(Some(schedule))
}

/// A duration as a file writes it, in the two largest units that it has.
pub(super) fn in_words(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let mut rest = ms;
    let parts = units.into_iter().filter_map(|(length, word)| {
        let number = rest / length;
        rest %= length;
        (number > 0).then(|| format!("{number}{word}"))
    });
    let parts: Vec<String> = parts.take(2).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}
