//! The change steps: each becomes its connector's verbs, in the order of its kind. The strategies of `rotate` are in
//! [`rotate`], the end of a subject in [`deprovision`], that of a certificate in [`revoke`],
//! a single verb in [`uses`].

mod deprovision;
mod revoke;
mod rotate;
mod uses;

use std::collections::BTreeMap;

use countersign_contract::{Part, Probe, ProbeAnswer, Verb};
use countersign_warrant::{ResourceName, VersionId};
use serde_json::{Value, json};

use super::PlanError;
use super::expand::Expansion;
use super::hole::{DELIVERED_AT, hole};
use super::model::{Does, Examine, Recipe};
use super::snapshot::facts_of;
use crate::workflow::model::{Adopted, CheckStep, IssueStep, Profile, ProvisionStep, Step, Verify};

impl Expansion<'_> {
    /// Check, seal, create, deliver (the pivot), activate.
    pub(super) fn provision(&mut self, step: &Step, wanted: &ProvisionStep) -> Result<(), PlanError> {
        if self.snapshot.subject.observation.exists {
            return Err(PlanError::SubjectExists { subject: self.subject.resource.clone() });
        }
        self.check(step, None)?;
        let version = self.seal(step, Recipe::of(&wanted.generate))?;
        let verb = self.verb_for(Part::Provision)?;
        let kind = self.manifest(self.subject.resource.connector())?.kind(&self.subject.kind);
        let mut attributes = self.declared(&wanted.attributes, kind.map_or(&[], |kind| kind.attributes))?;
        attributes.extend(shown(step, verb, &version));
        let does = self.on_subject(verb, attributes, Some(&version), false)?;
        self.push(step, "create", "provision", does)?;
        self.deliver(step, &wanted.distribute)?;
        let lifetime_secs = wanted.generate.lifetime_secs();
        self.push(step, "activate", "provision", Does::Activate { version, previous: None, lifetime_secs, aged: None })
    }

    /// The same as an issuance, of what has a certificate already (beh:R5): the old one is left to its own end.
    pub(super) fn reissue(&mut self, step: &Step, wanted: &IssueStep) -> Result<(), PlanError> {
        let reading = &self.snapshot.subject;
        if reading.current.is_none() || !reading.observation.exists {
            return Err(PlanError::SubjectMissing { subject: self.subject.resource.clone() });
        }
        self.issue(step, wanted)
    }

    /// Check, seal, sign, examine, deliver (the pivot), activate, adopt; the replaced version is retired.
    pub(super) fn issue(&mut self, step: &Step, wanted: &IssueStep) -> Result<(), PlanError> {
        let action = step.kind.word();
        let previous = self.snapshot.subject.current.clone().filter(|current| !self.steps_down(current));
        self.check(step, wanted.issuer.as_ref())?;
        let common_name = wanted.common_name.clone();
        let recipe = Recipe::KeyPair { algorithm: wanted.key, common_name: common_name.clone() };
        let version = self.seal(step, recipe)?;
        let issuer_key = match &wanted.issuer {
            None => version.clone(),
            Some(issuer) => self.issuer_version(issuer)?,
        };
        let verb = self.verb_for(Part::Issue)?;
        let mut parameters = BTreeMap::from([
            ("request".to_owned(), hole(&step.id, "request")),
            ("profile".to_owned(), json!(wanted.profile)),
            ("names".to_owned(), json!(wanted.names)),
            ("lifetime_secs".to_owned(), json!(wanted.lifetime_secs)),
        ]);
        if let Some(name) = &common_name {
            parameters.insert("common_name".to_owned(), json!(name));
        }
        if let Some(issuer) = &wanted.issuer {
            parameters.insert("issuer".to_owned(), json!(issuer));
        }
        let mut materials = secrets_of(verb, &issuer_key);
        materials.insert("issuer_key".to_owned(), issuer_key);
        let resource = self.subject.resource.clone();
        let instance = resource.connector().to_owned();
        let does = self.act(verb, &instance, resource, (parameters, materials), false)?;
        self.push(step, "sign", action, does)?;
        let examine = Examine {
            version: version.clone(),
            profile: wanted.profile,
            common_name,
            names: wanted.names.clone(),
            lifetime_secs: wanted.lifetime_secs,
            key: wanted.key,
            issuer: wanted.issuer.clone(),
            renew_at: self.workflow.triggers.expiry,
        };
        self.push(step, "examine", action, Does::Examine(Box::new(examine)))?;
        self.deliver(step, &wanted.distribute)?;
        let activate =
            Does::Activate { version: version.clone(), previous: previous.clone(), lifetime_secs: None, aged: None };
        self.push(step, "activate", action, activate)?;
        self.adopt(step, &wanted.adopted, &version)?;
        match previous {
            // A replaced issuer's key stays sealed: what it signed is still in use.
            Some(old) if wanted.profile != Profile::Ca => {
                self.push(step, "retire", action, Does::Retire { version: old })
            }
            _ => Ok(()),
        }
    }

    /// A question about the version that is current when the step runs.
    pub(super) fn ask(&mut self, step: &Step, check: &CheckStep) -> Result<(), PlanError> {
        let look = &check.look;
        let spec = self.manifest(&look.connector)?.probe(&look.probe);
        let needs_material = spec.is_some_and(|probe| probe.needs_material);
        let parameters = self.declared(&look.parameters, spec.map_or(&[], |spec| spec.parameters))?;
        let made = self.versions.values().max_by_key(|version| version.number).cloned();
        let version = made.or_else(|| self.snapshot.subject.current.clone());
        if needs_material && version.is_none() {
            return Err(PlanError::SubjectMissing { subject: self.subject.resource.clone() });
        }
        let probe = Probe { name: look.probe.clone(), subject: self.subject.resource.clone(), version, parameters };
        let expect = if check.must_refuse { ProbeAnswer::Refused } else { ProbeAnswer::Accepted };
        let does = self.probe(look.connector.clone(), probe, expect, look.within_ms)?;
        self.push(step, "ask", "check", does)
    }

    pub(super) fn check(&mut self, step: &Step, issuer: Option<&ResourceName>) -> Result<(), PlanError> {
        let issuer = issuer.and_then(|issuer| self.snapshot.issuers.get(issuer));
        let action = step.kind.word();
        let facts = facts_of(action, &self.snapshot.subject, issuer);
        self.push(step, "check", action, Does::Check { facts })
    }

    pub(super) fn seal(&mut self, step: &Step, recipe: Recipe) -> Result<VersionId, PlanError> {
        let version = self.next_version(step);
        self.push(step, "seal", step.kind.word(), Does::Seal { version: version.clone(), recipe })?;
        Ok(version)
    }

    pub(super) fn issuer_version(&self, issuer: &ResourceName) -> Result<VersionId, PlanError> {
        self.snapshot
            .issuers
            .get(issuer)
            .filter(|reading| reading.observation.exists)
            .and_then(|reading| reading.current.clone())
            .ok_or_else(|| PlanError::IssuerMissing { issuer: issuer.clone() })
    }

    /// A verb on the subject; its secret parameters take `version`.
    pub(super) fn on_subject(
        &self,
        verb: &Verb,
        parameters: BTreeMap<String, Value>,
        version: Option<&VersionId>,
        pivot: bool,
    ) -> Result<Does, PlanError> {
        let resource = self.subject.resource.clone();
        let instance = resource.connector().to_owned();
        let materials = version.map(|version| secrets_of(verb, version)).unwrap_or_default();
        self.act(verb, &instance, resource, (parameters, materials), pivot)
    }

    pub(super) fn verify(&self, verify: &Verify, version: &VersionId, within_ms: u64) -> Result<Does, PlanError> {
        let instance = self.subject.resource.connector().to_owned();
        let spec = self.manifest(&instance)?.probe(&verify.probe);
        let probe = Probe {
            name: verify.probe.clone(),
            subject: self.subject.resource.clone(),
            version: Some(version.clone()),
            parameters: self.declared(&verify.parameters, spec.map_or(&[], |spec| spec.parameters))?,
        };
        let expect = if verify.must_not { ProbeAnswer::Refused } else { ProbeAnswer::Accepted };
        self.probe(instance, probe, expect, within_ms)
    }

    pub(super) fn adopt(&mut self, step: &Step, adopted: &[Adopted], version: &VersionId) -> Result<(), PlanError> {
        for (at, seen) in adopted.iter().enumerate() {
            let spec = self.manifest(&seen.connector)?.probe(&seen.probe);
            let wanted = spec.map_or(&[] as &[_], |spec| spec.parameters);
            let mut parameters = self.declared(&seen.parameters, wanted)?;
            // WHY: a probe that can be asked about this very delivery is asked about it.
            for (name, output) in [("sha256", "sha256"), ("since", DELIVERED_AT)] {
                if wanted.iter().any(|one| one.name == name) && !parameters.contains_key(name) {
                    parameters.insert(name.to_owned(), hole(&step.id, output));
                }
            }
            let probe = Probe {
                name: seen.probe.clone(),
                subject: self.subject.resource.clone(),
                version: Some(version.clone()),
                parameters,
            };
            let does = self.probe(seen.connector.clone(), probe, ProbeAnswer::Accepted, seen.within_ms)?;
            self.push(step, &format!("adopt-{}", at + 1), step.kind.word(), does)?;
        }
        Ok(())
    }

    pub(super) fn probe(
        &self,
        connector: String,
        probe: Probe,
        expect: ProbeAnswer,
        within_ms: u64,
    ) -> Result<Does, PlanError> {
        let with_material = self.manifest(&connector)?.probe(&probe.name).map(|spec| spec.needs_material);
        let with_material = with_material.ok_or_else(|| PlanError::Unfit {
            connector: connector.clone(),
            what: format!("run the probe `{}`", probe.name),
        })?;
        Ok(Does::Probe { probe, connector, expect, within_ms, with_material })
    }
}

/// How long the verb's effect may take to show at its target, in milliseconds: an attempt's time and its lateness. So
/// long an answer may still be that of before, or none.
pub(super) const fn shows_within_ms(verb: &Verb) -> u64 {
    verb.limits.duration_ms.saturating_add(verb.limits.lateness_ms)
}

/// What a verb is told of a new version, where it asks for it, instead of its secret: which one it is, and the request
/// that shows its public half.
pub(super) fn shown(step: &Step, verb: &Verb, version: &VersionId) -> BTreeMap<String, Value> {
    let takes = |name: &str| verb.parameters.iter().any(|parameter| parameter.name == name && !parameter.secret);
    let all = [("request", hole(&step.id, "request")), ("version", json!(version))];
    all.into_iter().filter(|(name, _)| takes(name)).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The version for each secret parameter of the verb.
pub(super) fn secrets_of(verb: &Verb, version: &VersionId) -> BTreeMap<String, VersionId> {
    let secret = verb.parameters.iter().filter(|parameter| parameter.secret);
    secret.map(|parameter| (parameter.name.to_owned(), version.clone())).collect()
}
