//! The next instant of civil times in a zone.
//!
//! Time is looked at in stretches between two changes of the zone's offset: inside one, civil times and instants go
//! side by side.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::Cron;

/// Stretches that are looked at: more than the longest time between two instants has, 29 February around 2100.
const STRETCHES_MAX: usize = 64;

/// Nanoseconds are not asked for.
fn time(hour: i8, minute: i8, second: i8) -> Option<Time> {
    Time::new(hour, minute, second, 0).ok()
}

/// The first instant after `asked`.
pub(super) fn next_after(cron: &Cron, zone: &TimeZone, asked: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let mut from = asked;
    for _ in 0..STRETCHES_MAX {
        let stretch = Stretch::around(zone, from);
        if let Some(found) = stretch.first_after(cron, asked) {
            return Some(found);
        }
        from = stretch.end?;
    }
    None
}

/// Instants of one offset.
struct Stretch {
    offset: Offset,
    /// Where it begins, and the offset before it; `None` before the zone's first change.
    start: Option<(jiff::Timestamp, Offset)>,
    /// The first instant after it.
    end: Option<jiff::Timestamp>,
}

impl Stretch {
    fn around(zone: &TimeZone, instant: jiff::Timestamp) -> Self {
        let second = jiff::SignedDuration::from_secs(1);
        // WHY: `preceding` is strict, and a stretch holds its own first instant.
        let start = instant
            .checked_add(second)
            .ok()
            .and_then(|after| zone.preceding(after).find(|change| change.timestamp() <= instant));
        let before = |at: jiff::Timestamp| at.checked_sub(second).ok().map(|earlier| zone.to_offset(earlier));
        Self {
            offset: zone.to_offset(instant),
            start: start.and_then(|change| Some((change.timestamp(), before(change.timestamp())?))),
            end: zone.following(instant).next().map(|change| change.timestamp()),
        }
    }

    /// The first instant of the stretch that is after `asked`.
    fn first_after(&self, cron: &Cron, asked: jiff::Timestamp) -> Option<jiff::Timestamp> {
        if let Some((start, before)) = self.start
            && cron.fixed_hours
            && start > asked
            && let (skipped, resumed) = (before.to_datetime(start), self.offset.to_datetime(start))
            && first_civil(cron, skipped).is_some_and(|civil| civil < resumed)
        {
            return Some(start);
        }
        let mut from = self.offset.to_datetime(asked.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?);
        if let Some((start, before)) = self.start {
            from = from.max(self.offset.to_datetime(start));
            if cron.fixed_hours {
                // WHY: until here a clock that went back shows what it has shown before.
                from = from.max(before.to_datetime(start));
            }
        }
        let found = self.offset.to_timestamp(first_civil(cron, from)?).ok()?;
        self.end.is_none_or(|end| found < end).then_some(found)
    }
}

/// The first civil time of the cron text that is not before `from`.
fn first_civil(cron: &Cron, from: DateTime) -> Option<DateTime> {
    // WHY: civil times are whole seconds.
    let from = if from.subsec_nanosecond() == 0 {
        from
    } else {
        from.with().subsec_nanosecond(0).build().ok()?.checked_add(jiff::SignedDuration::from_secs(1)).ok()?
    };
    let today = first_date(cron, from.date())?;
    if today == from.date() {
        if let Some(time) = first_time(cron, from.time()) {
            return Some(today.to_datetime(time));
        }
        return first_date(cron, today.tomorrow().ok()?)?.to_datetime(first_time(cron, Time::midnight())?).into();
    }
    Some(today.to_datetime(first_time(cron, Time::midnight())?))
}

fn first_date(cron: &Cron, from: Date) -> Option<Date> {
    let mut date = from;
    loop {
        if !cron.months.contains(&date.month()) {
            date = date.last_of_month().tomorrow().ok()?;
            continue;
        }
        let by_day = cron.days.contains(&date.day());
        let by_weekday = cron.weekdays.contains(&date.weekday().to_sunday_zero_offset());
        if if cron.either_day { by_day || by_weekday } else { by_day && by_weekday } {
            return Some(date);
        }
        date = date.tomorrow().ok()?;
    }
}

fn first_time(cron: &Cron, from: Time) -> Option<Time> {
    let first = |values: &std::collections::BTreeSet<i8>| values.first().copied();
    for hour in cron.hours.range(from.hour()..).copied() {
        if hour > from.hour() {
            return time(hour, first(&cron.minutes)?, first(&cron.seconds)?);
        }
        for minute in cron.minutes.range(from.minute()..).copied() {
            let least = if minute > from.minute() { 0 } else { from.second() };
            if let Some(second) = cron.seconds.range(least..).next().copied() {
                return time(hour, minute, second);
            }
        }
    }
    None
}
