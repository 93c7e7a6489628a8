//! What is known of an intent after its grant: open, done, or to be tried again.

use crate::{Applied, EntryId, Intent, Refusal, Stamped, Timestamp};

/// An intent without a closing answer. It blocks its resource until it is settled.
#[derive(Debug)]
#[must_use = "an open intent blocks its resource until it is settled"]
pub struct OpenIntent {
    pub(crate) intent: Intent,
    pub(crate) granted_at: Timestamp,
}

impl OpenIntent {
    /// The intent.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// When the attempt must have ended.
    pub fn deadline(&self) -> Timestamp {
        self.granted_at.plus_millis(self.intent.call.limits.duration_ms)
    }

    /// From when on *not applied* may be believed: the deadline plus the manifest's lateness.
    pub fn believable_at(&self) -> Timestamp {
        self.deadline().plus_millis(self.intent.call.limits.lateness_ms)
    }
}

/// An intent that is done, and can be undone if it carries an undo.
#[derive(Debug)]
pub struct DoneIntent {
    pub(crate) intent: Intent,
    pub(crate) applied: Applied,
}

impl DoneIntent {
    /// The intent.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// What it brought about.
    pub fn applied(&self) -> &Applied {
        &self.applied
    }
}

/// An intent that was found not applied: it may be attempted once more, after a fresh decision.
#[derive(Debug)]
pub struct Retry {
    pub(crate) intent: Intent,
}

impl Retry {
    /// The attempt that was found not applied.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }
}

/// The answer to a recorded receipt or finding.
#[derive(Debug)]
pub enum Answer {
    /// The change is made.
    Done(DoneIntent),
    /// The undo of that intent is made.
    Undone(EntryId),
    /// The change is certainly not made; the target said so.
    Refused(Refusal),
    /// Not known yet.
    Open(OpenIntent),
    /// The change was found not applied.
    Retry(Retry),
    /// The undo was found not applied: it may be granted again, without a decision.
    UndoAgain(DoneIntent),
    /// A named person closed the intent.
    Declared,
}

/// A recorded receipt or finding.
#[derive(Debug)]
pub struct Settled {
    /// The committed entries.
    pub stamped: Vec<Stamped>,
    /// What follows.
    pub answer: Answer,
}

/// What a run's entries say of its intents, after a restart.
#[derive(Debug, Default)]
pub struct Recovered {
    /// All of the run's entries.
    pub stamped: Vec<Stamped>,
    /// Intents without a closing answer.
    pub open: Vec<OpenIntent>,
    /// Intents that are done, neither undone nor about to be, oldest first. While an undo is open it stands for the
    /// intent that it reverses: its finding answers with that one again.
    pub done: Vec<DoneIntent>,
    /// Intents found not applied and not attempted again since.
    pub retries: Vec<Retry>,
}
