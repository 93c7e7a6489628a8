//! What the runners of one process share: which runs are to give way to an emergency, and what is known of each provider: how many of its calls are under way, and how many have failed.
//!
//! A provider that fails again and again is left alone for a while (a circuit breaker, beh:R12): that is an entry, so that every
//! process and every auditor sees it. After the while one failure more opens the breaker again, for twice as long; one success
//! lifts it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_kernel::run::Run;
use countersign_kernel::run::bodies::{BrakeKind, BrakeScope, RunOutcome};
use countersign_warrant::{Brake, JournalError, Outcome, RefusalClass, RunId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{DriveError, PersonsWord, Runner};
use crate::ledger::Braking;
use crate::settings::{Breaker, Quarantine, Settings};
use crate::store::RunState;

/// How long a change waits for its turn at a provider before its run gives its place to another.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest that a provider is left alone, in milliseconds.
const OPEN_MS_MAX: u64 = 3_600_000;

/// What happened at one provider lately.
#[derive(Debug, Default)]
struct Lately {
    failures: VecDeque<Timestamp>,
    /// How often in a row its breaker was opened; 0 where it is closed.
    opened: u32,
    /// Until when it is open.
    until: Option<Timestamp>,
}

/// What an attempt's end does to a breaker.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Stay,
    /// It opens, after so many failures, until then.
    Open {
        failures: usize,
        until: Timestamp,
    },
    Close,
}

impl Lately {
    fn ended(&mut self, failed: bool, terms: &Breaker, now: Timestamp) -> Turn {
        if !failed {
            self.failures.clear();
            self.until = None;
            return if std::mem::take(&mut self.opened) > 0 { Turn::Close } else { Turn::Stay };
        }
        // What was under way when it opened says nothing new.
        if self.until.is_some_and(|until| until > now) {
            return Turn::Stay;
        }
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|first| first.plus_millis(terms.within_ms) < now) {
            self.failures.pop_front();
        }
        let failures = self.failures.len();
        if self.opened == 0 && failures < terms.failures as usize {
            return Turn::Stay;
        }
        self.failures.clear();
        let doubled = 1_u64.checked_shl(self.opened).and_then(|times| terms.open_ms.checked_mul(times));
        self.opened = self.opened.saturating_add(1);
        let until = now.plus_millis(doubled.unwrap_or(OPEN_MS_MAX).min(OPEN_MS_MAX.max(terms.open_ms)));
        self.until = Some(until);
        Turn::Open { failures, until }
    }
}

/// What the runners of one process share.
#[derive(Debug)]
pub struct Shared {
    turns: BTreeMap<String, Arc<Semaphore>>,
    breaker: Breaker,
    quarantine: Quarantine,
    lately: Mutex<BTreeMap<String, Lately>>,
    /// Runs that are to give way.
    pub pressed: Pressed,
    /// Turns true while the wall clock cannot be gone by.
    clock_is_wrong: AtomicBool,
}

/// Runs that are to give way to an emergency at their next safe point, with whose word that is.
#[derive(Debug, Default)]
pub struct Pressed(Mutex<BTreeMap<RunId, PersonsWord>>);

impl Pressed {
    /// The run gives way as soon as whoever drives it in this process comes to a safe point.
    pub fn press(&self, run: RunId, word: PersonsWord) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run, word);
    }

    /// True where a run is to give way.
    pub(super) fn is_pressed(&self, run: &RunId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(run)
    }

    /// The word of a run that is to give way; from now on it is whoever takes it that sees to that.
    pub fn take(&self, run: &RunId) -> Option<PersonsWord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(run)
    }
}

impl Shared {
    /// What runners share under these settings.
    pub fn new(settings: &Settings) -> Self {
        let turns = settings.connectors.iter().filter_map(|(name, connector)| {
            let at_once = connector.limits.at_once?;
            Some((name.clone(), Arc::new(Semaphore::new(at_once as usize))))
        });
        Self {
            turns: turns.collect(),
            breaker: settings.limits.breaker,
            quarantine: settings.limits.quarantine,
            lately: Mutex::default(),
            pressed: Pressed::default(),
            clock_is_wrong: AtomicBool::new(false),
        }
    }

    /// From now on, no run goes further than to its next safe point, or again.
    pub fn distrust_clock(&self, is_wrong: bool) {
        self.clock_is_wrong.store(is_wrong, Ordering::SeqCst);
    }

    pub(super) fn is_clock_wrong(&self) -> bool {
        self.clock_is_wrong.load(Ordering::SeqCst)
    }

    /// A turn at a provider, where its calls are counted.
    ///
    /// # Errors
    /// When there is none for a while.
    pub(super) async fn turn(&self, connector: &str) -> Result<Option<OwnedSemaphorePermit>, DriveError> {
        let Some(turns) = self.turns.get(connector) else { return Ok(None) };
        if let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, Arc::clone(turns).acquire_owned()).await {
            return Ok(Some(turn));
        }
        let on = format!("connector {connector}");
        Err(DriveError::Journal(JournalError::Braked { brake: Brake::AtOnce, on, until: None }))
    }
}

/// True for an end that says something of the provider, and nothing of the subject alone.
pub(super) fn is_fault(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Done(_) => false,
        Outcome::Refused(refusal) => {
            !matches!(refusal.class, RefusalClass::PolicyRejected | RefusalClass::NotFound | RefusalClass::Conflict)
        }
        Outcome::Indeterminate(_) => true,
    }
}

