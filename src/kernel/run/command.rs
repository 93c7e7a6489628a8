//! What is to be done next: one command a state, the same live and after a restart.

use std::collections::BTreeMap;

use countersign_contract::{Probe, ProbeAnswer};
use countersign_warrant::{
    Digest, Entry, EntryId, Intent, Kind, MintsOwn, Origin, ResourceName, StepId, Timestamp, VersionId,
};
use serde::Serialize;
use serde_json::Value;

use super::bodies::{ClosedBody, RunOutcome, SkippedBody, Stage, VersionBody, Wait, WaitBody};
use super::{Abandonment, Failure, Run, State};
use crate::plan::hole::{FillError, as_text, fill, fill_call, resolve_instant};
use crate::plan::{Act, Aged, Does, Examine, Move, Recipe};
use crate::schedule::Windows;

/// What the runner does next. Entry ids are given, so that doing it twice writes it once.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Judge these acts, and commit one decision for each, numbered from `first`.
    Judge {
        /// The acts.
        covers: Vec<StepId>,
        /// The first entry number.
        first: u64,
    },
    /// Observe the subject and the issuer again, and say whether the facts still hold.
    Check {
        /// What the plan relies on.
        facts: BTreeMap<String, Value>,
        /// Whose certificate the plan relies on.
        issuer: Option<ResourceName>,
        /// Where the answer stands.
        entry: EntryId,
    },
    /// Make and seal the version.
    Seal {
        /// Which.
        version: VersionId,
        /// How.
        recipe: Recipe,
        /// Where it stands.
        entry: EntryId,
    },
    /// Judge the intent; on an allow grant it, act, and record.
    Act {
        /// The intent; its origin says whether it is a first attempt.
        intent: Box<Intent>,
        /// Where its decision stands.
        decision: EntryId,
    },
    /// Grant the undo of that done intent, act, and record.
    Undo {
        /// The done intent.
        of: EntryId,
        /// Where the undo stands.
        entry: EntryId,
    },
    /// Learn by observation what became of the open intent.
    Settle(Box<Intent>),
    /// Close the open intent by the word of a named person.
    Declare {
        /// The open intent.
        intent: Box<Intent>,
        /// Who, as an opaque id.
        by: String,
        /// SHA-256 of the words that were given.
        reason: Digest,
    },
    /// Judge the issued certificate.
    Examine {
        /// What it must be.
        wanted: Box<Examine>,
        /// What was issued, as PEM.
        issued: Box<Issued>,
        /// When the issue was recorded: the instant to judge at, today and after a restart.
        at: Timestamp,
        /// Where the answer stands.
        entry: EntryId,
    },
    /// Ask the target.
    Probe {
        /// What.
        probe: Box<Probe>,
        /// Which instance asks.
        connector: String,
        /// The answer that is needed.
        expect: ProbeAnswer,
        /// How long to go on asking, in milliseconds.
        within_ms: u64,
        /// Whether the version's material is needed.
        with_material: bool,
        /// Where the answer stands.
        entry: EntryId,
    },
    /// Begin and drive a run for each plan of the move at hand, and say how they ended.
    Each {
        /// Where the answer stands.
        entry: EntryId,
    },
    /// Say that a change may begin, or begin a durable wait until it may.
    Window {
        /// When that is.
        windows: Windows,
        /// Where it stands.
        entry: EntryId,
    },
    /// Begin a durable wait of so many milliseconds.
    Wait {
        /// How long.
        ms: u64,
        /// Where it stands.
        entry: EntryId,
    },
    /// Wait until then, and say that it is over; or that the step is late, where the step's time ends with it.
    Sleep {
        /// Until when.
        until: Timestamp,
        /// Where the end of the wait stands.
        entry: EntryId,
    },
    /// Wait for a checkpoint that covers the run so far, and bind the attachments to it.
    Evidence {
        /// The attachments; null where an output did not come about.
        attach: BTreeMap<String, Value>,
        /// How many seconds they are kept.
        retain_secs: u64,
        /// Where it stands.
        entry: EntryId,
    },
    /// Tell somebody, and say whether that was heard.
    Notify {
        /// A webhook of the settings.
        to: String,
        /// What is told.
        text: String,
        /// Why the run failed, where it did: code and message.
        failure: Option<(String, String)>,
        /// Where it stands; the notice's id, too.
        entry: EntryId,
    },
    /// Commit these entries.
    Commit(Vec<Entry>),
    /// Nothing: a person is needed.
    Stuck(Failure),
    /// Nothing: the run is over.
    Over(RunOutcome),
}

