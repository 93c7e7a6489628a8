//! The intents of one run: judged before, answered once.

use std::collections::BTreeMap;

use countersign_warrant::{
    EntryId, Finding, FindingBody, Intent, IntentBody, Origin, Outcome, ReceiptBody, ResourceName, Stamped, Timestamp,
};

use super::run::RunState;
use super::{Shared, Wrong};

/// How an intent stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    /// Open, with a receipt that left it so.
    Doubted,
    Done,
    Undone,
    NotApplied,
    Ended,
}

struct Recorded {
    intent: Intent,
    at: Timestamp,
    standing: Standing,
}

impl Recorded {
    fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Open | Standing::Doubted)
    }
}

/// The intents of one run, by entry number.
#[derive(Default)]
pub(super) struct Intents(BTreeMap<u64, Recorded>);

impl RunState {
    /// An intent must be of this run and plan, on a held and free resource, and rest on an allow, or reverse or repeat
    /// a recorded one.
    // INVARIANT: inv:I1 no intent, and so no change, without an allow decision or a judged forward intent before it.
    pub(super) fn intent(&mut self, entry: &Stamped, body: IntentBody, shared: &mut Shared, wrong: &mut Vec<Wrong>) {
        let IntentBody { decision, intent, .. } = body;
        if intent.entry != entry.id {
            wrong.push(("intent.entry", format!("it says that it stands at `{}`", intent.entry)));
        }
        if let Some(started) = &self.started {
            if intent.plan != started.plan || intent.subject != started.subject {
                wrong.push(("intent.plan", "it is of another plan or subject than its run".to_owned()));
            }
            if !started.resources.contains(&intent.call.resource) {
                wrong.push(("intent.resource", format!("the run does not hold `{}`", intent.call.resource)));
            }
        }
        wrong.extend(self.origin(decision.as_ref(), &intent));
        wrong.extend(shared.brakes.meets_intent(&intent.call.resource, &intent.subject, entry.at));
        if let Some(other) = shared.busy.insert(intent.call.resource.clone(), entry.id.clone()) {
            let message = format!("`{other}` is open on `{}`", intent.call.resource);
            wrong.push(("intent.resource_busy", message));
        }
        let recorded = Recorded { intent, at: entry.at, standing: Standing::Open };
        self.intents.0.insert(entry.id.number().unwrap_or_default(), recorded);
    }

    fn origin(&mut self, decision: Option<&EntryId>, intent: &Intent) -> Option<Wrong> {
        let unjudged = |why: &str| Some(("intent.unjudged", why.to_owned()));
        let judged = decision.and_then(|decision| self.allows.remove(decision));
        if matches!(intent.origin, Origin::Plan | Origin::Retry(_)) && judged.as_ref() != Some(&intent.step) {
            return unjudged("no allow decision of its step stands before it for it alone");
        }
        match &intent.origin {
            Origin::Plan if intent.attempt == 1 => None,
            Origin::Plan => unjudged("its attempt is not the first, and it retries nothing"),
            Origin::Retry(of) => {
                let before = self.intents.get_mut(of).filter(|before| {
                    before.standing == Standing::NotApplied
                        && intent.same_change(&before.intent)
                        && intent.attempt == before.intent.attempt.saturating_add(1)
                });
                match before {
                    Some(before) => {
                        before.standing = Standing::Ended;
                        None
                    }
                    None => unjudged("it does not repeat an intent that was found not applied"),
                }
            }
            Origin::Undo(_) if decision.is_some() => unjudged("an undo is judged with its forward intent"),
            Origin::Undo(of) => {
                let forward = self.intents.get_mut(of).is_some_and(|forward| {
                    forward.standing == Standing::Done
                        && forward.intent.undo.as_ref() == Some(&intent.call)
                        && forward.intent.step == intent.step
                        && intent.undo.is_none()
                });
                if forward { None } else { unjudged("it is not the judged undo of a done intent") }
            }
        }
    }
}

impl Intents {
    fn get_mut(&mut self, entry: &EntryId) -> Option<&mut Recorded> {
        let number = entry.number()?;
        self.0.get_mut(&number).filter(|recorded| recorded.intent.entry == *entry)
    }

