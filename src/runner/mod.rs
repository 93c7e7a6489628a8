//! The only room with hands: carries out a run's commands, one after the other, and answers with committed entries.
//!
//! The live path and the recovery after a crash are the same loop: fold the entries, take the command, carry it out,
//! fold what was committed. It must never change anything outside but through `act` with a warrant, and never decide
//! anything that the fold or policy decides.
//!
//! Read first: [`Runner::drive`], [`countersign_kernel::run::Command`].

mod act;
mod answer;
mod ask;
mod begin;
mod each;
mod error;
#[cfg(feature = "failpoints")]
mod faulty;
mod held;
mod judge;
mod notice;
mod pages;
mod seal;
mod settle;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_contract::failpoint;
use countersign_kernel::plan::Plan;
use countersign_kernel::policy::PolicySet;
use countersign_kernel::run::bodies::{FactBody, PersonAnswer, RunOutcome, TIMEOUT, WINDOW, Wait, WaitBody};
use countersign_kernel::run::{Command, Failure, Run};
use countersign_kernel::schedule::Windows;
use countersign_warrant::{
    Answer, DoneIntent, Entry, EntryId, Fence, Finding, Kind, Mint, OpenIntent, Retry, RunId, Stamped, StepId,
    Timestamp,
};
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tracing::{Instrument as _, Span};

use crate::catalog::Catalog;
use crate::clock::{self, Clock};
use crate::inventory::Inventory;
use crate::ledger::Ledger;
use crate::secrets::{Maker, Opener};
use crate::store::Store;
use crate::telemetry::with_causes;

pub use answer::PersonsWord;
pub use begin::{Begun, Given, Request};
pub use error::{AnswerError, BeginError, DriveError};
pub use held::Held;
pub use notice::tell;
pub use pages::PAGES;
pub use shared::Shared;

/// How often a run's lease is renewed: a third of what it lasts.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How a call of [`Runner::drive`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Driven {
    /// The run is over.
    Over(RunOutcome),
    /// A person is needed.
    Stuck(Failure),
    /// The process was asked to stop; the run is open, and goes on when somebody drives it again.
    Stopped,
    /// A brake or a limit keeps its next change from being made: nothing is lost, and it goes on when somebody drives it then.
    Held(Held),
    /// It waits, and nobody stays with it: it goes on when somebody drives it from then on.
    Waiting {
        /// Until when.
        until: Timestamp,
    },
}

/// What the runner works with. All of it is shared; a runner may drive many runs at once.
pub struct Runner {
    mint: Mint<Ledger>,
    ledger: Arc<Ledger>,
    store: Store,
    catalog: Arc<Catalog>,
    inventory: Inventory,
    maker: Maker,
    opener: Opener,
    policies: Arc<PolicySet>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    told: Option<mpsc::UnboundedSender<Stamped>>,
    stop: watch::Receiver<bool>,
}

/// What a runner is made of.
pub struct Parts {
    /// The mint over the ledger.
    pub mint: Mint<Ledger>,
    /// Typed reads.
    pub store: Store,
    /// The connectors.
    pub catalog: Arc<Catalog>,
    /// Makes new versions.
    pub maker: Maker,
    /// Opens material to the mint's warrants.
    pub opener: Opener,
    /// The policies in force.
    pub policies: Arc<PolicySet>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the runners of this process share.
    pub shared: Arc<Shared>,
    /// Hears each committed entry.
    pub told: Option<mpsc::UnboundedSender<Stamped>>,
    /// Turns true when the process should stop at a safe point.
    pub stop: watch::Receiver<bool>,
}

/// One run under way, with what only this process can hold of it.
struct Drive {
    run: Run,
    fence: Fence,
    open: Option<OpenIntent>,
    done: BTreeMap<EntryId, DoneIntent>,
    retry: Option<Retry>,
    /// Whether its waits are waited for here.
    stays: bool,
    /// The step at hand, and what it does, in the log and in traces.
    step: Option<(StepId, Span)>,
}

