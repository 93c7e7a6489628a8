//! The changes of an account: pure, on the object in memory.

use std::collections::BTreeMap;

use countersign_contract::{
    Applied, Digest, EntryId, Material, Origin, Refusal, RefusalClass, Timestamp, VersionId, clock,
};
use serde_json::Value;

use super::{Attempt, refuse};
use crate::client::{Account, Key, Object};
use crate::manifest::SLOTS;

/// Shorter keys have fewer than 128 bits even in hex, and their SHA-256 could be guessed.
const KEY_LENGTH_MIN: usize = 32;

pub(super) fn change(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let verb = attempt.intent.call.verb.as_str();
    if verb == "account_create" {
        return create(attempt, object);
    }
    if !object.exists {
        let message = format!("there is no account `{}`", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::NotFound, "local.no_account", message));
    }
    match verb {
        "account_delete" => delete(attempt, object),
        "account_remove" => remove_for_good(attempt, object),
        "key_stage" => stage(attempt, object, "key").map(key_applied),
        "key_enable" => flip(attempt, object, true).map(key_applied),
        "key_disable" => flip(attempt, object, false).map(key_applied),
        _ => remove(attempt, object).map(key_applied),
    }
}

fn create(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    begin(attempt, object)?;
    let expires =
        object.state.attributes.get("expires").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    if expires.is_none_or(|expires| expires <= clock::now()) {
        let message = "the account would have expired already".to_owned();
        return Err(refuse(RefusalClass::PolicyRejected, "local.expired", message));
    }
    stage(attempt, object, "key").map(key_applied)
}

/// An object with the call's attributes, and without a key.
pub(super) fn begin(attempt: &Attempt, object: &mut Object<Account>) -> Result<(), Refusal> {
    if object.exists {
        let message = format!("`{}` exists", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::Conflict, "local.exists", message));
    }
    if object.removed_by.is_some() {
        let message = format!("`{}` was removed; its name is not given again", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::Conflict, "local.removed", message));
    }
    let attributes = attempt.intent.call.parameters.clone();
    if let Some((name, _)) = attributes.iter().find(|(_, value)| value.as_str().is_some_and(str::is_empty)) {
        return Err(refuse(RefusalClass::PolicyRejected, "local.empty_attribute", format!("`{name}` is empty")));
    }
    object.exists = true;
    object.created_by = Some(attempt.intent.entry.clone());
    object.state = Account { attributes, keys: Vec::new() };
    Ok(())
}

/// Deletes an account, role or webhook as it was created: with the first key and no other.
pub(super) fn delete(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let of = attempt.undone()?;
    let is_as_created = |key: &Key| key.staged_by == *of && key.enabled;
    if object.created_by.as_ref() != Some(of) || !object.state.keys.iter().all(is_as_created) {
        let message = "it is not as that entry created it".to_owned();
        return Err(refuse(RefusalClass::Conflict, "local.not_as_created", message));
    }
    object.exists = false;
    object.created_by = None;
    object.state = Account::default();
    Ok(Applied::default())
}

/// Adds a key, or a secret, where there is a place for it.
pub(super) fn stage(attempt: &Attempt, object: &mut Object<Account>, parameter: &str) -> Result<Key, Refusal> {
    let (version, key) = given(attempt, parameter)?;
    let id = format!("{parameter}-{}", version.number);
    let verifier = verifier_of(key)?;
    add(object, Key::new(attempt, id, version, verifier))
}

/// Adds a new key where there is a place for it.
pub(super) fn add(object: &mut Object<Account>, new: Key) -> Result<Key, Refusal> {
    let (keys, version) = (&mut object.state.keys, &new.version);
    if keys.iter().any(|key| key.version == *version) {
        let message = format!("`{version}` is staged already");
        return Err(refuse(RefusalClass::Conflict, "local.key_exists", message));
    }
    if keys.len() >= SLOTS {
        let message = format!("there are {SLOTS} keys; one must be removed first");
        return Err(refuse(RefusalClass::Conflict, "local.no_free_slot", message));
    }
    if keys.iter().any(|key| key.verifier == new.verifier) {
        let message = format!("`{version}` is the same key as one that is staged already");
        return Err(refuse(RefusalClass::PolicyRejected, "local.key_reused", message));
    }
    keys.push(new.clone());
    Ok(new)
}

