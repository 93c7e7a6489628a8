//! Names behind opaque ids: the one thing that can be erased.

use countersign_warrant::JournalError;
use sqlx::SqliteConnection;

use super::lease::unwritten;

/// Enters or replaces the name of `id`; without a name, erases it.
pub(super) async fn store(
    connection: &mut SqliteConnection,
    id: &str,
    name: Option<String>,
) -> Result<(), JournalError> {
    let query = match name {
        Some(name) => sqlx::query(
            "insert into persons (id, name) values (?, ?) on conflict do update set name = excluded.name
             where name <> excluded.name",
        )
        .bind(id)
        .bind(name),
        None => sqlx::query("delete from persons where id = ?").bind(id),
    };
    query.execute(connection).await.map(drop).map_err(|error| unwritten(&error))
}
