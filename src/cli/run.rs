//! `countersign run`: plans an activated workflow, and stays until its run is over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_kernel::plan;
use countersign_kernel::run::bodies::{OWN_KEYS, RunOutcome, Trigger, TriggerKind};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{Digest, RunId};
use serde_json::json;
use tokio::sync::watch;

use super::Stop;
use super::arguments::Run;
use super::report::RunReport;
use super::screen::Screen;
use super::session::{Ran, Session, of_each, stopped, with_active};
use super::stop::{BAD_INPUT, CHANGED, DENIED, DONE, FAILED, STUCK};
use crate::Installation;
use crate::runner::{Driven, Request};
use crate::scheduler::{Active, CheckedSet};
use crate::store::{RunState, StoredRun};

/// Runs the workflow.
pub(super) async fn run(data: Option<PathBuf>, asked: &Run, screen: &Screen) -> Result<u8, Stop> {
    let named = named_digest(asked.plan.as_deref())?;
    with_active(data, "run", screen, async |installation, active, stop| {
        within(installation, (active, stop), asked, named, screen).await
    })
    .await
}

async fn within(
    installation: &Installation,
    (active, stop): (&Active, watch::Receiver<bool>),
    wanted: &Run,
    named: Option<Digest>,
    screen: &Screen,
) -> Result<u8, Stop> {
    if let Some(own) =
        OWN_KEYS.iter().find(|own| wanted.idempotency_key.as_deref().is_some_and(|key| key.starts_with(*own)))
    {
        let text = format!("keys that begin with `{own}` are of runs that Countersign starts itself");
        return Err(Stop::new(BAD_INPUT, "run.own_key", text, "give the request another idempotency key"));
    }
    let workflow = workflow_named(&wanted.workflow, &active.set)?;
    let given: BTreeMap<String, String> = wanted.inputs.iter().cloned().collect();
    let persons = installation.persons(workflow, &given);
    let inputs = plan::resolve_inputs(workflow, &given, &persons)?;
    let kind = match &wanted.event {
        Some(event) => reported(event, workflow)?,
        None => TriggerKind::Request,
    };
    let (mut session, progress) = Session::start(installation, active, stop, screen).await?;
    let ended = async {
        session.carry_on_open_runs(Some(&wanted.workflow), &progress).await?;
        if wanted.idempotency_key.is_none()
            && let Some(ran) = session.carried_on(&wanted.workflow, &inputs).await?
        {
            return Ok(ran);
        }
        let trigger = Trigger {
            kind,
            asked_by: Some(session.asker.clone()),
            idempotency_key: wanted.idempotency_key.clone(),
            event: wanted.event.clone(),
        };
        let request =
            Request { workflow, activation: active.entry.clone(), inputs, persons, trigger, named, given: None };
        session.request(request).await
    }
    .await;
    drop(session);
    progress.finish().await;
    let Ran { run, driven, began, was_open } = ended?;
    if was_open {
        screen.say(format!("run {run} was left open by such a request: it was carried on, and no other was started"));
    }
    let called = tell(installation, screen, &run, &driven, began || was_open).await?;
    let changed = called && (began || was_open) && wanted.detailed_exitcode;
    exit_with_subjects(installation, &run, &driven, changed).await
}

/// The activated workflow of that name.
pub(super) fn workflow_named<'a>(name: &str, set: &'a CheckedSet) -> Result<&'a Workflow, Stop> {
    set.workflows.get(name).ok_or_else(|| unknown_workflow(name, set))
}

pub(super) fn unknown_workflow(name: &str, set: &CheckedSet) -> Stop {
    let known: Vec<&str> = set.workflows.keys().map(String::as_str).collect();
    let help = format!("activated are: {}", known.join(", "));
    Stop::new(BAD_INPUT, "run.unknown_workflow", format!("no workflow `{name}` is activated"), help)
}

/// The trigger of an event that somebody reports.
pub(super) fn reported(event: &str, workflow: &Workflow) -> Result<TriggerKind, Stop> {
    let events = &workflow.triggers.events;
    if events.iter().any(|taken| taken == event) {
        return Ok(TriggerKind::Event);
    }
    let name = &workflow.metadata.name;
    let help = match events.as_slice() {
        [] => "leave `--event` out, or add `event` to its `on`".to_owned(),
        [..] => format!("it is started by {}", events.join(", ")),
    };
    Err(Stop::new(BAD_INPUT, "run.unknown_event", format!("workflow `{name}` takes no event `{event}`"), help))
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
        Driven::Stuck(_) => STUCK,
    }
}

/// As [`exit_of`]; a run that is over is stuck where one of those for its subjects is: a person is needed there.
pub(super) async fn exit_with_subjects(
    installation: &Installation,
    run: &RunId,
    driven: &Driven,
    changed: bool,
) -> Result<u8, Stop> {
    let is_over = matches!(driven, Driven::Over(_));
    let is_stuck = |one: &StoredRun| matches!(one.state, RunState::Stuck);
    let needs_person = is_over && of_each(installation, run).await?.iter().any(is_stuck);
    Ok(if needs_person { STUCK } else { exit_of(driven, changed) })
}

/// Tells how a run ended; true where it, or one for a subject of it, has called a target.
pub(super) async fn tell(
    installation: &Installation,
    screen: &Screen,
    run: &RunId,
    driven: &Driven,
    began: bool,
) -> Result<bool, Stop> {
    let of_each = of_each(installation, run).await?;
    let mut reports = Vec::new();
    for id in [run].into_iter().chain(of_each.iter().map(|one| &one.id)) {
        let entries = installation.store.entries_of_run(id).await?;
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
        Driven::Stopped | Driven::Waiting { .. } => {
            let stop = stopped(run);
            screen.say(format!("{}\n  help: {}", stop.message, stop.help.unwrap_or_default()));
        }
    }
}
