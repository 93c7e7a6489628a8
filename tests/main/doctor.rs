//! `countersign doctor`: what is well, what is not, and that looking changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::folder::{Folder, tree};

/// What it says with that exit code; each finding as `health about message`.
fn findings(folder: &Folder, code: i32) -> Vec<String> {
    let report = folder.run(&["doctor", "--json"]).ended(code).json();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let all: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["next"].is_null(), one["health"] == "ok", "what is not well says what to do: {one}");
            format!("{} {} {}", text(one, "health"), text(one, "about"), text(one, "message"))
        })
        .collect();
    let count = |health: &str| all.iter().filter(|one| one.starts_with(health)).count();
    assert_eq!(report["faults"], count("fault"), "{report}");
    assert_eq!(report["warnings"], count("warning"), "{report}");
    assert_eq!(report["ok"], count("fault") == 0, "{report}");
    all
}

/// Fails unless a finding begins with these words, and no fault or warning does otherwise.
fn only(found: &[String], wanted: &[&str]) {
    let unwell: Vec<&String> = found.iter().filter(|one| !one.starts_with("ok ")).collect();
    for words in wanted {
        assert!(unwell.iter().any(|one| one.contains(words)), "`{words}` in {found:#?}");
    }
    let others: Vec<_> = unwell.iter().filter(|one| !wanted.iter().any(|words| one.contains(words))).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// A file or folder, and when it was changed last.
type Touched = (String, i64, i64);

/// Every file with its bytes, and every file and folder with the time of its last change.
fn exactly(root: &Path) -> (Vec<Touched>, BTreeMap<PathBuf, Vec<u8>>) {
    fn times(path: &Path, found: &mut Vec<Touched>) {
        let about = fs::symlink_metadata(path).unwrap();
        found.push((path.display().to_string(), about.mtime(), about.mtime_nsec()));
        if about.is_dir() {
            let mut below: Vec<_> = fs::read_dir(path).unwrap().map(|one| one.unwrap().path()).collect();
            below.sort();
            for one in &below {
                times(one, found);
            }
        }
    }
    let mut found = Vec::new();
    times(root, &mut found);
    (found, tree(root))
}

#[test]
fn a_folder_that_is_well_is_left_as_it_is_to_the_byte() {
    let folder = Folder::toured();
    let before = exactly(&folder.data());
    let found = findings(&folder, 0);
    folder.run(&["doctor"]).ended(0);
    let after = exactly(&folder.data());
    assert!(before == after, "{:#?}\n{:#?}", before.0, after.0);
    only(&found, &[]);
    for about in ["folder", "store", "keys", "clock", "settings", "places", "set", "socket", "schedule", "runs"] {
        assert!(found.iter().any(|one| one.starts_with(&format!("ok {about} "))), "{about}: {found:#?}");
    }
    assert!(found.iter().any(|one| one.ends_with("is what its fingerprint says: 4 versions")), "{found:#?}");
    let told = folder.run(&["doctor"]).ended(0).out;
    assert!(told.ends_with("no fault, 0 warnings; nothing was changed\n"), "{told}");
}

#[test]
fn what_is_wrong_with_keys_is_a_fault() {
    let folder = Folder::toured();
    let sealing = folder.path("keys/sealing.key");
    fs::set_permissions(&sealing, fs::Permissions::from_mode(0o644)).unwrap();
    only(&findings(&folder, 1), &["[folder.readable]"]);
    fs::set_permissions(&sealing, fs::Permissions::from_mode(0o600)).unwrap();
    let right = fs::read(&sealing).unwrap();
    fs::remove_file(&sealing).unwrap();
    only(&findings(&folder, 1), &["[secrets.key_missing]"]);
    fs::copy(folder.path("keys/person.key"), &sealing).unwrap();
    only(&findings(&folder, 1), &["[secrets.key_malformed]"]);
    fs::write(&sealing, right).unwrap();
    fs::remove_file(folder.path("keys/ledger.head")).unwrap();
    only(&findings(&folder, 1), &["[ledger.head_missing]"]);
}

#[test]
fn a_key_of_another_folder_and_sealed_bytes_that_were_altered_are_found() {
    let folder = Folder::toured();
    let other = Folder::new();
    other.run(&["quickstart"]).ended(0);
    let right = fs::read(folder.path("keys/sealing.key")).unwrap();
    fs::copy(other.path("keys/sealing.key"), folder.path("keys/sealing.key")).unwrap();
    only(&findings(&folder, 1), &["[secrets.wrong_key]"]);
    fs::write(folder.path("keys/sealing.key"), right).unwrap();
    let ledger = fs::read(folder.path("keys/ledger.key")).unwrap();
    fs::copy(other.path("keys/ledger.key"), folder.path("keys/ledger.key")).unwrap();
    only(&findings(&folder, 1), &["[secrets.wrong_key]"]);
    fs::write(folder.path("keys/ledger.key"), ledger).unwrap();
    folder.tamper(&[
        "update versions set fingerprint = 'f' where subject = 'local/account/reporting' and stage = 'current'",
    ]);
    only(&findings(&folder, 1), &["fault keys local/account/reporting@2 does not open: it opens, and is not what"]);
}

#[test]
fn settings_places_and_webhooks_are_looked_at() {
    let folder = Folder::toured();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let settings = fs::read_to_string(folder.path("settings.toml")).unwrap();
    let hooks = format!(
        "[webhooks.there]\nurl = \"http://127.0.0.1:{taken}/hook\"\n[webhooks.gone]\nurl = \"http://127.0.0.1:1/hook\"\n"
    );
    fs::write(folder.path("settings.toml"), format!("{settings}\n{hooks}")).unwrap();
    let client = folder.path("places/client");
    fs::set_permissions(&client, fs::Permissions::from_mode(0o777)).unwrap();
    let found = findings(&folder, 1);
    only(&found, &["warning webhooks gone: 127.0.0.1:1 takes no connection", "can be written to by everybody"]);
    assert!(found.iter().any(|one| one.starts_with("ok webhooks there: 127.0.0.1:")), "{found:#?}");
    let mut sent = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut sent).unwrap();
    assert_eq!(sent, b"", "nothing is sent to a webhook");
    fs::set_permissions(&client, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.path("settings.toml"), "version = 1\nplaces = 7\n").unwrap();
    only(&findings(&folder, 1), &["settings.toml:2: "]);
}

