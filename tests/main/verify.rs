//! `countersign evidence`: any change of what was written is found and named; the story of a credential.

use std::fs;

use serde_json::Value;

use crate::folder::Folder;
use crate::steady::{steady, unwrapped};

/// Tampers with a fresh ledger, and gives what verification says of it.
fn tampered(statements: &[&str]) -> Vec<Value> {
    let folder = Folder::toured();
    folder.tamper(statements);
    faults(&folder, &[])
}

/// The faults, each of which is told to a person too.
fn faults(folder: &Folder, more: &[&str]) -> Vec<Value> {
    let asked = [&["evidence", "verify"], more].concat();
    let report = folder.run(&[&asked[..], &["--json"]].concat()).ended(6).json();
    assert_eq!(report["verified"], false);
    let faults = report["faults"].as_array().unwrap().clone();
    assert!(!faults.is_empty());
    let told = folder.run(&asked).ended(6);
    assert!(told.out.contains("do not hold") || told.out.contains("does not hold"), "{}", told.out);
    for fault in &faults {
        assert!(told.out.contains(&format!("[{}]", fault["code"].as_str().unwrap())), "{fault}:\n{}", told.out);
    }
    faults
}

fn names(faults: &[Value], index: u64) {
    let named = faults.iter().any(|fault| fault["index"] == index);
    assert!(named, "entry {index} is not named: {faults:#?}");
}

#[test]
fn a_changed_byte_of_any_entry_is_named() {
    let folder = Folder::toured();
    let size = folder.verifies();
    let last = size - 1;
    for index in [0, 1, size / 3, size / 2, last] {
        let folder = Folder::toured();
        // The byte in the middle becomes its neighbour.
        let flip = format!(
            "update entries set statement = cast(substr(cast(statement as text), 1, length(statement) / 2) || \
             char(unicode(substr(cast(statement as text), length(statement) / 2 + 1, 1)) + 1) || \
             substr(cast(statement as text), length(statement) / 2 + 2) as blob) where idx = {index}"
        );
        folder.tamper(&[&flip]);
        let faults = faults(&folder, &[]);
        names(&faults, index);
        assert!(faults.iter().any(|fault| fault["code"] == "leaf.hash" && fault["index"] == index), "{faults:#?}");
    }
    // One that mends the stored hash as well is betrayed by the root.
    let other = "update entries set statement = (select statement from entries where idx = 11), \
                 leaf = (select leaf from entries where idx = 11) where idx = 12";
    let faults = tampered(&[other]);
    assert!(faults.iter().any(|fault| fault["code"] == "root.mismatch"), "{faults:#?}");
    names(&faults, 12);
}

#[test]
fn an_entry_that_is_dropped_is_named() {
    let faults = tampered(&["delete from entries where idx = 20"]);
    assert_eq!(faults[0]["message"], "entries 20 to 20 are missing before it");
    // With the gap closed behind it.
    let closed = [
        "delete from entries where idx = 20",
        "update entries set idx = -idx where idx > 20",
        "update entries set idx = -idx - 1 where idx < 0",
    ];
    let faults = tampered(&closed);
    assert!(faults.iter().any(|fault| fault["code"] == "ledger.cut_off"), "{faults:#?}");
}

#[test]
fn an_entry_that_is_doubled_is_named() {
    let doubled = [
        "update entries set idx = -idx where idx > 20",
        "update entries set idx = -idx + 1 where idx < 0",
        "insert into entries select 21, id || '-again', run, epoch, kind, at, statement, leaf from entries where idx = 20",
    ];
    names(&tampered(&doubled), 21);
}

#[test]
fn entries_that_changed_places_are_named() {
    let swapped = [
        "update entries set idx = -1 where idx = 20",
        "update entries set idx = 20 where idx = 21",
        "update entries set idx = 21 where idx = -1",
    ];
    let faults = tampered(&swapped);
    assert!(faults.iter().any(|fault| fault["index"] == 20 || fault["index"] == 21), "{faults:#?}");
}

