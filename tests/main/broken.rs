//! Data folders with something wrong in them: said clearly, its own exit code, nothing half done, and a ledger that
//! verifies once the cause is mended.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use crate::folder::{Folder, Told, changes, tree};

/// Damages a fresh folder, sees a rotation refused with that code and nothing changed, mends it, and sees one done.
fn refused(exit: i32, damage: impl FnOnce(&Folder), words: &[&str]) -> Told {
    let folder = Folder::toured();
    let sound = folder.around().join("sound");
    crate::folder::copy(&folder.data(), &sound);
    damage(&folder);
    let before = tree(&folder.data());
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(exit);
    told.says(words);
    assert_eq!(told.out, "");
    assert_eq!(changes(&before, &tree(&folder.data())), Vec::<&Path>::new());
    fs::remove_dir_all(folder.data()).unwrap();
    fs::rename(sound, folder.data()).unwrap();
    folder.verifies();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
    told
}

/// Puts another key of the same form into a key file.
fn other_key(folder: &Folder, name: &str) {
    let path = folder.path(&format!("keys/{name}.key"));
    let text = fs::read_to_string(&path).unwrap();
    let (head, key) = text.trim_end().rsplit_once(' ').unwrap();
    let turned: String = key.chars().rev().collect();
    fs::write(path, format!("{head} {turned}\n")).unwrap();
}

#[test]
fn another_sealing_key_opens_nothing() {
    let words = ["error[secrets.wrong_key]", "`keys/sealing.key` is not the key", "put the right one back"];
    refused(2, |folder| other_key(folder, "sealing"), &words);
}

#[test]
fn every_other_key_is_told_apart_too() {
    refused(2, |folder| other_key(folder, "fingerprint"), &["`keys/fingerprint.key` is not the key"]);
    refused(2, |folder| other_key(folder, "person"), &["`keys/person.key` is not the key"]);
    refused(6, |folder| other_key(folder, "ledger"), &["error[ledger.foreign]", "not signed by this ledger's key"]);
}

#[test]
fn keys_that_changed_places_are_noticed() {
    let swap = |folder: &Folder| {
        let (one, other) = (folder.path("keys/sealing.key"), folder.path("keys/person.key"));
        let bytes = fs::read(&one).unwrap();
        fs::copy(&other, &one).unwrap();
        fs::write(other, bytes).unwrap();
    };
    refused(2, swap, &["error[secrets.key_malformed]", "`keys/sealing.key` does not hold the sealing key"]);
}

#[test]
fn without_the_last_signed_tree_nothing_is_written() {
    let gone = |folder: &Folder| fs::remove_file(folder.path("keys/ledger.head")).unwrap();
    let words = ["error[ledger.head_missing]", "is gone", "put `keys/ledger.head` back"];
    refused(6, gone, &words);
    let folder = Folder::toured();
    gone(&folder);
    folder.run(&["evidence", "verify"]).ended(6).says(&words);
    folder.run(&["status"]).ended(0);
    folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
}

/// rel:F21: the last entry is of a time that the clock has not come to yet.
#[test]
fn a_clock_that_was_set_back_starts_nothing() {
    let folder = Folder::toured();
    folder.tamper(&["update entries set at = at + 3600000000 where idx = (select max(idx) from entries)"]);
    let before = folder.targets();
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(1);
    told.says(&["error[clock.behind]", "the clock says 20", "set the clock right"]);
    assert_eq!(folder.targets(), before);
    folder.run(&["evidence", "checkpoint"]).ended(0);
}

#[test]
fn a_missing_key_is_never_made_anew() {
    let words = ["error[secrets.key_missing]", "`keys/sealing.key` is missing", "put it back"];
    refused(2, |folder| fs::remove_file(folder.path("keys/sealing.key")).unwrap(), &words);
    let folder = Folder::toured();
    fs::remove_file(folder.path("keys/sealing.key")).unwrap();
    folder.run(&["quickstart"]).ended(2).says(&words);
    assert!(!folder.path("keys/sealing.key").exists());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let open = |folder: &Folder| {
        fs::set_permissions(folder.path("keys/sealing.key"), fs::Permissions::from_mode(0o644)).unwrap();
    };
    refused(2, open, &["error[folder.readable]", "can be read by others (mode 0644)", "chmod 600"]);
}

