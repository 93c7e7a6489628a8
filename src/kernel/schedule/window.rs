//! When changes may begin: windows of the week, and days on which nothing is changed.
//!
//! A window is the stretch from its first civil time to its second one on each of its days, as the clocks of its zone
//! show them; a freeze is whole days. Both are rules: which instants they mean is asked when it matters.

use std::ops::RangeInclusive;

use countersign_warrant::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};

use super::zone;

/// The names of the days, Monday first.
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// No window opens later than so many days after one asks.
const LOOKED_AT_DAYS: i64 = 3 * 366;

/// The proofs look at so many days: a year of windows, and what lies around.
const PROVEN_DAYS: i64 = 400;

/// And at the freezes of this year and of so many after it, in which each day of a year falls on each day of a week.
const PROVEN_YEARS: i16 = 11;

/// So many openings are looked at for the longest one: those of two months, and more.
const OPENINGS_LOOKED_AT: usize = 64;

/// Windows and freezes together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// A change begins in one of these.
    pub allow: Vec<Window>,
    /// And on none of these days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<Freeze>,
}

/// `SAT-SUN 00:00-06:00 Europe/Berlin`: a stretch of each of these days. It ends on the next day where its second time is
/// not after its first one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    text: String,
    /// Monday first.
    days: [bool; 7],
    /// In minutes of the day; the second may be 1440.
    times: (u16, u16),
    zone: TimeZone,
}

/// `12-20..01-04 Europe/Berlin`: these days of each year, or with years of one; the last one included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Freeze {
    text: String,
    days: Days,
    zone: TimeZone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// Month and day.
    Yearly((i8, i8), (i8, i8)),
    Once(Date, Date),
}

/// A text that is no window, or no freeze.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WindowError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

/// From the first instant to the second one, which is not in it.
type Stretch = (Timestamp, Timestamp);

