//! From a workflow's steps to the plan's moves.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Manifest, Parameter, Part, Reversibility, Type, Verb};
use countersign_warrant::{Call, ResourceName, StepId, VersionId};
use serde_json::{Value, json};

use super::hole::{as_text, hole, join};
use super::model::{Act, Does, Move, PlannedSubject, Skipped};
use super::snapshot::Live;
use super::{PlanError, Snapshot};
use crate::diagnostic::with_article;
use crate::policy::{Circumstances, Condition, Facts, Subject, Term};
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{Delivery, Part as TextPart, Reference, Step, StepKind, Template, Workflow};
use crate::workflow::{do_meet, is_before, is_instant, may_follow};

/// The connector instances of this installation, by name.
pub type Manifests<'a> = BTreeMap<String, &'a Manifest>;

/// A plan in the making.
pub(super) struct Expansion<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) manifests: &'a Manifests<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) subject: PlannedSubject,
    pub(super) inputs: &'a BTreeMap<String, Value>,
    pub(super) trigger: TriggerKind,
    pub(super) versions: BTreeMap<StepId, VersionId>,
    pub(super) resources: BTreeSet<ResourceName>,
    pub(super) moves: Vec<Move>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) timeouts: BTreeMap<StepId, u64>,
    /// The places that the workflow lets go of: what they have is not renewed.
    pub(super) left: BTreeSet<ResourceName>,
}

