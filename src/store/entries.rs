//! Entries, as they are stored and as they are read.

use countersign_kernel::evidence::statement;
use countersign_kernel::evidence::tree::leaf_hash;
use countersign_warrant::{Digest, EntryId, Kind, ResourceName, RunId, Stamped, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::{bound, count, hash};
use super::{ReadStoreError, Store};

/// One row of the ledger, as it is stored: nothing of it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place, from 0.
    pub index: u64,
    /// The id beside the statement.
    pub id: String,
    /// The kind beside the statement.
    pub kind: String,
    /// The stamp beside the statement, in microseconds since 1970.
    pub at: i64,
    /// The leaf's bytes.
    pub statement: Vec<u8>,
    /// The leaf's hash beside them.
    pub leaf: Digest,
}

impl StoredEntry {
    fn read(row: &SqliteRow) -> Result<Self, ReadStoreError> {
        Ok(Self {
            index: count(row, "idx")?,
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            at: row.try_get("at")?,
            statement: row.try_get("statement")?,
            leaf: hash(row, "leaf")?,
        })
    }

    /// The entry that the row says.
    ///
    /// # Errors
    /// When hash, statement and columns do not say the same.
    // INVARIANT: inv:I7 nothing is decided from a row whose leaf does not hold.
    pub fn stamped(&self) -> Result<Stamped, ReadStoreError> {
        let corrupt = |what: &str| ReadStoreError::Corrupt(format!("entry {} (`{}`) {what}", self.index, self.id));
        if leaf_hash(&self.statement) != self.leaf {
            return Err(corrupt("does not have its leaf hash"));
        }
        let read = statement::decode(&self.statement).map_err(|error| corrupt(&format!("is no entry: {error}")))?;
        if read.id.as_str() != self.id || read.kind.as_str() != self.kind || read.at.micros() != self.at {
            return Err(corrupt("does not say what its row says"));
        }
        Ok(Stamped { index: Some(self.index), ..read })
    }
}

fn stamped(rows: &[SqliteRow]) -> Result<Vec<Stamped>, ReadStoreError> {
    rows.iter().map(|row| StoredEntry::read(row)?.stamped()).collect()
}

impl Store {
    /// All entries of a run, in their order; none when there is no such run.
    pub async fn entries_of_run(&self, run: &RunId) -> Result<Vec<Stamped>, ReadStoreError> {
        // WHY: an entry's id begins with its run and `/`, and `0` follows `/`: the ids of a run are one range.
        let rows = sqlx::query(
            "select idx, id, kind, at, statement, leaf from entries where id >= ?1 || '/' and id < ?1 || '0' order by idx",
        )
        .bind(run.as_str())
        .fetch_all(&self.readers)
        .await?;
        stamped(&rows)
    }

    /// The entries of a run that are of one kind, in their order.
    pub async fn entries_of_kind(&self, run: &RunId, kind: Kind) -> Result<Vec<Stamped>, ReadStoreError> {
        let rows = sqlx::query(
            "select idx, id, kind, at, statement, leaf from entries
             where id >= ?1 || '/' and id < ?1 || '0' and kind = ?2 order by idx",
        )
        .bind(run.as_str())
        .bind(kind.as_str())
        .fetch_all(&self.readers)
        .await?;
        stamped(&rows)
    }

    /// All entries of every run that held the resource, and those of no run that name it, in their order.
    pub async fn entries_of_subject(&self, subject: &ResourceName) -> Result<Vec<Stamped>, ReadStoreError> {
        let rows = sqlx::query(
            "select e.idx, e.id, e.kind, e.at, e.statement, e.leaf from entry_subjects s
                 cross join entries e on e.id >= s.run || '/' and e.id < s.run || '0'
                 where s.subject = ?1 and s.run is not null
             union all
             select e.idx, e.id, e.kind, e.at, e.statement, e.leaf from entry_subjects s
                 cross join entries e on e.id = s.entry where s.subject = ?1 and s.run is null
             order by 1",
        )
        .bind(subject.as_str())
        .fetch_all(&self.readers)
        .await?;
        stamped(&rows)
    }

    /// One entry, if it is there.
    pub async fn entry(&self, id: &EntryId) -> Result<Option<Stamped>, ReadStoreError> {
        let row = sqlx::query("select idx, id, kind, at, statement, leaf from entries where id = ?")
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| StoredEntry::read(&row)?.stamped()).transpose()
    }

    /// The rows from `index` on, in their order, at most `at_most` of them: for reading the whole ledger page by page.
    pub async fn entries_from(&self, index: u64, at_most: u32) -> Result<Vec<StoredEntry>, ReadStoreError> {
        let rows =
            sqlx::query("select idx, id, kind, at, statement, leaf from entries where idx >= ? order by idx limit ?")
                .bind(bound(index))
                .bind(at_most)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(StoredEntry::read).collect()
    }

    /// The leaf hashes from `index` on, in their order, at most `at_most` of them.
    pub async fn leaves_from(&self, index: u64, at_most: u32) -> Result<Vec<Digest>, ReadStoreError> {
        let rows = sqlx::query("select idx, leaf from entries where idx >= ? order by idx limit ?")
            .bind(bound(index))
            .bind(at_most)
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .zip(index..)
            .map(|(row, wanted)| {
                if count(row, "idx")? != wanted {
                    return Err(ReadStoreError::Corrupt(format!("entry {wanted} is missing")));
                }
                hash(row, "leaf")
            })
            .collect()
    }

    /// The place of the last entry; none in an empty ledger.
    pub async fn last_index(&self) -> Result<Option<u64>, ReadStoreError> {
        let last: Option<i64> = sqlx::query_scalar("select max(idx) from entries").fetch_one(&self.readers).await?;
        Ok(last.and_then(|last| u64::try_from(last).ok()))
    }

    /// The stamp of the last entry; 1970 before the first one.
    pub async fn last_stamp(&self) -> Result<Timestamp, ReadStoreError> {
        let at: Option<i64> = sqlx::query_scalar("select at from entries order by idx desc limit 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(Timestamp::from_micros(at.unwrap_or_default()))
    }
}
