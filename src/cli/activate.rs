//! `countersign activate`: makes exactly these files current, as one entry.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_kernel::run::bodies::ActivationBody;
use countersign_warrant::EntryId;
use serde_json::json;

use super::Stop;
use super::arguments::Activate;
use super::screen::{Screen, called};
use super::session::open;
use super::stop::{BAD_INPUT, DONE};
use crate::scheduler::FileSet;
use crate::serve::arrange;
use crate::{Installation, known};

/// Activates a folder.
pub(super) async fn activate(data: Option<PathBuf>, asked: &Activate, screen: &Screen) -> Result<u8, Stop> {
    let installation = open(data, "activate", screen).await?;
    let ended = within(&installation, &asked.folder, screen).await;
    installation.close().await;
    let Activated { entry, changed, scheduled, gone } = ended?;
    screen.document(&json!({"activation": entry, "changed": changed, "scheduled": scheduled, "gone": gone}));
    screen.say(if changed {
        format!("activated {} as {entry}", asked.folder.display())
    } else {
        format!("{} is current already, as {entry}", asked.folder.display())
    });
    if !gone.is_empty() {
        screen.say_wrapped("current no more: ", &gone.join(", "));
    }
    if !scheduled.is_empty() {
        let text = format!("{}; `{} serve` runs what is due", scheduled.join(", "), called());
        screen.say_wrapped("started by the clock: ", &text);
    }
    Ok(DONE)
}

/// A set that is current.
pub(super) struct Activated {
    /// The entry that made it so.
    pub(super) entry: EntryId,
    /// False when it was current before.
    pub(super) changed: bool,
    /// The workflows that a schedule or an expiry starts.
    pub(super) scheduled: Vec<String>,
    /// The files of workflows that were current before, and are no more.
    pub(super) gone: Vec<String>,
}

/// Checks the folder and makes it current.
pub(super) async fn within(installation: &Installation, folder: &Path, screen: &Screen) -> Result<Activated, Stop> {
    let files = FileSet::read(folder)?;
    let checked = files.check(&known(&installation.catalog)).map_err(|found| {
        screen.document(&json!({"diagnostics": found}));
        if !screen.json {
            screen.diagnostics(&found, &|path| files.text(path));
        }
        Stop::told(BAD_INPUT, "set.refused")
    })?;
    let by_clock = checked.workflows.iter().filter(|(_, workflow)| {
        let triggers = &workflow.triggers;
        triggers.schedule.is_some() || triggers.expiry.is_some()
    });
    let scheduled = by_clock.map(|(name, _)| name.clone()).collect();
    let (workflows, policies, blobs) = files.below(folder).to_activated();
    let current = installation.store.current_activation().await?;
    if let Some(current) = &current
        && current.body.workflows == workflows
        && current.body.policies == policies
    {
        // CRASH: an activation that was recorded, and whose rows were not arranged, is mended by the next one or by `serve`.
        arrange(installation, &checked).await?;
        return Ok(Activated { entry: current.entry.clone(), changed: false, scheduled, gone: Vec::new() });
    }
    let before = current.iter().flat_map(|current| &current.body.workflows).map(|file| &file.path);
    let gone = before.filter(|path| !workflows.iter().any(|file| file.path == **path)).cloned().collect();
    let by = installation.asker().await?;
    let body = ActivationBody { workflows, policies, commit: commit_of(folder), by };
    let previous = current.map(|current| current.entry);
    let entry = installation.ledger.append_activation(&body, previous.as_ref(), blobs).await?;
    arrange(installation, &checked).await?;
    Ok(Activated { entry, changed: true, scheduled, gone })
}

/// The commit that the folder's files are of; `None` where there is no repository, or the files differ from it.
fn commit_of(folder: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let asked = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        asked.status.success().then(|| String::from_utf8_lossy(&asked.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=all", "--", "."])?;
    let commit = git(&["rev-parse", "--verify", "HEAD"])?;
    changed.is_empty().then_some(commit)
}
