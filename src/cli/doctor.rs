//! `countersign doctor`: whether a folder, its keys, its store, its clock, its settings and its work are as they should be.
//!
//! It must never write: no lock is taken, no socket made, no folder of a place, and nothing is mended.
//!
//! Read first: [`Report`].

mod keys;
mod permissions;
mod room;
mod set;
mod settings;
mod work;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::Stop;
use super::arguments::Doctor;
use super::screen::{Screen, counted};
use super::stop::{DONE, FAILED};
use crate::Reading;
use crate::folder::{Folder, Held};

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    Warning,
    Fault,
}

impl Health {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "FAULT",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// `folder`, `store`, `keys`, `clock`, `settings`, `places`, `webhooks`, `set`, `socket`, `schedule`, `runs`.
    about: &'static str,
    health: Health,
    /// What is true.
    message: String,
    /// What to do; nothing where all is well.
    next: Option<String>,
}

/// What was found, in the order in which it was looked at.
#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, about: &'static str, message: impl Into<String>) {
        self.0.push(Finding { about, health: Health::Ok, message: message.into(), next: None });
    }

    fn warn(&mut self, about: &'static str, message: impl Into<String>, next: impl Into<String>) {
        self.0.push(Finding { about, health: Health::Warning, message: message.into(), next: Some(next.into()) });
    }

    fn fault(&mut self, about: &'static str, message: impl Into<String>, next: impl Into<String>) {
        self.0.push(Finding { about, health: Health::Fault, message: message.into(), next: Some(next.into()) });
    }

    /// What an error says, with its code, and where the way out is.
    fn stop(&mut self, about: &'static str, stop: &Stop) {
        let next = stop.help.clone().unwrap_or_else(|| format!("`countersign explain {}` says more", stop.code));
        self.fault(about, format!("{} [{}]", stop.message, stop.code), next);
    }

    fn count(&self, health: Health) -> usize {
        self.0.iter().filter(|one| one.health == health).count()
    }
}

/// Looks at everything.
pub(super) async fn doctor(data: Option<PathBuf>, asked: &Doctor, screen: &Screen) -> Result<u8, Stop> {
    if asked.print_policy {
        return permissions::print(data, screen);
    }
    let path = Folder::resolve(data)?;
    let mut report = Report::default();
    match Folder::open(&path) {
        Ok(folder) => examine(folder, &mut report).await,
        Err(error) => report.stop("folder", &error.into()),
    }
    tell(&path, &report, screen);
    Ok(if report.count(Health::Fault) > 0 { FAILED } else { DONE })
}

async fn examine(folder: Folder, report: &mut Report) {
    let held = room::examine(&folder, report);
    let settings = settings::load(&folder, report);
    let served = work::socket(&folder, held.as_ref(), report).await;
    // WHY: where somebody may write, the database is read as every reader reads it.
    let opened = match held {
        Some(Held::Free | Held::LeftBy(_)) => Reading::open_still(folder.clone()).await,
        _ => Reading::open(folder.root()).await,
    };
    let reading = match opened {
        Ok(reading) => reading,
        Err(error) => {
            report.stop("store", &error.into());
            if let Some(settings) = &settings {
                settings::examine(&folder, settings, report).await;
            }
            return;
        }
    };
    if !room::store(&reading, report).await {
        return;
    }
    keys::examine(&reading, report).await;
    room::clock(&reading, report).await;
    if let Some(settings) = &settings {
        settings::examine(&folder, settings, report).await;
        if let Some(active) = set::examine(&reading, settings, report).await {
            work::schedule(&reading, &active, served, report).await;
        }
    }
    work::runs(&reading, served, report).await;
    reading.store.close().await;
}

fn tell(path: &std::path::Path, report: &Report, screen: &Screen) {
    screen.document(&json!({
        "folder": path,
        "ok": report.count(Health::Fault) == 0,
        "faults": report.count(Health::Fault),
        "warnings": report.count(Health::Warning),
        "findings": report.0,
    }));
    screen.say_wrapped("data folder  ", &path.display().to_string());
    screen.say("");
    for finding in &report.0 {
        let first = format!("{:<8} {:<9} ", finding.health.word(), finding.about);
        screen.say_wrapped(&first, &finding.message);
        if let Some(next) = &finding.next {
            screen.say_wrapped(&format!("{:18} ", ""), &format!("next: {next}"));
        }
    }
    screen.say("");
    let warnings = counted(report.count(Health::Warning) as u64, "warning", "warnings");
    screen.say_wrapped(
        "",
        &match report.count(Health::Fault) {
            0 => format!("no fault, {warnings}; nothing was changed"),
            faults => format!("{}, {warnings}; nothing was changed", counted(faults as u64, "fault", "faults")),
        },
    );
}
