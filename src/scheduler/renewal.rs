//! What `expiry` makes due: answered for one workflow at a time, from rows alone.

use std::collections::BTreeMap;

use countersign_kernel::plan::{self, Persons, PlanError};
use countersign_kernel::run::bodies::{RENEWAL, RunOutcome, Trigger, TriggerKind, VersionBody};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{RunId, Timestamp, VersionId};
use serde_json::Value;

use super::due_at;
use crate::store::{ReadStoreError, RunState, Store, StoredRun};

/// The longest pause after a renewal that was not done, in minutes.
const PAUSE_MINUTES_MAX: u64 = 6 * 60;

const MINUTE_MS: u64 = 60_000;

/// The renewal of a subject's current version.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    /// The version that comes near its end.
    pub version: VersionId,
    /// Since when its lifetime counts.
    pub since: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the workflow's fraction of that lifetime is over.
    pub falls_due: Timestamp,
    /// The workflow's inputs: nobody is asked, so each is its default.
    pub inputs: BTreeMap<String, Value>,
    /// Its key is `expiry-<version>-<n>`, n counting the earlier runs for this version that ended otherwise than done.
    pub trigger: Trigger,
    /// Whether it is time.
    pub due: Due,
}

/// Whether it is time for a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// It is.
    Now,
    /// A run for this version is open already.
    UnderWay(RunId),
    /// Not before `at`.
    NotYet {
        /// `expiry.not_due`, or `expiry.backing_off` after a run that ended otherwise than done.
        code: &'static str,
        /// From when on.
        at: Timestamp,
    },
}

/// Why nobody can say whether a workflow is due.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// The workflow's defaults make no subject.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ReadStoreError),
}

impl RenewalError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Plan(source) => source.code(),
            Self::Store(source) => source.code(),
        }
    }
}

impl Renewal {
    /// What `expiry` says of a workflow, with the ids of the persons whom it names, at `now`; nothing for one that does not take it, or whose subject has no
    /// current version with an end.
    ///
    /// # Errors
    /// When the workflow's defaults make no subject, or the store cannot be read.
    pub async fn of(
        store: &Store,
        workflow: &Workflow,
        persons: &Persons,
        now: Timestamp,
    ) -> Result<Option<Self>, RenewalError> {
        let Some(expiry) = workflow.triggers.expiry else { return Ok(None) };
        let inputs = plan::resolve_inputs(workflow, &BTreeMap::new(), persons)?;
        let subject = plan::subject_of(workflow, &inputs)?;
        let Some(current) = store.current_version(&subject).await? else { return Ok(None) };
        let Some(expires_at) = current.expires_at else { return Ok(None) };
        let Some(promoted) = store.entry(&current.entry).await? else {
            return Err(ReadStoreError::Corrupt(format!("entry `{}` is missing", current.entry)).into());
        };
        let counts_from = promoted.decode::<VersionBody>().ok().and_then(|body| body.counts_from);
        let since = counts_from.unwrap_or(promoted.at);
        let prefix = format!("{RENEWAL}{}-", current.id);
        let earlier = store.runs_by_trigger_prefix(&workflow.metadata.name, &prefix).await?;
        let falls_due = due_at(expiry, since, expires_at);
        let (tried, due) = look(&earlier, falls_due, now);
        let idempotency_key = Some(format!("{prefix}{tried}"));
        let trigger = Trigger { kind: TriggerKind::Expiry, asked_by: None, idempotency_key, event: None };
        Ok(Some(Self { version: current.id, since, expires_at, falls_due, inputs, trigger, due }))
    }
}

/// How many runs of one version ended otherwise than done, and whether it is time for the next.
fn look(earlier: &[StoredRun], falls_due: Timestamp, now: Timestamp) -> (usize, Due) {
    let ended = earlier.iter().filter_map(|run| match run.state {
        RunState::Closed { outcome, at } if outcome != RunOutcome::Done => Some(at),
        _ => None,
    });
    let (tried, last) = ended.fold((0, None), |(tried, last), at| (tried + 1, last.max(Some(at))));
    let again = last.map(|last| last.plus_millis(pause_ms(tried)));
    let open = earlier.iter().find(|run| !matches!(run.state, RunState::Closed { .. }));
    let due = match (open, again) {
        (Some(run), _) => Due::UnderWay(run.id.clone()),
        (None, _) if falls_due > now => Due::NotYet { code: "expiry.not_due", at: falls_due },
        (None, Some(at)) if at > now => Due::NotYet { code: "expiry.backing_off", at },
        (None, _) => Due::Now,
    };
    (tried, due)
}

/// 2, 4, 8 ... minutes after the first, second, third try, at most six hours; in milliseconds.
fn pause_ms(tried: usize) -> u64 {
    let minutes = u32::try_from(tried).ok().and_then(|tried| 2_u64.checked_pow(tried));
    minutes.map_or(PAUSE_MINUTES_MAX, |minutes| minutes.min(PAUSE_MINUTES_MAX)) * MINUTE_MS
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests {
    use countersign_warrant::Digest;

    use super::*;

    fn noon() -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000)
    }

    fn run(id: &str, state: RunState) -> StoredRun {
        StoredRun {
            id: id.parse().unwrap(),
            workflow: "rotate".to_owned(),
            subject: "local/account/a".parse().unwrap(),
            plan: Digest::of(b"plan"),
            trigger_key: None,
            state,
            started_at: noon(),
            epoch: 1,
            lease: None,
        }
    }

    fn ended(id: &str, outcome: RunOutcome) -> StoredRun {
        run(id, RunState::Closed { outcome, at: noon() })
    }

    #[test]
    fn a_renewal_that_was_not_done_is_tried_again_after_a_pause() {
        let mut earlier = Vec::new();
        assert_eq!(look(&earlier, noon(), noon()), (0, Due::Now));
        for (outcome, minutes) in [(RunOutcome::Denied, 2), (RunOutcome::Undone, 4), (RunOutcome::Failed, 8)] {
            earlier.push(ended("r1", outcome));
            let at = noon().plus_millis(minutes * MINUTE_MS);
            let backing_off = Due::NotYet { code: "expiry.backing_off", at };
            assert_eq!(look(&earlier, noon(), at), (earlier.len(), Due::Now), "{outcome:?}");
            assert_eq!(look(&earlier, noon(), noon()), (earlier.len(), backing_off), "{outcome:?}");
        }
    }

    #[test]
    fn the_pause_ends() {
        assert_eq!(pause_ms(8), 256 * MINUTE_MS);
        for tried in [9, 63, 64, usize::MAX] {
            assert_eq!(pause_ms(tried), 6 * 60 * MINUTE_MS);
        }
    }

    #[test]
    fn an_open_run_is_under_way_whatever_the_hour() {
        for state in [RunState::Running, RunState::Stuck, RunState::Waiting { until: noon() }] {
            let earlier = [ended("r1", RunOutcome::Denied), run("r2", state)];
            assert_eq!(look(&earlier, noon().plus_millis(1), noon()), (1, Due::UnderWay("r2".parse().unwrap())));
        }
    }

    #[test]
    fn what_is_not_due_is_not_due() {
        let at = noon().plus_millis(1);
        let not_due = Due::NotYet { code: "expiry.not_due", at };
        assert_eq!(look(&[ended("r1", RunOutcome::Done)], at, noon()), (0, not_due));
    }
}
