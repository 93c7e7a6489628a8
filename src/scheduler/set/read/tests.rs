//! What is read, what is refused, and the pages of both.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use super::*;

fn refused(path: &Path) -> &'static str {
    FileSet::read(path).unwrap_err().code()
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
    assert_eq!(FileSet::read(&path).unwrap().workflows[0].bytes.len(), (1 << 20) + 1);
}

#[test]
fn links_that_loop_and_things_that_are_no_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/x.yaml"), "a: 1\n").unwrap();
    assert_eq!(FileSet::read(root).unwrap().workflows.len(), 1);
    for target in ["..", "../..", "."] {
        symlink(target, root.join("a/b/loop")).unwrap();
        assert_eq!(refused(root), "set.link_loops", "{target}");
        fs::remove_file(root.join("a/b/loop")).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(root.join("s.yaml")).unwrap();
    assert_eq!(refused(root), "set.no_file");
}

#[test]
fn a_folder_of_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = vec![b'#'; 1 << 20];
    for number in 0..66 {
        fs::write(folder.path().join(format!("{number}.yaml")), &text).unwrap();
    }
    assert_eq!(refused(folder.path()), "set.too_much");
}

#[test]
fn every_reason_has_a_page() {
    let path = || PathBuf::from("x");
    let reasons = [
        ReadSetError::Read { path: path(), source: std::io::ErrorKind::NotFound.into() },
        ReadSetError::LeadsOut { path: path() },
        ReadSetError::Loop { path: path() },
        ReadSetError::NoFile { path: path() },
        ReadSetError::Changed { path: path() },
        ReadSetError::TooMuch { path: path() },
        ReadSetError::Empty { path: path() },
        ReadSetError::OtherKind { path: path() },
    ];
    let codes: BTreeSet<&str> = reasons.iter().map(ReadSetError::code).collect();
    assert_eq!(codes, PAGES.iter().map(|page| page.code).collect());
}
