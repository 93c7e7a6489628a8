#![allow(clippy::unwrap_used)]

use std::fs;

use countersign_warrant::Timestamp;

use super::*;

fn folder(home: &tempfile::TempDir) -> (Folder, FolderLock) {
    Folder::create(home.path(), "quickstart", Timestamp::from_micros(1)).unwrap()
}

#[test]
fn keys_are_made_once_and_read_back() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = folder(&home);
    let made = Keys::make_missing(&folder, &lock).unwrap();
    let again = Keys::make_missing(&folder, &lock).unwrap();
    let read = Keys::open(&folder).unwrap();
    for keys in [&again, &read] {
        assert_eq!(keys.publics(), made.publics());
        assert_eq!(keys.ledger_seed(), made.ledger_seed());
        assert_eq!(keys.person("dana@example.com"), made.person("dana@example.com"));
    }
    let names: Vec<_> = made.publics().iter().map(|of| (of.key.as_str(), of.generation, of.public.len())).collect();
    assert_eq!(names, [("sealing", 1, 64), ("fingerprint", 1, 64), ("person", 1, 64)]);
}

#[test]
fn a_making_that_was_cut_off_goes_on_with_the_keys_that_are_there() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = folder(&home);
    let first = Keys::make_missing(&folder, &lock).unwrap();
    for key in [PERSON, LEDGER] {
        fs::remove_file(folder.key_path(key)).unwrap();
    }
    fs::write(folder.key_path("person").with_extension("key.new"), "countersign-k").unwrap();
    assert!(matches!(Keys::open(&folder), Err(KeysError::Missing { key: PERSON })));
    let healed = Keys::make_missing(&folder, &lock).unwrap();
    assert_eq!(healed.publics()[..2], first.publics()[..2]);
    assert_ne!(healed.publics()[2], first.publics()[2]);
}

#[test]
fn beside_a_store_a_missing_key_is_never_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = folder(&home);
    Keys::make_missing(&folder, &lock).unwrap();
    fs::write(folder.store_path(), "").unwrap();
    fs::remove_file(folder.key_path(SEALING)).unwrap();
    let error = Keys::make_missing(&folder, &lock).unwrap_err();
    assert_eq!(error.code(), "secrets.key_missing");
    assert!(!folder.key_path(SEALING).exists());
}

#[test]
fn another_installations_key_is_noticed_whichever_it_is() {
    let (home, other_home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, lock) = folder(&home);
    let (other, other_lock) = self::folder(&other_home);
    let keys = Keys::make_missing(&folder, &lock).unwrap();
    Keys::make_missing(&other, &other_lock).unwrap();
    let mut known = keys.publics().to_vec();
    known.push(KeyPublic { key: "ledger".to_owned(), generation: 1, public: "name+id+key".to_owned() });
    keys.confirm(&known).unwrap();
    keys.confirm(&[]).unwrap();
    for key in [SEALING, FINGERPRINT, PERSON] {
        let right = fs::read(folder.key_path(key)).unwrap();
        fs::copy(other.key_path(key), folder.key_path(key)).unwrap();
        let error = Keys::open(&folder).unwrap().confirm(&known).unwrap_err();
        assert!(matches!(error, KeysError::Wrong { key: found } if found == key), "{error}");
        assert_eq!(error.code(), "secrets.wrong_key");
        fs::write(folder.key_path(key), right).unwrap();
    }
    assert_eq!(keys.confirm(&known[..2]).unwrap_err().code(), "secrets.wrong_key");
}

#[test]
fn a_key_file_under_another_name_or_damaged_is_malformed() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = folder(&home);
    Keys::make_missing(&folder, &lock).unwrap();
    fs::copy(folder.key_path(PERSON), folder.key_path(FINGERPRINT)).unwrap();
    let error = Keys::make_missing(&folder, &lock).unwrap_err();
    assert!(matches!(error, KeysError::Malformed { key: FINGERPRINT }), "{error}");
}

#[test]
fn nothing_printable_of_the_keys_holds_their_bytes() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = folder(&home);
    let keys = Keys::make_missing(&folder, &lock).unwrap();
    let shown = format!("{keys:?}");
    assert!(shown.contains("sealing"), "{shown}");
    for key in [SEALING, FINGERPRINT, PERSON, LEDGER] {
        let text = fs::read_to_string(folder.key_path(key)).unwrap();
        let digits = text.trim_end().rsplit(' ').next().unwrap();
        assert!(!shown.contains(digits) && !shown.contains(&digits.to_uppercase()), "{key}");
        let file = KeyFile::parse(key, text.as_bytes()).unwrap();
        assert!(!shown.contains(&format!("{:?}", file.key.bytes())), "{key}");
        let public = keys.publics().iter().any(|of| of.public.contains(digits));
        assert!(!public, "{key}");
    }
}
