//! `countersign serve`: what is due runs, once; being started is no reason to run anything.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::{Folder, Running};

const ROTATE: &str = "workflows/rotate-reporting-key.yaml";

/// A folder whose rotation is over within a second: it does not wait until its client is seen with the new key.
fn quick() -> Folder {
    let folder = Folder::toured();
    folder.edit(ROTATE, "      adopted:\n        - {connector: local, probe: key_used, within: 10s}\n", "");
    folder
}

/// A folder whose rotation a schedule starts.
pub(crate) fn scheduled(cron: &str, catch_up: &str) -> Folder {
    let folder = quick();
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
pub(crate) fn keys(folder: &Folder) -> Vec<String> {
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
    let folder = quick();
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
    serving.reaches("1 open run;");
    serving.reaches("reporting: done:");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    stop(serving);
    folder.verifies();
}

/// beh:R15 What was missed while nobody looked is one run, none, or each, as the workflow says.
#[test]
fn beh_r15_what_was_missed_follows_catch_up() {
    const FOUR_MINUTES_AGO: &str = "update due set instant = (cast(unixepoch() / 60 as integer) * 60 - 240) * 1000000,
        at = (cast(unixepoch() / 60 as integer) * 60 - 240) * 1000000 where kind = 'schedule' and workflow = 'rotate-reporting-key' returning 1";
    for (catch_up, runs) in [("once", 1), ("skip", 0), ("all", 4)] {
        let folder = scheduled("0 * * * * *", catch_up);
        let (_, before): (i64, i64) = (folder.ask(FOUR_MINUTES_AGO), not_due(&folder));
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
        assert_eq!(not_due(&folder) - before, i64::from(catch_up == "skip"), "{catch_up}");
        folder.verifies();
    }
}

/// A trigger that cannot begin a run says so in an entry, and the next instant comes all the same.
#[test]
fn a_trigger_that_begins_nothing_is_recorded() {
    let folder = scheduled("*/2 * * * * *", "once");
    // Another workflow for the same account, which no clock starts: its run holds the account for a minute.
    let text = fs::read_to_string(folder.path(ROTATE)).unwrap();
    let (head, rest) = (text.find("  schedule:").unwrap(), text.find("steps:").unwrap());
    let by_hand = format!("{}{}", &text[..head], &text[rest..]).replace("name: rotate-reporting-key", "name: by-hand");
    fs::write(folder.path("workflows/by-hand.yaml"), by_hand.replace("soak: 50ms", "soak: 60s")).unwrap();
    folder.activate();
    let mut by_hand = folder.start(&["run", "by-hand"]);
    by_hand.reaches("wait ");
    by_hand.signal("TERM");
    by_hand.end();
    let mut serving = folder.start(&["serve", "--json"]);
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

/// What the folder's socket answers to a request of `curl`'s shape: the status and the body.
fn ask(folder: &Folder, request: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::os::unix::net::UnixStream::connect(folder.path("control.sock")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn post(folder: &Folder, path: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n");
    let (status, body) = ask(folder, &format!("{head}content-length: {length}\r\n\r\n{body}"));
    (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
}

/// Commands that write hand their request over to the process that serves, and tell the same as without it.
#[test]
fn whoever_serves_is_asked() {
    let folder = Folder::toured();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    let told = folder.run(&["run", "rotate-reporting-key", "--idempotency-key", "a", "--detailed-exitcode"]).ended(10);
    for words in ["key_stage local/account/reporting", "closed   done: everything that was planned is done", ": done\n"]
    {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let again = folder.run(&["run", "rotate-reporting-key", "--idempotency-key", "a", "--detailed-exitcode"]).ended(0);
    assert!(again.out.contains("was made by an earlier request of the same key"), "{}", again.out);
    let json = folder.run(&["run", "rotate-reporting-key", "--json"]).ended(0).json();
    assert_eq!(json["runs"][0]["outcome"], "done", "{json}");
    folder.run(&["run", "nothing"]).ended(2).says(&["error[run.unknown_workflow]", "activated are: ca-issuing"]);
    folder.run(&["run", "provision-account"]).ended(2).says(&["error[plan.missing_input]"]);
    let denied = ["run", "provision-account", "--input", "account=intern", "--input", "level=admin"];
    assert!(folder.run(&denied).ended(3).out.contains("least-privilege-level"));
    folder.run(&["abandon", "r20260101-000000-000000000000", "--reason", "x"]).ended(2).says(&["error[run.not_found]"]);
    // A set that is made current is the one that the next run follows.
    folder.edit(ROTATE, "purpose: no API key", "purpose: not one API key");
    let plan = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert!(!plan.out.contains("not one API key"), "{}", plan.out);
    folder.activate();
    let ran = folder.run(&["run", "rotate-reporting-key", "--json"]).ended(0).json();
    let plan = folder.run(&["plan", "rotate-reporting-key", "--diff", ran["runs"][0]["plan"].as_str().unwrap()]);
    assert!(plan.out.contains("digest"), "{}", plan.out);
    folder.edit(ROTATE, "  - id: gate\n", "  - id: gat\n    ned: 1\n");
    let refused = folder.run(&["activate".to_owned(), folder.path("workflows").display().to_string()]).ended(2);
    refused.says(&["workflow.unknown_key"]);
    stop(serving);
    assert!(!folder.path("control.sock").exists());
    folder.verifies();
    let asked: String = folder.ask("select group_concat(distinct json_extract(cast(statement as text), '$.predicate.body.trigger.asked_by')) from entries where kind = 'started'");
    assert!(asked.starts_with("p_") && !asked.contains(','), "one person asked for all of it: {asked}");
}

/// A stuck run is answered through the process that serves.
#[test]
fn a_person_answers_through_it() {
    let folder = Folder::toured();
    folder.edit("settings.toml", "127.0.0.1", "127.0.0.1");
    let secret = folder.path("places/client/trust");
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    // Nobody can ask the endpoint whether the new key works: before the pivot that is a failure, and undone.
    std::fs::rename(&secret, folder.path("places/client/away")).unwrap();
    folder.run(&["run", "rotate-reporting-key"]).ended(1);
    std::fs::rename(folder.path("places/client/away"), &secret).unwrap();
    folder.edit(ROTATE, "soak: 50ms", "soak: 1h");
    folder.activate();
    let mut waiting = folder.start(&["run", "rotate-reporting-key"]);
    waiting.reaches("wait ");
    waiting.signal("INT");
    let told = waiting.end().ended(1);
    assert!(told.out.contains("goes on: the process that serves the folder drives it"), "{}", told.out);
    let run = told.out.rsplit("run ").next().unwrap().split(' ').next().unwrap().to_owned();
    folder.run(&["resume", &run]).ended(2).says(&["error[answer.refused]"]);
    folder.run(&["run", "rotate-reporting-key"]).ended(5).says(&["error[run.held]", &run]);
    let undone = folder.run(&["undo", &run, "--reason", "the other team is not ready"]).ended(0);
    assert!(undone.out.contains("undone"), "{}", undone.out);
    stop(serving);
    folder.verifies();
}

/// Ctrl-C leaves a run to the process that drives it, and says so.
#[test]
fn who_leaves_is_told_that_the_run_goes_on() {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit(ROTATE, "within: 10s", "within: 300ms");
    folder.edit(ROTATE, "soak: 50ms", "soak: 1h");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    // The client is pointed to its new key.
    let link = folder.path("places/client/reporting");
    let elsewhere = fs::read_link(folder.path("places/client/elsewhere")).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(elsewhere, &link).unwrap();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    let mut resuming = folder.start(&["resume", &run]);
    resuming.reaches("wait     until ");
    resuming.signal("INT");
    let told = resuming.end().ended(1);
    assert!(told.out.contains("goes on: the process that serves the folder drives it"), "{}", told.out);
    assert!(told.err.contains("leaving; the process that serves the folder goes on with it"), "{}", told.err);
    assert!(!told.out.contains("next `countersign run`"), "{}", told.out);
    stop(serving);
}

/// Ctrl-C in a run that is served prints the document that was asked for.
#[test]
fn who_leaves_a_run_gets_its_document_as_it_stands() {
    let folder = quick();
    folder.edit(ROTATE, "soak: 50ms", "soak: 1h");
    folder.activate();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    let waiting = folder.start(&["run", "rotate-reporting-key", "--json"]);
    let until = Instant::now() + Duration::from_secs(30);
    while folder.status()["runs"][0]["state"] != "waiting" && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    waiting.signal("INT");
    let told = waiting.end().ended(1);
    let document = told.json();
    assert_eq!((&document["goes_on"], &document["runs"][0]["outcome"]), (&true.into(), &"open".into()), "{document}");
    assert_eq!(folder.status()["runs"][0]["state"], "waiting");
    stop(serving);
}

/// Where the process that serves gives no answer, a second Ctrl-C is heard.
#[test]
fn a_second_ctrl_c_ends_a_command_that_waits_for_the_process_that_serves() {
    let folder = Folder::toured();
    let secret = folder.around().join("secret");
    std::fs::write(&secret, "a secret of at least thirty-two characters").unwrap();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    serving.signal("STOP");
    let adopting = folder.start(&["adopt", "rotate-reporting-key", "--secret", &secret.display().to_string()]);
    std::thread::sleep(Duration::from_millis(700));
    adopting.signal("INT");
    std::thread::sleep(Duration::from_millis(300));
    adopting.signal("INT");
    let told = adopting.end();
    serving.signal("CONT");
    assert_eq!(told.code, 130, "{}{}", told.out, told.err);
    told.says(&["error[run.left]", "the process that serves the folder goes on"]);
    stop(serving);
}

/// Whatever is said on the socket is answered, and harms nothing.
#[test]
fn the_socket_takes_no_nonsense() {
    let folder = Folder::toured();
    let before = folder.verifies();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(folder.path("control.sock")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    for (path, body, status, code) in [
        ("/v1/runs", "{", 400, "api.body"),
        ("/v1/runs", "[]", 400, "api.body"),
        ("/v1/runs", r#"{"workflow": "x", "inputz": {}}"#, 400, "api.body"),
        ("/v1/runs", r#"{"workflow": "x"}"#, 404, "run.unknown_workflow"),
        ("/v1/runs", r#"{"workflow": "ca-root", "idempotency_key": "part-of/1"}"#, 400, "run.own_key"),
        ("/v1/runs", r#"{"workflow": "ca-root", "event": "x"}"#, 400, "run.unknown_event"),
        ("/v1/runs/nothing/answer", r#"{"answer": "resume", "reason": "x"}"#, 404, "run.not_found"),
        (
            "/v1/runs/r20260101-000000-000000000000/answer",
            r#"{"answer": "resume", "reason": "x"}"#,
            404,
            "run.not_found",
        ),
        (
            "/v1/runs/r20260101-000000-000000000000/answer",
            r#"{"answer": "resume", "reason": ""}"#,
            400,
            "answer.reason",
        ),
        (
            "/v1/activations",
            r#"{"workflows": [{"path": "a.yaml", "text": "a: ["}], "policies": []}"#,
            422,
            "set.refused",
        ),
        ("/v2", "{}", 404, "api.no_route"),
        ("/v1", "{}", 405, "api.no_method"),
    ] {
        let (answered, problem) = post(&folder, path, body);
        assert_eq!((answered, problem["code"].as_str().unwrap()), (status, code), "{path} {body}: {problem}");
        assert_eq!(problem["status"], status);
    }
    // A gigabyte is refused by what it says of itself, and one that says nothing by where it ends.
    let head = "POST /v1/runs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let (status, body) = ask(&folder, &format!("{head}content-length: 1073741824\r\n\r\n{{"));
    assert_eq!(status, 413, "{body}");
    let (status, _) = ask(&folder, "nonsense\r\n\r\n");
    assert_eq!(status, 400);
    stop(serving);
    assert_eq!(folder.verifies(), before);
}

/// What was left over is taken away; what is not ours is not.
#[test]
fn a_socket_that_is_there_is_left_over_or_in_the_way() {
    let folder = Folder::toured();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    serving.signal("KILL");
    drop(serving);
    assert!(folder.path("control.sock").exists());
    // Nobody answers there: the command does its own work.
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    stop(serving);
    std::fs::write(folder.path("control.sock"), "mine").unwrap();
    folder.run(&["serve"]).ended(2).says(&["error[socket.taken]", "control.sock", "take it away"]);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

/// What comes is shown before it comes: day by day, to programs, and to calendars.
#[test]
fn the_calendar_shows_what_is_due() {
    let folder = scheduled("0 9 * * THU", "once");
    let shown = folder.run(&["calendar", "--from", "2030-12-01", "--days", "14"]).ended(0);
    for words in ["2030-12-05T09:00:00Z", "2030-12-12T09:00:00Z", "rotate-reporting-key on local/account/reporting"] {
        assert!(shown.out.contains(words), "{words} in {}", shown.out);
    }
    let json = folder.run(&["calendar", "--days", "400", "--json"]).ended(0).json();
    let due = json["due"].as_array().unwrap();
    assert!(due.iter().any(|row| row["workflow"] == "tls-localhost" && row["trigger"] == "expiry"), "{json}");
    assert!(due.windows(2).all(|pair| pair[0]["at"].as_str() <= pair[1]["at"].as_str()));
    let weekly = due.iter().filter(|row| row["trigger"] == "schedule" && row["workflow"] == "rotate-reporting-key");
    assert!((56..=58).contains(&weekly.count()), "each week of 400 days");
    let ics = folder.run(&["calendar", "--from", "2030-12-01", "--ics"]).ended(0);
    assert!(ics.out.starts_with("BEGIN:VCALENDAR\n") || ics.out.starts_with("BEGIN:VCALENDAR\r\n"), "{}", ics.out);
    assert!(ics.out.contains("DTSTART:20301205T090000Z") && ics.out.contains("PRODID:-//Countersign//"), "{}", ics.out);
    folder.run(&["calendar", "--from", "5.12."]).ended(2).says(&["error[calendar.day]", "2026-12-24"]);
    let status = folder.run(&["status"]).ended(0);
    assert!(status.out.contains("nobody serves this folder: what is due begins when"), "{}", status.out);
}
