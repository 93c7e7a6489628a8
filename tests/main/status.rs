//! `countersign status`: what there is, one run, one subject.

use std::fs;
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

use crate::folder::{Folder, tell};
use crate::steady::{steady, without_spans};

fn said(folder: &Folder, arguments: &[&str]) -> String {
    let at = |columns: &str| {
        let mut command = folder.command(arguments);
        command.env("COLUMNS", columns);
        tell(command).ended(0)
    };
    let told = at("60");
    let long: Vec<&str> = told.out.lines().filter(|line| line.chars().count() > 60).collect();
    let unbroken =
        |line: &&&str| line.trim().contains(' ') && !line.contains(" why ") && !line.contains("evidence show");
    assert_eq!(long.iter().filter(unbroken).count(), 0, "{long:#?}");
    without_spans(&steady(&at("120").out))
}

#[test]
fn everything_one_subject_and_one_run_are_shown() {
    let folder = Folder::toured();
    let status = folder.status();
    // What is due first depends on the day.
    let everything = said(&folder, &["status"]);
    let (mut subjects, rest): (Vec<&str>, Vec<&str>) =
        everything.lines().partition(|line| line.starts_with("  local/"));
    subjects.sort_unstable();
    insta::assert_snapshot!("everything", [subjects, rest].concat().join("\n"));
    insta::assert_snapshot!("subject", said(&folder, &["status", "local/account/reporting"]));
    let run = status["runs"].as_array().unwrap().iter().find(|run| run["workflow"] == "rotate-reporting-key").unwrap();
    insta::assert_snapshot!("run", said(&folder, &["status", run["run"].as_str().unwrap()]));
    assert_eq!(status["versions"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&status["open_runs"], &status["stuck_runs"], &status["open_intents"]),
        (&0.into(), &0.into(), &0.into())
    );
}

