//! The suite that each connector must pass, with warrants from a real mint over a journal in memory.
//!
//! A connector's tests give a factory of fresh fixtures and example calls for its verbs; [`examine`] tries each of them
//! done, failed, repeated, cancelled, overrun and undone, and reports every broken promise. The suite must never reach
//! into a connector: it sees what the runner sees, and the files that the fixture names.
//!
//! Read first: [`Case`], [`Fixture`].

mod bench;
mod canary;
mod checks;
mod forward;
mod interrupted;
mod journal;
mod manifest;
mod reverse;
mod world;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_contract::{Call, Connector, VersionId};

pub use bench::Bench;
pub use journal::MemoryJournal;

/// A report says no more of one failure than this, in bytes: outputs such as certificates are long.
const WORDS_MAX: usize = 400;

/// A connector with a target of its own, fresh for each check.
pub struct Fixture {
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// Where the target keeps its state: searched for material.
    pub folder: Option<PathBuf>,
    /// True for a sink, which must write material: then only files of mode 0600 may hold it, and one must.
    pub delivers: bool,
    /// What must live as long as the fixture: a temporary folder, an endpoint.
    pub keep: Box<dyn Any + Send>,
}

/// An example of one verb.
#[derive(Debug, Clone)]
pub struct Case {
    /// For the report.
    pub name: &'static str,
    /// What must have been done before.
    pub before: Vec<Call>,
    /// The call that is tried.
    pub call: Call,
    /// Its planned undo; must be there when the manifest says that the verb can be undone.
    pub undo: Option<Call>,
    /// The material of every version that the calls name.
    pub materials: BTreeMap<VersionId, Vec<u8>>,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The check, such as `repeated`.
    pub check: &'static str,
    /// The case's name; `manifest` where it is about none.
    pub case: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.check, self.case, self.what)
    }
}

/// What the suite found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many checks were made.
    pub checks: usize,
    /// Every broken promise.
    pub failures: Vec<Failure>,
}

/// Tries every case in every way, each on a fixture of its own.
pub async fn examine(fixture: &(dyn Fn() -> Fixture + Sync), cases: &[Case]) -> Report {
    let mut report = Report::default();
    report.add("manifest", "manifest", manifest::check(&*fixture().connector, cases));
    for case in cases {
        let tries = checks::tries(fixture, case).await;
        for (check, result) in tries {
            report.add(check, case.name, result);
        }
    }
    report
}

impl Report {
    fn add(&mut self, check: &'static str, case: &'static str, result: Result<(), String>) {
        self.checks += 1;
        if let Err(mut what) = result {
            what.truncate(what.floor_char_boundary(WORDS_MAX));
            self.failures.push(Failure { check, case, what });
        }
    }
}

#[cfg(test)]
mod tests;
