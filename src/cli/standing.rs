//! Where a subject stands: its versions, what is due next, its window, who owns it, the last evidence, and what is in its way.
//!
//! It must never decide anything: it puts together what rows, entries and the current set say.
//!
//! Read first: [`Standing`], [`Standings`].

mod blocks;
mod brakes;
mod coming;

use std::collections::{BTreeMap, BTreeSet};

use countersign_kernel::run::bodies::{FactBody, Stage};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{EntryId, Kind, ResourceName, RunId, Timestamp, VersionId};
use serde::Serialize;

use super::Stop;
use super::house::House;
use super::spans::{local, secs_between};
use crate::store::{DueKind, DueRow, Store, StoredRun, StoredVersion};

pub(super) use blocks::{Block, BlockKind, why_stuck};
pub(super) use brakes::Braked;
pub(super) use coming::{Coming, WindowNow};

/// How many runs of a subject are looked at for the last evidence.
const LOOKED_AT: u32 = 8;

/// Where one subject stands.
#[derive(Serialize)]
pub(super) struct Standing {
    pub(super) subject: ResourceName,
    /// The workflow that is due next for it, else the one that ran last, and who answers for it.
    pub(super) owner: Option<Owner>,
    /// Every current workflow that is for it.
    pub(super) workflows: Vec<String>,
    pub(super) current: Option<Generation>,
    /// Of the versions that are not retired, the one that is oldest: it still opens something, or may.
    pub(super) oldest: Option<Generation>,
    pub(super) due: Option<Coming>,
    pub(super) window: Option<WindowNow>,
    pub(super) evidence: Option<Sealed>,
    /// What is in its way, the worst first.
    pub(super) blocked: Vec<Block>,
}

/// Who answers for a workflow. Persons are opaque ids in documents, and names on a screen.
#[derive(Clone, Serialize)]
pub(super) struct Owner {
    pub(super) workflow: String,
    pub(super) team: String,
    pub(super) person: Option<String>,
    pub(super) backup: Option<String>,
    #[serde(skip)]
    names: (String, Option<String>),
}

/// A secret version and its age.
#[derive(Serialize)]
pub(super) struct Generation {
    pub(super) version: VersionId,
    pub(super) stage: Stage,
    /// Since when it has that stage, and the entry that says so.
    pub(super) since: Option<Timestamp>,
    pub(super) entry: EntryId,
    /// When it was sealed here: its age counts from then.
    pub(super) sealed_at: Timestamp,
    pub(super) age_secs: u64,
    pub(super) expires_at: Option<Timestamp>,
}

/// The last entry that bound a run's entries to a signed checkpoint.
#[derive(Serialize)]
pub(super) struct Sealed {
    pub(super) entry: EntryId,
    pub(super) run: RunId,
    pub(super) at: Timestamp,
    /// How many leaves the checkpoint covers.
    pub(super) checkpoint_size: Option<u64>,
}

impl Owner {
    fn of(house: &House, workflow: &Workflow) -> Self {
        let about = &workflow.metadata;
        // WHY: documents keep the ids, as entries do; a key that cannot be read hides who it is, and nothing else.
        let id = |name: &str| house.reading.person(name).ok();
        Self {
            workflow: about.name.clone(),
            team: about.team.clone(),
            person: id(&about.person),
            backup: about.backup.as_deref().and_then(id),
            names: (about.person.clone(), about.backup.clone()),
        }
    }

    /// For a person's screen.
    pub(super) fn words(&self) -> String {
        let backup = self.names.1.as_ref().map(|backup| format!(", or {backup}")).unwrap_or_default();
        format!("team {}; {}{backup}", self.team, self.names.0)
    }
}

impl Standing {
    /// The worst that is in its way; nothing sorts last.
    pub(super) fn need(&self) -> (u8, Option<Timestamp>, &ResourceName) {
        let rank = self.blocked.first().map_or(u8::MAX, |block| block.kind.rank());
        // WHY: what is not due at all comes after what is due some day.
        let at = self.due.as_ref().map_or(Timestamp::from_micros(i64::MAX), |due| due.at);
        (rank, Some(at), &self.subject)
    }
}

/// What is read once for all subjects.
pub(super) struct Standings<'h> {
    house: &'h House,
    due: BTreeMap<(String, DueKind), DueRow>,
    holds: BTreeMap<ResourceName, RunId>,
    open: BTreeMap<RunId, StoredRun>,
    live: BTreeMap<ResourceName, Vec<StoredVersion>>,
    /// The brakes that are on.
    pub(super) brakes: Vec<Braked>,
    /// The workflows that are for a subject when nobody gives them an input.
    of: BTreeMap<ResourceName, Vec<&'h Workflow>>,
}