impl Key {
    /// An enabled key, staged by this attempt.
    pub(super) fn new(attempt: &Attempt, id: String, version: VersionId, verifier: Digest) -> Self {
        let staged_by = attempt.intent.entry.clone();
        Self { id, version, verifier, jwk: None, enabled: true, staged_by, staged_at: clock::now() }
    }
}

/// Removes an account none of whose keys works any more. Its name stays taken: whoever was given access by it must not
/// be somebody else tomorrow (beh:N6).
fn remove_for_good(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    if let Some(key) = object.state.keys.iter().find(|key| key.enabled) {
        let message = format!("`{}` still works; it must be disabled first", key.version);
        return Err(refuse(RefusalClass::Conflict, "local.still_enabled", message));
    }
    object.exists = false;
    object.removed_by = Some(attempt.intent.entry.clone());
    object.state = Account::default();
    Ok(Applied::default())
}

/// The call's version, with its material.
pub(super) fn given<'a>(attempt: &'a Attempt, name: &str) -> Result<(VersionId, &'a Material), Refusal> {
    match (attempt.intent.call.materials.get(name), &attempt.material) {
        (Some(version), Some(material)) => Ok((version.clone(), material)),
        _ => Err(refuse(RefusalClass::Permanent, "local.material", format!("the call names no {name}"))),
    }
}

/// A key must be long, and fit into a header line.
pub(super) fn verifier_of(key: &Material) -> Result<Digest, Refusal> {
    let fits = key.expose(|bytes| bytes.len() >= KEY_LENGTH_MIN && bytes.iter().all(u8::is_ascii_graphic));
    if !fits {
        let message = format!("a key has at least {KEY_LENGTH_MIN} printable ASCII characters");
        return Err(refuse(RefusalClass::PolicyRejected, "local.weak_key", message));
    }
    Ok(key.expose(Digest::of))
}

/// Enables or disables a key, which must not be so already.
pub(super) fn flip(attempt: &Attempt, object: &mut Object<Account>, enabled: bool) -> Result<Key, Refusal> {
    let key = find(attempt, object, "version")?;
    if key.enabled == enabled {
        let message = format!("`{}` is {} already", key.version, if enabled { "enabled" } else { "disabled" });
        return Err(refuse(RefusalClass::Conflict, "local.as_it_is", message));
    }
    key.enabled = enabled;
    Ok(key.clone())
}

/// Removes a disabled key; or, as the undo of its staging, the key that was just staged.
pub(super) fn remove(attempt: &Attempt, object: &mut Object<Account>) -> Result<Key, Refusal> {
    let undone: Option<&EntryId> = match &attempt.intent.origin {
        Origin::Undo(of) => Some(of),
        Origin::Plan | Origin::Retry(_) => None,
    };
    let key = find(attempt, object, "version")?.clone();
    match undone {
        Some(of) if key.staged_by != *of => {
            let message = format!("`{}` was not staged by that entry", key.version);
            return Err(refuse(RefusalClass::Conflict, "local.not_as_staged", message));
        }
        None if key.enabled => {
            let message = format!("`{}` still works; it must be disabled first", key.version);
            return Err(refuse(RefusalClass::Conflict, "local.still_enabled", message));
        }
        _ => object.state.keys.retain(|other| other.version != key.version),
    }
    Ok(key)
}

/// The key of the version that the parameter names.
pub(super) fn find<'a>(
    attempt: &Attempt,
    object: &'a mut Object<Account>,
    parameter: &str,
) -> Result<&'a mut Key, Refusal> {
    let text = attempt.intent.call.parameters.get(parameter).and_then(Value::as_str).unwrap_or_default();
    let version: Option<VersionId> = text.parse().ok();
    let found = object.state.keys.iter_mut().find(|key| Some(&key.version) == version.as_ref());
    found.ok_or_else(|| refuse(RefusalClass::NotFound, "local.no_key", format!("there is no key `{text}`")))
}

fn key_applied(key: Key) -> Applied {
    let outputs = BTreeMap::from([("key_id".to_owned(), Value::String(key.id))]);
    Applied { outputs, provider_ids: Vec::new() }
}
