//! How much there is, and whether the file holds together.

use sqlx::Row as _;

use super::read::count;
use super::{ReadStoreError, Store};

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries in the ledger.
    pub entries: u64,
    /// Runs that are not closed.
    pub open_runs: u64,
    /// Those of them that need a person.
    pub stuck_runs: u64,
    /// Intents without a closing answer.
    pub open_intents: u64,
}

impl Store {
    /// Counts; the cost follows what is open, not what there ever was.
    pub async fn counts(&self) -> Result<Counts, ReadStoreError> {
        let row = sqlx::query(
            "select (select size from tree) as entries,
                 (select count(*) from runs where state <> 'closed') as open_runs,
                 (select count(*) from runs where state <> 'closed' and state = 'stuck') as stuck_runs,
                 (select count(*) from intents where closed is null) as open_intents",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Counts {
            entries: count(&row, "entries")?,
            open_runs: count(&row, "open_runs")?,
            stuck_runs: count(&row, "stuck_runs")?,
            open_intents: count(&row, "open_intents")?,
        })
    }

    /// Reads every page of the file, and not whether its indexes fit: quicker than [`Store::check_pages`].
    ///
    /// # Errors
    /// When anything in it does not hold together.
    pub async fn check_quickly(&self) -> Result<(), ReadStoreError> {
        self.check_by("pragma quick_check(8)").await
    }

    /// The schema of the file, and the newest that this version knows.
    pub async fn schema(&self) -> Result<(i64, i64), ReadStoreError> {
        let found = "select coalesce(max(version), 0) from _sqlx_migrations";
        let found: i64 = sqlx::query_scalar(found).fetch_one(&self.readers).await?;
        Ok((found, super::open::MIGRATIONS.iter().map(|part| part.version).max().unwrap_or_default()))
    }

    /// Reads every page and index of the file.
    ///
    /// # Errors
    /// When anything in it does not hold together.
    pub async fn check_pages(&self) -> Result<(), ReadStoreError> {
        self.check_by("pragma integrity_check(8)").await
    }

    async fn check_by(&self, pragma: &'static str) -> Result<(), ReadStoreError> {
        let rows = sqlx::query(pragma).fetch_all(&self.readers).await?;
        let words: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if words == ["ok"] { Ok(()) } else { Err(ReadStoreError::Corrupt(words.join("; "))) }
    }
}