#[test]
fn work_that_needs_somebody_is_a_warning() {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 300ms");
    folder.activate();
    folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let past = "update due set at = instant - 400000000000000 where workflow = 'rotate-legacy-login'";
    folder.tamper_with("due", &[past]);
    let found = findings(&folder, 0);
    only(&found, &["rotate-legacy-login (schedule) is overdue by", "on local/account/reporting needs a person"]);
    folder.tamper_with("due", &["delete from due"]);
    assert!(findings(&folder, 0).iter().any(|one| one.contains("are not arranged yet")));
}

#[test]
fn a_damaged_store_and_a_clock_that_was_set_back_are_faults() {
    let folder = Folder::toured();
    folder.tamper(&["update entries set at = at + 9000000000000 where idx = (select max(idx) from entries)"]);
    only(&findings(&folder, 1), &["[clock.behind]", "does not say what its row says [store.corrupt]"]);
    folder.tamper(&["delete from entries where idx = (select max(idx) from entries)"]);
    only(&findings(&folder, 1), &["[ledger.torn]", "has no entry [store.corrupt]"]);
    let database = folder.path("countersign.db");
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40_000].fill(7);
    fs::write(&database, bytes).unwrap();
    only(&findings(&folder, 1), &["[store.corrupt]"]);
    fs::remove_file(&database).unwrap();
    only(&findings(&folder, 1), &["[store.missing]"]);
    fs::remove_file(folder.path("version")).unwrap();
    only(&findings(&folder, 1), &["fault folder the data folder"]);
}

#[test]
fn a_folder_that_is_served_is_looked_at_beside_the_server() {
    let folder = Folder::toured();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving:");
    let found = findings(&folder, 0);
    only(&found, &[]);
    for words in ["ok socket a process serves this folder, and answers", "ok folder its lock is held by process"] {
        assert!(found.iter().any(|one| one.starts_with(words)), "`{words}` in {found:#?}");
    }
    assert!(folder.path("control.sock").exists());
    serving.signal("KILL");
    serving.end();
    let found = findings(&folder, 0);
    only(&found, &[]);
    for words in ["ok socket a socket is left over", "ended without a word: the next command sees to its runs"] {
        assert!(found.iter().any(|one| one.contains(words)), "`{words}` in {found:#?}");
    }
}

#[test]
fn each_connector_says_what_it_has_to_be_allowed() {
    let folder = Folder::toured();
    let told = folder.run(&["doctor", "--print-policy"]).ended(0).out;
    for words in
        ["files  files: delivers", "needs    The place must be a folder", "changes  account: key_remove, for good"]
    {
        assert!(told.contains(words), "`{words}` in {told}");
    }
    let document = folder.run(&["doctor", "--print-policy", "--json"]).ended(0).json();
    let connectors = document["connectors"].as_array().unwrap();
    assert_eq!(connectors.len(), 2);
    for one in connectors {
        assert!(one["permissions"].as_array().unwrap().len() >= 2, "{one}");
        assert!(!one["verbs"].as_array().unwrap().is_empty(), "{one}");
    }
    // The defaults, where there is no folder.
    Folder::new().run(&["doctor", "--print-policy"]).ended(0);
}
