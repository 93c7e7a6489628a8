//! The target itself: accounts with two slots, in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use countersign_contract::{
    Applied, Digest, EntryId, Intent, Material, Observation, Origin, Refusal, RefusalClass, ResourceName, Slot,
    VersionId,
};
use serde_json::{Value, json};

use crate::lock;

/// One account.
#[derive(Debug, Clone, Default)]
struct Account {
    exists: bool,
    created_by: Option<EntryId>,
    attributes: BTreeMap<String, Value>,
    keys: Vec<Key>,
    applied: BTreeMap<EntryId, Applied>,
}

/// One key: never its material.
#[derive(Debug, Clone)]
struct Key {
    version: VersionId,
    verifier: Digest,
    enabled: bool,
    staged_by: EntryId,
}

/// All accounts.
#[derive(Default)]
pub(crate) struct Target(Mutex<BTreeMap<ResourceName, Account>>);

impl Target {
    /// Makes the change, all of it or nothing. A repeated entry answers as the first time.
    pub(crate) fn apply(&self, intent: &Intent, key: Option<&Material>) -> Result<Applied, Refusal> {
        let mut accounts = lock(&self.0);
        let account = accounts.entry(intent.call.resource.clone()).or_default();
        if let Some(applied) = account.applied.get(&intent.entry) {
            return Ok(applied.clone());
        }
        let mut changed = account.clone();
        changed.change(intent, key)?;
        let applied = Applied { outputs: outputs_of(intent), provider_ids: Vec::new() };
        changed.applied.insert(intent.entry.clone(), applied.clone());
        *account = changed;
        Ok(applied)
    }

    pub(crate) fn observation(&self, resource: &ResourceName) -> Observation {
        let accounts = lock(&self.0);
        let Some(account) = accounts.get(resource) else { return Observation::absent(resource.clone()) };
        let slot = |key: &Key| Slot {
            id: format!("key-{}", key.version.number),
            version: Some(key.version.clone()),
            enabled: key.enabled,
            last_used: None,
            created_at: None,
        };
        Observation {
            resource: resource.clone(),
            exists: account.exists,
            attributes: account.attributes.clone(),
            slots: account.keys.iter().map(slot).collect(),
            applied: account.applied.clone(),
        }
    }

    pub(crate) fn names(&self) -> Vec<ResourceName> {
        lock(&self.0).iter().filter(|(_, account)| account.exists).map(|(name, _)| name.clone()).collect()
    }

    /// True when an enabled key of the account is this one.
    pub(crate) fn accepts(&self, resource: &ResourceName, key: &Material) -> bool {
        let verifier = key.expose(Digest::of);
        let accounts = lock(&self.0);
        let keys = accounts.get(resource).map(|account| account.keys.as_slice()).unwrap_or_default();
        keys.iter().any(|key| key.enabled && key.verifier == verifier)
    }
}

impl Account {
    fn change(&mut self, intent: &Intent, key: Option<&Material>) -> Result<(), Refusal> {
        match intent.call.verb.as_str() {
            "create" => self.create(intent, key),
            "delete" => self.delete(intent),
            "stage" => self.stage(intent, key),
            "enable" => self.set_enabled(&version_of(intent)?, true),
            "disable" => self.set_enabled(&version_of(intent)?, false),
            _ => {
                let at = self.position(&version_of(intent)?)?;
                self.keys.remove(at);
                Ok(())
            }
        }
    }

    fn create(&mut self, intent: &Intent, key: Option<&Material>) -> Result<(), Refusal> {
        if self.exists {
            return Err(refuse(RefusalClass::Conflict, "fake.exists", "the account exists"));
        }
        self.exists = true;
        self.created_by = Some(intent.entry.clone());
        self.attributes = intent.call.parameters.clone();
        self.stage(intent, key)
    }

    fn delete(&mut self, intent: &Intent) -> Result<(), Refusal> {
        let made_by = match &intent.origin {
            Origin::Undo(of) => Some(of.clone()),
            Origin::Plan | Origin::Retry(_) => None,
        };
        let as_created = self.exists
            && made_by.is_some()
            && made_by == self.created_by
            && self.keys.iter().all(|key| Some(&key.staged_by) == made_by.as_ref());
        if !as_created {
            return Err(refuse(RefusalClass::Conflict, "fake.not_as_created", "the account is not as it was created"));
        }
        *self = Self { applied: std::mem::take(&mut self.applied), ..Self::default() };
        Ok(())
    }

    fn stage(&mut self, intent: &Intent, key: Option<&Material>) -> Result<(), Refusal> {
        if !self.exists {
            return Err(refuse(RefusalClass::NotFound, "fake.no_account", "there is no such account"));
        }
        let version = version_of(intent)?;
        let Some(key) = key else {
            return Err(refuse(RefusalClass::Permanent, "fake.no_key", "no key was given"));
        };
        if self.keys.len() >= 2 || self.position(&version).is_ok() {
            return Err(refuse(RefusalClass::Conflict, "fake.no_free_slot", "no slot is free for this key"));
        }
        let verifier = key.expose(Digest::of);
        self.keys.push(Key { version, verifier, enabled: true, staged_by: intent.entry.clone() });
        Ok(())
    }

    fn set_enabled(&mut self, version: &VersionId, enabled: bool) -> Result<(), Refusal> {
        let at = self.position(version)?;
        match self.keys.get_mut(at) {
            Some(key) if key.enabled != enabled => key.enabled = enabled,
            _ => return Err(refuse(RefusalClass::Conflict, "fake.as_it_is", "the key is so already")),
        }
        Ok(())
    }

    fn position(&self, version: &VersionId) -> Result<usize, Refusal> {
        let found = self.keys.iter().position(|key| key.version == *version);
        found.ok_or_else(|| refuse(RefusalClass::NotFound, "fake.no_key", "the account has no such key"))
    }
}

/// The id of the key that a call is about; a deletion is about none.
fn outputs_of(intent: &Intent) -> BTreeMap<String, Value> {
    let version = version_of(intent).ok();
    version.map(|version| ("id".to_owned(), json!(format!("key-{}", version.number)))).into_iter().collect()
}

/// The version that a call is about: its parameter `version`, else the version that its `key` is.
fn version_of(intent: &Intent) -> Result<VersionId, Refusal> {
    let named = intent.call.parameters.get("version").and_then(Value::as_str);
    let version = match named {
        Some(text) => text.parse().ok(),
        None => intent.call.materials.get("key").cloned(),
    };
    version.ok_or_else(|| refuse(RefusalClass::Permanent, "fake.no_version", "the call names no version"))
}

pub(crate) fn refuse(class: RefusalClass, code: &str, message: &str) -> Refusal {
    Refusal { class, code: code.to_owned(), message: message.to_owned() }
}
