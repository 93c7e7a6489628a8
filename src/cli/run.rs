//! `countersign run`: plans an activated workflow, and stays until its run is over.

use std::path::PathBuf;

use countersign_kernel::run::bodies::RunOutcome;
use countersign_warrant::{Digest, RunId};
use serde_json::json;
use tokio::sync::watch;

use super::Stop;
use super::arguments::Run;
use super::owner::Owner;
use super::progress::Progress;
use super::report::RunReport;
use super::screen::Screen;
use super::session::{Ran, Session, held, of_each, stopped, with_active};
use super::signals::Signals;
use super::stop::{BAD_INPUT, CHANGED, DENIED, DONE, FAILED, STUCK};
use crate::Installation;
use crate::api::{Begun, Wanted};
use crate::folder::Folder;
use crate::runner::Driven;
use crate::scheduler::Active;
use crate::serve::{Asked, workflow_named};
use crate::store::{RunState, Store, StoredRun};

/// Runs the workflow: here, or by the process that serves the folder.
pub(super) async fn run(data: Option<PathBuf>, asked: &Run, screen: &Screen) -> Result<u8, Stop> {
    let wanted = Asked {
        workflow: asked.workflow.clone(),
        inputs: asked.inputs.iter().cloned().collect(),
        event: asked.event.clone(),
        plan: named_digest(asked.plan.as_deref())?,
        idempotency_key: asked.idempotency_key.clone(),
        emergency: asked.emergency,
    };
    let path = Folder::resolve(data)?;
    if let Some(owner) = Owner::of(&path).await? {
        return handed_over(&owner, wanted, asked.detailed_exitcode, screen).await;
    }
    with_active(Some(path), "run", screen, async |installation, active, stop| {
        within(installation, (active, stop), &wanted, asked.detailed_exitcode, screen).await
    })
    .await
}

/// Hands the request over to the process that serves, and stays with the run.
async fn handed_over(owner: &Owner, asked: Asked, detailed: bool, screen: &Screen) -> Result<u8, Stop> {
    let Asked { workflow, inputs, event, plan, idempotency_key, emergency } = asked;
    let request =
        Wanted { workflow, inputs, event, plan, idempotency_key, emergency, secret_file: None, version: None };
    let signals = Signals::listen_beside();
    let (progress, stop) = (Progress::start(screen, Some(owner.store())), signals.asked());
    let work = async {
        let answer = begin(owner, &request, stop.clone(), &progress).await?;
        if answer.how == "held" {
            return Err(held(&answer.run));
        }
        let began = answer.how == "begun";
        let from = if began { 0 } else { owner.store().entries_of_run(&answer.run).await?.len() };
        let driven = owner.stay_with(&answer.run, from, &progress, stop).await?;
        Ok((answer.run, began, driven))
    };
    let ended = signals.over(Box::pin(work)).await;
    progress.finish().await;
    let (run, began, driven) = ended??;
    if driven == Driven::Stopped {
        return left(owner.store(), screen, &[run]).await;
    }
    let called = tell(owner.store(), screen, &run, &driven, began).await?;
    exit_with_subjects(owner.store(), &run, &driven, called && began && detailed).await
}

/// Asks for the run; an emergency asks again when the run that it met has given way.
async fn begin(
    owner: &Owner,
    request: &Wanted,
    mut stop: watch::Receiver<bool>,
    progress: &Progress,
) -> Result<Begun, Stop> {
    let mut told = None;
    loop {
        let begun = owner.begin(request).await?;
        if !request.emergency || begun.how != "held" {
            return Ok(begun);
        }
        if told.as_ref() != Some(&begun.run) {
            progress.say(&format!("run {} gives way at its next safe point", begun.run)).await;
            told = Some(begun.run.clone());
        }
        // A run that needs a person gives way to nobody.
        if owner.is_over(&begun.run, &mut stop).await? {
            continue;
        }
        return Ok(begun);
    }
}

