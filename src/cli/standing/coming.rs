//! What the clock starts next for a subject, and when its changes may begin.

use std::collections::BTreeMap;

use countersign_kernel::schedule::Windows;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::Timestamp;
use serde::Serialize;

use super::{Standings, local};
use crate::cli::Stop;
use crate::scheduler::{Due, LATE_MS, Renewal};
use crate::store::{DueKind, DueRow};

/// The next run that the clock starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Coming {
    pub(in crate::cli) at: Timestamp,
    /// As a clock of the schedule's zone shows it; of the machine's, where it has none.
    pub(in crate::cli) local: String,
    pub(in crate::cli) trigger: DueKind,
    pub(in crate::cli) workflow: String,
    /// True where it should have begun by now.
    pub(in crate::cli) overdue: bool,
    /// How often it could not be begun.
    pub(in crate::cli) tried: u64,
    /// True where a brake or a limit keeps it from beginning.
    pub(in crate::cli) kept: bool,
    /// When it is looked at again, where it is kept and time alone ends that.
    pub(in crate::cli) again: Option<Timestamp>,
}

/// Whether a change may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct WindowNow {
    pub(in crate::cli) is_open: bool,
    /// When a change may begin that is asked for now.
    pub(in crate::cli) opens_at: Timestamp,
    pub(in crate::cli) opens_local: String,
    pub(in crate::cli) closes_at: Timestamp,
    pub(in crate::cli) closes_local: String,
}

impl WindowNow {
    /// How the windows stand; `None` where they never open again.
    pub(in crate::cli) fn of(windows: &Windows, now: Timestamp) -> Option<Self> {
        let opens_at = windows.opens_at(now)?;
        let closes_at = windows.closes_at(opens_at);
        Some(Self {
            is_open: opens_at == now,
            opens_at,
            opens_local: windows.civil(opens_at),
            closes_at,
            closes_local: windows.civil(closes_at),
        })
    }
}

impl Standings<'_> {
    /// The first of what the clock starts by these workflows.
    pub(super) async fn next_due(&self, workflows: &[&Workflow]) -> Result<Option<Coming>, Stop> {
        let mut all = Vec::new();
        for workflow in workflows {
            all.extend(self.scheduled(workflow));
            all.extend(self.renewed(workflow).await?);
        }
        Ok(all.into_iter().min_by_key(|one| one.at))
    }

    /// The next instant of its schedule: as it is arranged, else as it would be.
    fn scheduled(&self, workflow: &Workflow) -> Option<Coming> {
        let schedule = workflow.triggers.schedule.as_ref()?;
        let subject = self.house.subject_of(workflow)?;
        let row = self.due.get(&(workflow.metadata.name.clone(), DueKind::Schedule));
        let at = match row {
            // WHY: without an instant it waits for the end of its own workflow's run.
            Some(row) => row.parked.or(row.at)?,
            None => schedule.due(subject.as_str(), schedule.next_after(self.house.now)?),
        };
        Some(self.coming(workflow, (DueKind::Schedule, at, row), schedule.civil(at)))
    }

    async fn renewed(&self, workflow: &Workflow) -> Result<Option<Coming>, Stop> {
        if workflow.triggers.expiry.is_none() {
            return Ok(None);
        }
        let Ok(persons) = self.house.reading.persons(workflow, &BTreeMap::new()) else { return Ok(None) };
        // WHY: a workflow whose inputs nobody gave has no subject of its own, and nothing of it is due by itself.
        let Ok(Some(renewal)) = Renewal::of(&self.house.reading.store, workflow, &persons, self.house.now).await else {
            return Ok(None);
        };
        let row = self.due.get(&(workflow.metadata.name.clone(), DueKind::Expiry));
        let at = match renewal.due {
            Due::Now => {
                let again = row.filter(|row| row.tried > 0 && row.parked.is_none()).and_then(|row| row.at);
                again.unwrap_or(renewal.falls_due)
            }
            Due::NotYet { at, .. } => at,
            Due::UnderWay(_) => return Ok(None),
        };
        let civil = workflow.triggers.schedule.as_ref().map_or_else(|| local(at), |schedule| schedule.civil(at));
        Ok(Some(self.coming(workflow, (DueKind::Expiry, at, row), civil)))
    }

    fn coming(
        &self,
        workflow: &Workflow,
        (trigger, at, row): (DueKind, Timestamp, Option<&DueRow>),
        local: String,
    ) -> Coming {
        let tried = row.map(|row| row.tried).unwrap_or_default();
        let kept = row.is_some_and(|row| row.parked.is_some());
        let again = row.filter(|_| kept).and_then(|row| row.at);
        let overdue = at.plus_millis(LATE_MS) < self.house.now;
        Coming { at, local, trigger, workflow: workflow.metadata.name.clone(), overdue, tried, kept, again }
    }
}
