//! Runs that need a person: gone on with, taken back, or let go of; each answer is on record.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::folder::{Folder, Told, tell};

const CLEAR_SLOT: &str = include_str!("clear-slot.yaml");

/// A rotation whose new key goes where the embedded client does not look: its use is waited for in vain, after the
/// point of no return. With the run's id.
fn stuck() -> (Folder, String) {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 300ms");
    folder.activate();
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for command in ["resume", "undo", "abandon"] {
        assert!(words.contains(&format!("countersign {command} {run}")), "{words}");
    }
    (folder, run)
}

fn account(folder: &Folder) -> Vec<(String, bool)> {
    let text = fs::read_to_string(folder.path("local/accounts/reporting.json")).unwrap();
    let account: Value = serde_json::from_str(&text).unwrap();
    let keys = account["state"]["keys"].as_array().unwrap().iter();
    keys.map(|key| (key["version"].as_str().unwrap().to_owned(), key["enabled"] == true)).collect()
}

fn stages(folder: &Folder) -> Vec<String> {
    let told = folder.run(&["status", "local/account/reporting", "--json"]).ended(0).json();
    let rows = told["versions"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["version"].as_str().unwrap(), row["stage"].as_str().unwrap())).collect()
}

/// The run is over, nothing is held, and the ledger shows who answered.
fn over(folder: &Folder, run: &str, outcome: &str, answer: &str) {
    let report = folder.run(&["status", run, "--json"]).ended(0).json();
    assert_eq!(report["runs"][0]["outcome"], outcome, "{report}");
    let status = folder.status();
    assert_eq!((&status["open_runs"], &status["stuck_runs"]), (&0.into(), &0.into()));
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0).out;
    assert!(story.contains(&format!("answered: {answer}")), "{story}");
    folder.verifies();
}

fn said(told: &Told, words: &str) {
    let text = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "`{words}` is not said:\n{}", told.out);
}

#[test]
fn what_was_mended_goes_on() {
    let (folder, run) = stuck();
    // Nobody has mended anything yet: it needs a person again, and says so.
    folder.run(&["resume", &run, "--reason", "let me see"]).ended(5);
    let elsewhere = fs::read_link(folder.path("places/client/elsewhere")).unwrap();
    let link = folder.path("places/client/reporting");
    fs::remove_file(&link).unwrap();
    symlink(elsewhere, &link).unwrap();
    let told = folder.run(&["resume", &run]).ended(0);
    said(&told, &format!("run {run}: done"));
    over(&folder, &run, "done", "resume");
    assert_eq!(account(&folder), [("local/account/reporting@3".to_owned(), true)]);
    folder.run(&["resume", &run]).ended(2).says(&["error[answer.refused]", "the run is over", "nothing was changed"]);
}

