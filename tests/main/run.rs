//! `countersign run`: bad requests, one run for one key, one process for one folder.

use std::fs;

use crate::folder::Folder;

const ROTATE: [&str; 2] = ["run", "rotate-reporting-key"];

/// A request that is refused before anything is recorded.
fn refused(folder: &Folder, asked: &[&str], words: &[&str]) {
    let (targets, before) = (folder.targets(), folder.status());
    let told = folder.run(asked).ended(2);
    told.says(words);
    let report = folder.run(&[asked, &["--json"]].concat()).ended(2).json();
    assert_eq!(report["error"]["exit"], 2, "{report}");
    assert!(told.err.contains(report["error"]["code"].as_str().unwrap()), "{report}");
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status(), before);
}

#[test]
fn a_request_that_makes_no_sense_starts_nothing() {
    let folder = Folder::toured();
    let account = |more: &[&'static str]| [&["run", "provision-account"], more].concat();
    refused(&folder, &["run", "nothing"], &["error[run.unknown_workflow]", "`nothing`", "activated are: ca-issuing"]);
    refused(&folder, &account(&[]), &["error[plan.missing_input]", "`account`"]);
    refused(&folder, &account(&["--input", "acount=clerk"]), &["error[plan.unknown_input]", "`acount`", "account"]);
    let wrong = account(&["--input", "account=clerk", "--input", "level=root"]);
    refused(&folder, &wrong, &["error[plan.wrong_input]", "`level`", "read"]);
    refused(&folder, &account(&["--input", "account=c"]), &["error[plan.wrong_input]", "`account`"]);
    let escape = account(&["--input", "account=../../etc/passwd"]);
    refused(&folder, &escape, &["account"]);
    let told = folder.run(&["run", "provision-account", "--input", "account"]).ended(2);
    told.says(&["NAME=VALUE"]);
    folder.verifies();
}

#[test]
fn what_is_there_already_is_not_made_again() {
    let folder = Folder::toured();
    let (targets, before) = (folder.targets(), folder.status());
    let told = folder.run(&["run", "provision-account", "--input", "account=reporting"]).ended(1);
    told.says(&["error[plan.subject_exists]", "local/account/reporting"]);
    let told = folder.run(&["run", "provision-account", "--input", "account=none", "--plan", &"0".repeat(64)]).ended(2);
    told.says(&["error[plan.drifted]"]);
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status(), before);
}

#[test]
fn two_requests_of_one_key_are_one_run() {
    let folder = Folder::toured();
    let asked = [&ROTATE[..], &["--idempotency-key", "ticket-4711", "--json"]].concat();
    let first = folder.run(&asked).ended(0).json();
    let (targets, before) = (folder.targets(), folder.status());
    assert_eq!(folder.run(&asked).ended(0).json(), first);
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status(), before);
    let told = folder.run(&asked[..4]).ended(0);
    assert!(told.out.contains("was made by an earlier request of the same key"), "{}", told.out);
    let other = [&ROTATE[..], &["--idempotency-key", "ticket-4712", "--json"]].concat();
    assert_ne!(folder.run(&other).ended(0).json()["runs"][0]["run"], first["runs"][0]["run"]);
    folder.verifies();
}

#[test]
fn a_denied_key_stays_denied() {
    let folder = Folder::toured();
    let asked =
        ["run", "provision-account", "--input", "account=clerk", "--input", "level=admin", "--idempotency-key", "k"];
    folder.run(&asked).ended(3);
    let before = folder.status();
    folder.run(&asked).ended(3);
    assert_eq!(folder.status(), before);
}

#[test]
fn the_detailed_exit_code_tells_a_change_from_none() {
    let folder = Folder::toured();
    let asked = [&ROTATE[..], &["--detailed-exitcode", "--idempotency-key", "once"]].concat();
    folder.run(&asked).ended(10);
    folder.run(&asked).ended(0);
    let denied =
        ["run", "provision-account", "--input", "account=clerk", "--input", "level=admin", "--detailed-exitcode"];
    folder.run(&denied).ended(3);
}

#[test]
fn a_second_process_is_told_who_holds_the_folder() {
    let folder = Folder::toured();
    folder.edit("workflows/rotate-reporting-key.yaml", "soak: 50ms", "soak: 20s");
    folder.activate();
    let mut first = folder.start(&ROTATE);
    first.reaches("wait ");
    let pid = format!("process {} (`run`", first.pid());
    let workflows = folder.path("workflows");
    for asked in [&ROTATE[..], &["quickstart"], &["activate", workflows.to_str().unwrap()]] {
        folder.run(asked).ended(7).says(&["error[folder.held]", &pid, "let it end, or stop it"]);
    }
    // Whoever only reads is let in.
    assert_eq!(folder.status()["open_runs"], 1);
    folder.run(&["plan", "provision-account", "--input", "account=clerk"]).ended(0);
    folder.verifies();
    first.signal("TERM");
    first.end();
    assert_eq!(std::fs::read_to_string(folder.path("lock")).unwrap(), "");
}

#[test]
fn the_lock_of_a_killed_process_holds_nobody_up() {
    let folder = Folder::toured();
    folder.edit("workflows/rotate-reporting-key.yaml", "soak: 50ms", "soak: 1s");
    folder.activate();
    let mut first = folder.start(&ROTATE);
    first.reaches("wait ");
    first.signal("KILL");
    assert_eq!(first.end().code, -1);
    let told = folder.run(&[&ROTATE[..], &["--idempotency-key", "k"]].concat()).ended(0);
    assert!(told.out.contains("was left open; carrying it on"), "{}", told.out);
    assert_eq!(folder.status()["open_runs"], 0);
    folder.verifies();
}

/// beh:R16: what git does not have any more, or has with another name, ends nothing that is there.
#[test]
fn a_workflow_that_is_gone_or_delivers_elsewhere_ends_nothing() {
    let folder = Folder::toured();
    let before = folder.targets();
    fs::remove_file(folder.path("workflows/tls-localhost.yaml")).unwrap();
    folder.edit("workflows/provision-account.yaml", "path: ${{ inputs.account }}", "path: other");
    folder.activate();
    folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert_eq!(folder.targets(), before);
    folder.run(&["run", "tls-localhost"]).ended(2).says(&["tls-localhost"]);
    assert_eq!(folder.targets(), before);
    folder.verifies();
}
