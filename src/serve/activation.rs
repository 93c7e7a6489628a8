//! Making a set current: one entry, and the scheduler's rows after it.

use countersign_kernel::run::bodies::ActivationBody;
use countersign_warrant::EntryId;

use super::{ServeError, arrange};
use crate::Installation;
use crate::scheduler::{CheckedSet, FileSet};

/// A set that is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// The entry that made it so.
    pub entry: EntryId,
    /// False when it was current before.
    pub changed: bool,
    /// The workflows that a schedule or an expiry starts.
    pub by_clock: Vec<String>,
    /// The files of workflows that were current before, and are no more.
    pub gone: Vec<String>,
}

/// Makes exactly these files current, which were checked; `by` is the opaque id of who asks, `commit` the one of git that they
/// are of.
///
/// # Errors
/// When the ledger does not take the entry, or the rows cannot be arranged.
pub async fn activate(
    installation: &Installation,
    (files, checked): (&FileSet, &CheckedSet),
    by: String,
    commit: Option<String>,
) -> Result<Activated, ServeError> {
    let by_clock = checked.workflows.iter().filter(|(_, workflow)| {
        let triggers = &workflow.triggers;
        triggers.schedule.is_some() || triggers.expiry.is_some()
    });
    let by_clock = by_clock.map(|(name, _)| name.clone()).collect();
    let (workflows, policies, blobs) = files.to_activated();
    let current = installation.store.current_activation().await?;
    if let Some(current) = &current
        && current.body.workflows == workflows
        && current.body.policies == policies
    {
        // CRASH: an activation that was recorded, and whose rows were not arranged, is mended by the next one or by `serve`.
        arrange(installation, checked).await?;
        return Ok(Activated { entry: current.entry.clone(), changed: false, by_clock, gone: Vec::new() });
    }
    let before = current.iter().flat_map(|current| &current.body.workflows).map(|file| &file.path);
    let gone = before.filter(|path| !workflows.iter().any(|file| file.path == **path)).cloned().collect();
    let body = ActivationBody { workflows, policies, commit, by };
    let previous = current.map(|current| current.entry);
    let entry = installation.ledger.append_activation(&body, previous.as_ref(), blobs).await?;
    arrange(installation, checked).await?;
    Ok(Activated { entry, changed: true, by_clock, gone })
}
