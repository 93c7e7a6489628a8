//! The process that owns the folder's writes, asked over the folder's socket; what its runs do is read from the store.

use std::path::Path;
use std::time::Duration;

use countersign_kernel::run::bodies::{BrakeKind, Trigger, WaitBody};
use countersign_kernel::run::{Failure, bodies::Wait};
use countersign_kernel::workflow::model::OnImport;
use countersign_warrant::{Kind, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::Stop;
use super::progress::Progress;
use super::stop::{FAILED, exit_of};
use crate::Reading;
use crate::api::{Activation, Answer, Begun, Braking, MadeCurrent, Problem, Wanted, path_of};
use crate::catalog::Catalog;
use crate::clock::{Clock as _, SystemClock};
use crate::folder::Folder;
use crate::runner::{Driven, Held};
use crate::scheduler::Active;
use crate::serve::Turned;
use crate::settings::Settings;
use crate::store::{RunState, Store, StoredBrake, StoredRun};

/// How long the owner may take to answer: it looks at targets before it begins a run.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often the store is read while a run goes on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The process that serves a folder.
pub(super) struct Owner {
    client: reqwest::Client,
    /// The folder, for reading.
    pub(super) reading: Reading,
}

impl Owner {
    /// The owner of that folder; `None` where no process serves it.
    pub(super) async fn of(path: &Path) -> Result<Option<Self>, Stop> {
        let Ok(folder) = Folder::open(path) else { return Ok(None) };
        let socket = path_of(&folder);
        // WHY: a socket that nobody listens on is left over; the folder's lock is free then, and says so.
        if tokio::net::UnixStream::connect(&socket).await.is_err() {
            return Ok(None);
        }
        let client = reqwest::Client::builder().unix_socket(socket).timeout(PATIENCE).no_proxy().build();
        let client = client.map_err(|error| unanswered(&error))?;
        Ok(Some(Self { client, reading: Reading::open(path).await? }))
    }

    async fn post<Q: Serialize + Sync, A: DeserializeOwned>(&self, path: &str, body: &Q) -> Result<A, Stop> {
        let sent = self.client.post(format!("http://countersign{path}")).json(body).send().await;
        let answer = sent.map_err(|error| unanswered(&error))?;
        let is_problem =
            answer.headers().get("content-type").is_some_and(|media| media.as_bytes().ends_with(b"problem+json"));
        let text = answer.bytes().await.map_err(|error| unanswered(&error))?;
        if !is_problem {
            return serde_json::from_slice(&text).map_err(|error| unanswered(&error));
        }
        let problem: Problem = serde_json::from_slice(&text).map_err(|error| unanswered(&error))?;
        let Problem { code, detail, help, .. } = problem;
        let help = help.or_else(|| super::stop::help_of(&code));
        Err(Stop { exit: exit_of(&code), message: detail, help, code, told: false })
    }

    /// Asks for a run.
    pub(super) async fn begin(&self, request: &Wanted) -> Result<Begun, Stop> {
        self.post("/v1/runs", request).await
    }

    /// Gives a person's answer to a run.
    pub(super) async fn answer(&self, run: &RunId, answer: &Answer) -> Result<(), Stop> {
        let _: serde_json::Value = self.post(&format!("/v1/runs/{run}/answer"), answer).await?;
        Ok(())
    }

    /// Has files made current.
    pub(super) async fn activate(&self, activation: &Activation) -> Result<MadeCurrent, Stop> {
        self.post("/v1/activations", activation).await
    }

    /// Sets or lifts a brake.
    pub(super) async fn brake(&self, braking: &Braking) -> Result<Turned, Stop> {
        self.post("/v1/brakes", braking).await
    }

    /// What is committed, for reading.
    pub(super) fn store(&self) -> &Store {
        &self.reading.store
    }

    /// Stays with a run until it is over or needs a person, and tells its entries from the one of that number on; ends early,
    /// with `Stopped`, when `stop` turns true: the run goes on without us.
    pub(super) async fn stay_with(
        &self,
        run: &RunId,
        from: usize,
        progress: &Progress,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Driven, Stop> {
        let told = progress.sender();
        let mut seen = std::collections::BTreeMap::from([(run.clone(), from)]);
        loop {
            // WHY: the state is read before the entries: what ended it is among them then.
            let stored = self.store().run(run).await?;
            let ids: Vec<RunId> = seen.keys().cloned().collect();
            for id in ids {
                let entries = self.store().entries_of_run(&id).await?;
                let count = seen.entry(id).or_default();
                entries.iter().skip(*count).for_each(|entry| drop(told.send(entry.clone())));
                *count = entries.len().max(*count);
            }
            let Some(stored) = stored else { return Ok(Driven::Stopped) };
            for part in self.store().runs_by_trigger_prefix(&stored.workflow, &Trigger::part_of_prefix(run)).await? {
                seen.entry(part.id).or_default();
            }
            match stored.state {
                RunState::Closed { outcome, .. } => return Ok(Driven::Over(outcome)),
                RunState::Stuck => return Ok(Driven::Stuck(self.failure_of(run).await?)),
                RunState::Running | RunState::Waiting { .. } => {}
            }
            if let Some(held) = self.held(&stored).await? {
                return Ok(Driven::Held(held));
            }
            let asked = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                asked = asked => if asked { return Ok(Driven::Stopped) },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// The brake that somebody has to lift before the run goes on; nothing while it is driven, or waits for a time.
    async fn held(&self, run: &StoredRun) -> Result<Option<Held>, Stop> {
        if run.state != RunState::Running || run.lease.is_some() {
            return Ok(None);
        }
        let on = self.store().brakes(SystemClock.now()).await?;
        let held = self.store().holds_of(&run.id).await?;
        let met = |brake: &StoredBrake| {
            brake.brake == BrakeKind::Paused && held.iter().any(|resource| brake.meets(resource, &run.subject))
        };
        let met = on.iter().find(|brake| met(brake));
        Ok(met.map(|brake| Held { brake: brake.as_brake(), on: brake.scope.to_string(), until: None }))
    }

    /// Stays with a run that is to give way, and tells nothing of it: true when it is over, false when it needs a person, or when
    /// `stop` turns true before.
    pub(super) async fn is_over(&self, run: &RunId, stop: &mut watch::Receiver<bool>) -> Result<bool, Stop> {
        loop {
            let stored = self.store().run(run).await?;
            if let Some(stored) = &stored
                && let Some(held) = self.held(stored).await?
            {
                let error = held.into_error();
                return Err(Stop::of(error.code(), &error));
            }
            match stored.map(|stored| stored.state) {
                None | Some(RunState::Closed { .. }) => return Ok(true),
                Some(RunState::Stuck) => return Ok(false),
                Some(RunState::Running | RunState::Waiting { .. }) => {}
            }
            let asked = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                asked = asked => if asked { return Ok(false) },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// As [`Owner::stay_with`], of a run that has just been answered: that it needed a person until then is no end.
    pub(super) async fn stay_with_answered(
        &self,
        run: &RunId,
        from: usize,
        progress: &Progress,
        stop: watch::Receiver<bool>,
    ) -> Result<Driven, Stop> {
        // The answer is an entry, and what follows from it is at least another one.
        while self.store().entries_of_run(run).await?.len() < from + 2 && !*stop.borrow() {
            if let Some(stored) = self.store().run(run).await?
                && let Some(held) = self.held(&stored).await?
            {
                return Ok(Driven::Held(held));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.stay_with(run, from, progress, stop).await
    }

    /// Whether the current workflow of that name rotates what was adopted.
    pub(super) async fn rotates_on_import(&self, workflow: &str) -> Result<bool, Stop> {
        let settings = Settings::load(&self.reading.folder.settings_path()).map_err(crate::OpenError::Settings)?;
        let catalog = Catalog::of_manifests(&settings);
        let active = Active::load(self.store(), &crate::known(&catalog)).await?;
        Ok(active.set.workflows.get(workflow).is_some_and(|found| found.on_import == OnImport::Rotate))
    }

    /// Why a run needs a person.
    async fn failure_of(&self, run: &RunId) -> Result<Failure, Stop> {
        let entries = self.store().entries_of_run(run).await?;
        let asks = entries.iter().rev().filter(|entry| entry.kind == Kind::Wait).find_map(|entry| {
            match entry.decode::<WaitBody>().map(|body| body.wait) {
                Ok(Wait::Person { code, message }) => Some(Failure::new(code, message)),
                _ => None,
            }
        });
        Ok(asks.unwrap_or_else(|| Failure::new("run.not_found", "it needs a person".to_owned())))
    }
}

fn unanswered(error: &dyn std::error::Error) -> Stop {
    let text = format!("the process that owns the folder gave no answer: {}", crate::telemetry::with_causes(error));
    let help =
        "`countersign status` says what it did; run the command again, with the same idempotency key if it had one";
    Stop::new(FAILED, "owner.no_answer", text, help)
}
