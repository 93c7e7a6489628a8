//! `countersign quickstart`: sets up a data folder and runs the shipped workflows for real, through the same doors as
//! any request.

mod renewals;
mod stage;
mod summary;

use std::path::{Path, PathBuf};

use countersign_kernel::run::bodies::RunOutcome;
use countersign_warrant::RunId;
use serde::Serialize;
use tokio::sync::watch;

use super::Stop;
use super::progress::Progress;
use super::screen::Screen;
use super::session::Session;
use super::signals::Signals;
use super::stop::FAILED;
use crate::folder::Folder;
use crate::scheduler::Active;
use crate::{Installation, known};

/// The workflows and policies that ship with this version.
pub(super) const SHIPPED: &[(&str, &str)] = &[
    ("provision-account.yaml", include_str!("../../workflows/provision-account.yaml")),
    ("offboard-account.yaml", include_str!("../../workflows/offboard-account.yaml")),
    ("ca-root.yaml", include_str!("../../workflows/ca-root.yaml")),
    ("ca-issuing.yaml", include_str!("../../workflows/ca-issuing.yaml")),
    ("rotate-webhook-secret.yaml", include_str!("../../workflows/rotate-webhook-secret.yaml")),
    ("tls-localhost.yaml", include_str!("../../workflows/tls-localhost.yaml")),
    ("rotate-reporting-key.yaml", include_str!("../../workflows/rotate-reporting-key.yaml")),
    ("provision-database-role.yaml", include_str!("../../workflows/provision-database-role.yaml")),
    ("replace-stolen-certificate.yaml", include_str!("../../workflows/replace-stolen-certificate.yaml")),
    ("provision-signing-key.yaml", include_str!("../../workflows/provision-signing-key.yaml")),
    ("rotate-signing-key.yaml", include_str!("../../workflows/rotate-signing-key.yaml")),
    ("recertify-accounts.yaml", include_str!("../../workflows/recertify-accounts.yaml")),
    ("rotate-operator-key.yaml", include_str!("../../workflows/rotate-operator-key.yaml")),
    ("rotate-server-certificate.yaml", include_str!("../../workflows/rotate-server-certificate.yaml")),
    ("provision-webhook.yaml", include_str!("../../workflows/provision-webhook.yaml")),
    ("rotate-ledger-database.yaml", include_str!("../../workflows/rotate-ledger-database.yaml")),
    ("rotate-legacy-login.yaml", include_str!("../../workflows/rotate-legacy-login.yaml")),
    ("policies/accounts.cedar", include_str!("../../workflows/policies/accounts.cedar")),
    ("policies/accounts.test.yaml", include_str!("../../workflows/policies/accounts.test.yaml")),
    ("policies/certificates.cedar", include_str!("../../workflows/policies/certificates.cedar")),
    ("policies/certificates.test.yaml", include_str!("../../workflows/policies/certificates.test.yaml")),
    ("policies/offboarding.cedar", include_str!("../../workflows/policies/offboarding.cedar")),
    ("policies/offboarding.test.yaml", include_str!("../../workflows/policies/offboarding.test.yaml")),
    ("policies/roles.cedar", include_str!("../../workflows/policies/roles.cedar")),
    ("policies/roles.test.yaml", include_str!("../../workflows/policies/roles.test.yaml")),
    ("policies/revocation.cedar", include_str!("../../workflows/policies/revocation.cedar")),
    ("policies/revocation.test.yaml", include_str!("../../workflows/policies/revocation.test.yaml")),
    ("policies/rotation.cedar", include_str!("../../workflows/policies/rotation.cedar")),
    ("policies/rotation.test.yaml", include_str!("../../workflows/policies/rotation.test.yaml")),
    ("policies/signing.cedar", include_str!("../../workflows/policies/signing.cedar")),
    ("policies/signing.test.yaml", include_str!("../../workflows/policies/signing.test.yaml")),
    ("policies/webhooks.cedar", include_str!("../../workflows/policies/webhooks.cedar")),
    ("policies/webhooks.test.yaml", include_str!("../../workflows/policies/webhooks.test.yaml")),
];

