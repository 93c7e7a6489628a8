//! Times as a person says them: how long, how long ago, and what a clock on the wall shows.

use countersign_warrant::Timestamp;
use jiff::tz::TimeZone;

use super::tell::seconds;

/// Between a number and its unit: no line is broken there, and every output has a plain space in its place. A letter of
/// private use, which no text of a person's has.
pub(super) const GLUE: char = '\u{f0000}';

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];

/// A time in its two largest units, to the nearest of the smaller: `3 d 4 h`.
pub(super) fn span(secs: u64) -> String {
    let secs = match secs {
        86_400.. => (secs + 1800) / 3600 * 3600,
        3600.. => (secs + 30) / 60 * 60,
        _ => secs,
    };
    let Some(at) = UNITS.iter().position(|(unit, _)| secs >= *unit) else { return format!("0{GLUE}s") };
    let said = |(unit, word): (u64, &str), of: u64| format!("{}{GLUE}{word}", of / unit);
    let first = said(UNITS[at], secs);
    let rest = secs % UNITS[at].0;
    match UNITS.get(at + 1) {
        Some(next) if rest >= next.0 => format!("{first}{GLUE}{}", said(*next, rest)),
        _ => first,
    }
}

/// A time in its largest unit alone: `3 d`.
pub(super) fn short(secs: u64) -> String {
    let unit = UNITS.iter().find(|(unit, _)| secs >= *unit);
    unit.map_or_else(|| format!("0{GLUE}s"), |(unit, word)| format!("{}{GLUE}{word}", secs / unit))
}

/// From the one to the other, in whole seconds; nothing where it is the other way round.
pub(super) fn secs_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.micros().saturating_sub(from.micros()) / 1_000_000).unwrap_or_default()
}

/// How far an instant is away: `in 3 d 4 h`, `2 h ago`, `now`.
pub(super) fn away(now: Timestamp, at: Timestamp) -> String {
    match (secs_between(now, at), secs_between(at, now)) {
        (0, 0) => "now".to_owned(),
        (0, past) => format!("{}{GLUE}ago", span(past)),
        (coming, _) => format!("in{GLUE}{}", span(coming)),
    }
}

/// An instant as the clock of this machine shows it, with its offset.
pub(super) fn local(at: Timestamp) -> String {
    let shown = jiff::Timestamp::from_microsecond(at.micros()).map(|at| at.to_zoned(TimeZone::system()));
    shown.map_or_else(|_| at.to_string(), |zoned| zoned.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string())
}

/// The text on one line, wherever lines are broken.
pub(super) fn glued(text: &str) -> String {
    text.replace(' ', &GLUE.to_string())
}

/// An instant in full: in UTC, on a clock, and how far away.
pub(super) fn instant(now: Timestamp, at: Timestamp, civil: &str) -> String {
    format!("{} ({}), {}", seconds(&at.to_string()), glued(civil), away(now, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        let said = [0, 59, 60, 61, 3600, 3661, 90_000, 86_400 * 90 - 1].map(span).map(|said| said.replace(GLUE, " "));
        assert_eq!(said, ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "1 d 1 h", "90 d"]);
        assert_eq!([0, 59, 3661, 90_000].map(short).map(|said| said.replace(GLUE, " ")), ["0 s", "59 s", "1 h", "1 d"]);
    }

    #[test]
    fn what_is_past_is_ago() {
        let noon = Timestamp::from_micros(1_795_000_000_000_000);
        let said =
            [noon, noon.plus_millis(90_000), Timestamp::from_micros(0)].map(|at| away(noon, at).replace(GLUE, " "));
        assert_eq!(&said[..2], ["now", "in 1 min 30 s"]);
        assert_eq!(said[2], "20775 d 11 h ago");
    }
}
