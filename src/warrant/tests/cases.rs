//! Intents, decisions and fences for the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::memory::Memory;
use crate::{
    Allowed, Applied, Basis, Call, Decision, Digest, Doubt, EntryId, Fence, Intent, Limits, Mark, Mint, Origin,
    Outcome, Refusal, RefusalClass, Timestamp, Verdict,
};

pub(super) const LIMITS: Limits = Limits { duration_ms: 5_000, lateness_ms: 2_000 };

pub(super) fn mint() -> (Mint<Memory>, Mark, Arc<Memory>) {
    let journal = Arc::new(Memory::default());
    let (mint, mark) = Mint::new(Arc::clone(&journal));
    (mint, mark, journal)
}

pub(super) fn fence() -> Fence {
    Fence { run: "r1".parse().unwrap(), epoch: 1 }
}

pub(super) fn entry(number: u64) -> EntryId {
    EntryId::of_run(&fence().run, number)
}

fn call(verb: &str, resource: &str) -> Call {
    Call {
        connector: "local".to_owned(),
        verb: verb.to_owned(),
        resource: resource.parse().unwrap(),
        parameters: BTreeMap::from([("level".to_owned(), json!("read"))]),
        materials: BTreeMap::from([("key".to_owned(), "local/account/reporting@1".parse().unwrap())]),
        limits: LIMITS,
    }
}

/// A planned first attempt at `number`, with an undo.
pub(super) fn intent(number: u64) -> Intent {
    intent_on(number, "local/account/reporting")
}

pub(super) fn intent_on(number: u64, resource: &str) -> Intent {
    Intent {
        entry: entry(number),
        step: "account.create".parse().unwrap(),
        action: "provision".to_owned(),
        subject: "local/account/reporting".parse().unwrap(),
        plan: Digest::of(b"the plan"),
        call: call("account_create", resource),
        facts: BTreeMap::from([("exists".to_owned(), json!(false))]),
        undo: Some(call("account_delete", resource)),
        attempt: 1,
        origin: Origin::Plan,
    }
}

/// The next attempt at the same change, at `number`.
pub(super) fn again(of: &Intent, number: u64) -> Intent {
    Intent { entry: entry(number), attempt: of.attempt + 1, origin: Origin::Retry(of.entry.clone()), ..of.clone() }
}

pub(super) fn decision(verdict: Verdict) -> Decision {
    let of = Digest::of(b"read");
    Decision {
        verdict,
        code: "policy.allowed".to_owned(),
        policies: vec!["owners-may-provision".to_owned()],
        reasons: vec!["the owner asked".to_owned()],
        errors: Vec::new(),
        controls: Vec::new(),
        basis: Basis { policies: of, schema: of, entities: of, request: of },
        shadow: None,
    }
}

/// Allowed by a decision that stands right before the intent.
pub(super) fn allowed(intent: Intent) -> Allowed {
    let before = entry(intent.entry.number().unwrap() - 1);
    Allowed::judged(intent, decision(Verdict::Allow), before).unwrap()
}

pub(super) fn applied() -> Applied {
    Applied {
        outputs: BTreeMap::from([("key_id".to_owned(), json!("k1"))]),
        provider_ids: vec!["request-1".to_owned()],
    }
}

pub(super) fn done() -> Outcome {
    Outcome::Done(applied())
}

pub(super) fn refused() -> Outcome {
    let (code, message) = ("local.exists".to_owned(), "the account is there".to_owned());
    Outcome::Refused(Refusal { class: RefusalClass::Conflict, code, message })
}

pub(super) fn indeterminate() -> Outcome {
    Outcome::Indeterminate(Doubt { code: "local.cut".to_owned(), message: "the line was cut".to_owned() })
}

/// When an open intent that was granted at `at` may be found not applied.
pub(super) fn believable(at: Timestamp) -> Timestamp {
    at.plus_millis(LIMITS.duration_ms + LIMITS.lateness_ms)
}
