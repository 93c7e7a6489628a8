//! Waiting: a durable wait, which holds no task and no connection; that of a step, or the one before another attempt.

use countersign_warrant::{Kind, Stamped, StepId, Timestamp};
use serde_json::Value;

use super::bodies::{FactBody, TIMEOUT, WINDOW, Wait, WaitBody};
use super::{Failure, Illegal, Run, State};
use crate::plan::{Does, Retrying};
use crate::schedule::Windows;

/// The code of a run that came too late for its windows.
pub(super) const WINDOW_CLOSED: &str = "run.window_closed";

impl Run {
    pub(super) fn take_waiting(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        if is_timeout(entry)? {
            return self.take_timeout(entry);
        }
        if entry.kind != Kind::Wait {
            return Err(self.not_now(entry));
        }
        let body: WaitBody = entry.decode()?;
        if body.wait != Wait::Over {
            return Err(self.not_now(entry));
        }
        match (&self.failure, self.current().map(|planned| &planned.does)) {
            (Some(failure), _) if !self.is_handling() => self.state = State::Undoing(failure.clone()),
            (_, Some(Does::Wait { .. })) => self.advance(),
            (_, _) => self.state = State::Ready { judged: 0, refused: None },
        }
        Ok(())
    }

    pub(super) fn take_resting(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        if is_timeout(entry)? {
            return self.take_timeout(entry);
        }
        if entry.kind != Kind::Wait {
            return Err(self.not_now(entry));
        }
        let body: WaitBody = entry.decode()?;
        let Wait::Until { at } = body.wait else { return Err(self.not_now(entry)) };
        self.state = State::Waiting { until: at };
        Ok(())
    }

    /// How the act of that move is attempted again.
    pub(super) fn retrying(&self, id: &StepId) -> Option<Retrying> {
        match &self.plan.find(id)?.does {
            Does::Act(act) => act.retry,
            _ => None,
        }
    }

    /// When the step at hand has taken too long; `None` where its workflow says nothing of it, while it is undone, while a
    /// call of it has no answer, and while it waits for what comes before that.
    pub fn deadline(&self) -> Option<Timestamp> {
        let is_leaving = self.failure.is_some() && !self.is_handling();
        let until = match self.state {
            State::Ready { .. } | State::Retry(_) | State::Resting { .. } => None,
            State::Waiting { until } => Some(until),
            _ => return None,
        };
        let planned = self.current().filter(|planned| !matches!(planned.does, Does::Window { .. }))?;
        let ms = self.plan.timeouts.get(&planned.step).filter(|_| !is_leaving)?;
        let deadline = self.times.step_at.plus_millis(*ms);
        // WHY: a wait that ends sooner has ended in time, however late somebody comes by to say so.
        (until.is_none_or(|until| deadline <= until)).then_some(deadline)
    }

    /// The windows that the act at hand keeps to: those of its step, up to the pivot. The end of a subject only begins in
    /// one: it is observed for as long as it takes.
    pub fn windows(&self) -> Option<&Windows> {
        let planned = self.current()?;
        let is_bound = matches!(planned.does, Does::Act(_)) && planned.action != "deprovision";
        let is_leaving = self.failure.is_some() && !self.is_handling();
        if !is_bound || is_leaving || !matches!(self.state, State::Ready { .. } | State::Retry(_)) {
            return None;
        }
        let of_step = || self.plan.moves.iter().enumerate().filter(|(_, other)| other.step == planned.step);
        let pivot = of_step().find(|(_, other)| matches!(&other.does, Does::Act(act) if act.pivot));
        if pivot.is_some_and(|(at, _)| at < self.cursor.at) {
            return None;
        }
        of_step().find_map(|(_, other)| match &other.does {
            Does::Window { windows } => Some(windows),
            _ => None,
        })
    }

    /// A change may begin, or the windows have closed over it.
    pub(super) fn take_window(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: FactBody = entry.decode()?;
        let is_begin = matches!(self.current().map(|planned| &planned.does), Some(Does::Window { .. }));
        match (is_begin, body.holds) {
            _ if body.about != WINDOW => Err(self.not_now(entry)),
            (true, true) => {
                self.advance();
                // WHY: the time in which a step waits for its window is not the step's own.
                self.times.step_at = self.times.last_at;
                Ok(())
            }
            (_, false) => {
                let message = format!("{}: its windows are closed", body.step);
                self.fail(Failure::new(WINDOW_CLOSED, message));
                Ok(())
            }
            (false, true) => Err(self.not_now(entry)),
        }
    }

    /// The step at hand has taken too long.
    pub(super) fn take_timeout(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: FactBody = entry.decode()?;
        if body.holds || self.deadline().is_none_or(|deadline| entry.at < deadline) {
            return Err(Self::not_planned(entry, "the step has time left"));
        }
        let asked = body.facts.get("reason").and_then(Value::as_str).map(|reason| format!("; {reason}"));
        let message = format!("{}: it took longer than its `timeout`{}", body.step, asked.unwrap_or_default());
        self.fail(Failure::new("run.timed_out", message));
        Ok(())
    }
}

/// True for the fact that the step at hand has taken too long.
pub(super) fn is_timeout(entry: &Stamped) -> Result<bool, Illegal> {
    Ok(entry.kind == Kind::Fact && entry.decode::<FactBody>()?.about == TIMEOUT)
}
