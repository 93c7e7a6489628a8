//! The pulse of a server: what shows those who watch over it that its loop really goes round, and that the ledger takes entries.
//!
//! The loop itself marks each round. A task beside it that said "all is well" would say so while the loop hangs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use countersign_warrant::{JournalError, Timestamp};

use crate::clock::{Clock, Moment};
use crate::ledger::Ledger;
use crate::scheduler::CheckedSet;
use crate::store::ReadStoreError;

/// A loop that has not gone round for so long hangs: at rest it does so each second.
const ROUND_WITHIN: Duration = Duration::from_secs(30);

/// How long an entry may take before the ledger counts as one that takes none.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer of the ledger is good for: whoever asks more often costs no more.
const CONFIRMED_FOR: Duration = Duration::from_secs(2);

/// Whose a workflow is, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The owning team.
    pub team: String,
    /// The word of its first step that changes something; `check` where none does.
    pub does: &'static str,
}

/// Why a server does not do its work at this moment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unready {
    /// It has not gone round yet.
    #[error("the loop has not gone round yet")]
    Starting,
    /// The loop hangs.
    #[error("the loop has not gone round since {since}")]
    Stalled {
        /// When it last did.
        since: Timestamp,
    },
    /// The wall clock was set back.
    #[error("the clock was set back; nothing begins before it says {latest} again")]
    ClockBehind {
        /// The latest time that it has said.
        latest: Timestamp,
    },
    /// The wall clock was set far forward.
    #[error("the clock was set forward by more than a day, from {expected} on; nothing begins before it is right")]
    ClockAhead {
        /// What it said before.
        expected: Timestamp,
    },
    /// It was asked to stop, or gave up.
    #[error("the process ends at the next safe point")]
    Ending,
    /// The ledger takes no entry.
    #[error("the ledger takes no entries")]
    Ledger(#[source] JournalError),
    /// The ledger does not answer.
    #[error("the ledger has taken nothing for {} seconds", WRITTEN_WITHIN.as_secs())]
    LedgerSlow,
}

impl Unready {
    /// That the store could not be read.
    pub(super) fn of_store(error: ReadStoreError) -> Self {
        Self::Ledger(match error {
            ReadStoreError::Corrupt(reason) => JournalError::Corrupt { reason },
            ReadStoreError::Unavailable(source) => JournalError::Unavailable { reason: source.to_string() },
        })
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Starting => "ready.starting",
            Self::Stalled { .. } => "ready.stalled",
            Self::ClockBehind { .. } => "clock.behind",
            Self::ClockAhead { .. } => "clock.ahead",
            Self::Ending => "serve.ending",
            Self::Ledger(source) => source.code(),
            Self::LedgerSlow => "ready.ledger_slow",
        }
    }
}

/// What is known of a server's loop. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    seen: Arc<Mutex<Seen>>,
    confirmed: Arc<tokio::sync::Mutex<Option<Confirmed>>>,
}

/// What the ledger answered, and when.
type Confirmed = (Instant, Result<(), Unready>);

#[derive(Debug, Default)]
struct Seen {
    round: Option<Moment>,
    behind: Option<Timestamp>,
    ahead: Option<Timestamp>,
    is_ending: bool,
    owners: Arc<BTreeMap<String, Owner>>,
}

impl Pulse {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        // WHY: each change is one assignment, so that what a panicked thread left is whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn goes_round(&self, now: Moment) {
        self.seen().round = Some(now);
    }

    pub(super) fn clock_behind(&self, latest: Option<Timestamp>) {
        self.seen().behind = latest;
    }

    pub(super) fn clock_ahead(&self, expected: Option<Timestamp>) {
        self.seen().ahead = expected;
    }

    pub(super) fn ends(&self) {
        self.seen().is_ending = true;
    }

    pub(super) fn belongs_to(&self, set: &CheckedSet) {
        let owner = |workflow: &countersign_kernel::workflow::model::Workflow| Owner {
            team: workflow.metadata.team.clone(),
            does: workflow.steps.iter().find(|step| step.kind.is_change()).map_or("check", |step| step.kind.word()),
        };
        let owners = set.workflows.iter().map(|(name, workflow)| (name.clone(), owner(workflow))).collect();
        self.seen().owners = Arc::new(owners);
    }

    /// When the loop last went round.
    pub fn last_round(&self) -> Option<Timestamp> {
        self.seen().round.map(|round| round.wall)
    }

    /// Whose each workflow of the current set is, by its name.
    pub fn owners(&self) -> Arc<BTreeMap<String, Owner>> {
        Arc::clone(&self.seen().owners)
    }

    /// Whether the loop goes round, in time.
    fn goes_on(&self, now: Moment) -> Result<(), Unready> {
        let seen = self.seen();
        if seen.is_ending {
            return Err(Unready::Ending);
        }
        if let Some(latest) = seen.behind {
            return Err(Unready::ClockBehind { latest });
        }
        if let Some(expected) = seen.ahead {
            return Err(Unready::ClockAhead { expected });
        }
        let Some(round) = seen.round else { return Err(Unready::Starting) };
        if now.is_set_back(round) {
            return Err(Unready::ClockBehind { latest: round.wall });
        }
        if now.steady.saturating_duration_since(round.steady) > ROUND_WITHIN {
            return Err(Unready::Stalled { since: round.wall });
        }
        Ok(())
    }

    /// Whether the server does its work at this moment: the loop goes round, the clock is in time, and the ledger takes entries.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn confirm(&self, ledger: &Ledger, clock: &dyn Clock) -> Result<(), Unready> {
        self.goes_on(Moment::of(clock))?;
        let mut confirmed = self.confirmed.lock().await;
        let now = clock.instant();
        if let Some((at, answer)) = &*confirmed
            && now.saturating_duration_since(*at) < CONFIRMED_FOR
        {
            return answer.clone();
        }
        let answer = match tokio::time::timeout(WRITTEN_WITHIN, ledger.confirm()).await {
            Ok(written) => written.map_err(Unready::Ledger),
            Err(_) => Err(Unready::LedgerSlow),
        };
        *confirmed = Some((clock.instant(), answer.clone()));
        answer
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests {
    use super::*;
    use crate::clock::SettableClock;

    #[test]
    fn a_loop_that_hangs_is_told_from_one_that_rests() {
        let clock = SettableClock::new(Timestamp::from_micros(1_795_000_000_000_000));
        let pulse = Pulse::default();
        let code = |pulse: &Pulse| pulse.goes_on(Moment::of(&clock)).map_err(|why| why.code());
        assert_eq!(code(&pulse), Err("ready.starting"));
        pulse.goes_round(Moment::of(&clock));
        assert_eq!(code(&pulse), Ok(()));
        clock.advance(ROUND_WITHIN);
        assert_eq!(code(&pulse), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(code(&pulse), Err("ready.stalled"));
        pulse.goes_round(Moment::of(&clock));
        clock.jump(Timestamp::from_micros(1_795_000_000_000_000));
        assert_eq!(code(&pulse), Err("clock.behind"), "the loop has not seen it yet");
        pulse.goes_round(Moment::of(&clock));
        pulse.clock_behind(Some(Timestamp::from_micros(1)));
        assert_eq!(code(&pulse), Err("clock.behind"));
        pulse.clock_behind(None);
        assert_eq!(code(&pulse), Ok(()));
        pulse.ends();
        assert_eq!(code(&pulse), Err("serve.ending"));
    }
}
