//! Policy's answer, and the value that says "allow" about exactly one intent.

use serde::{Deserialize, Serialize};

use crate::{Digest, EntryId, Intent};

/// The answer of the one evaluation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The change may be attempted.
    Allow,
    /// It may not.
    Deny,
}

/// What one control says of one decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlResult {
    /// In scope, and no forbid of it matched.
    Pass,
    /// A forbid of it matched.
    Fail,
    /// Out of scope.
    NotApplicable,
}

/// A row of the control table of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The control's id, such as `nist-800-53r5:ac-6`.
    pub control: String,
    /// The `@id` of the policy that holds it.
    pub policy: String,
    /// What the evaluation says.
    pub result: ControlResult,
}

/// The digests of everything that the evaluation read; each is stored once, as a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The policies' text, sorted by `@id`.
    pub policies: Digest,
    /// The Cedar schema's text.
    pub schema: Digest,
    /// The entities, as canonical JSON.
    pub entities: Digest,
    /// The request, as canonical JSON.
    pub request: Digest,
}

/// Policy's answer with its reasons: what a `decision` entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Allow or deny.
    pub verdict: Verdict,
    /// A stable reason code: `policy.allowed`, `policy.forbidden`, `policy.no_match`, `policy.error`.
    pub code: String,
    /// The `@id`s of the determining policies, sorted.
    pub policies: Vec<String>,
    /// The `@reason`s of the determining policies, in the same order.
    pub reasons: Vec<String>,
    /// Evaluation errors; any error makes the verdict a deny.
    pub errors: Vec<String>,
    /// A row per control.
    pub controls: Vec<Control>,
    /// What was read.
    pub basis: Basis,
    /// The other answer, where policies in shadow would have given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
}

/// The answer that would have been given if the policies in shadow (`@mode("shadow")`) were in force. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// Allow or deny; never the decision's own.
    pub verdict: Verdict,
    /// A reason code, as a decision has one.
    pub code: String,
    /// The `@id`s of the policies that would have decided, sorted.
    pub policies: Vec<String>,
    /// Their `@reason`s, in the same order.
    pub reasons: Vec<String>,
    /// Evaluation errors.
    pub errors: Vec<String>,
}

/// An allow decision together with the intent that it was made for.
///
/// It is built only in `kernel/policy`; `tests/tidy.rs` holds that. It owns the intent, so nobody can swap it after
/// the judgement, and it is consumed by the grant.
#[derive(Debug)]
#[must_use]
pub struct Allowed {
    pub(crate) intent: Intent,
    pub(crate) decision: Decision,
    pub(crate) decision_entry: EntryId,
}

/// The decision does not allow, or its errors say that it must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the decision on this intent is not a clean allow")]
pub struct NotAllowed;

impl Allowed {
    /// Binds an allow decision to the intent that it was made for.
    ///
    /// # Errors
    /// When the verdict is not allow, or the evaluation had an error.
    // INVARIANT: inv:I4 no deny and no evaluation error ever becomes an `Allowed`.
    pub fn judged(intent: Intent, decision: Decision, decision_entry: EntryId) -> Result<Self, NotAllowed> {
        if decision.verdict != Verdict::Allow || !decision.errors.is_empty() {
            return Err(NotAllowed);
        }
        Ok(Self { intent, decision, decision_entry })
    }

    /// The intent that was judged.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }
}