impl Windows {
    /// Whether a change may begin at this instant.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.frozen_until(at).is_none() && self.allow.iter().any(|window| window.stretch_around(at).is_some())
    }

    /// The first instant from this one on at which a change may begin; `None` where there is none in three years.
    pub fn opens_at(&self, from: Timestamp) -> Option<Timestamp> {
        let last = from.plus_millis(LOOKED_AT_DAYS.unsigned_abs() * 86_400_000);
        let mut at = from;
        while at <= last {
            if let Some(end) = self.frozen_until(at) {
                at = end;
            } else if self.is_open(at) {
                return Some(at);
            } else {
                at = self.allow.iter().filter_map(|window| window.starts_after(at)).min()?;
            }
        }
        None
    }

    /// The first instant after this one, at which they are open, at which they are not.
    pub fn closes_at(&self, open: Timestamp) -> Timestamp {
        let mut at = open;
        // WHY: windows may follow one another without a gap for ever; a year of them says enough.
        while self.is_open(at) && at <= open.plus_millis(366 * 86_400_000) {
            let end = self.allow.iter().filter_map(|window| Some(window.stretch_around(at)?.1)).max();
            let frozen = self.freeze.iter().filter_map(|freeze| freeze.starts_after(at)).min();
            match (end, frozen) {
                (Some(end), Some(frozen)) => at = end.min(frozen),
                (Some(end), None) => at = end,
                (None, _) => return at,
            }
        }
        at
    }

    /// An instant as a clock of the first window's zone shows it.
    pub fn civil(&self, instant: Timestamp) -> String {
        let zone = self.allow.first().map_or(TimeZone::UTC, |window| window.zone.clone());
        super::civil(instant, &zone)
    }

    /// The longest time for which they are closed, in milliseconds; `None` where they never open.
    pub fn longest_closed_ms(&self) -> Option<u64> {
        let start = Timestamp::from_micros(super::LOOKED_FROM_MICROS);
        let mut longest = self.closed_within(start, days_after(start, PROVEN_DAYS))?;
        for (first, end) in self.freeze.iter().flat_map(Freeze::proven) {
            longest = longest.max(self.closed_within(days_after(first, -8), end)?);
        }
        Some(longest)
    }

    /// The longest time for which they are open, of their next openings; in milliseconds.
    pub fn longest_open_ms(&self) -> u64 {
        let mut at = Timestamp::from_micros(super::LOOKED_FROM_MICROS);
        let mut longest = 0;
        for _ in 0..OPENINGS_LOOKED_AT {
            let Some(opens) = self.opens_at(at) else { break };
            at = self.closes_at(opens);
            longest = longest.max(millis_between(opens, at));
        }
        longest
    }

    /// The longest time for which they are closed, of the times that begin within these; all stretches are made once.
    fn closed_within(&self, from: Timestamp, to: Timestamp) -> Option<u64> {
        let last = (to.micros() - from.micros()) / 86_400_000_000 + 9;
        // WHY: only around a freeze are more days asked than are proven, and within it nothing opens, be it millennia.
        let days = (-2..=last.min(PROVEN_DAYS + 2)).chain((last - 16).max(PROVEN_DAYS + 3)..=last);
        let mut open: Vec<Stretch> =
            self.allow.iter().flat_map(|window| window.stretches(from, days.clone())).collect();
        open.sort_unstable();
        let frozen = |at: &Timestamp| self.freeze.iter().flat_map(|freeze| freeze.stretches(*at)).collect::<Vec<_>>();
        let mut freezes: Vec<Stretch> = [&from, &to].into_iter().flat_map(frozen).collect();
        freezes.sort_unstable();
        freezes.dedup();
        let (mut longest, mut closed_since) = (0, from);
        for (start, end) in open.into_iter().filter(|(_, end)| *end > from) {
            if closed_since >= to {
                break;
            }
            let mut at = start.max(closed_since);
            for (first, last) in &freezes {
                if *first <= at && at < *last {
                    at = *last;
                }
                if at < *first && *first < end {
                    longest = longest.max(millis_between(closed_since, at));
                    (closed_since, at) = (*first, *last);
                }
            }
            if at < end {
                longest = longest.max(millis_between(closed_since, at));
                closed_since = end;
            }
        }
        if closed_since < to {
            longest = longest.max(millis_between(closed_since, self.opens_at(closed_since)?));
        }
        Some(longest)
    }

    fn frozen_until(&self, at: Timestamp) -> Option<Timestamp> {
        self.freeze.iter().filter_map(|freeze| Some(freeze.stretch_around(at)?.1)).max()
    }
}

impl std::fmt::Display for Windows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let allow: Vec<&str> = self.allow.iter().map(|window| window.text.as_str()).collect();
        let freeze: Vec<&str> = self.freeze.iter().map(|freeze| freeze.text.as_str()).collect();
        f.write_str(&allow.join(" or "))?;
        if freeze.is_empty() { Ok(()) } else { write!(f, ", but not {}", freeze.join(" or ")) }
    }
}

impl Window {
    /// Reads a window.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [days, times, name] = parts.as_slice() else {
            return Err(wrong("a window is days, times and a zone", "such as `SAT-SUN 00:00-06:00 Europe/Berlin`"));
        };
        let read = (days_of(days), times_of(times), zone_of(name));
        let (days, times, zone) = (read.0?, read.1?, read.2?);
        Ok(Self { text: parts.join(" "), days, times, zone })
    }

    /// The stretches of the days around an instant, in their order.
    fn stretches(&self, around: Timestamp, days: impl Iterator<Item = i64>) -> impl Iterator<Item = Stretch> {
        let today = zoned(around, &self.zone).map(|zoned| zoned.date());
        days.filter_map(move |offset| {
            let date = today?.checked_add(offset.days()).ok()?;
            let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
            if !*self.days.get(weekday)? {
                return None;
            }
            let (start, end) = self.times;
            let last = if end <= start { date.tomorrow().ok()? } else { date };
            Some((self.instant(date, start)?, self.instant(last, end)?))
        })
    }

    fn instant(&self, date: Date, minutes: u16) -> Option<Timestamp> {
        let (date, minutes) = if minutes == 1440 { (date.tomorrow().ok()?, 0) } else { (date, minutes) };
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        Some(stamp(&date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?))
    }

    fn stretch_around(&self, at: Timestamp) -> Option<Stretch> {
        self.stretches(at, -2..=1).find(|(start, end)| *start <= at && at < *end)
    }

    fn starts_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.stretches(at, -1..=8).map(|(start, _)| start).find(|start| *start > at)
    }
}

