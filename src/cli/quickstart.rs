//! `countersign quickstart`: sets up a data folder and runs the shipped workflows for real, through the same doors as
//! any request.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_kernel::evidence::report::Report;
use countersign_kernel::plan;
use countersign_kernel::run::bodies::{NotDueBody, RunOutcome, Trigger, TriggerKind};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{RunId, Timestamp};
use serde_json::json;

use super::Stop;
use super::evidence::{verifier_key, verify_with};
use super::progress::Progress;
use super::report::RunReport;
use super::run::{Session, exit_of, stop_on_signals};
use super::screen::{Screen, called};
use super::stop::{DONE, FAILED, LEDGER};
use crate::clock::{Clock as _, SystemClock};
use crate::folder::Folder;
use crate::runner::{Driven, Request};
use crate::scheduler::{Active, due_at};
use crate::{Installation, known, runner};

/// The workflows and policies that ship with this version.
const SHIPPED: &[(&str, &str)] = &[
    ("provision-account.yaml", include_str!("../../workflows/provision-account.yaml")),
    ("ca-root.yaml", include_str!("../../workflows/ca-root.yaml")),
    ("ca-issuing.yaml", include_str!("../../workflows/ca-issuing.yaml")),
    ("tls-localhost.yaml", include_str!("../../workflows/tls-localhost.yaml")),
    ("rotate-reporting-key.yaml", include_str!("../../workflows/rotate-reporting-key.yaml")),
    ("policies/accounts.cedar", include_str!("../../workflows/policies/accounts.cedar")),
    ("policies/certificates.cedar", include_str!("../../workflows/policies/certificates.cedar")),
    ("policies/rotation.cedar", include_str!("../../workflows/policies/rotation.cedar")),
];

/// One request of the tour.
struct Stage {
    heading: &'static str,
    workflow: &'static str,
    inputs: &'static [(&'static str, &'static str)],
    key: &'static str,
    expected: RunOutcome,
}

/// The tour. The keys are fixed, so that a second quickstart asks for nothing twice.
const TOUR: &[Stage] = &[
    Stage {
        heading: "1 provision a service account with its first API key",
        workflow: "provision-account",
        inputs: &[("account", "reporting"), ("level", "read")],
        key: "quickstart-provision-reporting",
        expected: RunOutcome::Done,
    },
    Stage {
        heading: "2 ask for too much: an account that may do everything",
        workflow: "provision-account",
        inputs: &[("account", "intern"), ("level", "admin")],
        key: "quickstart-provision-intern",
        expected: RunOutcome::Denied,
    },
    Stage {
        heading: "3 issue the root certificate",
        workflow: "ca-root",
        inputs: &[],
        key: "quickstart-ca-root",
        expected: RunOutcome::Done,
    },
    Stage {
        heading: "4 issue the issuing certificate",
        workflow: "ca-issuing",
        inputs: &[],
        key: "quickstart-ca-issuing",
        expected: RunOutcome::Done,
    },
    Stage {
        heading: "5 issue a server certificate, and see it served",
        workflow: "tls-localhost",
        inputs: &[],
        key: "quickstart-tls-localhost",
        expected: RunOutcome::Done,
    },
    Stage {
        heading: "6 rotate the API key, with a client using it all the while",
        workflow: "rotate-reporting-key",
        inputs: &[("reason", "first rotation, to see it work")],
        key: "quickstart-rotate-reporting",
        expected: RunOutcome::Done,
    },
];

/// Sets up, runs the tour, and tells what happened.
pub(super) async fn quickstart(data: Option<PathBuf>, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    screen.say(format!("data folder  {}", path.display()));
    let installation = set_up(&path, screen).await?;
    let ended = tour(&installation, screen).await;
    installation.close().await;
    ended
}

