//! One run: where it stands, what it did, and what persons answered it.

use countersign_kernel::evidence::story::reason_of;
use countersign_kernel::run::bodies::{PersonAnswer, Wait, WaitBody};
use countersign_warrant::{DecodeEntryError, EntryId, Kind, RunId, Stamped, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::nothing;
use crate::cli::Stop;
use crate::cli::house::House;
use crate::cli::names::Names;
use crate::cli::reasons::Reasons;
use crate::cli::report::RunReport;
use crate::cli::screen::Screen;
use crate::cli::standing::why_stuck;
use crate::cli::stop::DONE;
use crate::cli::tell::{seconds, text};
use crate::store::{RunState, Store, StoredRun};

/// A run, with what a person has to know where it needs one.
pub(super) struct Told {
    pub(super) run: StoredRun,
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

/// Shows one run.
pub(super) async fn one(house: &House, id: &RunId, screen: &Screen) -> Result<u8, Stop> {
    let store = &house.reading.store;
    let Some(run) = store.run(id).await? else { return Err(nothing(house, id.as_str()).await) };
    let entries = store.entries_of_run(id).await?;
    let report = RunReport::of(id.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?;
    let stuck = why_stuck(store, &run).await?.map(|(code, message)| Stuck { code, message });
    let reasons = Reasons::load(store, &entries).await?;
    let answers = answers(&entries, &reasons)?;
    screen.document(&json!({"runs": [report], "stuck": stuck, "answers": answers}));
    // The message is among the entries below.
    let stuck = stuck.map(|stuck| Stuck { message: "see its last `wait`".to_owned(), ..stuck });
    tell(&Told { run, stuck }, screen);
    let names = Names::load(store).await?;
    for entry in &entries {
        if let Some(text) = text(entry) {
            let first = format!("  {}  {:<9}", seconds(&entry.at.to_string()), entry.kind.as_str());
            let reason = reasons.told(reason_of(entry).as_ref());
            screen.say_wrapped(&first, &names.spelt(&format!("{text}{reason}")));
        }
    }
    screen.say("");
    screen.say(format!("why it is so: countersign why {id}"));
    Ok(DONE)
}

/// These runs, with what a person has to know of each.
pub(super) async fn told(store: &Store, runs: Vec<StoredRun>) -> Result<Vec<Told>, Stop> {
    let mut told = Vec::new();
    for run in runs {
        let stuck = why_stuck(store, &run).await?.map(|(code, message)| Stuck { code, message });
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

pub(super) fn tell(told: &Told, screen: &Screen) {
    let run = &told.run;
    let state = outcome(run).unwrap_or_else(|| run.state.as_str());
    screen.say_wrapped(
        &format!("  {:<29} {state:<8} ", run.id.as_str()),
        &format!("{} on {}", run.workflow, run.subject),
    );
    if let Some(stuck) = &told.stuck {
        screen.say_wrapped("      ", &format!("needs a person ({}): {}", stuck.code, stuck.message));
    }
}

/// How a run ended; nothing while it is open.
fn outcome(run: &StoredRun) -> Option<&'static str> {
    match run.state {
        RunState::Closed { outcome, .. } => Some(outcome.as_str()),
        _ => None,
    }
}

pub(super) fn row(told: &Told) -> serde_json::Value {
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