impl Freeze {
    /// Reads a freeze.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        const HELP: &str =
            "such as `12-20..01-04 Europe/Berlin` for each year, or `2027-03-01..2027-03-14 Europe/Berlin`";
        let parts: Vec<&str> = text.split_whitespace().collect();
        let ([days, name], Some((first, last))) =
            (parts.as_slice(), parts.first().and_then(|days| days.split_once("..")))
        else {
            return Err(wrong("a freeze is a first and a last day, and a zone", HELP));
        };
        let zone = zone_of(name)?;
        let days = match (month_day(first), month_day(last), date_of(first), date_of(last)) {
            (Some(first), Some(last), ..) => Days::Yearly(first, last),
            (.., Some(first), Some(last)) if first <= last => Days::Once(first, last),
            (.., Some(_), Some(_)) => return Err(wrong("its last day comes before its first one", HELP)),
            _ => return Err(wrong(format!("`{days}` are no days"), HELP)),
        };
        Ok(Self { text: parts.join(" "), days, zone })
    }

    /// The stretches of the years around an instant, in their order.
    fn stretches(&self, around: Timestamp) -> Vec<Stretch> {
        let Some(year) = zoned(around, &self.zone).map(|zoned| zoned.year()) else { return Vec::new() };
        self.stretches_of(year - 2..=year + 2)
    }

    /// Those that begin in these years, or the one that there is.
    fn stretches_of(&self, years: RangeInclusive<i16>) -> Vec<Stretch> {
        match self.days {
            Days::Once(first, last) => self.stretch(first, last).into_iter().collect(),
            Days::Yearly(first, last) => years
                .filter_map(|year| {
                    let end = if last < first { year + 1 } else { year };
                    self.stretch(day_of(year, first)?, day_of(end, last)?)
                })
                .collect(),
        }
    }

    /// Those that the proofs look at.
    fn proven(&self) -> Vec<Stretch> {
        let start = zoned(Timestamp::from_micros(super::LOOKED_FROM_MICROS), &self.zone).map(|zoned| zoned.year());
        start.map(|year| self.stretches_of(year..=year + PROVEN_YEARS)).unwrap_or_default()
    }

    fn stretch(&self, first: Date, last: Date) -> Option<Stretch> {
        let midnight = |date: Date| Some(stamp(&date.to_zoned(self.zone.clone()).ok()?));
        // INVARIANT: what is frozen for good is frozen: `..9999-12-31` has no next midnight that could be counted to.
        let end = last.tomorrow().ok().and_then(midnight);
        Some((midnight(first)?, end.unwrap_or(Timestamp::from_micros(jiff::Timestamp::MAX.as_microsecond()))))
    }

    fn stretch_around(&self, at: Timestamp) -> Option<Stretch> {
        self.stretches(at).into_iter().find(|(start, end)| *start <= at && at < *end)
    }

    fn starts_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.stretches(at).into_iter().map(|(start, _)| start).find(|start| *start > at)
    }
}

fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to.micros() - from.micros()) / 1000).unwrap_or_default()
}

fn wrong(message: impl Into<String>, help: &'static str) -> WindowError {
    WindowError { message: message.into(), help }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_microsecond(at.micros()).ok()?.to_zoned(zone.clone()))
}

fn stamp(zoned: &Zoned) -> Timestamp {
    Timestamp::from_micros(zoned.timestamp().as_microsecond())
}

fn days_after(at: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(days.saturating_mul(86_400_000_000)))
}

/// `SAT-SUN`, `MON,WED`, `FRI-MON`, `*`.
fn days_of(text: &str) -> Result<[bool; 7], WindowError> {
    const HELP: &str = "`MON` to `SUN`, ranges such as `SAT-SUN`, lists such as `MON,WED`, or `*`";
    let mut days = [text == "*"; 7];
    let number = |name: &str| {
        let at = DAYS.iter().position(|day| *day == name);
        at.ok_or_else(|| wrong(format!("`{name}` is no day of the week"), HELP))
    };
    for item in text.split(',').filter(|_| text != "*") {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (number(first)?, number(last)?);
        let count = (last + 7 - first) % 7 + 1;
        for at in (first..first + count).map(|at| at % 7) {
            if let Some(day) = days.get_mut(at) {
                *day = true;
            }
        }
    }
    Ok(days)
}

