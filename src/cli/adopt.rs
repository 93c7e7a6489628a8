//! `countersign adopt`: takes over a credential that was made elsewhere. Nothing is changed at its target.

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_kernel::plan::{self, Adopting};
use countersign_kernel::run::bodies::{RunOutcome, Trigger, TriggerKind};
use countersign_kernel::workflow::model::OnImport;
use countersign_warrant::VersionId;
use serde_json::json;
use tokio::sync::watch;

use super::Stop;
use super::arguments::Adopt;
use super::report::RunReport;
use super::run::{exit_of, say_end, workflow_named};
use super::screen::Screen;
use super::session::{Ran, Session, with_active};
use super::stop::{BAD_INPUT, FAILED};
use crate::Installation;
use crate::runner::{Driven, Given, Request};
use crate::scheduler::Active;

/// Takes over, and rotates where the workflow says so.
pub(super) async fn adopt(data: Option<PathBuf>, asked: &Adopt, screen: &Screen) -> Result<u8, Stop> {
    let version = asked.version.as_deref().map(named).transpose()?;
    with_active(data, "adopt", screen, async |installation, active, stop| {
        within(installation, (active, stop), asked, version, screen).await
    })
    .await
}

fn named(text: &str) -> Result<VersionId, Stop> {
    text.parse().map_err(|_| {
        let message = format!("`{text}` is no version");
        Stop::new(BAD_INPUT, "adopt.version", message, "write it as `local/account/reporting@1`")
    })
}

async fn within(
    installation: &Installation,
    (active, stop): (&Active, watch::Receiver<bool>),
    wanted: &Adopt,
    version: Option<VersionId>,
    screen: &Screen,
) -> Result<u8, Stop> {
    let workflow = workflow_named(&wanted.workflow, &active.set)?;
    if workflow.subject.for_each.is_some() {
        let message = format!("`{}` is for each of many subjects", wanted.workflow);
        let help = "a secret is adopted for the workflow that rotates its one subject";
        return Err(Stop::new(BAD_INPUT, "adopt.for_each", message, help));
    }
    let given: BTreeMap<String, String> = wanted.inputs.iter().cloned().collect();
    let persons = installation.persons(workflow, &given);
    let inputs = plan::resolve_inputs(workflow, &given, &persons)?;
    let (mut session, progress) = Session::start(installation, active, stop, screen).await?;
    let request = |given: Option<Given>, session: &Session<'_>| Request {
        workflow,
        activation: active.entry.clone(),
        inputs: inputs.clone(),
        persons: persons.clone(),
        trigger: Trigger {
            kind: TriggerKind::Request,
            asked_by: Some(session.asker.clone()),
            idempotency_key: None,
            event: None,
        },
        named: None,
        given,
    };
    let ended: Result<Vec<Ran>, Stop> = async {
        session.carry_on_open_runs(Some(&wanted.workflow), &progress).await?;
        // An adoption that was left open is this one: what was sealed then was the secret that was given then.
        if let Some(ran) = session.carried_adoption(&wanted.workflow, &inputs).await? {
            screen.say(format!(
                "run {} was left open by an adoption: it was carried on with the secret given then",
                ran.run
            ));
            return Ok(vec![ran]);
        }
        let given = Given { path: wanted.secret.clone(), adopting: Adopting { version, ..Adopting::default() } };
        let adopting = request(Some(given), &session);
        let mut runs = vec![session.request(adopting).await?];
        let is_adopted = runs.iter().all(|ran| ran.driven == Driven::Over(RunOutcome::Done));
        if is_adopted && workflow.on_import == OnImport::Rotate {
            let rotation = request(None, &session);
            runs.push(session.request(rotation).await?);
        }
        Ok(runs)
    }
    .await;
    drop(session);
    progress.finish().await;
    let runs = ended?;
    let mut reports = Vec::new();
    for ran in &runs {
        let entries = installation.store.entries_of_run(&ran.run).await?;
        reports.push(RunReport::of(ran.run.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?);
    }
    screen.document(&json!({"runs": reports}));
    for ran in &runs {
        say_end(screen, &ran.run, &ran.driven);
    }
    Ok(runs.last().map_or(FAILED, |ran| exit_of(&ran.driven, false)))
}