/// Whoever looks at the run later finds who answered, what, and why. Words steer no terminal and draw no line of ours.
#[test]
fn the_reason_of_an_answer_is_told_beside_who_gave_it() {
    let (folder, run) = stuck();
    let forged = "2026-01-01T00:00:00Z  closed    done: everything that was planned is done";
    let words = format!("\u{1b}[2Jthe job reads\n{forged}\ra file that\tnobody has looked at since it was set up");
    folder.run(&["resume", &run, "--reason", &words]).ended(5);
    folder.run(&["abandon", &run, "--reason", "both keys work; the old one goes by hand"]).ended(0);
    let asked = [vec!["status", &run], vec!["evidence", "show", "local/account/reporting"]];
    for asked in &asked {
        let mut command = folder.command(asked);
        command.env("COLUMNS", "60");
        let out = tell(command).ended(0).out;
        let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("answered: resume, with the reason: \u{fffd}[2Jthe job reads 2026-01-01"), "{out}");
        assert!(flat.contains("answered: abandon, with the reason: both keys work; the old one goes by hand"), "{out}");
        assert!(!out.contains(['\u{1b}', '\r']) && !out.lines().any(|line| line.starts_with(forged)), "{out}");
        let long = out.lines().filter(|line| line.chars().count() > 60 && line.contains("reason"));
        assert_eq!(long.count(), 0, "{out}");
    }
    let answers = folder.run(&["status", &run, "--json"]).ended(0).json()["answers"].clone();
    assert_eq!((&answers[0]["answer"], &answers[0]["reason"]), (&"resume".into(), &words.clone().into()), "{answers}");
    assert!(answers[1]["by"].as_str().unwrap().starts_with("p_"), "{answers}");
    let reason = |told: &Value| {
        let story = told["story"].as_array().unwrap().iter();
        story.filter_map(|line| line.get("reason").cloned()).collect::<Vec<_>>()
    };
    let story = [&asked[1][..], &["--json"]].concat();
    let told = folder.run(&story).ended(0).json();
    assert_eq!(reason(&told), [Value::from(words), "both keys work; the old one goes by hand".into()]);
    // What is erased is told as erased.
    folder.tamper(&["delete from blobs where cast(bytes as text) like 'both keys work%'"]);
    for asked in &asked {
        said(&folder.run(asked).ended(0), "answered: abandon, with a reason that was erased");
    }
    assert_eq!(reason(&folder.run(&story).ended(0).json())[1], Value::Null);
    let told = folder.run(&["status", &run, "--json"]).ended(0).json();
    assert_eq!(told["answers"][1]["reason"], Value::Null, "{told}");
}

/// Settings under which the activated set does not fit any more keep nobody from taking a run back, or letting go of it.
#[test]
fn a_set_that_does_not_fit_the_settings_is_no_reason_to_stay_stuck() {
    for (answer, exit, end) in [("undo", 0, "undone"), ("abandon", 0, "abandoned")] {
        let (folder, run) = stuck();
        folder.edit("settings.toml", "[places.server]", "[places.servers]");
        folder.edit("settings.toml", "certificate = \"server/tls\"", "certificate = \"servers/tls\"");
        folder.run(&["run", "rotate-reporting-key"]).ended(2).says(&["error[set.unfit]"]);
        folder.run(&["resume", &run]).ended(2).says(&["error[set.unfit]"]);
        let told = folder.run(&[answer, &run, "--reason", "the settings are another matter"]).ended(exit);
        said(&told, &format!("run {run}: {end}"));
        folder.verifies();
    }
}

/// The delivery is taken back, the new key removed, and the version that was current is current again.
#[test]
fn what_can_be_taken_back_is_taken_back_beyond_the_point_of_no_return() {
    let (folder, run) = stuck();
    assert_eq!(account(&folder).len(), 2);
    let told = folder.run(&["undo", &run, "--reason", "the job reads another file"]).ended(0);
    said(&told, &format!("run {run}: undone"));
    over(&folder, &run, "undone", "undo");
    assert_eq!(account(&folder), [("local/account/reporting@2".to_owned(), true)]);
    assert!(!folder.path("places/client/elsewhere").exists());
    let (two, three) = ("local/account/reporting@2 current", "local/account/reporting@3 retired");
    let stages = stages(&folder);
    assert!(stages.contains(&two.to_owned()) && stages.contains(&three.to_owned()), "{stages:?}");
    // The next rotation starts from there.
    folder.edit("workflows/rotate-reporting-key.yaml", "path: elsewhere", "path: reporting");
    folder.edit("workflows/rotate-reporting-key.yaml", "    leaves: [{to: files/client, path: reporting}]\n", "");
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 300ms", "within: 10s");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert_eq!(account(&folder), [("local/account/reporting@4".to_owned(), true)]);
    folder.verifies();
}