impl Drive {
    /// The span of the step at hand, from its first command to its last; of the run where none is.
    fn span(&mut self) -> Span {
        let at = self.run.current().map(|planned| &planned.step);
        match (&self.step, at) {
            (Some((step, span)), Some(at)) if step == at => span.clone(),
            (_, Some(at)) => {
                let span = tracing::info_span!("step", step = %at);
                self.step = Some((at.clone(), span.clone()));
                span
            }
            (_, None) => {
                self.step = None;
                Span::current()
            }
        }
    }
}

impl Runner {
    /// A runner of these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts { mint, store, catalog, maker, opener, policies, clock, shared, told, stop } = parts;
        let inventory = Inventory::new(Arc::clone(&catalog), store.clone());
        let ledger = Arc::clone(mint.journal());
        Self { mint, ledger, store, catalog, inventory, maker, opener, policies, clock, shared, told, stop }
    }

    /// What there is, as plans see it.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Drives a run to its end, to a person, or to a safe point where the process was asked to stop.
    ///
    /// # Errors
    /// When the run cannot go on in this process: the ledger does not take its entries, or another process drives it.
    pub async fn drive(&self, id: &RunId) -> Result<Driven, DriveError> {
        loop {
            let fence = self.ledger.claim(id).await.map_err(DriveError::Claim)?;
            let drive = self.recover(id, fence).await?;
            match self.carry_to_end(drive).await? {
                // Who stays with a run waits for what time alone ends.
                Driven::Held(held) if held.may_pass() => {
                    if !self.sleep_until(held.again(self.clock.now())).await? {
                        return Ok(Driven::Stopped);
                    }
                }
                driven => return Ok(driven),
            }
        }
    }

    /// As [`Runner::drive`], and no further than to the run's next wait: what waits is a row, and no task.
    ///
    /// # Errors
    /// As [`Runner::drive`].
    pub async fn drive_to_wait(&self, id: &RunId) -> Result<Driven, DriveError> {
        let fence = self.ledger.claim(id).await.map_err(DriveError::Claim)?;
        let drive = self.recover(id, fence).await?;
        self.carry_to_end(Drive { stays: false, ..drive }).await
    }

    /// Carries a claimed run to its end, to a person, or to a safe point, and keeps its lease meanwhile.
    async fn carry_to_end(&self, drive: Drive) -> Result<Driven, DriveError> {
        let (run, workflow) = (&drive.run.id, drive.run.plan.workflow.name.as_str());
        let span = tracing::info_span!("run", %run, workflow);
        crate::telemetry::join_trace(&span, run.as_str());
        Box::pin(self.carry_under_lease(drive)).instrument(span).await
    }

    async fn carry_under_lease(&self, mut drive: Drive) -> Result<Driven, DriveError> {
        let fence = drive.fence.clone();
        // WHY: in this order: a renewal that comes right after the run's own end finds it closed, and is no loss of it.
        let end = tokio::select! {
            biased;
            end = self.carry_on(&mut drive) => end,
            lost = self.keep_lease(&fence) => Err(lost),
        };
        let end = match end.map_err(Held::of) {
            Ok(driven) => Ok(driven),
            Err(Ok(held)) => Ok(Driven::Held(held)),
            Err(Err(error)) => Err(error),
        };
        let end = match end {
            Err(error) if error.is_lasting() => self.ask_person(&mut drive, &error).await,
            end => end,
        };
        if let Ok(Driven::Over(outcome)) = &end {
            self.note_end(&drive.run, *outcome).await?;
        }
        if !matches!(end, Ok(Driven::Over(_))) {
            // WHY: a lease that cannot be given back runs out; what happened to the run is told either way.
            let _ = self.ledger.release(&fence).await;
        }
        end
    }

    /// Nothing that is tried again would help: the run says so, holds what it holds, and waits.
    async fn ask_person(&self, drive: &mut Drive, error: &DriveError) -> Result<Driven, DriveError> {
        let step = drive.run.plan.moves.get(drive.run.cursor.at).or(drive.run.plan.moves.last());
        let Some(step) = step.map(|planned| planned.step.clone()) else { return Err(DriveError::NoEntries) };
        let message = drive.run.words_when_stuck(&with_causes(error));
        let wait = Wait::Person { code: error.code().to_owned(), message: message.clone() };
        let entry = EntryId::of_run(&drive.run.id, drive.run.next);
        self.write(drive, entry, Kind::Wait, &WaitBody { step, wait }).await?;
        Ok(Driven::Stuck(Failure::new(error.code(), message)))
    }

    async fn keep_lease(&self, fence: &Fence) -> DriveError {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            if let Err(error) = self.ledger.renew(fence).await {
                return DriveError::Journal(error);
            }
        }
    }

    /// The run as its entries tell it, with its open and done intents.
    async fn recover(&self, id: &RunId, fence: Fence) -> Result<Drive, DriveError> {
        let recovered = self.mint.recover(id.clone()).await.map_err(DriveError::Recover)?;
        let plan = self.plan_of(&recovered.stamped).await?;
        let run = Run::fold(&recovered.stamped, Arc::new(plan)).map_err(DriveError::Illegal)?;
        let run = run.ok_or_else(|| DriveError::NoSuchRun(id.clone()))?;
        let done = recovered.done.into_iter().map(|done| (done.intent().entry.clone(), done)).collect();
        Ok(Drive {
            run,
            fence,
            open: recovered.open.into_iter().next(),
            done,
            retry: recovered.retries.into_iter().next(),
            stays: true,
            step: None,
        })
    }

    async fn plan_of(&self, entries: &[Stamped]) -> Result<Plan, DriveError> {
        let Some(first) = entries.first() else { return Err(DriveError::NoEntries) };
        let started: countersign_kernel::run::bodies::StartedBody = first.decode().map_err(DriveError::Decode)?;
        let bytes = self.store.blob(&started.plan).await.map_err(DriveError::Store)?;
        let bytes = bytes.ok_or(DriveError::NoPlan(started.plan))?;
        Plan::from_bytes(bytes.bytes()).map_err(DriveError::Plan)
    }

    async fn carry_on(&self, drive: &mut Drive) -> Result<Driven, DriveError> {
        let mut latest = clock::Moment::of(&*self.clock);
        loop {
            // INVARIANT: inv:I4, rel:F21 nothing is granted and stamped by a clock that was set far forward a moment ago.
            let now = clock::Moment::of(&*self.clock);
            let is_far_ahead = now.jumped_ms(std::mem::replace(&mut latest, now)) > clock::AHEAD_MS_MAX;
            let is_stopped = *self.stop.borrow() || self.shared.is_clock_wrong() || is_far_ahead;
            if is_stopped && !matches!(drive.run.command(), Ok(Command::Over(_))) {
                return Ok(Driven::Stopped);
            }
            self.give_way(drive).await?;
            failpoint::hit("runner.before_command");
            if self.is_late(drive).await? || self.is_shut(drive).await? {
                continue;
            }
            match drive.run.command().map_err(DriveError::Command)? {
                Command::Over(outcome) => return Ok(Driven::Over(outcome)),
                Command::Stuck(failure) => return Ok(Driven::Stuck(failure)),
                Command::Sleep { until, .. } if !drive.stays && until > self.clock.now() => {
                    return Ok(Driven::Waiting { until });
                }
                command => {
                    let span = drive.span();
                    self.carry_out(drive, command).instrument(span).await?;
                }
            }
        }
    }

    /// Writes down that the run gives way to an emergency, where it is to and can.
    async fn give_way(&self, drive: &mut Drive) -> Result<(), DriveError> {
        let (pressed, answer) = (&self.shared.pressed, PersonAnswer::GiveWay);
        // WHY: what has no answer yet is settled first, and then it is looked at again.
        if drive.run.open_intent().is_some() || !pressed.is_pressed(&drive.run.id) {
            return Ok(());
        }
        let word = pressed.take(&drive.run.id).filter(|_| drive.run.refusal(answer).is_none());
        match word {
            Some(word) => self.write_answer(drive, PersonsWord { answer, ..word }).await,
            None => Ok(()),
        }
    }

    /// True when the step at hand has taken longer than it may, which is written down.
    async fn is_late(&self, drive: &mut Drive) -> Result<bool, DriveError> {
        let Some(deadline) = drive.run.deadline().filter(|deadline| self.clock.now() >= *deadline) else {
            return Ok(false);
        };
        self.write_late(drive, deadline, None).await?;
        Ok(true)
    }

    /// The step at hand has taken longer than it may; `reason` is what it waited for, in words.
    async fn write_late(
        &self,
        drive: &mut Drive,
        deadline: Timestamp,
        reason: Option<String>,
    ) -> Result<(), DriveError> {
        let mut facts = BTreeMap::from([("deadline".to_owned(), json(&deadline))]);
        facts.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
        let entry = EntryId::of_run(&drive.run.id, drive.run.next);
        self.write_fact(drive, TIMEOUT, false, facts, entry).await
    }

    /// True when the windows of the change at hand have closed over it, which is written down.
    async fn is_shut(&self, drive: &mut Drive) -> Result<bool, DriveError> {
        let now = self.clock.now();
        if drive.run.windows().is_none_or(|windows| windows.is_open(now)) {
            return Ok(false);
        }
        let entry = EntryId::of_run(&drive.run.id, drive.run.next);
        self.write_fact(drive, WINDOW, false, BTreeMap::new(), entry).await?;
        Ok(true)
    }

    /// Says that a change may begin, or until when it waits.
    async fn window(&self, drive: &mut Drive, windows: &Windows, entry: EntryId) -> Result<(), DriveError> {
        let now = self.clock.now();
        match windows.opens_at(now) {
            Some(opens) if opens > now => self.write_wait(drive, Wait::Until { at: opens }, entry).await,
            Some(_) => {
                let facts = BTreeMap::from([("closes_at".to_owned(), json(&windows.closes_at(now)))]);
                self.write_fact(drive, WINDOW, true, facts, entry).await
            }
            None => self.write_fact(drive, WINDOW, false, BTreeMap::new(), entry).await,
        }
    }

    async fn write_fact(
        &self,
        drive: &mut Drive,
        about: &str,
        holds: bool,
        facts: BTreeMap<String, serde_json::Value>,
        entry: EntryId,
    ) -> Result<(), DriveError> {
        let Some(step) = drive.run.current().map(|planned| planned.step.clone()) else {
            return Err(DriveError::NoEntries);
        };
        self.write(drive, entry, Kind::Fact, &FactBody { step, about: about.to_owned(), holds, facts }).await
    }

    async fn carry_out(&self, drive: &mut Drive, command: Command) -> Result<(), DriveError> {
        match command {
            Command::Judge { covers, first } => self.judge(drive, &covers, first).await,
            Command::Check { facts, issuer, entry } => self.check(drive, &facts, issuer.as_ref(), entry).await,
            Command::Seal { version, recipe, entry } => self.seal(drive, version, &recipe, entry).await,
            Command::Act { intent, decision } => self.act(drive, *intent, decision).await,
            Command::Undo { of, entry } => self.undo(drive, &of, entry).await,
            Command::Settle(intent) => self.settle(drive, &intent).await,
            Command::Declare { intent, by, reason } => {
                self.close_by(drive, &intent, Finding::Declared { by, reason }).await
            }
            Command::Examine { wanted, issued, at, entry } => self.examine(drive, &wanted, (&issued, at), entry).await,
            Command::Probe { probe, connector, expect, within_ms, with_material, entry } => {
                let material = with_material.then(|| probe.version.clone()).flatten();
                let asked = ask::Asked { probe: *probe, connector, expect, within_ms, material };
                self.probe(drive, asked, entry).await
            }
            Command::Each { entry } => Box::pin(self.each(drive, entry)).await,
            Command::Window { windows, entry } => self.window(drive, &windows, entry).await,
            Command::Wait { ms, entry } => {
                // WHY: nobody waits for longer than the step may take: then it is looked at again.
                let until = self.clock.now().plus_millis(ms);
                let at = drive.run.deadline().map_or(until, |deadline| until.min(deadline));
                self.write_wait(drive, Wait::Until { at }, entry).await
            }
            Command::Sleep { until, entry } => {
                let presses = |run: &RunId| self.shared.pressed.is_pressed(run);
                if self.sleep_unless(until, || presses(&drive.run.id)).await? && !self.is_late(drive).await? {
                    self.write_wait(drive, Wait::Over, entry).await
                } else {
                    Ok(())
                }
            }
            Command::Evidence { attach, retain_secs, entry } => self.evidence(drive, attach, retain_secs, entry).await,
            Command::Notify { to, text, failure, entry } => {
                self.notify(drive, notice::Notice { to, text, failure }, entry).await
            }
            Command::Commit(entries) => self.commit(drive, entries).await,
            Command::Stuck(_) | Command::Over(_) => Ok(()),
        }
    }

    async fn write_wait(&self, drive: &mut Drive, wait: Wait, entry: EntryId) -> Result<(), DriveError> {
        let Some(step) = drive.run.current().map(|planned| planned.step.clone()) else {
            return Err(DriveError::NoEntries);
        };
        self.write(drive, entry, Kind::Wait, &WaitBody { step, wait }).await
    }

    /// Sleeps; false when the process was asked to stop before.
    ///
    /// # Errors
    /// When the wall clock is set back meanwhile: what was a second may now be a year.
    async fn sleep_until(&self, until: Timestamp) -> Result<bool, DriveError> {
        self.sleep_unless(until, || false).await
    }

    /// As [`Runner::sleep_until`]; false, too, as soon as `is_over` says so.
    async fn sleep_unless(&self, until: Timestamp, is_over: impl Fn() -> bool) -> Result<bool, DriveError> {
        let mut stop = self.stop.clone();
        let mut latest = clock::Moment::of(&*self.clock);
        loop {
            let now = clock::Moment::of(&*self.clock);
            // INVARIANT: rel:F21 a wait is never longer than it was said to be because somebody moved the clock.
            if now.is_set_back(latest) {
                return Err(DriveError::ClockBehind);
            }
            latest = now;
            if is_over() {
                return Ok(false);
            }
            let Ok(left @ 1..) = u64::try_from(until.micros() - now.wall.micros()) else { return Ok(true) };
            let nap = Duration::from_micros(left).min(self.clock.look_every());
            // WHY: the borrowed value is let go at once, so that a run may be driven by any thread.
            let asked = async { stop.wait_for(|stop| *stop).await.is_ok() };
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                asked = asked => {
                    if asked { return Ok(false); }
                    tokio::time::sleep(nap).await;
                }
            }
        }
    }

    async fn write<T: Serialize>(
        &self,
        drive: &mut Drive,
        id: EntryId,
        kind: Kind,
        body: &T,
    ) -> Result<(), DriveError> {
        let entry = Entry::new(id, kind, json(body)).map_err(DriveError::Entry)?;
        self.commit(drive, vec![entry]).await
    }

    async fn commit(&self, drive: &mut Drive, entries: Vec<Entry>) -> Result<(), DriveError> {
        use countersign_warrant::Journal as _;
        let stamped = self.ledger.commit(drive.fence.clone(), entries).await.map_err(DriveError::Journal)?;
        self.take(drive, &stamped)
    }

    /// Folds committed entries, and tells whoever listens.
    fn take(&self, drive: &mut Drive, stamped: &[Stamped]) -> Result<(), DriveError> {
        for entry in stamped {
            drive.run = drive.run.apply(entry).map_err(DriveError::Illegal)?;
            if let Some(told) = &self.told {
                // WHY: nobody listening is no fault of the run.
                let _ = told.send(entry.clone());
            }
        }
        Ok(())
    }

    /// Keeps what an answer says of an intent, for the commands that follow.
    fn keep(drive: &mut Drive, answer: Answer) {
        match answer {
            Answer::Done(done) | Answer::UndoAgain(done) => {
                drive.done.insert(done.intent().entry.clone(), done);
            }
            Answer::Open(open) => drive.open = Some(open),
            Answer::Retry(retry) => drive.retry = Some(retry),
            Answer::Undone(_) | Answer::Refused(_) | Answer::Declared => {}
        }
    }
}

/// Our own bodies always have a JSON form: their keys are texts and their numbers are finite.
fn json<T: Serialize>(body: &T) -> serde_json::Value {
    serde_json::to_value(body).unwrap_or(serde_json::Value::Null)
}

#[cfg(test)]
mod tests;
