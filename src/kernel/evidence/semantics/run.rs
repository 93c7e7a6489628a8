//! The entries of one run, from `started` to `closed`.

use std::collections::{BTreeMap, BTreeSet};

use countersign_warrant::{
    DecisionBody, EntryId, FindingBody, IntentBody, Kind, Moment, ReceiptBody, RunId, Stamped, StepId, Verdict,
};

use super::intents::Intents;
use super::{Shared, Wrong, body};
use crate::diagnostic::with_article;
use crate::run::bodies::{
    ClosedBody, FactBody, PersonAnswer, ProbeBody, RunOutcome, SkippedBody, StartedBody, VersionBody, Wait, WaitBody,
};

/// What is known of an open run.
pub(super) struct RunState {
    run: Option<RunId>,
    pub(super) started: Option<StartedBody>,
    numbers: BTreeSet<u64>,
    /// The largest number but for those that an intent keeps for later.
    highest: u64,
    /// Clean allows at the moment of an act that no intent has used yet.
    pub(super) allows: BTreeMap<EntryId, StepId>,
    pub(super) intents: Intents,
    /// True after a person's `undo`.
    is_undone: bool,
}

impl RunState {
    /// A run that begins with `first`.
    pub(super) fn new(first: &Stamped, started: Option<StartedBody>) -> Self {
        let is_started = first.kind == Kind::Started;
        let number = first.id.number().filter(|_| is_started);
        Self {
            run: first.id.run(),
            started,
            numbers: number.into_iter().collect(),
            highest: number.unwrap_or_default(),
            allows: BTreeMap::new(),
            intents: Intents::default(),
            is_undone: false,
        }
    }

    /// The next entry of the run.
    pub(super) fn entry(&mut self, entry: &Stamped, shared: &mut Shared, wrong: &mut Vec<Wrong>) {
        self.number(entry, wrong);
        match entry.kind {
            Kind::Started => wrong.push(("run.started_again", "the run had begun before it".to_owned())),
            Kind::Decision => self.decision(entry, wrong),
            Kind::Intent => {
                if let Some(body) = body::<IntentBody>(entry, wrong) {
                    self.intent(entry, body, shared, wrong);
                }
            }
            Kind::Receipt => {
                if let Some(body) = body::<ReceiptBody>(entry, wrong) {
                    self.intents.receipt(entry, &body, &mut shared.busy, wrong);
                }
            }
            Kind::Finding => {
                if let Some(body) = body::<FindingBody>(entry, wrong) {
                    self.intents.finding(entry, &body, &mut shared.busy, wrong);
                }
            }
            Kind::Version => {
                if let Some(body) = body::<VersionBody>(entry, wrong) {
                    self.version(&body, shared, wrong);
                }
            }
            Kind::Fact => drop(body::<FactBody>(entry, wrong)),
            Kind::Probe => drop(body::<ProbeBody>(entry, wrong)),
            Kind::Wait => {
                let undo = PersonAnswer::Undo;
                let wait = body::<WaitBody>(entry, wrong).map(|body| body.wait);
                self.is_undone |= matches!(wait, Some(Wait::Answered { answer, .. }) if answer == undo);
            }
            Kind::Skipped => drop(body::<SkippedBody>(entry, wrong)),
            Kind::Closed => self.closed(entry, shared, wrong),
            kind @ (Kind::NotDue | Kind::Activation | Kind::Key | Kind::Brake | Kind::Clock | Kind::Notice) => {
                wrong.push(("entry.kind", format!("{} entry belongs to no run", with_article(kind.as_str()))));
            }
        }
    }

    /// Numbers are unique and increase, but for those that an intent keeps for its version, receipt and finding.
    fn number(&mut self, entry: &Stamped, wrong: &mut Vec<Wrong>) {
        let Some(number) = entry.id.number() else { return };
        if !self.numbers.insert(number) {
            wrong.push(("entry.doubled", "an entry of that id stands before it".to_owned()));
            return;
        }
        let kept = match entry.kind {
            Kind::Receipt | Kind::Finding => true,
            Kind::Version => number.checked_sub(1).is_some_and(|intent| self.intents.has(intent)),
            _ => false,
        };
        if number < self.highest && !kept {
            let message = format!("its number comes after {} of the same run", self.highest);
            wrong.push(("entry.moved", message));
        }
        self.highest = self.highest.max(number);
    }

    fn decision(&mut self, entry: &Stamped, wrong: &mut Vec<Wrong>) {
        let Some(DecisionBody { step, moment, decision }) = body(entry, wrong) else { return };
        let clean = decision.verdict == Verdict::Allow && decision.errors.is_empty();
        if decision.verdict == Verdict::Allow && !clean {
            wrong.push(("decision.errors", "it allows although its evaluation had errors".to_owned()));
        }
        if clean && moment == Moment::Act {
            self.allows.insert(entry.id.clone(), step);
        }
    }

    fn version(&mut self, body: &VersionBody, shared: &mut Shared, wrong: &mut Vec<Wrong>) {
        if self.started.as_ref().is_some_and(|started| started.subject != body.version.subject) {
            wrong.push(("version.foreign", format!("`{}` is not of the run's subject", body.version)));
        }
        shared.versions.moved(body, self.is_undone, wrong);
    }

    fn closed(&mut self, entry: &Stamped, shared: &mut Shared, wrong: &mut Vec<Wrong>) {
        let closed: Option<ClosedBody> = body(entry, wrong);
        // INVARIANT: inv:I2 a run ends only when each of its intents is answered.
        for intent in self.intents.open() {
            wrong.push(("run.open_intent", format!("the run ended while `{intent}` was open")));
        }
        let undoes = |outcome| !matches!(outcome, RunOutcome::Done | RunOutcome::Handled | RunOutcome::Abandoned);
        if closed.is_some_and(|closed| undoes(closed.outcome)) {
            for intent in self.intents.standing() {
                wrong.push(("run.left_over", format!("the run ended undone, and `{intent}` was not undone")));
            }
        }
        if let Some(started) = &self.started {
            wrong.extend(shared.versions.doubly_current_of(&started.subject));
        }
        shared.holders.retain(|_, holder| Some(&*holder) != self.run.as_ref());
        shared.busy.retain(|_, intent| intent.run() != self.run);
    }
}
