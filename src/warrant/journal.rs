//! The port to the ledger: the only way in which anything becomes durable.

use std::future::Future;

use crate::{Entry, EntryId, Fence, ResourceName, RunId, Stamped, Timestamp};

/// What keeps a run from beginning, or a change from being granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Brake {
    /// A person paused it.
    Paused,
    /// A provider failed too often, and is left alone for a while.
    CircuitOpen,
    /// A subject takes no trigger until a person says so.
    Quarantined,
    /// So much was used that more has to wait.
    BudgetSpent,
    /// So many runs of a team are open.
    AtOnce,
    /// So many of a service's subjects are under way.
    InFlight,
}

impl Brake {
    /// Each with its word, as the database has it.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("paused", Self::Paused),
        ("circuit_open", Self::CircuitOpen),
        ("quarantined", Self::Quarantined),
        ("budget_spent", Self::BudgetSpent),
        ("at_once", Self::AtOnce),
        ("in_flight", Self::InFlight),
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Paused => "brake.paused",
            Self::CircuitOpen => "brake.circuit_open",
            Self::Quarantined => "brake.quarantined",
            Self::BudgetSpent => "brake.budget_spent",
            Self::AtOnce => "brake.at_once",
            Self::InFlight => "brake.in_flight",
        }
    }

    /// What is so, before the place.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Paused => "a pause is",
            Self::CircuitOpen => "a circuit breaker is open",
            Self::Quarantined => "a quarantine is",
            Self::BudgetSpent => "the budget is spent",
            Self::AtOnce => "as many as may be at once are under way",
            Self::InFlight => "as many subjects as may be are under way",
        }
    }
}

/// Why a commit or a read was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process has taken the run over.
    #[error("run `{run}` is driven under a newer fence than {epoch}")]
    Stale {
        /// The run.
        run: RunId,
        /// The refused epoch.
        epoch: u64,
    },
    /// An entry of that id exists and says something else.
    #[error("entry `{entry}` exists already and differs")]
    Taken {
        /// The id.
        entry: EntryId,
    },
    /// Another run holds the resource, or an intent on it is open.
    #[error("`{resource}` is held by run `{holder}`")]
    Held {
        /// The resource.
        resource: ResourceName,
        /// Who holds it.
        holder: RunId,
    },
    /// Somebody, or a limit, keeps it from beginning for now; the same commit may do later.
    #[error("{} on {on}", .brake.in_words())]
    Braked {
        /// What keeps it.
        brake: Brake,
        /// Where: `everything`, or a scope and a name, such as `connector local`.
        on: String,
        /// Until when, where time alone ends it.
        until: Option<Timestamp>,
    },
    /// The state that the entry expects is not there: an intent that is closed, a run that has ended, a version that
    /// is not in that stage.
    #[error("entry `{entry}` does not fit the state: {reason}")]
    Unfit {
        /// The entry.
        entry: EntryId,
        /// What does not fit.
        reason: String,
    },
    /// The entry is larger than a leaf may be (49,152 bytes).
    #[error("entry `{entry}` has {bytes} bytes; a leaf may have 49152")]
    TooLarge {
        /// The entry.
        entry: EntryId,
        /// Its size.
        bytes: usize,
    },
    /// Nothing was written.
    #[error("the ledger did not accept the write: {reason}")]
    Unavailable {
        /// Why, without any value.
        reason: String,
    },
    /// It is not known whether the write is durable: read again before anything else.
    #[error("the fate of the write is unknown: {reason}")]
    Unknown {
        /// Why, without any value.
        reason: String,
    },
    /// What is stored cannot be read as an entry.
    #[error("the ledger holds what cannot be read: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
}

impl JournalError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "journal.stale",
            Self::Taken { .. } => "journal.taken",
            Self::Held { .. } => "journal.held",
            Self::Braked { brake, .. } => brake.code(),
            Self::Unfit { .. } => "journal.unfit",
            Self::TooLarge { .. } => "journal.too_large",
            Self::Unavailable { .. } => "journal.unavailable",
            Self::Unknown { .. } => "journal.unknown",
            Self::Corrupt { .. } => "journal.corrupt",
        }
    }
}

/// Makes entries durable. Implemented once, by `ledger`.
pub trait Journal: Send + Sync {
    /// Writes a run's entries: all or none, durable when `Ok`, refused under a stale fence. A repetition of the same
    /// entries answers as the first time, unless an intent is among them: a grant is never a repetition.
    fn commit(
        &self,
        fence: Fence,
        entries: Vec<Entry>,
    ) -> impl Future<Output = Result<Vec<Stamped>, JournalError>> + Send;

    /// Writes entries of no run; never a kind of the mint's.
    fn append(&self, entries: Vec<Entry>) -> impl Future<Output = Result<Vec<Stamped>, JournalError>> + Send;

    /// All entries of a run, in their order.
    fn load(&self, run: RunId) -> impl Future<Output = Result<Vec<Stamped>, JournalError>> + Send;
}
