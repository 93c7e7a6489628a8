//! Who reads the version in use, and what becomes of it there.

use std::collections::BTreeSet;

use countersign_warrant::{ResourceName, VersionId};
use serde::{Deserialize, Serialize};

use super::{Does, Move, Plan, PlanError};

/// A place that the version in use was delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The place.
    pub sink: ResourceName,
    /// What it was given.
    pub version: VersionId,
    /// What becomes of it.
    pub then: Then,
}

/// What becomes of a version at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The plan does not touch it.
    Unchanged,
    /// The plan delivers the new one there.
    Renewed,
    /// The plan ends the subject, or what was given: whoever reads it there is refused from then on.
    Ended,
}

impl Plan {
    /// The places that a run of this plan delivers that version to.
    pub fn sinks_of(&self, version: &VersionId) -> BTreeSet<ResourceName> {
        let given = self.acts().filter(|(_, act)| act.call.materials.values().any(|given| given == version));
        given.map(|(_, act)| act.call.resource.clone()).filter(|sink| *sink != self.subject.resource).collect()
    }
}

/// What the moves do to the version in use, at each place that has it. `left` are those that the workflow lets go of.
///
/// # Errors
/// When it is replaced, and a place that has it gets no new one: whoever reads it there would find out by being refused.
pub(super) fn consumers(
    moves: &[Move],
    (current, sinks): (Option<&VersionId>, &BTreeSet<ResourceName>),
    left: &BTreeSet<ResourceName>,
) -> Result<Vec<Consumer>, PlanError> {
    let Some(version) = current else { return Ok(Vec::new()) };
    let replaces =
        |planned: &Move| matches!(&planned.does, Does::Activate { previous: Some(old), .. } if old == version);
    let ends = |planned: &Move| matches!(&planned.does, Does::StepDown { version: old } if old == version);
    let (is_replaced, is_ended) = (moves.iter().any(replaces), moves.iter().any(ends));
    let gets_new = |sink: &ResourceName| {
        let delivers = |planned: &Move| matches!(&planned.does, Does::Act(act) if act.call.resource == *sink);
        moves.iter().any(delivers)
    };
    let of_one = |sink: &ResourceName| {
        let then = match gets_new(sink) {
            true => Then::Renewed,
            false if is_replaced && !left.contains(sink) => {
                return Err(PlanError::ConsumerLeft { sink: sink.clone(), version: version.to_string() });
            }
            false if is_replaced || is_ended => Then::Ended,
            false => Then::Unchanged,
        };
        Ok(Consumer { sink: sink.clone(), version: version.clone(), then })
    };
    sinks.iter().map(of_one).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::fixture::{deprovision, files, local, rotate, snapshot};
    use crate::run::bodies::TriggerKind;
    use crate::workflow::model::{Leaving, Template, Workflow};

    /// The plan where the version in use was delivered to these places.
    fn planned(workflow: &Workflow, sinks: &[&str]) -> Result<Plan, PlanError> {
        let (local, files) = (local(), files());
        let manifests = BTreeMap::from([("local".to_owned(), &local), ("files".to_owned(), &files)]);
        let seen =
            crate::plan::Snapshot { sinks: sinks.iter().map(|sink| sink.parse().unwrap()).collect(), ..snapshot(1) };
        crate::plan::plan(workflow, TriggerKind::Request, &BTreeMap::new(), &seen, &manifests)
    }

    fn told(plan: &Plan) -> Vec<(&str, Then)> {
        plan.consumers.iter().map(|consumer| (consumer.sink.as_str(), consumer.then)).collect()
    }

    /// beh:D5 Whoever reads the old one gets the new one, or nothing is changed.
    #[test]
    fn beh_d5_nobody_is_left_with_a_secret_that_ends() {
        let mut workflow = rotate();
        let sink =
            planned(&workflow, &[]).unwrap().resources.into_iter().find(|one| one.connector() == "files").unwrap();
        let plan = planned(&workflow, &[sink.as_str()]).unwrap();
        assert_eq!(told(&plan), [(sink.as_str(), Then::Renewed)]);
        assert_eq!(Plan::from_bytes(&plan.to_bytes().unwrap()).unwrap(), plan);
        let both = [sink.as_str(), "files/client/old"];
        let left = planned(&workflow, &both).unwrap_err();
        assert_eq!(left.code(), "plan.consumer_left");
        assert!(left.to_string().contains("`files/client/old` was given `local/account/reporting@1`"), "{left}");
        let path = Template::Literal("old".into());
        let step = workflow.steps.iter_mut().find(|step| step.id.as_str() == "rotate").unwrap();
        step.leaves = vec![Leaving { connector: "files".to_owned(), place: "client".to_owned(), path }];
        let plan = planned(&workflow, &both).unwrap();
        assert_eq!(told(&plan), [("files/client/old", Then::Ended), (sink.as_str(), Then::Renewed)]);
    }

    #[test]
    fn an_end_says_who_is_refused_from_then_on() {
        let plan = planned(&deprovision(), &["files/client/reporting"]).unwrap();
        assert_eq!(told(&plan), [("files/client/reporting", Then::Ended)]);
    }
}
