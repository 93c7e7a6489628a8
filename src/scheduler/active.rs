//! The set that is current, read back from the ledger's own bytes: nothing else may run.

use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::run::bodies::ActivatedFile;
use countersign_kernel::workflow::Known;
use countersign_warrant::EntryId;

use super::set::{CheckedSet, FileSet, SetFile};
use crate::store::{ReadStoreError, Store};

/// The current activation, parsed again under today's settings.
pub struct Active {
    /// Its entry.
    pub entry: EntryId,
    /// Workflows and policies.
    pub set: CheckedSet,
    /// The files, as they were activated.
    pub files: FileSet,
}

/// Why nothing can run.
#[derive(Debug, thiserror::Error)]
pub enum ActiveError {
    /// Nothing was ever activated.
    #[error("nothing is activated in this folder")]
    Nothing,
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[source] ReadStoreError),
    /// The bytes of an activated file are gone.
    #[error("the bytes of activated file `{0}` are not stored")]
    Missing(String),
    /// The set was activated under other settings, and does not fit today's.
    #[error("the activated set does not fit the settings any more: {first}")]
    Unfit {
        /// The first thing that is wrong.
        first: String,
        /// All of it.
        diagnostics: Vec<Diagnostic>,
    },
}

impl ActiveError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "set.nothing_active",
            Self::Store(source) => source.code(),
            Self::Missing(_) => "store.corrupt",
            Self::Unfit { .. } => "set.unfit",
        }
    }
}

impl Active {
    /// Loads the current activation.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it does not fit the settings.
    pub async fn load(store: &Store, known: &Known<'_>) -> Result<Self, ActiveError> {
        let current = store.current_activation().await.map_err(ActiveError::Store)?.ok_or(ActiveError::Nothing)?;
        let files = FileSet {
            workflows: bytes_of(store, &current.body.workflows).await?,
            policies: bytes_of(store, &current.body.policies).await?,
            ..FileSet::default()
        };
        let set = files.check(known).map_err(|diagnostics| ActiveError::Unfit {
            first: diagnostics.first().map(|one| one.message.clone()).unwrap_or_default(),
            diagnostics,
        })?;
        Ok(Self { entry: current.entry, set, files })
    }
}

async fn bytes_of(store: &Store, files: &[ActivatedFile]) -> Result<Vec<SetFile>, ActiveError> {
    let mut read = Vec::new();
    for file in files {
        let blob = store.blob(&file.digest).await.map_err(ActiveError::Store)?;
        let blob = blob.ok_or_else(|| ActiveError::Missing(file.path.clone()))?;
        read.push(SetFile { path: file.path.clone(), bytes: blob.bytes().to_vec() });
    }
    Ok(read)
}
