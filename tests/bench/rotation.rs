//! Workload R: one rotation for each subject, so many in flight.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Result;
use countersign_warrant::{Kind, RunId};
use tokio::task::JoinSet;

use crate::house::House;
use crate::machine::{as_f64, cpu, median};

/// One measurement.
pub(crate) struct Rotated {
    /// Whole rotations a second.
    pub(crate) per_sec: f64,
    /// From request to end, the middle one, in seconds.
    pub(crate) each: f64,
    /// Processor time of one, in seconds.
    pub(crate) cpu: f64,
    /// One of the runs.
    pub(crate) sample: RunId,
}

/// What one rotation writes.
pub(crate) struct Written {
    pub(crate) entries: f64,
    pub(crate) decisions: f64,
    pub(crate) commits: f64,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { entries, decisions, commits } = self;
        write!(f, "{entries} entries, of which {decisions} decisions, in {commits} commits")
    }
}

/// Runs a workflow once for each account, `in_flight` at a time.
pub(crate) async fn all(
    house: &Arc<House>,
    workflow: &'static str,
    accounts: &Arc<[String]>,
    in_flight: usize,
) -> Result<Rotated> {
    let next = Arc::new(AtomicUsize::new(0));
    let (start, used) = (Instant::now(), cpu()?);
    let mut drivers = JoinSet::new();
    for _ in 0..in_flight {
        let (house, accounts, next) = (Arc::clone(house), Arc::clone(accounts), Arc::clone(&next));
        drivers.spawn(async move {
            let mut done = Vec::new();
            while let Some(account) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let start = Instant::now();
                let run = house.run(workflow, account).await?;
                done.push((start.elapsed().as_secs_f64(), run));
            }
            anyhow::Ok(done)
        });
    }
    let mut done = Vec::with_capacity(accounts.len());
    while let Some(driver) = drivers.join_next().await {
        done.extend(driver??);
    }
    let (elapsed, used) = (start.elapsed().as_secs_f64(), cpu()? - used);
    let count = as_f64(accounts.len() as u64);
    let times: Vec<f64> = done.iter().map(|(time, _)| *time).collect();
    let Some((_, sample)) = done.pop() else { anyhow::bail!("no account was given") };
    Ok(Rotated { per_sec: count / elapsed, each: median(&times), cpu: used / count, sample })
}

/// Counts what a run wrote. The entries of a commit share their stamp.
pub(crate) async fn written(house: &House, run: &RunId) -> Result<Written> {
    let entries = house.installation.store.entries_of_run(run).await?;
    let stamps: BTreeSet<_> = entries.iter().map(|entry| entry.at).collect();
    let decisions = entries.iter().filter(|entry| entry.kind == Kind::Decision).count();
    let count = |count: usize| as_f64(count as u64);
    Ok(Written { entries: count(entries.len()), decisions: count(decisions), commits: count(stamps.len()) })
}
