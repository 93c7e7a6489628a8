//! Permission for one attempt at one recorded intent, and how that attempt ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EntryId, Fence, Intent, Timestamp};

/// Where warrants that were dropped unsettled are reported.
#[derive(Debug, Clone, Default)]
pub(crate) struct LossLog(Arc<Mutex<Vec<EntryId>>>);

impl LossLog {
    fn report(&self, entry: EntryId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    pub(crate) fn drain(&self) -> Vec<EntryId> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reports the warrant as lost unless it was settled.
#[derive(Debug)]
struct Guard {
    entry: Option<EntryId>,
    log: LossLog,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.log.report(entry);
        }
    }
}

/// Identity of one mint. It opens material only to that mint's warrants; it cannot be copied.
#[derive(Debug)]
pub struct Mark(Arc<()>);

impl Mark {
    pub(crate) fn pair() -> (Self, Arc<()>) {
        let identity = Arc::new(());
        (Self(Arc::clone(&identity)), identity)
    }

    /// True when `warrant` comes from the mint that this mark belongs to.
    pub fn is_of(&self, warrant: &Warrant) -> bool {
        Arc::ptr_eq(&self.0, &warrant.mint)
    }
}

/// Permission for one attempt at one recorded intent. Passed by value; it can be neither made, copied nor read back
/// outside the mint. Dropping it unsettled reports it as lost; its intent stays open.
#[derive(Debug)]
#[must_use = "a warrant that is not settled leaves its intent open"]
pub struct Warrant {
    intent: Intent,
    fence: Fence,
    granted_at: Timestamp,
    mint: Arc<()>,
    guard: Guard,
}

impl Warrant {
    pub(crate) fn issue(intent: Intent, fence: Fence, at: Timestamp, mint: &Arc<()>, log: &LossLog) -> Self {
        Self {
            granted_at: at,
            guard: Guard { entry: Some(intent.entry.clone()), log: log.clone() },
            intent,
            fence,
            mint: Arc::clone(mint),
        }
    }

    /// What may be done: all of it, and nothing else.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// The fence under which it was granted.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// No call may be begun or waited for after this instant.
    pub fn deadline(&self) -> Timestamp {
        self.granted_at.plus_millis(self.intent.call.limits.duration_ms)
    }

    /// Ends the attempt.
    pub fn settle(self, outcome: Outcome) -> Receipt {
        let Self { intent, granted_at, mut guard, .. } = self;
        guard.entry = None;
        Receipt { intent, granted_at, outcome }
    }
}

/// What a done attempt brought about: public facts only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// Named public outputs: a serial, a certificate, a key id.
    #[serde(default)]
    pub outputs: BTreeMap<String, Value>,
    /// Request ids of the provider, for joining its own log.
    #[serde(default)]
    pub provider_ids: Vec<String>,
}

/// How a refusal is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalClass {
    /// Too many calls; later may do.
    Throttled,
    /// A passing fault before anything was changed.
    Transient,
    /// The target's own rules refuse the value.
    PolicyRejected,
    /// The operator credential may not do this.
    PermissionDenied,
    /// What should be changed is not there.
    NotFound,
    /// What is there is not what was expected.
    Conflict,
    /// It will never succeed as it stands.
    Permanent,
}

impl RefusalClass {
    /// True for what may pass without anybody's doing: the same call may do later (beh:R11).
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Throttled | Self::Transient)
    }
}

/// The target certainly did not make the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// How to treat it.
    pub class: RefusalClass,
    /// A stable code of the connector, such as `local.no_free_slot`.
    pub code: String,
    /// One sentence in the connector's own words; never a provider's body.
    pub message: String,
}

/// It is not known whether the target made the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// A stable code, such as `files.rename_unconfirmed`.
    pub code: String,
    /// One sentence in the connector's own words.
    pub message: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The change is made.
    Done(Applied),
    /// The change is certainly not made.
    Refused(Refusal),
    /// Not known; the intent stays open.
    Indeterminate(Doubt),
}

/// A settled warrant, on its way into the ledger.
#[derive(Debug)]
#[must_use = "a receipt that is not recorded leaves its intent open"]
pub struct Receipt {
    pub(crate) intent: Intent,
    pub(crate) granted_at: Timestamp,
    pub(crate) outcome: Outcome,
}

impl Receipt {
    /// The intent that was attempted.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// How it ended.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The same receipt, its outcome weakened to *indeterminate*: where a *done* cannot be believed.
    pub fn doubted(self, doubt: Doubt) -> Self {
        Self { outcome: Outcome::Indeterminate(doubt), ..self }
    }
}