async fn set_up(path: &Path, screen: &Screen) -> Result<Installation, Stop> {
    let installation = super::run::told(Installation::create(path, "quickstart").await, screen)?;
    let current = installation.store.current_activation().await;
    if current?.is_none() {
        let shipped = installation.folder.root().join("workflows");
        write_shipped(&shipped).map_err(|error| {
            let text = format!("`{}` cannot be written: {error}", shipped.display());
            Stop::new(FAILED, "quickstart.workflows", text, "make room, or name another folder with --data")
        })?;
        let (entry, _) = super::activate::within(&installation, &shipped, screen).await?;
        screen.say(format!("activated    {} as {entry}", shipped.display()));
    }
    Ok(installation)
}

/// Lays the shipped files out, where they can be read and changed.
fn write_shipped(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join("policies"))?;
    for (name, text) in SHIPPED {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(path, text)?;
        }
    }
    Ok(())
}

async fn tour(installation: &Installation, screen: &Screen) -> Result<u8, Stop> {
    let active = Active::load(&installation.store, &known(&installation.catalog)).await?;
    let asker = installation.asker().await?;
    let progress = Progress::start(screen);
    let policies = Arc::clone(&active.set.policies);
    let runner = runner(installation, policies, Some(progress.sender()), stop_on_signals());
    let mut session = Session { runner, installation, asker };
    let ran = take_tour(&mut session, &active, &progress).await;
    drop(session);
    progress.finish().await;
    finish(installation, &ran?, screen).await
}

async fn take_tour(session: &mut Session<'_>, active: &Active, progress: &Progress) -> Result<Vec<RunId>, Stop> {
    let mut runs = Vec::new();
    session.carry_on_open_runs(progress).await?;
    for stage in TOUR {
        progress.say(&format!("\n{}", stage.heading)).await;
        let (run, driven) = take_stage(session, active, stage, progress).await?;
        if !matches!(&driven, Driven::Over(outcome) if *outcome == stage.expected) {
            return Err(unexpected(stage, &run, &driven));
        }
        runs.push(run);
    }
    runs.extend(renewals(session, active, progress).await?);
    Ok(runs)
}

async fn take_stage(
    session: &mut Session<'_>,
    active: &Active,
    stage: &Stage,
    progress: &Progress,
) -> Result<(RunId, Driven), Stop> {
    let Some(workflow) = active.set.workflows.get(stage.workflow) else {
        return Err(super::run::unknown_workflow(stage.workflow, active));
    };
    let given = stage.inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let inputs = plan::resolve_inputs(workflow, &given)?;
    let trigger = Trigger {
        kind: TriggerKind::Request,
        asked_by: Some(session.asker.clone()),
        idempotency_key: Some(stage.key.to_owned()),
    };
    let request = Request { workflow, activation: active.entry.clone(), inputs, trigger, named: None };
    let ran = session.request(request).await?;
    if !ran.began {
        progress.say(&format!("  asked before: run {} answered it", ran.run)).await;
    }
    Ok((ran.run, ran.driven))
}

/// What `expiry` makes due. On a first tour nothing is.
async fn renewals(session: &mut Session<'_>, active: &Active, progress: &Progress) -> Result<Vec<RunId>, Stop> {
    let mut runs = Vec::new();
    for workflow in active.set.workflows.values().filter(|workflow| workflow.triggers.expiry.is_some()) {
        let inputs = plan::resolve_inputs(workflow, &BTreeMap::new())?;
        let subject = plan::subject_of(workflow, &inputs)?;
        let Some(current) = session.installation.store.current_version(&subject).await? else { continue };
        let (Some(expires_at), Some(expiry)) = (current.expires_at, workflow.triggers.expiry) else { continue };
        let due = due_at(expiry, current.sealed_at, expires_at);
        let trigger = Trigger {
            kind: TriggerKind::Expiry,
            asked_by: None,
            idempotency_key: Some(format!("expiry-{}", current.id)),
        };
        if due > SystemClock.now() {
            write_not_due(session.installation, workflow, &subject, trigger, due).await?;
            continue;
        }
        progress.say(&format!("\n{} is due: {subject} expires {expires_at}", workflow.metadata.name)).await;
        let request = Request { workflow, activation: active.entry.clone(), inputs, trigger, named: None };
        runs.push(session.request(request).await?.run);
    }
    Ok(runs)
}

