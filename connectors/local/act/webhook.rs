//! The changes of a sender of webhooks, which signs with up to two secrets at once: pure, on the object in memory.

use std::collections::BTreeMap;

use countersign_contract::{Applied, Refusal, RefusalClass};
use serde_json::Value;

use super::account::{begin, delete, flip, remove, stage};
use super::{Attempt, refuse};
use crate::client::{Account, Key, Object};

pub(super) fn change(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let verb = attempt.intent.call.verb.as_str();
    if verb == "webhook_create" {
        begin(attempt, object)?;
    }
    if !object.exists {
        let message = format!("there is no webhook `{}`", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::NotFound, "local.no_webhook", message));
    }
    match verb {
        "webhook_delete" => delete(attempt, object),
        // beh:G13 while two secrets are enabled, each message has the signatures of both; there is no third one.
        "webhook_create" | "secret_stage" => stage(attempt, object, "secret").map(applied),
        "secret_enable" => flip(attempt, object, true).map(applied),
        "secret_disable" => flip(attempt, object, false).map(applied),
        _ => remove(attempt, object).map(applied),
    }
}

fn applied(key: Key) -> Applied {
    let outputs = BTreeMap::from([("secret_id".to_owned(), Value::String(key.id))]);
    Applied { outputs, provider_ids: Vec::new() }
}
