//! What the entries of a ledger must say of each other: every change was judged and recorded before it was made, and
//! answered for.
//!
//! Entries go in one by one, in the order of the ledger. What is closed is forgotten but for 16 bytes of its id.

use std::collections::{BTreeMap, HashSet};

use countersign_warrant::{Digest, EntryId, Kind, ResourceName, RunId, Stamped, Timestamp};
use serde::de::DeserializeOwned;

use super::report::Fault;
use crate::diagnostic::with_article;
use crate::run::bodies::{ActivationBody, BrakeBody, ClockBody, KeyBody, NotDueBody, NoticeBody, StartedBody};

mod brakes;
mod intents;
mod run;
mod versions;

use brakes::Brakes;
use run::RunState;
use versions::Versions;

/// The state of the checks between two entries.
#[derive(Default)]
pub struct Semantics {
    open: BTreeMap<RunId, RunState>,
    shared: Shared,
    /// Ids of closed runs and of entries of no run.
    past: HashSet<[u8; 16]>,
    /// The newest activation.
    activated: Option<EntryId>,
    runs: u64,
}

/// What runs share: who holds and who occupies a resource, and the stages of versions.
#[derive(Default)]
struct Shared {
    holders: BTreeMap<ResourceName, RunId>,
    busy: BTreeMap<ResourceName, EntryId>,
    versions: Versions,
    brakes: Brakes,
}

/// A fault before it is told of which entry.
type Wrong = (&'static str, String);

impl Semantics {
    /// Checks the next entry against those before it.
    pub fn entry(&mut self, entry: &Stamped) -> Vec<Fault> {
        let mut wrong = Vec::new();
        match entry.id.run() {
            Some(run) => self.of_run(&run, entry, &mut wrong),
            None => self.of_none(entry, &mut wrong),
        }
        wrong.into_iter().map(|(code, message)| Fault::of(entry, code, message)).collect()
    }

    /// What can be said only at the end.
    pub fn finish(&mut self) -> Vec<Fault> {
        self.shared.versions.doubly_current().map(|(code, message)| Fault::whole(code, message)).collect()
    }

    /// How many runs began.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Runs without an end, sorted.
    pub fn open_runs(&self) -> Vec<RunId> {
        self.open.keys().cloned().collect()
    }

    /// Intents without a closing answer, sorted.
    pub fn open_intents(&self) -> Vec<EntryId> {
        let mut open: Vec<_> = self.shared.busy.values().cloned().collect();
        open.sort();
        open
    }

    fn of_none(&mut self, entry: &Stamped, wrong: &mut Vec<Wrong>) {
        let key = short(entry.id.as_str());
        if !self.past.insert(key) {
            wrong.push(("entry.doubled", "an entry of that id stands before it".to_owned()));
        }
        if entry.id.as_str().split(':').next() != Some(entry.kind.as_str()) {
            wrong.push((
                "entry.kind",
                format!("its id is not one of {} entry of no run", with_article(entry.kind.as_str())),
            ));
        }
        match entry.kind {
            Kind::NotDue => drop(body::<NotDueBody>(entry, wrong)),
            Kind::Activation => {
                drop(body::<ActivationBody>(entry, wrong));
                self.activated = Some(entry.id.clone());
            }
            Kind::Key => drop(body::<KeyBody>(entry, wrong)),
            Kind::Clock => drop(body::<ClockBody>(entry, wrong)),
            Kind::Notice => drop(body::<NoticeBody>(entry, wrong)),
            Kind::Brake => {
                if let Some(body) = body::<BrakeBody>(entry, wrong) {
                    self.shared.brakes.turn(&body);
                }
            }
            kind => wrong.push(("entry.kind", format!("{} entry belongs to a run", with_article(kind.as_str())))),
        }
    }

    fn of_run(&mut self, run: &RunId, entry: &Stamped, wrong: &mut Vec<Wrong>) {
        if self.past.contains(&short(run.as_str())) {
            wrong.push(("run.closed", format!("run `{run}` was closed before it")));
            return;
        }
        if let Some(state) = self.open.get_mut(run) {
            state.entry(entry, &mut self.shared, wrong);
            if entry.kind == Kind::Closed {
                self.open.remove(run);
                self.past.insert(short(run.as_str()));
            }
            return;
        }
        self.runs += 1;
        let started = if entry.kind == Kind::Started {
            body::<StartedBody>(entry, wrong)
        } else {
            wrong.push(("run.not_started", format!("run `{run}` does not begin with a `started` entry")));
            None
        };
        if let Some(started) = &started {
            self.begin((run, entry.at), started, wrong);
        }
        let mut state = RunState::new(entry, started);
        if entry.kind != Kind::Started {
            state.entry(entry, &mut self.shared, wrong);
        }
        if entry.kind == Kind::Closed {
            self.past.insert(short(run.as_str()));
        } else {
            self.open.insert(run.clone(), state);
        }
    }

    // INVARIANT: inv:I5 no two runs hold a resource at one time.
    fn begin(&mut self, (run, at): (&RunId, Timestamp), started: &StartedBody, wrong: &mut Vec<Wrong>) {
        // INVARIANT: inv:I4 a run follows the set that is current when it starts, and no earlier one.
        if self.activated.as_ref() != Some(&started.activation) {
            wrong.push(("run.activation", format!("`{}` is not the activation before it", started.activation)));
        }
        if !started.resources.contains(&started.subject) {
            wrong.push(("run.holds", "it does not hold its own subject".to_owned()));
        }
        for resource in &started.resources {
            wrong.extend(self.shared.brakes.meets_run(resource, at));
            if let Some(holder) = self.shared.holders.insert(resource.clone(), run.clone()) {
                wrong.push(("run.holds", format!("`{resource}` is held by the open run `{holder}`")));
            }
        }
    }
}

/// The typed body, or a fault.
fn body<T: DeserializeOwned>(entry: &Stamped, wrong: &mut Vec<Wrong>) -> Option<T> {
    match T::deserialize(&entry.predicate) {
        Ok(body) => Some(body),
        Err(error) => {
            wrong.push((
                "entry.shape",
                format!("it does not have the shape of {} entry: {error}", with_article(entry.kind.as_str())),
            ));
            None
        }
    }
}

/// Enough of an id's digest to know it again.
fn short(id: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Digest::of(id.as_bytes()).as_bytes()[..16]);
    short
}
