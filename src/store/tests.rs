//! Opening: versions, damage, privacy, reading beside a writer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::fs::PermissionsExt as _;

use sqlx::{Connection as _, Row as _};

use super::open::{MIGRATIONS, connect_writer};
use super::{OpenStoreError, Store};

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    Store::open(&path).await.unwrap().close().await;
    let mut hand = connect_writer(&path).await.unwrap();
    sqlx::query("insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (99, 'x', 1, x'', 0)")
        .execute(&mut hand)
        .await
        .unwrap();
    hand.close().await.unwrap();
    for opened in [Store::open(&path).await, Store::open_read_only(&path).await] {
        assert!(matches!(opened, Err(OpenStoreError::Newer { found: 99, .. })), "{opened:?}");
    }
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut hand = connect_writer(&path).await.unwrap();
    MIGRATIONS.run_to(1, &mut hand).await.unwrap();
    sqlx::query("insert into persons values ('p_1', 'Dana')").execute(&mut hand).await.unwrap();
    hand.close().await.unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.person_name("p_1").await.unwrap().as_deref(), Some("Dana"));
    assert_eq!(store.persons().await.unwrap(), [("p_1".to_owned(), "Dana".to_owned())]);
    assert_eq!(store.counts().await.unwrap(), super::Counts::default());
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    assert_eq!(Store::open_read_only(&path).await.unwrap_err().code(), "store.missing");
    assert!(!path.exists());
    std::fs::write(&path, b"notes of mine, and no database at all").unwrap();
    assert_eq!(Store::open(&path).await.unwrap_err().code(), "store.corrupt");
    assert_eq!(Store::open_read_only(&path).await.unwrap_err().code(), "store.corrupt");
    assert_eq!(std::fs::read(&path).unwrap(), b"notes of mine, and no database at all");
    let nowhere = folder.path().join("no/such/folder/store.db");
    assert_eq!(Store::open(&nowhere).await.unwrap_err().code(), "store.file");
}

#[tokio::test]
async fn the_file_is_private_and_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut hand = connect_writer(&path).await.unwrap();
    for (pragma, wanted) in [("pragma journal_mode", "wal"), ("pragma synchronous", "2"), ("pragma foreign_keys", "1")]
    {
        let row = sqlx::query(pragma).fetch_one(&mut hand).await.unwrap();
        let found = row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()));
        assert_eq!(found.unwrap(), wanted, "{pragma}");
    }
}

#[tokio::test]
async fn a_reader_sees_what_the_owner_writes_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let _owner = Store::open(&path).await.unwrap();
    let mut hand = connect_writer(&path).await.unwrap();
    let reader = Store::open_read_only(&path).await.unwrap();
    assert_eq!(reader.person_name("p_1").await.unwrap(), None);
    sqlx::query("insert into persons values ('p_1', 'Dana')").execute(&mut hand).await.unwrap();
    assert_eq!(reader.person_name("p_1").await.unwrap().as_deref(), Some("Dana"));
    let written = sqlx::query("delete from persons").execute(&reader.readers).await;
    assert!(written.unwrap_err().to_string().contains("readonly"));
}
