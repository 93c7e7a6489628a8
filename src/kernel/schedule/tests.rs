mod second;

use std::fmt::Write as _;

use countersign_warrant::Timestamp;
use croner::parser::{CronParser, Seconds};
use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::*;

fn schedule(cron: &str, zone_name: &str) -> Schedule {
    Schedule::new(Cron::parse(cron).unwrap(), zone(zone_name).unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first `count` instants after `from`, as UTC.
fn instants(cron: &str, zone_name: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = schedule(cron, zone_name);
    let next = |earlier: &Timestamp| schedule.next_after(*earlier);
    std::iter::successors(Some(at(from)), next).skip(1).take(count).map(|found| schedule.civil(found)).collect()
}

/// beh:T1
#[test]
fn a_gap_runs_at_the_first_instant_after_it_and_a_fold_runs_fixed_hours_once() {
    let mut drawn = String::new();
    for (cron, zone, from, count) in [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
        ("15,45 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3),
        ("0 0 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
        ("15 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", 4),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:20:00Z", 4),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1),
        ("0,59 1-3 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", 7),
        ("30 */2 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", 4),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 6),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 3),
        ("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1),
        ("0 0 31 * *", "UTC", "2026-01-01T00:00:00Z", 4),
        ("0 0 13 * FRI", "UTC", "2026-02-01T00:00:00Z", 6),
        ("0 9 * * 1-5", "America/New_York", "2026-11-26T00:00:00Z", 4),
        ("0 9 * * 7", "America/New_York", "2026-11-26T00:00:00Z", 1),
        ("0 9 * * FRI-SUN", "America/New_York", "2026-11-26T00:00:00Z", 3),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
        ("0 12 * * *", "Pacific/Apia", "2011-12-28T12:00:00Z", 3),
        ("59 59 23 31 12 *", "UTC", "2037-01-01T00:00:00Z", 2),
    ] {
        writeln!(drawn, "{cron}  {zone}").unwrap();
        for found in instants(cron, zone, from, count) {
            writeln!(drawn, "    {found}").unwrap();
        }
    }
    insta::assert_snapshot!(drawn);
}

#[test]
fn what_programs_read_differently_is_refused() {
    let mut drawn = String::new();
    for text in [
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-2 * * * *",
        "*/0 * * * *",
        "5/15 * * * *",
        "*/61 * * * *",
        "? * * * *",
        "* * ? * *",
        "* * L * *",
        "* * 15W * *",
        "* * * * 5L",
        "* * * * TUE#2",
        "@daily",
        ", * * * *",
        "1, * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "-1 * * * *",
        "* * * JANUARY *",
        "* * * * MONDAY",
        "* * * * SAT-MON",
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "001 * * * *",
        "* * * * 1-5/0",
        "\u{661} * * * *",
        "* * * * */8",
    ] {
        let error = Cron::parse(text).unwrap_err();
        writeln!(drawn, "{text:?}: {error}; {}", error.help()).unwrap();
    }
    insta::assert_snapshot!(drawn);
    for text in ["0 0 30 2 MON", "0 0 * feb *", "\t0  9 * * thu ", "00 09 * * *", "1,1 * * * *", "* * * * 5-7"] {
        assert!(Cron::parse(text).is_ok(), "{text}");
    }
}

/// The oracle reads the same text as ours: five fields or six, either day where both are restricted.
fn oracle(cron: &str) -> croner::Cron {
    CronParser::builder().seconds(Seconds::Optional).build().parse(cron).unwrap()
}

/// Where ours and the oracle differ in `count` instants after `from`, as a line.
fn difference(cron: &str, zone_name: &str, from: Timestamp, count: usize) -> Option<String> {
    let ours = schedule(cron, zone_name);
    let theirs = oracle(cron);
    let zone = TimeZoneDatabase::bundled().get(zone_name).unwrap();
    let mut at = from;
    for _ in 0..count {
        let asked = jiff::Timestamp::from_microsecond(at.micros()).unwrap().to_zoned(zone.clone());
        let found = ours.next_after(at).unwrap();
        let wanted = theirs.find_next_occurrence(&asked, false).unwrap();
        if found.micros() != wanted.timestamp().as_microsecond() {
            return Some(format!("`{cron}` in {zone_name} after {at}: {} and not {wanted}", ours.civil(found)));
        }
        at = found;
    }
    None
}

/// Zones of every kind of rule: whole and half hours, gaps at midnight, Ramadan, rules that ended, none.
const ZONES: [&str; 40] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Chisinau",
    "Atlantic/Azores",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/St_Johns",
    "America/Halifax",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Asuncion",
    "America/Scoresbysund",
    "America/Nuuk",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
];

fn field(least: u8, most: u8) -> impl Strategy<Value = String> {
    let value = least..=most;
    let range = (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (2u8..=most.min(9)).prop_map(|step| format!("*/{step}")),
        3 => value.clone().prop_map(|value| value.to_string()),
        1 => range.clone(),
        1 => (range, 2u8..=5).prop_map(|(range, step)| format!("{range}/{step}")),
        1 => prop::collection::btree_set(value, 1..4)
            .prop_map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
    ]
}

/// A minute and an hour that both programs count as fixed, or both as not.
///
/// The oracle repeats nothing in a fold when minute and hour are one plain number each; our rule asks the hour alone,
/// so that `*/15 2` and `0 1-3` repeat nothing either. The goldens of gaps and folds hold these.
fn time() -> impl Strategy<Value = (String, String)> {
    let unfixed = prop_oneof![
        2 => Just("*".to_owned()),
        1 => (2u8..=9).prop_map(|step| format!("*/{step}")),
        1 => (0u8..=23, 0u8..=23, 2u8..=5)
            .prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
    ];
    prop_oneof![
        1 => (0u8..=59, 0u8..=23).prop_map(|(minute, hour)| (minute.to_string(), hour.to_string())),
        1 => (field(0, 59), unfixed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// beh:T1
    #[test]
    fn the_instants_are_those_of_another_implementation(
        (minute, hour) in time(),
        fields in (field(1, 28), field(1, 12), field(0, 7)),
        zone in prop::sample::select(&ZONES[..]),
        // 2024 to 2044.
        from in 1_704_067_200i64..2_335_219_200,
    ) {
        let (day, month, weekday) = fields;
        let cron = format!("{minute} {hour} {day} {month} {weekday}");
        let found = difference(&cron, zone, Timestamp::from_micros(from * 1_000_000), 12);
        prop_assert_eq!(found, None);
    }

    /// beh:T2
    #[test]
    fn jitter_is_the_same_each_time_and_within_its_spread(subject in "[a-z]{1,9}", minutes in 0i64..1_000_000) {
        let mut schedule = schedule("* * * * *", "UTC");
        let instant = Timestamp::from_micros(minutes * 60_000_000);
        prop_assert_eq!(schedule.due(&subject, instant), instant);
        schedule.jitter_ms = 30_000;
        let due = schedule.due(&subject, instant);
        prop_assert_eq!(due, schedule.due(&subject, instant));
        prop_assert!(due >= instant && due < instant.plus_millis(30_000));
    }
}

/// beh:T2
#[test]
fn jitter_spreads_the_subjects_of_one_instant() {
    let mut schedule = schedule("0 9 * * *", "UTC");
    schedule.jitter_ms = 60_000;
    let instant = at("2026-11-26T09:00:00Z");
    let mut in_quarter = [0u32; 4];
    for number in 0..1000 {
        let late =
            (schedule.due(&format!("local/account/a{number}"), instant).micros() - instant.micros()) / 15_000_000;
        in_quarter[usize::try_from(late).unwrap()] += 1;
    }
    assert!(in_quarter.iter().all(|count| (200..300).contains(count)), "{in_quarter:?}");
}

#[test]
fn the_shortest_and_the_longest_time_between_runs_are_known() {
    let hours = |cron: &str, zone: &str| {
        let (least, most) = schedule(cron, zone).gaps_ms().unwrap();
        (least / 3_600_000, most / 3_600_000)
    };
    assert_eq!(hours("0 9 * * *", "UTC"), (24, 24));
    assert_eq!(hours("0 9 * * *", "Europe/Berlin"), (23, 25));
    assert_eq!(hours("0 9 1 * *", "UTC"), (28 * 24, 31 * 24));
    assert_eq!(hours("0 0 29 2 *", "UTC"), (1461 * 24, 1461 * 24));
}

/// Zones of the machine are never asked: each name is one of the database inside.
#[test]
fn zones_are_known_by_their_names_only() {
    assert_eq!(zone("europe/berlin").unwrap().0, "Europe/Berlin");
    for name in ["", "+01:00", "CEST", "Europe/Belrin", "/etc/passwd", "../UTC", "local", "Etc/Unknown"] {
        assert!(zone(name).is_none(), "{name}");
    }
    assert!(zone_names().len() > 500);
}