/// `00:00-06:00`, in minutes.
fn times_of(text: &str) -> Result<(u16, u16), WindowError> {
    const HELP: &str = "two times of 24 hours, such as `22:00-04:00`; a whole day is `00:00-24:00`";
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let number = |text: &str| {
            let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| is_plain)
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    };
    let read = text.split_once('-').and_then(|(start, end)| Some((time(start)?, time(end)?)));
    let is_good = |times: &(u16, u16)| times.0 != times.1 && times.0 < 1440;
    read.filter(is_good).ok_or_else(|| wrong(format!("`{text}` are no times of a day"), HELP))
}

fn zone_of(name: &str) -> Result<TimeZone, WindowError> {
    let found = zone(name).filter(|(spelled, _)| spelled == name);
    let help = "write a name of the IANA database, such as `Europe/Berlin` or `UTC`";
    found.map(|(_, zone)| zone).ok_or_else(|| wrong(format!("there is no time zone `{name}`"), help))
}

/// `12-20`.
fn month_day(text: &str) -> Option<(i8, i8)> {
    let date = date_of(&format!("2028-{text}"))?;
    (text.len() == 5).then_some((date.month(), date.day()))
}

/// `2027-03-01`.
fn date_of(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_plain)
}

/// The day of that year; 28 February where there is no 29th.
fn day_of(year: i16, (month, day): (i8, i8)) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, day.min(first.days_in_month())).ok()
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, WindowError> {
        Self::parse(&text)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.text
    }
}

impl TryFrom<String> for Freeze {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, WindowError> {
        Self::parse(&text)
    }
}

