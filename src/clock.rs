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

/// What is read of a clock within this time is of one instant.
const TOGETHER: Duration = Duration::from_millis(500);

/// How far forward the wall may be set before nobody goes by it, in milliseconds: a day. What falls due in years would begin
/// at once, and be on record as of then.
pub const AHEAD_MS_MAX: i64 = 86_400_000;

/// The wall and the steady time of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall's.
    pub wall: Timestamp,
    /// The steady one.
    pub steady: Instant,
    /// Since the machine started, its sleep included.
    pub since_boot: Duration,
}

impl Moment {
    /// What a clock says: its times belong together, as far as [`TOGETHER`] goes.
    pub fn of(clock: &dyn Clock) -> Self {
        loop {
            let since_boot = clock.since_boot();
            let moment = Self { wall: clock.now(), steady: clock.instant(), since_boot };
            // WHY: a process that was stopped between two of the readings would see a jump of the wall that was none.
            if clock.since_boot().saturating_sub(since_boot) < TOGETHER {
                return moment;
            }
        }
    }

    /// What the wall should say now, going by `earlier` and the time that has really passed since.
    pub fn expected(self, earlier: Self) -> Timestamp {
        let passed = self.since_boot.saturating_sub(earlier.since_boot).as_millis();
        earlier.wall.plus_millis(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// By how much the wall was set since `earlier`, in milliseconds: back where it is negative. A machine that slept moves
    /// nothing.
    pub fn jumped_ms(self, earlier: Self) -> i64 {
        (self.wall.micros().saturating_sub(self.expected(earlier).micros())) / 1000
    }

    /// True when the wall was set back by more than [`BEHIND_MS_MAX`] since `earlier`.
    pub fn is_set_back(self, earlier: Self) -> bool {
        self.jumped_ms(earlier) < -i64::try_from(BEHIND_MS_MAX).unwrap_or(i64::MAX)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The wall's time, in UTC.
    fn now(&self) -> Timestamp;

    /// A steady time: it never goes back, and means nothing outside this process.
    fn instant(&self) -> Instant;

    /// The time since the machine started, in which it slept included: what the wall should have gone on by.
    fn since_boot(&self) -> Duration;

    /// The longest that whoever waits for a time of this clock goes without a look at it, as the machine counts.
    // WHY: beh:X15 a machine that was suspended wakes late, and a clock that was set tells nobody.
    fn look_every(&self) -> Duration {
        Duration::from_secs(1)
    }
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

    // WHY: beh:X15 the steady clock stands still while a Linux machine sleeps, and the wall does not.
    fn since_boot(&self) -> Duration {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = nix::time::ClockId::CLOCK_BOOTTIME;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = nix::time::ClockId::CLOCK_MONOTONIC;
        nix::time::clock_gettime(clock).map(Duration::from).unwrap_or_default()
    }
}

/// A clock that stands still until it is moved: for tests and simulations.
#[derive(Debug)]
pub struct SettableClock {
    times: Mutex<(Timestamp, Instant)>,
    made: Instant,
}

impl SettableClock {
    /// A clock that says `at`.
    pub fn new(at: Timestamp) -> Self {
        let made = Instant::now();
        Self { times: Mutex::new((at, made)), made }
    }

    /// Both times go on by `by`, in whole microseconds.
    pub fn advance(&self, by: Duration) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        *times = (Timestamp::from_micros(times.0.micros().saturating_add(micros)), times.1 + by);
    }

    /// The wall jumps to `at`, forwards or back; the steady time stays.
    pub fn jump(&self, at: Timestamp) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).0 = at;
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn instant(&self) -> Instant {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn since_boot(&self) -> Duration {
        self.instant().saturating_duration_since(self.made)
    }

    /// Whoever moves it waits for nobody.
    fn look_every(&self) -> Duration {
        Duration::from_millis(1)
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

    /// A clock whose reader is stopped for an hour after the first look at the wall.
    struct Stopped(SettableClock, std::sync::atomic::AtomicBool);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            let now = self.0.now();
            if !self.1.swap(true, std::sync::atomic::Ordering::SeqCst) {
                self.0.advance(Duration::from_hours(1));
            }
            now
        }

        fn instant(&self) -> Instant {
            self.0.instant()
        }

        fn since_boot(&self) -> Duration {
            self.0.since_boot()
        }
    }

    #[test]
    fn who_is_stopped_between_two_readings_sees_no_jump() {
        let clock = Stopped(SettableClock::new(Timestamp::from_micros(1_000_000)), false.into());
        let earlier = Moment::of(&clock.0);
        assert_eq!(Moment::of(&clock).jumped_ms(earlier), 0);
        assert_eq!(clock.now().micros(), 3_601_000_000, "it was stopped");
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
