//! What a server tells of itself.

use countersign_kernel::diagnostic::Diagnostic;
use countersign_warrant::{RunId, Timestamp};

use super::Unready;

/// What a server tells of itself while it works. The entries of its runs are told by the runner.
#[derive(Debug)]
pub enum Said {
    /// It has begun: so many triggers are there, and so many runs are open.
    Serving {
        /// Rows of the scheduler.
        triggers: usize,
        /// Runs that are not closed.
        open: usize,
    },
    /// A trigger began no run; what came of it is in an entry.
    NotBegun {
        /// The workflow.
        workflow: String,
        /// The code of the entry.
        code: String,
        /// Why.
        message: String,
        /// When it is looked at again.
        again: Option<Timestamp>,
    },
    /// A run could not go on here, and stays open.
    LeftOpen {
        /// The run.
        run: RunId,
        /// A stable code.
        code: String,
        /// Why.
        message: String,
        /// When it is tried again.
        again: Timestamp,
    },
    /// A brake or a limit holds a run; nothing is lost.
    Held {
        /// The run.
        run: RunId,
        /// A stable code.
        code: String,
        /// What holds it.
        message: String,
        /// When it is tried again; once somebody lifts the brake, where it is not said.
        again: Option<Timestamp>,
    },
    /// A heartbeat was due.
    Heartbeat(Beat),
    /// The settings were read again.
    Settings {
        /// Why they were not taken, or not all of them; `None` where they were.
        code: Option<&'static str>,
        /// What is in force from now on, in words.
        message: String,
        /// What is wrong with them.
        diagnostics: Vec<Diagnostic>,
    },
    /// The wall clock was set back: nothing begins before it says this time again.
    ClockBehind {
        /// The latest time that it has said.
        latest: Timestamp,
    },
    /// The wall clock was set forward by more than a day: nothing begins before it is right, or the process is started again.
    ClockAhead {
        /// What it said before.
        expected: Timestamp,
    },
}

/// What became of a heartbeat.
#[derive(Debug)]
pub enum Beat {
    /// It was taken.
    Taken,
    /// Nobody took it.
    Failed {
        /// The webhook.
        webhook: String,
        /// Why not.
        reason: String,
    },
    /// It was not sent: the server does not do its work.
    Withheld(Unready),
}

impl Beat {
    /// The word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Failed { .. } => "failed",
            Self::Withheld(_) => "withheld",
        }
    }
}
