//! Sleeping until the wall clock says a time.

use std::sync::Arc;
use std::time::Duration;

use countersign_warrant::Timestamp;

use super::pulse::Pulse;
use crate::clock::{BEHIND_MS_MAX, Clock, Moment};

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

    /// Looks at the wall clock: the jump, when it was set since the last look.
    pub(super) fn look(&mut self) -> Option<Jump> {
        let now = Moment::of(&*self.clock);
        let before = std::mem::replace(&mut self.latest, now);
        let ms = now.jumped_ms(before);
        (ms.unsigned_abs() > BEHIND_MS_MAX).then_some(Jump { before, ms })
    }

    /// Sleeps until the wall says `until`, for ever without it; answers with the jump when it was set meanwhile.
    pub(super) async fn until(&mut self, until: Option<Timestamp>) -> Option<Jump> {
        loop {
            if let Some(jump) = self.look() {
                return Some(jump);
            }
            let now = self.latest;
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
