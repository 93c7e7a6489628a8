//! Failing: what was done is taken back, then the steps that the workflow has for this failure, then the end.

use super::waiting::WINDOW_CLOSED;
use super::{DoneAct, Failure, Run, State};
use crate::plan::Does;

impl Run {
    /// Leaves the plan: undo before the pivot, a person after it; the finalisers run in either case.
    pub(super) fn fail(&mut self, failure: Failure) {
        let left = self.done.iter().any(DoneAct::is_left_to_undo);
        let something_to_undo = left || !self.pending.is_empty();
        let failure = match &self.failure {
            // WHY: what went wrong first is why the run fails; what goes wrong after it is added.
            Some(first) => Failure { message: format!("{}; then {}", first.message, failure.message), ..first.clone() },
            None => failure,
        };
        let failure = Failure { at: self.cursor.at, ..failure };
        self.failure = Some(failure.clone());
        if !self.past_undo && something_to_undo {
            self.state = State::Undoing(failure);
        } else if self.past_undo {
            self.state = State::Ending(Some(failure));
        } else {
            self.handle(failure);
        }
    }

    /// Goes on with what the workflow has for the failure, or to the end. A denial is no failure, as nothing was begun, nor
    /// is a window that closed; and where a person has it taken back, the person says what is to be done.
    pub(super) fn handle(&mut self, failure: Failure) {
        let step = self.plan.moves.get(failure.at).filter(|at| at.on_failure.is_none()).map(|at| &at.step);
        let first = step
            .filter(|_| !failure.denied && !failure.by_person && failure.code != WINDOW_CLOSED)
            .and_then(|step| self.plan.moves.iter().position(|planned| planned.on_failure.as_ref() == Some(step)));
        match first {
            Some(at) => {
                self.cursor.at = at;
                self.cursor.refused = 0;
                self.times.step_at = self.times.last_at;
                self.arrive_after_failure();
            }
            None => self.state = State::Ending(Some(failure)),
        }
    }

    /// Settles at the next move for the failure, or at the end when there is none.
    pub(super) fn arrive_after_failure(&mut self) {
        let before = self.cursor.at.checked_sub(1).and_then(|at| self.plan.moves.get(at));
        let idle = |does: &Does| matches!(does, Does::Judge { covers, .. } if covers.is_empty());
        let owner = self.current().and_then(|planned| planned.on_failure.clone());
        let goes_on = owner.is_some()
            && before.is_some_and(|last| last.on_failure == owner || Some(&last.step) == owner.as_ref());
        if !goes_on {
            // What was for the failure is done: nobody is needed for it.
            self.past_undo = false;
            self.state = State::Ending(self.failure.clone());
            return;
        }
        if self.current().is_some_and(|planned| idle(&planned.does)) {
            self.cursor.at += 1;
            return self.arrive_after_failure();
        }
        self.state = State::Ready { judged: 0, refused: None };
    }

    /// True while the steps for a failure are made, and none of them has failed itself.
    pub(super) fn is_handling(&self) -> bool {
        let is_for_failure = self.current().is_some_and(|planned| planned.on_failure.is_some());
        is_for_failure && self.failure.as_ref().is_some_and(|failure| failure.at != self.cursor.at)
    }

    /// True where a step for a failure has failed itself.
    pub(super) fn has_failed_twice(&self) -> bool {
        let at = self.failure.as_ref().and_then(|failure| self.plan.moves.get(failure.at));
        at.is_some_and(|planned| planned.on_failure.is_some())
    }

    /// Makes the move for the failure anew that has failed itself.
    pub(super) fn handle_anew(&mut self, at: usize) {
        self.cursor.at = at;
        self.cursor.refused = 0;
        let owner = self.current().and_then(|planned| planned.on_failure.clone());
        let first = self.plan.moves.iter().rposition(|planned| Some(&planned.step) == owner.as_ref());
        if let (Some(failure), Some(first)) = (&mut self.failure, first) {
            failure.at = first;
        }
        self.state = State::Ready { judged: 0, refused: None };
    }
}
