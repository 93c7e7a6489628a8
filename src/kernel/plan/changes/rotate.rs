//! `rotate`, by strategy: how the old and the new version live together (beh:R5).

use std::collections::BTreeMap;

use countersign_contract::{Part, Strategy, Verb};
use countersign_warrant::VersionId;
use serde_json::json;

use super::super::PlanError;
use super::super::expand::Expansion;
use super::super::model::{Does, Recipe};
use super::{secrets_of, shown, shows_within_ms};
use crate::diagnostic::with_article;
use crate::workflow::model::{RotateStep, Step, Verify};

impl Expansion<'_> {
    /// The moves of the strategy.
    pub(in crate::plan) fn rotate(&mut self, step: &Step, wanted: &RotateStep) -> Result<(), PlanError> {
        let old = self.rotatable(wanted.strategy)?;
        match wanted.strategy {
            Strategy::InPlace => self.rotate_in_place(step, wanted, old),
            Strategy::Alternating | Strategy::DualSlot | Strategy::Versioned | Strategy::Reissue => {
                self.rotate_side_by_side(step, wanted, old)
            }
        }
    }

    /// Check, seal, stage, verify, propagate where it is published, deliver (the pivot), activate, adopt, soak, disable,
    /// prove dead, remove where a slot must be freed, retire.
    fn rotate_side_by_side(&mut self, step: &Step, wanted: &RotateStep, old: VersionId) -> Result<(), PlanError> {
        let dead = self.dead()?;
        self.check(step, None)?;
        let new = self.seal(step, Recipe::of(&wanted.generate))?;
        let stage = self.verb_for(Part::Stage)?;
        let within_ms = shows_within_ms(stage);
        let does = self.on_subject(stage, shown(step, stage, &new), Some(&new), false)?;
        self.push(step, "stage", "rotate", does)?;
        self.take_over(step, wanted, (&new, &old), within_ms)?;
        self.push(step, "soak", "rotate", Does::Wait { ms: wanted.soak_ms })?;
        let named = BTreeMap::from([("version".to_owned(), json!(old))]);
        let disable = self.verb_for(Part::Disable)?;
        let within_ms = shows_within_ms(disable);
        let does = self.on_subject(disable, named.clone(), None, false)?;
        self.push(step, "disable", "rotate", does)?;
        self.prove_dead(step, &dead, &old, within_ms)?;
        if wanted.strategy != Strategy::Alternating {
            let remove = self.verb_for(Part::Retire)?;
            let does = self.on_subject(remove, named, None, false)?;
            self.push(step, "remove", "rotate", does)?;
        }
        self.push(step, "retire", "rotate", Does::Retire { version: old })
    }

    /// Check, seal, replace, verify, deliver (the pivot), activate, adopt, prove dead, retire.
    fn rotate_in_place(&mut self, step: &Step, wanted: &RotateStep, old: VersionId) -> Result<(), PlanError> {
        let dead = self.dead()?;
        self.check(step, None)?;
        let new = self.seal(step, Recipe::of(&wanted.generate))?;
        let replace = self.verb_for(Part::Replace)?;
        let within_ms = shows_within_ms(replace);
        let mut does = self.replacing(replace, &old, &new)?;
        if let Does::Act(act) = &mut does {
            act.downtime.clone_from(&wanted.downtime);
        }
        self.push(step, "replace", "rotate", does)?;
        self.take_over(step, wanted, (&new, &old), within_ms)?;
        self.prove_dead(step, &dead, &old, within_ms)?;
        self.push(step, "retire", "rotate", Does::Retire { version: old })
    }

    /// The new version in the place of the old one; the undo is the same the other way round, with the old material.
    // INVARIANT: inv:I3 the old version stays sealed until it is proven dead, so that it can be set again.
    fn replacing(&self, verb: &Verb, old: &VersionId, new: &VersionId) -> Result<Does, PlanError> {
        let of = |version: &VersionId| BTreeMap::from([("replaces".to_owned(), json!(version))]);
        let mut does = self.on_subject(verb, of(old), Some(new), false)?;
        if let Does::Act(act) = &mut does
            && let Some(undo) = &mut act.undo
        {
            undo.parameters = of(new);
            undo.materials = secrets_of(verb, old);
        }
        Ok(does)
    }

    /// Tries the new version, delivers it, makes it current, and waits until it is seen in use.
    fn take_over(
        &mut self,
        step: &Step,
        wanted: &RotateStep,
        (new, old): (&VersionId, &VersionId),
        within_ms: u64,
    ) -> Result<(), PlanError> {
        for (at, verify) in wanted.verify.iter().enumerate() {
            let does = self.verify(verify, new, within_ms)?;
            self.push(step, &format!("verify-{}", at + 1), "rotate", does)?;
        }
        if wanted.strategy == Strategy::Versioned {
            self.push(step, "propagate", "rotate", Does::Wait { ms: wanted.propagate_ms })?;
        }
        self.deliver(step, &wanted.distribute)?;
        let lifetime_secs = wanted.generate.lifetime_secs();
        let activate = Does::Activate { version: new.clone(), previous: Some(old.clone()), lifetime_secs, aged: None };
        self.push(step, "activate", "rotate", activate)?;
        self.adopt(step, &wanted.adopted, new)
    }

    // INVARIANT: beh:R9 only the target's own refusal proves that the old version is dead.
    pub(super) fn prove_dead(
        &mut self,
        step: &Step,
        dead: &Verify,
        old: &VersionId,
        within_ms: u64,
    ) -> Result<(), PlanError> {
        let does = self.verify(dead, old, within_ms)?;
        self.push(step, "prove-dead", step.kind.word(), does)
    }

    /// The current version, when the target agrees and has room for what the strategy does.
    fn rotatable(&self, strategy: Strategy) -> Result<VersionId, PlanError> {
        let current = self.in_use()?;
        let reading = &self.snapshot.subject;
        let subject = self.subject.resource.clone();
        let kind = self.manifest(subject.connector())?.kind(&self.subject.kind);
        let unfit = || PlanError::Unfit {
            connector: subject.connector().to_owned(),
            what: format!("rotate {} by `{}`", with_article(&self.subject.kind), strategy.as_str()),
        };
        let kind = kind.filter(|kind| kind.strategies.contains(&strategy)).ok_or_else(unfit)?;
        let slots = &reading.observation.slots;
        let live = match strategy {
            // It needs no further slot.
            Strategy::InPlace | Strategy::Reissue => 0,
            // A user whose version is disabled is the idle one, and is given the next.
            Strategy::Alternating => slots.iter().filter(|slot| slot.enabled).count(),
            Strategy::DualSlot | Strategy::Versioned => slots.len(),
        };
        match kind.slots {
            Some(slots) if live >= slots as usize => Err(PlanError::NoFreeSlot { subject, live, slots }),
            _ => Ok(current),
        }
    }

    /// The current version, when the target agrees.
    pub(super) fn in_use(&self) -> Result<VersionId, PlanError> {
        let reading = &self.snapshot.subject;
        let subject = self.subject.resource.clone();
        let Some(current) = reading.current.clone().filter(|_| reading.observation.exists) else {
            return Err(PlanError::SubjectMissing { subject });
        };
        if !reading.observation.slot_of(&current).is_some_and(|slot| slot.enabled) {
            return Err(PlanError::Drift { subject, current: current.to_string() });
        }
        Ok(current)
    }

    /// The question whose refusal proves a version dead.
    pub(in crate::plan) fn dead(&self) -> Result<Verify, PlanError> {
        Ok(Verify { probe: self.liveness()?.to_owned(), parameters: BTreeMap::<String, _>::new(), must_not: true })
    }

    /// The probe by which the subject's kind tells a working version from a dead one.
    fn liveness(&self) -> Result<&'static str, PlanError> {
        let instance = self.subject.resource.connector();
        let manifest = self.manifest(instance)?;
        let declared = manifest.kind(&self.subject.kind).and_then(|kind| kind.liveness);
        let authenticates = |name: &&str| manifest.probe(name).is_some_and(|probe| probe.needs_material);
        declared.filter(authenticates).ok_or_else(|| PlanError::Unfit {
            connector: instance.to_owned(),
            what: format!("prove a version of `{}` dead: the kind has no probe that authenticates", self.subject.kind),
        })
    }
}
