//! Random runs against a model: after every step, and after every restart, recovery yields exactly what is open, done
//! and to be tried again, in whatever order the entries are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use super::cases::{again, allowed, applied, done, entry, fence, indeterminate, intent_on, mint, refused};
use super::memory::{Fault, Memory, now};
use crate::{
    Answer, Digest, DoneIntent, EntryId, Finding, GrantError, Kind, Mint, OpenIntent, Recovered, Retry, Stamped,
    Warrant,
};

#[derive(Debug, Clone, Copy)]
enum End {
    Done,
    Refused,
    Indeterminate,
    Dropped,
}

#[derive(Debug, Clone, Copy)]
enum Found {
    Applied,
    NotApplied,
    Declared,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Grant(u8),
    End(Index, End),
    Find(Index, Found),
    Retry(Index),
    Undo(Index),
    Restart,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        8 => Just(Fault::None),
        1 => Just(Fault::Refused),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Silent),
    ]
}

fn step() -> impl Strategy<Value = (Step, Fault)> {
    let end = prop_oneof![Just(End::Done), Just(End::Refused), Just(End::Indeterminate), Just(End::Dropped)];
    let found = prop_oneof![Just(Found::Applied), Just(Found::NotApplied), Just(Found::Declared)];
    let step = prop_oneof![
        4 => (0..3u8).prop_map(Step::Grant),
        4 => (any::<Index>(), end).prop_map(|(at, end)| Step::End(at, end)),
        3 => (any::<Index>(), found).prop_map(|(at, found)| Step::Find(at, found)),
        2 => any::<Index>().prop_map(Step::Retry),
        2 => any::<Index>().prop_map(Step::Undo),
        1 => Just(Step::Restart),
    ];
    (step, fault())
}

/// How an intent stands, told without looking at the crate's own fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Open,
    Done,
    NotApplied,
    Over,
}

/// What the process holds, and what the model says.
struct World {
    mint: Mint<Memory>,
    journal: Arc<Memory>,
    warrants: Vec<Warrant>,
    open: Vec<OpenIntent>,
    done: Vec<DoneIntent>,
    retries: Vec<Retry>,
    told: BTreeMap<EntryId, (Told, Option<EntryId>)>,
    next: u64,
}

fn pick<T>(from: &mut Vec<T>, at: Index) -> Option<T> {
    if from.is_empty() { None } else { Some(from.remove(at.index(from.len()))) }
}

