//! Instants come once each, in order; what was missed follows `catch_up`.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]

use countersign_kernel::schedule::{Cron, zone};

use super::*;

const DAY_MS: u64 = 86_400_000;

fn schedule(cron: &str, catch_up: CatchUp, jitter_ms: u64) -> Schedule {
    let mut schedule = Schedule::new(Cron::parse(cron).unwrap(), zone("Europe/Berlin").unwrap());
    (schedule.catch_up, schedule.jitter_ms) = (catch_up, jitter_ms);
    schedule
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The row as it is arranged at `now`.
fn row(schedule: &Schedule, subject: &str, now: Timestamp) -> DueRow {
    let instant = schedule.next_after(now);
    DueRow {
        workflow: "rotate".to_owned(),
        kind: DueKind::Schedule,
        subject: subject.parse().unwrap(),
        rule: String::new(),
        instant,
        at: instant.map(|instant| schedule.due(subject, instant)),
        tried: 0,
        parked: None,
        notice_at: None,
    }
}

#[test]
fn an_instant_that_has_come_begins_and_the_next_one_is_stored() {
    let weekly = schedule("0 9 * * THU", CatchUp::Once, 0);
    let first = row(&weekly, "local/account/a", at("2026-11-24T00:00:00Z"));
    assert_eq!(first.at, Some(at("2026-11-26T08:00:00Z")));
    let Look::Start { instant, then } = look(&weekly, &first, at("2026-11-26T08:00:00.2Z")) else { panic!("not due") };
    assert_eq!(instant, at("2026-11-26T08:00:00Z"));
    assert_eq!(
        (then.instant, then.at, then.tried),
        (Some(at("2026-12-03T08:00:00Z")), Some(at("2026-12-03T08:00:00Z")), 0)
    );
    assert_eq!(trigger_of(instant).idempotency_key.as_deref(), Some("schedule-2026-11-26T08:00:00.000000Z"));
}

/// beh:R15: after a month down one run stands for all instants, and a thousand subjects do not begin it at once.
#[test]
fn beh_r15_one_run_stands_for_the_missed_ones_and_is_spread() {
    let daily = schedule("0 9 * * *", CatchUp::Once, 0);
    let now = at("2026-12-26T12:00:00Z");
    let mut begins = Vec::new();
    for number in 0..1000 {
        let missed = row(&daily, &format!("local/account/a{number}"), at("2026-11-24T12:00:00Z"));
        let Look::Later(later) = look(&daily, &missed, now) else { panic!("it begins at once") };
        assert_eq!(later.instant, Some(at("2026-11-25T08:00:00Z")), "the first that was missed is the run's key");
        let begin = later.at.unwrap();
        assert!(begin >= now && begin < now.plus_millis(SPREAD_MS));
        begins.push(begin);
        let Look::Start { instant, then } = look(&daily, &later, begin.plus_millis(5)) else { panic!("late again") };
        assert_eq!((Some(instant), then.instant), (later.instant, Some(at("2026-12-27T08:00:00Z"))));
    }
    begins.sort_unstable();
    let most =
        (0..1000).map(|from| begins.iter().skip(from).take_while(|one| **one < begins[from].plus_millis(1000)).count());
    assert!(most.max().unwrap() < 60, "evenly over a minute: some 17 in a second");
}

#[test]
fn what_is_skipped_is_skipped_and_said() {
    let hourly = schedule("0 * * * *", CatchUp::Skip, 0);
    let missed = row(&hourly, "local/account/a", at("2026-11-24T12:30:00Z"));
    let Look::Skip(then) = look(&hourly, &missed, at("2026-11-26T12:30:00Z")) else { panic!("not skipped") };
    assert_eq!(then.at, Some(at("2026-11-26T13:00:00Z")));
    // A minute is no absence.
    assert!(matches!(look(&hourly, &missed, at("2026-11-24T13:01:00Z")), Look::Start { .. }));
    assert!(matches!(look(&hourly, &missed, at("2026-11-24T13:01:00.001Z")), Look::Skip(_)));
}

#[test]
fn all_of_them_run_one_after_the_other_up_to_a_hundred() {
    let hourly = schedule("0 * * * *", CatchUp::All, 0);
    let mut next = row(&hourly, "local/account/a", at("2026-11-24T12:30:00Z"));
    let now = at("2026-11-24T17:30:00Z");
    let mut ran = Vec::new();
    while next.at.is_some_and(|at| at <= now) {
        let Look::Start { instant, then } = look(&hourly, &next, now) else { panic!("not each") };
        ran.push(instant.to_string());
        next = then;
    }
    assert_eq!(ran.len(), 5, "{ran:?}");
    assert_eq!(next.at, Some(at("2026-11-24T18:00:00Z")));
    let missed = row(&hourly, "local/account/a", at("2026-11-24T12:30:00Z"));
    let hundred = missed.at.unwrap().plus_millis(99 * 3_600_000 + 30 * 60_000);
    assert!(matches!(look(&hourly, &missed, hundred), Look::Start { .. }));
    assert!(matches!(look(&hourly, &missed, hundred.plus_millis(3_600_000)), Look::Later(_)), "one stands for them");
}

/// A part of the jitter is the same each time, and an instant that has passed may still be due by it.
#[test]
fn beh_t2_an_instant_within_its_jitter_is_not_lost() {
    let hourly = schedule("0 * * * *", CatchUp::Once, 50 * 60_000);
    for number in 0..200 {
        let subject = format!("local/account/a{number}");
        let first = row(&hourly, &subject, at("2026-11-24T11:30:00Z"));
        let due = first.at.unwrap();
        let late = at("2026-11-24T15:10:00Z");
        let Look::Later(later) = look(&hourly, &first, late) else { panic!("not late") };
        let Look::Start { then, .. } = look(&hourly, &later, later.at.unwrap()) else { panic!("late again") };
        let expected = [at("2026-11-24T15:00:00Z"), at("2026-11-24T16:00:00Z"), at("2026-11-24T17:00:00Z")];
        let expected = expected.into_iter().find(|one| hourly.due(&subject, *one) > later.at.unwrap());
        assert_eq!(then.instant, expected, "{subject}, first due {due}");
    }
}

/// Looked at whenever it is due, each instant of a year comes once, in order, whatever its clock did.
#[test]
fn each_instant_of_a_year_comes_once() {
    for cron in ["0 9 * * THU", "30 2 * * *", "*/30 * * * *", "0 0 1 * *", "0 12 29 2 *", "0 14 1 JAN,APR,JUL,OCT *"] {
        for catch_up in [CatchUp::Once, CatchUp::Skip, CatchUp::All] {
            let schedule = schedule(cron, catch_up, 0);
            let (start, end) = (at("2027-03-01T00:00:00Z"), at("2028-03-01T00:00:00Z"));
            let mut next = row(&schedule, "local/account/a", start);
            let mut came = Vec::new();
            while let Some(due) = next.at.filter(|due| *due < end) {
                let Look::Start { instant, then } = look(&schedule, &next, due.plus_millis(3)) else {
                    panic!("{cron}")
                };
                came.push(instant);
                next = then;
            }
            let all: Vec<Timestamp> =
                std::iter::successors(schedule.next_after(start), |one| schedule.next_after(*one))
                    .take_while(|one| *one < end)
                    .collect();
            assert_eq!(came, all, "{cron} {catch_up:?}");
        }
    }
}

#[test]
fn what_cannot_be_started_is_tried_again_and_not_beyond_the_next_instant() {
    let daily = schedule("0 9 * * *", CatchUp::Once, 0);
    let now = at("2026-11-25T08:00:00Z");
    let first = row(&daily, "local/account/a", at("2026-11-24T12:00:00Z"));
    let Look::Start { then, .. } = look(&daily, &first, now) else { panic!("not due") };
    let (second, moved) = again(&first, &then, now);
    assert_eq!((second.at, second.tried, moved), (Some(now.plus_millis(2 * MINUTE_MS)), 1, false));
    let (third, _) = again(&DueRow { tried: 7, ..first.clone() }, &then, now);
    assert_eq!(third.at, Some(now.plus_millis(256 * MINUTE_MS)));
    let (longest, _) = again(&DueRow { tried: 70, ..first.clone() }, &then, now);
    assert_eq!(longest.at, Some(now.plus_millis(PAUSE_MS_MAX)));
    let soon = DueRow { at: Some(now.plus_millis(DAY_MS / 24 / 60)), ..then };
    assert_eq!(again(&first, &soon, now), (soon.clone(), true));
}

/// beh:R20 Whoever is to be told is told of each time before what is due once, and of none that has passed.
#[test]
fn beh_r20_notices_come_before_what_is_due() {
    let notices = Notices { to: "chat".to_owned(), before_ms: vec![7 * DAY_MS, DAY_MS], text: None };
    let due = at("2026-11-26T08:00:00Z");
    let next = |now: &str| next_notice(Some(&notices), Some(due), at(now));
    assert_eq!(next("2026-11-01T00:00:00Z"), Some(at("2026-11-19T08:00:00Z")));
    assert_eq!(next("2026-11-19T08:00:00Z"), Some(at("2026-11-25T08:00:00Z")));
    assert_eq!(next("2026-11-25T08:00:00Z"), None);
    assert_eq!(
        (next_notice(None, Some(due), at("2026-11-01T00:00:00Z")), next_notice(Some(&notices), None, due)),
        (None, None)
    );
}
