//! `countersign serve`: what is due runs, once; being started is no reason to run anything.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::{Folder, Running};

const ROTATE: &str = "workflows/rotate-reporting-key.yaml";

/// A folder whose rotation a schedule starts.
fn scheduled(cron: &str, catch_up: &str) -> Folder {
    let folder = Folder::toured();
    let schedule = format!("  schedule: {{cron: \"{cron}\", timezone: UTC, catch_up: {catch_up}}}\n  expiry:");
    folder.edit(ROTATE, "  expiry:", &schedule);
    folder.activate();
    folder
}

/// Serves until so many runs are done, and stops it.
fn serve_until_done(folder: &Folder, runs: usize) -> String {
    let mut serving = folder.start(&["serve"]);
    for _ in 0..runs {
        serving.reaches("reporting: done:");
    }
    stop(serving)
}

fn stop(serving: Running) -> String {
    serving.signal("TERM");
    let told = serving.end().ended(0);
    assert!(told.out.contains("stopped at a safe point"), "{}", told.out);
    told.out
}

/// The keys of the runs that the rotation's triggers began, oldest first.
fn keys(folder: &Folder) -> Vec<String> {
    let keys: String = folder.ask(
        "select coalesce(group_concat(trigger_key, ' '), '') from (select trigger_key from runs
         where workflow = 'rotate-reporting-key' and trigger_key >= 'e' order by started_at)",
    );
    keys.split_whitespace().filter(|key| !key.starts_with("quickstart")).map(str::to_owned).collect()
}

fn not_due(folder: &Folder) -> i64 {
    folder.ask("select count(*) from entries where kind = 'not-due'")
}

/// rel:P3 One due instant is one run, whose key names the instant.
#[test]
fn rel_p3_each_instant_of_a_schedule_is_one_run() {
    let folder = scheduled("*/2 * * * * *", "once");
    let plan = folder.run(&["activate".to_owned(), folder.path("workflows").display().to_string()]).ended(0);
    let words: Vec<&str> = plan.out.split_whitespace().collect();
    assert!(
        words.join(" ").contains("started by the clock: rotate-ledger-database, rotate-legacy-login,"),
        "{}",
        plan.out
    );
    let out = serve_until_done(&folder, 3);
    assert!(out.contains("serving: 8 triggers by the clock, 0 open runs"), "{out}");
    let ran = keys(&folder);
    assert!(ran.len() >= 3, "{ran:?}");
    let instants: Vec<u64> =
        ran.iter().map(|key| key.strip_prefix("schedule-").unwrap().get(17..19).unwrap().parse().unwrap()).collect();
    assert!(instants.iter().all(|second| second % 2 == 0), "{ran:?}");
    assert!(instants.windows(2).all(|pair| (pair[0] + 2) % 60 == pair[1]), "each, and once: {ran:?}");
    folder.verifies();
}

/// inv:I10 What is started again and again begins nothing, and writes nothing.
#[test]
fn inv_i10_serving_is_no_trigger() {
    let folder = Folder::toured();
    let before = folder.verifies();
    for _ in 0..3 {
        let mut serving = folder.start(&["serve"]);
        serving.reaches("serving: 7 triggers by the clock, 0 open runs");
        sleep(Duration::from_millis(300));
        stop(serving);
    }
    assert_eq!(folder.verifies(), before);
}

/// beh:X13 A version that comes near its end is renewed, again and again, each time from what was really made.
#[test]
fn beh_x13_what_comes_near_its_end_is_renewed() {
    let folder = Folder::toured();
    folder.edit(ROTATE, "lifetime: 90d", "lifetime: 6s");
    folder.edit(ROTATE, "expiry: {at: 2/3}", "expiry: {at: 1/2}");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    serve_until_done(&folder, 2);
    let ran = keys(&folder);
    assert!(ran.iter().all(|key| key.starts_with("expiry-local/account/reporting@")), "{ran:?}");
    assert!(ran.len() >= 2 && ran.windows(2).all(|pair| pair[0] != pair[1]), "{ran:?}");
    folder.verifies();
}

/// rel:P4 A wait is a row: who is killed in it, and started again, carries the run on when it is over.
#[test]
fn rel_p4_a_wait_outlives_the_process() {
    let folder = scheduled("*/30 * * * * *", "once");
    folder.edit(ROTATE, "soak: 50ms", "soak: 3s");
    folder.activate();
    // The instant is now: nobody waits half a minute in a test.
    let moved: i64 = folder.ask(
        "update due set at = 1 + cast(unixepoch('subsec') * 1000000 as integer) where kind = 'schedule' and workflow = 'rotate-reporting-key' returning 1",
    );
    assert_eq!(moved, 1);
    let mut serving = folder.start(&["serve"]);
    serving.reaches("rotate-reporting-key on local/account/reporting: until");
    serving.signal("KILL");
    drop(serving);
    let began = Instant::now();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("1 open runs");
    serving.reaches("reporting: done:");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    stop(serving);
    folder.verifies();
}

/// beh:R15 What was missed while nobody looked is one run, none, or each, as the workflow says.
#[test]
fn beh_r15_what_was_missed_follows_catch_up() {
    const AN_HOUR_AGO: &str = "update due set instant = (cast(unixepoch() / 60 as integer) * 60 - 240) * 1000000,
        at = (cast(unixepoch() / 60 as integer) * 60 - 240) * 1000000 where kind = 'schedule' and workflow = 'rotate-reporting-key' returning 1";
    for (catch_up, runs) in [("once", 1), ("skip", 0), ("all", 4)] {
        let folder = scheduled("0 * * * * *", catch_up);
        let _: i64 = folder.ask(AN_HOUR_AGO);
        let mut serving = folder.start(&["serve"]);
        serving.reaches("serving");
        match catch_up {
            "skip" => serving.reaches("NOT begun [schedule.skipped]"),
            _ => (0..runs).for_each(|_| serving.reaches("reporting: done:")),
        }
        stop(serving);
        let ran = keys(&folder);
        // A minute may begin while it serves.
        assert!((runs..=runs + 1).contains(&ran.len()), "{catch_up}: {ran:?}");
        assert_eq!(not_due(&folder), i64::from(catch_up == "skip"), "{catch_up}");
        folder.verifies();
    }
}

/// A trigger that cannot begin a run says so in an entry, and the next instant comes all the same.
#[test]
fn a_trigger_that_begins_nothing_is_recorded() {
    let folder = scheduled("*/2 * * * * *", "once");
    folder.edit(ROTATE, "soak: 50ms", "soak: 60s");
    folder.activate();
    let mut serving = folder.start(&["serve", "--json"]);
    serving.reaches("\"kind\":\"wait\"");
    serving.reaches("\"code\":\"run.held\"");
    serving.reaches("\"code\":\"run.held\"");
    serving.signal("TERM");
    let told = serving.end().ended(0);
    for line in told.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["at"].is_string() && event["kind"].is_string(), "{line}");
    }
    assert!(not_due(&folder) >= 2);
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(story.out.contains("run.held"), "{}", story.out);
    folder.verifies();
}

#[test]
fn there_must_be_something_to_serve() {
    let folder = Folder::new();
    folder.run(&["serve"]).ended(2).says(&["error[folder.missing]"]);
    let toured = Folder::toured();
    let mut serving = toured.start(&["serve"]);
    serving.reaches("serving");
    toured.run(&["serve"]).ended(7).says(&["error[folder.held]", "serve"]);
    stop(serving);
}
