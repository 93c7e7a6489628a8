//! Runs: the list, one, the open ones.

use countersign_kernel::run::bodies::RunOutcome;
use countersign_warrant::{Digest, ResourceName, RunId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::{bound, count, parsed, word};
use super::{ReadStoreError, Store};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Someone drives it, or should.
    Running,
    /// It waits for an instant.
    Waiting {
        /// Which.
        until: Timestamp,
    },
    /// It needs a person.
    Stuck,
    /// It ended.
    Closed {
        /// How.
        outcome: RunOutcome,
        /// When.
        at: Timestamp,
    },
}

impl RunState {
    /// The word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
            Self::Stuck => "stuck",
            Self::Closed { .. } => "closed",
        }
    }
}

/// A process's time-bound right to drive a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which process.
    pub owner: String,
    /// Until when, by the database's clock.
    pub until: Timestamp,
}

/// A run, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// Its id.
    pub id: RunId,
    /// The workflow's name.
    pub workflow: String,
    /// Whose credential changes.
    pub subject: ResourceName,
    /// The digest of its plan; the bytes are a blob.
    pub plan: Digest,
    /// The idempotency key of its trigger.
    pub trigger_key: Option<String>,
    /// Where it stands.
    pub state: RunState,
    /// When it started.
    pub started_at: Timestamp,
    /// The newest epoch that was given out.
    pub epoch: u64,
    /// Who drives it; nobody after a release, or when it is closed.
    pub lease: Option<Lease>,
}

const COLUMNS_OF: &str = "a run's row";

fn read(row: &SqliteRow) -> Result<StoredRun, ReadStoreError> {
    let until: i64 = row.try_get("lease_until")?;
    let owner: Option<String> = row.try_get("lease_owner")?;
    Ok(StoredRun {
        id: parsed(row, "id")?,
        workflow: row.try_get("workflow")?,
        subject: parsed(row, "subject")?,
        plan: parsed(row, "plan")?,
        trigger_key: row.try_get("trigger_key")?,
        state: state(row)?,
        started_at: Timestamp::from_micros(row.try_get("started_at")?),
        epoch: count(row, "epoch")?,
        lease: owner.map(|owner| Lease { owner, until: Timestamp::from_micros(until.saturating_mul(1000)) }),
    })
}

fn state(row: &SqliteRow) -> Result<RunState, ReadStoreError> {
    let instant = |column: &str| {
        let micros: Option<i64> = row.try_get(column)?;
        let missing = || ReadStoreError::Corrupt(format!("`{column}` is missing in {COLUMNS_OF}"));
        micros.map(Timestamp::from_micros).ok_or_else(missing)
    };
    let text: String = row.try_get("state")?;
    match text.as_str() {
        "running" => Ok(RunState::Running),
        "waiting" => Ok(RunState::Waiting { until: instant("wake_at")? }),
        "stuck" => Ok(RunState::Stuck),
        "closed" => Ok(RunState::Closed { outcome: word(row, "outcome")?, at: instant("closed_at")? }),
        other => Err(ReadStoreError::Corrupt(format!("`{other}` is no state of a run"))),
    }
}

impl Store {
    /// The runs that started last, newest first.
    pub async fn runs(&self, at_most: u32) -> Result<Vec<StoredRun>, ReadStoreError> {
        let rows = sqlx::query("select * from runs order by started_at desc, id desc limit ?")
            .bind(at_most)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// One run.
    pub async fn run(&self, id: &RunId) -> Result<Option<StoredRun>, ReadStoreError> {
        let row =
            sqlx::query("select * from runs where id = ?").bind(id.as_str()).fetch_optional(&self.readers).await?;
        row.as_ref().map(read).transpose()
    }

    /// The run that a trigger of that idempotency key started.
    pub async fn run_by_trigger(&self, workflow: &str, key: &str) -> Result<Option<StoredRun>, ReadStoreError> {
        let row = sqlx::query("select * from runs where workflow = ? and trigger_key = ?")
            .bind(workflow)
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The newest run that followed the plan of that digest.
    pub async fn run_of_plan(&self, plan: &Digest) -> Result<Option<StoredRun>, ReadStoreError> {
        let row = sqlx::query("select * from runs where plan = ? order by started_at desc, id desc limit 1")
            .bind(plan.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The runs of a workflow whose idempotency keys begin with `prefix`, oldest first.
    pub async fn runs_by_trigger_prefix(&self, workflow: &str, prefix: &str) -> Result<Vec<StoredRun>, ReadStoreError> {
        let rows = sqlx::query(
            "select * from runs where workflow = ?1 and trigger_key >= ?2 and trigger_key < ?2 || char(1114111)
             order by started_at, id",
        )
        .bind(workflow)
        .bind(prefix)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// The runs whose subject this is and that started last, newest first.
    pub async fn runs_of_subject(
        &self,
        subject: &ResourceName,
        at_most: u32,
    ) -> Result<Vec<StoredRun>, ReadStoreError> {
        // WHY: a run holds its subject, so its first entry stands for it there: that table is sorted by subject.
        let rows = sqlx::query(
            "select r.* from entry_subjects s cross join runs r on r.id = s.run and r.subject = ?1
             where s.subject = ?1 order by r.started_at desc, r.id desc limit ?2",
        )
        .bind(subject.as_str())
        .bind(at_most)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Every run that is not closed, by id: what a process that starts has to carry on.
    pub async fn open_runs(&self) -> Result<Vec<StoredRun>, ReadStoreError> {
        let rows =
            sqlx::query("select * from runs where state <> 'closed' order by id").fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// The runs that need a person.
    pub async fn stuck_runs(&self) -> Result<Vec<StoredRun>, ReadStoreError> {
        let rows = sqlx::query("select * from runs where state <> 'closed' and state = 'stuck' order by id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// The runs whose wait is over at `now`, those that waited longest first; without those that are a part of an open run,
    /// which sees to them.
    pub async fn due_runs(&self, now: Timestamp, at_most: u64) -> Result<Vec<StoredRun>, ReadStoreError> {
        let rows = sqlx::query(
            "select * from runs r where wake_at <= ? and state = 'waiting' and not exists (
                 select 1 from runs p where r.trigger_key >= 'part-of/' and r.trigger_key < 'part-of0'
                 and p.id = substr(r.trigger_key, 9, instr(substr(r.trigger_key, 9), '/') - 1) and p.state <> 'closed')
             order by wake_at limit ?",
        )
        .bind(now.micros())
        .bind(bound(at_most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }
}
