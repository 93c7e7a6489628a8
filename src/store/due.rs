//! What falls due by itself: the rows that a scheduler looks at.

use countersign_warrant::{ResourceName, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::{bound, count, parsed, word};
use super::{ReadStoreError, Store};

/// What makes a row fall due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueKind {
    /// The instants of a schedule.
    Schedule,
    /// The end of the version in use, coming near.
    Expiry,
}

impl DueKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Expiry => "expiry",
        }
    }
}

/// One trigger of a current workflow that the clock starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    /// The workflow.
    pub workflow: String,
    /// Which of its triggers.
    pub kind: DueKind,
    /// Whose credential it changes.
    pub subject: ResourceName,
    /// What the row was made from; a row of another rule is made anew.
    pub rule: String,
    /// The instant of the schedule that the next run stands for.
    pub instant: Option<Timestamp>,
    /// When it is looked at; `None` until something else happens.
    pub at: Option<Timestamp>,
    /// How often the next run could not be started.
    pub tried: u64,
    /// When it was due, where a brake or a limit keeps it from beginning since.
    pub parked: Option<Timestamp>,
    /// When somebody is told that `at` comes near.
    pub notice_at: Option<Timestamp>,
}

fn read(row: &SqliteRow) -> Result<DueRow, ReadStoreError> {
    let instant = |column: &str| Ok::<_, ReadStoreError>(row.try_get::<Option<i64>, _>(column)?);
    Ok(DueRow {
        workflow: row.try_get("workflow")?,
        kind: word(row, "kind")?,
        subject: parsed(row, "subject")?,
        rule: row.try_get("rule")?,
        instant: instant("instant")?.map(Timestamp::from_micros),
        at: instant("at")?.map(Timestamp::from_micros),
        tried: count(row, "tried")?,
        parked: instant("parked")?.map(Timestamp::from_micros),
        notice_at: instant("notice_at")?.map(Timestamp::from_micros),
    })
}

impl Store {
    /// What is to be looked at at `now`, the earliest first.
    pub async fn due(&self, now: Timestamp, at_most: u64) -> Result<Vec<DueRow>, ReadStoreError> {
        let rows = sqlx::query("select * from due where at is not null and at <= ? order by at limit ?")
            .bind(now.micros())
            .bind(bound(at_most))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// The rows of which somebody is to be told by `now`, the earliest first.
    pub async fn due_notices(&self, now: Timestamp, at_most: u64) -> Result<Vec<DueRow>, ReadStoreError> {
        let rows =
            sqlx::query("select * from due where notice_at is not null and notice_at <= ? order by notice_at limit ?")
                .bind(now.micros())
                .bind(bound(at_most))
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(read).collect()
    }

    /// When somebody is to be told next, after `now`.
    pub async fn next_notice(&self, now: Timestamp) -> Result<Option<Timestamp>, ReadStoreError> {
        let at: Option<i64> = sqlx::query_scalar("select min(notice_at) from due where notice_at > ?")
            .bind(now.micros())
            .fetch_one(&self.readers)
            .await?;
        Ok(at.map(Timestamp::from_micros))
    }

    /// The next rows to be looked at after `now`, the earliest first.
    pub async fn due_after(&self, now: Timestamp, at_most: u64) -> Result<Vec<DueRow>, ReadStoreError> {
        let rows = sqlx::query("select * from due where at > ? order by at limit ?")
            .bind(now.micros())
            .bind(bound(at_most))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Every row, by workflow.
    pub async fn due_rows(&self) -> Result<Vec<DueRow>, ReadStoreError> {
        let rows = sqlx::query("select * from due order by workflow, kind").fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The rows of one workflow.
    pub async fn due_of(&self, workflow: &str) -> Result<Vec<DueRow>, ReadStoreError> {
        let rows = sqlx::query("select * from due where workflow = ? order by kind")
            .bind(workflow)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// When the next run that waits may go on, after `now`.
    pub async fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, ReadStoreError> {
        let at: Option<i64> = sqlx::query_scalar(
            "select min(wake_at) from runs where state <> 'closed' and state = 'waiting' and wake_at > ?",
        )
        .bind(now.micros())
        .fetch_one(&self.readers)
        .await?;
        Ok(at.map(Timestamp::from_micros))
    }
}
