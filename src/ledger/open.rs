//! Opening the ledger: the tree is read and checked, the pipeline and the signer begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_warrant::Timestamp;
use tokio::sync::{Notify, mpsc, watch};

use super::Ledger;
use super::batch::KnownBlobs;
use super::head::HeadFile;
use super::lease::LeaseTerms;
use super::signer::{LedgerKey, SignError, Signed, Signer};
use super::stamps::Stamps;
use super::writer::Writer;
use crate::store::{ReadStoreError, Store, connect_writer};

/// How many orders may queue before those who ask have to wait.
const QUEUE: usize = 4096;

/// What the ledger cannot know by itself.
pub struct LedgerOptions {
    /// The name of this process in leases.
    pub owner: String,
    /// How long its leases last without being renewed.
    pub lease: Duration,
    /// The file of the last signed tree, beside the key; never in a backup of the database.
    pub head_file: PathBuf,
    /// The clock that stamps entries.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why the ledger could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenLedgerError {
    /// The store is open for reading only.
    #[error("`{0}` is open for reading only")]
    ReadOnly(PathBuf),
    /// The writing connection.
    #[error("the ledger could not be opened for writing")]
    Connect(#[source] sqlx::Error),
    /// The tree or the last entry could not be read.
    #[error("the ledger could not be read")]
    Read(#[source] ReadStoreError),
    /// There are more or fewer entries than the tree has leaves: somebody cut or added rows.
    #[error("the ledger has {written} entries, and its tree {tree} leaves")]
    Torn {
        /// Entries that are there.
        written: u64,
        /// Leaves of the tree.
        tree: u64,
    },
    /// What is stored is not what was signed.
    #[error("the ledger does not continue what was signed")]
    Signed(#[source] SignError),
}

impl OpenLedgerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReadOnly(_) => "ledger.read_only",
            Self::Connect(_) => "ledger.unavailable",
            Self::Torn { .. } => "ledger.torn",
            Self::Read(source) => source.code(),
            Self::Signed(source) => source.code(),
        }
    }
}

impl Ledger {
    /// Opens the ledger of a store that was opened for writing: once per process, and by one process at a time.
    pub async fn open(store: Store, key: LedgerKey, options: LedgerOptions) -> Result<Self, OpenLedgerError> {
        if !store.is_writable() {
            return Err(OpenLedgerError::ReadOnly(store.path().to_owned()));
        }
        let tree = store.tree().await.map_err(OpenLedgerError::Read)?;
        let written = store.last_index().await.map_err(OpenLedgerError::Read)?.map_or(0, |last| last + 1);
        if written != tree.size() {
            return Err(OpenLedgerError::Torn { written, tree: tree.size() });
        }
        let last = store.last_stamp().await.map_err(OpenLedgerError::Read)?;
        let file = HeadFile::new(Path::new(&options.head_file));
        let signer = Signer::resume(key, file, store.clone()).await.map_err(OpenLedgerError::Signed)?;
        let connection = connect_writer(store.path()).await.map_err(OpenLedgerError::Connect)?;
        let (orders, queue) = mpsc::channel(QUEUE);
        let (head, committed) = watch::channel(tree.clone());
        let terms = LeaseTerms::new(options.owner, options.lease);
        let writer = Writer {
            connection,
            orders: queue,
            store: store.clone(),
            terms: terms.clone(),
            tree,
            head,
            known: KnownBlobs::default(),
            signed: None,
            kept: Instant::now(),
            next: None,
            last: 0,
            stopped: None,
            #[cfg(test)]
            broken: None,
            #[cfg(test)]
            batches: Arc::default(),
        };
        let demand = Arc::new(Notify::new());
        let (publish, signatures) = watch::channel(Signed { checkpoint: signer.latest(), refused: None });
        tokio::spawn(writer.run());
        tokio::spawn(signer.run(committed.clone(), orders.downgrade(), Arc::clone(&demand), publish));
        let stamps = Stamps::new(options.clock, last);
        Ok(Self { store, orders, stamps, terms, committed, demand, signatures })
    }
}
