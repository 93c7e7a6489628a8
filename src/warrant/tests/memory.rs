//! A journal in memory that fails on demand: before the write, after it, or without anyone knowing.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use crate::{Entry, EntryId, Fence, Journal, JournalError, Kind, ResourceName, RunId, Stamped, Timestamp};

/// What becomes of the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is done, and said so.
    None,
    /// It is not done, and said so.
    Refused,
    /// It is not done; its fate is said to be unknown.
    Lost,
    /// It is done; its fate is said to be unknown.
    Silent,
    /// It is done; the answer holds no entries.
    Empty,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Stamped>,
    open: BTreeMap<EntryId, ResourceName>,
    faults: VecDeque<Fault>,
    unreadable: bool,
    epoch: u64,
    commits: usize,
    turn: usize,
}

/// Holds what a ledger holds: repetitions, fences, one open intent per resource, nothing after the close.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<State>);

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next commits go so.
    pub(super) fn fail_next(&self, faults: &[Fault]) {
        self.state().faults.extend(faults);
    }

    /// Whatever was to fail and was not asked for does not fail any more.
    pub(super) fn forget_faults(&self) {
        self.state().faults.clear();
    }

    /// From now on nothing can be read, or everything again.
    pub(super) fn set_unreadable(&self, unreadable: bool) {
        self.state().unreadable = unreadable;
    }

    /// Older fences are refused from now on.
    pub(super) fn lease(&self, epoch: u64) {
        self.state().epoch = epoch;
    }

    /// From now on entries are read in another order: the last half first, backwards.
    pub(super) fn set_turn(&self, turn: usize) {
        self.state().turn = turn;
    }

    /// How many commits were written.
    pub(super) fn commits(&self) -> usize {
        self.state().commits
    }

    /// Every entry of that kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<Stamped> {
        self.state().entries.iter().filter(|entry| entry.kind == kind).cloned().collect()
    }
}

impl State {
    fn write(&mut self, fence: &Fence, entries: &[Entry]) -> Result<Vec<Stamped>, JournalError> {
        if fence.epoch < self.epoch {
            return Err(JournalError::Stale { run: fence.run.clone(), epoch: fence.epoch });
        }
        let known: Vec<_> =
            entries.iter().filter_map(|new| self.entries.iter().find(|old| old.id == *new.id())).collect();
        if let Some(first) = known.first() {
            let same = known.len() == entries.len()
                && known
                    .iter()
                    .zip(entries)
                    .all(|(old, new)| old.kind == new.kind() && old.predicate == *new.predicate());
            let stamped = known.iter().map(|&old| old.clone()).collect();
            return if same { Ok(stamped) } else { Err(JournalError::Taken { entry: first.id.clone() }) };
        }
        for entry in entries {
            self.admit(fence, entry)?;
        }
        let at = Timestamp::from_micros(1_000_000 * i64::try_from(self.commits + 1).unwrap());
        let stamped: Vec<_> = entries.iter().map(|entry| stamp(entry, at)).collect();
        self.entries.extend(stamped.iter().cloned());
        self.commits += 1;
        Ok(stamped)
    }

    fn admit(&mut self, fence: &Fence, entry: &Entry) -> Result<(), JournalError> {
        let says = entry.predicate();
        match entry.kind() {
            Kind::Intent => {
                let resource: ResourceName = says["intent"]["call"]["resource"].as_str().unwrap().parse().unwrap();
                if self.open.values().any(|held| *held == resource) {
                    return Err(JournalError::Held { resource, holder: fence.run.clone() });
                }
                self.open.insert(entry.id().clone(), resource);
            }
            Kind::Receipt | Kind::Finding => {
                let intent: EntryId = says["intent"].as_str().unwrap().parse().unwrap();
                if !self.open.contains_key(&intent) {
                    let reason = "its intent is closed".to_owned();
                    return Err(JournalError::Unfit { entry: entry.id().clone(), reason });
                }
                if says["outcome"] != "indeterminate" {
                    self.open.remove(&intent);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn stamp(entry: &Entry, at: Timestamp) -> Stamped {
    Stamped { id: entry.id().clone(), kind: entry.kind(), at, predicate: entry.predicate().clone(), index: None }
}

impl Journal for Memory {
    async fn commit(&self, fence: Fence, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        let mut state = self.state();
        let fault = state.faults.pop_front().unwrap_or(Fault::None);
        let unknown = || JournalError::Unknown { reason: "the line was cut".to_owned() };
        match fault {
            Fault::Refused => Err(JournalError::Unavailable { reason: "the disk is full".to_owned() }),
            Fault::Lost => Err(unknown()),
            Fault::Silent => state.write(&fence, &entries).and(Err(unknown())),
            Fault::Empty => state.write(&fence, &entries).map(|_| Vec::new()),
            Fault::None => state.write(&fence, &entries),
        }
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        let reason = format!("{} entries of no run have no place here", entries.len());
        Err(JournalError::Unavailable { reason })
    }

    async fn load(&self, run: RunId) -> Result<Vec<Stamped>, JournalError> {
        let state = self.state();
        if state.unreadable {
            return Err(JournalError::Unavailable { reason: "the file is locked".to_owned() });
        }
        let mut entries: Vec<_> =
            state.entries.iter().filter(|entry| entry.id.run().as_ref() == Some(&run)).cloned().collect();
        if state.turn > 0 && !entries.is_empty() {
            let by = state.turn % entries.len();
            entries.rotate_left(by);
            entries.reverse();
        }
        Ok(entries)
    }
}

/// The answer of a future that waits for nothing.
pub(super) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the journal in memory never waits"),
    }
}
