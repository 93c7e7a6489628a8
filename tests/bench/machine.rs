//! The machine: how idle it is, and how often it makes a write durable.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// Jiffies so far: idle ones, and all.
fn jiffies() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let counts: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|one| one.parse().ok()).collect();
    Some((counts.get(3)? + counts.get(4)?, counts.iter().take(8).sum()))
}

/// The idle share of all cores over so long a time in which nothing is measured, in percent.
pub(crate) fn idle(over: Duration) -> f64 {
    let before = jiffies();
    std::thread::sleep(over);
    let (Some(before), Some(after)) = (before, jiffies()) else { return f64::NAN };
    100.0 * as_f64(after.0 - before.0) / as_f64((after.1 - before.1).max(1))
}

/// `write` of 4 KiB and `fdatasync`, on a file that grows, in seconds each.
pub(crate) fn flushes(folder: &Path, count: usize) -> Result<Vec<f64>> {
    let path = folder.join("flush");
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    let block = [0x5a_u8; 4096];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64());
    }
    drop(file);
    std::fs::remove_file(path)?;
    Ok(times)
}

/// The processor time that this process has used so far, in seconds: what a busy machine changes least.
pub(crate) fn cpu() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(as_f64(u64::try_from(micros)?) / 1e6)
}

/// The middle one; of an even number the lower of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// A count as a number to calculate with.
#[allow(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}
