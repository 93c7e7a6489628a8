//! From a trigger to a started run: snapshot, plan, and the first entry.

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_contract::ProbeAnswer;
use countersign_kernel::plan::{self, Adopting, Does, Persons, Plan, Recipe};
use countersign_kernel::run::bodies::{Stage, StartedBody, Trigger};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{
    Blob, Digest, Entry, EntryId, Fence, Journal as _, JournalError, Kind, ResourceName, RunId, StepId, Timestamp,
};
use serde_json::Value;

use super::ask::PROBE_TIME;
use super::seal::sealed_entry;
use super::{BeginError, Runner, json};
use crate::secrets::Sealed;
use crate::store::{ReadStoreError, StoredRun};

/// What asks for a run.
pub struct Request<'a> {
    /// The activated workflow.
    pub workflow: &'a Workflow,
    /// The activation that it comes from.
    pub activation: EntryId,
    /// Typed and complete.
    pub inputs: BTreeMap<String, Value>,
    /// Whom workflow and inputs name, with their opaque ids.
    pub persons: Persons,
    /// Why.
    pub trigger: Trigger,
    /// The plan that was looked at before, if one was.
    pub named: Option<Digest>,
    /// A secret that was made elsewhere, to be adopted.
    pub given: Option<Given>,
}

/// A secret that was made elsewhere.
pub struct Given {
    /// The file with it.
    pub path: PathBuf,
    /// Which version at the target it is.
    pub adopting: Adopting,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A run was started.
    Started(RunId),
    /// A request of the same key was made before: its run.
    Known(RunId),
    /// Another run holds the subject, or a place that this one needs.
    Coalesced(RunId),
}

impl Runner {
    /// The plan for a request. It makes no call that changes anything, writes nothing, opens no operator credential.
    ///
    /// # Errors
    /// When what is there cannot be read, or permits no plan.
    pub async fn plan(&self, request: &Request<'_>) -> Result<Plan, BeginError> {
        if request.workflow.subject.for_each.is_some() && request.given.is_none() {
            let all = self.inventory.survey(request.workflow, &request.inputs, &request.persons).await;
            let (all, manifests) = (all.map_err(BeginError::Inventory)?, self.catalog.manifests());
            return plan::each(request.workflow, request.trigger.kind, &request.inputs, all, &manifests)
                .map_err(BeginError::Plan);
        }
        let snapshot = self.inventory.snapshot(request.workflow, &request.inputs, &request.persons).await;
        let snapshot = snapshot.map_err(BeginError::Inventory)?;
        let manifests = self.catalog.manifests();
        if let Some(given) = &request.given {
            let versions =
                self.store.versions(&snapshot.subject.observation.resource).await.map_err(BeginError::Store)?;
            let left = versions.into_iter().filter(|row| row.stage == Stage::Pending).map(|row| row.id).collect();
            let adopting = Adopting { left, ..given.adopting.clone() };
            let planned = plan::import(request.workflow, &adopting, &request.inputs, &snapshot, &manifests);
            return planned.map_err(BeginError::Plan);
        }
        plan::plan(request.workflow, request.trigger.kind, &request.inputs, &snapshot, &manifests)
            .map_err(BeginError::Plan)
    }

    /// Plans, stores the plan, and starts the run that holds its resources.
    ///
    /// # Errors
    /// When the key stands for another request, no plan can be made, it is another than the named one, or the ledger
    /// does not take it.
    pub async fn begin(&self, request: Request<'_>) -> Result<Begun, BeginError> {
        let workflow = request.workflow.metadata.name.clone();
        if let Some(key) = &request.trigger.idempotency_key
            && let Some(known) = self.store.run_by_trigger(&workflow, key).await.map_err(BeginError::Store)?
        {
            self.confirm_same(&request, key, &known).await?;
            return Ok(Begun::Known(known.id));
        }
        // WHY: what a run under way has changed so far permits no plan; that it is under way is the answer.
        let subject = plan::subject_of(request.workflow, &request.inputs).map_err(BeginError::Plan)?;
        if let Some(holder) = self.store.holder(&subject).await.map_err(BeginError::Store)? {
            return Ok(Begun::Coalesced(holder));
        }
        // WHY: what keeps the run from beginning is in the database's rules, too; asked first, no target is looked at in vain.
        self.meets_brakes(request.workflow, &subject).await?;
        let plan = self.plan(&request).await?;
        let bytes = plan.to_bytes().map_err(BeginError::Canonical)?;
        let digest = Digest::of(&bytes);
        if let Some(named) = request.named.filter(|named| *named != digest) {
            return Err(BeginError::Drifted { named, now: digest });
        }
        let (team, service) = whose(&plan);
        let body = StartedBody {
            workflow,
            workflow_digest: request.workflow.digest,
            plan: digest,
            activation: request.activation,
            subject: plan.subject.resource.clone(),
            resources: plan.resources.clone(),
            trigger: request.trigger,
            team,
            service,
        };
        let given = match &request.given {
            Some(given) => self.taken_over(&plan, given).await?,
            None => None,
        };
        for (name, id) in &request.persons {
            self.ledger.store_person(id, name).await.map_err(BeginError::Journal)?;
        }
        let run = new_run_id(self.clock.now())?;
        let first = EntryId::of_run(&run, 0);
        let entry = Entry::new(first, Kind::Started, json(&body)).map_err(BeginError::Entry)?;
        let mut entries = vec![entry.with_blobs(vec![Blob::new(bytes)])];
        // CRASH: one commit: a run that adopts has what it was given, or does not exist.
        if let Some((step, sealed)) = given {
            let second = EntryId::of_run(&run, 1);
            entries.push(sealed_entry(second, step, sealed, true).map_err(BeginError::Entry)?);
        }
        match self.ledger.commit(Fence { run: run.clone(), epoch: 1 }, entries).await {
            Ok(stamped) => {
                if let Some(told) = &self.told {
                    // WHY: nobody listening is no fault of the run.
                    for entry in stamped {
                        let _ = told.send(entry);
                    }
                }
                Ok(Begun::Started(run))
            }
            Err(JournalError::Held { holder, .. }) => Ok(Begun::Coalesced(holder)),
            Err(error) => Err(BeginError::Journal(error)),
        }
    }

