//! What `expiry` makes due, looked at after the tour. On a first tour nothing is.

use std::collections::BTreeMap;

use countersign_kernel::run::bodies::{NotDueBody, RENEWAL};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{RunId, Timestamp};

use super::Toured;
use crate::cli::Stop;
use crate::cli::progress::Progress;
use crate::cli::run::exit_of;
use crate::cli::session::{Session, stopped};
use crate::runner::{Driven, Request};
use crate::scheduler::{Active, Due, Renewal};

/// Begins or carries on what is due, and records what is not; the runs. What is wrong with one workflow keeps no other
/// from being renewed, and is kept in `toured` with its exit code.
///
/// # Errors
/// When the process was asked to stop.
pub(super) async fn take(
    session: &mut Session<'_>,
    active: &Active,
    progress: &Progress,
    toured: &mut Toured,
) -> Result<Vec<RunId>, Stop> {
    let mut runs = Vec::new();
    for workflow in active.set.workflows.values() {
        let run = match take_one(session, active, workflow, progress).await {
            Ok(Some(run)) => run,
            Ok(None) => continue,
            Err(stop) => {
                toured.exit = toured.exit.max(stop.exit);
                toured.stops.push(stop);
                continue;
            }
        };
        runs.push(run);
    }
    for (run, driven) in &session.driven {
        if let Driven::Stopped = driven {
            return Err(stopped(run));
        }
        let stored = session.installation.store.run(run).await?;
        let key = stored.and_then(|stored| stored.trigger_key).unwrap_or_default();
        if key.starts_with(RENEWAL) {
            toured.exit = toured.exit.max(exit_of(driven, false));
        }
    }
    Ok(runs)
}

async fn take_one(
    session: &mut Session<'_>,
    active: &Active,
    workflow: &Workflow,
    progress: &Progress,
) -> Result<Option<RunId>, Stop> {
    let now = session.installation.clock.now();
    let persons = session.installation.persons(workflow, &BTreeMap::new());
    let renewal = Renewal::of(&session.installation.store, workflow, &persons, now).await?;
    let Some(renewal) = renewal else { return Ok(None) };
    let name = &workflow.metadata.name;
    match renewal.due {
        Due::NotYet { code, at } => {
            record(session, name, renewal, (code, at), now).await?;
            Ok(None)
        }
        Due::UnderWay(run) => {
            session.drive(&run).await?;
            Ok(Some(run))
        }
        Due::Now => {
            let line = format!("\n{name} is due: {} expires {}", renewal.version, renewal.expires_at);
            progress.say(&line).await;
            let Renewal { inputs, trigger, .. } = renewal;
            let request = Request {
                workflow,
                activation: active.entry.clone(),
                inputs,
                persons,
                trigger,
                named: None,
                given: None,
            };
            Ok(Some(session.request(request).await?.run))
        }
    }
}

async fn record(
    session: &Session<'_>,
    workflow: &str,
    renewal: Renewal,
    (code, at): (&str, Timestamp),
    now: Timestamp,
) -> Result<(), Stop> {
    let body = NotDueBody {
        workflow: workflow.to_owned(),
        subject: renewal.version.subject,
        trigger: renewal.trigger,
        code: code.to_owned(),
        due_at: Some(at),
    };
    session.installation.ledger.append_not_due(&body, now).await?;
    Ok(())
}