impl Runner {
    /// An attempt at that provider has ended: where too many failed, it is left alone for a while.
    pub(super) async fn note_attempt(&self, connector: &str, failed: bool) -> Result<(), DriveError> {
        let now = self.clock.now();
        let scope = BrakeScope::Connector(connector.to_owned());
        let is_known = {
            let lately = self.shared.lately.lock().unwrap_or_else(PoisonError::into_inner);
            lately.contains_key(connector)
        };
        if !is_known {
            // A breaker that an earlier process opened: its next attempt is a trial.
            let stored = self.store.brake(&scope, BrakeKind::CircuitOpen).await.map_err(DriveError::Store)?;
            let open = stored.filter(|stored| stored.lifted.is_none());
            let known = Lately {
                opened: u32::from(open.is_some()),
                until: open.and_then(|open| open.until),
                failures: VecDeque::new(),
            };
            let mut lately = self.shared.lately.lock().unwrap_or_else(PoisonError::into_inner);
            lately.entry(connector.to_owned()).or_insert(known);
        }
        let turn = {
            let mut lately = self.shared.lately.lock().unwrap_or_else(PoisonError::into_inner);
            lately.entry(connector.to_owned()).or_default().ended(failed, &self.shared.breaker, now)
        };
        let (lifted, until, words) = match turn {
            Turn::Stay => return Ok(()),
            Turn::Close => (true, None, "an attempt was answered again".to_owned()),
            Turn::Open { failures, until } => (false, Some(until), format!("{failures} attempts in a row failed")),
        };
        tracing::warn!(connector, lifted, "circuit breaker");
        let braking = Braking { scope, brake: BrakeKind::CircuitOpen, lifted, until, by: None, words: &words };
        self.ledger.append_brake(braking, now).await.map_err(DriveError::Journal).map(drop)
    }

    /// A run has ended: where its subject failed too often in a row, it takes no trigger until a person says so (beh:R11).
    // CRASH: a process that dies between the end and this entry leaves the next failure to say it.
    pub(super) async fn note_end(&self, run: &Run, outcome: RunOutcome) -> Result<(), DriveError> {
        let failed = |outcome| matches!(outcome, RunOutcome::Failed | RunOutcome::Undone | RunOutcome::Handled);
        let terms = &self.shared.quarantine;
        // WHY: what somebody had taken back says nothing of the subject.
        if !failed(outcome) || run.failure.as_ref().is_some_and(|failure| failure.by_person) {
            return Ok(());
        }
        let now = self.clock.now();
        let subject = &run.plan.subject.resource;
        let scope = BrakeScope::Subject(subject.clone());
        let before = self.store.brake(&scope, BrakeKind::Quarantined).await.map_err(DriveError::Store)?;
        if before.as_ref().is_some_and(|before| before.is_on(now)) {
            return Ok(());
        }
        let lifted = before.and_then(|before| before.lifted);
        let last = self.store.runs_of_subject(subject, terms.failures).await.map_err(DriveError::Store)?;
        let counts = last.iter().filter(|run| match run.state {
            RunState::Closed { outcome, at } => {
                failed(outcome)
                    && at.plus_millis(terms.within_ms) >= now
                    && lifted.is_none_or(|lifted| run.started_at > lifted)
            }
            _ => false,
        });
        if counts.count() < terms.failures as usize {
            return Ok(());
        }
        let words = format!("{} runs in a row failed, the last of them {}", terms.failures, run.id);
        let braking =
            Braking { scope, brake: BrakeKind::Quarantined, lifted: false, until: None, by: None, words: &words };
        self.ledger.append_brake(braking, now).await.map_err(DriveError::Journal).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Breaker = Breaker { failures: 3, within_ms: 60_000, open_ms: 10_000 };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn beh_r12_a_provider_that_fails_in_a_row_is_left_alone_and_tried_once_after_it() {
        let mut lately = Lately::default();
        assert_eq!(lately.ended(true, &TERMS, at(0)), Turn::Stay);
        assert_eq!(lately.ended(true, &TERMS, at(1)), Turn::Stay);
        assert_eq!(lately.ended(true, &TERMS, at(2)), Turn::Open { failures: 3, until: at(12) });
        assert_eq!(lately.ended(true, &TERMS, at(3)), Turn::Stay, "it was under way when the breaker opened");
        assert_eq!(lately.ended(true, &TERMS, at(12)), Turn::Open { failures: 1, until: at(32) }, "twice as long");
        assert_eq!(lately.ended(false, &TERMS, at(33)), Turn::Close);
        assert_eq!(lately.ended(false, &TERMS, at(34)), Turn::Stay);
        assert_eq!(lately.ended(true, &TERMS, at(35)), Turn::Stay, "it counts from the beginning again");
    }

    #[test]
    fn failures_far_apart_or_with_a_success_between_them_open_nothing() {
        let mut lately = Lately::default();
        for secs in [0, 50, 100, 150, 200] {
            assert_eq!(lately.ended(true, &TERMS, at(secs)), Turn::Stay);
        }
        assert_eq!(lately.ended(false, &TERMS, at(201)), Turn::Stay);
        assert_eq!(lately.ended(true, &TERMS, at(202)), Turn::Stay);
        assert_eq!(lately.ended(true, &TERMS, at(203)), Turn::Stay);
    }
}
