//! What runs did, as one JSON document.

use countersign_kernel::run::bodies::{ClosedBody, StartedBody, Wait, WaitBody};
use countersign_warrant::{
    DecisionBody, DecodeEntryError, IntentBody, Kind, Outcome, ReceiptBody, Shadow, Stamped, Verdict,
};
use serde::Serialize;

/// One run, by its entries.
#[derive(Debug, Serialize)]
pub(super) struct RunReport {
    /// The workflow's name.
    pub(super) workflow: String,
    /// The run's id.
    pub(super) run: String,
    /// The digest of the plan that it follows.
    pub(super) plan: String,
    /// Its outcome; `stuck` or `open` when it has none.
    pub(super) outcome: String,
    /// Why it ended so, or needs a person: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// Policy's answers, in order.
    pub(super) decisions: Vec<DecisionRow>,
    /// What was permitted, in order.
    pub(super) warrants: Vec<WarrantRow>,
    /// How the attempts ended, in order.
    pub(super) receipts: Vec<ReceiptRow>,
}

/// One decision.
#[derive(Debug, Serialize)]
pub(super) struct DecisionRow {
    /// Its entry.
    pub(super) entry: String,
    /// `allow` or `deny`.
    pub(super) verdict: Verdict,
    /// The other answer, where policies in shadow would have given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shadow: Option<Shadow>,
    /// The act that it is about.
    pub(super) step: String,
    /// The determining policies.
    pub(super) policies: Vec<String>,
}

/// One granted intent.
#[derive(Debug, Serialize)]
pub(super) struct WarrantRow {
    /// Its entry.
    pub(super) entry: String,
    /// The connector's verb.
    pub(super) verb: String,
    /// The resource that it changes.
    pub(super) subject: String,
}

/// One receipt.
#[derive(Debug, Serialize)]
pub(super) struct ReceiptRow {
    /// Its entry.
    pub(super) entry: String,
    /// `done`, `refused` or `indeterminate`.
    pub(super) outcome: &'static str,
}

impl RunReport {
    /// Reads a run's entries.
    ///
    /// # Errors
    /// When an entry is not what its kind says.
    pub(super) fn of(run: &str, entries: &[Stamped]) -> Result<Self, DecodeEntryError> {
        let mut report = Self {
            workflow: String::new(),
            run: run.to_owned(),
            plan: String::new(),
            outcome: "open".to_owned(),
            code: None,
            message: None,
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
            Kind::Started => {
                let started: StartedBody = stamped.decode()?;
                (self.workflow, self.plan) = (started.workflow, started.plan.to_string());
            }
            Kind::Decision => {
                let DecisionBody { step, decision, .. } = stamped.decode()?;
                let (step, verdict, shadow) = (step.to_string(), decision.verdict, decision.shadow);
                self.decisions.push(DecisionRow { entry, verdict, shadow, step, policies: decision.policies });
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
            Kind::Wait => {
                if let Wait::Person { code, message } = stamped.decode::<WaitBody>()?.wait {
                    "stuck".clone_into(&mut self.outcome);
                    (self.code, self.message) = (Some(code), Some(message));
                }
            }
            Kind::Closed => {
                let body: ClosedBody = stamped.decode()?;
                body.outcome.as_str().clone_into(&mut self.outcome);
                (self.code, self.message) = (Some(body.code), Some(body.message));
            }
            _ => {}
        }
        Ok(())
    }
}
