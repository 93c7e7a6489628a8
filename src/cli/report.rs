//! What runs did, as one JSON document.

use countersign_kernel::run::bodies::{ClosedBody, StartedBody};
use countersign_warrant::{
    DecodeEntryError, DecisionBody, IntentBody, Kind, Outcome, ReceiptBody, Stamped, Verdict,
};
use serde::Serialize;

/// One run, by its entries.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// The workflow's name.
    pub workflow: String,
    /// The run's id.
    pub run: String,
    /// Its outcome; `stuck` or `open` when it has none.
    pub outcome: String,
    /// Policy's answers, in order.
    pub decisions: Vec<DecisionRow>,
    /// What was permitted, in order.
    pub warrants: Vec<WarrantRow>,
    /// How the attempts ended, in order.
    pub receipts: Vec<ReceiptRow>,
}

/// One decision.
#[derive(Debug, Serialize)]
pub struct DecisionRow {
    /// Its entry.
    pub entry: String,
    /// `allow` or `deny`.
    pub verdict: Verdict,
    /// The determining policies.
    pub policies: Vec<String>,
}

/// One granted intent.
#[derive(Debug, Serialize)]
pub struct WarrantRow {
    /// Its entry.
    pub entry: String,
    /// The connector's verb.
    pub verb: String,
    /// The resource that it changes.
    pub subject: String,
}

/// One receipt.
#[derive(Debug, Serialize)]
pub struct ReceiptRow {
    /// Its entry.
    pub entry: String,
    /// `done`, `refused` or `indeterminate`.
    pub outcome: &'static str,
}

impl RunReport {
    /// Reads a run's entries.
    ///
    /// # Errors
    /// When an entry is not what its kind says.
    pub fn of(run: &str, entries: &[Stamped]) -> Result<Self, DecodeEntryError> {
        let mut report = Self {
            workflow: String::new(),
            run: run.to_owned(),
            outcome: "open".to_owned(),
            decisions: Vec::new(),
            warrants: Vec::new(),
            receipts: Vec::new(),
        };
        for entry in entries {
            report.add(entry)?;
        }
        Ok(report)
    }

    fn add(&mut self, stamped: &Stamped) -> Result<(), DecodeEntryError> {
        let entry = stamped.id.to_string();
        match stamped.kind {
            Kind::Started => self.workflow = stamped.decode::<StartedBody>()?.workflow,
            Kind::Decision => {
                let decision = stamped.decode::<DecisionBody>()?.decision;
                self.decisions.push(DecisionRow { entry, verdict: decision.verdict, policies: decision.policies });
            }
            Kind::Intent => {
                let call = stamped.decode::<IntentBody>()?.intent.call;
                self.warrants.push(WarrantRow { entry, verb: call.verb, subject: call.resource.to_string() });
            }
            Kind::Receipt => {
                let outcome = match stamped.decode::<ReceiptBody>()?.outcome {
                    Outcome::Done(_) => "done",
                    Outcome::Refused(_) => "refused",
                    Outcome::Indeterminate(_) => "indeterminate",
                };
                self.receipts.push(ReceiptRow { entry, outcome });
            }
            Kind::Wait if stamped.predicate.pointer("/wait/for").is_some_and(|what| what == "person") => {
                "stuck".clone_into(&mut self.outcome);
            }
            Kind::Closed => self.outcome = stamped.decode::<ClosedBody>()?.outcome.as_str().to_owned(),
            _ => {}
        }
        Ok(())
    }
}
