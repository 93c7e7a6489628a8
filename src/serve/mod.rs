//! The loop of one machine: it has what is due begun, and what has waited long enough carried on, until it is asked to stop.
//!
//! What waits is a row: no run that waits holds a task here. When nothing is due, nothing is read; the wall clock is looked at
//! each second, as a machine that slept, or a clock that was set, tells nobody.
//!
//! This room must never: begin a run that no row of the scheduler and no person asks for; count being started as a reason to
//! begin anything (inv:I10); decide what policy decides.
//!
//! Read first: [`Server`], [`Said`].

mod begin;
mod nap;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::run::bodies::Trigger;
use countersign_warrant::{JournalError, RunId, Stamped, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use crate::runner::{DriveError, Driven, Runner};
use crate::scheduler::{Active, ActiveError, CheckedSet, RenewalError, rows};
use crate::store::{DueKind, DueRow, ReadStoreError, RunState, StoredRun};
use crate::{Installation, known, runner};

use begin::Begin;
use nap::Nap;

/// How many runs are driven, and triggers looked at, at once.
const AT_ONCE: usize = 64;

/// The shortest and the longest pause after a run that could not go on here, in milliseconds.
const PAUSE_MS: (u64, u64) = (5000, 600_000);

/// What a run ends with here where the ledger takes nothing: no other run would fare better.
const LEDGER_GONE: [&str; 2] = ["journal.unavailable", "journal.unknown"];

/// What a server tells of itself while it works. The entries of its runs are told by the runner.
#[derive(Debug)]
pub enum Said {
    /// It has begun: so many triggers are there, and so many runs are open.
    Serving {
        /// Rows of the scheduler.
        triggers: usize,
        /// Runs that are not closed.
        open: usize,
    },
    /// A trigger began no run; what came of it is in an entry.
    NotBegun {
        /// The workflow.
        workflow: String,
        /// The code of the entry.
        code: String,
        /// Why.
        message: String,
        /// When it is looked at again.
        again: Option<Timestamp>,
    },
    /// A run could not go on here, and stays open.
    LeftOpen {
        /// The run.
        run: RunId,
        /// A stable code.
        code: String,
        /// Why.
        message: String,
        /// When it is tried again.
        again: Timestamp,
    },
    /// The wall clock was set back: nothing begins before it says this time again.
    ClockBehind {
        /// The latest time that it has said.
        latest: Timestamp,
    },
}

/// Why a server ended otherwise than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No set is current, or it cannot be used.
    #[error(transparent)]
    Active(#[from] ActiveError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ReadStoreError),
    /// The ledger takes nothing more.
    #[error("the ledger takes no entries")]
    Journal(#[from] JournalError),
    /// A workflow's defaults make no subject.
    #[error("workflow `{workflow}` names no subject where nobody is asked")]
    NoSubject {
        /// The workflow.
        workflow: String,
        /// Why.
        #[source]
        source: countersign_kernel::plan::PlanError,
    },
    /// A renewal cannot be looked at.
    #[error("what is due could not be looked at")]
    Renewal(#[from] RenewalError),
    /// The ledger gave out under a run.
    #[error(transparent)]
    Drive(DriveError),
    /// A task of ours broke.
    #[error("a task of this process broke")]
    Broken(#[source] JoinError),
}

impl ServeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Active(source) => source.code(),
            Self::Store(source) => source.code(),
            Self::Journal(source) => source.code(),
            Self::NoSubject { source, .. } => source.code(),
            Self::Renewal(source) => source.code(),
            Self::Drive(source) => source.code(),
            Self::Broken(_) => "serve.broken",
        }
    }
}

/// The set that is current, and the runner under its policies.
struct Current {
    active: Active,
    runner: Runner,
}

/// A run that could not go on here.
struct Pause {
    until: Timestamp,
    ms: u64,
}

/// How a task ended.
enum Ended {
    Row { key: Key, begun: Result<Begin, ServeError> },
    Run { run: RunId, driven: Result<Driven, DriveError> },
}

/// A row of the scheduler.
type Key = (String, DueKind);

/// The loop.
pub struct Server {
    installation: Arc<Installation>,
    current: Arc<Current>,
    said: mpsc::UnboundedSender<Said>,
    stop: watch::Receiver<bool>,
    tasks: JoinSet<Ended>,
    /// Rows that a task looks at.
    rows: BTreeSet<Key>,
    /// Runs that a task drives.
    runs: BTreeSet<RunId>,
    /// Runs to be driven as soon as there is room.
    ready: VecDeque<RunId>,
    /// Runs that are tried again later.
    pauses: BTreeMap<RunId, Pause>,
    nap: Nap,
}

/// Makes the scheduler's rows those of the set that is current: a trigger that it had before keeps its instant.
///
/// # Errors
/// When a workflow names no subject, or the rows cannot be written.
pub async fn arrange(installation: &Installation, set: &CheckedSet) -> Result<usize, ServeError> {
    let now = installation.clock.now();
    let mut all = Vec::new();
    for (name, workflow) in &set.workflows {
        let persons = installation.persons(workflow, &BTreeMap::new());
        let of_one = rows(workflow, &persons, now);
        all.extend(of_one.map_err(|source| ServeError::NoSubject { workflow: name.clone(), source })?);
    }
    let number = all.len();
    installation.ledger.arrange_due(all).await?;
    Ok(number)
}

impl Server {
    /// A server of that folder, under the set that is current in it. `entries` hears each entry of its runs, `said` what else
    /// there is to tell; `stop` turns true when it should end at a safe point.
    ///
    /// # Errors
    /// When no set is current, or it cannot be used.
    pub async fn new(
        installation: Arc<Installation>,
        (entries, said): (mpsc::UnboundedSender<Stamped>, mpsc::UnboundedSender<Said>),
        stop: watch::Receiver<bool>,
    ) -> Result<Self, ServeError> {
        let active = Active::load(&installation.store, &known(&installation.catalog)).await?;
        let policies = Arc::clone(&active.set.policies);
        let runner = runner(&installation, policies, Some(entries), stop.clone());
        let nap = Nap::new(Arc::clone(&installation.clock));
        Ok(Self {
            installation,
            current: Arc::new(Current { active, runner }),
            said,
            stop,
            tasks: JoinSet::new(),
            rows: BTreeSet::new(),
            runs: BTreeSet::new(),
            ready: VecDeque::new(),
            pauses: BTreeMap::new(),
            nap,
        })
    }

    /// Works until it is asked to stop, and every run stands at a safe point.
    ///
    /// # Errors
    /// When the store or the ledger gives out; every run stands where its last entry says.
    pub async fn serve(mut self) -> Result<(), ServeError> {
        let triggers = arrange(&self.installation, &self.current.active.set).await?;
        let open = self.installation.store.open_runs().await?;
        self.say(Said::Serving { triggers, open: open.len() });
        for run in open {
            if run.state == RunState::Running && !self.is_part_of_an_open_run(&run).await? {
                self.ready.push_back(run.id);
            }
        }
        let worked = self.work().await;
        // Whoever still drives stops at a safe point, or has ended.
        while let Some(ended) = self.tasks.join_next().await {
            if worked.is_ok() {
                self.end(ended).await?;
            }
        }
        worked
    }

    async fn work(&mut self) -> Result<(), ServeError> {
        let mut stop = self.stop.clone();
        while !*stop.borrow_and_update() {
            let now = self.installation.clock.now();
            self.take(now).await?;
            let next = self.next_after(now).await?;
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { return Ok(()) },
                Some(ended) = self.tasks.join_next() => self.end(ended).await?,
                behind = self.nap.until(next) => if let Some(latest) = behind {
                    self.wait_for_the_clock(latest).await;
                },
            }
        }
        Ok(())
    }

    /// Has a task take each run and row that is due, as far as there is room.
    async fn take(&mut self, now: Timestamp) -> Result<(), ServeError> {
        let over: Vec<RunId> =
            self.pauses.iter().filter(|(_, pause)| pause.until <= now).map(|(run, _)| run.clone()).collect();
        self.ready.extend(over.into_iter().filter(|run| !self.runs.contains(run)));
        while self.room() > 0
            && let Some(run) = self.ready.pop_front()
        {
            self.drive(run);
        }
        if self.room() > 0 {
            let woken = self.installation.store.due_runs(now, (self.room() + self.runs.len()) as u64).await?;
            for run in woken {
                if self.room() > 0 {
                    self.drive(run.id);
                }
            }
        }
        if self.room() > 0 {
            let due = self.installation.store.due(now, (self.room() + self.rows.len()) as u64).await?;
            for row in due {
                if self.room() > 0 {
                    self.look(row, now);
                }
            }
        }
        Ok(())
    }

    fn room(&self) -> usize {
        AT_ONCE.saturating_sub(self.tasks.len())
    }

    fn drive(&mut self, run: RunId) {
        if self.runs.insert(run.clone()) {
            let current = Arc::clone(&self.current);
            self.tasks.spawn(async move {
                let driven = current.runner.drive_to_wait(&run).await;
                Ended::Run { run, driven }
            });
        }
    }

    fn look(&mut self, row: DueRow, now: Timestamp) {
        let key = (row.workflow.clone(), row.kind);
        if self.rows.insert(key.clone()) {
            let (installation, current) = (Arc::clone(&self.installation), Arc::clone(&self.current));
            self.tasks.spawn(async move {
                let begun = begin::begin(&installation, &current, row, now).await;
                Ended::Row { key, begun }
            });
        }
    }

    async fn end(&mut self, ended: Result<Ended, JoinError>) -> Result<(), ServeError> {
        match ended.map_err(ServeError::Broken)? {
            Ended::Row { key, begun } => {
                self.rows.remove(&key);
                let Begin { run, said } = begun?;
                said.into_iter().for_each(|said| self.say(said));
                self.ready.extend(run.filter(|run| !self.runs.contains(run)));
            }
            Ended::Run { run, driven } => {
                self.runs.remove(&run);
                match driven {
                    Ok(_) => drop(self.pauses.remove(&run)),
                    Err(DriveError::Claim(crate::ledger::ClaimError::Closed(_))) => drop(self.pauses.remove(&run)),
                    Err(error) if LEDGER_GONE.contains(&error.code()) => return Err(ServeError::Drive(error)),
                    Err(error) => self.pause(run, &error),
                }
            }
        }
        Ok(())
    }

    fn pause(&mut self, run: RunId, error: &DriveError) {
        let (shortest, longest) = PAUSE_MS;
        let ms = self.pauses.get(&run).map_or(shortest, |pause| (pause.ms * 2).min(longest));
        let until = self.installation.clock.now().plus_millis(ms);
        let message = crate::telemetry::with_causes(error);
        self.say(Said::LeftOpen { run: run.clone(), code: error.code().to_owned(), message, again: until });
        self.pauses.insert(run, Pause { until, ms });
    }

    /// When there is something to do again; `None` while there is no room, or never.
    async fn next_after(&self, now: Timestamp) -> Result<Option<Timestamp>, ServeError> {
        if self.room() == 0 {
            return Ok(None);
        }
        let store = &self.installation.store;
        let row = store.due_after(now, 1).await?.into_iter().next().and_then(|row| row.at);
        let pause = self.pauses.values().map(|pause| pause.until).min();
        Ok([row, store.next_wake(now).await?, pause].into_iter().flatten().min())
    }

    /// A run for one of many subjects is driven by the one that it is a part of, as long as that one is open.
    async fn is_part_of_an_open_run(&self, run: &StoredRun) -> Result<bool, ServeError> {
        let key = run.trigger_key.clone();
        let trigger = Trigger { idempotency_key: key, ..crate::scheduler::trigger_of(run.started_at) };
        let Some(whole) = trigger.part_of() else { return Ok(false) };
        let whole = self.installation.store.run(&whole).await?;
        Ok(whole.is_some_and(|whole| !matches!(whole.state, RunState::Closed { .. })))
    }

    /// Nothing begins while the wall says an earlier time than it has said.
    // INVARIANT: inv:I4, rel:F21 a clock that cannot be trusted changes nothing.
    async fn wait_for_the_clock(&mut self, latest: Timestamp) {
        self.say(Said::ClockBehind { latest });
        let mut stop = self.stop.clone();
        while self.installation.clock.now() < latest {
            let asked = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                asked = asked => if asked { return },
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    fn say(&self, said: Said) {
        // WHY: nobody listening is no fault of the work.
        let _ = self.said.send(said);
    }
}
