//! A journal in memory, with a clock that can be set: the only one outside the ledger.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_contract::clock;
use countersign_warrant::{Entry, EntryId, Fence, Journal, JournalError, RunId, Stamped, Timestamp};

/// Durable as long as the process; refuses what a ledger must refuse: a stale fence, another entry under a known id.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    kept: Mutex<Kept>,
    shift_ms: AtomicI64,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Stamped>,
    epochs: BTreeMap<RunId, u64>,
}

impl MemoryJournal {
    /// From now on the journal's clock is this many milliseconds ahead of the true one, or behind it.
    pub fn shift_clock(&self, shift_ms: i64) {
        self.shift_ms.store(shift_ms, Ordering::SeqCst);
    }

    /// The journal's time.
    pub fn now(&self) -> Timestamp {
        let shift = self.shift_ms.load(Ordering::SeqCst).saturating_mul(1000);
        Timestamp::from_micros(clock::now().micros().saturating_add(shift))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, kept: &mut Kept, entries: &[Entry]) -> Result<Vec<Stamped>, JournalError> {
        let known = |kept: &Kept, id: &EntryId| kept.entries.iter().find(|entry| entry.id == *id).cloned();
        let differs =
            |entry: &Entry, known: &Stamped| known.kind != entry.kind() || known.predicate != *entry.predicate();
        for entry in entries {
            if known(kept, entry.id()).is_some_and(|known| differs(entry, &known)) {
                return Err(JournalError::Taken { entry: entry.id().clone() });
            }
        }
        let at = self.now();
        let mut stamped = Vec::new();
        for entry in entries {
            let new = || Stamped {
                id: entry.id().clone(),
                kind: entry.kind(),
                at,
                predicate: entry.predicate().clone(),
                index: None,
            };
            let entry = known(kept, entry.id()).unwrap_or_else(|| {
                let entry = new();
                kept.entries.push(entry.clone());
                entry
            });
            stamped.push(entry);
        }
        Ok(stamped)
    }
}

impl Journal for MemoryJournal {
    async fn commit(&self, fence: Fence, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        let mut kept = self.kept();
        let newest = kept.epochs.entry(fence.run.clone()).or_insert(fence.epoch);
        if *newest > fence.epoch {
            return Err(JournalError::Stale { run: fence.run, epoch: fence.epoch });
        }
        *newest = fence.epoch;
        self.write(&mut kept, &entries)
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Stamped>, JournalError> {
        self.write(&mut self.kept(), &entries)
    }

    async fn load(&self, run: RunId) -> Result<Vec<Stamped>, JournalError> {
        Ok(self.kept().entries.iter().filter(|entry| entry.id.run().as_ref() == Some(&run)).cloned().collect())
    }
}
