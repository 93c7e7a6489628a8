//! `countersign pause` and `resume`, limits of the settings, and what serving makes of them.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::folder::Folder;

const ROTATE: &str = "workflows/rotate-reporting-key.yaml";
const SUBJECT: &str = "local/account/reporting";

/// A folder whose rotation is over within a second, and is started each two seconds.
fn scheduled() -> Folder {
    let folder = Folder::toured();
    folder.edit(ROTATE, "      adopted:\n        - {connector: local, probe: key_used, within: 10s}\n", "");
    let schedule = "  schedule: {cron: \"*/2 * * * * *\", timezone: UTC}\n  expiry:";
    folder.edit(ROTATE, "  expiry:", schedule);
    folder.activate();
    folder
}

fn intents(folder: &Folder) -> i64 {
    folder.ask("select count(*) from intents")
}

fn settings(folder: &Folder, old: &str, new: &str) {
    let path = folder.path("settings.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{old}");
    fs::write(&path, text.replace(old, new)).unwrap();
}

/// beh:U6 A pause holds from the moment that it is told: no change is granted after it, and what is under way stands.
#[test]
fn beh_u6_a_pause_stops_a_server_within_a_second_and_resume_goes_on() {
    let folder = scheduled();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("reporting: done:");
    let began = Instant::now();
    let paused = folder.run(&["pause", "--all", "--reason", "an incident"]).ended(0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(paused.out.contains("everything: paused, as brake:"), "{}", paused.out);
    let then = intents(&folder);
    sleep(Duration::from_secs(5));
    assert_eq!(intents(&folder), then, "nothing was granted since");
    let again = folder.run(&["pause", "--all", "--reason", "once more"]).ended(0);
    assert!(again.out.contains("was paused before"), "{}", again.out);
    let refused = folder.run(&["run", "rotate-legacy-login"]).ended(5);
    assert!(
        refused.err.contains("error[brake.paused]: the run was not started: a pause is on everything"),
        "{}",
        refused.err
    );
    let resumed = folder.run(&["resume", "--all", "--reason", "it is over"]).ended(0);
    assert!(resumed.out.contains("everything: resumed"), "{}", resumed.out);
    // What was missed is one run, spread over half of the time to the next; then each instant is one again.
    serving.reaches("reporting: done:");
    serving.reaches("reporting: done:");
    serving.signal("TERM");
    serving.end().ended(0);
    let once: i64 =
        folder.ask("select count(*) from entries where kind = 'not-due' and statement like '%brake.paused%'");
    assert!(once <= 8, "each trigger tells it once: {once}");
    folder.verifies();
}

#[test]
fn a_brake_is_where_it_is_set_and_outlives_the_process() {
    let folder = Folder::toured();
    folder.run(&["pause", "--subject", SUBJECT, "--reason", "a suspicion"]).ended(0);
    let refused = folder.run(&["run", "rotate-reporting-key"]).ended(5);
    assert!(refused.err.contains("a pause is on subject local/account/reporting"), "{}", refused.err);
    folder.run(&["run", "provision-account", "--input", "account=clerk", "--input", "level=read"]).ended(0);
    let nowhere = folder.run(&["resume", "--connector", "local"]).ended(2);
    assert!(nowhere.err.contains("brakes are on: subject local/account/reporting"), "{}", nowhere.err);
    let unknown = folder.run(&["pause", "--connector", "lokal", "--reason", "x"]).ended(2);
    assert!(unknown.err.contains("there are: files, local"), "{}", unknown.err);
    folder.run(&["pause", "--subject", "reporting", "--reason", "x"]).ended(2);
    folder.run(&["pause", "--all", "--reason", " "]).ended(2);
    let told = folder.run(&["evidence", "show", SUBJECT]).ended(0);
    assert!(told.out.contains("subject local/account/reporting: paused by"), "{}", told.out);
    assert!(told.out.contains("a suspicion"), "{}", told.out);
    folder.run(&["resume", "--subject", SUBJECT]).ended(0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

/// Its own budget holds a run midway: it waits, and goes on when there is room, in a process of its own, too.
#[test]
fn a_budget_of_changes_paces_a_run() {
    let folder = Folder::toured();
    settings(
        &folder,
        "[connectors.files]\ntype = \"files\"",
        "[connectors.files]\ntype = \"files\"\nbudget = \"1/8s\"",
    );
    let began = Instant::now();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert!(began.elapsed() > Duration::from_secs(8), "{:?}", began.elapsed());
    folder.verifies();
}

#[test]
fn a_limit_of_zero_is_refused_with_its_line_and_the_way_out() {
    let folder = Folder::toured();
    for (text, says) in [
        ("budget = \"0/1h\"", "`0/1h` would let nothing begin, ever"),
        ("at_once = 0", "0 at once would let nothing begin, ever"),
        ("budget = \"many\"", "`many` is no budget"),
    ] {
        let before = fs::read_to_string(folder.path("settings.toml")).unwrap();
        settings(
            &folder,
            "[connectors.local]\ntype = \"local\"",
            &format!("[connectors.local]\ntype = \"local\"\n{text}"),
        );
        let refused = folder.run(&["run", "rotate-reporting-key"]).ended(2);
        assert!(refused.err.contains(says), "{}", refused.err);
        assert!(refused.err.contains("settings.toml:"), "{}", refused.err);
        fs::write(folder.path("settings.toml"), before).unwrap();
    }
    folder.verifies();
}

/// A run that a process of its own drives meets a quarantine with the fifth failure, and says what to do.
#[test]
fn a_subject_that_fails_again_and_again_is_quarantined() {
    let folder = Folder::toured();
    settings(&folder, "[quarantine]\nfailures = 5", "[quarantine]\nfailures = 2");
    // Its place is no folder any more: each delivery is refused, and what was staged is taken back.
    let place = folder.path("places/client/reporting");
    fs::rename(&place, folder.path("aside")).unwrap();
    fs::write(&place, "no folder").unwrap();
    for _ in 0..2 {
        folder.run(&["run", "rotate-reporting-key"]).ended(1);
    }
    let refused = folder.run(&["run", "rotate-reporting-key"]).ended(5);
    assert!(refused.err.contains("error[brake.quarantined]"), "{}", refused.err);
    assert!(refused.err.contains("countersign resume --subject"), "{}", refused.err);
    fs::remove_file(&place).unwrap();
    fs::rename(folder.path("aside"), &place).unwrap();
    folder.run(&["resume", "--subject", SUBJECT, "--reason", "the folder is back"]).ended(0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

/// Pauses that are lifted at once, while much begins: no trigger and no run is left behind by the race of the two.
#[test]
fn a_pause_that_is_lifted_at_once_leaves_nothing_behind() {
    let folder = scheduled();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("reporting: done:");
    for _ in 0..12 {
        folder.run(&["pause", "--all", "--reason", "a try"]).ended(0);
        folder.run(&["resume", "--all"]).ended(0);
    }
    let before: i64 = folder.ask("select count(*) from runs where outcome = 'done'");
    folder.waits_until(|| folder.ask::<i64>("select count(*) from runs where outcome = 'done'") > before + 1);
    let parked: i64 =
        folder.ask("select count(*) from due where parked is not null or (at is null and kind = 'schedule')");
    assert_eq!(parked, 0, "each trigger has its time");
    serving.signal("TERM");
    let told = serving.end().ended(0);
    assert!(told.out.contains("no run is open"), "{}", told.out);
    folder.verifies();
}

/// What is due while a pause is on is late, and everybody can see it; a short pause makes nothing of it missed.
#[test]
fn what_a_brake_keeps_is_overdue_and_begins_when_it_is_lifted() {
    let folder = Folder::toured();
    folder.edit(ROTATE, "      adopted:\n        - {connector: local, probe: key_used, within: 10s}\n", "");
    let schedule = "  schedule: {cron: \"* * * * *\", timezone: UTC, catch_up: skip}\n  expiry:";
    folder.edit(ROTATE, "  expiry:", schedule);
    folder.activate();
    folder.run(&["pause", "--subject", SUBJECT, "--reason", "a short one"]).ended(0);
    let mut serving = folder.start(&["serve"]);
    serving.reaches("NOT begun [brake.paused]");
    let shown = folder.run(&["status", SUBJECT]).ended(0);
    assert!(shown.out.contains("a brake keeps it"), "{}", shown.out);
    let why = folder.run(&["why", SUBJECT]).ended(0);
    assert!(why.out.contains("could not begin (brake.paused)"), "{}", why.out);
    folder.run(&["resume", "--subject", SUBJECT]).ended(0);
    serving.reaches("begins, as run");
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}

/// Whoever answers a run, or asks for one, over the socket is told when a pause keeps it: nobody waits for ever.
#[test]
fn who_waits_for_a_run_that_is_paused_is_told_so() {
    let folder = Folder::toured();
    folder.edit(ROTATE, "      adopted:\n        - {connector: local, probe: key_used, within: 10s}\n", "");
    folder.edit(ROTATE, "soak: 50ms", "soak: 4s");
    folder.activate();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving:");
    let mut asking = folder.start(&["run", "rotate-reporting-key"]);
    asking.reaches("wait     until");
    folder.run(&["pause", "--connector", "local", "--reason", "an incident"]).ended(0);
    let told = asking.end();
    assert_eq!(told.code, 5, "{}{}", told.out, told.err);
    assert!(told.out.contains("a pause is on connector local"), "{}", told.out);
    folder.run(&["resume", "--connector", "local"]).ended(0);
    serving.reaches("reporting: done:");
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}

#[test]
fn a_typing_mistake_pauses_nothing() {
    let folder = Folder::toured();
    let refused = folder.run(&["pause", "--subject", "local/account/reportin", "--reason", "x"]).ended(2);
    assert!(refused.err.contains("did you mean `local/account/reporting`?"), "{}", refused.err);
    let none: i64 = folder.ask("select count(*) from brakes");
    assert_eq!(none, 0);
}

/// beh:T5 The subjects of a service are those of its workflows from the first day on.
#[test]
fn beh_t5_a_services_subjects_are_known_when_its_set_is_made_current() {
    let folder = Folder::toured();
    folder.edit(ROTATE, "  purpose:", "  service: shop\n  purpose:");
    folder.edit("workflows/rotate-ledger-database.yaml", "  purpose:", "  service: shop\n  purpose:");
    folder.activate();
    let number: i64 = folder.ask("select count(*) from service_subjects where service = 'shop'");
    assert_eq!(number, 2);
}
