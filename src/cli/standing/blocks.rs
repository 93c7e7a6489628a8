//! What is in a subject's way, in words, and what to do about it.

use countersign_kernel::run::bodies::{RENEWAL, RunOutcome, SCHEDULED, Stage, Wait, WaitBody};
use countersign_warrant::{Kind, ResourceName, RunId};
use serde::Serialize;

use super::coming::Coming;
use super::{Standings, local};
use crate::cli::Stop;
use crate::cli::spans::{away, glued};
use crate::cli::tell::seconds;
use crate::store::{RunState, Store, StoredRun, StoredVersion};

/// One thing that is in the way.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Block {
    pub(in crate::cli) kind: BlockKind,
    /// The run that it is about.
    pub(in crate::cli) run: Option<RunId>,
    /// What is true.
    pub(in crate::cli) message: String,
    /// What to do; nothing where it passes by itself.
    pub(in crate::cli) next: Option<String>,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum BlockKind {
    /// A run needs a person.
    Stuck,
    /// The version in use is past its end.
    Expired,
    /// It failed too often, and takes no trigger.
    Quarantined,
    /// A trigger could not be begun.
    NotBegun,
    /// The last run that the clock started ended otherwise than done.
    NotDone,
    /// It should have begun by now.
    Overdue,
    /// Others may know a version.
    Tainted,
    /// Everything, its connector or it itself is paused, or its provider is left alone.
    Braked,
    /// A limit of its team or service is reached.
    Limited,
    /// A run is under way.
    Held,
}

impl BlockKind {
    /// What needs a person first comes first.
    pub(in crate::cli) const fn rank(self) -> u8 {
        match self {
            Self::Stuck => 0,
            Self::Expired => 1,
            Self::Quarantined => 2,
            Self::NotBegun => 3,
            Self::NotDone => 4,
            Self::Overdue => 5,
            Self::Tainted => 6,
            Self::Braked => 7,
            Self::Limited => 8,
            Self::Held => 9,
        }
    }

    /// False of what passes by itself, and of what a person wanted.
    pub(in crate::cli) const fn needs_person(self) -> bool {
        !matches!(self, Self::Held | Self::Limited | Self::Braked)
    }

    /// The word before its message.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Stuck => "STUCK",
            Self::Expired => "EXPIRED",
            Self::NotBegun => "NOT BEGUN",
            Self::NotDone => "NOT DONE",
            Self::Overdue => "OVERDUE",
            Self::Tainted => "TAINTED",
            Self::Quarantined => "QUARANTINED",
            Self::Braked => "braked",
            Self::Limited => "limited",
            Self::Held => "held",
        }
    }
}

fn block(kind: BlockKind, run: Option<&RunId>, message: String, next: Option<String>) -> Block {
    Block { kind, run: run.cloned(), message, next }
}

/// The code and the words with which a run asked for a person; `None` of one that does not.
pub(in crate::cli) async fn why_stuck(store: &Store, run: &StoredRun) -> Result<Option<(String, String)>, Stop> {
    if run.state != RunState::Stuck {
        return Ok(None);
    }
    let waits = store.entries_of_kind(&run.id, Kind::Wait).await?;
    let Some(last) = waits.last() else { return Ok(None) };
    Ok(match last.decode::<WaitBody>()?.wait {
        Wait::Person { code, message } => Some((code, message)),
        _ => None,
    })
}

