//! The credentials that Countersign itself works with, looked at once more where subject and sinks have their names.

use super::PlanError;
use super::expand::Expansion;
use super::model::Does;
use crate::workflow::Whereabouts;

/// Refuses a plan that touches an own credential without saying so, or says so of another one; and one that would put
/// the new credential where Countersign does not look for it.
// INVARIANT: beh:R13 a run does not change the credential that it is using, unless its workflow is made for that.
pub(super) fn check(expansion: &Expansion<'_>) -> Result<(), PlanError> {
    let (subject, own) = (&expansion.subject, &expansion.snapshot.own);
    if subject.own {
        let Some(place) = own.get(&subject.resource) else {
            return Err(PlanError::NotOwn { subject: subject.resource.clone() });
        };
        if !is_delivered(expansion, place) {
            let (sink, field) = place.clone();
            return Err(PlanError::OwnElsewhere { subject: subject.resource.clone(), sink, field });
        }
        return Ok(());
    }
    let touched = |resource: &&countersign_warrant::ResourceName| {
        own.contains_key(*resource) || own.values().any(|(sink, _)| sink == *resource)
    };
    match expansion.resources.iter().find(touched) {
        Some(resource) => Err(PlanError::OwnCredential { resource: resource.clone() }),
        None => Ok(()),
    }
}

/// True when an act brings the new credential to that field.
fn is_delivered(expansion: &Expansion<'_>, place: &Whereabouts) -> bool {
    let (sink, field) = place;
    let field = format!("fields.{field}");
    expansion.moves.iter().any(|planned| match &planned.does {
        Does::Act(act) => act.call.resource == *sink && act.call.materials.contains_key(&field),
        _ => false,
    })
}
