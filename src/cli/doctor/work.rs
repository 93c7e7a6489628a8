//! What goes on: the socket, the rows of what falls due, and runs that are open.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::FileTypeExt as _;

use super::Report;
use super::room::ago;
use crate::Reading;
use crate::api::path_of;
use crate::cli::Stop;
use crate::cli::screen::counted;
use crate::cli::standing::Braked;
use crate::clock::{Clock as _, SystemClock};
use crate::folder::{Folder, Held};
use crate::scheduler::{Active, LATE_MS, rows};
use crate::store::{DueKind, RunState};

/// Whether a process answers on the folder's socket.
pub(super) async fn socket(folder: &Folder, held: Option<&Held>, report: &mut Report) -> bool {
    let path = path_of(folder);
    let Ok(about) = std::fs::symlink_metadata(&path) else {
        report.ok("socket", "nobody serves this folder: commands work in it by themselves");
        return false;
    };
    if !about.file_type().is_socket() {
        report.fault("socket", format!("`{}` is no socket", path.display()), "take it away: no process can serve");
        return false;
    }
    if tokio::net::UnixStream::connect(&path).await.is_ok() {
        report.ok("socket", "a process serves this folder, and answers");
        return true;
    }
    match held {
        Some(Held::By(_)) => {
            let next = "let the process that holds the lock end, or stop it";
            report.warn("socket", "a process holds the folder, and nobody answers on the socket", next);
        }
        _ => {
            report
                .ok("socket", "a socket is left over; nobody listens, and the next process that serves takes it away");
        }
    }
    false
}

/// Whether each trigger that the clock starts has its row, and is in time.
pub(super) async fn schedule(reading: &Reading, active: &Active, served: bool, report: &mut Report) {
    if let Err(stop) = due(reading, active, served, report).await {
        report.stop("schedule", &stop);
    }
}

async fn due(reading: &Reading, active: &Active, served: bool, report: &mut Report) -> Result<(), Stop> {
    let now = SystemClock.now();
    let mut wanted: BTreeSet<(String, DueKind)> = BTreeSet::new();
    for workflow in active.set.workflows.values() {
        let persons = reading.persons(workflow, &BTreeMap::new())?;
        wanted.extend(rows(workflow, &persons, now)?.into_iter().map(|row| (row.workflow, row.kind)));
    }
    let there = reading.store.due_rows().await?;
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(name, kind)| !there.iter().any(|row| row.workflow == *name && row.kind == *kind))
        .map(|(name, kind)| format!("{name} ({})", kind.as_str()))
        .collect();
    let triggers = counted(wanted.len() as u64, "trigger", "triggers");
    match missing.as_slice() {
        [] => report.ok("schedule", format!("{triggers} by the clock, each with its row")),
        some if served => {
            let message = format!("no row for {}: nothing begins them", some.join(", "));
            report.fault("schedule", message, "activate the files again, or let the process that serves begin anew");
        }
        some => {
            let message =
                format!("{triggers} by the clock; {} not arranged yet", counted(some.len() as u64, "is", "are"));
            report.ok("schedule", format!("{message}: `countersign serve` does it"));
        }
    }
    // WHY: a renewal that is to be looked at at once has an instant long ago, and is not late.
    let real = |row: &&crate::store::DueRow| row.at.is_some_and(|at| at.micros() > 0);
    for row in there.iter().filter(real) {
        let Some(at) = row.at else { continue };
        let of = format!("{} ({})", row.workflow, row.kind.as_str());
        let plan = format!("`countersign why {}` says what holds it", row.subject);
        if row.tried > 0 {
            let times = counted(row.tried, "time", "times");
            report.warn("schedule", format!("{of} could not be begun {times}"), plan);
        } else if at.plus_millis(LATE_MS) < now {
            let message = format!("{of} is overdue by {}", ago(now, at));
            let next = if served { plan } else { "`countersign serve` begins it".to_owned() };
            report.warn("schedule", message, next);
        }
    }
    Ok(())
}

/// Runs that need a person, and those that nobody drives.
pub(super) async fn runs(reading: &Reading, served: bool, report: &mut Report) {
    if let Err(stop) = open(reading, served, report).await {
        report.stop("runs", &stop);
    }
}

async fn open(reading: &Reading, served: bool, report: &mut Report) -> Result<(), Stop> {
    let now = SystemClock.now();
    for one in Braked::load(&reading.store, now).await? {
        report.warn("runs", one.in_words(now), format!("{} lifts it", one.lift()));
    }
    let open = reading.store.open_runs().await?;
    if open.is_empty() {
        report.ok("runs", "none is open");
    }
    for run in &open {
        let of = format!("{} of {} on {}", run.id, run.workflow, run.subject);
        let driven = served || run.lease.as_ref().is_some_and(|lease| lease.until > now);
        match run.state {
            RunState::Stuck => {
                let next = format!("`countersign why {}` says what it takes", run.id);
                report.warn("runs", format!("{of} needs a person; it began {} ago", ago(now, run.started_at)), next);
            }
            RunState::Waiting { until } if until > now => report.ok("runs", format!("{of} waits")),
            _ if driven => report.ok("runs", format!("{of} is under way")),
            _ => {
                let next = format!("`countersign serve`, or `countersign run {}`, carries it on", run.workflow);
                report.warn("runs", format!("{of} is open, and nobody drives it"), next);
            }
        }
    }
    Ok(())
}
