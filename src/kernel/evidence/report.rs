//! What a verification found.

use std::fmt;

use countersign_warrant::{Digest, EntryId, RunId, Stamped};
use serde::Serialize;

use super::checkpoint::Checkpoint;

/// The most faults that a report holds; the rest are counted.
pub const FAULTS_MAX: usize = 1000;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable code, such as `leaf.hash`.
    pub code: &'static str,
    /// The place in the ledger, where it is known.
    pub index: Option<u64>,
    /// The entry, where it is known.
    pub entry: Option<EntryId>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl Fault {
    pub(super) fn of(entry: &Stamped, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, index: entry.index, entry: Some(entry.id.clone()), message: message.into() }
    }

    pub(super) fn at(index: u64, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, index: Some(index), entry: None, message: message.into() }
    }

    pub(super) fn whole(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, index: None, entry: None, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.index, &self.entry) {
            (Some(index), Some(entry)) => write!(f, "entry {index} (`{entry}`): ")?,
            (Some(index), None) => write!(f, "entry {index}: ")?,
            (None, Some(entry)) => write!(f, "entry `{entry}`: ")?,
            (None, None) => {}
        }
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// The faults found so far; no more than [`FAULTS_MAX`] are kept.
#[derive(Debug, Default)]
pub(super) struct Faults {
    kept: Vec<Fault>,
    total: u64,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.total += 1;
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        }
    }

    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn into_kept(self) -> Vec<Fault> {
        self.kept
    }
}

/// What a verification of the whole ledger found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many leaves were read.
    pub size: u64,
    /// The root over the bytes that were read.
    pub root: Digest,
    /// The signed checkpoint, where its signature holds.
    pub checkpoint: Option<Checkpoint>,
    /// How many runs began.
    pub runs: u64,
    /// Runs without an end, sorted; no fault by themselves.
    pub open_runs: Vec<RunId>,
    /// Intents without a closing answer, sorted; no fault by themselves.
    pub open_intents: Vec<EntryId>,
    /// How many named blobs were compared with their digest.
    pub blobs_checked: u64,
    /// How many named blobs are not there; each is a fault.
    pub blobs_missing: u64,
    /// The first faults, in the order of the ledger; at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// How many faults there are.
    pub faults_total: u64,
}

impl Report {
    /// True when nothing is wrong and the signature holds.
    pub fn holds(&self) -> bool {
        self.faults_total == 0 && self.checkpoint.is_some()
    }
}
