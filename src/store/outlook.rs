//! What those who watch over an installation want to know: how much of what is live stands where. Each question costs what is
//! live, whatever has happened before.

use countersign_warrant::Timestamp;
use sqlx::Row as _;

use super::read::{bound, count};
use super::{ReadStoreError, Store};

/// The open runs of a workflow that stand at the same point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRuns {
    /// The workflow.
    pub workflow: String,
    /// `running`, `waiting` or `stuck`.
    pub state: String,
    /// How many.
    pub number: u64,
    /// When the oldest of them started.
    pub oldest: Timestamp,
}

/// The versions in use of a kind of subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVersions {
    /// The kind in the connector's manifest.
    pub kind: String,
    /// How many have not ended.
    pub valid: u64,
    /// How many have.
    pub ended: u64,
    /// When the oldest one that has not ended was sealed.
    pub oldest: Option<Timestamp>,
    /// When the first of them ends that have an end.
    pub first_end: Option<Timestamp>,
}

impl Store {
    /// The runs that are not closed, by workflow and state.
    pub async fn open_by_workflow(&self) -> Result<Vec<OpenRuns>, ReadStoreError> {
        let rows = sqlx::query(
            "select workflow, state, count(*) as number, min(started_at) as oldest from runs where state <> 'closed'
             group by workflow, state",
        )
        .fetch_all(&self.readers)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(OpenRuns {
                workflow: row.try_get("workflow")?,
                state: row.try_get("state")?,
                number: count(row, "number")?,
                oldest: Timestamp::from_micros(row.try_get("oldest")?),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The triggers that were to be looked at before `then`, or were due before it and are kept from beginning (those that are to be
    /// looked at at once have no time), and the runs whose wait was over before it, by workflow.
    pub async fn overdue(&self, then: Timestamp) -> Result<Vec<(String, u64)>, ReadStoreError> {
        let rows = sqlx::query(
            "select workflow, count(*) as number from (
                 select workflow from due where at > 0 and at < ?1 and parked is null
                 union all select workflow from due where parked < ?1
                 union all select workflow from runs where wake_at < ?1 and state = 'waiting')
             group by workflow",
        )
        .bind(then.micros())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("workflow")?, count(row, "number")?))).collect()
    }

    /// How many triggers the clock starts.
    pub async fn due_count(&self) -> Result<u64, ReadStoreError> {
        count(&sqlx::query("select count(*) as number from due").fetch_one(&self.readers).await?, "number")
    }

    /// The versions in use, by the kind of their subjects.
    pub async fn versions_by_kind(&self, now: Timestamp) -> Result<Vec<LiveVersions>, ReadStoreError> {
        // WHY: versions in use have an index of their own; those that were before are not come across.
        let rows = sqlx::query(
            "select kind, count(*) - count(ended) as valid, count(ended) as ended,
                 min(iif(ended is null, sealed_at, null)) as oldest, min(iif(ended is null, expires_at, null)) as first_end
             from (select substr(below, 1, instr(below, '/') - 1) as kind, sealed_at, expires_at,
                       iif(expires_at <= ?1, 1, null) as ended
                   from (select substr(subject, instr(subject, '/') + 1) as below, sealed_at, expires_at from versions
                         where stage = 'current'))
             group by kind",
        )
        .bind(now.micros())
        .fetch_all(&self.readers)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let instant = |column: &str| Ok::<_, ReadStoreError>(row.try_get::<Option<i64>, _>(column)?);
            Ok(LiveVersions {
                kind: row.try_get("kind")?,
                valid: count(row, "valid")?,
                ended: count(row, "ended")?,
                oldest: instant("oldest")?.map(Timestamp::from_micros),
                first_end: instant("first_end")?.map(Timestamp::from_micros),
            })
        };
        rows.iter().map(read).collect()
    }

    /// When the entry at `index` was stamped.
    pub async fn stamp_of(&self, index: u64) -> Result<Option<Timestamp>, ReadStoreError> {
        let query = sqlx::query_scalar("select at from entries where idx = ?").bind(bound(index));
        let at: Option<i64> = query.fetch_optional(&self.readers).await?;
        Ok(at.map(Timestamp::from_micros))
    }
}