impl Standings<'_> {
    /// Everything that is in a subject's way, the worst first.
    pub(super) async fn blocks(
        &self,
        subject: &ResourceName,
        (runs, live): (&[StoredRun], &[StoredVersion]),
        due: Option<&Coming>,
    ) -> Result<Vec<Block>, Stop> {
        let mut found = Vec::new();
        let holder = self.holds.get(subject).and_then(|run| self.open.get(run));
        if let Some(holder) = holder {
            found.push(self.held(holder).await?);
        }
        found.extend(live.iter().find_map(|version| self.expired(version)));
        if let Some(due) = due.filter(|_| holder.is_none()) {
            found.extend(self.late(due));
        }
        found.extend(runs.first().filter(|_| due.is_some()).and_then(not_done));
        found.extend(live.iter().filter(|version| version.tainted).map(|version| {
            let next = "rotate it: `countersign run` of its workflow".to_owned();
            block(BlockKind::Tainted, None, format!("others may know {}", version.id), Some(next))
        }));
        found.sort_by_key(|block| block.kind.rank());
        Ok(found)
    }

    async fn held(&self, holder: &StoredRun) -> Result<Block, Stop> {
        let id = &holder.id;
        if let Some((code, message)) = why_stuck(&self.house.reading.store, holder).await? {
            let next = format!("`countersign why {id}` says how it came to that, and what it takes for an answer");
            let text = format!("run {id} needs a person ({code}): {message}");
            return Ok(block(BlockKind::Stuck, Some(id), text, Some(next)));
        }
        let (text, next) = match holder.state {
            RunState::Waiting { until } => {
                let at = seconds(&until.to_string());
                let text = format!("by run {id} of {}, which waits until {at}", holder.workflow);
                (format!("{text} ({}), {}", glued(&local(until)), away(self.house.now, until)), None)
            }
            _ if self.house.served => (format!("by run {id} of {}, which is under way", holder.workflow), None),
            _ => {
                let next = format!("`countersign serve`, or `countersign run {}`, carries it on", holder.workflow);
                (format!("by run {id} of {}, which is open", holder.workflow), Some(next))
            }
        };
        Ok(block(BlockKind::Held, Some(id), text, next))
    }

    fn expired(&self, version: &StoredVersion) -> Option<Block> {
        let end = version.expires_at.filter(|end| version.stage == Stage::Current && *end <= self.house.now)?;
        let text = format!("{} is in use, and ended {}", version.id, away(self.house.now, end));
        let next = format!("`countersign why {}` says what would replace it", version.id.subject);
        Some(block(BlockKind::Expired, None, text, Some(next)))
    }

    fn late(&self, due: &Coming) -> Option<Block> {
        let of = format!("{} ({})", due.workflow, due.trigger.as_str());
        if due.kept {
            let text = format!("{of} was due {}", away(self.house.now, due.at));
            let Some(again) = due.again else {
                let text = format!("{text}; a brake keeps it until somebody lifts it");
                return Some(block(BlockKind::Braked, None, text, None));
            };
            let again = away(self.house.now, again);
            let text = format!("{text}; a limit keeps it, and it is looked at again {again}");
            return Some(block(BlockKind::Limited, None, text, None));
        }
        if due.tried > 0 {
            let times = if due.tried == 1 { "once".to_owned() } else { format!("{} times", due.tried) };
            let again = seconds(&due.at.to_string());
            let text =
                format!("{of} could not be begun {times}; tried again at {again}, {}", away(self.house.now, due.at));
            let next = format!("`countersign plan {}` says what is wrong", due.workflow);
            return Some(block(BlockKind::NotBegun, None, text, Some(next)));
        }
        if !due.overdue {
            return None;
        }
        let text = format!("{of} was due {}", away(self.house.now, due.at));
        let (text, next) = if self.house.served {
            (text, format!("`countersign plan {}` says whether it could begin", due.workflow))
        } else {
            let next = format!("`countersign serve` runs it, or `countersign run {}` once", due.workflow);
            (format!("{text}, and nobody serves this folder"), next)
        };
        Some(block(BlockKind::Overdue, None, text, Some(next)))
    }
}

/// The newest run, where the clock started it and it ended otherwise than done.
fn not_done(run: &StoredRun) -> Option<Block> {
    let RunState::Closed { outcome, .. } = run.state else { return None };
    let by_clock = run.trigger_key.as_deref().is_some_and(|key| key.starts_with(RENEWAL) || key.starts_with(SCHEDULED));
    if outcome == RunOutcome::Done || !by_clock {
        return None;
    }
    let text = format!("run {} of {} ended {}", run.id, run.workflow, outcome.as_str());
    let next = format!("`countersign why {}` says why", run.id);
    Some(block(BlockKind::NotDone, Some(&run.id), text, Some(next)))
}
