//! One command's way through a folder's runs: it is opened with its current set, what was left open is carried on, and what is
//! asked for is begun and driven.
//!
//! It must never decide what a request is about: the command that makes it says so.
//!
//! Read first: [`Session`], [`with_active`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_kernel::plan::Plan;
use countersign_kernel::run::bodies::{OWN_KEYS, RunOutcome, Trigger};
use countersign_warrant::RunId;
use serde_json::Value;
use tokio::sync::watch;

use super::Stop;
use super::progress::Progress;
use super::screen::Screen;
use super::signals::Signals;
use super::stop::{FAILED, LEDGER, STUCK};
use crate::folder::Folder;
use crate::runner::{Begun, Driven, Request, Runner};
use crate::scheduler::Active;
use crate::serve::Asked;
use crate::store::{RunState, Store, StoredRun};
use crate::{Installation, OpenError, known, runner};

/// How much longer a run of another workflow may wait for a command to stay with it, in milliseconds.
const STAYED_MS: u64 = 60_000;

/// Opens the folder with the set that is current in it, and works there until that is done or a second signal comes. The
/// receiver turns true at the first.
pub(super) async fn with_active(
    data: Option<PathBuf>,
    command: &str,
    screen: &Screen,
    work: impl AsyncFnOnce(&Installation, &Active, watch::Receiver<bool>) -> Result<u8, Stop>,
) -> Result<u8, Stop> {
    let installation = open(data, command, screen).await?;
    let active = Active::load(&installation.store, &known(&installation.catalog)).await;
    let signals = Signals::listen();
    let stop = signals.asked();
    let ended = match active {
        Ok(active) => signals.over(Box::pin(work(&installation, &active, stop))).await?,
        Err(error) => Err(error.into()),
    };
    installation.close().await;
    ended
}

/// A runner with what its requests need.
pub(super) struct Session<'a> {
    pub(super) runner: Runner,
    pub(super) installation: &'a Installation,
    /// The opaque id of who asks.
    pub(super) asker: String,
    /// The runs that this command drove, and how that ended.
    pub(super) driven: BTreeMap<RunId, Driven>,
}

/// One request's run.
pub(super) struct Ran {
    pub(super) run: RunId,
    pub(super) driven: Driven,
    /// False when an earlier request had made it.
    pub(super) began: bool,
    /// True when it was left open, and this command carried it on.
    pub(super) was_open: bool,
}

impl<'a> Session<'a> {
    /// A session of whoever gives the command, under the policies that are current, and what it tells the person.
    pub(super) async fn start(
        installation: &'a Installation,
        active: &Active,
        stop: watch::Receiver<bool>,
        screen: &Screen,
    ) -> Result<(Self, Progress), Stop> {
        let asker = installation.asker().await?;
        let progress = Progress::start(screen, Some(&installation.store));
        let policies = Arc::clone(&active.set.policies);
        let runner = runner(installation, policies, Some(progress.sender()), stop);
        Ok((Self { runner, installation, asker, driven: BTreeMap::new() }, progress))
    }

    /// Whoever takes the folder's lock first carries on its open runs. A run of another workflow that waits for long is
    /// left waiting: it must not keep this command from its own.
    pub(super) async fn carry_on_open_runs(&mut self, wanted: Option<&str>, progress: &Progress) -> Result<(), Stop> {
        let open = self.installation.store.open_runs().await?;
        for run in open {
            // What one run of many subjects drove is over by now.
            let Some(run) = self.installation.store.run(&run.id).await? else { continue };
            match run.state {
                RunState::Closed { .. } | RunState::Stuck => continue,
                RunState::Waiting { until }
                    if wanted != Some(run.workflow.as_str())
                        && until > self.installation.clock.now().plus_millis(STAYED_MS) =>
                {
                    let until = super::tell::seconds(&until.to_string());
                    progress
                        .say(&format!("run {} of `{}` waits until {until}; left waiting", run.id, run.workflow))
                        .await;
                    continue;
                }
                _ if wanted != Some(run.workflow.as_str()) && self.only_waits(&run).await? => {
                    progress.say(&format!("the runs of run {} of `{}` wait; left waiting", run.id, run.workflow)).await;
                    continue;
                }
                _ => {}
            }
            progress.say(&format!("run {} of `{}` was left open; carrying it on", run.id, run.workflow)).await;
            match self.drive(&run.id).await {
                Ok(Driven::Stopped) => return Err(stopped(&run.id)),
                Ok(_) => {}
                Err(stop) if stop.exit == LEDGER => return Err(stop),
                // WHY: one target that does not answer must not keep every other workflow from running.
                Err(stop) => progress.say(&format!("  it stays open [{}]: {}", stop.code, stop.message)).await,
            }
        }
        Ok(())
    }

