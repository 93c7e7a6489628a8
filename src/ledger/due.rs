//! What falls due: rows beside the entries. They say when to look, and never what happened.

use countersign_warrant::{JournalError, Timestamp};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use super::lease::unwritten;
use crate::store::DueRow;

/// A change of the rows.
#[derive(Debug)]
pub(super) enum DueChange {
    /// These are all that there are. One that is there with the same rule stays as it is.
    Arrange(Vec<DueRow>),
    /// A row that was read as the first goes on to the second, unless something else has moved it since.
    Move(Box<(DueRow, DueRow)>),
}

pub(super) async fn change(connection: &mut SqliteConnection, change: DueChange) -> Result<(), JournalError> {
    match change {
        DueChange::Arrange(rows) => arrange(connection, &rows).await,
        DueChange::Move(both) => {
            let (seen, to) = *both;
            sqlx::query(
            "update due set instant = ?3, at = ?4, tried = ?5, notice_at = ?8, parked = ?9 where workflow = ?1 and kind = ?2 and at is ?6 and rule = ?7",
        )
        .bind(to.workflow)
        .bind(to.kind.as_str())
        .bind(to.instant.map(Timestamp::micros))
        .bind(to.at.map(Timestamp::micros))
        .bind(to.tried.cast_signed())
        .bind(seen.at.map(Timestamp::micros))
        .bind(seen.rule)
        .bind(to.notice_at.map(Timestamp::micros))
        .bind(to.parked.map(Timestamp::micros))
        .execute(connection)
        .await
        .map(drop)
        }
    }
    .map_err(|error| unwritten(&error))
}

// CRASH: one transaction: the rows of the set before, or those of this one.
async fn arrange(connection: &mut SqliteConnection, rows: &[DueRow]) -> Result<(), sqlx::Error> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!([
                row.workflow,
                row.kind.as_str(),
                row.subject,
                row.rule,
                micros(row.instant),
                micros(row.at),
                micros(row.notice_at)
            ])
        })
        .collect();
    let rows = serde_json::Value::Array(rows).to_string();
    let mut transaction = connection.begin().await?;
    sqlx::query(
        "delete from due where not exists (
             select 1 from json_each(?1) j where j.value ->> 0 = workflow and j.value ->> 1 = due.kind)",
    )
    .bind(&rows)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "insert into due (workflow, kind, subject, rule, instant, at, notice_at)
         select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6
         from json_each(?1) j where true
         on conflict do update set subject = excluded.subject, rule = excluded.rule, instant = excluded.instant,
             at = excluded.at, tried = 0, parked = null,
             notice_at = excluded.notice_at where due.rule <> excluded.rule",
    )
    .bind(&rows)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}
