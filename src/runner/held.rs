//! What keeps a run from going on for now, without any fault of its own: a brake, or a limit that is reached.

use countersign_warrant::{Brake, GrantError, JournalError, Timestamp};

use super::DriveError;

/// How long until a limit without a known end is looked at again, in milliseconds.
const AGAIN_MS: u64 = 1000;

/// What keeps a run from going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What kind of brake or limit.
    pub brake: Brake,
    /// Where it is.
    pub on: String,
    /// Until when, where time alone ends it.
    pub until: Option<Timestamp>,
}

impl Held {
    /// The brake that a run met; the error itself where it is another one.
    pub(super) fn of(error: DriveError) -> Result<Self, DriveError> {
        match error {
            DriveError::Journal(JournalError::Braked { brake, on, until })
            | DriveError::Grant(GrantError::Journal(JournalError::Braked { brake, on, until })) => {
                Ok(Self { brake, on, until })
            }
            other => Err(other),
        }
    }

    /// As what the ledger answered.
    pub fn into_error(self) -> JournalError {
        JournalError::Braked { brake: self.brake, on: self.on, until: self.until }
    }

    /// True where nobody has to lift it.
    pub fn may_pass(&self) -> bool {
        self.until.is_some() || matches!(self.brake, Brake::AtOnce | Brake::InFlight)
    }

    /// When it is worth another try, where nobody has to lift it.
    pub fn again(&self, now: Timestamp) -> Timestamp {
        self.until.unwrap_or_else(|| now.plus_millis(AGAIN_MS))
    }
}
