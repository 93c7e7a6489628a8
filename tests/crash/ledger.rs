//! The ledger of a data folder, read as any reader does: its entries, and what verifying them says.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::store::Store;
use countersign_kernel::evidence::note::VerifierKey;
use countersign_kernel::evidence::report::Report;
use countersign_kernel::evidence::verify::{Leaf, Verifier};
use countersign_kernel::run::bodies::{ClosedBody, Stage, StartedBody, VersionBody, WaitBody};
use countersign_warrant::{
    DecisionBody, EntryId, Finding, FindingBody, IntentBody, Kind, Moment, Origin, Outcome, ReceiptBody, RunId,
    Stamped, Verdict, VersionId,
};

/// Everything in a ledger, at one moment.
pub(crate) struct Book {
    pub(crate) entries: Vec<Stamped>,
    /// None before the first checkpoint was signed.
    pub(crate) report: Option<Report>,
    /// How many leaves the last checkpoint covers.
    pub(crate) signed: u64,
    /// Resources that runs hold.
    pub(crate) held: Vec<String>,
}

/// How an intent was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Applied,
    Refused,
    NotApplied,
    Declared,
}

impl Book {
    /// Reads it while nobody writes.
    pub(crate) fn read(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Self::load(folder))
    }

    async fn load(folder: &Path) -> Self {
        let store = Store::open_read_only(&folder.join("countersign.db")).await.expect("the store opens for reading");
        let stored = store.entries_from(0, u32::MAX).await.expect("entries can be read");
        let entries = stored.iter().map(|entry| entry.stamped().expect("an entry is what was written")).collect();
        let held = store.holds().await.expect("holds can be read");
        let latest = store.latest_checkpoint().await.expect("checkpoints can be read");
        let signed = latest.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let report = latest.map(|checkpoint| {
            let key: VerifierKey = std::fs::read_to_string(folder.join("ledger.vkey"))
                .expect("the verifier's key")
                .trim()
                .parse()
                .expect("a key");
            let mut verifier = Verifier::new(&checkpoint.note, &key);
            for entry in stored.into_iter().filter(|entry| entry.index < checkpoint.size) {
                verifier.leaf(&Leaf { index: entry.index, bytes: entry.statement, stored_hash: Some(entry.leaf) });
            }
            verifier.finish()
        });
        store.close().await;
        let held = held.into_iter().map(|hold| format!("{} by {}", hold.resource, hold.run)).collect();
        Self { entries, report, signed, held }
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Stamped> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }

    /// Every intent with its place.
    pub(crate) fn intents(&self) -> Vec<(usize, IntentBody)> {
        let places = self.entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Intent);
        places.map(|(place, entry)| (place, entry.decode().expect("an intent"))).collect()
    }

    /// True when a decision at that id allows an act, and stands before `place`.
    pub(crate) fn is_allowed(&self, decision: &EntryId, place: usize) -> bool {
        self.entries.iter().take(place).filter(|entry| entry.id == *decision).any(|entry| {
            let body: Option<DecisionBody> = entry.decode().ok();
            body.is_some_and(|body| {
                body.moment == Moment::Act && body.decision.verdict == Verdict::Allow && body.decision.errors.is_empty()
            })
        })
    }

    /// What closed the intent: one answer, if all is well.
    pub(crate) fn answers(&self, intent: &EntryId) -> Vec<Answer> {
        let mut answers = Vec::new();
        for entry in self.of_kind(Kind::Receipt) {
            let body: ReceiptBody = entry.decode().expect("a receipt");
            match body.outcome {
                _ if body.intent != *intent => {}
                Outcome::Done(_) => answers.push(Answer::Applied),
                Outcome::Refused(_) => answers.push(Answer::Refused),
                Outcome::Indeterminate(_) => {}
            }
        }
        for entry in self.of_kind(Kind::Finding) {
            let body: FindingBody = entry.decode().expect("a finding");
            if body.intent == *intent {
                answers.push(match body.finding {
                    Finding::Applied(_) => Answer::Applied,
                    Finding::NotApplied { .. } => Answer::NotApplied,
                    Finding::Declared { .. } => Answer::Declared,
                });
            }
        }
        answers
    }

    /// The intent that an undo takes back.
    pub(crate) fn undone_by(body: &IntentBody) -> Option<&EntryId> {
        match &body.intent.origin {
            Origin::Undo(of) => Some(of),
            Origin::Plan | Origin::Retry(_) => None,
        }
    }

    /// The runs of that workflow and key: one, if all is well.
    pub(crate) fn runs_of(&self, workflow: &str, key: &str) -> Vec<RunId> {
        let started = self.of_kind(Kind::Started).filter(|entry| {
            let body: StartedBody = entry.decode().expect("a start");
            body.workflow == workflow && body.trigger.idempotency_key.as_deref() == Some(key)
        });
        started.filter_map(|entry| entry.id.run()).collect()
    }

    /// `done`, `undone` ..., `stuck`, or `open`.
    pub(crate) fn end_of(&self, run: &RunId) -> String {
        let mut end = "open".to_owned();
        for entry in self.entries.iter().filter(|entry| entry.id.run().as_ref() == Some(run)) {
            match entry.kind {
                Kind::Closed => {
                    let body: ClosedBody = entry.decode().expect("an end");
                    body.outcome.as_str().clone_into(&mut end);
                }
                Kind::Wait => {
                    let body: WaitBody = entry.decode().expect("a wait");
                    if matches!(body.wait, countersign_kernel::run::bodies::Wait::Person { .. }) {
                        "stuck".clone_into(&mut end);
                    }
                }
                _ => {}
            }
        }
        end
    }

    /// The versions that a run made, made current, and left so.
    pub(crate) fn promoted_by(&self, run: &RunId) -> Vec<VersionId> {
        let own = self.of_kind(Kind::Version).filter(|entry| entry.id.run().as_ref() == Some(run));
        let bodies: Vec<VersionBody> = own.map(|entry| entry.decode().expect("a version")).collect();
        let is = |version: &VersionId, stage| bodies.iter().any(|body| body.version == *version && body.stage == stage);
        let made = bodies.iter().filter(|body| body.sealed.is_some()).map(|body| &body.version);
        made.filter(|version| is(version, Stage::Current) && !is(version, Stage::Retired)).cloned().collect()
    }

    /// Each version's stage.
    pub(crate) fn stages(&self) -> BTreeMap<VersionId, Stage> {
        let bodies = self.of_kind(Kind::Version).map(|entry| entry.decode::<VersionBody>().expect("a version"));
        bodies.map(|body| (body.version, body.stage)).collect()
    }

    /// The current version of a subject.
    pub(crate) fn current(&self, subject: &str) -> Option<VersionId> {
        let mut current = self
            .stages()
            .into_iter()
            .filter(|(version, stage)| *stage == Stage::Current && version.subject.as_str() == subject);
        current.next().map(|(version, _)| version)
    }

    /// True when a receipt of that run says that an attempt came too late.
    pub(crate) fn was_late(&self) -> bool {
        self.of_kind(Kind::Receipt).any(|entry| {
            let body: ReceiptBody = entry.decode().expect("a receipt");
            matches!(body.outcome, Outcome::Refused(refusal) if refusal.code.ends_with(".deadline"))
        })
    }
}