    /// The run that was left open by the same request, and that this command has carried on: it is the answer, and not the
    /// first of two.
    pub(super) async fn carried_on(
        &self,
        workflow: &str,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<Option<Ran>, Stop> {
        let is_ours = |run: &StoredRun| {
            run.trigger_key.as_deref().is_some_and(|key| OWN_KEYS.iter().any(|own| key.starts_with(own)))
        };
        self.driven_for(workflow, inputs, |run, plan, _| !is_ours(run) && !plan.is_import()).await
    }

    /// The adoption that was left open, and that this command has carried on to its end.
    pub(super) async fn carried_adoption(
        &self,
        workflow: &str,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<Option<Ran>, Stop> {
        let is_done = |driven: &Driven| *driven == Driven::Over(RunOutcome::Done);
        self.driven_for(workflow, inputs, |_, plan, driven| plan.is_import() && is_done(driven)).await
    }

    /// The run of that workflow with these inputs that this command has driven, and that is the one.
    async fn driven_for(
        &self,
        workflow: &str,
        inputs: &BTreeMap<String, Value>,
        is_it: impl Fn(&StoredRun, &Plan, &Driven) -> bool,
    ) -> Result<Option<Ran>, Stop> {
        for (id, driven) in &self.driven {
            let Some(stored) = self.installation.store.run(id).await?.filter(|run| run.workflow == workflow) else {
                continue;
            };
            let bytes = self.installation.store.blob(&stored.plan).await?;
            let plan = bytes.and_then(|bytes| Plan::from_bytes(bytes.bytes()).ok());
            if plan.is_some_and(|plan| plan.inputs == *inputs && is_it(&stored, &plan, driven)) {
                return Ok(Some(Ran { run: id.clone(), driven: driven.clone(), began: false, was_open: true }));
            }
        }
        Ok(None)
    }

    /// True of a run for many subjects of which each that is open waits for long.
    async fn only_waits(&self, run: &StoredRun) -> Result<bool, Stop> {
        let of_each = of_each(&self.installation.store, &run.id).await?;
        let soon = self.installation.clock.now().plus_millis(STAYED_MS);
        let mut open = of_each.iter().filter(|one| !matches!(one.state, RunState::Closed { .. })).peekable();
        let waits = |one: &StoredRun| matches!(one.state, RunState::Waiting { until } if until > soon);
        Ok(open.peek().is_some() && open.all(waits))
    }

    /// Begins a run, or finds the one that the same key made, and drives it to its end.
    pub(super) async fn request(&mut self, request: Request<'_>) -> Result<Ran, Stop> {
        let (run, began) = match self.runner.begin(request).await? {
            Begun::Started(run) => (run, true),
            Begun::Known(run) => (run, false),
            Begun::Coalesced(holder) => return Err(held(&holder)),
        };
        self.ran(run, began).await
    }

    /// Has the run that holds the subject give way to an emergency, and stays with it until it is over.
    pub(super) async fn press(&mut self, asked: &Asked, holder: &RunId, progress: &Progress) -> Result<(), Stop> {
        progress.say(&format!("run {holder} gives way")).await;
        let driven = self.runner.answer(holder, asked.pressing(self.asker.clone())).await?;
        self.driven.insert(holder.clone(), driven.clone());
        match driven {
            Driven::Over(_) => Ok(()),
            Driven::Stopped => Err(stopped(holder)),
            Driven::Stuck(_) | Driven::Held(_) | Driven::Waiting { .. } => Err(held(holder)),
        }
    }

    async fn ran(&mut self, run: RunId, began: bool) -> Result<Ran, Stop> {
        let driven = match self.outcome_of(&run).await? {
            Some(outcome) => Driven::Over(outcome),
            None => self.drive(&run).await?,
        };
        Ok(Ran { run, driven, began, was_open: false })
    }

    async fn outcome_of(&self, id: &RunId) -> Result<Option<RunOutcome>, Stop> {
        let stored = self.installation.store.run(id).await?;
        Ok(stored.and_then(|run| match run.state {
            RunState::Closed { outcome, .. } => Some(outcome),
            _ => None,
        }))
    }

    /// Drives a run to its end, or to a person.
    pub(super) async fn drive(&mut self, run: &RunId) -> Result<Driven, Stop> {
        let driven = self.runner.drive(run).await.map_err(|error| {
            let mut stop = Stop::of(error.code(), &error);
            stop.help.get_or_insert_with(|| format!("run {run} is open; the next command carries it on"));
            stop
        })?;
        self.driven.insert(run.clone(), driven.clone());
        Ok(driven)
    }
}

/// That another run holds what is needed.
pub(super) fn held(holder: &RunId) -> Stop {
    let text = format!("run {holder} holds what this run would need; nothing was started");
    let help = format!(
        "see `countersign status {holder}`; `countersign resume {holder}` goes on with one that needs a person, `countersign \
         abandon {holder} --reason TEXT` lets go of it"
    );
    Stop::new(STUCK, "run.held", text, help)
}

/// Opens the data folder for writing.
pub(super) async fn open(data: Option<PathBuf>, command: &str, screen: &Screen) -> Result<Installation, Stop> {
    let path = Folder::resolve(data)?;
    told(Installation::open(&path, command).await, screen)
}

/// An opened folder; what is wrong with its settings is drawn.
pub(super) fn told(opened: Result<Installation, OpenError>, screen: &Screen) -> Result<Installation, Stop> {
    opened.map_err(|error| match error {
        OpenError::Settings(settings) => super::lint::drawn(&settings, screen),
        error => error.into(),
    })
}

pub(super) fn stopped(run: &RunId) -> Stop {
    let help = "the next `countersign run` or `quickstart` in this folder carries it on";
    Stop::new(FAILED, "run.stopped", format!("stopped at a safe point; run {run} is open"), help)
}

/// The runs that a run had for each of its subjects.
pub(super) async fn of_each(store: &Store, run: &RunId) -> Result<Vec<StoredRun>, Stop> {
    let Some(stored) = store.run(run).await? else { return Ok(Vec::new()) };
    Ok(store.runs_by_trigger_prefix(&stored.workflow, &Trigger::part_of_prefix(run)).await?)
}
