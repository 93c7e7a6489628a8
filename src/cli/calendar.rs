//! `countersign calendar`: what schedules and expiries make due, day by day.

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_kernel::schedule::Schedule;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{ResourceName, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::Stop;
use super::arguments::Calendar;
use super::screen::Screen;
use super::spans::glued;
use super::stop::{BAD_INPUT, DONE};
use super::tell::seconds;
use crate::catalog::Catalog;
use crate::clock::{Clock as _, SystemClock};
use crate::folder::Folder;
use crate::scheduler::{Active, Due, Renewal, defaults};
use crate::settings::Settings;
use crate::{OpenError, Reading, known};

const DAY_MS: u64 = 86_400_000;

/// Instants of one schedule at most: one that fires each second would fill any screen.
const EACH_MAX: usize = 1000;

/// One run that falls due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row {
    at: Timestamp,
    workflow: String,
    subject: ResourceName,
    /// `schedule` or `expiry`.
    trigger: &'static str,
    /// The instant as a clock of the schedule's zone shows it.
    #[serde(skip)]
    civil: String,
}

/// Shows what is due.
pub(super) async fn calendar(data: Option<PathBuf>, asked: &Calendar, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    let reading = Reading::open(&path).await?;
    let settings = Settings::load(&reading.folder.settings_path()).map_err(OpenError::Settings)?;
    let catalog = Catalog::of_manifests(&settings);
    let active = Active::load(&reading.store, &known(&catalog)).await?;
    let now = SystemClock.now();
    let from = match &asked.from {
        Some(day) => first_of(day)?,
        None => now,
    };
    let until = from.plus_millis(u64::from(asked.days) * DAY_MS);
    let (mut due, mut cut) = (Vec::new(), Vec::new());
    for workflow in active.set.workflows.values() {
        let name = &workflow.metadata.name;
        if let Some(schedule) = &workflow.triggers.schedule {
            let persons = reading.persons(workflow, &BTreeMap::new())?;
            let subject = countersign_kernel::plan::subject_of(workflow, &defaults(workflow, &persons)?)?;
            let of_it = instants(schedule, (name, &subject), from, until);
            if of_it.len() == EACH_MAX {
                cut.push(name.clone());
            }
            due.extend(of_it);
        }
        due.extend(renewal(&reading, workflow, now).await?.filter(|row| row.at >= from && row.at < until));
    }
    due.sort();
    if asked.ics {
        Screen::raw(&ics(&due));
        return Ok(DONE);
    }
    screen.document(&json!({"from": from, "until": until, "due": due, "cut_short": cut}));
    for row in &due {
        let first = format!("{}  ", seconds(&row.at.to_string()));
        let civil = if row.civil.is_empty() { String::new() } else { format!(", {}", glued(&row.civil)) };
        screen.say_wrapped(&first, &format!("{} on {} ({}{civil})", row.workflow, row.subject, row.trigger));
    }
    if due.is_empty() {
        screen.say(format!("nothing is due until {}", seconds(&until.to_string())));
    }
    if !cut.is_empty() {
        screen.say_wrapped("and so on: ", &format!("{} (the first {EACH_MAX} of each are shown)", cut.join(", ")));
    }
    Ok(DONE)
}

/// Midnight of a day, in UTC.
fn first_of(day: &str) -> Result<Timestamp, Stop> {
    format!("{day}T00:00:00Z").parse().map_err(|_| {
        let text = format!("`{day}` is no day");
        Stop::new(BAD_INPUT, "calendar.day", text, "write it as `2026-12-24`")
    })
}

