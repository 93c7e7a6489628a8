//! `deprovision`: the end of a subject, its secrets first (beh:N6).

use std::collections::BTreeMap;

use countersign_contract::Part;
use serde_json::json;

use super::super::PlanError;
use super::super::expand::Expansion;
use super::super::model::Does;
use super::shows_within_ms;
use crate::workflow::model::{DeprovisionStep, Step};

impl Expansion<'_> {
    /// Check, disable every live version, prove the current one dead, observe, remove (the pivot), step down, retire.
    pub(in crate::plan) fn deprovision(&mut self, step: &Step, wanted: DeprovisionStep) -> Result<(), PlanError> {
        let current = self.in_use()?;
        let dead = self.dead()?;
        self.check(step, None)?;
        let disable = self.verb_for(Part::Disable)?;
        let within_ms = shows_within_ms(disable);
        let slots = self.snapshot.subject.observation.slots.iter().filter(|slot| slot.enabled);
        let live: Vec<_> = slots.map(|slot| slot.version.clone()).collect();
        for (at, version) in live.into_iter().enumerate() {
            let Some(version) = version else {
                // WHY: what is not ours is not touched; a person must say whose it is.
                let subject = self.subject.resource.clone();
                return Err(PlanError::Drift { subject, current: current.to_string() });
            };
            let disable = self.verb_for(Part::Disable)?;
            let named = BTreeMap::from([("version".to_owned(), json!(version))]);
            let does = self.on_subject(disable, named, None, false)?;
            self.push(step, &format!("disable-{}", at + 1), "deprovision", does)?;
        }
        self.prove_dead(step, &dead, &current, within_ms)?;
        self.push(step, "observe", "deprovision", Does::Wait { ms: wanted.observe_ms })?;
        let remove = self.verb_for(Part::Deprovision)?;
        let does = self.on_subject(remove, BTreeMap::new(), None, true)?;
        self.push(step, "remove", "deprovision", does)?;
        self.push(step, "step-down", "deprovision", Does::StepDown { version: current.clone() })?;
        self.push(step, "retire", "deprovision", Does::Retire { version: current })
    }
}
