//! Leases: which process may drive a run, and until when. Rows, not events.
//!
//! A lease only keeps processes out of each other's way. What guarantees that one of them writes is the fence: each
//! claim raises the run's epoch, and a commit under an older one is refused by the database (inv:I5). Time is the
//! database's clock, never a process's own.

use std::time::Duration;

use countersign_warrant::{Fence, JournalError, RunId, Timestamp};
use sqlx::{Row as _, SqliteConnection};

use super::commit::unread;
use crate::store::{Fault, Lease, Store, StoredRun};

/// Whose leases this process takes, and for how long.
#[derive(Debug, Clone)]
pub(super) struct LeaseTerms {
    pub(super) owner: String,
    pub(super) lease_ms: i64,
}

impl LeaseTerms {
    pub(super) fn new(owner: String, lease: Duration) -> Self {
        Self { owner, lease_ms: i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 4) }
    }
}

/// Why a run could not be claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NotFound(RunId),
    /// It ended.
    #[error("run `{0}` is closed")]
    Closed(RunId),
    /// Another process drives it.
    #[error("run `{run}` is driven by `{owner}` until {until}")]
    Leased {
        /// The run.
        run: RunId,
        /// The other process.
        owner: String,
        /// The end of its lease, by the database's clock.
        until: Timestamp,
    },
    /// The ledger did not answer.
    #[error("run `{run}` could not be claimed")]
    Journal {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: JournalError,
    },
}

impl ClaimError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "claim.not_found",
            Self::Closed(_) => "claim.closed",
            Self::Leased { .. } => "claim.leased",
            Self::Journal { source, .. } => source.code(),
        }
    }
}

/// A write beside the entries failed: nothing relies on its having happened.
pub(super) fn unwritten(error: &sqlx::Error) -> JournalError {
    match Fault::of(error) {
        Fault::Corrupt => JournalError::Corrupt { reason: error.to_string() },
        _ => JournalError::Unavailable { reason: error.to_string() },
    }
}

// INVARIANT: inv:I5 whoever claims gets an epoch that nobody had before, be it the same process again.
pub(super) async fn claim(
    (connection, store): (&mut SqliteConnection, &Store),
    run: &RunId,
    terms: &LeaseTerms,
) -> Result<Fence, ClaimError> {
    let failed = |error: sqlx::Error| ClaimError::Journal { run: run.clone(), source: unwritten(&error) };
    let epoch: Option<i64> = sqlx::query_scalar(
        "update runs set epoch = epoch + 1, lease_owner = ?2,
             lease_until = ?3 + cast(unixepoch('subsec') * 1000 as integer)
         where id = ?1 and state <> 'closed' and (lease_owner is null or lease_owner = ?2
             or lease_until <= cast(unixepoch('subsec') * 1000 as integer))
         returning epoch",
    )
    .bind(run.as_str())
    .bind(&terms.owner)
    .bind(terms.lease_ms)
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    if let Some(epoch) = epoch {
        return Ok(Fence { run: run.clone(), epoch: epoch.cast_unsigned() });
    }
    let unread = |source| ClaimError::Journal { run: run.clone(), source: unread(source) };
    Err(match store.run(run).await.map_err(unread)? {
        None => ClaimError::NotFound(run.clone()),
        Some(StoredRun { lease: Some(Lease { owner, until }), .. }) => {
            ClaimError::Leased { run: run.clone(), owner, until }
        }
        Some(_) => ClaimError::Closed(run.clone()),
    })
}

/// Claims every open run that nobody drives, in one statement: what a process that starts carries on.
pub(super) async fn claim_free(
    connection: &mut SqliteConnection,
    terms: &LeaseTerms,
) -> Result<Vec<Fence>, JournalError> {
    let rows = sqlx::query(
        "update runs set epoch = epoch + 1, lease_owner = ?1,
             lease_until = ?2 + cast(unixepoch('subsec') * 1000 as integer)
         where state <> 'closed' and (lease_owner is null or lease_owner = ?1
             or lease_until <= cast(unixepoch('subsec') * 1000 as integer))
         returning id, epoch",
    )
    .bind(&terms.owner)
    .bind(terms.lease_ms)
    .fetch_all(connection)
    .await
    .map_err(|error| unwritten(&error))?;
    let fence = |row: &sqlx::sqlite::SqliteRow| {
        let (id, epoch): (String, i64) = (row.try_get("id").ok()?, row.try_get("epoch").ok()?);
        Some(Fence { run: id.parse().ok()?, epoch: epoch.cast_unsigned() })
    };
    let corrupt = || JournalError::Corrupt { reason: "a run's row has no id or no epoch".to_owned() };
    let mut fences: Vec<Fence> = rows.iter().map(fence).collect::<Option<_>>().ok_or_else(corrupt)?;
    fences.sort_by(|one, next| one.run.cmp(&next.run));
    Ok(fences)
}

pub(super) async fn renew(
    connection: &mut SqliteConnection,
    fence: &Fence,
    terms: &LeaseTerms,
) -> Result<(), JournalError> {
    let renewed = sqlx::query(
        "update runs set lease_until = ?4 + cast(unixepoch('subsec') * 1000 as integer)
         where id = ?1 and epoch = ?2 and lease_owner = ?3",
    )
    .bind(fence.run.as_str())
    .bind(fence.epoch.cast_signed())
    .bind(&terms.owner)
    .bind(terms.lease_ms)
    .execute(connection)
    .await;
    affected(renewed, fence)
}

pub(super) async fn renew_all(connection: &mut SqliteConnection, terms: &LeaseTerms) -> Result<u64, JournalError> {
    sqlx::query(
        "update runs set lease_until = ?2 + cast(unixepoch('subsec') * 1000 as integer)
         where state <> 'closed' and lease_owner = ?1",
    )
    .bind(&terms.owner)
    .bind(terms.lease_ms)
    .execute(connection)
    .await
    .map(|renewed| renewed.rows_affected())
    .map_err(|error| unwritten(&error))
}

pub(super) async fn release(connection: &mut SqliteConnection, fence: &Fence) -> Result<(), JournalError> {
    let released = sqlx::query("update runs set lease_owner = null, lease_until = 0 where id = ? and epoch = ?")
        .bind(fence.run.as_str())
        .bind(fence.epoch.cast_signed())
        .execute(connection)
        .await;
    affected(released, fence)
}

fn affected(written: Result<sqlx::sqlite::SqliteQueryResult, sqlx::Error>, fence: &Fence) -> Result<(), JournalError> {
    match written {
        Ok(written) if written.rows_affected() > 0 => Ok(()),
        Ok(_) => Err(JournalError::Stale { run: fence.run.clone(), epoch: fence.epoch }),
        // WHY: the one rule that an update of a lease can meet is that a closed run does not change.
        Err(error) if matches!(Fault::of(&error), Fault::Refused(_)) => {
            Err(JournalError::Stale { run: fence.run.clone(), epoch: fence.epoch })
        }
        Err(error) => Err(unwritten(&error)),
    }
}
