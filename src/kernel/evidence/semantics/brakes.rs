//! What was kept from beginning, entry by entry: nothing may begin, and nothing be granted, where a brake was on.

use std::collections::BTreeMap;

use countersign_warrant::{ResourceName, Timestamp};

use super::Wrong;
use crate::run::bodies::{BrakeBody, BrakeKind, BrakeScope};

/// The brakes that are on.
#[derive(Default)]
pub(super) struct Brakes(BTreeMap<(BrakeScope, BrakeKind), Option<Timestamp>>);

impl Brakes {
    /// Takes an entry that sets or lifts one.
    pub(super) fn turn(&mut self, body: &BrakeBody) {
        let key = (body.scope.clone(), body.brake);
        if body.lifted {
            self.0.remove(&key);
        } else {
            self.0.insert(key, body.until);
        }
    }

    /// The fault of a run that began at `at` and holds the resource.
    pub(super) fn meets_run(&self, resource: &ResourceName, at: Timestamp) -> Option<Wrong> {
        self.met(&[resource], at, |_| true).map(|scope| ("run.braked", format!("nothing was to begin on {scope}")))
    }

    /// The fault of an intent on `resource` that was granted at `at` in a run of `subject`.
    pub(super) fn meets_intent(&self, resource: &ResourceName, subject: &ResourceName, at: Timestamp) -> Option<Wrong> {
        let met = self.met(&[resource, subject], at, |kind| kind != BrakeKind::Quarantined);
        met.map(|scope| ("intent.braked", format!("nothing was to be granted on {scope}")))
    }

    fn met(&self, names: &[&ResourceName], at: Timestamp, counts: impl Fn(BrakeKind) -> bool) -> Option<&BrakeScope> {
        let is_met = |scope: &BrakeScope| match scope {
            BrakeScope::All => true,
            BrakeScope::Connector(name) => names.first().is_some_and(|resource| resource.connector() == name),
            BrakeScope::Subject(name) => names.contains(&name),
        };
        let found = self
            .0
            .iter()
            .find(|((scope, kind), until)| counts(*kind) && until.is_none_or(|until| until > at) && is_met(scope));
        found.map(|((scope, _), _)| scope)
    }
}
