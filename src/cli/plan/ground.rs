//! What a plan is made from: the activated files and what is there; other files and what is there; or files alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_kernel::plan::{self, LeftOut, Persons, Plan, PlanError, Snapshot};
use countersign_kernel::run::bodies::TriggerKind;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::Digest;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::cli::Stop;
use crate::cli::arguments::Plan as Asked;
use crate::cli::lint;
use crate::cli::screen::Screen;
use crate::cli::stop::BAD_INPUT;
use crate::folder::Folder;
use crate::inventory::Inventory;
use crate::scheduler::{Active, CheckedSet, FileSet};
use crate::serve::unknown_workflow;
use crate::store::Store;
use crate::{Reading, known};

/// Files, connectors, and where there is one the data folder.
pub(super) struct Ground {
    pub(super) set: CheckedSet,
    pub(super) catalog: Arc<Catalog>,
    /// `None` where nothing is looked at.
    reading: Option<Reading>,
    /// Where a plan of it can be run.
    pub(super) folder: Option<PathBuf>,
}

/// What is known of one workflow's subject, and who asks.
struct View {
    inputs: BTreeMap<String, Value>,
    /// Of the subject; of each that is there, where the workflow is for each.
    snapshots: Vec<Snapshot>,
    /// Of which there is none.
    unread: Vec<LeftOut>,
    person: String,
}

impl Ground {
    pub(super) async fn of(data: Option<PathBuf>, asked: &Asked, screen: &Screen) -> Result<Self, Stop> {
        if let (Some(files), Some(settings)) = (&asked.files, &asked.settings) {
            let catalog = Arc::new(Catalog::of_manifests(&lint::load(settings, screen)?));
            let set = checked(files, &catalog, screen)?;
            return Ok(Self { set, catalog, reading: None, folder: None });
        }
        let path = Folder::resolve(data)?;
        let reading = Reading::open(&path).await?;
        let settings = lint::load(&reading.folder.settings_path(), screen)?;
        let catalog = Catalog::for_reading(&settings, &reading.folder);
        let catalog = Arc::new(catalog?);
        if let Some(files) = &asked.files {
            let set = checked(files, &catalog, screen)?;
            return Ok(Self { set, catalog, reading: Some(reading), folder: None });
        }
        let active = Active::load(&reading.store, &known(&catalog)).await;
        Ok(Self { set: active?.set, catalog, reading: Some(reading), folder: Some(path) })
    }

    pub(super) fn workflow(&self, name: &str) -> Result<&Workflow, Stop> {
        self.set.workflows.get(name).ok_or_else(|| {
            if self.folder.is_some() {
                return unknown_workflow(name, &self.set).into();
            }
            let there: Vec<&str> = self.set.workflows.keys().map(String::as_str).collect();
            let help = format!("the files hold {}", there.join(", "));
            Stop::new(BAD_INPUT, "plan.unknown_workflow", format!("no file holds a workflow `{name}`"), help)
        })
    }

    /// The store with earlier plans.
    pub(super) fn store(&self) -> Result<&Store, Stop> {
        self.reading.as_ref().map(|reading| &reading.store).ok_or_else(|| {
            let help = "leave `--settings` out: the data folder has the plans that runs followed; or name a file with what \
                        `plan --json` printed";
            Stop::new(BAD_INPUT, "plan.nothing_kept", "there is no earlier plan to compare with", help)
        })
    }

    /// True where the subject was not looked at.
    pub(super) const fn is_assumed(&self) -> bool {
        self.reading.is_none()
    }

