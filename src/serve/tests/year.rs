//! A year of workflows, a month without a server, and a clock that is set wrong.
//!
//! The workflows are real ones on the embedded directory. Their accounts are not there, so that each run is judged, finds
//! nothing to rotate, waits where it says so, and closes: what is looked at here is when it does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use countersign_kernel::schedule::Schedule;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{Kind, Timestamp};

use super::house::{Began, House};
use crate::clock::Clock as _;
use crate::serve::Said;

/// The clock stops at whole multiples of this: less than what counts as missed.
const GRAIN: Duration = Duration::from_secs(20);

const DAY_MS: u64 = 86_400_000;

/// So many runs of the team `narrow` are open at once.
const AT_ONCE: usize = 5;

/// How many workflows there are; `COUNTERSIGN_YEAR_WORKFLOWS` says otherwise.
const WORKFLOWS: usize = 200;

/// Zones with gaps and folds at all hours, and without.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "America/St_Johns",
    "Asia/Tehran",
    "Africa/Cairo",
    "America/Havana",
    "Pacific/Apia",
];

/// What a workflow's schedule says: mostly once in a quarter or a month. A run takes some 20 ms in this build, so that a year of
/// two thousand is what fits into a minute.
fn cron(number: usize) -> String {
    let (minute, hour) = (number % 60 / 5 * 5, number % 24);
    match number % 50 {
        0 => format!("30 2 * * {}", number / 50 % 7),
        1 => format!("{minute} {hour} 15 * MON"),
        2 => format!("0 30 1,13 {} * *", number / 50 % 28 + 1),
        3 => "59 59 23 31 * *".to_owned(),
        4 => "15 */12 29 * *".to_owned(),
        5..=24 => format!("{minute} {hour} {} * *", number % 28 + 1),
        _ => format!("{minute} {hour} {} JAN,APR,JUL,OCT *", number % 31 + 1),
    }
}

