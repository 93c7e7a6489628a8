//! The stamps of entries: the clock's time, never earlier than the stamp before, in the order of the ledger.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_warrant::Timestamp;

/// Gives stamps.
pub(super) struct Stamps {
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    last: Mutex<Timestamp>,
}

impl std::fmt::Debug for Stamps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stamps").field("last", &self.last).finish_non_exhaustive()
    }
}

impl Stamps {
    /// Goes on after `last`.
    pub(super) fn new(clock: Arc<dyn Fn() -> Timestamp + Send + Sync>, last: Timestamp) -> Self {
        Self { clock, last: Mutex::new(last) }
    }

    /// Gives a stamp and takes the place in the queue in one go.
    // WHY: the stamp is part of the leaf, so it is given before the commit; taken together with the place, the stamps
    // stand in the ledger in their order, although each commit is encoded by its own task.
    pub(super) fn stamp(&self, take_place: impl FnOnce()) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (*last).max((self.clock)());
        take_place();
        *last
    }
}
