//! A run as a pure fold over its stamped entries: `(Run, entry) -> Run`, and from each run the next [`Command`].
//!
//! The same entries give the same run, live or after a restart: there is no state that the ledger does not show. What
//! is not legal in a state is a value, [`Illegal`], never a panic. This room must never ask for the time, a key or the
//! world; it says what is to be done, and the runner does it.
//!
//! Read first: [`Run`], [`Command`].

mod answer;
pub mod bodies;
mod command;
mod ending;
mod failing;
mod open;
pub mod pages;
mod ready;
mod undoing;
mod waiting;

use std::sync::Arc;

use countersign_warrant::{
    DecodeEntryError, Digest, EntryId, Intent, Kind, RunId, Stamped, StepId, Timestamp, VersionId,
};

use crate::plan::hole::Outputs;
use crate::plan::{Does, Move, Plan, Telling};
use bodies::{RunOutcome, StartedBody};
pub use command::{Command, CommandError, Issued};

/// How often one intent is attempted before the step counts as failed.
pub const ATTEMPTS_MAX: u32 = 3;

/// An entry that a run cannot take in its state.
#[derive(Debug, thiserror::Error)]
pub enum Illegal {
    /// It belongs to another run.
    #[error("entry `{0}` is of another run")]
    OtherRun(EntryId),
    /// Its number was passed already.
    #[error("entry `{0}` comes too late")]
    OutOfOrder(EntryId),
    /// The state does not know what to do with it.
    #[error("entry `{entry}` of kind `{kind}` does not fit a run that is {state}")]
    NotNow {
        /// The entry.
        entry: EntryId,
        /// Its kind.
        kind: Kind,
        /// The state's word.
        state: &'static str,
    },
    /// It contradicts the plan.
    #[error("entry `{entry}` does not fit the plan: {reason}")]
    NotPlanned {
        /// The entry.
        entry: EntryId,
        /// What does not fit.
        reason: String,
    },
    /// It is not what its kind says.
    #[error("the run's entries make no sense")]
    Decode(#[from] DecodeEntryError),
}

/// Why a run leaves its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable reason code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// True when policy said no.
    pub denied: bool,
    /// True when a person had it taken back: then the person says what is to be done.
    pub by_person: bool,
    /// The move at which it happened, by its place in the plan.
    pub at: usize,
}

impl Failure {
    /// A failure that is no denial.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), denied: false, by_person: false, at: 0 }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Before the first move: the steps that the plan leaves out are recorded.
    Skipping {
        /// How many of them are.
        recorded: usize,
    },
    /// Before the move at the cursor; `judged` counts the answers of a `policy` step so far.
    Ready {
        /// How many acts of the move were judged.
        judged: usize,
        /// The strictest answer so far.
        refused: Option<Failure>,
    },
    /// An intent has no closing answer.
    Open(Box<Intent>),
    /// An intent was found not applied, and may be attempted again.
    Retry(Box<Intent>),
    /// A refused attempt is made again after so many milliseconds, which are to be written down first.
    Resting {
        /// How long.
        ms: u64,
    },
    /// A durable wait.
    Waiting {
        /// Until then.
        until: Timestamp,
    },
    /// What was done is being undone.
    Undoing(Failure),
    /// Only the finalisers and the end are left.
    Ending(Option<Failure>),
    /// A person is needed.
    Stuck {
        /// Why.
        failure: Failure,
        /// Where the run stood.
        before: Box<State>,
    },
    /// A person lets go of the run: its open intent is declared, then the finalisers and the end are left.
    Abandoning(Abandonment),
    /// Over.
    Closed(RunOutcome),
}

/// Who lets go of a run, and what is left to declare.
#[derive(Debug, Clone, PartialEq)]
pub struct Abandonment {
    /// The intent without an answer.
    pub open: Option<Box<Intent>>,
    /// Who answers for it, as an opaque id.
    pub by: String,
    /// SHA-256 of the words that were given.
    pub reason: Digest,
}