impl Expansion<'_> {
    /// Expands every step, then lets each `policy` step cover the acts of its action on every way to which it
    /// stands.
    pub(super) fn expand(&mut self) -> Result<(), PlanError> {
        let workflow = self.workflow;
        for step in workflow.steps.iter().filter(|step| step.on_failure.is_none()) {
            if let Some(condition) = &step.when
                && !self.holds(step.id.as_str(), condition)?
            {
                self.skipped.push(Skipped { step: step.id.clone(), when: condition.as_str().to_owned() });
                continue;
            }
            self.expand_in_window(step)?;
            // WHY: right after it, so that the cursor of a run that failed there comes by, and then by what seals its evidence.
            let versions = self.versions.clone();
            for then in workflow.steps.iter().filter(|then| then.on_failure.as_ref() == Some(&step.id)) {
                self.versions.retain(|made_by, _| then.after.contains(made_by));
                self.expand_in_window(then)?;
            }
            self.versions = versions;
        }
        self.cover();
        self.prove_single()?;
        self.prove_apart()?;
        self.prove()
    }

    fn expand_in_window(&mut self, step: &Step) -> Result<(), PlanError> {
        // WHY: beh:R19 an emergency waits for no window; everything else of the plan is as always.
        let keeps_windows = self.trigger != TriggerKind::Emergency;
        if let (true, Some(windows)) = (step.kind.is_change() && keeps_windows, &self.workflow.windows) {
            let does = Does::Window { windows: windows.clone() };
            self.push(step, "window", step.kind.word(), does)?;
        }
        self.expand_one(step)
    }

    fn expand_one(&mut self, step: &Step) -> Result<(), PlanError> {
        self.timeouts.extend(step.timeout_ms.map(|ms| (step.id.clone(), ms)));
        for left in &step.leaves {
            let name = format!("{}/{}/{}", left.connector, left.place, as_text(&self.value(&left.path)));
            let sink = name.parse().map_err(|_| PlanError::IllegalName { what: "sink", text: name })?;
            self.left.insert(sink);
        }
        match &step.kind {
            StepKind::Policy(policy) => {
                let context = self.values(&policy.context);
                let does = Does::Judge { covers: Vec::new(), context };
                self.push(step, "judge", &policy.action, does)?;
            }
            StepKind::Provision(provision) => self.provision(step, provision)?,
            StepKind::Issue(issue) => self.issue(step, issue)?,
            StepKind::Reissue(issue) => self.reissue(step, issue)?,
            StepKind::Rotate(rotate) => self.rotate(step, rotate)?,
            StepKind::Deprovision(deprovision) => self.deprovision(step, *deprovision)?,
            StepKind::Revoke(revoke) => self.revoke(step, revoke)?,
            StepKind::Uses(uses) => self.uses(step, uses)?,
            StepKind::Check(check) => self.ask(step, check)?,
            StepKind::Wait(wait) => self.push(step, "pass", "wait", Does::Wait { ms: wait.ms })?,
            StepKind::Notify(notify) => {
                let does = Does::Notify { to: notify.to.clone(), text: self.value(&notify.text), on: notify.on };
                self.push(step, "tell", "notify", does)?;
            }
            StepKind::Evidence(evidence) => {
                let attach = evidence.attach.iter().map(|from| (from.to_string(), self.value_of(from))).collect();
                let does = Does::Evidence { attach, retain_secs: evidence.retain_secs };
                self.push(step, "bind", "evidence", does)?;
            }
        }
        Ok(())
    }

    /// Whether a step's condition holds, with what was known before any step.
    pub(super) fn holds(&self, step: &str, condition: &Condition) -> Result<bool, PlanError> {
        let wrong = |message: String| PlanError::Condition { step: step.to_owned(), message };
        let subject = &self.subject;
        let manifest = self.manifest(subject.resource.connector())?;
        let kind = manifest.kind(&subject.kind);
        let attributes = kind.map_or_else(|| Ok(BTreeMap::new()), |kind| Term::attributes(kind, &subject.attributes));
        let observed = &self.snapshot.subject;
        let live = Live::of(&observed.observation.slots);
        let circumstances = Circumstances {
            workflow: self.workflow.metadata.name.clone(),
            subject: Subject {
                resource: subject.resource.clone(),
                connector_type: subject.connector.clone(),
                tier: subject.tier.clone(),
                team: self.workflow.metadata.team.clone(),
                attributes: attributes.map_err(|error| wrong(error.to_string()))?,
            },
            trigger: self.trigger,
            inputs: super::question::terms(self.inputs),
            facts: Facts {
                exists: Some(observed.observation.exists),
                live_versions: Some(live.count),
                oldest_created_at: live.oldest_created_at,
                expires_at: observed.expires_at,
            },
        };
        condition.holds(&circumstances).map_err(wrong)
    }

    pub(super) fn push(&mut self, step: &Step, part: &str, action: &str, mut does: Does) -> Result<(), PlanError> {
        if let Does::Act(act) = &mut does {
            act.retry = step.retry;
        }
        let id = format!("{}.{part}", step.id);
        let id = id.parse().map_err(|_| PlanError::IllegalName { what: "step id", text: id })?;
        self.moves.push(Move {
            id,
            step: step.id.clone(),
            action: action.to_owned(),
            on_failure: step.on_failure.clone(),
            does,
        });
        Ok(())
    }

    fn cover(&mut self) {
        let judges: Vec<(usize, StepId, String)> = self.moves.iter().enumerate().filter_map(judge_of).collect();
        for (at, policy, action) in judges {
            let mut covered = Vec::new();
            for later in self.moves.iter_mut().skip(at) {
                if let Does::Act(act) = &mut later.does
                    && later.action == action
                    && stands_before(self.workflow, &policy, &later.step)
                {
                    act.covered_by.push(policy.clone());
                    covered.push(later.id.clone());
                }
            }
            if let Some(Does::Judge { covers, .. }) = self.moves.get_mut(at).map(|judge| &mut judge.does) {
                *covers = covered;
            }
        }
    }

    /// Refuses a plan in which a change comes after another one that it would rest on.
    fn prove_single(&self) -> Result<(), PlanError> {
        let planned = |step: &&Step| step.kind.is_change() && !self.skipped.iter().any(|left| left.step == step.id);
        let changes: Vec<&Step> = self.workflow.steps.iter().filter(planned).collect();
        for (at, later) in changes.iter().enumerate() {
            let mut before = changes.iter().take(at).filter(|earlier| is_before(earlier, later));
            if let Some(earlier) = before.find(|earlier| !may_follow(&earlier.kind, &later.kind)) {
                return Err(PlanError::SecondChange { step: later.id.to_string(), earlier: earlier.id.to_string() });
            }
        }
        Ok(())
    }

    /// Refuses a plan of which two deliveries meet in one sink: the later one would replace the earlier one, and no undo
    /// would find what it is to take back.
    fn prove_apart(&self) -> Result<(), PlanError> {
        let deliveries: Vec<(&StepId, &ResourceName)> = self
            .moves
            .iter()
            .filter_map(|planned| match &planned.does {
                Does::Act(act) if act.call.resource != self.subject.resource => Some((&planned.id, &act.call.resource)),
                _ => None,
            })
            .collect();
        for (at, (step, sink)) in deliveries.iter().copied().enumerate() {
            let mut before = deliveries.iter().take(at).map(|(_, earlier)| *earlier);
            if let Some(earlier) = before.find(|earlier| do_meet(earlier.as_str(), sink.as_str())) {
                let (step, sink, earlier) = (step.to_string(), sink.clone(), earlier.clone());
                return Err(PlanError::SameSink { step, sink, earlier });
            }
        }
        Ok(())
    }

    // INVARIANT: inv:I4 a plan with an uncovered act, or with an irreversible one before the pivot, does not exist.
    fn prove(&self) -> Result<(), PlanError> {
        let step_has_pivot_after = |at: usize, step: &StepId| {
            self.moves
                .iter()
                .skip(at + 1)
                .any(|later| later.step == *step && matches!(&later.does, Does::Act(act) if act.pivot))
        };
        for (at, planned) in self.moves.iter().enumerate() {
            let Does::Act(act) = &planned.does else { continue };
            if act.covered_by.is_empty() {
                return Err(PlanError::Uncovered { step: planned.id.to_string() });
            }
            if act.undo.is_none() && !act.pivot && step_has_pivot_after(at, &planned.step) {
                return Err(PlanError::IrreversibleBeforePivot { step: planned.id.to_string() });
            }
        }
        Ok(())
    }

    /// The next version of the subject, for this step.
    pub(super) fn next_version(&mut self, step: &Step) -> VersionId {
        let given = u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        let number = self.snapshot.subject.highest.saturating_add(given).saturating_add(1);
        let version = VersionId { subject: self.subject.resource.clone(), number };
        self.versions.insert(step.id.clone(), version.clone());
        version
    }

    pub(super) fn manifest(&self, instance: &str) -> Result<&Manifest, PlanError> {
        self.manifests.get(instance).copied().ok_or_else(|| PlanError::Unfit {
            connector: instance.to_owned(),
            what: "be found in the settings".to_owned(),
        })
    }

    /// The verb that plays `part` for the subject's kind.
    pub(super) fn verb_for(&self, part: Part) -> Result<&Verb, PlanError> {
        let instance = self.subject.resource.connector();
        let manifest = self.manifest(instance)?;
        let name = manifest.kind(&self.subject.kind).and_then(|kind| kind.verb_for(part));
        name.and_then(|name| manifest.verb(name)).ok_or_else(|| PlanError::Unfit {
            connector: instance.to_owned(),
            what: format!("{part:?} {}", with_article(&self.subject.kind)).to_lowercase(),
        })
    }

    /// An act with the undo that the verb's manifest names.
    pub(super) fn act(
        &self,
        verb: &Verb,
        instance: &str,
        resource: ResourceName,
        given: (BTreeMap<String, Value>, BTreeMap<String, VersionId>),
        pivot: bool,
    ) -> Result<Does, PlanError> {
        let (parameters, materials) = given;
        let call = Call {
            connector: instance.to_owned(),
            verb: verb.name.to_owned(),
            resource,
            parameters,
            materials,
            limits: verb.limits,
        };
        let undo = match verb.reversibility {
            Reversibility::Irreversible => None,
            Reversibility::UndoneBy(name) => Some(self.undo_of(&call, name)?),
        };
        Ok(Does::Act(Box::new(Act { call, undo, pivot, downtime: None, retry: None, covered_by: Vec::new() })))
    }

    /// The reverse call: what its verb declares, taken from the forward call; `version` is the forward material's.
    fn undo_of(&self, forward: &Call, name: &'static str) -> Result<Call, PlanError> {
        let manifest = self.manifest(&forward.connector)?;
        let verb = manifest.verb(name).ok_or_else(|| PlanError::Unfit {
            connector: forward.connector.clone(),
            what: format!("undo `{}`: it has no verb `{name}`", forward.verb),
        })?;
        let mut call =
            Call { verb: name.to_owned(), parameters: BTreeMap::new(), materials: BTreeMap::new(), ..forward.clone() };
        call.limits = verb.limits;
        for parameter in &verb.parameters {
            if let Some(value) = forward.parameters.get(parameter.name) {
                call.parameters.insert(parameter.name.to_owned(), value.clone());
            } else if let Some(version) = forward.materials.get(parameter.name) {
                call.materials.insert(parameter.name.to_owned(), version.clone());
            } else if parameter.name == "version"
                && let Some(version) = forward.materials.values().next()
            {
                call.parameters.insert("version".to_owned(), Value::String(version.to_string()));
            }
        }
        Ok(call)
    }

    /// The deliveries of a step; the last one is the pivot.
    pub(super) fn deliver(&mut self, step: &Step, deliveries: &[Delivery]) -> Result<(), PlanError> {
        for (at, delivery) in deliveries.iter().enumerate() {
            let path = as_text(&self.value(&delivery.path));
            let name = format!("{}/{}/{path}", delivery.connector, delivery.place);
            let resource: ResourceName =
                name.parse().map_err(|_| PlanError::IllegalName { what: "sink", text: name })?;
            let manifest = self.manifest(&delivery.connector)?;
            let verb = manifest
                .sink()
                .and_then(|kind| kind.verb_for(Part::Deliver))
                .and_then(|verb| manifest.verb(verb))
                .ok_or_else(|| PlanError::Unfit {
                    connector: delivery.connector.clone(),
                    what: "take deliveries".to_owned(),
                })?;
            let mut fields = serde_json::Map::new();
            let mut materials = BTreeMap::new();
            for (field, template) in &delivery.fields {
                match template {
                    Template::Whole(Reference::Output { step, secret: true, .. }) => {
                        if let Some(version) = self.versions.get(step) {
                            materials.insert(format!("fields.{field}"), version.clone());
                        }
                    }
                    public => {
                        fields.insert(field.clone(), self.value(public));
                    }
                }
            }
            let parameters = BTreeMap::from([("fields".to_owned(), Value::Object(fields))]);
            let pivot = at + 1 == deliveries.len();
            let does = self.act(verb, &delivery.connector, resource.clone(), (parameters, materials), pivot)?;
            self.resources.insert(resource);
            let part = if deliveries.len() == 1 { "deliver".to_owned() } else { format!("deliver-{}", at + 1) };
            self.push(step, &part, step.kind.word(), does)?;
        }
        Ok(())
    }

    /// The values of what a manifest declares. An instant that comes from elsewhere is one, or is not known yet.
    ///
    /// # Errors
    /// When it is something else: at the target, or before policy, it could only be refused.
    pub(super) fn declared(
        &self,
        templates: &BTreeMap<String, Template>,
        declared: &[Parameter],
    ) -> Result<BTreeMap<String, Value>, PlanError> {
        let values = self.values(templates);
        for parameter in declared.iter().filter(|parameter| parameter.kind == Type::Instant) {
            let (Some(Template::Whole(from)), Some(Value::String(text))) =
                (templates.get(parameter.name), values.get(parameter.name))
            else {
                continue;
            };
            if !is_instant(text) {
                return Err(PlanError::WrongValue {
                    from: from.to_string(),
                    given: text.chars().take(80).collect(),
                    name: parameter.name.to_owned(),
                    wanted: "an instant, such as `2027-03-01T00:00:00Z` or `+90d`",
                });
            }
        }
        Ok(values)
    }

    pub(super) fn values(&self, templates: &BTreeMap<String, Template>) -> BTreeMap<String, Value> {
        templates.iter().map(|(name, template)| (name.clone(), self.value(template))).collect()
    }

    /// A template's value; what is not known yet is a hole.
    pub(super) fn value(&self, template: &Template) -> Value {
        match template {
            Template::Literal(value) => value.clone(),
            Template::Person(name) => json!(self.snapshot.persons.get(name)),
            Template::Whole(reference) => self.value_of(reference),
            Template::Text(parts) => {
                let parts: Vec<Value> = parts
                    .iter()
                    .map(|part| match part {
                        TextPart::Text(text) => Value::String(text.clone()),
                        TextPart::Reference(reference) => self.value_of(reference),
                    })
                    .collect();
                if parts.iter().any(Value::is_object) {
                    join(&parts)
                } else {
                    Value::String(parts.iter().map(as_text).collect())
                }
            }
        }
    }

    fn value_of(&self, reference: &Reference) -> Value {
        match reference {
            Reference::Input(name) => self.inputs.get(name).cloned().unwrap_or(Value::Null),
            Reference::Subject(field) => Value::String(match field.as_str() {
                "connector" => self.subject.resource.connector().to_owned(),
                "kind" => self.subject.kind.clone(),
                "tier" => self.subject.tier.clone(),
                _ => self.subject.resource.name().to_owned(),
            }),
            Reference::Trigger(_) => Value::String(self.trigger.as_str().to_owned()),
            Reference::Output { step, .. } if self.skipped.iter().any(|skipped| skipped.step == *step) => Value::Null,
            Reference::Output { step, output, .. } if output == "version" => match self.versions.get(step) {
                Some(version) => Value::String(version.to_string()),
                None => hole(step, output),
            },
            Reference::Output { step, output, .. } => hole(step, output),
        }
    }
}

/// True when every way to the step passes `earlier`.
fn stands_before(workflow: &Workflow, earlier: &StepId, step: &StepId) -> bool {
    workflow.steps.iter().any(|other| other.id == *step && other.after.contains(earlier))
}

fn judge_of((at, planned): (usize, &Move)) -> Option<(usize, StepId, String)> {
    matches!(planned.does, Does::Judge { .. }).then(|| (at, planned.step.clone(), planned.action.clone()))
}
