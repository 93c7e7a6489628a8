//! When a schedule fires, and when changes may begin: cron text and windows to instants in a zone.
//!
//! Five fields, or six with the seconds first. Weekdays are POSIX (0 and 7 are Sunday). Where day of month and weekday
//! are both restricted, either is enough. When clocks go forward, a fixed hour that does not exist runs at the first
//! instant after the gap; when they go back, fixed hours run on the first pass, `*` and stepped hours on both.
//!
//! It must never ask what time it is, or read a zone from the machine: zones are those of the IANA database inside.
//!
//! Read first: [`Schedule`], [`Cron`], [`Windows`].

mod cron;
mod next;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod window;

use countersign_warrant::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use sha2::{Digest as _, Sha256};

pub use cron::{Cron, CronError};
pub use window::{Freeze, Window, WindowError, Windows};

/// How many instants the proofs look at.
const LOOKED_AT: usize = 1000;

/// The proofs look at the instants after this one: 2026-01-01T00:00:00Z. Any would do; it must not be today's.
const LOOKED_FROM_MICROS: i64 = 1_767_225_600_000_000;

/// And no further than thirty years, as soon as there are two of them.
const LOOKED_AT_MS: u64 = 30 * 365 * 86_400_000;

/// A cron text in a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The civil times.
    pub cron: Cron,
    /// The IANA name of the zone, as the database spells it.
    pub zone_name: String,
    zone: TimeZone,
    /// Runs are spread over so many milliseconds after each instant.
    pub jitter_ms: u64,
    /// What becomes of instants that passed while nobody looked.
    pub catch_up: CatchUp,
}

/// What becomes of the instants that passed while nobody looked (beh:R15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// One run stands for all of them.
    Once,
    /// None of them runs.
    Skip,
    /// Each of them runs, one after the other.
    All,
}

impl CatchUp {
    /// All of them with their words.
    pub const WORDS: [(&'static str, Self); 3] = [("once", Self::Once), ("skip", Self::Skip), ("all", Self::All)];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
            Self::All => "all",
        }
    }
}

/// The zone of an IANA name such as `Europe/Berlin`, with the name as the database spells it; `None` for any other.
pub fn zone(name: &str) -> Option<(String, TimeZone)> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    let spelled = zone.iana_name()?.to_owned();
    Some((spelled, zone))
}

/// The names of all zones.
pub fn zone_names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
}

/// An instant as a clock of the zone shows it, with its offset.
fn civil(instant: Timestamp, zone: &TimeZone) -> String {
    let shown = jiff::Timestamp::from_microsecond(instant.micros()).map(|instant| instant.to_zoned(zone.clone()));
    shown.map_or_else(|_| instant.to_string(), |zoned| zoned.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string())
}

impl Schedule {
    /// A schedule of these civil times in a zone of [`zone`], without jitter.
    pub fn new(cron: Cron, (zone_name, zone): (String, TimeZone)) -> Self {
        Self { cron, zone_name, zone, jitter_ms: 0, catch_up: CatchUp::Once }
    }

    /// An instant as a clock of the zone shows it, with its offset: `Thu 2026-12-03 09:00:00 +01:00`.
    pub fn civil(&self, instant: Timestamp) -> String {
        civil(instant, &self.zone)
    }

    /// The first instant of the schedule after this one, jitter aside; `None` where the calendar ends.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let asked = jiff::Timestamp::from_microsecond(instant.micros()).ok()?;
        let next = next::next_after(&self.cron, &self.zone, asked)?;
        Some(Timestamp::from_micros(next.as_microsecond()))
    }

    /// When the run of an instant is due: after a part of the jitter that is the same each time one asks (beh:T2).
    ///
    /// `subject` is the name of the resource, so that a thousand subjects of one schedule do not start at once.
    pub fn due(&self, subject: &str, instant: Timestamp) -> Timestamp {
        instant.plus_millis(self.part(subject, instant, self.jitter_ms))
    }

    /// A part of `spread_ms` that is the same each time one asks for that subject and instant; in milliseconds.
    pub fn part(&self, subject: &str, instant: Timestamp, spread_ms: u64) -> u64 {
        if spread_ms == 0 {
            return 0;
        }
        let hash = Sha256::new().chain_update(subject).chain_update([0]).chain_update(instant.to_string()).finalize();
        let number = hash.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        number % spread_ms
    }

    /// The shortest and the longest time between two neighbouring instants, in milliseconds, as far as the proofs look.
    ///
    /// A schedule that fires in few years only is looked at until it has fired twice.
    pub fn gaps_ms(&self) -> Option<(u64, u64)> {
        let start = Timestamp::from_micros(LOOKED_FROM_MICROS);
        let mut earlier = self.next_after(start)?;
        let mut found: Option<(u64, u64)> = None;
        for _ in 0..LOOKED_AT {
            let Some(next) = self.next_after(earlier) else { break };
            let gap = u64::try_from((next.micros() - earlier.micros()) / 1000).unwrap_or_default();
            found = Some(found.map_or((gap, gap), |(least, most)| (least.min(gap), most.max(gap))));
            if next > start.plus_millis(LOOKED_AT_MS) {
                break;
            }
            earlier = next;
        }
        found
    }
}