#[test]
fn what_is_not_there_is_said() {
    let folder = Folder::toured();
    for of in ["local/account/nobody", "r20260101-000000-00000000", "nonsense", ""] {
        folder.run(&["status", of]).ended(2).says(&[
            "error[status.not_found]",
            &format!("`{of}`"),
            "countersign status",
        ]);
    }
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `status` with `RUN|SUBJECT` or flags, as one document.
fn document(folder: &Folder, arguments: &[&str]) -> Value {
    folder.run(&[&["status", "--json"], arguments].concat()).ended(0).json()
}

#[test]
fn a_subject_says_age_current_due_window_owner_evidence_and_what_blocks_it() {
    let folder = Folder::toured();
    let text = include_str!("rotate-in-window.yaml")
        .replace("on: {request", "on: {schedule: {cron: \"0 9 * * THU\", timezone: Europe/Berlin}, request");
    fs::write(folder.path("workflows/rotate-in-window.yaml"), text).unwrap();
    folder.activate();
    let subject = document(&folder, &["local/account/reporting"]);
    assert_eq!(subject["owner"]["team"], "reporting");
    let (owner, backup) = (subject["owner"]["person"].as_str().unwrap(), &subject["owner"]["backup"]);
    assert!(owner.starts_with("p_") && owner.len() == 34 && backup.is_null(), "{subject}");
    assert_eq!(subject["workflows"], serde_json::json!(["rotate-in-window", "rotate-reporting-key"]));
    for generation in ["current", "oldest"] {
        let said = &subject[generation];
        assert_eq!(said["version"], "local/account/reporting@2", "{generation}");
        assert!(
            said["age_secs"].as_u64().is_some() && said["since"].is_string() && said["entry"].is_string(),
            "{said}"
        );
    }
    let due = &subject["due"];
    assert_eq!((&due["trigger"], &due["workflow"]), (&"schedule".into(), &"rotate-in-window".into()), "{due}");
    let local = Regex::new(r"^Thu \d{4}-\d\d-\d\d 09:00:00 \+0[12]:00$").unwrap();
    assert!(local.is_match(due["local"].as_str().unwrap()) && due["overdue"] == false, "{due}");
    let window = &subject["window"];
    assert!(window["is_open"].is_boolean() && window["opens_at"].is_string(), "{window}");
    assert!(window["closes_local"].as_str().unwrap().contains(":00:00 +0"), "{window}");
    let evidence = &subject["evidence"];
    let entry = evidence["entry"].as_str().unwrap();
    assert!(entry.starts_with(evidence["run"].as_str().unwrap()) && evidence["checkpoint_size"].is_u64(), "{evidence}");
    assert_eq!(subject["blocked"], serde_json::json!([]));
    let told = flat(&folder.run(&["status", "local/account/reporting"]).ended(0).out);
    for words in [
        "owner team reporting; dana@example.com",
        "next due 2",
        "09:00:00 +0",
        "blocked by nothing",
        "checkpoint of size",
    ] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
}

#[test]
fn a_stuck_run_and_what_nobody_began_stand_first() {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 300ms");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let past = "update due set at = instant - 400000000000000, instant = instant - 400000000000000 where workflow = 'rotate-legacy-login'";
    folder.tamper_with("due", &[past]);
    let status = document(&folder, &[]);
    let kinds: Vec<&Value> =
        status["subjects"].as_array().unwrap().iter().map(|one| &one["blocked"][0]["kind"]).collect();
    assert_eq!(kinds[..2], [&Value::from("stuck"), &Value::from("overdue")], "{kinds:?}");
    assert!(kinds[2..].iter().all(|kind| kind.is_null()), "{kinds:?}");
    let run = status["subjects"][0]["blocked"][0]["run"].as_str().unwrap();
    let told = flat(&folder.run(&["status"]).ended(0).out);
    for words in [
        "2 of them need a person, and stand first",
        &format!("STUCK run {run} needs a person ("),
        &format!("`countersign resume {run}`"),
        "OVERDUE rotate-legacy-login (schedule) was due",
        "nobody serves this folder",
    ] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
}

#[test]
fn one_team_sees_what_it_answers_for() {
    let folder = Folder::toured();
    let mine = document(&folder, &["--owner", "reporting"]);
    let subjects: Vec<&Value> = mine["subjects"].as_array().unwrap().iter().map(|one| &one["subject"]).collect();
    assert_eq!(subjects, ["local/account/reporting"]);
    assert_eq!(mine["versions"].as_array().unwrap().len(), 1);
    assert!(mine["runs"].as_array().unwrap().iter().all(|run| run["subject"] == "local/account/reporting"), "{mine}");
    assert_eq!(document(&folder, &["--owner", "kim@example.com"])["subjects"][0]["subject"], "local/role/legacy");
    folder.run(&["status", "--owner", "reprting"]).ended(2).says(&[
        "error[status.unknown_owner]",
        "did you mean `reporting`?",
        "the teams are",
    ]);
    folder.run(&["status", "local/acount/reporting"]).ended(2).says(&["did you mean `local/account/reporting`?"]);
    folder.run(&["status", "reporting"]).ended(2).says(&["did you mean `local/account/reporting`?"]);
}

#[test]
fn a_thousand_subjects_stay_readable() {
    let folder = Folder::toured();
    folder.tamper(&[
        "insert into versions with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
         select 'local/account/many-' || i, 1, stage, run, entry, blob, fingerprint, key_generation, public, sealed_at,
         expires_at, tainted from versions, n where stage = 'current' and subject = 'local/account/reporting'",
    ]);
    let began = Instant::now();
    let told = folder.run(&["status"]).ended(0).out;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(told.contains("1006 subjects; none needs a person"), "{told}");
    assert!(told.contains("and 981 more, which need less: `countersign status --all` lists them"), "{told}");
    assert!(told.lines().count() < 45, "{told}");
    assert!(folder.run(&["status", "--all"]).ended(0).out.lines().count() > 1006);
    assert_eq!(document(&folder, &[])["subjects"].as_array().unwrap().len(), 1006);
}

#[test]
fn a_set_that_cannot_be_read_hides_nothing_that_is_stored() {
    let folder = Folder::toured();
    fs::write(folder.path("settings.toml"), "version = 1\n").unwrap();
    let status = document(&folder, &[]);
    assert_eq!(status["set"]["error"]["code"], "set.unfit", "{status}");
    assert_eq!(status["versions"].as_array().unwrap().len(), 4);
    let told = flat(&folder.run(&["status", "local/account/reporting"]).ended(0).out);
    assert!(
        told.contains("owner nobody") && told.contains("[set.unfit]: owners, windows and what falls due"),
        "{told}"
    );
}

#[test]
fn what_is_paused_is_said_with_the_reason_and_the_way_out() {
    let folder = Folder::toured();
    folder.run(&["pause", "--subject", "local/account/reporting", "--reason", "an incident"]).ended(0);
    folder.run(&["pause", "--connector", "files", "--reason", "a new disk"]).ended(0);
    let status = document(&folder, &[]);
    let brakes: Vec<&Value> = status["brakes"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert_eq!(brakes, ["a new disk", "an incident"], "{status}");
    let first = &status["subjects"][0];
    assert_eq!(
        (&first["subject"], &first["blocked"][0]["kind"]),
        (&"local/account/reporting".into(), &"braked".into())
    );
    let told = flat(&folder.run(&["status"]).ended(0).out);
    for words in [
        "6 subjects; none needs a person",
        "BRAKED subject local/account/reporting is paused since 2",
        ": an incident; next: `countersign resume --subject local/account/reporting`",
    ] {
        assert!(told.contains(words), "`{words}` in {told}");
    }
    for command in ["status", "why"] {
        let told = flat(&folder.run(&[command, "local/account/reporting"]).ended(0).out);
        assert!(told.contains("`countersign resume --subject local/account/reporting` lifts it"), "{told}");
    }
    let doctor = flat(&folder.run(&["doctor"]).ended(0).out);
    assert!(doctor.contains("warning runs connector files is paused since"), "{doctor}");
    folder.run(&["resume", "--subject", "local/account/reporting"]).ended(0);
    assert_eq!(document(&folder, &["local/account/reporting"])["blocked"], serde_json::json!([]));
}

#[test]
fn a_database_of_an_older_version_is_told_apart_from_a_broken_one() {
    let folder = Folder::toured();
    folder.tamper_with(
        "none",
        &["delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)"],
    );
    for command in [&["status"][..], &["why", "local/account/reporting"]] {
        folder.run(command).ended(2).says(&["error[store.older]", "of an older version", "brings it up to date"]);
    }
    let told = folder.run(&["doctor"]).ended(0).out;
    assert!(told.contains("warning  store     the schema is"), "{told}");
}

#[test]
fn watching_a_pipe_appends_and_ends_at_ctrl_c_with_success() {
    let folder = Folder::toured();
    let mut watching = folder.start(&["status", "--watch", "--every", "1"]);
    for _ in 0..2 {
        watching.reaches("--- 2");
        watching.reaches("6 subjects; none needs a person");
    }
    watching.signal("INT");
    let told = watching.end().ended(0);
    assert!(!told.out.contains('\u{1b}') && told.err.is_empty(), "{}{}", told.out, told.err);
    let mut watching = folder.start(&["status", "local/account/reporting", "--watch", "--json", "--every", "1"]);
    watching.reaches("local/account/reporting");
    watching.reaches("local/account/reporting");
    watching.signal("TERM");
    let told = watching.end().ended(0);
    let lines: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 2 && lines.iter().all(|line| line["owner"]["team"] == "reporting"), "{}", told.out);
    folder.run(&["status", "nonsense", "--watch"]).ended(2).says(&["error[status.not_found]"]);
    folder.run(&["status", "--every", "1"]).ended(2).says(&["--watch"]);
}
