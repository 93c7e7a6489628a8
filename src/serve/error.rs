//! Why a server ends otherwise than by being asked to.

use countersign_kernel::plan::PlanError;
use countersign_warrant::JournalError;
use tokio::task::JoinError;

use crate::runner::DriveError;
use crate::scheduler::{ActiveError, RenewalError};
use crate::store::ReadStoreError;

/// Why a server ended otherwise than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No set is current, or it cannot be used.
    #[error(transparent)]
    Active(#[from] ActiveError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ReadStoreError),
    /// The ledger takes nothing more.
    #[error("the ledger takes no entries")]
    Journal(#[from] JournalError),
    /// A workflow's defaults make no subject.
    #[error("workflow `{workflow}` names no subject where nobody is asked")]
    NoSubject {
        /// The workflow.
        workflow: String,
        /// Why.
        #[source]
        source: PlanError,
    },
    /// A renewal cannot be looked at.
    #[error("what is due could not be looked at")]
    Renewal(#[from] RenewalError),
    /// The ledger gave out under a run.
    #[error(transparent)]
    Drive(DriveError),
    /// A task of ours broke.
    #[error("a task of this process broke")]
    Broken(#[source] JoinError),
}

impl ServeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Active(source) => source.code(),
            Self::Store(source) => source.code(),
            Self::Journal(source) => source.code(),
            Self::NoSubject { source, .. } => source.code(),
            Self::Renewal(source) => source.code(),
            Self::Drive(source) => source.code(),
            Self::Broken(_) => "serve.broken",
        }
    }
}