impl State {
    /// The state in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Skipping { .. } | Self::Ready { .. } => "running",
            Self::Open(_) => "open",
            Self::Retry(_) => "retrying",
            Self::Resting { .. } | Self::Waiting { .. } => "waiting",
            Self::Undoing(_) => "undoing",
            Self::Ending(_) | Self::Abandoning(_) => "ending",
            Self::Stuck { .. } => "stuck",
            Self::Closed(_) => "closed",
        }
    }
}

/// A place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The number of the move.
    pub at: usize,
    /// How many attempts at it were refused for a time.
    pub refused: u32,
}

/// The stamps that a run reads its time from: it never looks at a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it started: rules such as `+90d` count from here.
    pub started_at: Timestamp,
    /// When its last entry was written.
    pub last_at: Timestamp,
    /// When the step at hand began.
    pub step_at: Timestamp,
    /// True once it gave way to an emergency: no wait of its plan is waited for any more.
    pub is_pressed: bool,
}

/// An act that is done, and perhaps undone since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneAct {
    /// Its move.
    pub id: StepId,
    /// Its intent.
    pub intent: EntryId,
    /// True when the plan can take it back.
    pub undoable: bool,
    /// True when it was taken back.
    pub undone: bool,
    /// How many of its undos were found not applied, or refused for a time.
    pub undos_lost: u32,
}

impl DoneAct {
    /// True while the change stands, and can be taken back.
    pub fn is_left_to_undo(&self) -> bool {
        self.undoable && !self.undone
    }
}

/// A run, as its entries tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// What it follows.
    pub plan: Arc<Plan>,
    /// What its `started` entry says.
    pub started: StartedBody,
    /// When its entries were stamped.
    pub times: Times,
    /// The next free entry number.
    pub next: u64,
    /// The move that is next, or under way.
    pub cursor: Cursor,
    /// What the steps brought about.
    pub outputs: Outputs,
    /// Acts that were done, oldest first; those that were undone since are marked.
    pub done: Vec<DoneAct>,
    /// Versions that this run sealed and has not activated.
    pub pending: Vec<VersionId>,
    /// True after the point of no return, and after an undo that failed: what goes wrong now needs a person.
    pub past_undo: bool,
    /// Why the run left its plan.
    pub failure: Option<Failure>,
    /// Where it stands.
    pub state: State,
}

impl Run {
    /// The run that a `started` entry begins.
    ///
    /// # Errors
    /// When the entry is no first entry of a run, or the plan is not the one that it names.
    pub fn begin(entry: &Stamped, plan: Arc<Plan>) -> Result<Self, Illegal> {
        let wrong = |reason: &str| Illegal::NotPlanned { entry: entry.id.clone(), reason: reason.to_owned() };
        if entry.kind != Kind::Started {
            return Err(wrong("a run begins with `started`"));
        }
        let started: StartedBody = entry.decode()?;
        let (Some(id), Some(number)) = (entry.id.run(), entry.id.number()) else {
            return Err(wrong("it is of no run"));
        };
        if plan.digest().ok() != Some(started.plan) {
            return Err(wrong("the plan is not the one that it names"));
        }
        let state = State::Ready { judged: 0, refused: None };
        let mut run = Self {
            id,
            plan,
            started,
            times: Times { started_at: entry.at, last_at: entry.at, step_at: entry.at, is_pressed: false },
            next: number + 1,
            cursor: Cursor::default(),
            outputs: Outputs::new(),
            done: Vec::new(),
            pending: Vec::new(),
            past_undo: false,
            failure: None,
            state,
        };
        if run.plan.skipped.is_empty() {
            run.arrive();
        } else {
            run.state = State::Skipping { recorded: 0 };
        }
        Ok(run)
    }

