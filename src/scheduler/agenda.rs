//! The rows of what falls due by itself, and what one of them comes to at an instant: functions of the row, the workflow and
//! the time, so that a year of them can be looked at in seconds.

use std::collections::BTreeMap;

use countersign_kernel::plan::{self, Persons, PlanError};
use countersign_kernel::run::bodies::{SCHEDULED, Trigger, TriggerKind};
use countersign_kernel::schedule::{CatchUp, Schedule};
use countersign_kernel::workflow::model::{Notices, Workflow};
use countersign_warrant::{ResourceName, Timestamp};
use serde_json::Value;

use crate::store::{DueKind, DueRow};

/// A run that begins later than this after it was due was missed: nobody looked. In milliseconds.
pub const LATE_MS: u64 = 60_000;

/// One run that stands for missed ones begins within this time from when somebody looks again, or within the schedule's own
/// jitter where that is longer: a thousand of them must not begin at once. In milliseconds.
pub const SPREAD_MS: u64 = 60_000;

/// So many missed instants run one after the other where a workflow says `all`; where more were missed, one run stands for all.
pub const MISSED_MAX: usize = 100;

/// The longest pause after a run that could not be started, in milliseconds.
const PAUSE_MS_MAX: u64 = 6 * 3_600_000;

const MINUTE_MS: u64 = 60_000;

/// What a row of a schedule comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The run of this instant begins now; the row goes on to `then` once it has.
    Start {
        /// Which instant of the schedule.
        instant: Timestamp,
        /// The row afterwards.
        then: DueRow,
    },
    /// Instants were missed, and the one run for them begins later.
    Later(DueRow),
    /// Instants were missed, and nothing stands for them.
    Skip(DueRow),
    /// The schedule has no further instant.
    Over(DueRow),
}

/// The inputs of a run that nobody asks for: each is its default.
///
/// # Errors
/// When a default is missing; the loader refuses such a workflow.
pub fn defaults(workflow: &Workflow, persons: &Persons) -> Result<BTreeMap<String, Value>, PlanError> {
    plan::resolve_inputs(workflow, &BTreeMap::new(), persons)
}

/// The rows of a workflow, as they are where nothing was arranged before: the next instant of its schedule after `now`, and a
/// look at its renewal at once.
///
/// # Errors
/// When its defaults make no subject.
pub fn rows(workflow: &Workflow, persons: &Persons, now: Timestamp) -> Result<Vec<DueRow>, PlanError> {
    let triggers = &workflow.triggers;
    if triggers.schedule.is_none() && triggers.expiry.is_none() {
        return Ok(Vec::new());
    }
    let subject = plan::subject_of(workflow, &defaults(workflow, persons)?)?;
    let row = |kind: DueKind, rule: String, instant: Option<Timestamp>, at: Option<Timestamp>| DueRow {
        workflow: workflow.metadata.name.clone(),
        kind,
        subject: subject.clone(),
        rule,
        instant,
        at,
        tried: 0,
        parked: None,
        notice_at: next_notice(workflow.notices.as_ref(), at, now),
    };
    let told = workflow.notices.as_ref().map_or_else(String::new, |notices| format!(" told {:?}", notices.before_ms));
    let scheduled = triggers.schedule.as_ref().map(|schedule| {
        let instant = schedule.next_after(now);
        let at = instant.map(|instant| schedule.due(subject.as_str(), instant));
        row(DueKind::Schedule, schedule_rule(schedule, &subject) + &told, instant, at)
    });
    let renewed = triggers.expiry.map(|expiry| {
        let rule = format!("{}/{} {subject}{told}", expiry.numerator, expiry.denominator);
        row(DueKind::Expiry, rule, None, Some(Timestamp::from_micros(0)))
    });
    Ok(scheduled.into_iter().chain(renewed).collect())
}

/// When somebody is told next that `at` comes near, after `now` (beh:R20).
pub fn next_notice(notices: Option<&Notices>, at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let at = at?;
    let before = |ms: &u64| {
        let micros = i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX);
        Timestamp::from_micros(at.micros().saturating_sub(micros))
    };
    notices?.before_ms.iter().map(before).filter(|told| *told > now).min()
}

/// All that the instants of a row follow from.
fn schedule_rule(schedule: &Schedule, subject: &ResourceName) -> String {
    let catch_up = schedule.catch_up.as_str();
    format!("{} {} {} {catch_up} {subject}", schedule.cron.as_str(), schedule.zone_name, schedule.jitter_ms)
}

