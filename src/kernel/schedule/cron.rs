//! Cron text: five fields, or six with the seconds first.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr as _;

use cron::TimeUnitSpec as _;

/// The civil times of a cron text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    pub(super) seconds: BTreeSet<i8>,
    pub(super) minutes: BTreeSet<i8>,
    pub(super) hours: BTreeSet<i8>,
    pub(super) days: BTreeSet<i8>,
    pub(super) months: BTreeSet<i8>,
    /// 0 is Sunday.
    pub(super) weekdays: BTreeSet<i8>,
    /// True when both day of month and weekday are restricted: either is enough then.
    pub(super) either_day: bool,
    /// True when each hour is named: they run once where a clock shows them twice.
    pub(super) fixed_hours: bool,
}

/// Why a text is not cron, or could never fire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Neither five fields nor six.
    #[error("a cron text has 5 fields, or 6 with the seconds first; this one has {0}")]
    Fields(usize),
    /// A field that cannot be read.
    #[error("the {field} `{text}` cannot be read")]
    Field {
        /// What the field is.
        field: &'static str,
        /// As it stands.
        text: String,
        /// Where it stands in the text.
        at: Range<usize>,
        /// What can stand there.
        help: &'static str,
    },
    /// No month of the months has any of the days.
    #[error("no month of these ever has such a day, so that it never fires")]
    Never,
}

impl CronError {
    /// What to write instead.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Fields(_) => "minute, hour, day of month, month, weekday: `0 9 * * THU` is each Thursday at 9",
            Self::Field { help, .. } => help,
            Self::Never => "name a day that the month has; February has 29 at most",
        }
    }
}

/// A field of the text: what it is, how far it goes, what can stand there.
struct Field {
    name: &'static str,
    names: &'static [&'static str],
    help: &'static str,
}

const NUMBERS: &str = "a number, a range such as `1-5`, a list such as `1,3`, `*`, or steps such as `*/2`";

const SECOND: Field = Field { name: "second", names: &[], help: NUMBERS };
const MINUTE: Field = Field { name: "minute", names: &[], help: NUMBERS };
const HOUR: Field = Field { name: "hour", names: &[], help: "from 0 to 23; ranges go upwards: `22-23,0-2`" };
const DAY: Field =
    Field { name: "day of month", names: &[], help: "from 1 to 31; `L`, `W` and `?` are not known here" };
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const MONTH: Field = Field { name: "month", names: &MONTHS, help: "from 1 to 12, or `JAN` to `DEC`" };
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const WEEKDAY: Field = Field {
    name: "weekday",
    names: &WEEKDAYS,
    help: "from 0 to 7 (0 and 7 are Sunday), or `MON` to `SUN`; `L` and `#` are not known here",
};

impl Cron {
    /// Reads a cron text.
    ///
    /// # Errors
    /// When it cannot be read, or could never fire.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields = fields_of(text);
        let (second, rest) = match fields.as_slice() {
            [second, rest @ ..] if rest.len() == 5 => (Some(second), rest),
            rest => (None, rest),
        };
        let [minute, hour, day, month, weekday] = rest else { return Err(CronError::Fields(fields.len())) };
        let cron = Self {
            text: fields.iter().map(|field| field.0).collect::<Vec<_>>().join(" "),
            seconds: second.map_or(Ok(BTreeSet::from([0])), |field| values(&SECOND, 0, field))?,
            minutes: values(&MINUTE, 1, minute)?,
            hours: values(&HOUR, 2, hour)?,
            days: values(&DAY, 3, day)?,
            months: values(&MONTH, 4, month)?,
            weekdays: weekdays(weekday)?,
            either_day: day.0 != "*" && weekday.0 != "*",
            fixed_hours: !hour.0.contains(['*', '/']),
        };
        if cron.fires() { Ok(cron) } else { Err(CronError::Never) }
    }

    /// The text, with one space between its fields.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True when a month of the months has a day of the days, in some year.
    fn fires(&self) -> bool {
        let days_of = |month: i8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // WHY: every month has every weekday, so that only the day of month can be missing.
        self.either_day || self.months.iter().any(|month| self.days.iter().any(|day| *day <= days_of(*month)))
    }
}

