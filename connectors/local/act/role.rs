//! The changes of a role, which has up to two users of its own: pure, on the object in memory.

use std::collections::BTreeMap;

use countersign_contract::{Applied, Origin, Refusal, RefusalClass, VersionId, clock};
use serde_json::Value;

use super::account::{begin, delete, find, flip, given, verifier_of};
use super::{Attempt, refuse};
use crate::client::{Account, Key, Object};

pub(super) fn change(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let verb = attempt.intent.call.verb.as_str();
    if verb == "role_create" {
        begin(attempt, object)?;
        return stage(attempt, object);
    }
    if !object.exists {
        let message = format!("there is no role `{}`", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::NotFound, "local.no_role", message));
    }
    match verb {
        "role_delete" => delete(attempt, object),
        "password_stage" => stage(attempt, object),
        "password_clear" => clear(attempt, object),
        "password_replace" => replace(attempt, object),
        "user_unlock" => flip(attempt, object, true).map(|key| applied(&key)),
        _ => flip(attempt, object, false).map(|key| applied(&key)),
    }
}

/// The names of a role's two users.
fn users(attempt: &Attempt) -> [String; 2] {
    let name = attempt.intent.call.resource.name();
    [name.to_owned(), format!("{name}_2")]
}

/// Gives the password to the user that has none, or whose password is locked.
fn stage(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let (version, password) = given(attempt, "password")?;
    let keys = &mut object.state.keys;
    if keys.iter().any(|key| key.version == version) {
        let message = format!("`{version}` is staged already");
        return Err(refuse(RefusalClass::Conflict, "local.password_exists", message));
    }
    let is_idle = |user: &String| !keys.iter().any(|key| key.id == *user && key.enabled);
    let Some(user) = users(attempt).into_iter().find(is_idle) else {
        let message = "both users are in use; one must be locked first".to_owned();
        return Err(refuse(RefusalClass::Conflict, "local.no_free_slot", message));
    };
    let verifier = verifier_of(password)?;
    check_new(keys, &version, &verifier)?;
    keys.retain(|key| key.id != user);
    let key = Key::new(attempt, user, version, verifier);
    let applied = applied(&key);
    keys.push(key);
    Ok(applied)
}

/// Takes the password away that was just staged.
fn clear(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let of = attempt.undone()?.clone();
    let key = find(attempt, object, "version")?.clone();
    if key.staged_by != of {
        let message = format!("`{}` was not staged by that entry", key.version);
        return Err(refuse(RefusalClass::Conflict, "local.not_as_staged", message));
    }
    object.state.keys.retain(|other| other.version != key.version);
    Ok(applied(&key))
}

/// Changes a user's password: from then on the old one is refused. As an undo, only what that entry changed.
fn replace(attempt: &Attempt, object: &mut Object<Account>) -> Result<Applied, Refusal> {
    let (version, password) = given(attempt, "password")?;
    let verifier = verifier_of(password)?;
    let replaced = find(attempt, object, "replaces")?.clone();
    if !replaced.enabled {
        let message = format!("the user of `{}` is locked", replaced.version);
        return Err(refuse(RefusalClass::Conflict, "local.locked", message));
    }
    if let Origin::Undo(of) = &attempt.intent.origin
        && replaced.staged_by != *of
    {
        let message = format!("`{}` was not set by that entry", replaced.version);
        return Err(refuse(RefusalClass::Conflict, "local.not_as_staged", message));
    }
    check_new(&object.state.keys, &version, &verifier)?;
    let key =
        Key { version, verifier, staged_by: attempt.intent.entry.clone(), staged_at: clock::now(), ..replaced.clone() };
    let applied = applied(&key);
    for slot in &mut object.state.keys {
        if slot.version == replaced.version {
            *slot = key.clone();
        }
    }
    Ok(applied)
}

/// Two versions are never one password.
fn check_new(keys: &[Key], version: &VersionId, verifier: &countersign_contract::Digest) -> Result<(), Refusal> {
    if keys.iter().any(|key| key.verifier == *verifier) {
        let message = format!("`{version}` is the same password as one that is known already");
        return Err(refuse(RefusalClass::PolicyRejected, "local.password_reused", message));
    }
    Ok(())
}

fn applied(key: &Key) -> Applied {
    let outputs = BTreeMap::from([("username".to_owned(), Value::String(key.id.clone()))]);
    Applied { outputs, provider_ids: Vec::new() }
}
