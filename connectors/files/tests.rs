//! The suite, and what a reader of the files sees.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use countersign_conformance::{Bench, Case, Fixture, examine};
use countersign_contract::{Call, Limits, Outcome, VersionId};
use serde_json::json;
use tempfile::TempDir;

use crate::Files;
use crate::client::from_io;

const LIMITS: Limits = Limits { duration_ms: 10_000, lateness_ms: 0 };

fn version(number: u32) -> VersionId {
    format!("local/account/reporting@{number}").parse().unwrap()
}

fn materials() -> BTreeMap<VersionId, Vec<u8>> {
    (1..=4).map(|n| (version(n), format!("canary-{n}-0123456789abcdef0123456789").into_bytes())).collect()
}

fn deliver(path: &str, number: u32) -> Call {
    Call {
        connector: "files".to_owned(),
        verb: "deliver".to_owned(),
        resource: format!("files/client/{path}").parse().unwrap(),
        parameters: BTreeMap::from([("fields".to_owned(), json!({"note": format!("note {number}")}))]),
        materials: BTreeMap::from([("fields.key".to_owned(), version(number))]),
        limits: LIMITS,
    }
}

fn undo(path: &str) -> Call {
    Call { verb: "remove".to_owned(), parameters: BTreeMap::new(), materials: BTreeMap::new(), ..deliver(path, 1) }
}

fn files_in(folder: &Path) -> Arc<Files> {
    Arc::new(Files::new(BTreeMap::from([("client".to_owned(), folder.to_owned())])))
}

fn bench() -> (TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(files_in(folder.path()), materials());
    (folder, bench)
}

async fn code(bench: &Bench, call: &Call) -> String {
    match bench.act(call).await.unwrap() {
        Outcome::Refused(refusal) => refusal.code,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn files_conform() {
    let fixture = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Fixture { connector: files_in(&path), folder: Some(path), delivers: true, keep: Box::new(folder) }
    };
    let case = |name, before, path, number| Case {
        name,
        before,
        call: deliver(path, number),
        undo: Some(undo(path)),
        materials: materials(),
    };
    let cases = [
        case("first delivery", vec![], "reporting", 1),
        case("delivery over another", vec![deliver("reporting", 1)], "reporting", 2),
        case("delivery below a folder", vec![], "team/payments/reporting", 1),
    ];
    let report = Box::pin(examine(&fixture, &cases)).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
}

#[tokio::test]
async fn a_reader_sees_whole_deliveries_and_only_two_are_kept() {
    let (folder, bench) = bench();
    for number in 1..=3 {
        let done = bench.act(&deliver("reporting", number)).await.unwrap();
        assert!(matches!(done, Outcome::Done(_)), "{done:?}");
        let read = |field: &str| fs::read_to_string(folder.path().join("reporting").join(field)).unwrap();
        assert_eq!(read("key"), format!("canary-{number}-0123456789abcdef0123456789"));
        assert_eq!(read("note"), format!("note {number}"));
    }
    let mode = |field: &str| fs::metadata(folder.path().join("reporting").join(field)).unwrap().permissions().mode();
    assert_eq!(mode("key") & 0o777, 0o600);
    assert_eq!(mode("note") & 0o777, 0o644);
    let kept = fs::read_dir(folder.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(kept, 3, "the link, the delivery in place, the one before it");
    let seen = bench.observe(&deliver("reporting", 1)).await.unwrap();
    assert_eq!(seen.slots.len(), 1);
    assert!(seen.slot_of(&version(3)).is_some());
}

#[tokio::test]
async fn what_a_crashed_attempt_left_goes_with_the_next_delivery() {
    let (folder, bench) = bench();
    bench.act(&deliver("reporting", 1)).await.unwrap();
    let left = folder.path().join(".reporting~r0~9");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("key"), "a key that was never put in place").unwrap();
    let done = bench.act(&deliver("reporting", 2)).await.unwrap();
    assert!(matches!(done, Outcome::Done(_)), "{done:?}");
    assert!(!left.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "the link, the delivery in place, the one before it");
}

#[tokio::test]
async fn an_undo_brings_the_files_back() {
    let (folder, bench) = bench();
    bench.act(&deliver("reporting", 1)).await.unwrap();
    let undone = bench.act_and_undo(&deliver("reporting", 2), &undo("reporting")).await.unwrap();
    assert!(matches!(undone, Outcome::Done(_)), "{undone:?}");
    let key = fs::read_to_string(folder.path().join("reporting/key")).unwrap();
    assert!(key.starts_with("canary-1-"), "{key}");
    bench.act_and_undo(&deliver("new", 2), &undo("new")).await.unwrap();
    assert!(fs::symlink_metadata(folder.path().join("new")).is_err());
    assert_eq!(code(&bench, &undo("reporting")).await, "files.undo_only");
}

#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let (folder, bench) = bench();
    let outside = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    symlink(outside.path(), folder.path().join("link")).unwrap();
    for path in ["file", "folder", "link", "link/below", "file/below"] {
        assert_eq!(code(&bench, &deliver(path, 1)).await, "files.occupied", "{path}");
        assert!(bench.observe(&deliver(path, 1)).await.is_err(), "{path}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
    assert_eq!(code(&bench, &deliver(".hidden", 1)).await, "files.hidden_path");
}

#[tokio::test]
async fn a_path_is_a_delivery_or_holds_others() {
    let (folder, bench) = bench();
    for (first, second) in [("one", "one/inside"), ("two/inside", "two")] {
        bench.act(&deliver(first, 1)).await.unwrap();
        assert_eq!(code(&bench, &deliver(second, 1)).await, "files.occupied", "{second}");
        assert!(folder.path().join(first).join("key").is_file(), "{first}");
    }
}

#[tokio::test]
async fn a_place_must_be_there_and_ours() {
    let (folder, bench) = bench();
    let elsewhere = Call { resource: "files/other/x".parse().unwrap(), ..deliver("x", 1) };
    assert_eq!(code(&bench, &elsewhere).await, "files.no_place");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(code(&bench, &deliver("x", 1)).await, "files.place_open_to_all");
    fs::remove_dir(folder.path()).unwrap();
    assert_eq!(code(&bench, &deliver("x", 1)).await, "files.place_missing");
    assert!(bench.observe(&deliver("x", 1)).await.is_err(), "a missing place proves nothing");
}

#[tokio::test]
async fn fields_become_plain_files() {
    let (_folder, bench) = bench();
    for (name, expected) in [
        ("../x", "files.field_name"),
        (".countersign.json", "files.field_name"),
        ("a/b", "files.field_name"),
        ("key", "files.field_twice"),
    ] {
        let mut wrong = deliver("x", 1);
        wrong.parameters = BTreeMap::from([("fields".to_owned(), json!({name: "text"}))]);
        assert_eq!(code(&bench, &wrong).await, expected, "{name}");
    }
    let mut empty = deliver("x", 1);
    empty.materials.clear();
    empty.parameters = BTreeMap::from([("fields".to_owned(), json!({}))]);
    assert_eq!(code(&bench, &empty).await, "files.no_fields");
}

#[test]
fn a_full_disk_is_said_so() {
    let refusal = from_io(&io::Error::from_raw_os_error(28), "the delivery");
    assert_eq!(refusal.code, "files.disk_full");
}
