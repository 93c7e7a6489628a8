//! Many commits as one statement.

use std::collections::HashSet;
use std::fmt::Write as _;

use countersign_warrant::Digest;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use super::encoding::Frontier;
use super::member::{Member, Waiting};
use super::rows::{Rows, Table};
use crate::store::StoredCheckpoint;

/// Commits that are written together: all of them, or none.
pub(super) type Batch = Vec<Waiting>;

const COMMIT: &str = "insert into batches (
    base, bytes, blobs, runs, holds, entries, subjects, intents, settlements, demotions, sealings, promotions, turns,
    closures, activations, brakes, size, frontier, root, signed_size, signed_root, signed_note
) values (?, ?, jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?), jsonb(?),
    jsonb(?), jsonb(?), jsonb(?), ?, ?, ?, ?, ?, ?)";

/// Blobs that are known to be durable: not written again.
#[derive(Debug, Default)]
pub(super) struct KnownBlobs(HashSet<Digest>);

impl KnownBlobs {
    /// Only large ones are worth remembering, and not too many of them.
    const BYTES_MIN: usize = 1024;
    const COUNT_MAX: usize = 4096;

    fn remember(&mut self, member: &Member) {
        if self.0.len() >= Self::COUNT_MAX {
            self.0.clear();
        }
        let large = member.blobs.iter().filter(|blob| blob.bytes().len() >= Self::BYTES_MIN);
        self.0.extend(large.map(countersign_warrant::Blob::digest));
    }

    /// Remembers those of commits that are durable now.
    pub(super) fn learn(&mut self, batch: &[Waiting]) {
        for waiting in batch {
            self.remember(&waiting.member);
        }
    }
}

/// A batch as the values of its statement, with the tree that it leads to.
#[derive(Debug)]
pub(super) struct Statement {
    base: u64,
    bytes: Vec<u8>,
    blobs: String,
    entries: String,
    rows: Rows,
    pub(super) tree: Frontier,
}

impl Statement {
    /// Puts the commits one after the other on top of `tree`.
    pub(super) fn of(batch: &[Waiting], tree: &Frontier, known: &KnownBlobs) -> Self {
        let mut statement = Self {
            base: tree.size(),
            bytes: Vec::with_capacity(batch.iter().map(|waiting| waiting.member.weight()).sum()),
            blobs: String::new(),
            entries: String::new(),
            rows: Rows::default(),
            tree: tree.clone(),
        };
        let mut written = HashSet::new();
        for Waiting { member, .. } in batch {
            statement.leaves(member);
            statement.rows.append(&member.rows);
            for blob in &member.blobs {
                if !known.0.contains(&blob.digest()) && written.insert(blob.digest()) {
                    let (start, length) = statement.cut(blob.bytes());
                    let _ = write!(statement.blobs, ",[\"{}\",{start},{length}]", blob.digest());
                }
            }
        }
        statement
    }

    // WHY: ids and kinds have no character that JSON would escape.
    fn leaves(&mut self, member: &Member) {
        for leaf in &member.leaves {
            let (start, length) = self.cut(&leaf.statement);
            self.bytes.extend_from_slice(leaf.hash.as_bytes());
            self.tree.push(leaf.hash);
            let (id, kind, at) = (&leaf.id, leaf.kind, leaf.at.micros());
            let _ = match &member.fence {
                Some(fence) => write!(
                    self.entries,
                    ",[\"{id}\",\"{}\",{},\"{kind}\",{at},{start},{length}]",
                    fence.run, fence.epoch
                ),
                None => write!(self.entries, ",[\"{id}\",null,null,\"{kind}\",{at},{start},{length}]"),
            };
        }
    }

    /// Appends to the bytes; where they start, counted from 1 as `substr` does, and how many they are.
    fn cut(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.bytes.len() + 1;
        self.bytes.extend_from_slice(bytes);
        (start, bytes.len())
    }

    /// Runs the statement: one statement without a transaction around it, so it commits itself or changes nothing.
    pub(super) async fn run(
        mut self,
        connection: &mut SqliteConnection,
        signed: Option<&StoredCheckpoint>,
    ) -> Result<(), sqlx::Error> {
        let mut take = |table| self.rows.take(table);
        let query: sqlx::query::Query<'_, sqlx::Sqlite, SqliteArguments> = sqlx::query(COMMIT)
            .bind(self.base.cast_signed())
            .bind(self.bytes)
            .bind(array(&self.blobs))
            .bind(take(Table::Runs))
            .bind(take(Table::Holds))
            .bind(array(&self.entries))
            .bind(take(Table::Subjects))
            .bind(take(Table::Intents))
            .bind(take(Table::Settlements))
            .bind(take(Table::Demotions))
            .bind(take(Table::Sealings))
            .bind(take(Table::Promotions))
            .bind(take(Table::Turns))
            .bind(take(Table::Closures))
            .bind(take(Table::Activations))
            .bind(take(Table::Brakes))
            .bind(self.tree.size().cast_signed())
            .bind(self.tree.to_bytes())
            .bind(self.tree.root().as_bytes().to_vec())
            .bind(signed.map(|signed| signed.size.cast_signed()))
            .bind(signed.map(|signed| signed.root.as_bytes().to_vec()))
            .bind(signed.map(|signed| signed.note.clone()));
        query.execute(connection).await.map(drop)
    }
}

/// Rows with a comma before each, as an array; nothing where there are none.
fn array(rows: &str) -> Option<String> {
    let rows = rows.strip_prefix(',')?;
    Some(format!("[{rows}]"))
}