/// Tells that the command has left runs to the process that serves, as they stand.
pub(super) async fn left(store: &Store, screen: &Screen, runs: &[RunId]) -> Result<u8, Stop> {
    let mut reports = Vec::new();
    for run in runs {
        let entries = store.entries_of_run(run).await?;
        reports.push(RunReport::of(run.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?);
    }
    screen.document(&json!({"runs": reports, "goes_on": true}));
    if let Some(run) = runs.last() {
        screen.say_wrapped("", &format!("run {run} goes on: the process that serves the folder drives it"));
        screen.say(format!("  next: countersign status {run}"));
    }
    Ok(FAILED)
}

async fn within(
    installation: &Installation,
    (active, stop): (&Active, watch::Receiver<bool>),
    asked: &Asked,
    detailed: bool,
    screen: &Screen,
) -> Result<u8, Stop> {
    // What is asked for wrongly is told before anything else is done.
    let inputs = asked.request(installation, active, "", None)?.inputs;
    let (mut session, progress) = Session::start(installation, active, stop, screen).await?;
    let ended = async {
        if asked.emergency {
            let subject = countersign_kernel::plan::subject_of(workflow_named(&asked.workflow, &active.set)?, &inputs)?;
            if let Some(holder) = installation.store.holder(&subject).await? {
                session.press(asked, &holder, &progress).await?;
            }
            let request = asked.request(installation, active, &session.asker, None)?;
            return session.request(request).await;
        }
        session.carry_on_open_runs(Some(&asked.workflow), &progress).await?;
        if asked.idempotency_key.is_none()
            && let Some(ran) = session.carried_on(&asked.workflow, &inputs).await?
        {
            return Ok(ran);
        }
        let request = asked.request(installation, active, &session.asker, None)?;
        session.request(request).await
    }
    .await;
    drop(session);
    progress.finish().await;
    let Ran { run, driven, began, was_open } = ended?;
    if was_open {
        screen.say(format!("run {run} was left open by such a request: it was carried on, and no other was started"));
    }
    let store = &installation.store;
    let called = tell(store, screen, &run, &driven, began || was_open).await?;
    exit_with_subjects(store, &run, &driven, called && (began || was_open) && detailed).await
}

fn named_digest(text: Option<&str>) -> Result<Option<Digest>, Stop> {
    let digest = text.map(str::parse::<Digest>).transpose();
    digest.map_err(|error| {
        let help = "take the digest that `countersign plan NAME --json` prints";
        Stop::new(BAD_INPUT, "plan.no_digest", error.to_string(), help)
    })
}

pub(super) fn exit_of(driven: &Driven, changed: bool) -> u8 {
    match driven {
        Driven::Over(RunOutcome::Done) if changed => CHANGED,
        Driven::Over(RunOutcome::Done) => DONE,
        Driven::Over(RunOutcome::Denied) => DENIED,
        Driven::Over(RunOutcome::Undone | RunOutcome::Failed | RunOutcome::Handled | RunOutcome::Abandoned)
        | Driven::Stopped
        | Driven::Waiting { .. } => FAILED,
        Driven::Stuck(_) | Driven::Held(_) => STUCK,
    }
}

/// As [`exit_of`]; a run that is over is stuck where one of those for its subjects is: a person is needed there.
pub(super) async fn exit_with_subjects(store: &Store, run: &RunId, driven: &Driven, changed: bool) -> Result<u8, Stop> {
    let is_over = matches!(driven, Driven::Over(_));
    let is_stuck = |one: &StoredRun| matches!(one.state, RunState::Stuck);
    let needs_person = is_over && of_each(store, run).await?.iter().any(is_stuck);
    Ok(if needs_person { STUCK } else { exit_of(driven, changed) })
}

/// Tells how a run ended; true where it, or one for a subject of it, has called a target.
pub(super) async fn tell(
    store: &Store,
    screen: &Screen,
    run: &RunId,
    driven: &Driven,
    began: bool,
) -> Result<bool, Stop> {
    let of_each = of_each(store, run).await?;
    let mut reports = Vec::new();
    for id in [run].into_iter().chain(of_each.iter().map(|one| &one.id)) {
        let entries = store.entries_of_run(id).await?;
        reports.push(RunReport::of(id.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?);
    }
    screen.document(&json!({"runs": reports}));
    let called = reports.iter().any(|report| !report.warrants.is_empty());
    if !began {
        screen.say(format!("run {run} was made by an earlier request of the same key"));
    }
    say_end(screen, run, driven);
    for stuck in of_each.iter().filter(|one| matches!(one.state, RunState::Stuck)) {
        screen.say(format!("run {} of it, on {}, is stuck", stuck.id, stuck.subject));
        screen.say(format!("  next: countersign status {}", stuck.id));
    }
    Ok(called)
}

/// Says how a run ended, and what is next.
pub(super) fn say_end(screen: &Screen, run: &RunId, driven: &Driven) {
    match driven {
        Driven::Over(outcome) => screen.say(format!("run {run}: {}", outcome.as_str())),
        Driven::Stuck(failure) => {
            screen.say_wrapped(&format!("run {run} is stuck: "), &failure.message);
            screen.say(format!("  next: countersign status {run}"));
        }
        Driven::Held(held) => {
            let text =
                format!("{} on {}; nothing is lost, and no further change is made", held.brake.in_words(), held.on);
            screen.say_wrapped(&format!("run {run} is open: "), &text);
            screen.say(format!("  next: countersign status {run}"));
        }
        Driven::Stopped | Driven::Waiting { .. } => {
            let stop = stopped(run);
            screen.say_wrapped("", &stop.message);
            screen.say_wrapped("  help: ", &stop.help.unwrap_or_default());
        }
    }
}
