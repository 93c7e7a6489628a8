//! `countersign status`: what there is, and what goes on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use countersign_kernel::evidence::story::reason_of;
use countersign_kernel::run::bodies::{PersonAnswer, Stage, Wait, WaitBody};
use countersign_warrant::{DecodeEntryError, EntryId, Kind, ResourceName, RunId, Stamped, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::Stop;
use super::arguments::Status;
use super::names::Names;
use super::reasons::Reasons;
use super::report::RunReport;
use super::screen::{Screen, counted};
use super::stop::{BAD_INPUT, DONE};
use super::tell::{seconds, text};
use crate::Reading;
use crate::clock::{Clock as _, SystemClock};
use crate::folder::Folder;
use crate::store::{DueRow, RunState, Store, StoredRun, StoredVersion};

/// How many runs are listed.
const RUNS_MAX: u32 = 20;

/// How many triggers are listed.
const DUE_MAX: u64 = 5;

/// A run, with what a person has to know where it needs one.
struct Told {
    run: StoredRun,
    stuck: Option<Stuck>,
}

/// Why a run needs a person, and what to do next.
#[derive(Serialize)]
struct Stuck {
    code: String,
    message: String,
}

/// What a person answered a run that needed one.
#[derive(Serialize)]
struct Answered {
    entry: EntryId,
    at: Timestamp,
    answer: PersonAnswer,
    /// An opaque id.
    by: String,
    /// Their words; `null` where they were erased.
    reason: Option<String>,
}

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
    let runs = told(store, store.runs(RUNS_MAX).await?).await?;
    let counts = store.counts().await?;
    let due: Vec<DueRow> = store.due_after(SystemClock.now(), DUE_MAX).await?;
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
        "due": due.iter().map(due_row).collect::<Vec<_>>(),
    }));
    tell_versions(&versions, screen);
    if !due.is_empty() {
        screen.say("");
        screen.say("due next, while `countersign serve` runs");
    }
    for row in &due {
        let at = row.at.map(|at| seconds(&at.to_string())).unwrap_or_default();
        screen.say_wrapped(
            &format!("  {at:<29} {:<8} ", row.kind.as_str()),
            &format!("{} on {}", row.workflow, row.subject),
        );
    }
    screen.say("");
    screen.say("runs, newest first");
    for run in &runs {
        tell_run(run, screen);
    }
    screen.say("");
    let text = format!(
        "{} in the ledger; {} open, {} stuck; {} without an answer",
        counted(counts.entries, "entry", "entries"),
        counted(counts.open_runs, "run", "runs"),
        counts.stuck_runs,
        counted(counts.open_intents, "intent", "intents")
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
    let runs = told(store, store.runs_of_subject(subject, RUNS_MAX).await?).await?;
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
    for run in &runs {
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
    let stuck = why_stuck(&run, &entries)?;
    let reasons = Reasons::load(store, &entries).await?;
    let answers = answers(&entries, &reasons)?;
    screen.document(&json!({"runs": [report], "stuck": stuck, "answers": answers}));
    // The message is among the entries below.
    let stuck = stuck.map(|stuck| Stuck { message: "see its last `wait`".to_owned(), ..stuck });
    tell_run(&Told { run, stuck }, screen);
    let names = Names::load(store).await?;
    for entry in &entries {
        if let Some(text) = text(entry) {
            let first = format!("  {}  {:<9}", seconds(&entry.at.to_string()), entry.kind.as_str());
            let reason = reasons.told(reason_of(entry).as_ref());
            screen.say_wrapped(&first, &names.spelt(&format!("{text}{reason}")));
        }
    }
    Ok(DONE)
}

async fn told(store: &Store, runs: Vec<StoredRun>) -> Result<Vec<Told>, Stop> {
    let mut told = Vec::new();
    for run in runs {
        let stuck = match run.state {
            RunState::Stuck => why_stuck(&run, &store.entries_of_run(&run.id).await?)?,
            _ => None,
        };
        told.push(Told { run, stuck });
    }
    Ok(told)
}

/// What persons answered the run, in order.
fn answers(entries: &[Stamped], reasons: &Reasons) -> Result<Vec<Answered>, DecodeEntryError> {
    let mut answers = Vec::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Wait) {
        if let Wait::Answered { answer, by, reason } = entry.decode::<WaitBody>()?.wait {
            let reason = reasons.of(&reason).map(str::to_owned);
            answers.push(Answered { entry: entry.id.clone(), at: entry.at, answer, by, reason });
        }
    }
    Ok(answers)
}

/// What the last wait of a stuck run says.
fn why_stuck(run: &StoredRun, entries: &[Stamped]) -> Result<Option<Stuck>, DecodeEntryError> {
    let last = entries.iter().rfind(|entry| entry.kind == Kind::Wait);
    let Some(last) = last.filter(|_| run.state == RunState::Stuck) else { return Ok(None) };
    Ok(match last.decode::<WaitBody>()?.wait {
        Wait::Person { code, message } => Some(Stuck { code, message }),
        _ => None,
    })
}

fn tell_versions(versions: &[StoredVersion], screen: &Screen) {
    screen.say("secret versions");
    for version in versions {
        let end = version.expires_at.map(|at| format!(", expires {}", seconds(&at.to_string())));
        let text = format!("{}{}", version.stage.as_str(), end.unwrap_or_default());
        screen.say_wrapped(&format!("  {:<34} ", version.id.to_string()), &text);
    }
}

fn tell_run(told: &Told, screen: &Screen) {
    let run = &told.run;
    let state = outcome(run).unwrap_or_else(|| run.state.as_str());
    let first = format!("  {:<29} {state:<8} ", run.id.as_str());
    screen.say_wrapped(&first, &format!("{} on {}", run.workflow, run.subject));
    if let Some(stuck) = &told.stuck {
        screen.say_wrapped("      ", &format!("needs a person ({}): {}", stuck.code, stuck.message));
    }
}

fn due_row(row: &DueRow) -> serde_json::Value {
    json!({"workflow": row.workflow, "subject": row.subject, "at": row.at, "trigger": row.kind})
}

/// How a run ended; nothing while it is open.
fn outcome(run: &StoredRun) -> Option<&'static str> {
    match run.state {
        RunState::Closed { outcome, .. } => Some(outcome.as_str()),
        _ => None,
    }
}

fn version_row(version: &StoredVersion) -> serde_json::Value {
    json!({"version": version.id, "stage": version.stage, "expires_at": version.expires_at, "sealed_at": version.sealed_at})
}

fn run_row(told: &Told) -> serde_json::Value {
    let run = &told.run;
    json!({
        "run": run.id,
        "workflow": run.workflow,
        "subject": run.subject,
        "state": run.state.as_str(),
        "outcome": outcome(run),
        "stuck": told.stuck,
        "started_at": run.started_at,
    })
}
