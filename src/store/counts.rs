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

    /// Reads every page and index of the file.
    ///
    /// # Errors
    /// When anything in it does not hold together.
    pub async fn check_pages(&self) -> Result<(), ReadStoreError> {
        let rows = sqlx::query("pragma integrity_check(8)").fetch_all(&self.readers).await?;
        let words: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        if words == ["ok"] { Ok(()) } else { Err(ReadStoreError::Corrupt(words.join("; "))) }
    }
}