/// The instants of a schedule whose runs are due from then until then.
fn instants(
    schedule: &Schedule,
    (workflow, subject): (&str, &ResourceName),
    from: Timestamp,
    until: Timestamp,
) -> Vec<Row> {
    // WHY: an instant before the first day may be due in it, by its part of the jitter.
    let earlier = i64::try_from(schedule.jitter_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
    let start = Timestamp::from_micros(from.micros().saturating_sub(earlier).saturating_sub(1));
    std::iter::successors(schedule.next_after(start), |instant| schedule.next_after(*instant))
        .take_while(|instant| *instant < until)
        .map(|instant| schedule.due(subject.as_str(), instant))
        .filter(|at| *at >= from && *at < until)
        .take(EACH_MAX)
        .map(|at| Row {
            at,
            workflow: workflow.to_owned(),
            subject: subject.clone(),
            trigger: "schedule",
            civil: schedule.civil(at),
        })
        .collect()
}

/// When the renewal of a workflow's subject falls due; now, where it is overdue.
async fn renewal(reading: &Reading, workflow: &Workflow, now: Timestamp) -> Result<Option<Row>, Stop> {
    let persons = reading.persons(workflow, &BTreeMap::new())?;
    let renewal = Renewal::of(&reading.store, workflow, &persons, now).await?;
    Ok(renewal.and_then(|renewal| {
        let at = match renewal.due {
            Due::Now => now,
            Due::NotYet { at, .. } => at,
            Due::UnderWay(_) => return None,
        };
        let subject = renewal.version.subject;
        Some(Row { at, workflow: workflow.metadata.name.clone(), subject, trigger: "expiry", civil: String::new() })
    }))
}

/// An iCalendar of what is due (RFC 5545): each an event without a length.
fn ics(due: &[Row]) -> String {
    let product = format!("PRODID:-//Countersign//{}//EN", env!("CARGO_PKG_VERSION"));
    let mut text = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", &product, "X-WR-CALNAME:Countersign"] {
        text.push_str(&folded(line));
    }
    for row in due {
        let at = format!("{}Z", seconds(&row.at.to_string()).replace(['-', ':', 'Z'], ""));
        let uid = format!("{}-{}-{}@countersign", row.trigger, row.workflow, row.at);
        let summary = format!("{} on {}", row.workflow, row.subject);
        for line in [
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}", escaped(&uid)),
            format!("DTSTAMP:{at}"),
            format!("DTSTART:{at}"),
            format!("SUMMARY:{}", escaped(&summary)),
            format!("DESCRIPTION:due by {}", row.trigger),
            "END:VEVENT".to_owned(),
        ] {
            text.push_str(&folded(&line));
        }
    }
    text + &folded("END:VCALENDAR")
}

/// A text value (RFC 5545 section 3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A content line with its end; what is longer than 75 bytes goes on in lines that begin with a space (section 3.1).
fn folded(line: &str) -> String {
    let (mut text, mut bytes) = (String::new(), 0);
    for c in line.chars() {
        if bytes + c.len_utf8() > 75 {
            text.push_str("\r\n ");
            bytes = 1;
        }
        text.push(c);
        bytes += c.len_utf8();
    }
    text + "\r\n"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use countersign_kernel::schedule::{Cron, zone};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn instants_within_their_jitter_are_shown_when_they_are_due() {
        let mut daily = Schedule::new(Cron::parse("0 0 * * *").unwrap(), zone("UTC").unwrap());
        let subject: ResourceName = "local/account/a".parse().unwrap();
        let days = |schedule: &Schedule| {
            instants(schedule, ("rotate", &subject), at("2026-12-01T00:00:00Z"), at("2026-12-04T00:00:00Z"))
        };
        let plain: Vec<Timestamp> = days(&daily).into_iter().map(|row| row.at).collect();
        assert_eq!(plain, ["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z"].map(at));
        daily.jitter_ms = 12 * 3_600_000;
        let spread = days(&daily);
        assert_eq!(spread.len(), 3);
        assert!(spread.iter().all(|row| row.at >= at("2026-12-01T00:00:00Z") && row.at < at("2026-12-04T00:00:00Z")));
        let each_second = Schedule::new(Cron::parse("* * * * * *").unwrap(), zone("UTC").unwrap());
        assert_eq!(days(&each_second).len(), EACH_MAX);
    }

    #[test]
    fn calendars_read_it() {
        let row = Row {
            at: at("2026-12-03T08:00:00Z"),
            workflow: "rotate".to_owned(),
            subject: "local/account/a".parse().unwrap(),
            trigger: "schedule",
            civil: String::new(),
        };
        let text = ics(&[row]);
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "DTSTART:20261203T080000Z", "SUMMARY:rotate on local/account/a"]
        {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
        }
        assert!(text.contains("UID:schedule-rotate-2026-12-03T08:00:00.000000Z@countersign\r\n"), "{text}");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VEVENT\r\nEND:VCALENDAR\r\n"), "{text}");
        assert_eq!(escaped("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
        let long = folded(&"\u{e9}".repeat(80));
        assert!(long.split("\r\n").all(|line| line.len() <= 75), "{long}");
        assert_eq!(long.replace("\r\n ", ""), format!("{}\r\n", "\u{e9}".repeat(80)));
        assert_eq!(first_of("2026-13-01").unwrap_err().code, "calendar.day");
    }
}
