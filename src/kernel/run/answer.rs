//! A run that needs a person, and the person's answer: go on, take back, or let go.

use countersign_warrant::{Finding, FindingBody, Kind, Stamped, VersionId};

use super::bodies::{ClosedBody, FactBody, PersonAnswer, RunOutcome, Wait, WaitBody};
use super::{Abandonment, DoneAct, Failure, Illegal, Run, State, Times};
use crate::plan::Does;

/// The code of a run that was taken back for an emergency.
pub(super) const GAVE_WAY: &str = "run.gave_way";

/// The code of a run whose undo needs a person.
pub(super) const UNDO_FAILED: &str = "run.undo_failed";

impl Run {
    /// True when the entry is a person's matter, in whatever state: whoever drives a run that cannot go on says so, and
    /// a person answers.
    pub(super) fn take_person(&mut self, entry: &Stamped, number: u64) -> Result<bool, Illegal> {
        if entry.kind != Kind::Wait || matches!(self.state, State::Closed(_) | State::Abandoning(_)) {
            return Ok(false);
        }
        let body: WaitBody = entry.decode()?;
        match body.wait {
            Wait::Person { code, message } if !matches!(self.state, State::Stuck { .. }) => {
                let before = Box::new(self.state.clone());
                self.state = State::Stuck { failure: Failure::new(code, message), before };
            }
            Wait::Answered { answer, by, reason } => {
                if let Some(why) = self.refusal(answer) {
                    return Err(Self::not_planned(entry, why));
                }
                if answer == PersonAnswer::GiveWay {
                    self.next = self.next.max(number + 1);
                    self.times.last_at = entry.at;
                    self.give_way();
                    return Ok(true);
                }
                // WHY: what was sealed for the auditor speaks of what had happened by then; it is sealed again. The steps
                // for a failure go on where they are: what failed is taken back, and is not made again.
                if !(answer == PersonAnswer::Resume && self.stood_in_handling()) {
                    self.cursor.at = self.stopped_at();
                }
                match answer {
                    PersonAnswer::Resume => self.resume(),
                    PersonAnswer::Undo => self.take_back(),
                    PersonAnswer::GiveWay => {}
                    PersonAnswer::Abandon => {
                        let open = self.open_intent().cloned().map(Box::new);
                        self.state = State::Abandoning(Abandonment { open, by, reason });
                    }
                }
            }
            _ => return Ok(false),
        }
        self.next = self.next.max(number + 1);
        // WHY: what a person thought about is not the step's time.
        self.times = Times { last_at: entry.at, step_at: entry.at, ..self.times };
        Ok(true)
    }

    /// Why the run cannot take that answer now, in words; `None` when it can.
    pub fn refusal(&self, answer: PersonAnswer) -> Option<String> {
        match (answer, &self.state) {
            (_, State::Closed(_)) => Some("the run is over".to_owned()),
            (_, State::Abandoning(_)) => Some("somebody has let go of the run already".to_owned()),
            (PersonAnswer::Abandon, _) | (PersonAnswer::Resume, State::Stuck { .. }) => None,
            (PersonAnswer::Resume, _) => Some("it needs nobody: the next command carries it on".to_owned()),
            (PersonAnswer::Undo, _) => self.undo_refusal(),
            (PersonAnswer::GiveWay, State::Stuck { .. }) => {
                Some("it needs a person already: answer that first".to_owned())
            }
            (PersonAnswer::GiveWay, State::Open(_)) => {
                Some("an intent of it has no answer yet, and the target is looked at first".to_owned())
            }
            (PersonAnswer::GiveWay, State::Undoing(_) | State::Ending(_)) => Some("it is ending already".to_owned()),
            (PersonAnswer::GiveWay, _) if self.times.is_pressed => Some("it has given way already".to_owned()),
            (PersonAnswer::GiveWay, _) => None,
        }
    }

    /// Gives way to an emergency (beh:R19): before the point of no return what was done is taken back; beyond it, or where
    /// something cannot be taken back, the run goes on to its end without waiting for anything but the target.
    fn give_way(&mut self) {
        if self.past_undo || self.is_handling() || self.done.iter().any(|done| !done.undoable && !done.undone) {
            self.times.is_pressed = true;
            let waits = matches!(self.current().map(|planned| &planned.does), Some(Does::Wait { .. }));
            if let (true, State::Waiting { until }) = (waits, &mut self.state) {
                *until = self.times.last_at;
            }
            return;
        }
        let failure = Failure::new(GAVE_WAY, "an emergency took its place");
        self.fail(Failure { by_person: true, ..failure });
    }

    fn undo_refusal(&self) -> Option<String> {
        if self.is_handling() || self.has_failed_twice() {
            return Some("it is in the steps for its failure: what failed is taken back already".to_owned());
        }
        if self.plan.is_import() {
            return Some("nothing was changed at the target, so there is nothing to take back".to_owned());
        }
        if matches!(self.state, State::Undoing(_)) {
            return Some("it is being taken back already: the next command carries it on".to_owned());
        }
        // INVARIANT: inv:I3 what came back is not taken back a second time.
        if matches!(self.stood(), State::Ending(Some(_))) && !self.past_undo {
            return Some("what it did is taken back already: only its end is left".to_owned());
        }
        if self.open_intent().is_some() {
            return Some(
                "an intent of it has no answer yet: resume it first, so that the target is looked at".to_owned(),
            );
        }
        let lasting = self.done.iter().rfind(|done| !done.undoable && !done.undone);
        if let Some(done) = lasting {
            return Some(format!("`{}` is done, and cannot be taken back", done.id));
        }
        let retired = self.passed().find_map(|does| match does {
            Does::Retire { version } => Some(version),
            _ => None,
        });
        if let Some(version) = retired {
            return Some(format!("`{version}` is retired, and does not come back"));
        }
        let left = self.done.iter().any(DoneAct::is_left_to_undo) || !self.pending.is_empty();
        if left || self.activated().next().is_some() { None } else { Some("nothing was done yet".to_owned()) }
    }

