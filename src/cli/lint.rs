//! `countersign lint`: checks files, and draws what is wrong.

use std::path::PathBuf;

use countersign_kernel::diagnostic::{Diagnostic, Severity};
use serde_json::json;

use super::Stop;
use super::arguments::Lint;
use super::screen::Screen;
use super::stop::{BAD_INPUT, DONE};
use crate::catalog::Catalog;
use crate::folder::Folder;
use crate::known;
use crate::scheduler::FileSet;
use crate::settings::{Settings, SettingsError};

/// Checks the files as one set.
pub(super) fn lint(data: Option<PathBuf>, asked: &Lint, screen: &Screen) -> Result<u8, Stop> {
    let settings = settings(data, asked.settings.as_ref(), screen)?;
    let catalog = Catalog::of_manifests(&settings);
    let mut files = FileSet::default();
    for path in &asked.paths {
        files.extend(FileSet::read(path)?);
    }
    let count = files.workflows.len() + files.policies.len() + files.tests.len();
    let (found, refused) = match files.check(&known(&catalog)) {
        Ok(set) => (set.warnings, false),
        Err(found) => (found, true),
    };
    screen.document(&json!({"diagnostics": found}));
    tell(screen, &found, &files, count);
    Ok(if refused { BAD_INPUT } else { DONE })
}

fn tell(screen: &Screen, found: &[Diagnostic], files: &FileSet, count: usize) {
    if screen.json {
        return;
    }
    screen.diagnostics(found, &|path| files.text(path));
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    match errors {
        0 => screen.say(format!("{files}: no errors")),
        1 => screen.say(format!("{files}: 1 error")),
        _ => screen.say(format!("{files}: {errors} errors")),
    }
}

/// The named file, else the data folder's, else the defaults.
pub(super) fn settings(data: Option<PathBuf>, named: Option<&PathBuf>, screen: &Screen) -> Result<Settings, Stop> {
    if let Some(path) = named {
        return load(path, screen);
    }
    let folder = Folder::resolve(data).ok().and_then(|path| Folder::open(&path).ok());
    match folder {
        Some(folder) => load(&folder.settings_path(), screen),
        None => Settings::parse("the default settings", Settings::default_text())
            .map_err(|_| Stop::new(BAD_INPUT, "settings.invalid", "the default settings do not parse", "report this")),
    }
}

/// Settings from a file, with what is wrong in it drawn.
pub(super) fn load(path: &std::path::Path, screen: &Screen) -> Result<Settings, Stop> {
    Settings::load(path).map_err(|error| drawn(&error, screen))
}

/// What is wrong with settings, drawn.
pub(super) fn drawn(error: &SettingsError, screen: &Screen) -> Stop {
    match error {
        SettingsError::Invalid { text, found, .. } => {
            screen.document(&json!({"diagnostics": found}));
            if !screen.json {
                screen.diagnostics(found, &|_| Some(text.clone()));
            }
            Stop::told(BAD_INPUT, error.code())
        }
        SettingsError::Read { .. } => Stop::of(error.code(), error),
    }
}