    /// Refuses what a brake or a limit keeps from beginning.
    async fn meets_brakes(&self, workflow: &Workflow, subject: &ResourceName) -> Result<(), BeginError> {
        let now = self.clock.now();
        let brakes = self.store.brakes(now).await.map_err(BeginError::Store)?;
        let refused = |brake, on, until| Err(BeginError::Journal(JournalError::Braked { brake, on, until }));
        if let Some(brake) = brakes.into_iter().find(|brake| brake.meets(subject, subject)) {
            return refused(brake.as_brake(), brake.scope.to_string(), brake.until);
        }
        if workflow.subject.for_each.is_some() {
            return Ok(());
        }
        let whose = (Some(workflow.metadata.team.as_str()), workflow.metadata.service.as_deref());
        match self.store.limit_reached(whose, subject, now).await.map_err(BeginError::Store)? {
            Some(reached) => refused(reached.brake, reached.on, reached.until),
            None => Ok(()),
        }
    }

    /// What is given, sealed as the version that the plan adopts; nothing where that is sealed already. First the target is
    /// asked, where the plan asks it.
    async fn taken_over(&self, plan: &Plan, given: &Given) -> Result<Option<(StepId, Sealed)>, BeginError> {
        let adopted = plan.moves.iter().find_map(|planned| match &planned.does {
            Does::Activate { version, .. } => Some(version),
            _ => None,
        });
        let Some(version) = adopted else { return Err(BeginError::NothingAdopted) };
        let sealed = self.maker.given(version, &given.path).map_err(BeginError::Given)?;
        // WHY: a version is adopted once: a slip of whoever gives the secret must not use it up.
        let asked = plan.moves.iter().find_map(|planned| match &planned.does {
            Does::Probe { probe, connector, expect, .. } => Some((probe, connector, expect)),
            _ => None,
        });
        if let Some((probe, instance, expect)) = asked {
            let material = self.opener.probe_material(version, &sealed.blob).map_err(BeginError::Open)?;
            let answer = self.ask_once(instance, probe, Some(material), PROBE_TIME).await;
            let answer = answer.ok_or_else(|| BeginError::NoSuchConnector(instance.clone()))?;
            // WHY: a target that gives no answer has not refused the secret.
            if answer.answer == ProbeAnswer::Unknown {
                return Err(BeginError::NotAsked { version: version.clone(), message: answer.message });
            }
            if answer.answer != *expect {
                return Err(BeginError::NotTaken { version: version.clone(), message: answer.message });
            }
        }
        let sealing =
            plan.moves.iter().find(|planned| matches!(planned.does, Does::Seal { recipe: Recipe::Given, .. }));
        if let Some(planned) = sealing {
            return Ok(Some((planned.step.clone(), sealed)));
        }
        // INVARIANT: inv:I3 a version is sealed once: what comes to be current is what was given first.
        let kept = self.store.version(version).await.map_err(BeginError::Store)?;
        match kept {
            Some(kept) if kept.fingerprint == sealed.fingerprint => Ok(None),
            _ => Err(BeginError::OtherSecret { version: version.clone() }),
        }
    }

    /// A key stands for one request: the plan that is named now, the inputs and the trigger are those of the run that it
    /// started.
    async fn confirm_same(&self, request: &Request<'_>, key: &str, known: &StoredRun) -> Result<(), BeginError> {
        let other = |what| Err(BeginError::KeyReused { key: key.to_owned(), run: known.id.clone(), what });
        if request.named.is_some_and(|named| named != known.plan) {
            return other("another plan");
        }
        let missing = |reason: String| BeginError::Store(ReadStoreError::Corrupt(reason));
        let bytes = self.store.blob(&known.plan).await.map_err(BeginError::Store)?;
        let bytes = bytes.ok_or_else(|| missing(format!("the bytes of plan {} are not stored", known.plan)))?;
        let plan = Plan::from_bytes(bytes.bytes()).map_err(|error| missing(error.to_string()))?;
        if plan.trigger != request.trigger.kind {
            return other("another trigger");
        }
        let first = self.store.entries_of_run(&known.id).await.map_err(BeginError::Store)?.into_iter().next();
        let started: Option<StartedBody> = first.and_then(|entry| entry.decode().ok());
        if started.is_some_and(|started| started.trigger.event != request.trigger.event) {
            return other("another event");
        }
        if plan.inputs != request.inputs {
            return other("other inputs");
        }
        Ok(())
    }
}

/// The team and the service that limits count a run for: none for one that has a run for each of many subjects.
pub(super) fn whose(plan: &Plan) -> (Option<String>, Option<String>) {
    if plan.moves.iter().any(|planned| matches!(planned.does, Does::Each { .. })) {
        return (None, None);
    }
    (Some(plan.workflow.team.clone()), plan.workflow.service.clone())
}

/// `r20261123-214512-7f3a9c2e01b4`: the second, and 48 random bits.
pub(super) fn new_run_id(now: Timestamp) -> Result<RunId, BeginError> {
    let mut random = [0_u8; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| BeginError::NoRandomness)?;
    let digits: String = now.to_string().chars().take(19).filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at(8.min(digits.len()));
    format!("r{day}-{time}-{:012x}", u64::from_be_bytes(random) >> 16).parse().map_err(|_| BeginError::NoRandomness)
}