/// One request of the tour.
struct Stage {
    heading: &'static str,
    workflow: &'static str,
    inputs: &'static [(&'static str, &'static str)],
    key: &'static str,
    expected: RunOutcome,
}

/// The tour. The keys are fixed, so that a second quickstart asks for nothing twice that was answered as expected.
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
    let signals = Signals::listen();
    let stop = signals.asked();
    let ended = signals.over(Box::pin(tour(&installation, stop, screen))).await?;
    installation.close().await;
    ended
}

async fn set_up(path: &Path, screen: &Screen) -> Result<Installation, Stop> {
    let installation = super::session::told(Installation::create(path, "quickstart").await, screen)?;
    let current = installation.store.current_activation().await;
    if current?.is_none() {
        let shipped = installation.folder.root().join("workflows");
        write_shipped(&shipped).map_err(|error| {
            let text = format!("`{}` cannot be written: {error}", shipped.display());
            Stop::new(FAILED, "quickstart.workflows", text, "make room, or name another folder with --data")
        })?;
        let entry = super::activate::within(&installation, &shipped, screen).await?.activation;
        screen.say_wrapped("activated    ", &format!("{} as {entry}", shipped.display()));
    }
    Ok(installation)
}

/// Lays the shipped files out, where they can be read and changed.
fn write_shipped(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join("policies"))?;
    for (name, text) in SHIPPED {
        let path = folder.join(name);
        if !path.exists() {
            write_whole(&path, text)?;
        }
    }
    Ok(())
}

// CRASH: until the file has its name, it is not there, and the next quickstart writes it; half of one under its name
// would be activated as it is.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let new = path.with_added_extension("new");
    let mut file = std::fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    countersign_contract::failpoint::hit("quickstart.before_file");
    std::fs::rename(&new, path)
}

async fn tour(installation: &Installation, stop: watch::Receiver<bool>, screen: &Screen) -> Result<u8, Stop> {
    let active = Active::load(&installation.store, &known(&installation.catalog)).await?;
    let (mut session, progress) = Session::start(installation, &active, stop, screen).await?;
    let ran = take_tour(&mut session, &active, &progress).await;
    drop(session);
    progress.finish().await;
    summary::finish(installation, &ran?, screen).await
}

/// What a quickstart has done.
#[derive(Default)]
struct Toured {
    /// The runs to tell of, and whether this quickstart drove them or an earlier one.
    runs: Vec<(RunId, When)>,
    /// What kept renewals from being looked at or started, each of one workflow.
    stops: Vec<Stop>,
    /// The exit code: the largest that a renewal has.
    exit: u8,
}

/// Who drove a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum When {
    /// This quickstart.
    Now,
    /// An earlier command.
    Before,
}

async fn take_tour(session: &mut Session<'_>, active: &Active, progress: &Progress) -> Result<Toured, Stop> {
    let mut runs = Vec::new();
    session.carry_on_open_runs(None, progress).await?;
    for stage in TOUR {
        progress.say(&format!("\n{}", stage.heading)).await;
        runs.push(stage::take(session, active, stage, progress).await?);
    }
    let mut toured = Toured::default();
    runs.extend(renewals::take(session, active, progress, &mut toured).await?);
    // What was carried on, and is neither a stage's answer nor a renewal that is due.
    let others: Vec<RunId> = session.driven.keys().filter(|run| !runs.contains(run)).cloned().collect();
    runs.extend(others);
    let when = |run: &RunId| if session.driven.contains_key(run) { When::Now } else { When::Before };
    toured.runs = runs.into_iter().map(|run| (run.clone(), when(&run))).collect();
    Ok(toured)
}

#[cfg(test)]
mod tests;
