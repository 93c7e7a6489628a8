//! Open: an intent has no closing answer yet.

use countersign_warrant::{
    Applied, Finding, FindingBody, Intent, Kind, Origin, Outcome, ReceiptBody, Stamped, StepId, Timestamp,
};
use serde_json::Value;

use super::answer::UNDO_FAILED;
use super::{ATTEMPTS_MAX, DoneAct, Failure, Illegal, Run, State};
use crate::plan::Does;
use crate::plan::hole::DELIVERED_AT;

impl Run {
    pub(super) fn take_open(&mut self, intent: &Intent, entry: &Stamped) -> Result<(), Illegal> {
        match entry.kind {
            Kind::Receipt => {
                let body: ReceiptBody = entry.decode()?;
                if body.intent != intent.entry {
                    return Err(Self::not_planned(entry, "it answers another intent"));
                }
                match body.outcome {
                    Outcome::Done(applied) => self.intent_applied(intent, applied, entry.at),
                    Outcome::Refused(refusal) => {
                        let rest = if refusal.class.may_pass() { self.rest_after(intent) } else { None };
                        match rest {
                            Some(ms) => self.state = State::Resting { ms },
                            None => self.intent_failed(intent, Failure::new(refusal.code, refusal.message)),
                        }
                    }
                    Outcome::Indeterminate(_) => {}
                }
                Ok(())
            }
            Kind::Finding => {
                let body: FindingBody = entry.decode()?;
                if body.intent != intent.entry {
                    return Err(Self::not_planned(entry, "it is about another intent"));
                }
                match body.finding {
                    Finding::Applied(applied) => self.intent_applied(intent, applied, entry.at),
                    Finding::NotApplied { .. } => self.intent_not_applied(intent),
                    Finding::Declared { .. } => {
                        let failure = Failure::new("run.declared", "a person closed the intent");
                        self.intent_failed(intent, failure);
                    }
                }
                Ok(())
            }
            // A version that the provider made during the attempt: kept, whatever becomes of the attempt.
            Kind::Version if intent.version_entry().as_ref() == Some(&entry.id) => Ok(()),
            _ => Err(self.not_now(entry)),
        }
    }

    fn intent_applied(&mut self, intent: &Intent, applied: Applied, at: Timestamp) {
        if let Origin::Undo(of) = &intent.origin {
            if let Some(done) = self.done.iter_mut().find(|done| done.intent == *of) {
                done.undone = true;
            }
            self.state = State::Undoing(self.failure_of_undo());
            self.undo_or_end();
            return;
        }
        let (pivot, undoable) = match self.current().map(|planned| &planned.does) {
            Some(Does::Act(act)) => (act.pivot, act.undo.is_some()),
            _ => (false, false),
        };
        self.done.push(DoneAct {
            id: intent.step.clone(),
            intent: intent.entry.clone(),
            undoable,
            undone: false,
            undos_lost: 0,
        });
        self.past_undo |= pivot;
        self.learn(applied.outputs);
        if pivot {
            self.learn([(DELIVERED_AT.to_owned(), Value::String(at.to_string()))]);
        }
        self.advance();
    }

    fn intent_failed(&mut self, intent: &Intent, failure: Failure) {
        if matches!(intent.origin, Origin::Undo(_)) {
            // A failed undo needs a person: the finalisers run, then the run is stuck.
            self.past_undo = true;
            let text = format!("undo of {}: {}", intent.step, failure.message);
            self.state = State::Ending(Some(Failure::new(UNDO_FAILED, text)));
        } else {
            self.fail(failure);
        }
    }

    /// How long to rest before the refused act is attempted again, in milliseconds; `None` when it is not.
    // beh:R11 only what may pass is tried again, and not for ever.
    fn rest_after(&mut self, intent: &Intent) -> Option<u64> {
        let undone = match &intent.origin {
            Origin::Undo(of) => Some(self.done.iter().position(|done| done.intent == *of)?),
            _ => None,
        };
        let id = undone.and_then(|at| self.done.get(at)).map_or(&intent.step, |done| &done.id);
        let retrying = self.retrying(id)?;
        let refused = match undone.and_then(|at| self.done.get_mut(at)) {
            Some(done) => &mut done.undos_lost,
            None => &mut self.cursor.refused,
        };
        if *refused >= retrying.times {
            return None;
        }
        *refused += 1;
        Some(retrying.rest_ms(*refused, self.id.as_str()))
    }

    /// How often one intent is attempted before the step counts as failed.
    fn attempts_max(&self, id: &StepId) -> u32 {
        self.retrying(id).map_or(ATTEMPTS_MAX, |retrying| retrying.times + 1)
    }

    fn intent_not_applied(&mut self, intent: &Intent) {
        if let Origin::Undo(of) = &intent.origin {
            let (mut lost, mut most) = (0, ATTEMPTS_MAX);
            let retrying = self.done.iter().find(|done| done.intent == *of).map(|done| done.id.clone());
            if let Some(done) = self.done.iter_mut().find(|done| done.intent == *of) {
                done.undos_lost += 1;
                lost = done.undos_lost;
            }
            if let Some(id) = retrying {
                most = self.attempts_max(&id);
            }
            if lost >= most {
                let text = format!("{lost} attempts were found not applied");
                self.intent_failed(intent, Failure::new("run.attempts_used_up", text));
            } else {
                self.state = State::Undoing(self.failure_of_undo());
            }
        } else if intent.attempt < self.attempts_max(&intent.step) {
            self.state = State::Retry(Box::new(intent.clone()));
        } else {
            let text = format!("{}: {} attempts were found not applied", intent.step, intent.attempt);
            self.fail(Failure::new("run.attempts_used_up", text));
        }
    }

    /// Why the run is undoing, while one of its undos is open.
    fn failure_of_undo(&self) -> Failure {
        self.failure.clone().unwrap_or_else(|| Failure::new("run.undone", "the run is being undone"))
    }
}
