//! One attempt: a delivery, or the removal of one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use countersign_contract::{
    Applied, Digest, Doubt, Hands, Intent, Manifest, Material, Origin, Outcome, Refusal, RefusalClass, Timestamp,
    Warrant, clock, failpoint,
};
use serde_json::Value;

use crate::client::{LABEL, Label, Lying, Places, Site, from_io, refuse, sync_folder, write_file};
use crate::manifest::PLACE;

/// Why an attempt is not done.
pub(crate) enum Failure {
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
    places: Arc<Places>,
    site: Site,
    fields: BTreeMap<String, Value>,
    materials: BTreeMap<String, Material>,
}

impl Attempt {
    /// Checks the call and opens its material; changes nothing.
    pub(crate) fn prepare(
        manifest: &Manifest,
        places: &Arc<Places>,
        warrant: &Warrant,
        hands: &Hands,
    ) -> Result<Self, Refusal> {
        let intent = warrant.intent().clone();
        let verb = manifest.verb(&intent.call.verb).filter(|verb| verb.kind == PLACE).ok_or_else(|| {
            refuse(RefusalClass::Permanent, "files.no_verb", format!("files has no verb `{}`", intent.call.verb))
        })?;
        verb.check(&intent.call)?;
        let site = places.site(&intent.call.resource)?;
        let fields = match intent.call.parameters.get("fields") {
            Some(Value::Object(fields)) => fields.clone().into_iter().collect(),
            _ => BTreeMap::new(),
        };
        let mut materials = BTreeMap::new();
        for name in intent.call.materials.keys() {
            let field = name.strip_prefix("fields.").unwrap_or(name);
            let opened = hands.material(name).map_err(|error| {
                refuse(RefusalClass::Permanent, "files.material", format!("field `{field}`: {error}"))
            })?;
            materials.insert(field.to_owned(), opened);
        }
        if verb.name == "deliver" {
            check_fields(&fields, &materials)?;
        }
        Ok(Self { deadline: warrant.deadline(), intent, places: Arc::clone(places), site, fields, materials })
    }

    /// Makes the change. Blocks.
    pub(crate) fn make(self) -> Outcome {
        let places = Arc::clone(&self.places);
        let _held = places.lock(&self.intent.call.resource);
        let ended = match self.intent.call.verb.as_str() {
            "deliver" => self.deliver(),
            _ => self.remove(),
        };
        match ended {
            Ok(applied) => Outcome::Done(applied),
            Err(Failure::Refused(refusal)) => Outcome::Refused(refusal),
            Err(Failure::Doubt(doubt)) => Outcome::Indeterminate(doubt),
        }
    }

    fn deliver(&self) -> Result<Applied, Failure> {
        self.check_deadline()?;
        self.site.check_place()?;
        let before = match self.look()? {
            Lying::Nothing => None,
            Lying::Delivery(_, label) if label.entry == self.intent.entry => return Ok(applied(&label)),
            Lying::Delivery(name, _) => Some(name),
            Lying::Foreign => return Err(self.site.foreign().into()),
        };
        self.site.make_parents()?;
        // The one in place stays, for the undo. What is older goes, and so does what a crashed attempt left.
        // CRASH: swept before the swap, so that nothing is left over however this attempt ends.
        self.site.sweep(before.as_deref());
        let label = self.label(before)?;
        let name = self.site.delivery(&self.intent.entry);
        let swapped = self.write_folder(&name, &label).and_then(|()| self.swap_to(&name));
        if let Err(Failure::Refused(refusal)) = swapped {
            let _ = fs::remove_dir_all(self.site.parent().join(&name));
            return Err(refusal.into());
        }
        swapped?;
        Ok(applied(&label))
    }

    /// Takes the undone delivery away; what it replaced is in place again.
    fn remove(&self) -> Result<Applied, Failure> {
        let Origin::Undo(of) = &self.intent.origin else {
            let message = "`remove` only undoes a delivery".to_owned();
            return Err(refuse(RefusalClass::Permanent, "files.undo_only", message).into());
        };
        self.check_deadline()?;
        self.site.check_place()?;
        let (name, label) = match self.look()? {
            Lying::Delivery(name, label) if label.entry == *of => (name, label),
            Lying::Delivery(..) => {
                let message = "another delivery is in place".to_owned();
                return Err(refuse(RefusalClass::Conflict, "files.not_in_place", message).into());
            }
            Lying::Nothing => {
                let message = "nothing is in place".to_owned();
                return Err(refuse(RefusalClass::NotFound, "files.nothing_there", message).into());
            }
            Lying::Foreign => return Err(self.site.foreign().into()),
        };
        match label.previous.as_deref() {
            Some(previous) if self.site.keeps(previous) => self.swap_to(previous)?,
            Some(_) => {
                let message = "the delivery before it is not kept any more".to_owned();
                return Err(refuse(RefusalClass::Conflict, "files.previous_gone", message).into());
            }
            None => self.durably(|| fs::remove_file(self.site.link()))?,
        }
        let _ = fs::remove_dir_all(self.site.parent().join(name));
        Ok(Applied::default())
    }