    /// True when an intent stands at that number.
    pub(super) fn has(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    /// Intents without a closing answer.
    pub(super) fn open(&self) -> impl Iterator<Item = &EntryId> {
        self.0.values().filter(|recorded| recorded.is_open()).map(|recorded| &recorded.intent.entry)
    }

    /// Done intents with a planned undo that did not come.
    pub(super) fn standing(&self) -> impl Iterator<Item = &EntryId> {
        let left = |recorded: &&Recorded| recorded.standing == Standing::Done && recorded.intent.undo.is_some();
        self.0.values().filter(left).map(|recorded| &recorded.intent.entry)
    }

    pub(super) fn receipt(
        &mut self,
        entry: &Stamped,
        body: &ReceiptBody,
        busy: &mut BTreeMap<ResourceName, EntryId>,
        wrong: &mut Vec<Wrong>,
    ) {
        let place = |intent: &Intent| intent.receipt_entry();
        if !self.answers(entry, &body.intent, body.attempt, place, wrong) {
            return;
        }
        let standing = match &body.outcome {
            Outcome::Done(_) => Standing::Done,
            Outcome::Refused(_) => Standing::Ended,
            Outcome::Indeterminate(_) => Standing::Doubted,
        };
        self.close(&body.intent, standing, busy);
    }

    pub(super) fn finding(
        &mut self,
        entry: &Stamped,
        body: &FindingBody,
        busy: &mut BTreeMap<ResourceName, EntryId>,
        wrong: &mut Vec<Wrong>,
    ) {
        let place = |intent: &Intent| intent.finding_entry();
        if !self.answers(entry, &body.intent, body.attempt, place, wrong) {
            return;
        }
        let standing = match &body.finding {
            Finding::Applied(_) => Standing::Done,
            Finding::Declared { .. } => Standing::Ended,
            Finding::NotApplied { observed_at } => {
                let early = self.get_mut(&body.intent).is_some_and(|recorded| {
                    let limits = recorded.intent.call.limits;
                    *observed_at < recorded.at.plus_millis(limits.duration_ms).plus_millis(limits.lateness_ms)
                });
                if early {
                    let message = "it says not applied while the change could still arrive".to_owned();
                    wrong.push(("finding.early", message));
                }
                Standing::NotApplied
            }
        };
        self.close(&body.intent, standing, busy);
    }

    /// True when the answer is to an open intent, of the same attempt, at the place that is kept for it.
    // INVARIANT: inv:I2 an intent is closed once.
    fn answers(
        &mut self,
        entry: &Stamped,
        intent: &EntryId,
        attempt: u32,
        place: impl Fn(&Intent) -> Option<EntryId>,
        wrong: &mut Vec<Wrong>,
    ) -> bool {
        let Some(recorded) = self.get_mut(intent) else {
            wrong.push(("answer.no_intent", format!("no intent `{intent}` of the run stands before it")));
            return false;
        };
        if place(&recorded.intent).as_ref() != Some(&entry.id) || recorded.intent.attempt != attempt {
            wrong.push(("answer.misplaced", format!("it does not fit the attempt of `{intent}`")));
        }
        if !recorded.is_open() {
            wrong.push(("answer.closed_twice", format!("`{intent}` was closed before it")));
            return false;
        }
        true
    }

    fn close(&mut self, entry: &EntryId, standing: Standing, busy: &mut BTreeMap<ResourceName, EntryId>) {
        let Some(recorded) = self.get_mut(entry) else { return };
        recorded.standing = standing;
        if recorded.is_open() {
            return;
        }
        let resource = &recorded.intent.call.resource;
        if busy.get(resource) == Some(entry) {
            busy.remove(resource);
        }
        let undone = match &recorded.intent.origin {
            Origin::Undo(of) if standing == Standing::Done => Some(of.clone()),
            _ => None,
        };
        if let Some(forward) = undone.and_then(|of| self.get_mut(&of)) {
            forward.standing = Standing::Undone;
        }
    }
}
