//! One stage of the tour: asked for once, and again where an earlier quickstart's answer was not the expected one.

use countersign_kernel::plan;
use countersign_kernel::run::bodies::{RunOutcome, Trigger, TriggerKind};
use countersign_warrant::RunId;

use super::Stage;
use crate::cli::Stop;
use crate::cli::progress::Progress;
use crate::cli::run::exit_of;
use crate::cli::session::{Session, stopped};
use crate::cli::stop::{DONE, FAILED};
use crate::runner::{Driven, Request};
use crate::scheduler::Active;
use crate::serve::workflow_named;
use crate::store::{RunState, Store};

/// What earlier quickstarts leave to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: this run answered.
    Answered(RunId, RunOutcome),
    /// This run is open.
    CarryOn(RunId),
    /// To ask, under this key.
    Ask(String),
}

/// Takes a stage, or finds it taken; its run.
///
/// # Errors
/// When the stage does not end as expected.
pub(super) async fn take(
    session: &mut Session<'_>,
    active: &Active,
    stage: &Stage,
    progress: &Progress,
) -> Result<RunId, Stop> {
    let (run, driven) = match next_of(&session.installation.store, stage).await? {
        Next::Answered(run, outcome) => {
            progress.say(&format!("  asked before: run {run} answered it, {}", outcome.as_str())).await;
            (run, Driven::Over(outcome))
        }
        Next::CarryOn(run) => {
            let driven = session.drive(&run).await?;
            (run, driven)
        }
        Next::Ask(key) => ask(session, active, stage, key).await?,
    };
    match driven {
        Driven::Over(outcome) if outcome == stage.expected => Ok(run),
        Driven::Stopped | Driven::Waiting { .. } => Err(stopped(&run)),
        driven => Err(unexpected(stage, &run, &driven)),
    }
}

/// A run that ended otherwise than the stage expects is no answer: what kept it may be mended since. Except where it
/// changed everything that was asked for: that cannot be asked for twice.
pub(super) async fn next_of(store: &Store, stage: &Stage) -> Result<Next, Stop> {
    let mut key = stage.key.to_owned();
    let mut asked = 0_u32;
    while let Some(run) = store.run_by_trigger(stage.workflow, &key).await? {
        match run.state {
            RunState::Closed { outcome, .. } if outcome == stage.expected || outcome == RunOutcome::Done => {
                return Ok(Next::Answered(run.id, outcome));
            }
            RunState::Closed { .. } => {
                asked += 1;
                key = format!("{}-{asked}", stage.key);
            }
            _ => return Ok(Next::CarryOn(run.id)),
        }
    }
    Ok(Next::Ask(key))
}

async fn ask(session: &mut Session<'_>, active: &Active, stage: &Stage, key: String) -> Result<(RunId, Driven), Stop> {
    let workflow = workflow_named(stage.workflow, &active.set)?;
    let given = stage.inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let persons = session.installation.persons(workflow, &given);
    let inputs = plan::resolve_inputs(workflow, &given, &persons)?;
    let trigger = Trigger {
        kind: TriggerKind::Request,
        asked_by: Some(session.asker.clone()),
        idempotency_key: Some(key),
        event: None,
    };
    let request =
        Request { workflow, activation: active.entry.clone(), inputs, persons, trigger, named: None, given: None };
    let ran = session.request(request).await?;
    Ok((ran.run, ran.driven))
}

fn unexpected(stage: &Stage, run: &RunId, driven: &Driven) -> Stop {
    let (text, next) = match driven {
        Driven::Stuck(failure) => {
            (format!("`{}` is stuck: {}", stage.workflow, failure.message), "it needs a person".to_owned())
        }
        Driven::Over(RunOutcome::Done) => {
            let wanted = stage.expected.as_str();
            (
                format!("`{}` ended done, and should be {wanted}", stage.workflow),
                "see which policy allowed it".to_owned(),
            )
        }
        Driven::Over(outcome) => (
            format!("`{}` ended {}", stage.workflow, outcome.as_str()),
            "mend the cause; the next quickstart asks again".to_owned(),
        ),
        Driven::Held(held) => {
            let text = format!("{} on {}", held.brake.in_words(), held.on);
            (text, "`countersign resume` lifts it".to_owned())
        }
        Driven::Stopped | Driven::Waiting { .. } => return stopped(run),
    };
    let exit = match exit_of(driven, false) {
        DONE => FAILED,
        other => other,
    };
    Stop::new(exit, "quickstart.unexpected", text, format!("see `countersign status {run}`; {next}"))
}
