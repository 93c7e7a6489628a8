//! `countersign activate`: makes exactly these files current, as one entry.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::Stop;
use super::arguments::Activate;
use super::owner::Owner;
use super::screen::{Screen, called};
use super::session::open;
use super::stop::{BAD_INPUT, DONE};
use crate::api::{Activation, MadeCurrent, NamedFile};
use crate::catalog::Catalog;
use crate::folder::Folder;
use crate::scheduler::{CheckedSet, FileSet, SetFile};
use crate::settings::Settings;
use crate::{Installation, known, serve};

/// Activates a folder: here, or by the process that serves the data folder.
pub(super) async fn activate(data: Option<PathBuf>, asked: &Activate, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    let made = if let Some(owner) = Owner::of(&path).await? {
        handed_over(&owner, &asked.folder, screen).await?
    } else {
        let installation = open(Some(path), "activate", screen).await?;
        let ended = within(&installation, &asked.folder, screen).await;
        installation.close().await;
        ended?
    };
    screen.document(&json!(made));
    let MadeCurrent { activation, changed, scheduled, gone } = made;
    screen.say(if changed {
        format!("activated {} as {activation}", asked.folder.display())
    } else {
        format!("{} is current already, as {activation}", asked.folder.display())
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

/// The folder's files, checked against these connectors; what is wrong is drawn.
fn checked(folder: &Path, catalog: &Catalog, screen: &Screen) -> Result<(FileSet, CheckedSet), Stop> {
    let files = FileSet::read(folder);
    match files.check(&known(catalog)) {
        Ok(checked) => Ok((files.below(folder), checked)),
        Err(found) => {
            screen.document(&json!({"diagnostics": found}));
            if !screen.json {
                screen.diagnostics(&found, &|path| files.text(path));
            }
            Err(Stop::told(BAD_INPUT, "set.refused"))
        }
    }
}

/// Hands the files over to the process that serves, which checks them again.
async fn handed_over(owner: &Owner, folder: &Path, screen: &Screen) -> Result<MadeCurrent, Stop> {
    let settings = Settings::load(&owner.reading.folder.settings_path());
    let settings = settings.map_err(|error| super::lint::drawn(&error, screen))?;
    let (files, _) = checked(folder, &Catalog::of_manifests(&settings), screen)?;
    let named = |files: Vec<SetFile>| {
        let text =
            |file: SetFile| NamedFile { text: String::from_utf8_lossy(&file.bytes).into_owned(), path: file.path };
        files.into_iter().map(text).collect()
    };
    let commit = commit_of(folder);
    owner.activate(&Activation { workflows: named(files.workflows), policies: named(files.policies), commit }).await
}

/// Checks the folder and makes it current.
pub(super) async fn within(installation: &Installation, folder: &Path, screen: &Screen) -> Result<MadeCurrent, Stop> {
    let (files, checked) = checked(folder, &installation.catalog, screen)?;
    let by = installation.asker().await?;
    let made = serve::activate(installation, (&files, &checked), by, commit_of(folder)).await?;
    Ok(made.into())
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
