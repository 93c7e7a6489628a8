//! The store: typed reads of the database, and its opening.
//!
//! The database is one `SQLite` file. What changes it goes through the ledger's commit pipeline, which owns the one
//! writing connection; this room opens the file, brings its schema up to date, and reads: one file per noun.
//!
//! This room must never write what an entry says (that is the ledger's), open sealed material, repair what it finds
//! wrong, or answer a decision from anything but a committed state.
//!
//! Read first: [`Store`], [`ReadStoreError`].

mod activations;
mod blobs;
mod brakes;
mod checkpoints;
mod counts;
mod due;
mod entries;
mod fault;
mod holds;
mod open;
mod outlook;
mod persons;
mod read;
mod runs;
#[cfg(test)]
mod tests;
mod versions;

use std::path::{Path, PathBuf};

pub use activations::CurrentActivation;
pub use brakes::{Reached, StoredBrake};
pub use checkpoints::StoredCheckpoint;
pub use counts::Counts;
pub use due::{DueKind, DueRow};
pub use entries::StoredEntry;
pub(crate) use fault::Fault;
pub use holds::Hold;
pub use open::OpenStoreError;
pub(crate) use open::connect_writer;
pub use outlook::{LiveVersions, OpenRuns};
pub use read::ReadStoreError;
pub use runs::{Lease, RunState, StoredRun};
use sqlx::SqlitePool;
pub use versions::StoredVersion;

/// The database of one data folder, for reading. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    readers: SqlitePool,
    writable: bool,
}

impl Store {
    /// Where the database file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// False when it was opened for reading only.
    pub const fn is_writable(&self) -> bool {
        self.writable
    }

    /// Closes the reading connections.
    pub async fn close(&self) {
        self.readers.close().await;
    }
}