    /// Where it stands, or stood before it came to be stuck.
    fn stood(&self) -> &State {
        match &self.state {
            State::Stuck { before, .. } => before,
            other => other,
        }
    }

    /// True where it came to be stuck in the steps for its failure, before their end.
    fn stood_in_handling(&self) -> bool {
        self.is_handling() && !matches!(self.stood(), State::Ending(_) | State::Undoing(_))
    }

    /// The intent without an answer, also of a run that has come to be stuck over it.
    pub fn open_intent(&self) -> Option<&countersign_warrant::Intent> {
        match &self.state {
            State::Open(intent) => Some(intent),
            State::Stuck { before, .. } => match &**before {
                State::Open(intent) => Some(intent),
                _ => None,
            },
            State::Abandoning(Abandonment { open, .. }) => open.as_deref(),
            _ => None,
        }
    }

    /// Where it failed; the cursor while it has not. A failed run's cursor goes on to its finalisers.
    fn stopped_at(&self) -> usize {
        self.failure.as_ref().map_or(self.cursor.at, |failure| failure.at)
    }

    fn passed(&self) -> impl Iterator<Item = &Does> {
        self.plan.moves.iter().take(self.stopped_at()).map(|planned| &planned.does)
    }

    /// The versions that this run made current, with those that they replaced.
    pub(super) fn activated(&self) -> impl Iterator<Item = (&VersionId, Option<&VersionId>)> {
        self.passed().filter_map(|does| match does {
            Does::Activate { version, previous, .. } => Some((version, previous.as_ref())),
            _ => None,
        })
    }

    /// Goes on where it stopped: the failed move is made anew, after fresh observation and policy.
    fn resume(&mut self) {
        let State::Stuck { before, .. } = &self.state else { return };
        match &**before {
            State::Ending(Some(failure)) if failure.code == UNDO_FAILED => self.undo_anew(),
            State::Ending(Some(failure)) if self.needs_person(Some(failure)) => {
                let at = failure.at;
                if self.has_failed_twice() {
                    return self.handle_anew(at);
                }
                self.cursor.at = at;
                self.failure = None;
                self.cursor.refused = 0;
                self.arrive();
            }
            // What was taken back stays so: only its end is left.
            other => self.state = other.clone(),
        }
    }

    /// Takes back what was done, beyond the point of no return too: every act of it has its undo.
    fn take_back(&mut self) {
        let activated: Vec<VersionId> = self.activated().map(|(version, _)| version.clone()).collect();
        let anew = Failure { at: self.cursor.at, ..Failure::new("run.undone", "a person had it undone") };
        self.failure.get_or_insert(anew).by_person = true;
        // WHY: of a run that is undoing it is known already what is left.
        if !matches!(self.stood(), State::Undoing(_)) {
            self.pending.extend(activated);
        }
        self.undo_anew();
    }

    fn undo_anew(&mut self) {
        for done in &mut self.done {
            done.undos_lost = 0;
        }
        self.past_undo = false;
        let failure = self.failure.clone().unwrap_or_else(|| Failure::new("run.undone", "a person had it undone"));
        self.state = State::Undoing(failure);
        self.undo_or_end();
    }

    pub(super) fn take_abandoning(&mut self, abandonment: &Abandonment, entry: &Stamped) -> Result<(), Illegal> {
        match (entry.kind, &abandonment.open) {
            (Kind::Finding, Some(intent)) => {
                let body: FindingBody = entry.decode()?;
                if body.intent != intent.entry || !matches!(body.finding, Finding::Declared { .. }) {
                    return Err(Self::not_planned(entry, "the open intent is declared"));
                }
                self.state = State::Abandoning(Abandonment { open: None, ..abandonment.clone() });
                Ok(())
            }
            (Kind::Fact, None) => {
                let body: FactBody = entry.decode()?;
                self.take_finaliser(&body, entry)
            }
            (Kind::Closed, None) if self.finaliser_left().is_none() => {
                let body: ClosedBody = entry.decode()?;
                if body.outcome != RunOutcome::Abandoned {
                    return Err(Self::not_planned(entry, "it ends otherwise"));
                }
                self.state = State::Closed(body.outcome);
                Ok(())
            }
            _ => Err(self.not_now(entry)),
        }
    }

    /// What is true of a run that is let go of.
    pub(super) fn words_when_abandoned(&self) -> String {
        let stands: Vec<&str> = self.done.iter().filter(|done| !done.undone).map(|done| done.id.as_str()).collect();
        if self.plan.moves.iter().any(|planned| matches!(planned.does, Does::Each { .. })) {
            return "a person let go of it; the runs that it began for its subjects are runs of their own".to_owned();
        }
        let done = if stands.is_empty() { "nothing".to_owned() } else { stands.join(", ") };
        format!(
            "a person let go of it; done and standing: {done}; its versions stay sealed, and the next plan of {} looks \
             at the target first",
            self.plan.subject.resource
        )
    }
}