#[test]
fn who_lets_go_answers_for_it_and_the_subject_is_free() {
    let (folder, run) = stuck();
    folder.run(&["abandon", &run]).ended(2).says(&["--reason"]);
    folder.run(&["abandon", &run, "--reason", " "]).ended(2).says(&["error[answer.reason]"]);
    let told = folder.run(&["abandon", &run, "--reason", "both keys work; the old one goes by hand"]).ended(0);
    said(&told, &format!("run {run}: abandoned"));
    over(&folder, &run, "abandoned", "abandon");
    assert_eq!(account(&folder).len(), 2, "nothing was changed");
    assert_eq!(folder.ask::<i64>("select count(*) from holds"), 0);
    // The words are kept, and no entry holds them.
    let words = "both keys work; the old one goes by hand";
    let holds = |rows: Vec<(String, Vec<u8>)>| {
        rows.iter().any(|(_, bytes)| bytes.windows(words.len()).any(|window| window == words.as_bytes()))
    };
    assert!(holds(folder.rows("select digest, bytes from blobs")));
    assert!(!holds(folder.rows("select id, statement from entries")));
    let told = folder.run(&["plan", "rotate-reporting-key"]).ended(1);
    told.says(&["holds 2 live versions", "retire one first"]);
    fs::write(folder.path("workflows/clear-slot.yaml"), CLEAR_SLOT).unwrap();
    folder.activate();
    let clear = |version: u32| {
        let version = format!("version=local/account/reporting@{version}");
        folder.run(&["run", "clear-slot", "--input", &version, "--input", "reason=the job reads the new one"])
    };
    clear(3).ended(2).says(&["error[plan.version_in_use]", "`local/account/reporting@3`"]);
    clear(9).ended(2).says(&["error[plan.no_such_version]", "`local/account/reporting@9`"]);
    let two = "version=local/account/reporting@2";
    let plan = ["plan", "clear-slot", "--input", two, "--input", "reason=the job reads the new one"];
    let plan = folder.run(&plan).ended(0).out;
    for words in ["CALL key_disable", "undo      key_enable", "CALL key_remove", "local/account/reporting@2 is retired"]
    {
        assert!(plan.contains(words), "{words} in {plan}");
    }
    clear(2).ended(0);
    assert_eq!(account(&folder), [("local/account/reporting@3".to_owned(), true)]);
    assert!(stages(&folder).contains(&"local/account/reporting@2 retired".to_owned()));
    folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

#[test]
fn an_answer_that_fits_no_run_is_told() {
    let folder = Folder::toured();
    folder.run(&["resume", "r1"]).ended(2).says(&["error[run.not_found]", "there is no run `r1`"]);
    folder.run(&["undo", "no/run"]).ended(2).says(&["error[run.not_found]"]);
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    for command in ["resume", "undo"] {
        folder.run(&[command, &run]).ended(2).says(&["the run is over"]);
    }
    let told = folder.run(&["abandon", &run, "--reason", "no need"]).ended(2);
    told.says(&["the run is over"]);
    folder.verifies();
}

/// A run that is let go of before its delivery leaves a key that nobody uses. It is cleared away, and the next rotation makes
/// its own.
#[test]
fn a_key_that_nobody_uses_is_cleared_away_before_the_next_rotation() {
    let folder = Folder::toured();
    folder.edit("workflows/rotate-reporting-key.yaml", "- login: {}", "- must_not: login");
    folder.activate();
    let mut running = folder.start(&["run", "rotate-reporting-key"]);
    running.reaches("intent   key_stage");
    running.reaches("receipt  done");
    running.signal("TERM");
    running.end();
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    folder.run(&["abandon", &run, "--reason", "the check was the wrong one"]).ended(0);
    assert!(stages(&folder).contains(&"local/account/reporting@3 pending".to_owned()), "{:?}", stages(&folder));
    fs::write(folder.path("workflows/clear-slot.yaml"), CLEAR_SLOT).unwrap();
    folder.edit("workflows/rotate-reporting-key.yaml", "- must_not: login", "- login: {}");
    folder.activate();
    let version = "version=local/account/reporting@3";
    folder.run(&["run", "clear-slot", "--input", version, "--input", "reason=nobody has this key"]).ended(0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert_eq!(account(&folder), [("local/account/reporting@4".to_owned(), true)]);
    folder.verifies();
}
