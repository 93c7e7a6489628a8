//! The signer: signs the committed tree after the commits, off their path, many of them with one signature.
//!
//! What it signs has to grow out of what it signed last: it keeps the frontier of that tree in a file beside the key,
//! extends it by the leaf hashes that the database holds, and compares the root with the one that was committed.

use std::sync::Arc;
use std::time::Duration;

use countersign_contract::failpoint;
use countersign_kernel::evidence::checkpoint::{Checkpoint, CheckpointError};
use countersign_kernel::evidence::note::{NoteError, VerifierKey};
use ed25519_dalek::SigningKey;
use tokio::sync::{Notify, mpsc, watch};
use zeroize::Zeroizing;

use super::encoding::Frontier;
use super::head::{HeadFile, HeadFileError};
use super::order::Order;
use crate::store::{ReadStoreError, Store, StoredCheckpoint};

/// How long a tree waits for more commits before it is signed, when nobody waits for the signature.
const COALESCE: Duration = Duration::from_millis(20);

/// How many leaf hashes are read at once.
const PAGE: u32 = 8192;

/// The key that signs the ledger's trees, under the ledger's name.
pub struct LedgerKey {
    origin: String,
    key: SigningKey,
}

impl std::fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerKey").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl LedgerKey {
    /// The Ed25519 key of a 32-byte seed (RFC 8032 section 5.1.5), for the log `origin`: a URL without its scheme.
    ///
    /// # Errors
    /// When the origin is empty, or has spaces or `+`.
    pub fn new(origin: &str, seed: &Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        VerifierKey::new(origin, key.verifying_key())?;
        Ok(Self { origin: origin.to_owned(), key })
    }

    /// The name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public half, for whoever verifies.
    ///
    /// # Errors
    /// Never for a key that was made.
    pub fn verifier_key(&self) -> Result<VerifierKey, NoteError> {
        VerifierKey::new(&self.origin, self.key.verifying_key())
    }

    fn sign(&self, tree: &Frontier) -> Result<StoredCheckpoint, NoteError> {
        let (size, root) = (tree.size(), tree.root());
        let note = Checkpoint { origin: self.origin.clone(), size, root }.sign(&self.key)?.to_string();
        Ok(StoredCheckpoint { size, root, note })
    }
}

/// Why a tree was not signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SignError {
    /// The ledger has fewer entries than were signed: it was cut off, or set back to an older copy.
    #[error("{signed} entries were signed, and the ledger has {found}: it was cut off or set back")]
    Rollback {
        /// Entries under the last signature.
        signed: u64,
        /// Entries that are there.
        found: u64,
    },
    /// The ledger is not the signed one, grown.
    #[error("the first {signed} entries were signed, and the ledger's {found} entries do not grow out of them")]
    Fork {
        /// Entries under the signature that does not fit.
        signed: u64,
        /// Entries that are there.
        found: u64,
    },
    /// Checkpoints are stored, and the file of the last signed tree is gone: a ledger that was set back would not show.
    #[error("the file of the last signed tree is gone, and {signed} entries were signed")]
    HeadMissing {
        /// Entries under the newest stored checkpoint.
        signed: u64,
    },
    /// The file of the last signed tree.
    #[error("the last signed tree could not be read or kept")]
    Head(#[source] Arc<HeadFileError>),
    /// The leaf hashes could not be read.
    #[error("the entries to be signed could not be read")]
    Read(#[source] Arc<ReadStoreError>),
    /// The key's name.
    #[error("the ledger's key cannot sign")]
    Key(#[source] NoteError),
    /// The stored checkpoint is of another key or log.
    #[error("the stored checkpoint is not signed by this ledger's key")]
    Foreign(#[source] CheckpointError),
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
}

impl SignError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rollback { .. } => "ledger.rollback",
            Self::Fork { .. } => "ledger.fork",
            Self::HeadMissing { .. } => "ledger.head_missing",
            Self::Head(_) => "ledger.head",
            Self::Read(source) => source.code(),
            Self::Key(source) => source.code(),
            Self::Foreign(_) => "ledger.foreign",
            Self::Closed => "ledger.closed",
        }
    }

    fn head(error: HeadFileError) -> Self {
        Self::Head(Arc::new(error))
    }

    fn read(error: ReadStoreError) -> Self {
        Self::Read(Arc::new(error))
    }
}

/// What was signed last, and what was in the way of more.
#[derive(Debug, Clone, Default)]
pub(super) struct Signed {
    pub(super) checkpoint: Option<StoredCheckpoint>,
    pub(super) refused: Option<SignError>,
}

/// The signing task.
#[derive(Debug)]
pub(super) struct Signer {
    key: LedgerKey,
    file: HeadFile,
    store: Store,
    /// The signed tree, as the file has it.
    tree: Frontier,
    /// The checkpoint of it, unless it was lost between the file and the table.
    latest: Option<StoredCheckpoint>,
}