    /// The plan, and who asks for it.
    pub(super) async fn plan(
        &self,
        workflow: &Workflow,
        trigger: TriggerKind,
        given: &BTreeMap<String, String>,
    ) -> Result<(Plan, String), Stop> {
        let View { inputs, snapshots, unread, person } = self.look(workflow, given).await?;
        let manifests = self.catalog.manifests();
        // WHY: what is assumed of a subject is that the workflow means it.
        let mut assumed = workflow.clone();
        if let Some(each) = assumed.subject.for_each.as_mut().filter(|_| self.is_assumed()) {
            each.condition = None;
        }
        let planned = match snapshots.as_slice() {
            [only] if workflow.subject.for_each.is_none() => plan::plan(workflow, trigger, &inputs, only, &manifests),
            _ => plan::each(&assumed, trigger, &inputs, (snapshots, unread), &manifests),
        };
        match planned {
            Ok(planned) => Ok((planned, person)),
            Err(error) => Err(self.explained(workflow, &inputs, error).await),
        }
    }

    /// Why there is no plan; a run of our own that is under way on the subject is named.
    async fn explained(&self, workflow: &Workflow, inputs: &BTreeMap<String, Value>, error: PlanError) -> Stop {
        let subject = plan::subject_of(workflow, inputs).ok();
        let mut stop = Stop::from(error);
        if let (Some(reading), Some(subject)) = (&self.reading, subject)
            && let Ok(Some(run)) = reading.store.holder(&subject).await
        {
            stop.help = Some(format!("run {run} is under way on it, and changes it: see `countersign status {run}`"));
        }
        stop
    }

    async fn look(&self, workflow: &Workflow, given: &BTreeMap<String, String>) -> Result<View, Stop> {
        let Some(reading) = &self.reading else { return self.assume(workflow, given) };
        let persons = reading.persons(workflow, given)?;
        let inputs = plan::resolve_inputs(workflow, given, &persons)?;
        let inventory = Inventory::new(Arc::clone(&self.catalog), reading.store.clone());
        let (snapshots, unread) = if workflow.subject.for_each.is_some() {
            inventory.survey(workflow, &inputs, &persons).await?
        } else {
            (vec![inventory.snapshot(workflow, &inputs, &persons).await?], Vec::new())
        };
        Ok(View { inputs, snapshots, unread, person: reading.asker()? })
    }

    fn assume(&self, workflow: &Workflow, given: &BTreeMap<String, String>) -> Result<View, Stop> {
        let named = plan::persons_of(workflow, given).into_iter();
        let persons: Persons = named.map(|name| (name.clone(), stand_in(&name))).collect();
        let inputs = plan::resolve_inputs(workflow, given, &persons)?;
        let subject = match &workflow.subject.for_each {
            Some(_) => plan::subject_of(&plan::named(workflow, "assumed"), &inputs)?,
            None => plan::subject_of(workflow, &inputs)?,
        };
        let manifests = self.catalog.manifests();
        let kind = manifests.get(subject.connector()).and_then(|manifest| manifest.kind(subject.kind()));
        let Some(kind) = kind else {
            let message = format!("no connector of the settings has `{subject}`");
            return Err(Stop::new(BAD_INPUT, "plan.unfit", message, "name it in the settings"));
        };
        let assumed = plan::assumed(workflow, &subject, kind, &persons);
        let snapshot = Snapshot { own: self.catalog.own(), ..assumed };
        Ok(View { inputs, snapshots: vec![snapshot], unread: Vec::new(), person: stand_in("whoever asks") })
    }
}

/// Stands for a person where no data folder has a key for opaque ids.
fn stand_in(name: &str) -> String {
    let digest = Digest::of(name.as_bytes()).to_string();
    format!("p_{}", digest.get(..32).unwrap_or_default())
}

/// The files, checked; what is wrong with them is drawn.
fn checked(folder: &Path, catalog: &Catalog, screen: &Screen) -> Result<CheckedSet, Stop> {
    let files = FileSet::read(folder);
    files.check(&known(catalog)).map_err(|found| {
        screen.document(&json!({"diagnostics": found}));
        if !screen.json {
            screen.diagnostics(&found, &|path| files.text(path));
        }
        Stop::told(BAD_INPUT, "set.refused")
    })
}
