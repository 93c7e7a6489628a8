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
    let replaces = |planned: &Move| matches!(&planned.does, Does::Activate { previous: Some(old), .. } if old == version);
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