/// What a row of that schedule comes to at `now`, its `at` being over (beh:R15).
pub fn look(schedule: &Schedule, row: &DueRow, now: Timestamp) -> Look {
    let (Some(instant), Some(at)) = (row.instant, row.at) else { return Look::Over(stopped(row)) };
    let following = || match following(schedule, row, instant, now) {
        Some((instant, at)) => DueRow { instant: Some(instant), at: Some(at), tried: 0, parked: None, ..row.clone() },
        None => stopped(row),
    };
    let is_late = now > at.plus_millis(LATE_MS);
    if !is_late {
        let then = if schedule.catch_up == CatchUp::All { each_next(schedule, row, instant) } else { following() };
        return Look::Start { instant, then };
    }
    match schedule.catch_up {
        CatchUp::Skip => Look::Skip(following()),
        CatchUp::All if missed_at_most(schedule, instant, now) => {
            Look::Start { instant, then: each_next(schedule, row, instant) }
        }
        CatchUp::Once | CatchUp::All => {
            let next = schedule.next_after(now).map_or(u64::MAX, |next| millis_between(now, next));
            let spread = schedule.jitter_ms.max(SPREAD_MS).min(next / 2);
            let at = now.plus_millis(schedule.part(row.subject.as_str(), instant, spread));
            Look::Later(DueRow { at: Some(at), parked: None, ..row.clone() })
        }
    }
}

/// The first instant after this one whose run is due after `now`, and when it is due: those between them were missed.
fn following(schedule: &Schedule, row: &DueRow, instant: Timestamp, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    // WHY: an instant that has passed may still be due, by its part of the jitter; one before that is not.
    let jitter = i64::try_from(schedule.jitter_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
    let from = Timestamp::from_micros(now.micros().saturating_sub(jitter)).max(instant);
    let mut next = schedule.next_after(from)?;
    loop {
        let at = schedule.due(row.subject.as_str(), next);
        if at > now {
            return Some((next, at));
        }
        next = schedule.next_after(next)?;
    }
}

/// The very next instant, also where it has passed.
fn each_next(schedule: &Schedule, row: &DueRow, instant: Timestamp) -> DueRow {
    match schedule.next_after(instant) {
        Some(next) => {
            let at = Some(schedule.due(row.subject.as_str(), next));
            DueRow { instant: Some(next), at, tried: 0, parked: None, ..row.clone() }
        }
        None => stopped(row),
    }
}

fn stopped(row: &DueRow) -> DueRow {
    DueRow { instant: None, at: None, tried: 0, parked: None, ..row.clone() }
}

/// Whether at most [`MISSED_MAX`] instants from this one on have passed.
fn missed_at_most(schedule: &Schedule, instant: Timestamp, now: Timestamp) -> bool {
    let passed = std::iter::successors(Some(instant), |one| schedule.next_after(*one)).take_while(|one| *one <= now);
    passed.take(MISSED_MAX + 1).count() <= MISSED_MAX
}

fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to.micros() - from.micros()) / 1000).unwrap_or_default()
}

/// The row after its run could not be started for now: it is tried again after two minutes, then four, and so on up to six
/// hours, but not beyond its next instant. `true` where that one comes first.
pub fn again(row: &DueRow, then: &DueRow, now: Timestamp) -> (DueRow, bool) {
    let doubled = u32::try_from(row.tried).ok().and_then(|tried| 2_u64.checked_pow(tried.saturating_add(1)));
    let pause = doubled.map_or(PAUSE_MS_MAX, |minutes| minutes.saturating_mul(MINUTE_MS)).min(PAUSE_MS_MAX);
    let at = now.plus_millis(pause);
    if then.at.is_some_and(|next| next <= at) {
        return (then.clone(), true);
    }
    (DueRow { at: Some(at), tried: row.tried + 1, ..row.clone() }, false)
}

/// The trigger of an instant: two of one key are one.
pub fn trigger_of(instant: Timestamp) -> Trigger {
    Trigger {
        kind: TriggerKind::Schedule,
        asked_by: None,
        idempotency_key: Some(format!("{SCHEDULED}{instant}")),
        event: None,
    }
}

#[cfg(test)]
mod tests;