    fn look(&self) -> Result<Lying, Refusal> {
        self.site.look().map_err(|error| from_io(&error, "what lies there"))
    }

    fn label(&self, previous: Option<String>) -> Result<Label, Refusal> {
        let digest = Digest::of_canonical(&self.fields).map_err(|error| {
            refuse(RefusalClass::Permanent, "files.fields", format!("the fields have no canonical form: {error}"))
        })?;
        let mut fields: Vec<String> = self.fields.keys().chain(self.materials.keys()).cloned().collect();
        fields.sort();
        let field_of = |name: &String| name.strip_prefix("fields.").unwrap_or(name).to_owned();
        let versions = self.intent.call.materials.iter().map(|(name, version)| (field_of(name), version.clone()));
        let entry = self.intent.entry.clone();
        Ok(Label { entry, digest, fields, versions: versions.collect(), previous })
    }

    /// Writes the whole delivery beside the one in place, durably.
    fn write_folder(&self, name: &str, label: &Label) -> Result<(), Failure> {
        let written = self.site.stage(name).and_then(|folder| {
            for (field, value) in &self.fields {
                write_file(&folder, field, 0o644, value.as_str().unwrap_or_default().as_bytes())?;
            }
            for (field, material) in &self.materials {
                material.expose(|bytes| write_file(&folder, field, 0o600, bytes))?;
            }
            write_file(&folder, LABEL, 0o644, &serde_json::to_vec(label).map_err(io::Error::other)?)?;
            sync_folder(&folder)
        });
        written.map_err(|error| from_io(&error, "the delivery").into())
    }

    fn swap_to(&self, delivery: &str) -> Result<(), Failure> {
        let staged = self.site.stage_link(delivery).map_err(|error| from_io(&error, "the link"))?;
        let swapped = self.durably(|| fs::rename(&staged, self.site.link()));
        if let Err(Failure::Refused(_)) = swapped {
            let _ = fs::remove_file(&staged);
        }
        swapped
    }

    /// The one step that a reader can see, if the deadline has not passed; then makes it durable.
    // CRASH: before `change` nothing is changed; after it the link's target tells by which entry.
    fn durably(&self, change: impl FnOnce() -> io::Result<()>) -> Result<(), Failure> {
        let parent: &Path = &self.site.parent();
        self.check_deadline()?;
        failpoint::hit(&format!("files.act.{}.before", self.intent.call.verb));
        change().map_err(|error| doubt("files.swap_unconfirmed", &error))?;
        sync_folder(parent).map_err(|error| doubt("files.sync_unconfirmed", &error))?;
        failpoint::hit(&format!("files.act.{}.after", self.intent.call.verb));
        Ok(())
    }

    fn check_deadline(&self) -> Result<(), Refusal> {
        if clock::now() < self.deadline {
            return Ok(());
        }
        let message = "the deadline passed before anything was changed".to_owned();
        Err(refuse(RefusalClass::Transient, "files.deadline", message))
    }
}

fn applied(label: &Label) -> Applied {
    let outputs = BTreeMap::from([("digest".to_owned(), Value::String(label.digest.to_string()))]);
    Applied { outputs, provider_ids: Vec::new() }
}

fn doubt(code: &str, error: &io::Error) -> Failure {
    let message = format!("it is not known whether the link was swapped: {}", error.kind());
    Failure::Doubt(Doubt { code: code.to_owned(), message })
}

/// A field becomes a file of that name: it must be a plain name, not hidden, and given once.
fn check_fields(fields: &BTreeMap<String, Value>, materials: &BTreeMap<String, Material>) -> Result<(), Refusal> {
    let permanent = |code, message| Err(refuse(RefusalClass::Permanent, code, message));
    let is_plain = |name: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(legal)
    };
    if let Some(name) = fields.keys().chain(materials.keys()).find(|name| !is_plain(name)) {
        return permanent("files.field_name", format!("field `{name}` cannot be the name of a file"));
    }
    match materials.keys().find(|name| fields.contains_key(*name)) {
        Some(name) => permanent("files.field_twice", format!("field `{name}` is given as material and as text")),
        None if fields.is_empty() && materials.is_empty() => {
            permanent("files.no_fields", "the delivery has no fields".to_owned())
        }
        None => Ok(()),
    }
}
