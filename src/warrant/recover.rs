//! What a run's entries say of its intents.

use std::collections::BTreeMap;

use crate::bodies::{Finding, FindingBody, IntentBody, ReceiptBody};
use crate::{
    Applied, DecodeEntryError, DoneIntent, EntryId, Intent, Kind, OpenIntent, Origin, Outcome, Recovered, Retry,
    Stamped, Timestamp,
};

/// How one intent stands.
enum Standing {
    Open,
    Done(Applied),
    /// Done, and its undo is open: whoever settles the undo holds what follows.
    Undoing(Applied),
    NotApplied,
    Ended,
}

/// The intents of one run, by entry number.
#[derive(Default)]
pub(crate) struct Intents(BTreeMap<u64, (Intent, Timestamp, Standing)>);

impl Intents {
    /// Reads them from the run's entries, in any order.
    pub(crate) fn of(stamped: &[Stamped]) -> Result<Self, DecodeEntryError> {
        let mut intents = Self::default();
        for entry in stamped.iter().filter(|entry| entry.kind == Kind::Intent) {
            let body: IntentBody = entry.decode()?;
            let number = entry.id.number().unwrap_or_default();
            intents.0.insert(number, (body.intent, entry.at, Standing::Open));
        }
        for entry in stamped.iter().filter(|entry| entry.kind == Kind::Receipt) {
            let body: ReceiptBody = entry.decode()?;
            match body.outcome {
                Outcome::Done(applied) => intents.close(&body.intent, body.attempt, Standing::Done(applied)),
                Outcome::Refused(_) => intents.close(&body.intent, body.attempt, Standing::Ended),
                Outcome::Indeterminate(_) => {}
            }
        }
        for entry in stamped.iter().filter(|entry| entry.kind == Kind::Finding) {
            let body: FindingBody = entry.decode()?;
            let standing = match body.finding {
                Finding::Applied(applied) => Standing::Done(applied),
                Finding::NotApplied { .. } => Standing::NotApplied,
                Finding::Declared { .. } => Standing::Ended,
            };
            intents.close(&body.intent, body.attempt, standing);
        }
        intents.follow();
        Ok(intents)
    }

    /// What names another intent or another attempt closes nothing.
    fn close(&mut self, entry: &EntryId, attempt: u32, standing: Standing) {
        let known = entry.number().and_then(|number| self.0.get_mut(&number));
        if let Some((intent, _, slot @ Standing::Open)) = known
            && intent.entry == *entry
            && intent.attempt == attempt
        {
            *slot = standing;
        }
    }

    /// A retry replaces the attempt that it follows; an undo takes over the intent that it reverses while it is open,
    /// and ends it when it is done.
    fn follow(&mut self) {
        let mut ended = Vec::new();
        let mut undoing = Vec::new();
        for (intent, _, standing) in self.0.values() {
            match (&intent.origin, standing) {
                (Origin::Retry(of), _) | (Origin::Undo(of), Standing::Done(_)) => ended.push(of.clone()),
                (Origin::Undo(of), Standing::Open) => undoing.push(of.clone()),
                _ => {}
            }
        }
        for (intent, _, standing) in self.0.values_mut() {
            let undo_over = matches!(intent.origin, Origin::Undo(_)) && !matches!(standing, Standing::Open);
            if undo_over || ended.contains(&intent.entry) {
                *standing = Standing::Ended;
            } else if undoing.contains(&intent.entry)
                && let Standing::Done(applied) = standing
            {
                *standing = Standing::Undoing(std::mem::take(applied));
            }
        }
    }

    /// The done intent whose open undo is being settled.
    pub(crate) fn into_undoing(self, entry: &EntryId) -> Option<DoneIntent> {
        self.0.into_values().find_map(|(intent, _, standing)| match standing {
            Standing::Undoing(applied) if intent.entry == *entry => Some(DoneIntent { intent, applied }),
            _ => None,
        })
    }

    pub(crate) fn into_recovered(self, stamped: Vec<Stamped>) -> Recovered {
        let mut recovered = Recovered { stamped, ..Recovered::default() };
        for (intent, granted_at, standing) in self.0.into_values() {
            match standing {
                Standing::Open => recovered.open.push(OpenIntent { intent, granted_at }),
                Standing::Done(applied) => recovered.done.push(DoneIntent { intent, applied }),
                Standing::NotApplied => recovered.retries.push(Retry { intent }),
                Standing::Undoing(_) | Standing::Ended => {}
            }
        }
        recovered
    }
}
