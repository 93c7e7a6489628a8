//! What the directory holds.

use std::collections::BTreeMap;

use countersign_contract::{Cursor, Observation, ObserveError, Page, ResourceName, Scope, Slot};
use serde_json::{Value, json};

use crate::client::{Account, Certificates, Directory, Object, Unread};

/// How many names one page has.
const PAGE: usize = 500;

/// One reading of one object. Waits for a running attempt on it.
pub(crate) fn observe(directory: &Directory, resource: &ResourceName) -> Result<Observation, ObserveError> {
    let _held = directory.lock(resource);
    let observed = match resource.kind() {
        "account" | "jwks" | "role" | "webhook" => directory.load::<Account>(resource).map(|found| {
            let seen = directory.seen(resource);
            found.map(|object| {
                let slots = object.state.keys.iter().map(|key| Slot {
                    id: key.id.clone(),
                    version: Some(key.version.clone()),
                    enabled: key.enabled,
                    last_used: seen.get(&key.version).copied(),
                    created_at: Some(key.staged_at),
                });
                reading(resource, &object, object.state.attributes.clone(), slots.collect())
            })
        }),
        _ => {
            directory.load::<Certificates>(resource).map(|found| found.map(|object| of_certificates(resource, &object)))
        }
    };
    let unread = observed.map_err(|unread| describe(&unread, resource));
    Ok(unread?.unwrap_or_else(|| Observation::absent(resource.clone())))
}

fn of_certificates(resource: &ResourceName, object: &Object<Certificates>) -> Observation {
    let slots = object.state.issued.iter().map(|issued| Slot {
        id: issued.serial.clone(),
        version: issued.version.clone(),
        enabled: true,
        last_used: None,
        created_at: Some(issued.not_before),
    });
    let attributes = object.state.issued.last().map(|last| {
        let attributes: [(&str, Value); 7] = [
            ("certificate", json!(last.certificate)),
            ("issuer", json!(last.issuer)),
            ("names", json!(last.names)),
            ("not_after", json!(last.not_after)),
            ("not_before", json!(last.not_before)),
            ("serial", json!(last.serial)),
            ("sha256", json!(last.sha256)),
        ];
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    });
    reading(resource, object, attributes.unwrap_or_default(), slots.collect())
}

fn reading<T>(
    resource: &ResourceName,
    object: &Object<T>,
    attributes: BTreeMap<String, Value>,
    slots: Vec<Slot>,
) -> Observation {
    let applied = object.log.iter().map(|logged| (logged.entry.clone(), logged.applied.clone())).collect();
    Observation { resource: resource.clone(), exists: object.exists, attributes, slots, applied }
}

/// The names of all objects that exist, a page at a time.
pub(crate) fn list(directory: &Directory, scope: &Scope, from: Option<&Cursor>) -> Result<Page, ObserveError> {
    let mut resources = Vec::new();
    for kind in ["account", "ca", "certificate", "jwks", "role", "webhook"] {
        if scope.kind.as_deref().is_some_and(|only| only != kind) {
            continue;
        }
        let names = directory.names(kind).map_err(|error| ObserveError {
            code: "local.unread",
            resource: format!("local/{kind}"),
            message: error.kind().to_string(),
        })?;
        let all = names.iter().filter_map(|name| format!("local/{kind}/{name}").parse::<ResourceName>().ok());
        resources.extend(all.filter(|name| from.is_none_or(|cursor| name.as_str() > cursor.0.as_str())));
    }
    resources.sort();
    let mut page = Vec::new();
    let mut next = None;
    for name in resources {
        if page.len() == PAGE {
            next = page.last().map(|last: &ResourceName| Cursor(last.to_string()));
            break;
        }
        if exists(directory, &name)? {
            page.push(name);
        }
    }
    Ok(Page { resources: page, next })
}

fn exists(directory: &Directory, resource: &ResourceName) -> Result<bool, ObserveError> {
    observe(directory, resource).map(|observation| observation.exists)
}

fn describe(unread: &Unread, resource: &ResourceName) -> ObserveError {
    let (code, message) = match unread {
        Unread::Name => ("local.bad_name", "this cannot be a local object".to_owned()),
        Unread::Corrupt => ("local.corrupt", "its file is not what was written".to_owned()),
        Unread::Io(kind) => ("local.unread", kind.to_string()),
    };
    ObserveError { code, resource: resource.to_string(), message }
}

pub(crate) fn interrupted(resource: &str) -> ObserveError {
    let message = "the reading was interrupted".to_owned();
    ObserveError { code: "local.interrupted", resource: resource.to_owned(), message }
}
