//! What lies in the places.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use countersign_contract::{Applied, Cursor, Observation, ObserveError, Page, ResourceName, Slot};
use serde_json::{Value, json};

use crate::client::{Label, Lying, Places};

/// How many names one page has.
const PAGE: usize = 500;

/// How deep folders are looked into: a resource name has no more segments.
const DEPTH_MAX: usize = 128;

/// One reading of one sink. Waits for a running attempt on it.
pub(crate) fn observe(places: &Places, resource: &ResourceName) -> Result<Observation, ObserveError> {
    let _held = places.lock(resource);
    let unread = |code, message| ObserveError { code, resource: resource.to_string(), message };
    let site = places.site(resource).map_err(|refusal| unread("files.no_place", refusal.message))?;
    site.check_place().map_err(|refusal| unread("files.no_place", refusal.message))?;
    match site.look() {
        Ok(Lying::Nothing) => Ok(Observation::absent(resource.clone())),
        Ok(Lying::Delivery(_, label)) => Ok(of_label(resource, &label)),
        Ok(Lying::Foreign) => Err(unread("files.occupied", "what lies there is not by us".to_owned())),
        Err(error) => Err(unread("files.unread", error.kind().to_string())),
    }
}

fn of_label(resource: &ResourceName, label: &Label) -> Observation {
    let digest = label.digest.to_string();
    let attributes = BTreeMap::from([("digest".to_owned(), json!(digest)), ("fields".to_owned(), json!(label.fields))]);
    let slot = |(field, version): (&String, _)| Slot {
        id: field.clone(),
        version: Some(Clone::clone(version)),
        enabled: true,
        last_used: None,
        created_at: None,
    };
    let outputs = BTreeMap::from([("digest".to_owned(), Value::String(digest))]);
    Observation {
        resource: resource.clone(),
        exists: true,
        attributes,
        slots: label.versions.iter().map(slot).collect(),
        applied: BTreeMap::from([(label.entry.clone(), Applied { outputs, provider_ids: Vec::new() })]),
    }
}

/// The names of all deliveries, a page at a time.
pub(crate) fn list(places: &Places, from: Option<&Cursor>) -> Result<Page, ObserveError> {
    let mut names = BTreeSet::new();
    for (place, folder) in places.folders() {
        let found = walk(folder, &format!("files/{place}"), DEPTH_MAX, &mut names);
        found.map_err(|error| ObserveError {
            code: "files.unread",
            resource: format!("files/{place}"),
            message: error.kind().to_string(),
        })?;
    }
    let after = |name: &ResourceName| from.is_none_or(|cursor| name.as_str() > cursor.0.as_str());
    let is_delivery =
        |name: &ResourceName| places.site(name).is_ok_and(|site| matches!(site.look(), Ok(Lying::Delivery(..))));
    let mut resources: Vec<_> = names.into_iter().filter(|name| after(name) && is_delivery(name)).collect();
    let more = resources.len() > PAGE;
    resources.truncate(PAGE);
    let next = if more { resources.last().map(|name| Cursor(name.to_string())) } else { None };
    Ok(Page { resources, next })
}

/// Collects the links below `folder` whose path is a resource's.
fn walk(folder: &Path, above: &str, depth: usize, names: &mut BTreeSet<ResourceName>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let path = format!("{above}/{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            walk(&entry.path(), &path, depth - 1, names)?;
        } else if kind.is_symlink() {
            names.extend(path.parse());
        }
    }
    Ok(())
}

pub(crate) fn interrupted(resource: &str) -> ObserveError {
    let message = "the reading was interrupted".to_owned();
    ObserveError { code: "files.interrupted", resource: resource.to_owned(), message }
}