async fn write_not_due(
    installation: &Installation,
    workflow: &Workflow,
    subject: &countersign_warrant::ResourceName,
    trigger: Trigger,
    due_at: Timestamp,
) -> Result<(), Stop> {
    let name = &workflow.metadata.name;
    let body = NotDueBody {
        workflow: name.clone(),
        subject: subject.clone(),
        trigger,
        code: "expiry.not_due".to_owned(),
        due_at: Some(due_at),
    };
    installation.ledger.append_not_due(&body, SystemClock.now()).await?;
    Ok(())
}

fn unexpected(stage: &Stage, run: &RunId, driven: &Driven) -> Stop {
    let text = match driven {
        Driven::Over(outcome) => format!("`{}` ended {}", stage.workflow, outcome.as_str()),
        Driven::Stuck(failure) => format!("`{}` is stuck: {}", stage.workflow, failure.message),
        Driven::Stopped => format!("stopped at a safe point; run {run} is open"),
    };
    let exit = match exit_of(driven, false) {
        DONE => FAILED,
        other => other,
    };
    Stop::new(exit, "quickstart.unexpected", text, format!("see `countersign status {run}`; quickstart goes on there"))
}

/// The story, and the proof.
async fn finish(installation: &Installation, runs: &[RunId], screen: &Screen) -> Result<u8, Stop> {
    let size = installation.store.counts().await?.entries;
    let checkpoint = installation.ledger.checkpoint_covering(size.saturating_sub(1)).await?;
    let key = verifier_key(&installation.folder)?;
    let report = verify_with(&installation.store, &key, &checkpoint, None).await?;
    let mut reports = Vec::new();
    for run in runs {
        let entries = installation.store.entries_of_run(run).await?;
        reports.push(RunReport::of(run.as_str(), &entries).map_err(|error| Stop::of("store.corrupt", &error))?);
    }
    screen.document(&json!({
        "runs": reports,
        "ledger": {"size": report.size, "root": report.root, "verified": report.holds()},
    }));
    tell(&reports, &report, installation.folder.root(), screen);
    Ok(if report.holds() { DONE } else { LEDGER })
}

fn tell(runs: &[RunReport], report: &Report, folder: &Path, screen: &Screen) {
    screen.say("\nwhat happened");
    for run in runs {
        let mut policies: Vec<&str> =
            run.decisions.iter().flat_map(|row| row.policies.iter().map(String::as_str)).collect();
        policies.sort_unstable();
        policies.dedup();
        let text = format!("{} changes; decided by {}", run.warrants.len(), policies.join(", "));
        screen.say_wrapped(&format!("  {:<22} {:<7} ", run.workflow, run.outcome), &text);
    }
    screen.say(format!("\nledger       {} entries", report.size));
    screen.say(format!("root         {}", report.root));
    screen.say(if report.holds() {
        "verified     every hash, link and signature holds".to_owned()
    } else {
        format!("NOT VERIFIED {} things do not hold: countersign evidence verify", report.faults_total)
    });
    let data = if is_default(folder) { String::new() } else { format!(" --data {}", folder.display()) };
    screen.say("\nwhat to try next");
    for (command, what) in [
        ("evidence show local/account/reporting", "the credential's story"),
        ("evidence verify", "recompute every hash, link and signature"),
        ("plan rotate-reporting-key", "what a rotation would do"),
        ("run rotate-reporting-key", "do it"),
        ("status", "what there is"),
    ] {
        let command = format!("{} {command}{data}", called());
        screen.say(format!("  {command}"));
        screen.say(format!("      {what}"));
    }
}

/// True for the folder that every command takes when it is told of none.
fn is_default(folder: &Path) -> bool {
    std::env::var_os("COUNTERSIGN_DATA").is_some() || Folder::resolve(None).is_ok_and(|default| default == folder)
}
