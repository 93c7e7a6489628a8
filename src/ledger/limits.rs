//! Limits of the settings as rows, which the rules of the database read: budgets, and how much is under way at once.

use countersign_warrant::{JournalError, ResourceName};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use super::lease::unwritten;
use crate::settings::Limit;

// CRASH: one transaction: the limits of before, or these.
pub(super) async fn arrange(connection: &mut SqliteConnection, limits: &[Limit]) -> Result<(), JournalError> {
    let rows: Vec<_> = limits
        .iter()
        .map(|limit| json!([limit.scope, limit.name, limit.every, limit.burst, limit.at_once, limit.percent]))
        .collect();
    let rows = serde_json::Value::Array(rows).to_string();
    replace(
        connection,
        &rows,
        "delete from limits where not exists (
             select 1 from json_each(?1) j where j.value ->> 0 = scope and j.value ->> 1 = limits.name)",
        "insert into limits (scope, name, every, burst, at_once, percent)
         select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
         from json_each(?1) j where true
         on conflict do update set every = excluded.every, burst = excluded.burst, at_once = excluded.at_once,
             percent = excluded.percent, tat = case
                 when limits.every is excluded.every and limits.burst = excluded.burst then tat
                 else min(tat, coalesce((select at from entries order by idx desc limit 1), 0) + excluded.burst) end",
    )
    .await
}

// CRASH: one transaction, as above.
pub(super) async fn arrange_services(
    connection: &mut SqliteConnection,
    subjects: &[(String, ResourceName)],
) -> Result<(), JournalError> {
    let rows = json!(subjects).to_string();
    replace(
        connection,
        &rows,
        "delete from service_subjects",
        "insert into service_subjects (service, subject)
         select j.value ->> 0, j.value ->> 1 from json_each(?1) j where true on conflict do nothing",
    )
    .await
}

async fn replace(
    connection: &mut SqliteConnection,
    rows: &str,
    delete: &'static str,
    insert: &'static str,
) -> Result<(), JournalError> {
    let replaced = async {
        let mut transaction = connection.begin().await?;
        sqlx::query(delete).bind(rows).execute(&mut *transaction).await?;
        sqlx::query(insert).bind(rows).execute(&mut *transaction).await?;
        transaction.commit().await
    };
    replaced.await.map_err(|error| unwritten(&error))
}
