//! `countersign status`: what there is, and what goes on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use countersign_kernel::run::bodies::Stage;
use countersign_warrant::{ResourceName, RunId};
use serde_json::json;

use super::Stop;
use super::arguments::Status;
use super::report::RunReport;
use super::screen::Screen;
use super::stop::{BAD_INPUT, DONE};
use super::tell::{seconds, text};
use crate::Reading;
use crate::folder::Folder;
use crate::store::{Store, StoredRun, StoredVersion};

/// How many runs are listed.
const RUNS_MAX: u32 = 20;

/// Shows everything, one run, or one subject.
pub(super) async fn status(data: Option<PathBuf>, asked: &Status, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    let reading = Reading::open(&path).await?;
    let store = &reading.store;
    let Some(of) = &asked.of else { return everything(store, screen).await };
    if let Ok(subject) = of.parse::<ResourceName>() {
        return one_subject(store, &subject, screen).await;
    }
    match of.parse::<RunId>() {
        Ok(run) => one_run(store, &run, screen).await,
        Err(_) => Err(nothing(of)),
    }
}

fn nothing(of: &str) -> Stop {
    let help = "`countersign status` lists runs and subjects";
    Stop::new(BAD_INPUT, "status.not_found", format!("there is no run and no subject `{of}`"), help)
}

async fn everything(store: &Store, screen: &Screen) -> Result<u8, Stop> {
    let runs = store.runs(RUNS_MAX).await?;
    let counts = store.counts().await?;
    let subjects: BTreeSet<ResourceName> = store.subjects().await?.into_iter().collect();
    let mut versions = Vec::new();
    for subject in &subjects {
        versions.extend(live(store.versions(subject).await?));
    }
    screen.document(&json!({
        "entries": counts.entries,
        "open_runs": counts.open_runs,
        "stuck_runs": counts.stuck_runs,
        "open_intents": counts.open_intents,
        "versions": versions.iter().map(version_row).collect::<Vec<_>>(),
        "runs": runs.iter().map(run_row).collect::<Vec<_>>(),
    }));
    tell_versions(&versions, screen);
    screen.say("");
    screen.say("runs, newest first");
    for run in &runs {
        tell_run(run, screen);
    }
    screen.say("");
    let text = format!(
        "{} entries in the ledger; {} runs open, {} stuck; {} intents without an answer",
        counts.entries, counts.open_runs, counts.stuck_runs, counts.open_intents
    );
    screen.say_wrapped("", &text);
    Ok(DONE)
}

fn live(versions: Vec<StoredVersion>) -> impl Iterator<Item = StoredVersion> {
    versions.into_iter().filter(|version| version.stage != Stage::Retired)
}

async fn one_subject(store: &Store, subject: &ResourceName, screen: &Screen) -> Result<u8, Stop> {
    let versions = store.versions(subject).await?;
    let holder = store.holder(subject).await?;
    let runs: Vec<StoredRun> = store.runs(u32::MAX).await?.into_iter().filter(|run| run.subject == *subject).collect();
    if versions.is_empty() && runs.is_empty() {
        return Err(nothing(subject.as_str()));
    }
    screen.document(&json!({
        "subject": subject,
        "held_by": holder,
        "versions": versions.iter().map(version_row).collect::<Vec<_>>(),
        "runs": runs.iter().map(run_row).collect::<Vec<_>>(),
    }));
    tell_versions(&versions, screen);
    screen.say("");
    for run in runs.iter().take(RUNS_MAX as usize) {
        tell_run(run, screen);
    }
    if let Some(run) = holder {
        screen.say(format!("held by run {run}"));
    }
    screen.say(format!("the whole story: countersign evidence show {subject}"));
    Ok(DONE)
}

async fn one_run(store: &Store, id: &RunId, screen: &Screen) -> Result<u8, Stop> {
    let Some(run) = store.run(id).await? else { return Err(nothing(id.as_str())) };
    let entries = store.entries_of_run(id).await?;
    let report = RunReport::of(id.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?;
    screen.document(&json!({"runs": [report]}));
    tell_run(&run, screen);
    for entry in &entries {
        if let Some(text) = text(entry) {
            let first = format!("  {}  {:<9}", seconds(&entry.at.to_string()), entry.kind.as_str());
            screen.say_wrapped(&first, &text);
        }
    }
    Ok(DONE)
}

fn tell_versions(versions: &[StoredVersion], screen: &Screen) {
    screen.say("secret versions");
    for version in versions {
        let end = version.expires_at.map(|at| format!(", expires {}", seconds(&at.to_string())));
        let text = format!("{}{}", version.stage.as_str(), end.unwrap_or_default());
        screen.say_wrapped(&format!("  {:<34} ", version.id.to_string()), &text);
    }
}

fn tell_run(run: &StoredRun, screen: &Screen) {
    let first = format!("  {:<25} {:<8} ", run.id.as_str(), run.state.as_str());
    screen.say_wrapped(&first, &format!("{} on {}", run.workflow, run.subject));
}

fn version_row(version: &StoredVersion) -> serde_json::Value {
    json!({"version": version.id, "stage": version.stage, "expires_at": version.expires_at, "sealed_at": version.sealed_at})
}

fn run_row(run: &StoredRun) -> serde_json::Value {
    json!({
        "run": run.id,
        "workflow": run.workflow,
        "subject": run.subject,
        "state": run.state.as_str(),
        "started_at": run.started_at,
    })
}