/// The fields, each with its place in the text.
fn fields_of(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut fields = Vec::new();
    let mut at = 0;
    for piece in text.split([' ', '\t']) {
        if !piece.is_empty() {
            fields.push((piece, at..at + piece.len()));
        }
        at += piece.len() + 1;
    }
    fields
}

fn unreadable(field: &Field, (text, at): &(&str, Range<usize>)) -> CronError {
    CronError::Field { field: field.name, text: (*text).to_owned(), at: at.clone(), help: field.help }
}

/// An item of a field's list.
struct Item<'a> {
    /// `None` for `*`.
    range: Option<(&'a str, Option<&'a str>)>,
    step: Option<&'a str>,
}

/// The items of a field: `*`, `*/2`, `1`, `1-5`, `1-5/2`. Anything else is read differently by different programs.
fn items<'a>(field: &Field, given: &(&'a str, Range<usize>)) -> Result<Vec<Item<'a>>, CronError> {
    let is_value = |text: &str| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number || field.names.iter().any(|name| name.eq_ignore_ascii_case(text))
    };
    let item = |text: &'a str| {
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let range = match (range, range.split_once('-')) {
            ("*", _) => None,
            (_, Some((first, last))) => Some((first, Some(last))),
            (single, None) => Some((single, None)),
        };
        let is_good = match range {
            None => true,
            Some((first, Some(last))) => is_value(first) && is_value(last),
            Some((single, None)) => is_value(single) && step.is_none(),
        };
        let is_step = |step: &str| is_value(step) && step.parse().is_ok_and(|step: u8| step > 0);
        (is_good && step.is_none_or(is_step)).then_some(Item { range, step })
    };
    let found: Option<Vec<Item<'a>>> = given.0.split(',').map(item).collect();
    found.ok_or_else(|| unreadable(field, given))
}

/// The values of a field, as the `cron` crate reads them.
fn values(field: &Field, place: usize, given: &(&str, Range<usize>)) -> Result<BTreeSet<i8>, CronError> {
    items(field, given)?;
    let mut whole = ["0", "0", "0", "1", "1", "*"];
    if let Some(slot) = whole.get_mut(place) {
        *slot = given.0;
    }
    let read = cron::Schedule::from_str(&whole.join(" ")).map_err(|_| unreadable(field, given))?;
    let values: Vec<u32> = match place {
        0 => read.seconds().iter().collect(),
        1 => read.minutes().iter().collect(),
        2 => read.hours().iter().collect(),
        3 => read.days_of_month().iter().collect(),
        _ => read.months().iter().collect(),
    };
    Ok(values.into_iter().filter_map(|value| i8::try_from(value).ok()).collect())
}

/// The weekdays; 0 is Sunday. The `cron` crate counts them from Sunday as 1, so that they are read here.
fn weekdays(given: &(&str, Range<usize>)) -> Result<BTreeSet<i8>, CronError> {
    let number = |text: &str| match WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        Some(at) => i8::try_from(at).ok(),
        None => text.parse().ok().filter(|number| (0..=7).contains(number)),
    };
    let mut found = BTreeSet::new();
    for item in items(&WEEKDAY, given)? {
        let ends = match item.range {
            None => Some((0, 6)),
            Some((single, None)) => number(single).map(|day| (day, day)),
            Some((first, Some(last))) => match (number(first), number(last)) {
                // WHY: a week may be named up to its Sunday: `FRI-SUN`.
                (Some(first), Some(0)) if first > 0 => Some((first, 7)),
                (Some(first), Some(last)) => Some((first, last)),
                _ => None,
            },
        };
        let step = item.step.map_or(Some(1), |step| step.parse::<usize>().ok().filter(|step| *step <= 7));
        let (Some((first, last)), Some(step)) = (ends, step) else { return Err(unreadable(&WEEKDAY, given)) };
        if first > last {
            return Err(unreadable(&WEEKDAY, given));
        }
        found.extend((first..=last).step_by(step).map(|day| day % 7));
    }
    Ok(found)
}
