#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;

use super::*;

fn since() -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000)
}

fn create(path: &Path) -> Result<(Folder, FolderLock), FolderError> {
    Folder::create(path, "quickstart", since())
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_folder_is_closed_to_others_and_making_it_again_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("some/where/data");
    let (folder, lock) = create(&root).unwrap();
    assert_eq!(mode(&root), 0o700);
    for name in [KEYS, LOCAL, PLACES] {
        assert_eq!(mode(&root.join(name)), 0o700, "{name}");
    }
    for name in [SETTINGS, VERSION, LOCK] {
        assert_eq!(mode(&root.join(name)), 0o600, "{name}");
    }
    drop(lock);
    fs::write(folder.settings_path(), "version = 1\n").unwrap();
    let (folder, _lock) = create(&root).unwrap();
    assert_eq!(fs::read_to_string(folder.settings_path()).unwrap(), "version = 1\n");
}

#[test]
fn an_empty_folder_of_ours_is_taken_and_closed_to_others() {
    let home = tempfile::tempdir().unwrap();
    set_mode(home.path(), 0o777);
    drop(create(home.path()).unwrap());
    assert_eq!(mode(home.path()), 0o700);
}

#[test]
fn a_making_that_was_cut_off_anywhere_is_not_opened_and_is_healed() {
    // What there may be at each moment of the making, in its order.
    let made: [&[&str]; 7] = [
        &[],
        &["lock"],
        &["lock", "keys/"],
        &["lock", "keys/", "local/", "places/"],
        &["lock", "keys/", "local/", "places/", "settings.toml.new"],
        &["lock", "keys/", "local/", "places/", "settings.toml"],
        &["lock", "keys/", "local/", "places/", "settings.toml", "version.new"],
    ];
    for there in made {
        let home = tempfile::tempdir().unwrap();
        for name in there {
            let path = home.path().join(name);
            if name.ends_with('/') { fs::create_dir(&path).unwrap() } else { fs::write(&path, "ver").unwrap() }
        }
        assert_eq!(Folder::open(home.path()).unwrap_err().code(), "folder.incomplete", "{there:?}");
        let (folder, _lock) = create(home.path()).unwrap_or_else(|error| panic!("{there:?}: {error}"));
        Folder::open(folder.root()).unwrap();
        assert!(folder.settings_path().is_file());
        assert!(!home.path().join("version.new").exists());
    }
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("holiday.jpg"), "x").unwrap();
    set_mode(home.path(), 0o755);
    assert_eq!(create(home.path()).unwrap_err().code(), "folder.foreign");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    assert_eq!(mode(home.path()), 0o755);
}

#[test]
fn what_is_missing_newer_or_no_number_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("data");
    assert_eq!(Folder::open(&root).unwrap_err().code(), "folder.missing");
    drop(create(&root).unwrap());
    for (text, code) in [("2\n", "folder.newer"), ("0\n", "folder.version"), ("one\n", "folder.version")] {
        fs::write(root.join(VERSION), text).unwrap();
        assert_eq!(Folder::open(&root).unwrap_err().code(), code);
        assert_eq!(create(&root).unwrap_err().code(), code);
        assert_eq!(fs::read_to_string(root.join(VERSION)).unwrap(), text);
    }
}