#[test]
fn a_tail_that_is_cut_off_is_named() {
    let faults = tampered(&["delete from entries where idx >= 60"]);
    assert_eq!(faults[0]["code"], "ledger.cut_off");
    assert!(faults[0]["message"].as_str().unwrap().ends_with("and only 60 are there"), "{faults:#?}");
}

#[test]
fn a_ledger_that_was_set_back_is_betrayed_by_what_was_signed_later() {
    let folder = Folder::toured();
    let old = folder.around().join("old");
    crate::folder::copy(&folder.data(), &old);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    let kept = folder.around().join("kept.checkpoint");
    fs::write(&kept, folder.run(&["evidence", "checkpoint"]).ended(0).out).unwrap();
    let json = folder.run(&["evidence", "checkpoint", "--json"]).ended(0).json();
    assert_eq!(fs::read_to_string(&kept).unwrap(), json["note"].as_str().unwrap());
    assert_eq!(json["size"].as_u64(), Some(folder.verifies()));
    let kept = kept.to_str().unwrap();
    folder.run(&["evidence", "verify", "--checkpoint", kept]).ended(0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.run(&["evidence", "verify", "--checkpoint", kept]).ended(0);

    // The database alone: the file beside the key knows better, and nothing more is written.
    fs::copy(old.join("countersign.db"), folder.path("countersign.db")).unwrap();
    for beside in ["countersign.db-wal", "countersign.db-shm"] {
        let _ = fs::remove_file(folder.path(beside));
    }
    let faults_of_the_database = faults(&folder, &[]);
    assert!(faults_of_the_database.iter().any(|fault| fault["code"] == "ledger.cut"), "{faults_of_the_database:#?}");
    folder.run(&["run", "rotate-reporting-key"]).ended(6).says(&["does not continue what was signed"]);

    // That file too: the folder is consistent in itself, and only the checkpoint that was kept elsewhere knows.
    fs::copy(old.join("keys/ledger.head"), folder.path("keys/ledger.head")).unwrap();
    folder.run(&["evidence", "verify"]).ended(0);
    let faults = faults(&folder, &["--checkpoint", kept]);
    assert!(faults.iter().any(|fault| fault["message"].as_str().unwrap().contains("earlier")), "{faults:#?}");
}

#[test]
fn a_checkpoint_file_that_is_none_is_refused() {
    let folder = Folder::toured();
    let none = folder.around().join("none.checkpoint");
    fs::write(&none, "nothing").unwrap();
    assert_ne!(folder.run(&["evidence", "verify", "--checkpoint", none.to_str().unwrap()]).code, 0);
    let told = folder.run(&["evidence", "verify", "--checkpoint", "nowhere"]).ended(2);
    told.says(&["`nowhere`", "name a checkpoint file"]);
}

#[test]
fn a_blob_that_an_entry_names_cannot_be_exchanged() {
    let faults =
        tampered(&["update blobs set bytes = x'00' where digest = (select plan from runs order by id limit 1)"]);
    assert!(faults.iter().any(|fault| fault["code"].as_str().unwrap().starts_with("blob.")), "{faults:#?}");
}

#[test]
fn the_life_of_a_key_is_told_in_words() {
    let folder = Folder::toured();
    let mut command = folder.command(&["evidence", "show", "local/account/reporting"]);
    command.env("COLUMNS", "120");
    insta::assert_snapshot!(unwrapped(&steady(&crate::folder::tell(command).ended(0).out)));
    let story = folder.run(&["evidence", "show", "local/account/reporting", "--json"]).ended(0).json();
    for row in story["story"].as_array().unwrap() {
        assert!(row["at"].is_string() && row["entry"].is_string() && row["text"].is_string(), "{row}");
    }
    let told = folder.run(&["evidence", "show", "local/account/nobody"]).ended(2);
    told.says(&["holds nothing about `local/account/nobody`", "countersign status"]);
    folder.run(&["evidence", "show", "reporting"]).ended(2).says(&["connector/kind/name"]);
}
