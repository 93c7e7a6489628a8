//! Sleeping until the wall clock says a time.

use std::sync::Arc;
use std::time::Duration;

use countersign_warrant::Timestamp;

use super::pulse::Pulse;
use crate::clock::{Clock, Moment};

/// The longest sleep without a look at the wall clock.
// WHY: beh:X15 a machine that was suspended wakes late, and a clock that was set tells nobody.
const LONGEST: Duration = Duration::from_secs(1);

/// Sleeps, and notices a clock that was set back.
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

    pub(super) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Sleeps until the wall says `until`, for ever without it; answers with the latest time that the wall has said when it was
    /// set back meanwhile.
    pub(super) async fn until(&mut self, until: Option<Timestamp>) -> Option<Timestamp> {
        loop {
            let now = Moment::of(&*self.clock);
            if now.is_set_back(self.latest) {
                let latest = self.latest.wall;
                self.latest = now;
                return Some(latest);
            }
            self.latest = now;
            self.pulse.goes_round(now);
            let nap = match until {
                None => LONGEST,
                Some(until) => match u64::try_from(until.micros() - now.wall.micros()) {
                    Ok(left @ 1..) => Duration::from_micros(left).min(LONGEST),
                    _ => return None,
                },
            };
            tokio::time::sleep(nap).await;
        }
    }
}