#[test]
fn a_second_holder_is_told_who_the_first_is() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = create(home.path()).unwrap();
    let Err(error) = folder.lock("run", since()) else { panic!("the lock was given twice") };
    let FolderError::Held { holder: Some(holder), .. } = &error else { panic!("{error}") };
    let first = Holder { pid: std::process::id(), command: "quickstart".to_owned(), since: since() };
    assert_eq!(*holder, first);
    assert!(error.to_string().contains(&format!("process {} (`quickstart`, since 20", first.pid)), "{error}");
    Folder::open(home.path()).unwrap();
    drop(lock);
    drop(folder.lock("run", since()).unwrap());
    assert_eq!(fs::read(home.path().join(LOCK)).unwrap(), b"");
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = create(home.path()).unwrap();
    folder.write_key("sealing", b"bytes", &lock).unwrap();
    let path = folder.key_path("sealing");
    assert_eq!(mode(&path), 0o600);
    for wrong in [0o640, 0o604, 0o620, 0o601] {
        set_mode(&path, wrong);
        let error = folder.read_key("sealing").unwrap_err();
        assert_eq!(error.code(), "folder.readable");
        let way_out = format!("(mode {wrong:04o}): run `chmod 600 '{}'`", path.display());
        assert!(error.to_string().ends_with(&way_out), "{error}");
    }
    set_mode(&path, 0o400);
    assert_eq!(folder.read_key("sealing").unwrap().unwrap().as_slice(), b"bytes");
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    let ours = nix::unistd::geteuid().as_raw();
    assert!(private::check_owner(Path::new("x"), ours).is_ok());
    let error = private::check_owner(Path::new("x"), ours + 1).unwrap_err();
    assert_eq!(error.code(), "folder.owner");
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = create(home.path()).unwrap();
    folder.write_key("sealing", b"bytes", &lock).unwrap();
    // Only root can give a file away.
    if ours == 0 {
        std::os::unix::fs::chown(folder.key_path("sealing"), Some(4711), None).unwrap();
        assert_eq!(folder.read_key("sealing").unwrap_err().code(), "folder.owner");
    }
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let home = tempfile::tempdir().unwrap();
    drop(create(home.path()).unwrap());
    set_mode(home.path(), 0o770);
    assert_eq!(Folder::open(home.path()).unwrap_err().code(), "folder.writable");
    assert_eq!(create(home.path()).unwrap_err().code(), "folder.writable");
}

#[test]
fn a_key_is_never_overwritten_and_never_half_read() {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = create(home.path()).unwrap();
    assert!(folder.read_key("person").unwrap().is_none());
    folder.write_key("person", &[7; 4096], &lock).unwrap();
    assert_eq!(folder.write_key("person", b"other", &lock).unwrap_err().code(), "folder.exists");
    assert_eq!(folder.read_key("person").unwrap().unwrap().as_slice(), [7; 4096]);
    symlink("/nowhere", folder.key_path("ledger")).unwrap();
    assert_eq!(folder.write_key("ledger", b"other", &lock).unwrap_err().code(), "folder.exists");
    folder.write_key("large", &[7; 4097], &lock).unwrap();
    assert_eq!(folder.read_key("large").unwrap_err().code(), "folder.not_a_file");
    fs::create_dir(folder.key_path("directory")).unwrap();
    assert_eq!(folder.read_key("directory").unwrap_err().code(), "folder.not_a_file");
}

#[test]
fn the_flag_outweighs_the_environment_and_that_the_platform() {
    let resolve = |flag: Option<&str>, named: Option<&str>| {
        Folder::resolve_from(flag.map(PathBuf::from), named.map(OsString::from)).unwrap()
    };
    assert_eq!(resolve(Some("/a"), Some("/b")), Path::new("/a"));
    assert_eq!(resolve(None, Some("/b")), Path::new("/b"));
    assert!(resolve(None, Some("")).ends_with("countersign"));
    assert_eq!(resolve(Some("x"), None), std::env::current_dir().unwrap().join("x"));
}

#[test]
fn a_place_is_never_where_the_folder_keeps_its_own_files() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("data");
    let (folder, _lock) = create(&root).unwrap();
    let place = folder.place(Path::new("places/client")).unwrap();
    assert_eq!((place.as_path(), mode(&place)), (root.join("places/client").as_path(), 0o700));
    symlink(root.join(KEYS), home.path().join("harmless")).unwrap();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    assert_eq!(folder.place(&outside).unwrap(), outside);
    let [keys, harmless, above] = [root.join(KEYS), home.path().join("harmless"), home.path().to_owned()];
    for wrong in [Path::new("keys/x"), Path::new("."), &keys, &harmless, &above, &root] {
        assert_eq!(folder.place(wrong).unwrap_err().code(), "folder.not_a_place", "{}", wrong.display());
    }
    assert!(!root.join("keys/x").exists());
    assert_eq!(folder.place(&home.path().join("not there")).unwrap_err().code(), "folder.io");
}
