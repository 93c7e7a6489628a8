//! What was observed before planning: frozen, public, and the only thing that a plan knows of the world.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Observation, Slot};
use countersign_warrant::{ResourceName, Timestamp, VersionId};
use serde_json::{Value, json};

use super::Persons;
use crate::workflow::Own;

/// One resource as its target shows it, and what the store holds for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The target's side.
    pub observation: Observation,
    /// The version that the store calls current.
    pub current: Option<VersionId>,
    /// When the current version expires, where that is known.
    pub expires_at: Option<Timestamp>,
    /// The highest version number ever given; 0 when there was none.
    pub highest: u32,
}

/// The slots as facts have them: id, version, whether it works, when it was made.
fn slots(slots: &[Slot]) -> Value {
    slots.iter().map(|slot| json!([slot.id, slot.version, slot.enabled, slot.created_at])).collect()
}

/// What policies and conditions see of slots.
pub(super) struct Live {
    /// How many work.
    pub(super) count: u32,
    /// When the oldest of them was made: the age that counts while two of them work (beh:R6). `None` where that is not
    /// known of each.
    pub(super) oldest_created_at: Option<Timestamp>,
}

impl Live {
    /// Of what a target shows.
    pub(super) fn of(slots: &[Slot]) -> Self {
        Self::of_made(slots.iter().filter(|slot| slot.enabled).map(|slot| slot.created_at))
    }

    /// Of the fact `slots` of a plan, where it is one.
    pub(super) fn of_fact(slots: &Value) -> Option<Self> {
        let is_live = |slot: &&Value| slot.get(2).and_then(Value::as_bool) == Some(true);
        let made_at = |slot: &Value| slot.get(3)?.as_str()?.parse().ok();
        Some(Self::of_made(slots.as_array()?.iter().filter(is_live).map(made_at)))
    }

    fn of_made(made: impl Iterator<Item = Option<Timestamp>> + Clone) -> Self {
        let count = u32::try_from(made.clone().count()).unwrap_or(u32::MAX);
        Self { count, oldest_created_at: made.min().flatten() }
    }
}

/// The frozen facts of one plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The subject.
    pub subject: Reading,
    /// The issuers that the workflow names.
    pub issuers: BTreeMap<ResourceName, Reading>,
    /// The persons that the workflow names.
    pub persons: Persons,
    /// The places that the current version was delivered to.
    pub sinks: BTreeSet<ResourceName>,
    /// The credentials that this installation itself works with.
    pub own: Own,
}

/// The attribute under which a connector shows a certificate subject's certificate (PEM).
pub const CERTIFICATE: &str = "certificate";

/// The attribute under which a connector shows the serial number of the certificate in use, as hex.
pub const SERIAL: &str = "serial";

/// The facts that a change step relies on: the same function when the plan is made and when they are observed again.
pub fn facts_of(action: &str, subject: &Reading, issuer: Option<&Reading>) -> BTreeMap<String, Value> {
    let mut facts = BTreeMap::from([("exists".to_owned(), json!(subject.observation.exists))]);
    match action {
        "rotate" | "deprovision" | "import" => {
            facts.insert("current".to_owned(), json!(subject.current));
            facts.insert("expires_at".to_owned(), json!(subject.expires_at));
            facts.insert("slots".to_owned(), slots(&subject.observation.slots));
            facts.extend(issuer.map(facts_of_issuer).into_iter().flatten());
        }
        "issue" | "revoke" => {
            facts.insert("current".to_owned(), json!(subject.current));
            facts.insert("expires_at".to_owned(), json!(subject.expires_at));
            if action == "revoke" {
                facts.insert("serial".to_owned(), json!(subject.observation.attributes.get(SERIAL)));
            }
            facts.extend(issuer.map(facts_of_issuer).into_iter().flatten());
        }
        _ => {}
    }
    facts
}

/// Which key signs, and under which certificate.
fn facts_of_issuer(issuer: &Reading) -> [(String, Value); 2] {
    let certificate = issuer.observation.attributes.get(CERTIFICATE).and_then(Value::as_str);
    let digest = certificate.map(|pem| countersign_warrant::Digest::of(pem.as_bytes()));
    [("issuer".to_owned(), json!(issuer.current)), ("issuer_certificate".to_owned(), json!(digest))]
}
