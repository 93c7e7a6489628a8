//! What is taken can be met: rotations with schedules, expiries, lifetimes, windows, freezes and waits, lived through for two
//! years as a scheduler and a runner do it (beh:T3).

use countersign_warrant::Timestamp;
use proptest::prelude::*;

use super::known::with_known;
use crate::schedule::Windows;
use crate::workflow::model::Workflow;
use crate::workflow::{lifetime_secs, parse};

const ROTATION: &str = include_str!("../codes/rotate.yaml");
const HOUR_MS: u64 = 3_600_000;
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const ZONES: [&str; 5] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"];

/// A rotation, as it is written; times in hours.
#[derive(Debug, Clone)]
struct Written {
    on: String,
    windows: Option<String>,
    lives: Option<u64>,
    pause: u64,
    soak: u64,
}

impl Written {
    fn text(&self) -> String {
        let windows = self.windows.as_ref().map(|windows| format!("windows: {windows}\n")).unwrap_or_default();
        let pause = if self.pause == 0 {
            String::new()
        } else {
            format!("  - {{id: pause, wait: {{for: {}h}}}}\n", self.pause)
        };
        let lives = self.lives.map(|hours| format!(", lifetime: {hours}h")).unwrap_or_default();
        ROTATION
            .replace("  expiry: {at: 2/3}\n", &format!("  {}\n", self.on))
            .replace("steps:\n", &format!("{windows}steps:\n{pause}"))
            .replace(", lifetime: 30d", &lives)
            .replace("      adopted: [{connector: local, probe: key_used, within: 10s}]\n", "")
            .replace("soak: 24h", &format!("soak: {}h", self.soak))
    }

    fn read(&self) -> Option<Workflow> {
        with_known(|known| parse("lived.yaml", self.text().as_bytes(), known)).ok()
    }
}

/// One run after the other, for two years from `now` on. Instants that come while a run is under way begin none, as it holds the
/// subject. What is wrong, in words.
///
/// What the proof of windows says of a version's end is said of one that came into use as soon as its run was begun: the waits of
/// the run that made it, and instants that it kept from beginning another, are not in it. Ends are held against that alone.
fn live(workflow: &Workflow, written: &Written, now: Timestamp) -> Result<usize, String> {
    let always = Windows { allow: vec!["* 00:00-24:00 UTC".to_owned().try_into().unwrap()], freeze: vec![] };
    let windows = workflow.windows.as_ref().unwrap_or(&always);
    let closed_ms = windows.longest_closed_ms().ok_or("they never open")?;
    let lives_ms = workflow.steps.iter().find_map(lifetime_secs).map(|secs| secs * 1000);
    let triggers = &workflow.triggers;
    let end = now.plus_millis(2 * 366 * 24 * HOUR_MS);
    let (mut begins, mut ends, mut runs, mut is_promised) = (now, None::<Timestamp>, 0, true);
    while begins < end {
        let asked = begins.plus_millis(written.pause * HOUR_MS);
        let changed = windows.opens_at(asked).ok_or(format!("nothing opens after {asked}"))?;
        if !windows.is_open(changed) || changed > asked.plus_millis(closed_ms) {
            return Err(format!("begun {begins}, it changes at {changed}, closed for {closed_ms} ms at most"));
        }
        if is_promised && ends.is_some_and(|ends| changed >= ends) {
            return Err(format!("begun {begins}, it changes at {changed}; the version in use ended {ends:?}"));
        }
        let over = changed.plus_millis(written.soak * HOUR_MS);
        ends = lives_ms.map(|lives| begins.plus_millis(lives));
        let expires = triggers.expiry.zip(ends).map(|(part, ends)| {
            let left = u64::try_from((ends.micros() - changed.micros()).max(0)).unwrap() / 1000;
            changed.plus_millis(part.of(left)).max(over)
        });
        let mut is_next = true;
        let scheduled = triggers.schedule.as_ref().and_then(|schedule| {
            let all = std::iter::successors(schedule.next_after(begins), |one| schedule.next_after(*one));
            let mut dues =
                all.map(|instant| schedule.due("local/account/payments", instant)).filter(|due| *due > begins);
            dues.find(|due| {
                is_next &= *due > over;
                *due > over
            })
        });
        is_promised = changed == asked && (is_next || triggers.expiry.is_some());
        begins = expires.into_iter().chain(scheduled).min().ok_or("nothing begins any more")?;
        runs += 1;
    }
    Ok(runs)
}

fn trigger() -> impl Strategy<Value = String> {
    let zone = || prop::sample::select(&ZONES[..]);
    let cron = prop_oneof![
        (0u8..24).prop_map(|hour| format!("30 {hour} * * *")),
        (0u8..24, 0usize..7).prop_map(|(hour, day)| format!("0 {hour} * * {}", DAYS[day])),
        (0u8..24, 1u8..=31).prop_map(|(hour, day)| format!("15 {hour} {day} * *")),
        (0u8..24, 1u8..=28).prop_map(|(hour, day)| format!("45 {hour} {day} JAN,APR,JUL,OCT *")),
    ];
    let schedule = (cron, zone(), 0u8..3).prop_map(|(cron, zone, jitter)| {
        let jitter = if jitter == 0 { String::new() } else { format!(", jitter: {jitter}h") };
        format!("schedule: {{cron: \"{cron}\", timezone: {zone}{jitter}}}")
    });
    let expiry = prop::sample::select(&["1/2", "2/3", "3/4", "7/8"][..]).prop_map(|at| format!("expiry: {{at: {at}}}"));
    prop_oneof![
        schedule.clone(),
        expiry.clone(),
        (schedule, expiry).prop_map(|(schedule, expiry)| format!("{schedule}\n  {expiry}")),
    ]
}

fn windows() -> impl Strategy<Value = String> {
    let allow = (0usize..7, 0usize..4, 0u8..24, 1u8..12, prop::sample::select(&ZONES[..])).prop_map(
        |(first, more, start, long, zone)| {
            let last = DAYS[(first + more) % 7];
            format!("\"{}-{last} {start:02}:00-{:02}:00 {zone}\"", DAYS[first], (start + long) % 24)
        },
    );
    let freeze = prop::option::of(prop::sample::select(&["12-20..01-04 UTC", "07-01..07-14 Europe/Berlin"][..]));
    (prop::collection::vec(allow, 1..3), freeze).prop_map(|(allow, freeze)| {
        let freeze = freeze.map(|freeze| format!(", freeze: [\"{freeze}\"]")).unwrap_or_default();
        format!("{{allow: [{}]{freeze}}}", allow.join(", "))
    })
}

fn written() -> impl Strategy<Value = Written> {
    let lives = prop::option::of(prop::sample::select(&[72u64, 168, 240, 336, 504, 720, 1080, 2160][..]));
    let hours = || prop::sample::select(&[0u64, 0, 1, 20, 60][..]);
    (trigger(), prop::option::of(windows()), lives, hours(), hours())
        .prop_map(|(on, windows, lives, pause, soak)| Written { on, windows, lives, pause, soak })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn beh_t3_what_is_taken_can_be_met(written in written(), hours in 0u64..24 * 365) {
        if let Some(workflow) = written.read() {
            let now = "2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(hours * HOUR_MS);
            let lived = live(&workflow, &written, now);
            prop_assert!(lived.is_ok(), "{}\n{}", lived.unwrap_err(), written.text());
        }
    }
}
