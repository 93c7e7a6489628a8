//! `uses`: one verb of the subject's connector.

use countersign_contract::Part;
use countersign_warrant::VersionId;
use serde_json::Value;

use super::super::PlanError;
use super::super::expand::Expansion;
use super::super::model::Does;
use super::super::snapshot::facts_of;
use crate::diagnostic::with_article;
use crate::workflow::model::{Step, UsesStep};

impl Expansion<'_> {
    /// Check, call; a version that is removed is retired. What cannot be taken back is a point of no return.
    ///
    /// The version in use is left alone: what ends it is a `rotate` or a `deprovision`, which know its place.
    pub(in crate::plan) fn uses(&mut self, step: &Step, wanted: &UsesStep) -> Result<(), PlanError> {
        let subject = self.subject.resource.clone();
        let manifest = self.manifest(subject.connector())?;
        let unfit = || PlanError::Unfit {
            connector: subject.connector().to_owned(),
            what: format!("call `{}` on {}", wanted.verb, with_article(&self.subject.kind)),
        };
        let verb = manifest.verb(&wanted.verb).ok_or_else(unfit)?;
        let parameters = self.declared(&wanted.parameters, &verb.parameters)?;
        let named = parameters.get("version").and_then(Value::as_str);
        let version: Option<VersionId> = match named {
            Some(text) => {
                Some(text.parse().map_err(|_| PlanError::IllegalName { what: "version", text: text.to_owned() })?)
            }
            None => None,
        };
        let reading = &self.snapshot.subject;
        if let Some(version) = &version {
            if version.subject != subject || reading.observation.slot_of(version).is_none() {
                return Err(PlanError::NoSuchVersion { subject, version: version.to_string() });
            }
            if reading.current.as_ref() == Some(version) {
                return Err(PlanError::VersionInUse { version: version.to_string() });
            }
        }
        let mut facts = facts_of(UsesStep::ACTION, reading, None);
        if self.moves.iter().any(|at| matches!(at.does, Does::Act(_))) {
            // WHY: these are others by then, by this very run; the target itself refuses what does not fit.
            facts.retain(|name, _| name != "slots");
        }
        let is_removed =
            manifest.kind(&self.subject.kind).and_then(|kind| kind.verb_for(Part::Retire)) == Some(verb.name);
        let mut does = self.on_subject(verb, parameters, None, false)?;
        if let Does::Act(act) = &mut does {
            act.pivot = act.undo.is_none();
        }
        self.push(step, "check", UsesStep::ACTION, Does::Check { facts })?;
        self.push(step, "call", UsesStep::ACTION, does)?;
        match version {
            Some(version) if is_removed => self.push(step, "retire", UsesStep::ACTION, Does::Retire { version }),
            _ => Ok(()),
        }
    }
}
