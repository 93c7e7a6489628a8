//! Signed checkpoints, and the tree that they sign.

use countersign_kernel::evidence::tree::Frontier;
use countersign_warrant::Digest;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _};

use super::open::connect_writer;
use super::read::{bound, count, hash};
use super::{ReadStoreError, Store};

const TREE: &str = "select size, frontier, root from tree";

/// A signed checkpoint, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many leaves it covers.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The signed note.
    pub note: String,
}

fn read(row: &SqliteRow) -> Result<StoredCheckpoint, ReadStoreError> {
    Ok(StoredCheckpoint { size: count(row, "size")?, root: hash(row, "root")?, note: row.try_get("note")? })
}

impl Store {
    /// The checkpoint that covers most; none before the first signature.
    pub async fn latest_checkpoint(&self) -> Result<Option<StoredCheckpoint>, ReadStoreError> {
        let row =
            sqlx::query("select * from checkpoints order by size desc limit 1").fetch_optional(&self.readers).await?;
        row.as_ref().map(read).transpose()
    }

    /// The smallest stored checkpoint that covers the entry at `index`.
    pub async fn checkpoint_covering(&self, index: u64) -> Result<Option<StoredCheckpoint>, ReadStoreError> {
        let row = sqlx::query("select * from checkpoints where size > ? order by size limit 1")
            .bind(bound(index))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The checkpoints of more than `size` leaves, smallest first.
    pub async fn checkpoints_after(&self, size: u64) -> Result<Vec<StoredCheckpoint>, ReadStoreError> {
        let rows = sqlx::query("select * from checkpoints where size > ? order by size")
            .bind(bound(size))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// The tree over all committed entries, as the last commit left it.
    pub async fn tree(&self) -> Result<Frontier, ReadStoreError> {
        tree_of(&sqlx::query(TREE).fetch_one(&self.readers).await?)
    }

    /// The same on a connection of its own, that has seen nothing yet.
    pub(crate) async fn tree_afresh(&self) -> Result<Frontier, ReadStoreError> {
        let mut connection = connect_writer(&self.path).await?;
        let row = sqlx::query(TREE).fetch_one(&mut connection).await;
        connection.close().await?;
        tree_of(&row?)
    }
}

/// Reads the tree's row: size, root and frontier have to say the same.
fn tree_of(row: &SqliteRow) -> Result<Frontier, ReadStoreError> {
    let bytes: &[u8] = row.try_get("frontier")?;
    let frontier = Frontier::from_bytes(bytes).map_err(|error| ReadStoreError::Corrupt(error.to_string()))?;
    if frontier.size() != count(row, "size")? || frontier.root() != hash(row, "root")? {
        return Err(ReadStoreError::Corrupt("the tree's size, root and frontier differ".to_owned()));
    }
    Ok(frontier)
}
