//! Sleeping until the wall clock says a time.

use std::sync::Arc;
use std::time::Duration;

use countersign_warrant::Timestamp;

use super::pulse::Pulse;
use crate::clock::{BEHIND_MS_MAX, Clock, Moment};

/// How far forward the wall may be set before nobody goes by it, in milliseconds: a day. What falls due in years would begin
/// at once, and be on record as of then.
pub(super) const AHEAD_MS_MAX: i64 = 86_400_000;

/// The wall clock was set while nobody looked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jump {
    /// When it was right last.
    pub(super) before: Moment,
    /// By how much, in milliseconds; back where it is negative.
    pub(super) ms: i64,
}

/// Sleeps, and notices a clock that was set.
pub(super) struct Nap {
    clock: Arc<dyn Clock>,
    latest: Moment,
    pulse: Pulse,
}

impl Nap {
    pub(super) fn new(clock: Arc<dyn Clock>, pulse: Pulse) -> Self {
        let latest = Moment::of(&*clock);
        Self { clock, latest, pulse }
    }

    /// The clock is right again: it is gone by from now on.
    pub(super) fn trust(&mut self) {
        self.latest = Moment::of(&*self.clock);
    }

    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Sleeps until the wall says `until`, for ever without it; answers with the jump when it was set meanwhile.
    pub(super) async fn until(&mut self, until: Option<Timestamp>) -> Option<Jump> {
        loop {
            let now = Moment::of(&*self.clock);
            let (before, ms) = (self.latest, now.jumped_ms(self.latest));
            if ms.unsigned_abs() > BEHIND_MS_MAX {
                self.latest = now;
                return Some(Jump { before, ms });
            }
            self.latest = now;
            self.pulse.goes_round(now);
            let longest = self.clock.look_every();
            let nap = match until {
                None => longest,
                Some(until) => match u64::try_from(until.micros() - now.wall.micros()) {
                    Ok(left @ 1..) => Duration::from_micros(left).min(longest),
                    _ => return None,
                },
            };
            tokio::time::sleep(nap).await;
        }
    }
}
