//! `countersign adopt`: takes over a credential that was made elsewhere. Nothing is changed at its target; where the workflow
//! says `on_import: rotate`, a rotation follows, as a run of its own.

use std::path::{Path, PathBuf};

use countersign_kernel::plan::Adopting;
use countersign_kernel::run::bodies::RunOutcome;
use countersign_kernel::workflow::model::OnImport;
use countersign_warrant::{RunId, VersionId};
use serde_json::json;
use tokio::sync::watch;

use super::Stop;
use super::arguments::Adopt;
use super::owner::Owner;
use super::progress::Progress;
use super::report::RunReport;
use super::run::{exit_of, left, say_end};
use super::screen::Screen;
use super::session::{Ran, Session, held, with_active};
use super::signals::Signals;
use super::stop::{BAD_INPUT, FAILED};
use crate::Installation;
use crate::api::{Begun, Wanted};
use crate::folder::Folder;
use crate::runner::{Driven, Given};
use crate::scheduler::Active;
use crate::serve::Asked;
use crate::store::Store;

/// Takes over, and rotates where the workflow says so: here, or by the process that serves the folder.
pub(super) async fn adopt(data: Option<PathBuf>, asked: &Adopt, screen: &Screen) -> Result<u8, Stop> {
    let version = asked.version.as_deref().map(named).transpose()?;
    let wanted =
        Asked { workflow: asked.workflow.clone(), inputs: asked.inputs.iter().cloned().collect(), ..Asked::default() };
    let path = Folder::resolve(data)?;
    if let Some(owner) = Owner::of(&path).await? {
        return handed_over(&owner, (wanted, &asked.secret), version, screen).await;
    }
    with_active(Some(path), "adopt", screen, async |installation, active, stop| {
        within(installation, (active, stop), (&wanted, &asked.secret), version, screen).await
    })
    .await
}

fn named(text: &str) -> Result<VersionId, Stop> {
    text.parse().map_err(|_| {
        let message = format!("`{text}` is no version");
        Stop::new(BAD_INPUT, "adopt.version", message, "write it as `local/account/reporting@1`")
    })
}

/// Hands the adoption over to the process that serves, and stays with it.
async fn handed_over(
    owner: &Owner,
    (asked, secret): (Asked, &Path),
    version: Option<VersionId>,
    screen: &Screen,
) -> Result<u8, Stop> {
    let signals = Signals::listen_beside();
    let stop = signals.asked();
    let progress = Progress::start(screen, Some(owner.store()));
    // WHY: the other process has a working folder of its own.
    let secret = std::path::absolute(secret).unwrap_or_else(|_| secret.to_owned());
    let Asked { workflow, inputs, .. } = asked;
    let adoption = Wanted {
        emergency: false,
        workflow: workflow.clone(),
        inputs: inputs.clone(),
        event: None,
        plan: None,
        idempotency_key: None,
        secret_file: Some(secret),
        version,
    };
    let rotation = Wanted { secret_file: None, version: None, ..adoption.clone() };
    let mut runs = Vec::new();
    let staying = async {
        let Begun { run, how } = owner.begin(&adoption).await?;
        if how == "held" {
            return Err(held(&run));
        }
        let driven = owner.stay_with(&run, 0, &progress, stop.clone()).await?;
        let is_adopted = driven == Driven::Over(RunOutcome::Done);
        runs.push((run, driven));
        if is_adopted && owner.rotates_on_import(&workflow).await? {
            let Begun { run, how } = owner.begin(&rotation).await?;
            if how == "held" {
                return Err(held(&run));
            }
            let driven = owner.stay_with(&run, 0, &progress, stop).await?;
            runs.push((run, driven));
        }
        Ok(())
    };
    let ended = signals.over(staying).await;
    progress.finish().await;
    ended??;
    if runs.iter().any(|(_, driven)| *driven == Driven::Stopped) {
        let left_to: Vec<RunId> = runs.into_iter().map(|(run, _)| run).collect();
        return left(owner.store(), screen, &left_to).await;
    }
    told(owner.store(), &runs, screen).await
}

async fn within(
    installation: &Installation,
    (active, stop): (&Active, watch::Receiver<bool>),
    (asked, secret): (&Asked, &Path),
    version: Option<VersionId>,
    screen: &Screen,
) -> Result<u8, Stop> {
    let given = || {
        Some(Given { path: secret.to_owned(), adopting: Adopting { version: version.clone(), ..Adopting::default() } })
    };
    // What is asked for wrongly is told before anything else is done.
    let wanted = asked.request(installation, active, "", given())?;
    let (mut session, progress) = Session::start(installation, active, stop, screen).await?;
    let ended: Result<Vec<Ran>, Stop> = async {
        session.carry_on_open_runs(Some(&asked.workflow), &progress).await?;
        // An adoption that was left open is this one: what was sealed then was the secret that was given then.
        if let Some(ran) = session.carried_adoption(&asked.workflow, &wanted.inputs).await? {
            screen.say(format!(
                "run {} was left open by an adoption: it was carried on with the secret given then",
                ran.run
            ));
            return Ok(vec![ran]);
        }
        let adopting = asked.request(installation, active, &session.asker, given())?;
        let mut runs = vec![session.request(adopting).await?];
        let is_adopted = runs.iter().all(|ran| ran.driven == Driven::Over(RunOutcome::Done));
        if is_adopted && wanted.workflow.on_import == OnImport::Rotate {
            let rotation = asked.request(installation, active, &session.asker, None)?;
            runs.push(session.request(rotation).await?);
        }
        Ok(runs)
    }
    .await;
    drop(session);
    progress.finish().await;
    let runs: Vec<_> = ended?.into_iter().map(|ran| (ran.run, ran.driven)).collect();
    told(&installation.store, &runs, screen).await
}

/// Tells how the runs ended; the exit code is the last one's.
async fn told(store: &Store, runs: &[(RunId, Driven)], screen: &Screen) -> Result<u8, Stop> {
    let mut reports = Vec::new();
    for (run, _) in runs {
        let entries = store.entries_of_run(run).await?;
        reports.push(RunReport::of(run.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?);
    }
    screen.document(&json!({"runs": reports}));
    for (run, driven) in runs {
        say_end(screen, run, driven);
    }
    Ok(runs.last().map_or(FAILED, |(_, driven)| exit_of(driven, false)))
}