/// An issued certificate with what belongs to it, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The certificate first, then its issuers; without the root, unless it is one.
    pub chain: String,
    /// The request that it answers.
    pub request: String,
}

/// The next command cannot be worded: the plan's own bytes are wrong.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A hole cannot be filled.
    #[error("the plan cannot be carried on")]
    Fill(#[from] FillError),
    /// An entry cannot be built.
    #[error("the plan cannot be carried on")]
    Entry(#[from] MintsOwn),
}

impl Run {
    /// What is to be done next.
    ///
    /// # Errors
    /// When the plan names an output that its own steps never bring about.
    pub fn command(&self) -> Result<Command, CommandError> {
        match &self.state {
            State::Skipping { recorded } => self.command_of_skipped(*recorded),
            State::Ready { judged, .. } => self.command_at_cursor(*judged),
            State::Resting { ms } => Ok(Command::Wait { ms: *ms, entry: self.entry_id(0) }),
            State::Retry(last) => Ok(self.command_of_retry(last)),
            State::Open(intent) => Ok(Command::Settle(intent.clone())),
            State::Waiting { until } => {
                Ok(Command::Sleep { until: self.deadline().unwrap_or(*until), entry: self.entry_id(0) })
            }
            State::Undoing(_) => self.command_of_undo(),
            State::Ending(failure) => self.command_of_end(failure.as_ref()),
            State::Stuck { failure, .. } => Ok(Command::Stuck(failure.clone())),
            State::Abandoning(abandonment) => self.command_of_abandonment(abandonment),
            State::Closed(outcome) => Ok(Command::Over(*outcome)),
        }
    }

    /// The id of the entry so many numbers after the next free one.
    fn entry_id(&self, after: u64) -> EntryId {
        EntryId::of_run(&self.id, self.next + after)
    }

    /// Records the steps that the plan leaves out.
    fn command_of_skipped(&self, recorded: usize) -> Result<Command, CommandError> {
        let left = self.plan.skipped.iter().skip(recorded);
        let entries = (0_u64..).zip(left).map(|(after, skipped)| {
            let body = SkippedBody { step: skipped.step.clone(), code: "run.condition".to_owned() };
            Entry::new(self.entry_id(after), Kind::Skipped, json(&body))
        });
        Ok(Command::Commit(entries.collect::<Result<_, _>>()?))
    }

    fn command_at_cursor(&self, judged: usize) -> Result<Command, CommandError> {
        let Some(planned) = self.current() else { return self.command_of_end(None) };
        let entry = self.entry_id(0);
        Ok(match &planned.does {
            Does::Judge { covers, .. } => {
                Command::Judge { covers: covers.iter().skip(judged).cloned().collect(), first: self.next }
            }
            Does::Check { facts } => {
                Command::Check { facts: facts.clone(), issuer: self.issuer_of(&planned.step), entry }
            }
            Does::Seal { version, recipe } => Command::Seal { version: version.clone(), recipe: recipe.clone(), entry },
            Does::Act(act) => {
                let intent = Box::new(self.intent_of(planned, act)?);
                Command::Act { intent, decision: entry }
            }
            Does::Examine(wanted) => Command::Examine {
                wanted: wanted.clone(),
                issued: Box::new(Issued {
                    certificate: self.output(&planned.step, "certificate")?,
                    chain: self.output(&planned.step, "chain")?,
                    request: self.output(&planned.step, "request")?,
                }),
                at: self.times.last_at,
                entry,
            },
            Does::Probe { probe, connector, expect, within_ms, with_material } => {
                let mut probe = probe.clone();
                for value in probe.parameters.values_mut() {
                    *value = resolve_instant(fill(value, &self.outputs)?, self.times.started_at);
                }
                Command::Probe {
                    probe: Box::new(probe),
                    connector: connector.clone(),
                    expect: *expect,
                    within_ms: *within_ms,
                    with_material: *with_material,
                    entry,
                }
            }
            Does::Activate { version, previous, lifetime_secs, aged } => {
                self.activation(&planned.step, (version, previous.as_ref()), *lifetime_secs, *aged)?
            }
            Does::StepDown { version } => {
                Command::Commit(vec![moved(entry, &planned.step, version, Stage::Previous, None)?])
            }
            Does::Retire { version } => {
                Command::Commit(vec![moved(entry, &planned.step, version, Stage::Retired, None)?])
            }
            Does::Window { windows } => Command::Window { windows: windows.clone(), entry },
            Does::Each { .. } => Command::Each { entry },
            Does::Wait { ms } => Command::Wait { ms: if self.times.is_pressed { 0 } else { *ms }, entry },
            Does::Notify { .. } | Does::Evidence { .. } => self.finalising(&planned.does),
        })
    }

    /// The intent of a first attempt: call and undo with their holes filled.
    pub fn intent_of(&self, planned: &Move, act: &Act) -> Result<Intent, FillError> {
        let undo = act.undo.as_ref().map(|undo| fill_call(undo, &self.outputs, self.times.started_at)).transpose()?;
        Ok(Intent {
            entry: self.entry_id(1),
            step: planned.id.clone(),
            action: planned.action.clone(),
            subject: self.plan.subject.resource.clone(),
            plan: self.started.plan,
            call: fill_call(&act.call, &self.outputs, self.times.started_at)?,
            facts: self.facts_of(&planned.step),
            undo,
            attempt: 1,
            origin: Origin::Plan,
        })
    }

    fn command_of_retry(&self, last: &Intent) -> Command {
        let intent = Intent {
            entry: self.entry_id(1),
            attempt: last.attempt + 1,
            origin: Origin::Retry(last.entry.clone()),
            ..last.clone()
        };
        Command::Act { intent: Box::new(intent), decision: self.entry_id(0) }
    }

    fn activation(
        &self,
        step: &StepId,
        (version, previous): (&VersionId, Option<&VersionId>),
        lifetime_secs: Option<u64>,
        aged: Option<Aged>,
    ) -> Result<Command, CommandError> {
        let expires_at = match lifetime_secs {
            Some(secs) => {
                let after = self.times.started_at.plus_millis(secs.saturating_mul(1000));
                Some(aged.map_or(after, |aged| aged.ends_at.max(after)))
            }
            None => self.output(step, "not_after").ok().and_then(|text| text.parse().ok()),
        };
        let mut entries = Vec::new();
        if let Some(previous) = previous {
            entries.push(moved(self.entry_id(0), step, previous, Stage::Previous, None)?);
        }
        let after = u64::from(previous.is_some());
        // WHY: beh:R14 what fell due before it was adopted counts from its adoption, so that it does not fall due at once.
        let by_age = aged.filter(|aged| aged.due_at > self.times.started_at && Some(aged.ends_at) == expires_at);
        let body = VersionBody {
            step: step.clone(),
            version: version.clone(),
            stage: Stage::Current,
            sealed: None,
            expires_at,
            counts_from: by_age.map(|aged| aged.made_at),
        };
        entries.push(Entry::new(self.entry_id(after), Kind::Version, json(&body))?);
        Ok(Command::Commit(entries))
    }

    /// Undoes the newest done act; then retires what was sealed.
    fn command_of_undo(&self) -> Result<Command, CommandError> {
        let entry = self.entry_id(0);
        if let Some(done) = self.done.iter().rev().find(|done| done.is_left_to_undo()) {
            return Ok(Command::Undo { of: done.intent.clone(), entry });
        }
        let step = self
            .current()
            .map_or_else(|| self.plan.moves.first().map(|first| first.step.clone()), |at| Some(at.step.clone()));
        match (self.pending.last(), step) {
            (Some(version), Some(step)) => {
                let replaced = self.activated().find(|(of, _)| *of == version).and_then(|(_, old)| old);
                let mut entries = Vec::new();
                if let Some(old) = replaced {
                    entries.push(moved(entry.clone(), &step, old, Stage::Current, None)?);
                }
                let after = u64::from(replaced.is_some());
                entries.push(moved(self.entry_id(after), &step, version, Stage::Retired, None)?);
                Ok(Command::Commit(entries))
            }
            _ => self.command_of_end(self.failure.as_ref()),
        }
    }

    fn command_of_end(&self, failure: Option<&Failure>) -> Result<Command, CommandError> {
        if let Some((_, planned)) = self.finaliser_left() {
            return Ok(self.finalising(&planned.does));
        }
        let entry = self.entry_id(0);
        let step = self.plan.moves.last().map(|last| last.step.clone());
        if let (true, Some(failure), Some(step)) = (self.needs_person(failure), failure, step) {
            let wait = Wait::Person { code: failure.code.clone(), message: self.words_when_stuck(&failure.message) };
            let body = WaitBody { step, wait };
            return Ok(Command::Commit(vec![Entry::new(entry, Kind::Wait, json(&body))?]));
        }
        let outcome = self.outcome(failure);
        let (code, message) = match failure {
            None => ("run.done".to_owned(), "everything that was planned is done".to_owned()),
            Some(failure) if outcome == RunOutcome::Handled => {
                let words = "what the workflow has for that case is done";
                (failure.code.clone(), format!("{}; {words}", failure.message))
            }
            Some(failure) => (failure.code.clone(), failure.message.clone()),
        };
        let body = ClosedBody { outcome, code, message };
        Ok(Command::Commit(vec![Entry::new(entry, Kind::Closed, json(&body))?]))
    }

    fn command_of_abandonment(&self, abandonment: &Abandonment) -> Result<Command, CommandError> {
        let Abandonment { open, by, reason } = abandonment;
        if let Some(intent) = open {
            return Ok(Command::Declare { intent: intent.clone(), by: by.clone(), reason: *reason });
        }
        if let Some((_, planned)) = self.finaliser_left() {
            return Ok(self.finalising(&planned.does));
        }
        let (code, message) = ("run.abandoned".to_owned(), self.words_when_abandoned());
        let body = ClosedBody { outcome: RunOutcome::Abandoned, code, message };
        Ok(Command::Commit(vec![Entry::new(self.entry_id(0), Kind::Closed, json(&body))?]))
    }

    /// What runs however the run ends. An output that did not come about is null in it.
    fn finalising(&self, does: &Does) -> Command {
        let entry = self.entry_id(0);
        let filled = |value: &Value| fill(value, &self.outputs).unwrap_or(Value::Null);
        match does {
            Does::Notify { to, text, .. } => {
                let text = match text.get("$join").and_then(Value::as_array) {
                    Some(parts) => parts.iter().map(|part| as_text(&filled(part))).collect(),
                    None => as_text(&filled(text)),
                };
                let failure = self.failure.as_ref().map(|failure| (failure.code.clone(), failure.message.clone()));
                Command::Notify { to: to.clone(), text, failure, entry }
            }
            Does::Evidence { attach, retain_secs } => {
                let attach = attach.iter().map(|(path, value)| (path.clone(), filled(value))).collect();
                Command::Evidence { attach, retain_secs: *retain_secs, entry }
            }
            _ => Command::Commit(Vec::new()),
        }
    }

    /// What is true now, and who should do what.
    pub fn words_when_stuck(&self, what: &str) -> String {
        let runbook = self.plan.workflow.runbook.as_ref();
        format!(
            "{what}. The run holds {} and changes nothing more by itself; versions old and new stay sealed. Team {}{}: see \
             `countersign status {run}` for what is known and mend the target; then `countersign resume {run}` goes on, \
             `countersign undo {run}` takes back, or `countersign abandon {run} --reason TEXT` lets go.",
            self.started.resources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            self.plan.workflow.team,
            runbook.map_or_else(String::new, |runbook| format!(" (runbook: {runbook})")),
            run = self.id,
        )
    }

    fn output(&self, step: &StepId, output: &str) -> Result<String, FillError> {
        let value = self.outputs.get(&(step.clone(), output.to_owned()));
        value
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| FillError::Empty { step: step.clone(), output: output.to_owned() })
    }

    /// The facts that the step's check observed.
    fn facts_of(&self, step: &StepId) -> BTreeMap<String, Value> {
        let facts = self.plan.moves.iter().filter(|at| at.step == *step).find_map(|at| match &at.does {
            Does::Check { facts } => Some(facts.clone()),
            _ => None,
        });
        facts.unwrap_or_default()
    }

    fn issuer_of(&self, step: &StepId) -> Option<ResourceName> {
        self.plan.moves.iter().filter(|at| at.step == *step).find_map(|at| match &at.does {
            Does::Examine(wanted) => wanted.issuer.clone(),
            Does::Act(act) if at.action == "revoke" => {
                act.call.parameters.get("issuer").and_then(Value::as_str).and_then(|issuer| issuer.parse().ok())
            }
            _ => None,
        })
    }
}

/// A version that moves to another stage.
fn moved(
    entry: EntryId,
    step: &StepId,
    version: &VersionId,
    stage: Stage,
    expires_at: Option<Timestamp>,
) -> Result<Entry, MintsOwn> {
    let body = VersionBody {
        step: step.clone(),
        version: version.clone(),
        stage,
        sealed: None,
        expires_at,
        counts_from: None,
    };
    Entry::new(entry, Kind::Version, json(&body))
}

/// Our own bodies always have a JSON form: their keys are texts and their numbers are finite.
fn json<T: Serialize>(body: &T) -> Value {
    serde_json::to_value(body).unwrap_or(Value::Null)
}