impl<'h> Standings<'h> {
    /// Reads what all subjects need.
    pub(super) async fn gather(house: &'h House) -> Result<Self, Stop> {
        let store = &house.reading.store;
        let due = store.due_rows().await?;
        let mut live: BTreeMap<ResourceName, Vec<StoredVersion>> = BTreeMap::new();
        for version in store.live_versions().await? {
            live.entry(version.id.subject.clone()).or_default().push(version);
        }
        let mut of: BTreeMap<ResourceName, Vec<&Workflow>> = BTreeMap::new();
        for workflow in house.workflows() {
            if let Some(subject) = house.subject_of(workflow) {
                of.entry(subject).or_default().push(workflow);
            }
        }
        Ok(Self {
            house,
            due: due.into_iter().map(|row| ((row.workflow.clone(), row.kind), row)).collect(),
            holds: store.holds().await?.into_iter().map(|hold| (hold.resource, hold.run)).collect(),
            open: store.open_runs().await?.into_iter().map(|run| (run.id.clone(), run)).collect(),
            live,
            brakes: Braked::load(store, house.now).await?,
            of,
        })
    }

    /// Every subject with a version that is not retired, an open run, or a schedule.
    pub(super) fn subjects(&self) -> BTreeSet<ResourceName> {
        let clocked =
            self.of.iter().filter(|(_, workflows)| workflows.iter().any(|one| one.triggers.schedule.is_some()));
        let open = self.open.values().map(|run| &run.subject);
        self.live.keys().chain(open).chain(clocked.map(|(subject, _)| subject)).cloned().collect()
    }

    /// Where one of them stands.
    pub(super) async fn of(&self, subject: &ResourceName) -> Result<Standing, Stop> {
        let store = &self.house.reading.store;
        let now = self.house.now;
        let runs = store.runs_of_subject(subject, LOOKED_AT).await?;
        let workflows = self.workflows(subject, &runs);
        let live = self.live.get(subject).map(Vec::as_slice).unwrap_or_default();
        let current = live.iter().find(|version| version.stage == Stage::Current);
        let oldest = live.iter().min_by_key(|version| version.sealed_at);
        let due = self.next_due(&workflows).await?;
        let leading = due.as_ref().and_then(|due| workflows.iter().find(|one| one.metadata.name == due.workflow));
        let leading = leading.or(workflows.first()).copied();
        let mut blocked = self.blocks(subject, (&runs, live), due.as_ref()).await?;
        blocked.extend(self.braked(subject, leading).await?);
        blocked.sort_by_key(|block| block.kind.rank());
        Ok(Standing {
            subject: subject.clone(),
            owner: leading.map(|one| Owner::of(self.house, one)),
            workflows: workflows.iter().map(|one| one.metadata.name.clone()).collect(),
            current: generation(store, current, now).await?,
            oldest: generation(store, oldest, now).await?,
            due,
            window: leading.and_then(|one| one.windows.as_ref()).and_then(|windows| WindowNow::of(windows, now)),
            evidence: last_evidence(store, &runs).await?,
            blocked,
        })
    }

    /// The workflows for a subject: those that are for it unasked, else the one that ran on it last.
    fn workflows(&self, subject: &ResourceName, runs: &[StoredRun]) -> Vec<&'h Workflow> {
        if let Some(found) = self.of.get(subject) {
            return found.clone();
        }
        runs.iter().find_map(|run| self.house.workflow(&run.workflow)).into_iter().collect()
    }

    /// Whether a team, or a person, answers for a workflow of the subject.
    pub(super) async fn is_owned_by(&self, subject: &ResourceName, owner: &str) -> Result<bool, Stop> {
        let runs = if self.of.contains_key(subject) {
            Vec::new()
        } else {
            self.house.reading.store.runs_of_subject(subject, LOOKED_AT).await?
        };
        Ok(self.workflows(subject, &runs).iter().any(|one| owns(one, owner)))
    }
}

/// Whether a team, or a person, answers for a workflow.
pub(super) fn owns(workflow: &Workflow, owner: &str) -> bool {
    let about = &workflow.metadata;
    about.team == owner || about.person == owner || about.backup.as_deref() == Some(owner)
}

async fn generation(
    store: &Store,
    version: Option<&StoredVersion>,
    now: Timestamp,
) -> Result<Option<Generation>, Stop> {
    let Some(version) = version else { return Ok(None) };
    Ok(Some(Generation {
        version: version.id.clone(),
        stage: version.stage,
        since: store.entry(&version.entry).await?.map(|entry| entry.at),
        entry: version.entry.clone(),
        sealed_at: version.sealed_at,
        age_secs: secs_between(version.sealed_at, now),
        expires_at: version.expires_at,
    }))
}

/// The newest evidence of the runs, which are the newest first.
async fn last_evidence(store: &Store, runs: &[StoredRun]) -> Result<Option<Sealed>, Stop> {
    for run in runs {
        for entry in store.entries_of_kind(&run.id, Kind::Fact).await?.into_iter().rev() {
            let body: FactBody = entry.decode()?;
            if body.about == "evidence" {
                let size = body.facts.get("checkpoint").and_then(|checkpoint| checkpoint.get("size"));
                let checkpoint_size = size.and_then(serde_json::Value::as_u64);
                return Ok(Some(Sealed { entry: entry.id, run: run.id.clone(), at: entry.at, checkpoint_size }));
            }
        }
    }
    Ok(None)
}
