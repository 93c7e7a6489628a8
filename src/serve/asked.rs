//! What somebody asks of a workflow, and the request that it comes to under the set that is current.

use std::collections::BTreeMap;

use countersign_kernel::plan::{self, PlanError};
use countersign_kernel::run::bodies::{OWN_KEYS, PersonAnswer, Trigger, TriggerKind};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::Digest;

use crate::Installation;
use crate::runner::{Given, PersonsWord, Request};
use crate::scheduler::{Active, CheckedSet};

/// A request in the words of whoever makes it.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The workflow's name.
    pub workflow: String,
    /// Inputs, as texts.
    pub inputs: BTreeMap<String, String>,
    /// The event that is reported, where one starts the run.
    pub event: Option<String>,
    /// The plan that was looked at, and nothing else.
    pub plan: Option<Digest>,
    /// Two requests with one key are one run.
    pub idempotency_key: Option<String>,
    /// Whether it cannot wait: no window is kept, the policies for emergencies count, and a run under way gives way.
    pub emergency: bool,
}

/// Why a request comes to nothing. Nothing was started or changed.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The key is like those of runs that we start ourselves.
    #[error("keys that begin with `{0}` are of runs that Countersign starts itself")]
    OwnKey(&'static str),
    /// No such workflow is current.
    #[error("no workflow `{name}` is activated")]
    UnknownWorkflow {
        /// What was asked for.
        name: String,
        /// What is current.
        known: Vec<String>,
    },
    /// The workflow is not started by that event.
    #[error("workflow `{workflow}` takes no event `{event}`")]
    UnknownEvent {
        /// The workflow.
        workflow: String,
        /// What was reported.
        event: String,
        /// What starts it.
        taken: Vec<String>,
    },
    /// A secret is to be adopted for a workflow of many subjects.
    #[error("`{0}` is for each of many subjects")]
    AdoptsForEach(String),
    /// The inputs are not as the workflow wants them.
    #[error(transparent)]
    Inputs(#[from] PlanError),
}

impl AskError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OwnKey(_) => "run.own_key",
            Self::UnknownWorkflow { .. } => "run.unknown_workflow",
            Self::UnknownEvent { .. } => "run.unknown_event",
            Self::AdoptsForEach(_) => "adopt.for_each",
            Self::Inputs(source) => source.code(),
        }
    }

    /// What to do.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::OwnKey(_) => "give the request another idempotency key".to_owned(),
            Self::UnknownWorkflow { known, .. } => format!("activated are: {}", known.join(", ")),
            Self::UnknownEvent { taken, .. } if taken.is_empty() => {
                "leave `--event` out, or add `event` to its `on`".to_owned()
            }
            Self::UnknownEvent { taken, .. } => format!("it is started by {}", taken.join(", ")),
            Self::AdoptsForEach(_) => "a secret is adopted for the workflow that rotates its one subject".to_owned(),
            Self::Inputs(_) => return None,
        })
    }
}

/// The current workflow of that name.
///
/// # Errors
/// When there is none.
pub fn workflow_named<'a>(name: &str, set: &'a CheckedSet) -> Result<&'a Workflow, AskError> {
    set.workflows.get(name).ok_or_else(|| unknown_workflow(name, set))
}

/// That no workflow of that name is current.
pub fn unknown_workflow(name: &str, set: &CheckedSet) -> AskError {
    AskError::UnknownWorkflow { name: name.to_owned(), known: set.workflows.keys().cloned().collect() }
}

/// The trigger of an event that somebody reports.
///
/// # Errors
/// When the workflow is not started by it.
pub fn reported(event: &str, workflow: &Workflow) -> Result<TriggerKind, AskError> {
    let taken = &workflow.triggers.events;
    if taken.iter().any(|one| one == event) {
        return Ok(TriggerKind::Event);
    }
    let (workflow, event) = (workflow.metadata.name.clone(), event.to_owned());
    Err(AskError::UnknownEvent { workflow, event, taken: taken.clone() })
}

impl Asked {
    /// What a run is told that gives way to this emergency, by whoever has the opaque id `by`.
    pub fn pressing(&self, by: String) -> PersonsWord {
        let reason = format!("an emergency: `{}` was asked for", self.workflow);
        PersonsWord { answer: PersonAnswer::GiveWay, by, reason }
    }

    /// The request that this is, of whoever has the opaque id `asker`, under the set that is current. With `given`, the secret
    /// is adopted.
    ///
    /// # Errors
    /// When it asks for what is not there, or gives what is not taken.
    pub fn request<'a>(
        &self,
        installation: &Installation,
        active: &'a Active,
        asker: &str,
        given: Option<Given>,
    ) -> Result<Request<'a>, AskError> {
        let key = self.idempotency_key.as_deref();
        if let Some(own) = OWN_KEYS.into_iter().find(|own| key.is_some_and(|key| key.starts_with(own))) {
            return Err(AskError::OwnKey(own));
        }
        let workflow = workflow_named(&self.workflow, &active.set)?;
        if given.is_some() && workflow.subject.for_each.is_some() {
            return Err(AskError::AdoptsForEach(self.workflow.clone()));
        }
        let persons = installation.persons(workflow, &self.inputs);
        let inputs = plan::resolve_inputs(workflow, &self.inputs, &persons)?;
        let reported = self.event.as_ref().map(|event| reported(event, workflow)).transpose()?;
        let kind = match reported {
            _ if self.emergency => TriggerKind::Emergency,
            Some(kind) => kind,
            None => TriggerKind::Request,
        };
        let trigger = Trigger {
            kind,
            asked_by: Some(asker.to_owned()),
            idempotency_key: self.idempotency_key.clone(),
            event: self.event.clone(),
        };
        Ok(Request { workflow, activation: active.entry.clone(), inputs, persons, trigger, named: self.plan, given })
    }
}