    /// The run after one more entry. On an error the run is as it was.
    ///
    /// # Errors
    /// When the entry is illegal in this state.
    pub fn apply(&self, entry: &Stamped) -> Result<Self, Illegal> {
        let number = match (entry.id.run(), entry.id.number()) {
            (Some(run), Some(number)) if run == self.id => number,
            _ => return Err(Illegal::OtherRun(entry.id.clone())),
        };
        let open = match &self.state {
            State::Open(intent) => Some(intent),
            State::Abandoning(Abandonment { open, .. }) => open.as_ref(),
            _ => None,
        };
        let within_open = open.is_some_and(|intent| is_of_intent(intent, &entry.id));
        if number < self.next && !within_open {
            return Err(Illegal::OutOfOrder(entry.id.clone()));
        }
        let mut run = self.clone();
        if run.take_person(entry, number)? {
            return Ok(run);
        }
        let numbers = if entry.kind == Kind::Intent { countersign_warrant::NUMBERS_OF_AN_INTENT } else { 1 };
        run.next = run.next.max(number + numbers);
        run.times.last_at = entry.at;
        match &self.state {
            State::Skipping { recorded } => run.take_skipped(*recorded, entry)?,
            State::Ready { .. } | State::Retry(_) => run.take_ready(entry)?,
            State::Open(intent) => run.take_open(intent, entry)?,
            State::Resting { .. } => run.take_resting(entry)?,
            State::Waiting { .. } => run.take_waiting(entry)?,
            State::Undoing(failure) => run.take_undoing(failure, entry)?,
            State::Ending(failure) => run.take_ending(failure.as_ref(), entry)?,
            State::Abandoning(abandonment) => run.take_abandoning(abandonment, entry)?,
            State::Stuck { .. } | State::Closed(_) => return Err(self.not_now(entry)),
        }
        Ok(run)
    }

    /// The run after all of these entries.
    ///
    /// # Errors
    /// When one is illegal where it stands.
    pub fn fold(entries: &[Stamped], plan: Arc<Plan>) -> Result<Option<Self>, Illegal> {
        let Some((first, rest)) = entries.split_first() else { return Ok(None) };
        let mut run = Self::begin(first, plan)?;
        for entry in rest {
            run = run.apply(entry)?;
        }
        Ok(Some(run))
    }

    /// The move that is next, or under way.
    pub fn current(&self) -> Option<&Move> {
        self.plan.moves.get(self.cursor.at)
    }

    fn not_now(&self, entry: &Stamped) -> Illegal {
        Illegal::NotNow { entry: entry.id.clone(), kind: entry.kind, state: self.state.word() }
    }

    fn not_planned(entry: &Stamped, reason: impl Into<String>) -> Illegal {
        Illegal::NotPlanned { entry: entry.id.clone(), reason: reason.into() }
    }

    /// The move at the cursor is over.
    fn advance(&mut self) {
        let step = self.current().map(|planned| planned.step.clone());
        self.cursor.at += 1;
        self.cursor.refused = 0;
        self.arrive();
        if self.current().map(|planned| &planned.step) != step.as_ref() {
            self.times.step_at = self.times.last_at;
        }
    }

    /// Settles at the move under the cursor, or at the end.
    fn arrive(&mut self) {
        let idle = |does: &Does| match does {
            Does::Judge { covers, .. } => covers.is_empty(),
            Does::Notify { on, .. } => *on == Telling::Failure,
            _ => false,
        };
        if self.failure.is_some() {
            return self.arrive_after_failure();
        }
        // What is for a failure is passed by where there was none.
        while self.current().is_some_and(|planned| idle(&planned.does) || planned.on_failure.is_some()) {
            self.cursor.at += 1;
        }
        self.state = match self.current() {
            Some(_) => State::Ready { judged: 0, refused: None },
            None => State::Ending(None),
        };
    }
}

/// True for the entries that an intent's own numbers are kept for.
fn is_of_intent(intent: &Intent, entry: &EntryId) -> bool {
    [intent.version_entry(), intent.receipt_entry(), intent.finding_entry()].iter().flatten().any(|id| id == entry)
}

#[cfg(test)]
mod tests;
