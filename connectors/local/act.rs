//! One attempt: read the object, change it in memory, replace its file.

mod account;
mod certificate;
mod jwks;
mod operator;
mod request;
mod revocation;
mod role;
mod webhook;

use std::sync::Arc;

use countersign_contract::{
    Applied, Doubt, EntryId, Hands, Intent, Manifest, Material, Origin, Outcome, Refusal, RefusalClass, Timestamp,
    Warrant, clock, failpoint,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Directory, Object, Unread};

pub(crate) use operator::Operator;

/// Of an account's log so many entries are kept.
const ACCOUNT_LOG: usize = 64;

/// Of a subject's certificates, and of its log, so many are kept.
const CERTIFICATE_LOG: usize = 8;

/// Why an attempt is not done.
enum Failure {
    Refused(Refusal),
    Doubt(Doubt),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Everything that one attempt needs, opened and checked.
pub(crate) struct Attempt {
    intent: Intent,
    deadline: Timestamp,
    directory: Arc<Directory>,
    material: Option<Material>,
    operator: Option<Operator>,
}

impl Attempt {
    /// Checks the call and opens its material; changes nothing.
    pub(crate) fn prepare(
        manifest: &Manifest,
        directory: &Arc<Directory>,
        warrant: &Warrant,
        hands: &Hands,
    ) -> Result<Self, Refusal> {
        let intent = warrant.intent().clone();
        let (name, kind) = (intent.call.verb.as_str(), intent.call.resource.kind());
        let plays = manifest.kind(kind).is_some_and(|kind| kind.parts.iter().any(|(_, verb)| *verb == name));
        let verb = manifest.verb(name).filter(|_| plays).ok_or_else(|| {
            refuse(RefusalClass::Permanent, "local.no_verb", format!("a local `{kind}` has no verb `{name}`"))
        })?;
        verb.check(&intent.call)?;
        let opened = match intent.call.materials.keys().next() {
            Some(name) => Some(
                hands
                    .material(name)
                    .map_err(|error| refuse(RefusalClass::Permanent, "local.material", error.to_string()))?,
            ),
            None => None,
        };
        let directory = Arc::clone(directory);
        Ok(Self { deadline: warrant.deadline(), intent, directory, material: opened, operator: None })
    }

    /// The same, by this operator.
    pub(crate) fn by(self, operator: Option<Operator>) -> Self {
        Self { operator, ..self }
    }

    /// Makes the change. Blocks.
    pub(crate) fn make(self) -> Outcome {
        let directory = Arc::clone(&self.directory);
        let _held = directory.lock(&self.intent.call.resource);
        if let Some(Err(refusal)) = self.operator.as_ref().map(|operator| operator.admit(&directory)) {
            return Outcome::Refused(refusal);
        }
        let ended = match self.intent.call.resource.kind() {
            "account" => self.change(ACCOUNT_LOG, account::change),
            "role" => self.change(ACCOUNT_LOG, role::change),
            "webhook" => self.change(ACCOUNT_LOG, webhook::change),
            "jwks" => self.change(ACCOUNT_LOG, jwks::change),
            _ => self.change(CERTIFICATE_LOG, certificate::change),
        };
        match ended {
            Ok(applied) => Outcome::Done(applied),
            Err(Failure::Refused(refusal)) => Outcome::Refused(refusal),
            Err(Failure::Doubt(doubt)) => Outcome::Indeterminate(doubt),
        }
    }

    fn change<T>(
        &self,
        keep: usize,
        change: fn(&Self, &mut Object<T>) -> Result<Applied, Refusal>,
    ) -> Result<Applied, Failure>
    where
        T: Default + Serialize + DeserializeOwned,
    {
        let entry = &self.intent.entry;
        let loaded = self.directory.load(&self.intent.call.resource);
        let mut object: Object<T> = loaded.map_err(|unread| self.unread(&unread))?.unwrap_or_default();
        // A second warrant for an entry that is applied: the same answer, and no second effect.
        if let Some(applied) = object.applied(entry) {
            return Ok(applied.clone());
        }
        self.check_deadline()?;
        let applied = change(self, &mut object)?;
        object.log(entry, applied.clone(), keep);
        self.write(&object)?;
        Ok(applied)
    }

    // CRASH: before the replacement the object is the old one; after it the object's log tells the entry.
    fn write<T: Serialize>(&self, object: &Object<T>) -> Result<(), Failure> {
        let staged = self.directory.stage(&self.intent.call.resource, object).map_err(|error| from_io(&error))?;
        self.check_deadline()?;
        failpoint::hit(&format!("local.act.{}.before", self.intent.call.verb));
        staged.replace().map_err(|error| {
            let message = format!("it is not known whether the object was replaced: {}", error.kind());
            Failure::Doubt(Doubt { code: "local.replace_unconfirmed".to_owned(), message })
        })?;
        failpoint::hit(&format!("local.act.{}.after", self.intent.call.verb));
        Ok(())
    }

    fn unread(&self, unread: &Unread) -> Refusal {
        let resource = &self.intent.call.resource;
        match unread {
            Unread::Name => {
                refuse(RefusalClass::Permanent, "local.bad_name", format!("`{resource}` cannot be a local object"))
            }
            Unread::Corrupt => {
                refuse(RefusalClass::Permanent, "local.corrupt", format!("the file of `{resource}` cannot be read"))
            }
            Unread::Io(kind) => {
                refuse(RefusalClass::Transient, "local.io", format!("`{resource}` could not be read: {kind}"))
            }
        }
    }

    fn check_deadline(&self) -> Result<(), Refusal> {
        if clock::now() < self.deadline {
            return Ok(());
        }
        let message = "the deadline passed before anything was changed".to_owned();
        Err(refuse(RefusalClass::Transient, "local.deadline", message))
    }

    /// The entry that is undone; a verb that only undoes is refused without one.
    fn undone(&self) -> Result<&EntryId, Refusal> {
        match &self.intent.origin {
            Origin::Undo(of) => Ok(of),
            Origin::Plan | Origin::Retry(_) => {
                let message = format!("`{}` only undoes what another verb did", self.intent.call.verb);
                Err(refuse(RefusalClass::Permanent, "local.undo_only", message))
            }
        }
    }
}

fn refuse(class: RefusalClass, code: &str, message: String) -> Refusal {
    Refusal { class, code: code.to_owned(), message }
}

/// A fault of the file system before anything was changed. The message holds no path of the machine.
fn from_io(error: &std::io::Error) -> Refusal {
    use std::io::ErrorKind;
    let (class, code) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            (RefusalClass::Transient, "local.disk_full")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            (RefusalClass::PermissionDenied, "local.not_writable")
        }
        _ => (RefusalClass::Transient, "local.io"),
    };
    refuse(class, code, format!("the object could not be written: {}", error.kind()))
}

#[cfg(test)]
mod tests;
