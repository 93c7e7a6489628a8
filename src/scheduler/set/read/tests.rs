//! What is read, what is refused, and the pages of both.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use countersign_kernel::workflow::Known;

use super::*;

/// What is not read of a folder: names below it, and why.
fn unread(path: &Path) -> Vec<(String, &'static str)> {
    let below = format!("{}/", path.display());
    let set = FileSet::read(path);
    let name = |one: &Unread| one.path.strip_prefix(&below).unwrap_or_default().to_owned();
    set.unread.iter().map(|one| (name(one), one.why.code())).collect()
}

#[test]
fn a_file_that_is_written_to_did_not_stand_still() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, "a: 1\n").unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    let before = file.metadata().unwrap();
    assert!(stood_still(&before, &file.metadata().unwrap(), 5));
    assert!(!stood_still(&before, &before, 4), "cut while it was read");
    assert!(!stood_still(&before, &before, 6), "grown while it was read");
    (&file).write_all(b"b: 2\n").unwrap();
    assert!(!stood_still(&before, &file.metadata().unwrap(), 5));
    file.set_len(5).unwrap();
    file.set_modified(before.modified().unwrap() + std::time::Duration::from_secs(1)).unwrap();
    assert!(!stood_still(&before, &file.metadata().unwrap(), 5), "written over with as many bytes");
}

#[test]
fn a_large_file_is_read_only_as_far_as_needed_to_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, vec![b'#'; 10 << 20]).unwrap();
    assert_eq!(FileSet::read(&path).workflows[0].bytes.len(), (1 << 20) + 1);
}

/// What cannot be read is left, each with its reason, and the rest is read.
#[test]
fn links_that_loop_and_things_that_are_no_files_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/x.yaml"), "a: 1\n").unwrap();
    assert_eq!(FileSet::read(root).workflows.len(), 1);
    for (name, target) in [("one", ".."), ("two", "../.."), ("three", ".")] {
        symlink(target, root.join("a/b").join(name)).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.join("s.yaml")).unwrap();
    symlink("/etc", root.join("etc")).unwrap();
    symlink("nowhere", root.join("notes.txt")).unwrap();
    fs::create_dir(root.join("z")).unwrap();
    fs::write(root.join("z/y.cedar"), "").unwrap();
    let left = [
        ("a/b/one", "set.link_loops"),
        ("a/b/three", "set.link_loops"),
        ("a/b/two", "set.link_loops"),
        ("etc", "set.link_leads_out"),
        ("notes.txt", "set.unreadable"),
        ("s.yaml", "set.no_file"),
    ];
    assert_eq!(unread(root), left.map(|(name, code)| (name.to_owned(), code)));
    let set = FileSet::read(root);
    assert_eq!((set.workflows.len(), set.policies.len()), (1, 1));
    let found = set.check(&Known::default()).unwrap_err();
    let codes: Vec<&str> = found.iter().map(|one| one.code).take(6).collect();
    assert_eq!(codes, left.map(|(_, code)| code), "what was not read comes first");
    assert!(found.iter().take(6).all(|one| (one.line, one.column) == (1, 1) && !one.help.is_empty()), "{found:#?}");
}

#[test]
fn what_holds_nothing_of_a_set_is_told_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let only = |path: &Path| {
        let set = FileSet::read(path);
        assert_eq!((set.unread.len(), &set.unread[0].path), (1, &path.display().to_string()));
        set.unread[0].why.code()
    };
    assert_eq!(only(root), "set.empty");
    fs::write(root.join("a.test.yaml"), "").unwrap();
    assert_eq!(only(root), "set.empty", "tests are of policies");
    fs::write(root.join("notes.txt"), "").unwrap();
    assert_eq!(only(&root.join("notes.txt")), "set.other_kind");
    assert_eq!(only(&root.join("nowhere")), "set.unreadable");
    // A folder of which nothing could be read is not empty.
    symlink("nowhere", root.join("x.yaml")).unwrap();
    assert_eq!(unread(root), [("x.yaml".to_owned(), "set.unreadable")]);
}

/// The reading ends, and nothing is said of what stands in the files.
#[test]
fn a_folder_of_too_much_is_left() {
    let folder = tempfile::tempdir().unwrap();
    symlink("nowhere", folder.path().join("0.yaml")).unwrap();
    let text = vec![b'#'; 1 << 20];
    for number in 10..76 {
        fs::write(folder.path().join(format!("{number}.yaml")), &text).unwrap();
    }
    let left = [("0.yaml".to_owned(), "set.unreadable"), ("75.yaml".to_owned(), "set.too_much")];
    assert_eq!(unread(folder.path()), left);
    let found = FileSet::read(folder.path()).check(&Known::default()).unwrap_err();
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["set.unreadable", "set.too_much"]);
}

/// What cannot be read is counted with what is.
#[test]
fn a_folder_of_too_many_is_left() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..=FILES_MAX {
        symlink("nowhere", folder.path().join(format!("{number:05}.yaml"))).unwrap();
    }
    let left = unread(folder.path());
    assert_eq!((left.len(), left.last()), (FILES_MAX + 1, Some(&("10000.yaml".to_owned(), "set.too_much"))));
}

#[test]
fn every_reason_has_a_page() {
    let reasons = [
        ReadSetError::Read("no".to_owned()),
        ReadSetError::LeadsOut,
        ReadSetError::Loop,
        ReadSetError::NoFile,
        ReadSetError::Changed,
        ReadSetError::TooMuch,
        ReadSetError::Empty,
        ReadSetError::OtherKind,
    ];
    let codes: BTreeSet<&str> = reasons.iter().map(ReadSetError::code).collect();
    assert_eq!(codes, PAGES.iter().map(|page| page.code).collect());
}
