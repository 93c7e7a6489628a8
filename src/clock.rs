//! Clocks: the wall's time for entries and waits, and a steady time for measuring.
//!
//! Nothing else in this package asks the system for the time. What the wall says may jump in either direction: it is
//! written down, and never subtracted to learn how long something took.
//!
//! Read first: [`Clock`], [`SystemClock`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_warrant::Timestamp;

/// How far the wall may fall behind, in milliseconds, before nothing is trusted to it: what a correction over the
/// network may take back.
pub const BEHIND_MS_MAX: u64 = 2000;

/// The wall and the steady time of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall's.
    pub wall: Timestamp,
    /// The steady one.
    pub steady: Instant,
}

impl Moment {
    /// What a clock says.
    pub fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: clock.instant() }
    }

    /// True when the wall was set back by more than [`BEHIND_MS_MAX`] since `earlier`.
    pub fn is_set_back(self, earlier: Self) -> bool {
        let passed = self.steady.saturating_duration_since(earlier.steady).as_millis();
        let due = earlier.wall.plus_millis(u64::try_from(passed).unwrap_or(u64::MAX));
        self.wall.plus_millis(BEHIND_MS_MAX) < due
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The wall's time, in UTC.
    fn now(&self) -> Timestamp;

    /// A steady time: it never goes back, and means nothing outside this process.
    fn instant(&self) -> Instant;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, i64::wrapping_neg),
        };
        Timestamp::from_micros(micros)
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until it is moved: for tests and simulations.
#[derive(Debug)]
pub struct SettableClock(Mutex<(Timestamp, Instant)>);

impl SettableClock {
    /// A clock that says `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(Mutex::new((at, Instant::now())))
    }

    /// Both times go on by `by`, in whole microseconds.
    pub fn advance(&self, by: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        *times = (Timestamp::from_micros(times.0.micros().saturating_add(micros)), times.1 + by);
    }

    /// The wall jumps to `at`, forwards or back; the steady time stays.
    pub fn jump(&self, at: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = at;
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn instant(&self) -> Instant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_past_the_day_that_this_was_written() {
        assert!(SystemClock.now().to_string().as_str() > "2026-11-01");
        assert!(SystemClock.instant() <= SystemClock.instant());
    }

    #[test]
    fn a_jump_of_the_wall_leaves_the_steady_time() {
        let clock = SettableClock::new(Timestamp::from_micros(1_000_000));
        let (before, steady) = (clock.now(), clock.instant());
        clock.advance(Duration::from_millis(50));
        assert_eq!(clock.now(), before.plus_millis(50));
        assert_eq!(clock.instant() - steady, Duration::from_millis(50));
        let earlier = Moment::of(&clock);
        clock.advance(Duration::from_secs(9));
        assert!(!Moment::of(&clock).is_set_back(earlier), "time goes on");
        clock.jump(earlier.wall.plus_millis(8000));
        assert!(!Moment::of(&clock).is_set_back(earlier), "a correction");
        clock.jump(earlier.wall.plus_millis(6000));
        assert!(Moment::of(&clock).is_set_back(earlier));
        let steady = steady + Duration::from_secs(9);
        clock.jump(Timestamp::from_micros(5));
        assert_eq!(clock.now().micros(), 5);
        assert_eq!(clock.instant() - steady, Duration::from_millis(50));
    }
}
