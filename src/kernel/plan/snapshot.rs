//! What was observed before planning: frozen, public, and the only thing that a plan knows of the world.

use std::collections::BTreeMap;

use countersign_contract::Observation;
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

impl Reading {
    /// When the oldest version that works was made: the age that counts while two of them do (beh:R6). `None` where the
    /// target does not know it of each of them.
    pub fn oldest_created_at(&self) -> Option<Timestamp> {
        let live = self.observation.slots.iter().filter(|slot| slot.enabled);
        live.map(|slot| slot.created_at).min().flatten()
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
            let slots: Vec<Value> =
                subject.observation.slots.iter().map(|slot| json!([slot.id, slot.version, slot.enabled])).collect();
            facts.insert("slots".to_owned(), Value::Array(slots));
            facts.insert("oldest_created_at".to_owned(), json!(subject.oldest_created_at()));
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
