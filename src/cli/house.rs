//! What a command that only reads knows of a folder: what is stored, the set that is current, and whether somebody serves.
//!
//! Settings or a set that cannot be used hide nothing else: why they cannot is kept, and told.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_kernel::plan;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{ResourceName, Timestamp};
use serde_json::{Value, json};

use super::Stop;
use super::screen::Screen;
use super::stop::BAD_INPUT;
use crate::api::path_of;
use crate::catalog::Catalog;
use crate::clock::{Clock as _, SystemClock};
use crate::scheduler::{Active, defaults};
use crate::settings::Settings;
use crate::{OpenError, Reading, known};

/// A folder, looked at.
pub(super) struct House {
    pub(super) reading: Reading,
    /// The set that is current, or why it cannot be read.
    pub(super) active: Result<Active, Stop>,
    /// True where a process answers on the folder's socket.
    pub(super) served: bool,
    pub(super) now: Timestamp,
}

impl House {
    /// Looks at a folder. Nothing is written.
    pub(super) async fn look(path: &Path) -> Result<Self, Stop> {
        let reading = Reading::open(path).await?;
        let (found, known) = reading.store.schema().await?;
        if found < known {
            let text = format!("the database has schema {found}, of an older version; this one reads {known}");
            let help =
                "the next command that writes, such as `countersign run`, brings it up to date; nothing was changed";
            return Err(Stop::new(BAD_INPUT, "store.older", text, help));
        }
        let active = active(&reading).await;
        let served = tokio::net::UnixStream::connect(path_of(&reading.folder)).await.is_ok();
        Ok(Self { reading, active, served, now: SystemClock.now() })
    }

    /// The workflows of the current set, by name; none where it cannot be read.
    pub(super) fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.active.iter().flat_map(|active| active.set.workflows.values())
    }

    /// For a document: which activation is current, or why none can be read.
    pub(super) fn set_row(&self) -> Value {
        match &self.active {
            Ok(active) => json!({"activation": active.entry, "workflows": active.set.workflows.len()}),
            Err(stop) => json!({"error": {"code": stop.code, "message": stop.message}}),
        }
    }

    /// Says why the current set cannot be read, where it cannot.
    pub(super) fn tell_set(&self, screen: &Screen) {
        if let Err(stop) = &self.active {
            screen.say("");
            let text = format!(
                "{} [{}]: owners, windows and what falls due are not known; what is stored is shown",
                stop.message, stop.code
            );
            screen.say_wrapped("", &text);
        }
    }

    /// The workflow of that name, if it is current.
    pub(super) fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.active.as_ref().ok()?.set.workflows.get(name)
    }

    /// The subject that a workflow has when nobody gives it an input; `None` where somebody must.
    pub(super) fn subject_of(&self, workflow: &Workflow) -> Option<ResourceName> {
        let persons = self.reading.persons(workflow, &BTreeMap::new()).ok()?;
        plan::subject_of(workflow, &defaults(workflow, &persons).ok()?).ok()
    }
}

async fn active(reading: &Reading) -> Result<Active, Stop> {
    let settings = Settings::load(&reading.folder.settings_path()).map_err(OpenError::Settings)?;
    let catalog = Catalog::of_manifests(&settings);
    Ok(Active::load(&reading.store, &known(&catalog)).await?)
}
