//! The changes of a token issuer's published keys: pure, on the object in memory. No private key comes here.

use std::collections::BTreeMap;

use countersign_contract::{Applied, Digest, Refusal, RefusalClass, VersionId};
use serde_json::Value;

use super::account::{add, begin, delete, flip, remove};
use super::request::{key_of, rejected};
use super::{Attempt, refuse};
use crate::client::{Account, Key, Object};
use crate::token;

pub(super) fn change(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let verb = attempt.intent.call.verb.as_str();
    if verb == "jwks_create" {
        begin(attempt, object)?;
        object.state.attributes.retain(|name, _| !["request", "version"].contains(&name.as_str()));
    }
    if !object.exists {
        let message = format!("there is no token issuer `{}`", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::NotFound, "local.no_jwks", message));
    }
    match verb {
        "jwks_delete" => delete(attempt, object),
        "jwks_create" | "key_publish" => publish(attempt, object).map(applied),
        "key_republish" => flip(attempt, object, true).map(applied),
        "key_withdraw" => flip(attempt, object, false).map(applied),
        _ => remove(attempt, object).map(applied),
    }
}

/// Publishes the key that the request shows, and that signed it.
fn publish(attempt: &Attempt, object: &mut Object<Account>) -> Result<Key, Refusal> {
    let call = &attempt.intent.call;
    let text = |name: &str| call.parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    let version: Option<VersionId> = text("version").parse().ok();
    let Some(version) = version.filter(|version| version.subject == call.resource) else {
        return Err(rejected("local.wrong_version", format!("`{}` is no version of this issuer", text("version"))));
    };
    let (key, der) = key_of(text("request"))?;
    let Some(jwk) = token::jwk(&key) else {
        return Err(rejected("local.key_kind", "a key is P-256, P-384 or Ed25519".to_owned()));
    };
    let kid = jwk.get("kid").and_then(Value::as_str).unwrap_or_default().to_owned();
    add(object, Key { jwk: Some(jwk), ..Key::new(attempt, kid, version, Digest::of(&der)) })
}

fn applied(key: Key) -> Applied {
    Applied { outputs: BTreeMap::from([("kid".to_owned(), Value::String(key.id))]), provider_ids: Vec::new() }
}