#[test]
fn a_folder_of_a_newer_version_is_left_alone() {
    let words = ["error[folder.newer]", "has format 2", "formats up to 1"];
    refused(2, |folder| fs::write(folder.path("version"), "2\n").unwrap(), &words);
    let newer = "insert into _sqlx_migrations values (99, 'later', current_timestamp, 1, x'00', 1)";
    let words = ["error[store.newer]", "has schema 99", "use the newer version"];
    refused(2, |folder| folder.tamper(&[newer]), &words);
    let folder = Folder::toured();
    fs::write(folder.path("version"), "2\n").unwrap();
    for command in ["status", "quickstart"] {
        folder.run(&[command]).ended(2).says(&["error[folder.newer]"]);
    }
    folder.run(&["evidence", "verify"]).ended(2).says(&["error[folder.newer]"]);
    folder.run(&["plan", "rotate-reporting-key"]).ended(2).says(&["error[folder.newer]"]);
}

#[test]
fn an_unknown_key_of_the_settings_is_shown_in_its_line() {
    let misspell = |folder: &Folder| folder.edit("settings.toml", "[places.server]", "[places.server]\nadress = \"x\"");
    let words = ["settings.unknown_key", "`adress`", "settings.toml:", "adress = \"x\"", "did you mean `address`?"];
    refused(2, misspell, &words);
}

#[test]
fn a_damaged_page_is_a_ledger_problem() {
    let words = ["error[store.corrupt]", "damaged", "restore", "countersign evidence verify"];
    refused(6, |folder| overwrite(folder, 0), &words);
    // A page in the middle: the tables that hold the ledger, and the row of the tree.
    let folder = Folder::toured();
    let page = |table: &str| match table {
        "entries" => folder.ask::<i64>("select rootpage from sqlite_schema where name = 'entries'"),
        _ => folder.ask::<i64>("select rootpage from sqlite_schema where name = 'tree'"),
    };
    let (entries, tree) = (page("entries") - 1, page("tree") - 1);
    let told = refused(6, |folder| overwrite(folder, entries), &["error[store.corrupt]"]);
    assert!(!told.err.contains("panicked"), "{}", told.err);
    refused(6, |folder| overwrite(folder, tree), &["error[store.corrupt]"]);
    overwrite(&folder, entries);
    folder.run(&["evidence", "verify"]).ended(6).says(&["error[store.corrupt]"]);
}

/// Writes over a page of the database.
fn overwrite(folder: &Folder, page: i64) {
    const PAGE: u64 = 4096;
    let file = fs::OpenOptions::new().write(true).open(folder.path("countersign.db")).unwrap();
    file.write_all_at(&[0xa5; 4096], u64::try_from(page).unwrap() * PAGE).unwrap();
}

#[test]
fn what_is_no_data_folder_is_not_made_one() {
    let folder = Folder::new();
    folder.run(&["status"]).ended(2).says(&["there is no data folder at", "countersign quickstart"]);
    fs::create_dir(folder.data()).unwrap();
    fs::write(folder.path("thesis.txt"), "years of work").unwrap();
    folder.run(&["quickstart"]).ended(2).says(&["is not a data folder", "`thesis.txt`"]);
    assert_eq!(tree(&folder.data()).len(), 1);
}

#[test]
fn a_policy_that_denies_or_fails_denies() {
    let denies = "@id(\"freeze\")\n@title(\"Nothing rotates\")\n@reason(\"the year ends\")\nforbid (principal, action == \
                  Countersign::Action::\"rotate\", resource);\n";
    // Strictly valid, and an error for this very request: the sum of two long numbers overflows.
    let fails = "@id(\"fails\")\n@title(\"Fails\")\n@reason(\"it cannot be evaluated\")\nforbid (principal, action == \
                 Countersign::Action::\"rotate\", resource)\nwhen { context.length_of has reason && \
                 9223372036854775807 + context.length_of.reason == 0 };\n";
    for (text, words) in [(denies, "freeze: the year ends"), (fails, "fails")] {
        let folder = Folder::toured();
        fs::write(folder.path("workflows/policies/more.cedar"), text).unwrap();
        folder.activate();
        let (targets, before) = (folder.targets(), folder.status());
        folder.run(&["plan", "rotate-reporting-key"]).ended(3);
        let told = folder.run(&["run", "rotate-reporting-key"]).ended(3);
        assert!(told.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{}", told.out);
        assert_eq!(folder.targets(), targets);
        assert_eq!(folder.status()["versions"], before["versions"]);
        folder.verifies();
        fs::remove_file(folder.path("workflows/policies/more.cedar")).unwrap();
        folder.activate();
        folder.run(&["run", "rotate-reporting-key"]).ended(0);
        folder.verifies();
    }
}