impl World {
    fn new() -> Self {
        let (mint, _, journal) = mint();
        let (warrants, open, done, retries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { mint, journal, warrants, open, done, retries, told: BTreeMap::new(), next: 11 }
    }

    fn take(&mut self, step: Step, fault: Fault) {
        if let Step::Restart = step {
            return self.restart();
        }
        self.journal.fail_next(&[fault]);
        match step {
            Step::Grant(on) => self.grant(on),
            Step::End(at, end) => self.end(at, end),
            Step::Find(at, found) => self.find(at, found),
            Step::Retry(at) => self.retry(at),
            Step::Undo(at) => self.undo(at),
            Step::Restart => {}
        }
        self.journal.forget_faults();
    }

    fn number(&mut self) -> u64 {
        self.next += 10;
        self.next
    }

    fn grant(&mut self, on: u8) {
        let intent = intent_on(self.number(), &format!("local/account/n{on}"));
        let entry = intent.entry.clone();
        let answer = now(self.mint.grant(allowed(intent), Vec::new(), fence()));
        self.granted(entry, None, answer);
    }

    /// A warrant exists if and only if the commit was Ok; the model opens the intent if and only if it is written.
    fn granted(
        &mut self,
        entry: EntryId,
        undoes: Option<EntryId>,
        answer: Result<(Warrant, Vec<Stamped>), GrantError>,
    ) {
        let written = self.journal.of_kind(Kind::Intent).iter().any(|stamped| stamped.id == entry);
        match answer {
            Ok((warrant, _)) => {
                assert!(written, "a warrant without its intent in the ledger");
                self.warrants.push(warrant);
            }
            Err(GrantError::Open(open)) => {
                assert!(written);
                self.open.push(*open);
            }
            Err(GrantError::Journal(_)) => assert!(!written),
            Err(GrantError::Mismatch(why)) => panic!("{why}"),
        }
        if written {
            self.told.insert(entry, (Told::Open, undoes));
        }
    }

    fn end(&mut self, at: Index, end: End) {
        let Some(warrant) = pick(&mut self.warrants, at) else { return };
        let entry = warrant.intent().entry.clone();
        let outcome = match end {
            End::Done => done(),
            End::Refused => refused(),
            End::Indeterminate => indeterminate(),
            End::Dropped => {
                drop(warrant);
                assert_eq!(self.mint.lost(), [entry]);
                return;
            }
        };
        let settled = match now(self.mint.record(warrant.settle(outcome), fence())) {
            Ok(settled) => settled,
            Err((receipt, _)) => now(self.mint.record(*receipt, fence())).unwrap(),
        };
        match end {
            End::Done => self.tell_done(&entry),
            End::Refused => self.tell(&entry, Told::Over),
            End::Indeterminate | End::Dropped => {}
        }
        self.follow(settled.answer);
    }

    fn find(&mut self, at: Index, found: Found) {
        let Some(open) = pick(&mut self.open, at) else { return };
        let entry = open.intent().entry.clone();
        let finding = match found {
            Found::Applied => Finding::Applied(applied()),
            Found::NotApplied => Finding::NotApplied { observed_at: open.believable_at() },
            Found::Declared => Finding::Declared { by: "p_00".to_owned(), reason: Digest::of(b"by hand") },
        };
        let settled = now(self.mint.settle(open, finding, fence()));
        let written =
            self.journal.of_kind(Kind::Finding).iter().any(|stamped| stamped.predicate["intent"] == entry.as_str());
        if written {
            match (found, self.told[&entry].1.is_some()) {
                (Found::Applied, _) => self.tell_done(&entry),
                (Found::NotApplied, false) => self.tell(&entry, Told::NotApplied),
                (Found::NotApplied, true) | (Found::Declared, _) => self.tell(&entry, Told::Over),
            }
        }
        if let Ok(settled) = settled {
            self.follow(settled.answer);
        }
    }

    fn retry(&mut self, at: Index) {
        let Some(retry) = pick(&mut self.retries, at) else { return };
        let (old, next) = (retry.intent().entry.clone(), again(retry.intent(), self.number()));
        let entry = next.entry.clone();
        let answer = now(self.mint.retry(retry, allowed(next), Vec::new(), fence()));
        self.granted(entry.clone(), None, answer);
        if self.told.contains_key(&entry) {
            self.tell(&old, Told::Over);
        }
    }

    fn undo(&mut self, at: Index) {
        let Some(done) = pick(&mut self.done, at) else { return };
        let (of, at) = (done.intent().entry.clone(), entry(self.number()));
        let answer = now(self.mint.undo(done, at.clone(), fence()));
        self.granted(at, Some(of), answer);
    }

    fn follow(&mut self, answer: Answer) {
        match answer {
            Answer::Done(done) | Answer::UndoAgain(done) => self.done.push(done),
            Answer::Open(open) => self.open.push(open),
            Answer::Retry(retry) => self.retries.push(retry),
            Answer::Undone(_) | Answer::Refused(_) | Answer::Declared => {}
        }
    }

    fn tell(&mut self, entry: &EntryId, told: Told) {
        self.told.get_mut(entry).unwrap().0 = told;
    }

    fn tell_done(&mut self, entry: &EntryId) {
        match self.told[entry].1.clone() {
            None => self.tell(entry, Told::Done),
            Some(of) => {
                self.tell(entry, Told::Over);
                self.tell(&of, Told::Over);
            }
        }
    }

    /// Everything in memory is gone; the ledger is all that is left.
    fn restart(&mut self) {
        (self.mint, _) = Mint::new(Arc::clone(&self.journal));
        self.warrants.clear();
        let found = now(self.mint.recover(fence().run)).unwrap();
        (self.open, self.done, self.retries) = (found.open, found.done, found.retries);
    }

    fn check(&self, turn: usize) {
        self.journal.set_turn(turn);
        let found = now(self.mint.recover(fence().run)).unwrap();
        self.journal.set_turn(0);
        let undoing =
            |entry: &EntryId| self.told.values().any(|(told, of)| *told == Told::Open && of.as_ref() == Some(entry));
        let expected = |wanted: Told| -> Vec<EntryId> {
            let told = self
                .told
                .iter()
                .filter(|(entry, (told, _))| *told == wanted && !(wanted == Told::Done && undoing(entry)));
            let mut entries: Vec<_> = told.map(|(entry, _)| entry.clone()).collect();
            entries.sort_by_key(EntryId::number);
            entries
        };
        let [open, done, retries] = entries(&found);
        assert_eq!(open, expected(Told::Open));
        assert_eq!(done, expected(Told::Done));
        assert_eq!(retries, expected(Told::NotApplied));
        assert!(
            self.warrants.iter().all(|warrant| open.contains(&warrant.intent().entry)),
            "a warrant of a closed intent"
        );
    }
}

fn entries(found: &Recovered) -> [Vec<EntryId>; 3] {
    [
        found.open.iter().map(|open| open.intent().entry.clone()).collect(),
        found.done.iter().map(|done| done.intent().entry.clone()).collect(),
        found.retries.iter().map(|retry| retry.intent().entry.clone()).collect(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // inv:I2
    #[test]
    fn inv_i2_recovery_yields_exactly_what_is_open_done_and_to_be_retried(
        steps in prop::collection::vec((step(), any::<usize>()), 1..60),
    ) {
        let mut world = World::new();
        for ((step, fault), turn) in steps {
            world.take(step, fault);
            world.check(turn);
        }
    }
}
