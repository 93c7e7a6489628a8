//! `revoke`: a certificate is made known as one that is valid no more.

use std::collections::BTreeMap;

use countersign_contract::{Part, Probe, ProbeAnswer, REVOKED};
use countersign_warrant::VersionId;
use serde_json::{Value, json};

use super::super::PlanError;
use super::super::expand::Expansion;
use super::super::model::Does;
use super::super::snapshot::{SERIAL, facts_of};
use super::shows_within_ms;
use crate::workflow::model::{RevokeStep, Step};

impl Expansion<'_> {
    /// Check, revoke (the pivot: nothing takes it back), look whether others find it revoked; where no step of this plan
    /// has replaced it, its version steps down and is retired.
    ///
    /// It is the certificate that was in use when the plan was made, by its serial number: a step before this one may
    /// have put another in its place.
    pub(in crate::plan) fn revoke(&mut self, step: &Step, wanted: &RevokeStep) -> Result<(), PlanError> {
        let subject = self.subject.resource.clone();
        let reading = &self.snapshot.subject;
        let serial = reading.observation.attributes.get(SERIAL).and_then(Value::as_str).map(str::to_owned);
        let (Some(current), Some(serial)) = (reading.current.clone(), serial) else {
            return Err(PlanError::SubjectMissing { subject });
        };
        let is_replaced = !self.versions.is_empty();
        let mut facts = facts_of("revoke", reading, self.snapshot.issuers.get(&wanted.issuer));
        if is_replaced {
            // WHY: these are other ones by then, by this very run.
            facts.retain(|name, _| !["current", "expires_at", "serial"].contains(&name.as_str()));
        }
        self.push(step, "check", "revoke", Does::Check { facts })?;
        let verb = self.verb_for(Part::Revoke)?;
        let within_ms = shows_within_ms(verb);
        let issuer_key = self.issuer_version(&wanted.issuer)?;
        let parameters = BTreeMap::from([
            ("issuer".to_owned(), json!(wanted.issuer)),
            ("reason".to_owned(), json!(wanted.reason)),
            ("serial".to_owned(), json!(serial)),
        ]);
        let materials = BTreeMap::from([("issuer_key".to_owned(), issuer_key)]);
        let instance = subject.connector().to_owned();
        let does = self.act(verb, &instance, subject.clone(), (parameters, materials), true)?;
        self.push(step, "revoke", "revoke", does)?;
        let probe = Probe {
            name: REVOKED.to_owned(),
            subject,
            version: Some(current.clone()),
            parameters: BTreeMap::from([("serial".to_owned(), json!(serial))]),
        };
        let does = self.probe(instance, probe, ProbeAnswer::Accepted, within_ms)?;
        self.push(step, "see-revoked", "revoke", does)?;
        if is_replaced {
            return Ok(());
        }
        self.push(step, "step-down", "revoke", Does::StepDown { version: current.clone() })?;
        self.push(step, "retire", "revoke", Does::Retire { version: current })
    }

    /// Whether a step before this one has taken the version out of use.
    pub(super) fn steps_down(&self, version: &VersionId) -> bool {
        self.moves.iter().any(|at| matches!(&at.does, Does::StepDown { version: gone } if gone == version))
    }
}
