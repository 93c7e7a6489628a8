//! Waiting: a durable wait, which holds no task and no connection; that of a step, or the one before another attempt.

use countersign_warrant::{Kind, Stamped, StepId, Timestamp};

use super::bodies::{FactBody, Wait, WaitBody};
use super::{Failure, Illegal, Run, State};
use crate::plan::{Does, Retrying};

impl Run {
    pub(super) fn take_waiting(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        if entry.kind != Kind::Wait {
            return Err(self.not_now(entry));
        }
        let body: WaitBody = entry.decode()?;
        if body.wait != Wait::Over {
            return Err(self.not_now(entry));
        }
        match (&self.failure, self.current().map(|planned| &planned.does)) {
            (Some(failure), _) => self.state = State::Undoing(failure.clone()),
            (None, Some(Does::Wait { .. })) => self.advance(),
            (None, _) => self.state = State::Ready { judged: 0, refused: None },
        }
        Ok(())
    }

    pub(super) fn take_resting(&mut self, entry: &Stamped) -> Result<(), Illegal> {
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

    /// When the step at hand has taken too long; `None` where its workflow says nothing of it, and while it is undone.
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.failure.is_some()
            || !matches!(self.state, State::Ready { .. } | State::Retry(_) | State::Resting { .. })
        {
            return None;
        }
        let step = &self.current()?.step;
        self.plan.timeouts.get(step).map(|ms| self.times.step_at.plus_millis(*ms))
    }

    /// The step at hand has taken too long.
    pub(super) fn take_timeout(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: FactBody = entry.decode()?;
        if body.holds || self.deadline().is_none_or(|deadline| entry.at < deadline) {
            return Err(Self::not_planned(entry, "the step has time left"));
        }
        self.fail(Failure::new("run.timed_out", format!("{}: it took longer than its `timeout`", body.step)));
        Ok(())
    }
}
