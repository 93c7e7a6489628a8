//! `countersign lint`: checks files, and tells what is wrong as a drawing, as JSON, as SARIF or as GitHub's commands.

mod github;
mod sarif;

use std::path::{Path, PathBuf};

use countersign_kernel::diagnostic::{Diagnostic, Severity};
use serde_json::json;

use super::Stop;
use super::arguments::{Format, Lint};
use super::screen::{Screen, called};
use super::stop::{BAD_INPUT, DONE};
use crate::catalog::Catalog;
use crate::folder::Folder;
use crate::known;
use crate::scheduler::FileSet;
use crate::settings::{Settings, SettingsError};

/// What checking found.
struct Checked {
    found: Vec<Diagnostic>,
    /// For drawing what is wrong in them.
    files: FileSet,
    /// The settings' path and text, where it is they that are wrong.
    settings: Option<(String, String)>,
    /// Why the command ends without success; `None` when everything is taken.
    refused: Option<&'static str>,
}

impl Checked {
    fn text(&self, path: &str) -> Option<String> {
        let settings = self.settings.as_ref().filter(|(named, _)| named == path);
        settings.map(|(_, text)| text.clone()).or_else(|| self.files.text(path))
    }

    /// The last line for a person.
    fn summary(&self) -> Option<String> {
        let count = self.files.workflows.len() + self.files.policies.len() + self.files.tests.len();
        let errors = self.found.iter().filter(|one| one.severity == Severity::Error).count();
        let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        self.settings.is_none().then(|| match errors {
            0 => format!("{files}: no errors"),
            1 => format!("{files}: 1 error"),
            _ => format!("{files}: {errors} errors"),
        })
    }
}

/// Checks the files as one set.
pub(super) fn lint(data: Option<PathBuf>, asked: &Lint, screen: &Screen) -> Result<u8, Stop> {
    let format = format(asked.format, screen.json)?;
    let screen = Screen { json: format == Format::Json, ..screen.clone() };
    let checked = match check(data, asked) {
        Ok(checked) => checked,
        Err(stop) => return Err(tell_stop(stop, format, &screen)),
    };
    match format {
        Format::Text => screen.diagnostics(&checked.found, &|path| checked.text(path)),
        Format::Json => screen.document(&json!({"diagnostics": checked.found})),
        Format::Sarif => Screen { json: true, ..screen.clone() }.document(&sarif::log(&checked.found, None)),
        Format::Github => checked.found.iter().for_each(|one| screen.say(github::command(one))),
    }
    if matches!(format, Format::Text | Format::Github) {
        checked.summary().iter().for_each(|line| screen.say(line));
    }
    if format == Format::Text && checked.refused.is_some() {
        screen.say(format!("what a code means: {} explain CODE", called()));
    }
    checked.refused.map_or(Ok(DONE), |code| Err(Stop::told(BAD_INPUT, code)))
}

/// The format that was asked for; `--json` is one of them.
fn format(asked: Option<Format>, json: bool) -> Result<Format, Stop> {
    match (asked, json) {
        (None | Some(Format::Json), true) => Ok(Format::Json),
        (Some(_), true) => {
            let help = "leave one of them out; `--json` is the same as `--format json`";
            Err(Stop::new(BAD_INPUT, "lint.formats", "`--json` and `--format` ask for different formats", help))
        }
        (asked, false) => Ok(asked.unwrap_or(Format::Text)),
    }
}

/// A message with its way out in a line of its own.
fn said(message: &str, help: Option<&str>) -> String {
    help.map_or_else(|| message.to_owned(), |help| format!("{message}\nhelp: {help}"))
}

/// Tells in the asked format why nothing was checked.
fn tell_stop(stop: Stop, format: Format, screen: &Screen) -> Stop {
    match format {
        Format::Text | Format::Github if stop.told => stop,
        Format::Github => {
            screen.say(github::stop(&stop));
            stop
        }
        Format::Sarif => {
            Screen { json: true, ..screen.clone() }.document(&sarif::log(&[], Some(&stop)));
            stop
        }
        Format::Json => {
            screen.stop(&stop);
            Stop { told: true, ..stop }
        }
        Format::Text => stop,
    }
}

fn check(data: Option<PathBuf>, asked: &Lint) -> Result<Checked, Stop> {
    let settings = match settings(data, asked.settings.as_deref()) {
        Ok(settings) => settings,
        Err(SettingsError::Invalid { path, text, found }) => {
            let settings = Some((path.display().to_string(), text));
            return Ok(Checked { found, files: FileSet::default(), settings, refused: Some("settings.invalid") });
        }
        Err(error @ SettingsError::Read { .. }) => return Err(Stop::of(error.code(), &error)),
    };
    let catalog = Catalog::of_manifests(&settings);
    let mut files = FileSet::default();
    for path in &asked.paths {
        files.extend(FileSet::read(path));
    }
    let (found, refused) = match files.check(&known(&catalog)) {
        Ok(set) => (set.warnings, None),
        Err(found) => (found, Some("set.refused")),
    };
    Ok(Checked { found, files, settings: None, refused })
}

/// The named file, else the data folder's, else the defaults.
pub(super) fn settings(data: Option<PathBuf>, named: Option<&Path>) -> Result<Settings, SettingsError> {
    if let Some(path) = named {
        return Settings::load(path);
    }
    let folder = Folder::resolve(data).ok().and_then(|path| Folder::open(&path).ok());
    let text = Settings::default_text();
    folder.map_or_else(
        || {
            let invalid =
                |found| SettingsError::Invalid { path: Settings::DEFAULTS.into(), text: text.to_owned(), found };
            Settings::parse(Settings::DEFAULTS, text).map_err(invalid)
        },
        |folder| Settings::load(&folder.settings_path()),
    )
}

/// Settings from a file, with what is wrong in it drawn.
pub(super) fn load(path: &Path, screen: &Screen) -> Result<Settings, Stop> {
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

#[cfg(test)]
mod tests;
