//! The loop of one machine: it has what is due begun, and what has waited long enough carried on, until it is asked to stop.
//!
//! What waits is a row: no run that waits holds a task here. When nothing is due, nothing is read; the wall clock is looked at
//! each second, as a machine that slept, or a clock that was set, tells nobody.
//!
//! This room must never: begin a run that no row of the scheduler and no person asks for; count being started as a reason to
//! begin anything (inv:I10); decide what policy decides.
//!
//! Read first: [`Server`], [`Said`].

mod activation;
mod asked;
mod begin;
mod brakes;
mod error;
mod heartbeat;
mod nap;
mod notices;
mod orders;
mod pages;
mod pulse;
mod said;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use countersign_kernel::plan;
use countersign_kernel::run::bodies::{ClockBody, Trigger};
use countersign_warrant::{RunId, Stamped, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use crate::clock::{AHEAD_MS_MAX, Moment};
use crate::ledger::ClaimError;
use crate::runner::{Begun, DriveError, Driven, Held, PersonsWord, Runner};
use crate::scheduler::{Active, CheckedSet, defaults, rows};
use crate::store::{DueKind, DueRow, RunState, StoredRun};
use crate::{Installation, known, runner};

pub use activation::{Activated, activate};
pub use asked::{AskError, Asked, reported, unknown_workflow, workflow_named};
use begin::Begin;
pub use brakes::{BrakeError, Braked, Turned, turn};
pub use error::ServeError;
pub use heartbeat::Heart;
use nap::{Jump, Nap};
use orders::Order;
pub use orders::{Adopted, Handle, OrderError};
pub use pages::PAGES;
pub use pulse::{Owner, Pulse, Unready};
pub use said::{Beat, Said};

/// How many runs are driven, and triggers looked at, at once.
const AT_ONCE: usize = 64;

/// The shortest and the longest pause after a run that could not go on here, in milliseconds.
const PAUSE_MS: (u64, u64) = (5000, 600_000);

/// How many owners are told at once.
const TELLERS: usize = 8;

/// The time between two runs that one limit holds, in milliseconds.
const TURN_MS: u64 = 20;

/// What a run ends with here where the ledger takes nothing: no other run would fare better.
const LEDGER_GONE: [&str; 2] = ["journal.unavailable", "journal.unknown"];

/// The set that is current, and the runner under its policies.
struct Current {
    active: Active,
    runner: Runner,
}

/// A run that could not go on here.
struct Pause {
    /// Nothing while it is driven again.
    until: Option<Timestamp>,
    ms: u64,
}

/// How a task ended.
enum Ended {
    Row {
        key: Key,
        begun: Result<Begin, ServeError>,
    },
    /// A run that somebody asked for.
    Begun(Option<RunId>),
    /// An emergency met a run, which is to give way.
    Met(RunId, PersonsWord),
    Run {
        run: RunId,
        driven: Result<Driven, DriveError>,
    },
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
    /// Tell owners what is near.
    tellers: JoinSet<(Key, Result<(), ServeError>)>,
    in_hand: InHand,
    nap: Nap,
    orders: mpsc::Receiver<Order>,
    /// Keeps the channel of orders open, and is what callers get.
    handle: Handle,
    entries: mpsc::UnboundedSender<Stamped>,
}

/// What tasks work on, and what is to be taken by one.
#[derive(Default)]
struct InHand {
    /// Rows that a task looks at.
    rows: BTreeSet<Key>,
    /// Rows of which somebody is being told.
    told: BTreeSet<Key>,
    /// Runs that a task drives.
    runs: BTreeSet<RunId>,
    /// Runs to be driven as soon as there is room.
    ready: VecDeque<RunId>,
    /// Runs that a brake holds until somebody lifts it.
    held: BTreeSet<RunId>,
    /// When the last of the runs that a limit holds is tried again, by the limit.
    turns: BTreeMap<String, Timestamp>,
    /// Runs that are tried again later.
    pauses: BTreeMap<RunId, Pause>,
}

/// Makes the scheduler's rows those of the set that is current: a trigger that it had before keeps its instant.
///
/// # Errors
/// When a workflow names no subject, or the rows cannot be written.
pub async fn arrange(installation: &Installation, set: &CheckedSet) -> Result<usize, ServeError> {
    let now = installation.clock.now();
    let mut all = Vec::new();
    let mut services = Vec::new();
    for (name, workflow) in &set.workflows {
        let persons = installation.persons(workflow, &BTreeMap::new());
        if let Some(service) = &workflow.metadata.service
            && let Ok(subject) = defaults(workflow, &persons).and_then(|inputs| plan::subject_of(workflow, &inputs))
        {
            services.push((service.clone(), subject));
        }
        let of_one = rows(workflow, &persons, now);
        all.extend(of_one.map_err(|source| ServeError::NoSubject { workflow: name.clone(), source })?);
    }
    let number = all.len();
    installation.ledger.arrange_due(all).await?;
    installation.ledger.arrange_services(services).await?;
    Ok(number)
}

/// The set that is current, and a runner under it.
async fn load(
    installation: &Arc<Installation>,
    entries: &mpsc::UnboundedSender<Stamped>,
    stop: &watch::Receiver<bool>,
) -> Result<Arc<Current>, ServeError> {
    let active = Active::load(&installation.store, &known(&installation.catalog)).await?;
    let policies = Arc::clone(&active.set.policies);
    let runner = runner(installation, policies, Some(entries.clone()), stop.clone());
    Ok(Arc::new(Current { active, runner }))
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
        let current = load(&installation, &entries, &stop).await?;
        let (handle, orders) = orders::channel();
        let pulse = Pulse::default();
        pulse.belongs_to(&current.active.set);
        let nap = Nap::new(Arc::clone(&installation.clock), pulse);
        Ok(Self {
            installation,
            current,
            said,
            stop,
            tasks: JoinSet::new(),
            tellers: JoinSet::new(),
            in_hand: InHand::default(),
            nap,
            orders,
            handle,
            entries,
        })
    }

    /// Where others give it orders.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// What shows whether it goes on.
    pub fn pulse(&self) -> Pulse {
        self.nap.pulse().clone()
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
                self.in_hand.ready.push_back(run.id);
            }
        }
        let worked = self.work().await;
        self.nap.pulse().ends();
        // A notice that was not recorded is sent again, under the same id.
        self.tellers.shutdown().await;
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
            // WHY: before anything begins: a clock that was set while much was to do must not be gone by.
            if let Some(jump) = self.nap.look() {
                self.wait_for_the_clock(jump).await?;
                continue;
            }
            let now = self.installation.clock.now();
            self.take(now).await?;
            let next = self.next_after(now).await?;
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { return Ok(()) },
                Some(ended) = self.tasks.join_next() => self.end(ended).await?,
                Some(told) = self.tellers.join_next() => {
                    let (key, told) = told.map_err(ServeError::Broken)?;
                    self.in_hand.told.remove(&key);
                    told?;
                }
                Some(order) = self.orders.recv() => self.carry_out(order).await?,
                jump = self.nap.until(next) => if let Some(jump) = jump {
                    self.wait_for_the_clock(jump).await?;
                },
            }
        }
        Ok(())
    }

    /// Has a task take each run and row that is due, as far as there is room.
    async fn take(&mut self, now: Timestamp) -> Result<(), ServeError> {
        for (run, pause) in &mut self.in_hand.pauses {
            // WHY: what is over is over once: how long it was is kept for the next one.
            if pause.until.take_if(|until| *until <= now).is_some() {
                self.in_hand.ready.push_back(run.clone());
            }
        }
        while self.room() > 0
            && let Some(run) = self.in_hand.ready.pop_front()
        {
            self.drive(run);
        }
        if self.room() > 0 {
            let woken = self.installation.store.due_runs(now, (self.room() + self.in_hand.runs.len()) as u64).await?;
            for run in woken {
                if self.room() > 0 {
                    self.drive(run.id);
                }
            }
        }
        if self.room() > 0 {
            let due = self.installation.store.due(now, (self.room() + self.in_hand.rows.len()) as u64).await?;
            for row in due {
                if self.room() > 0 {
                    self.look(row, now);
                }
            }
        }
        let near = (TELLERS + self.in_hand.told.len()) as u64;
        if self.tellers.len() < TELLERS {
            for row in self.installation.store.due_notices(now, near).await? {
                if self.tellers.len() < TELLERS {
                    self.tell(row, now);
                }
            }
        }
        Ok(())
    }

    fn room(&self) -> usize {
        AT_ONCE.saturating_sub(self.tasks.len())
    }

    fn drive(&mut self, run: RunId) {
        if self.in_hand.runs.insert(run.clone()) {
            if let Some(pause) = self.in_hand.pauses.get_mut(&run) {
                pause.until = None;
            }
            let current = Arc::clone(&self.current);
            self.tasks.spawn(async move {
                let driven = current.runner.drive_to_wait(&run).await;
                Ended::Run { run, driven }
            });
        }
    }

    fn look(&mut self, row: DueRow, now: Timestamp) {
        let key = (row.workflow.clone(), row.kind);
        if self.in_hand.rows.insert(key.clone()) {
            let (installation, current) = (Arc::clone(&self.installation), Arc::clone(&self.current));
            self.tasks.spawn(async move {
                let begun = begin::begin(&installation, &current, row, now).await;
                Ended::Row { key, begun }
            });
        }
    }

    /// Has somebody told that the row comes near. WHY: apart from the work, which a webhook that hangs must not keep waiting.
    fn tell(&mut self, row: DueRow, now: Timestamp) {
        let key = (row.workflow.clone(), row.kind);
        if self.in_hand.told.insert(key.clone()) {
            let (installation, current) = (Arc::clone(&self.installation), Arc::clone(&self.current));
            self.tellers.spawn(async move { (key, notices::tell(&installation, &current, row, now).await) });
        }
    }

    /// Carries an order out: in a task, where a target is asked.
    async fn carry_out(&mut self, order: Order) -> Result<(), ServeError> {
        let (installation, current) = (Arc::clone(&self.installation), Arc::clone(&self.current));
        match order {
            Order::Begin { asked, adopted, by, reply } => drop(self.tasks.spawn(async move {
                let begun = orders::begin(&installation, &current, (&asked, adopted), &by).await;
                let ended = match &begun {
                    Ok((Begun::Started(run) | Begun::Known(run), _)) => Ended::Begun(Some(run.clone())),
                    Ok((Begun::Coalesced(holder), Some(word))) => Ended::Met(holder.clone(), word.clone()),
                    _ => Ended::Begun(None),
                };
                // WHY: a caller that is gone finds its run by its key, or in the list.
                let _ = reply.send(begun.map(|(begun, _)| begun));
                ended
            })),
            Order::Answer { run, reply, .. } if self.in_hand.runs.contains(&run) => {
                let _ = reply.send(Err(OrderError::UnderWay(run)));
            }
            Order::Answer { run, word, by, reply } => {
                let taken = orders::answer(&installation, &current, &run, (word, &by)).await;
                if taken.is_ok() {
                    self.in_hand.ready.push_back(run);
                }
                let _ = reply.send(taken);
            }
            Order::Brake { wanted, by, reply } => {
                let turned = orders::brake(&installation, &wanted, &by).await;
                if wanted.lift && turned.is_ok() {
                    let now = self.installation.clock.now();
                    for pause in self.in_hand.pauses.values_mut() {
                        pause.until = pause.until.map(|until| until.min(now));
                    }
                    self.in_hand.ready.extend(std::mem::take(&mut self.in_hand.held));
                }
                let _ = reply.send(turned);
            }
            Order::Activate { files, commit, by, reply } => {
                let made = orders::make_current(&installation, &files, commit, &by).await;
                if made.is_ok() {
                    self.current = load(&self.installation, &self.entries, &self.stop).await?;
                    self.nap.pulse().belongs_to(&self.current.active.set);
                }
                let _ = reply.send(made);
            }
        }
        Ok(())
    }

    async fn end(&mut self, ended: Result<Ended, JoinError>) -> Result<(), ServeError> {
        match ended.map_err(ServeError::Broken)? {
            Ended::Row { key, begun } => {
                self.in_hand.rows.remove(&key);
                let Begin { run, said } = begun?;
                if let Some(said) = said {
                    self.say(said);
                }
                self.in_hand.ready.extend(run.filter(|run| !self.in_hand.runs.contains(run)));
            }
            Ended::Met(holder, word) => self.press(holder, word).await,
            Ended::Begun(run) => self.in_hand.ready.extend(run.filter(|run| !self.in_hand.runs.contains(run))),
            Ended::Run { run, driven } => {
                self.in_hand.runs.remove(&run);
                // What was to give way while its task was ending gives way now.
                let word = self.installation.shared.pressed.take(&run);
                if let (Some(word), Ok(Driven::Waiting { .. } | Driven::Held(_))) = (word, &driven) {
                    self.press(run, word).await;
                    return Ok(());
                }
                match driven {
                    Err(error) if LEDGER_GONE.contains(&error.code()) => return Err(ServeError::Drive(error)),
                    Err(error) if !matches!(error, DriveError::Claim(ClaimError::Closed(_))) => self.pause(run, &error),
                    Ok(Driven::Held(held)) => self.hold(run, &held).await?,
                    // Somebody else than a signal stopped it: the clock.
                    Ok(Driven::Stopped) if !*self.stop.borrow() => self.in_hand.ready.push_back(run),
                    Ok(_) | Err(_) => {
                        self.in_hand.pauses.remove(&run);
                    }
                }
            }
        }
        Ok(())
    }

    fn pause(&mut self, run: RunId, error: &DriveError) {
        let (shortest, longest) = PAUSE_MS;
        let ms = self.in_hand.pauses.get(&run).map_or(shortest, |pause| (pause.ms * 2).min(longest));
        let until = self.installation.clock.now().plus_millis(ms);
        let message = crate::telemetry::with_causes(error);
        self.say(Said::LeftOpen { run: run.clone(), code: error.code().to_owned(), message, again: until });
        self.in_hand.pauses.insert(run, Pause { until: Some(until), ms });
    }

    /// Has a run give way to an emergency: at its next safe point where a task drives it, else at once.
    async fn press(&mut self, holder: RunId, word: PersonsWord) {
        if self.in_hand.runs.contains(&holder) {
            self.installation.shared.pressed.press(holder, word);
            return;
        }
        match self.current.runner.take_answer(&holder, word).await {
            Ok(()) => {
                self.in_hand.held.remove(&holder);
                self.in_hand.ready.push_back(holder);
            }
            // It is over by now, or gives way already, or needs a person: whoever asked sees which.
            Err(error) => tracing::info!(run = %holder, code = error.code(), "a run does not give way"),
        }
    }

    /// A brake or a limit holds the run. Those that one limit holds are tried again one after the other: all at once, they would
    /// meet it again all but one.
    async fn hold(&mut self, run: RunId, held: &Held) -> Result<(), ServeError> {
        let now = self.installation.clock.now();
        // WHY: the brake may have been lifted while the run was on its way here: then nobody would wake it.
        let on = self.installation.store.brakes(now).await?;
        if !held.may_pass() && !on.iter().any(|brake| brake.scope.to_string() == held.on) {
            self.in_hand.ready.push_back(run);
            return Ok(());
        }
        let is_known = self.in_hand.pauses.remove(&run).is_some();
        let again = held.may_pass().then(|| {
            let after = self.in_hand.turns.get(&held.on).map(|last| last.plus_millis(TURN_MS));
            let again = held.again(now).max(after.unwrap_or(now));
            self.in_hand.turns.insert(held.on.clone(), again);
            again
        });
        match again {
            Some(until) => drop(self.in_hand.pauses.insert(run.clone(), Pause { until: Some(until), ms: PAUSE_MS.0 })),
            None => drop(self.in_hand.held.insert(run.clone())),
        }
        // What is held again and again by one limit is told once.
        if !is_known {
            let message = format!("{} on {}", held.brake.in_words(), held.on);
            self.say(Said::Held { run, code: held.brake.code().to_owned(), message, again });
        }
        Ok(())
    }

    /// When there is something to do again; `None` while there is no room, or never.
    async fn next_after(&self, now: Timestamp) -> Result<Option<Timestamp>, ServeError> {
        if self.room() == 0 {
            return Ok(None);
        }
        let store = &self.installation.store;
        let row = store.due_after(now, 1).await?.into_iter().next().and_then(|row| row.at);
        let pause = self.in_hand.pauses.values().filter_map(|pause| pause.until).min();
        Ok([row, store.next_wake(now).await?, store.next_notice(now).await?, pause].into_iter().flatten().min())
    }

    /// A run for one of many subjects is driven by the one that it is a part of, as long as that one is open.
    async fn is_part_of_an_open_run(&self, run: &StoredRun) -> Result<bool, ServeError> {
        let key = run.trigger_key.clone();
        let trigger = Trigger { idempotency_key: key, ..crate::scheduler::trigger_of(run.started_at) };
        let Some(whole) = trigger.part_of() else { return Ok(false) };
        let whole = self.installation.store.run(&whole).await?;
        Ok(whole.is_some_and(|whole| !matches!(whole.state, RunState::Closed { .. })))
    }

    /// Nothing begins, and what is under way stands at a safe point, while the wall cannot be trusted: it says an earlier time
    /// than it has said, or one that lies days ahead of the time that has passed.
    // INVARIANT: inv:I4, rel:F21 a clock that cannot be trusted changes nothing.
    async fn wait_for_the_clock(&mut self, jump: Jump) -> Result<(), ServeError> {
        let latest = jump.before.wall;
        let is_back = jump.ms < 0;
        if is_back {
            self.say(Said::ClockBehind { latest });
            self.nap.pulse().clock_behind(Some(latest));
        } else if jump.ms > AHEAD_MS_MAX {
            self.say(Said::ClockAhead { expected: latest });
            self.nap.pulse().clock_ahead(Some(latest));
        }
        let clock = Arc::clone(&self.installation.clock);
        let is_wrong = || match Moment::of(&*clock).jumped_ms(jump.before) {
            _ if is_back => clock.now() < latest,
            ms => ms > AHEAD_MS_MAX,
        };
        let mut stop = self.stop.clone();
        let mut later = Vec::new();
        while is_wrong() {
            self.installation.shared.distrust_clock(true);
            let asked = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                asked = asked => if asked { return Ok(()) },
                // The kill switch answers: its entry is stamped with the latest time that was right.
                Some(order) = self.orders.recv(), if is_back => match order {
                    order @ Order::Brake { .. } => self.carry_out(order).await?,
                    other => later.push(other),
                },
                () = tokio::time::sleep(clock.look_every()) => {}
            }
        }
        self.installation.shared.distrust_clock(false);
        self.nap.pulse().clock_behind(None);
        self.nap.pulse().clock_ahead(None);
        self.nap.trust();
        let body = ClockBody { jumped_ms: jump.ms, before: latest };
        self.installation.ledger.append_clock(&body, clock.now()).await?;
        for order in later {
            self.carry_out(order).await?;
        }
        Ok(())
    }

    fn say(&self, said: Said) {
        // WHY: nobody listening is no fault of the work.
        let _ = self.said.send(said);
    }
}
