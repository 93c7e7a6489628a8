//! Ending: the finalisers that did not run yet, then the end; or a person, where the run cannot end by itself.

use countersign_warrant::{Kind, Stamped};

use super::bodies::{ClosedBody, FactBody, NOTICE, RunOutcome};
use super::{Failure, Illegal, Run, State};
use crate::plan::{Does, Move, Telling};

impl Run {
    pub(super) fn take_ending(&mut self, failure: Option<&Failure>, entry: &Stamped) -> Result<(), Illegal> {
        match entry.kind {
            Kind::Fact => {
                let body: FactBody = entry.decode()?;
                self.take_finaliser(&body, entry)
            }
            Kind::Closed => {
                let body: ClosedBody = entry.decode()?;
                if self.finaliser_left().is_some() || self.needs_person(failure) {
                    return Err(self.not_now(entry));
                }
                if body.outcome != self.outcome(failure) {
                    return Err(Self::not_planned(entry, "it ends otherwise"));
                }
                self.state = State::Closed(body.outcome);
                Ok(())
            }
            _ => Err(self.not_now(entry)),
        }
    }

    /// What the finaliser that is due says of itself.
    pub(super) fn take_finaliser(&mut self, body: &FactBody, entry: &Stamped) -> Result<(), Illegal> {
        match self.finaliser_left() {
            Some((at, planned)) if about(&planned.does) == body.about => {
                self.cursor.at = at + 1;
                Ok(())
            }
            _ => Err(self.not_now(entry)),
        }
    }

    /// The next move that has not run and runs however the run ends, with its place.
    pub(super) fn finaliser_left(&self) -> Option<(usize, &Move)> {
        let moves = self.plan.moves.iter().enumerate().skip(self.cursor.at);
        moves.into_iter().filter(|(_, planned)| planned.on_failure.is_none()).find(|(_, planned)| match &planned.does {
            Does::Evidence { .. } => true,
            Does::Notify { on, .. } => *on != Telling::Done,
            _ => false,
        })
    }

    /// True when only the finalisers and the end are left.
    pub const fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending(_) | State::Abandoning(_))
    }

    /// The step of the finaliser that is due.
    pub fn finaliser(&self) -> Option<countersign_warrant::StepId> {
        self.finaliser_left().map(|(_, planned)| planned.step.clone())
    }

    /// True when the run failed where nothing can be taken back.
    pub(super) fn needs_person(&self, failure: Option<&Failure>) -> bool {
        failure.is_some() && self.past_undo
    }

    /// How the run ends.
    pub(super) fn outcome(&self, failure: Option<&Failure>) -> RunOutcome {
        match failure {
            None => RunOutcome::Done,
            Some(failure) if failure.denied => RunOutcome::Denied,
            Some(_) if self.done.iter().any(|done| !done.undone) => RunOutcome::Handled,
            Some(_) if !self.done.is_empty() => RunOutcome::Undone,
            Some(_) => RunOutcome::Failed,
        }
    }
}

/// What a finaliser's fact is about.
const fn about(does: &Does) -> &'static str {
    match does {
        Does::Notify { .. } => NOTICE,
        _ => "evidence",
    }
}