impl Signer {
    /// Takes up where the last process left off.
    // INVARIANT: inv:I7 neither a smaller nor another tree is ever signed, not even after a restart.
    pub(super) async fn resume(key: LedgerKey, file: HeadFile, store: Store) -> Result<Self, SignError> {
        let tree = file.read().map_err(SignError::head)?;
        let committed = store.tree().await.map_err(SignError::read)?;
        let latest = store.latest_checkpoint().await.map_err(SignError::read)?;
        if let (None, Some(latest)) = (&tree, &latest) {
            return Err(SignError::HeadMissing { signed: latest.size });
        }
        let tree = tree.unwrap_or_default();
        if let Some(latest) = &latest {
            let verifier = key.verifier_key().map_err(SignError::Key)?;
            Checkpoint::open(&latest.note, &verifier).map_err(SignError::Foreign)?;
        }
        let beyond = store.leaves_from(committed.size(), 1).await.map_err(SignError::read)?;
        if !beyond.is_empty() {
            let (signed, found) = (committed.size(), committed.size() + 1);
            return Err(SignError::Fork { signed, found });
        }
        let signer = Self { key, file, store, tree, latest };
        signer.grown(&committed).await?;
        Ok(signer)
    }

    /// What was signed last, for whoever asks before the next signature.
    pub(super) fn latest(&self) -> Option<StoredCheckpoint> {
        self.latest.clone()
    }

    /// The tree that grows out of the signed one by the stored leaves, when it is `wanted`; none when nothing grew.
    async fn grown(&self, wanted: &Frontier) -> Result<Option<Frontier>, SignError> {
        let (signed, found) = (self.tree.size(), wanted.size());
        if found < signed {
            return Err(SignError::Rollback { signed, found });
        }
        let mut kept = self.store.checkpoints_after(signed).await.map_err(SignError::read)?.into_iter().peekable();
        let mut tree = self.tree.clone();
        while tree.size() < found {
            let page = u32::try_from(found - tree.size()).unwrap_or(PAGE).min(PAGE);
            let leaves = self.store.leaves_from(tree.size(), page).await.map_err(SignError::read)?;
            if leaves.is_empty() {
                return Err(SignError::Rollback { signed: found, found: tree.size() });
            }
            for leaf in leaves {
                tree.push(leaf);
                if let Some(checkpoint) = kept.next_if(|kept| kept.size == tree.size())
                    && checkpoint.root != tree.root()
                {
                    return Err(SignError::Fork { signed: checkpoint.size, found });
                }
            }
        }
        if let Some(beyond) = kept.next() {
            return Err(SignError::Rollback { signed: beyond.size, found });
        }
        if tree != *wanted {
            return Err(SignError::Fork { signed, found });
        }
        Ok((found > signed).then_some(tree))
    }

    /// Signs each committed tree, or a later one, until the pipeline ends.
    pub(super) async fn run(
        mut self,
        mut head: watch::Receiver<Frontier>,
        orders: mpsc::WeakSender<Order>,
        demand: Arc<Notify>,
        signed: watch::Sender<Signed>,
    ) {
        let mut more = true;
        while more {
            tokio::select! {
                changed = head.changed() => {
                    more = changed.is_ok();
                    // WHY: whoever waits for a signature gets it at once; nobody else is worth a flush of its own.
                    let _ = tokio::time::timeout(COALESCE, demand.notified()).await;
                }
                () = demand.notified() => {}
            }
            let wanted = head.borrow_and_update().clone();
            match self.sign(&wanted).await {
                Ok(None) => {}
                Ok(Some(checkpoint)) => {
                    if let Some(orders) = orders.upgrade() {
                        let _ = orders.send(Order::Signed(checkpoint.clone())).await;
                    }
                    signed.send_replace(Signed { checkpoint: Some(checkpoint), refused: None });
                }
                Err(error) => {
                    tracing::error!(code = error.code(), "the ledger was not signed");
                    signed.send_modify(|signed| signed.refused = Some(error));
                }
            }
        }
    }

    async fn sign(&mut self, wanted: &Frontier) -> Result<Option<StoredCheckpoint>, SignError> {
        let signed = self.latest.as_ref().map_or(0, |latest| latest.size);
        if wanted.size() == signed {
            return Ok(None);
        }
        let grown = self.grown(wanted).await?;
        failpoint::hit("ledger.sign.before");
        if let Some(tree) = grown {
            let (file, kept) = (self.file.clone(), tree.clone());
            // CRASH: the file knows the tree before any signature of it leaves this room.
            let written = tokio::task::spawn_blocking(move || file.write(&kept)).await;
            written.map_err(|_| SignError::Closed)?.map_err(SignError::head)?;
            self.tree = tree;
        }
        let checkpoint = self.key.sign(&self.tree).map_err(SignError::Key)?;
        failpoint::hit("ledger.sign.after");
        self.latest = Some(checkpoint.clone());
        Ok(Some(checkpoint))
    }
}