impl From<Freeze> for String {
    fn from(freeze: Freeze) -> Self {
        freeze.text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn windows(allow: &[&str], freeze: &[&str]) -> Windows {
        Windows {
            allow: allow.iter().map(|text| Window::parse(text).unwrap()).collect(),
            freeze: freeze.iter().map(|text| Freeze::parse(text).unwrap()).collect(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// beh:T4
    #[test]
    fn windows_open_and_close_as_the_clocks_of_their_zone_show() {
        let berlin = windows(&["SAT-SUN 00:00-06:00 Europe/Berlin"], &[]);
        for (from, opens, closes) in [
            ("2026-11-27T16:00:00Z", "2026-11-27T23:00:00Z", "2026-11-28T05:00:00Z"),
            ("2026-11-28T01:00:00Z", "2026-11-28T01:00:00Z", "2026-11-28T05:00:00Z"),
            ("2026-11-28T05:00:00Z", "2026-11-28T23:00:00Z", "2026-11-29T05:00:00Z"),
            // Clocks go forward at two: the night has an hour less.
            ("2026-03-28T22:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z"),
            // Clocks go back at three: the night has an hour more.
            ("2026-10-24T21:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z"),
        ] {
            let opened = berlin.opens_at(at(from)).unwrap();
            assert_eq!((opened, berlin.closes_at(opened)), (at(opens), at(closes)), "{from}");
        }
    }

    #[test]
    fn a_window_may_end_on_the_next_day_and_follow_another() {
        let night = windows(&["FRI 22:00-04:00 UTC", "SAT 04:00-24:00 UTC", "SUN 00:00-01:00 UTC"], &[]);
        let opened = night.opens_at(at("2026-11-24T00:00:00Z")).unwrap();
        assert_eq!((opened, night.closes_at(opened)), (at("2026-11-27T22:00:00Z"), at("2026-11-29T01:00:00Z")));
        assert!(night.is_open(at("2026-11-28T03:59:59Z")));
        assert_eq!(windows(&["FRI-MON 00:00-24:00 UTC"], &[]).longest_closed_ms(), Some(3 * 86_400_000));
    }

    /// beh:T4
    #[test]
    fn nothing_begins_in_a_freeze() {
        let frozen = windows(&["* 02:00-03:00 UTC"], &["12-20..01-04 UTC", "2027-03-01..2027-03-14 UTC"]);
        assert_eq!(frozen.opens_at(at("2026-12-19T03:00:00Z")), Some(at("2027-01-05T02:00:00Z")));
        assert_eq!(frozen.opens_at(at("2026-12-31T02:30:00Z")), Some(at("2027-01-05T02:00:00Z")));
        assert_eq!(frozen.opens_at(at("2027-03-07T02:30:00Z")), Some(at("2027-03-15T02:00:00Z")));
        assert_eq!(windows(&["SAT 22:00-02:00 UTC", "* 01:00-03:00 UTC"], &[]).longest_open_ms(), 5 * 3_600_000);
        assert_eq!(windows(&["* 02:00-03:00 UTC"], &["01-01..12-31 UTC"]).longest_open_ms(), 0);
        assert_eq!(frozen.longest_closed_ms(), Some(17 * 86_400_000 - 3_600_000));
        // In 2027 the freeze begins on a Monday, a day after the last window, and ends two weeks and a day later.
        let weekly = windows(&["SUN 00:00-01:00 UTC"], &["12-20..01-02 UTC"]);
        assert_eq!(weekly.longest_closed_ms(), Some(21 * 86_400_000 - 3_600_000));
        let always = windows(&["* 00:00-24:00 UTC"], &["02-29..02-29 UTC"]);
        assert_eq!(always.closes_at(at("2028-02-28T12:00:00Z")), at("2028-02-29T00:00:00Z"));
        assert_eq!(always.longest_closed_ms(), Some(86_400_000));
        assert_eq!(windows(&["* 02:00-03:00 UTC"], &["01-01..12-31 UTC"]).longest_closed_ms(), None);
    }

    /// Until further notice is how people write it.
    #[test]
    fn what_is_frozen_until_the_end_of_the_calendar_is_frozen() {
        for last in ["9999-12-29", "9999-12-30", "9999-12-31"] {
            let allow = vec![Window::parse("* 00:00-24:00 UTC").unwrap()];
            for zone in ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"] {
                let freeze = vec![Freeze::parse(&format!("2026-01-01..{last} {zone}")).unwrap()];
                let windows = Windows { allow: allow.clone(), freeze };
                let at = "2026-11-30T12:00:00Z".parse().unwrap();
                assert!(!windows.is_open(at), "{last} {zone}");
                assert_eq!(windows.opens_at(at), None, "{last} {zone}");
                assert_eq!(windows.longest_closed_ms(), None, "{last} {zone}");
            }
        }
    }

    #[test]
    fn a_freeze_may_last_for_years_and_for_millennia() {
        for (first, last, closed, opens) in [
            ("2027-03-01", "2028-03-31", "2027-02-28", "2028-04-01"),
            ("2027-03-01", "2028-04-30", "2027-02-28", "2028-05-01"),
            ("2027-03-01", "2033-03-14", "2027-02-28", "2033-03-15"),
            ("0207-03-09", "2020-03-14", "0207-03-08", "2020-03-15"),
        ] {
            let frozen = windows(&["* 02:00-03:00 UTC"], &[&format!("{first}..{last} UTC")]);
            let longest = millis_between(at(&format!("{closed}T03:00:00Z")), at(&format!("{opens}T02:00:00Z")));
            assert_eq!(frozen.longest_closed_ms(), Some(longest), "{first}");
        }
    }

    #[test]
    fn what_is_no_window_and_no_freeze_is_told() {
        let mut drawn = String::new();
        for text in [
            "",
            "SAT-SUN 00:00-06:00",
            "SAT 0:00-6:00 UTC",
            "SAT 06:00-06:00 UTC",
            "SAT 24:00-01:00 UTC",
            "SAT 00:00-24:01 UTC",
            "SAT 00:60-01:00 UTC",
            "sat 00:00-06:00 UTC",
            "SAT,ZZZ 00:00-06:00 UTC",
            "SAT- 00:00-06:00 UTC",
            "SAT 00:00-06:00 CEST",
            "SAT 00:00-06:00 europe/berlin",
            "SAT 00:00 - 06:00 UTC",
        ] {
            let error = Window::parse(text).unwrap_err();
            writeln!(drawn, "{text:?}: {error}; {}", error.help).unwrap();
        }
        for text in [
            "",
            "year-end",
            "12-20..01-04",
            "12-20 UTC",
            "13-01..13-02 UTC",
            "12-20..2027-01-04 UTC",
            "2027-03-14..2027-03-01 UTC",
            "2027-3-1..2027-3-2 UTC",
            "02-30..03-01 UTC",
            "12-20..01-04 CET/Berlin",
        ] {
            let error = Freeze::parse(text).unwrap_err();
            writeln!(drawn, "{text:?}: {error}; {}", error.help).unwrap();
        }
        insta::assert_snapshot!(drawn);
    }

    proptest! {
        /// The next opening is open, and no quarter of an hour before it is.
        #[test]
        fn the_next_opening_is_the_first_one(
            first in 0usize..7, last in 0usize..7, start in 0u16..96, end in 0u16..=96,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
            from in 1_767_225_600i64..1_893_456_000,
            freeze in prop::option::of((1u8..=12, 1u8..=28)),
        ) {
            prop_assume!(start != end && end - start.min(end) < 96);
            let time = |quarters: u16| format!("{:02}:{:02}", quarters / 4, quarters % 4 * 15);
            let allow = format!("{}-{} {}-{} {zone}", DAYS[first], DAYS[last], time(start), time(end));
            let freeze = freeze.map(|(month, day)| format!("{month:02}-{day:02}..{month:02}-{day:02} {zone}"));
            let windows = windows(&[&allow], &freeze.iter().map(String::as_str).collect::<Vec<_>>());
            let from = Timestamp::from_micros(from / 900 * 900 * 1_000_000);
            let opens = windows.opens_at(from).unwrap();
            prop_assert!(windows.is_open(opens));
            let mut at = from;
            while at < opens {
                prop_assert!(!windows.is_open(at), "{allow}: open at {at}, before {opens}");
                at = at.plus_millis(900_000);
            }
            let closes = windows.closes_at(opens);
            prop_assert!(closes > opens && !windows.is_open(closes));
        }

        /// The longest time for which they are closed is that of a walk from opening to opening.
        #[test]
        fn the_longest_closed_time_is_that_of_a_walk(
            allow in prop::collection::vec((0usize..7, 0usize..7, 0u16..24, 1u16..=24), 1..4),
            freeze in prop::collection::vec((1u8..=12, 1u8..=28, 1u8..=12, 1u8..=28), 0..3),
        ) {
            let allow: Vec<String> = allow
                .into_iter()
                .filter(|(.., start, end)| start != end)
                .map(|(first, last, start, end)| format!("{}-{} {start:02}:00-{end:02}:00 Europe/Berlin", DAYS[first], DAYS[last]))
                .collect();
            prop_assume!(!allow.is_empty());
            let freeze: Vec<String> =
                freeze.into_iter().map(|(m, d, n, e)| format!("{m:02}-{d:02}..{n:02}-{e:02} UTC")).collect();
            let texts = |list: &[String]| list.to_vec();
            let (allow, freeze) = (texts(&allow), texts(&freeze));
            let windows = windows(
                &allow.iter().map(String::as_str).collect::<Vec<_>>(),
                &freeze.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            let start = Timestamp::from_micros(super::super::LOOKED_FROM_MICROS);
            let frozen = windows.freeze.iter().flat_map(Freeze::proven).map(|(first, end)| (days_after(first, -8), end));
            let mut longest = Some(0);
            for (mut at, end) in frozen.chain([(start, days_after(start, PROVEN_DAYS))]) {
                while at < end && longest.is_some() {
                    let Some(open) = windows.opens_at(at) else { longest = None; break };
                    longest = longest.map(|longest: u64| longest.max(millis_between(at, open)));
                    at = windows.closes_at(open);
                }
            }
            prop_assert_eq!(windows.longest_closed_ms(), longest, "{:?} {:?}", allow, freeze);
        }
    }
}