fn workflow(number: usize) -> (String, String) {
    let name = format!("year-{number:04}");
    // Those of one team fall due at once, and each of them is open for half a minute.
    let is_narrow = number % 25 == 7;
    let (team, cron) = if is_narrow { ("narrow", "0 4 1 * *".to_owned()) } else { ("wide", cron(number)) };
    let zone = if is_narrow { "UTC" } else { ZONES[number / 3 % ZONES.len()] };
    let jitter = if number % 20 == 9 { ", jitter: 45m" } else { "" };
    let wait = if is_narrow { "  - {id: pause, wait: {for: 30s}}\n" } else { "" };
    let text = format!(
        "apiVersion: countersign/v1
kind: Workflow
metadata: {{name: {name}, owner: {{team: {team}, person: dana@example.com}}, purpose: a year of instants}}
subject: {{connector: local, kind: account, name: a{number:04}}}
on: {{schedule: {{cron: \"{cron}\", timezone: {zone}, catch_up: once{jitter}}}}}
steps:
  - {{id: gate, policy: {{action: rotate}}}}
{wait}  - id: rotate
    when: context.facts.exists
    rotate:
      strategy: dual_slot
      generate: {{length: 43, alphabet: url_safe}}
      distribute: [{{to: files/client, path: a{number:04}, fields: {{key: \"${{{{ steps.rotate.key }}}}\"}}}}]
      soak: 1h
  - {{id: seal, evidence: {{retain: 1y}}}}
"
    );
    (name, text)
}

/// The schedules, with the names of their workflows and subjects.
fn schedules(workflows: &BTreeMap<String, Workflow>) -> BTreeMap<String, (Schedule, String)> {
    let of = |workflow: &Workflow| {
        let number = workflow.metadata.name.strip_prefix("year-").unwrap();
        (workflow.triggers.schedule.clone().unwrap(), format!("local/account/a{number}"))
    };
    workflows.iter().map(|(name, workflow)| (name.clone(), of(workflow))).collect()
}

/// The instants after `start` whose run is due by `end`.
fn instants(schedule: &Schedule, subject: &str, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let all = std::iter::successors(schedule.next_after(start), |one| schedule.next_after(*one));
    all.take_while(|one| *one <= end).filter(|one| schedule.due(subject, *one) <= end).collect()
}

/// The most runs of the narrow team that were open at once.
fn most_open(began: &[Began]) -> usize {
    let narrow: Vec<&Began> = began.iter().filter(|run| run.team.as_deref() == Some("narrow")).collect();
    let is_open = |run: &Began, at: Timestamp| run.at <= at && run.closed.is_none_or(|end| end > at);
    narrow.iter().map(|run| narrow.iter().filter(|other| is_open(other, run.at)).count()).max().unwrap_or_default()
}

/// beh:T1, beh:R15, rel:F21, rel:F22, rel:F23, inv:I10.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_a_month_without_a_server_and_a_wrong_clock() {
    let number = std::env::var("COUNTERSIGN_YEAR_WORKFLOWS").ok().and_then(|number| number.parse().ok());
    let workflows: Vec<(String, String)> = (0..number.unwrap_or(WORKFLOWS)).map(workflow).collect();
    let settings = format!("[teams.narrow]\nat_once = {AT_ONCE}");
    let began = Instant::now();
    let mut house = House::new("2027-01-02T13:00:00Z", &settings, &workflows).await;
    let schedules = schedules(&house.workflows);
    assert_eq!(schedules.len(), workflows.len());
    house.serve().await;
    house.settle().await;
    assert_eq!(house.count(Kind::Started).await, 0, "being started begins nothing");
    let told = |what: &str, runs: usize| println!("{:7.1} s: {what}, {runs} runs", began.elapsed().as_secs_f64());
    told("serving", 0);

    let year = (house.clock.now(), "2028-01-02T13:00:00Z".parse().unwrap());
    house.go_on_until(year.1, GRAIN).await;
    let runs = house.began().await;
    begun_when_due(&runs, &schedules);
    each_instant_once(&runs, &schedules, year);
    assert_eq!(most_open(&runs), AT_ONCE);
    told("a year", runs.len());

    house.stop().await;
    let down = (house.clock.now(), house.clock.now().plus_millis(31 * DAY_MS));
    house.clock.advance(Duration::from_millis(31 * DAY_MS));
    house.serve().await;
    house.settle().await;
    let at_once = house.count(Kind::Started).await - runs.len();
    assert!(at_once < schedules.len() / 50, "{at_once} runs begin at once after a month");
    house.go_on_until(down.1.plus_millis(3_600_000), Duration::from_secs(1)).await;
    let (year, all) = (runs.len(), house.began().await);
    one_for_all_missed(&all[year..], &schedules, down);
    assert_eq!(most_open(&all), AT_ONCE);
    told("a month without a server", all.len() - year);

    let from = house.clock.now();
    let is_behind = |said: &Said| matches!(said, Said::ClockBehind { .. });
    wrong_by(&mut house, -365 * 86_400, is_behind).await;
    let is_ahead = |said: &Said| matches!(said, Said::ClockAhead { .. });
    wrong_by(&mut house, 3652 * 86_400, is_ahead).await;
    let now = house.clock.now();
    house.go_on_until(now.plus_millis(20 * DAY_MS), GRAIN).await;
    assert_eq!(house.count(Kind::Clock).await, 2, "each time an entry says so");
    let after = house.began().await.split_off(all.len());
    assert!(after.len() > schedules.len() / 20, "{}", after.len());
    each_instant_once(&after, &schedules, (from, house.clock.now()));
    told("twenty days after the clock was wrong twice", after.len());
    house.stop().await;
}

/// The wall is set by so many seconds for an hour, and set right again. Nothing begins meanwhile.
async fn wrong_by(house: &mut House, secs: i64, is_told: impl Fn(&Said) -> bool) {
    let (right, before) = (house.clock.now(), house.count(Kind::Started).await);
    house.clock.jump(Timestamp::from_micros(right.micros() + secs * 1_000_000));
    while !is_told(&house.hears().await) {}
    for _ in 0..60 {
        house.clock.advance(Duration::from_mins(1));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(house.count(Kind::Started).await, before, "nothing begins");
    let entries = house.count(Kind::Clock).await;
    house.clock.jump(right.plus_millis(3_600_000));
    while house.count(Kind::Clock).await == entries {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Each run was begun when it was due, or as soon as its limit let it.
fn begun_when_due(began: &[Began], schedules: &BTreeMap<String, (Schedule, String)>) {
    for run in began {
        let (schedule, subject) = &schedules[&run.workflow];
        let due = schedule.due(subject, run.instant);
        let late_ms = if run.team.as_deref() == Some("narrow") { 3_600_000 } else { 21_000 };
        assert!(run.at >= due && run.at <= due.plus_millis(late_ms), "{run:?}, due at {due}");
        assert!(run.closed.is_some(), "{run:?}");
    }
}

/// Each instant of that time has one run, in their order, and no other has.
fn each_instant_once(
    began: &[Began],
    schedules: &BTreeMap<String, (Schedule, String)>,
    (start, end): (Timestamp, Timestamp),
) {
    let mut found = BTreeMap::<&str, Vec<Timestamp>>::new();
    for run in began {
        found.entry(&run.workflow).or_default().push(run.instant);
    }
    for (name, (schedule, subject)) in schedules {
        let wanted = instants(schedule, subject, start, end);
        assert_eq!(found.remove(name.as_str()).unwrap_or_default(), wanted, "{name} {schedule:?}");
    }
}

/// One run stands for all that a workflow missed, by the key of the first one; they are spread.
fn one_for_all_missed(
    began: &[Began],
    schedules: &BTreeMap<String, (Schedule, String)>,
    (start, end): (Timestamp, Timestamp),
) {
    let mut in_second = BTreeMap::<i64, usize>::new();
    for (name, (schedule, subject)) in schedules {
        let mine: Vec<Timestamp> = began.iter().filter(|run| run.workflow == *name).map(|run| run.instant).collect();
        let missed = instants(schedule, subject, start, end);
        // What fell due in the hour since has runs of its own.
        let since = instants(schedule, subject, end, end.plus_millis(3_600_000));
        let wanted: Vec<Timestamp> = missed.first().into_iter().chain(&since).copied().collect();
        assert_eq!(mine, wanted, "{name} {schedule:?}");
    }
    for run in began {
        assert!(run.at >= end, "{run:?}");
        *in_second.entry(run.at.micros() / 1_000_000).or_default() += 1;
    }
    let most = in_second.values().max().copied().unwrap_or_default();
    assert!(most <= began.len() / 60 * 3 + 5, "{most} of {} begin in one second", began.len());
}
