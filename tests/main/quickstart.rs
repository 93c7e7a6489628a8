//! `countersign quickstart`: the whole tour, twice, and what falls due in between.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::folder::Folder;
use crate::steady::steady;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn assert_rows(run: &Value, name: &str, wanted: &[&str]) {
    for row in run[name].as_array().unwrap() {
        assert_eq!(keys(row), wanted.iter().copied().collect(), "{name}");
        assert!(row["entry"].as_str().unwrap().starts_with(run["run"].as_str().unwrap()));
    }
}

#[test]
fn the_report_has_the_promised_shape_and_the_ledger_verifies() {
    let folder = Folder::new();
    let told = folder.run(&["quickstart", "--json"]).ended(0);
    assert_eq!(told.err, "");
    let report = told.json();
    assert_eq!(keys(&report), BTreeSet::from(["ledger", "runs"]));
    assert_eq!(keys(&report["ledger"]), BTreeSet::from(["root", "size", "verified"]));
    assert_eq!(report["ledger"]["verified"], true);
    assert_eq!(report["ledger"]["root"].as_str().unwrap().len(), 64);
    let runs = report["runs"].as_array().unwrap();
    let said: Vec<(&str, &str, usize)> = runs
        .iter()
        .map(|run| {
            let count = run["warrants"].as_array().unwrap().len();
            (run["workflow"].as_str().unwrap(), run["outcome"].as_str().unwrap(), count)
        })
        .collect();
    assert_eq!(
        said,
        [
            ("provision-account", "done", 2),
            ("provision-account", "denied", 0),
            ("ca-root", "done", 2),
            ("ca-issuing", "done", 2),
            ("tls-localhost", "done", 2),
            ("rotate-reporting-key", "done", 4),
        ]
    );
    for run in runs {
        assert_eq!(
            keys(run),
            BTreeSet::from([
                "code",
                "decisions",
                "message",
                "outcome",
                "plan",
                "receipts",
                "run",
                "warrants",
                "workflow",
            ])
        );
        assert_rows(run, "decisions", &["entry", "policies", "step", "verdict"]);
        assert_rows(run, "warrants", &["entry", "subject", "verb"]);
        assert_rows(run, "receipts", &["entry", "outcome"]);
        let verdict = if run["outcome"] == "denied" { "deny" } else { "allow" };
        assert!(run["decisions"].as_array().unwrap().iter().all(|row| row["verdict"] == verdict));
        assert!(run["receipts"].as_array().unwrap().iter().all(|row| row["outcome"] == "done"));
        assert_eq!(run["receipts"].as_array().unwrap().len(), run["warrants"].as_array().unwrap().len());
    }
    assert!(folder.verifies() >= report["ledger"]["size"].as_u64().unwrap());
    assert!(fs::read(folder.path("places/client/reporting/key")).unwrap().len() >= 43);
}

#[test]
fn a_person_is_told_a_story_that_fits_sixty_columns() {
    let folder = Folder::new();
    let told = crate::folder::tell({
        let mut command = folder.command(&["quickstart"]);
        command.env("COLUMNS", "60");
        command
    })
    .ended(0);
    for words in ["what happened", "least-privilege-level", "verified", "what to try next", "evidence show"] {
        assert!(told.out.contains(words), "{words}:\n{}", told.out);
    }
    assert!(!told.out.contains('\u{1b}'), "colour on a pipe");
    let story = steady(&told.out);
    // A digest, an instant with its words, or a command to copy is never broken.
    let breakable = |line: &&str| line.chars().count() > 60 && line.trim().contains(' ') && !line.contains("--data");
    let long: Vec<&str> = story.lines().filter(breakable).filter(|line| !line.contains("/data")).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_second_one_asks_for_nothing_twice() {
    let folder = Folder::toured();
    let (targets, before) = (folder.targets(), folder.status());
    let report = folder.run(&["quickstart", "--json"]).ended(0).json();
    assert_eq!(report["runs"].as_array().unwrap().len(), 6);
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status()["versions"], before["versions"]);
    assert_eq!(folder.status()["runs"], before["runs"]);
    folder.verifies();
}

#[test]
fn what_expires_is_renewed_and_nothing_else() {
    let folder = Folder::new();
    // Cut off before the certificate is issued; a lifetime of seconds from then on.
    let mut first = folder.start(&["quickstart"]);
    first.reaches("started  ca-root");
    first.signal("TERM");
    first.end();
    // Certificates begin a minute before they are issued: this one has six seconds left, and is due at their end.
    folder.edit("workflows/tls-localhost.yaml", "lifetime: 7d", "lifetime: 67s");
    folder.edit("workflows/tls-localhost.yaml", "at: 2/3", "at: 99/100");
    folder.edit("workflows/rotate-reporting-key.yaml", "soak: 2s", "soak: 50ms");
    folder.activate();
    folder.run(&["quickstart"]).ended(0);
    let served = fs::read(folder.path("places/server/tls/certificate.pem")).unwrap();
    let key = fs::read(folder.path("places/client/reporting/key")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(6));

    let report = folder.run(&["quickstart", "--json"]).ended(0).json();
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 7);
    assert_eq!((&runs[6]["workflow"], &runs[6]["outcome"]), (&"tls-localhost".into(), &"done".into()));
    assert_ne!(fs::read(folder.path("places/server/tls/certificate.pem")).unwrap(), served);
    assert_eq!(fs::read(folder.path("places/client/reporting/key")).unwrap(), key);
    folder.verifies();
}

#[test]
fn a_denied_request_changes_nothing_and_is_in_the_ledger() {
    let folder = Folder::toured();
    let (targets, before) = (folder.targets(), folder.status());
    let asked = ["run", "provision-account", "--input", "account=clerk", "--input", "level=admin", "--json"];
    let report = folder.run(&asked).ended(3).json();
    let run = &report["runs"][0];
    assert_eq!(run["outcome"], "denied");
    assert_eq!(run["warrants"].as_array().unwrap().len(), 0);
    assert_eq!(run["decisions"][0]["policies"][0], "least-privilege-level");
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status()["versions"], before["versions"]);
    let story = folder.run(&["evidence", "show", "local/account/clerk"]).ended(0);
    assert!(story.out.contains("least-privilege-level"), "{}", story.out);
    assert!(folder.verifies() > before["entries"].as_u64().unwrap());
}
