//! The null connector: a target in memory that answers at once. What remains is our own cost.
//!
//! It does what a real one must: it checks the call, opens the material that it is given, and keeps which versions work.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_contract::{
    Applied, BoxFuture, Connector, Cursor, Effect, Eyes, Hands, Intent, Kind, Limits, Manifest, Material, Observation,
    ObserveError, Outcome, Page, Parameter, Part, Probe, ProbeAnswer, ProbeResult, ProbeSpec, Receipt, Refusal,
    RefusalClass, ResourceName, Reversibility, Scope, Secret, SecretKind, Slot, Strategy, Subject, Type, Verb,
    VersionId, Warrant,
};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { duration_ms: 60_000, lateness_ms: 0 };
const OWNER: Parameter = Parameter::required("owner", Type::Text, "who answers for the account");
const KEY: Parameter = Parameter::secret("key", Type::Text, "the version's key");
const VERSION: Parameter = Parameter::required("version", Type::Text, "which version");
const FIELDS: Parameter = Parameter::secret("fields", Type::Fields, "what is delivered");

/// Subjects `void/account/<name>` with two slots; the sinks `void/<place>/<path>` forget what they are given.
pub(crate) struct Void {
    manifest: Manifest,
    accounts: Mutex<HashMap<ResourceName, Vec<Slot>>>,
}

impl Void {
    pub(crate) fn new() -> Self {
        Self { manifest: manifest(), accounts: Mutex::default() }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<ResourceName, Vec<Slot>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, warrant: &Warrant, hands: &Hands) -> Result<(), Refusal> {
        let call = &warrant.intent().call;
        let verb = self.manifest.verb(&call.verb).ok_or_else(|| refuse("void.no_verb"))?;
        verb.check(call)?;
        for name in call.materials.keys() {
            let material = hands.material(name).map_err(|_| refuse("void.material"))?;
            material.expose(|bytes| std::hint::black_box(bytes.len()));
        }
        let mut accounts = self.accounts();
        let named = call.parameters.get("version").and_then(Value::as_str);
        let with = |version: &VersionId| Slot {
            id: version.to_string(),
            version: Some(version.clone()),
            enabled: true,
            last_used: None,
            created_at: None,
        };
        match call.verb.as_str() {
            "create" => drop(accounts.insert(call.resource.clone(), call.materials.values().map(with).collect())),
            "delete" => drop(accounts.remove(&call.resource)),
            "stage" => accounts.entry(call.resource.clone()).or_default().extend(call.materials.values().map(with)),
            "enable" | "disable" => {
                let slots = accounts.get_mut(&call.resource).ok_or_else(|| refuse("void.missing"))?;
                let slot = slots.iter_mut().find(|slot| Some(slot.id.as_str()) == named);
                slot.ok_or_else(|| refuse("void.missing"))?.enabled = call.verb == "enable";
            }
            "remove" => {
                let slots = accounts.get_mut(&call.resource).ok_or_else(|| refuse("void.missing"))?;
                slots.retain(|slot| Some(slot.id.as_str()) != named);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Connector for Void {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn list<'a>(&'a self, _: &'a Scope, _: Eyes, _: Option<Cursor>) -> BoxFuture<'a, Result<Page, ObserveError>> {
        let mut resources: Vec<_> = self.accounts().keys().cloned().collect();
        resources.sort();
        Box::pin(std::future::ready(Ok(Page { resources, next: None })))
    }

    fn observe<'a>(&'a self, subject: &'a Subject, _: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        let mut seen = Observation::absent(subject.resource.clone());
        if let Some(slots) = self.accounts().get(&subject.resource) {
            seen.exists = true;
            seen.slots.clone_from(slots);
            seen.attributes = BTreeMap::from([("owner".to_owned(), json!("dana@example.com"))]);
        }
        Box::pin(std::future::ready(Ok(seen)))
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        let accounts = self.accounts();
        let slots = accounts.get(&probe.subject).map(Vec::as_slice).unwrap_or_default();
        let works = material.is_some() && slots.iter().any(|slot| slot.enabled && slot.version == probe.version);
        let answer = if works { ProbeAnswer::Accepted } else { ProbeAnswer::Refused };
        let result =
            ProbeResult { answer, code: "void.login".to_owned(), message: "the null target answers".to_owned() };
        Box::pin(std::future::ready(result))
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        let outcome = match self.change(&warrant, &hands) {
            Ok(()) => Outcome::Done(Applied::default()),
            Err(refusal) => Outcome::Refused(refusal),
        };
        Box::pin(std::future::ready(warrant.settle(outcome)))
    }
}

fn refuse(code: &str) -> Refusal {
    Refusal { class: RefusalClass::Permanent, code: code.to_owned(), message: "the null target refuses".to_owned() }
}

/// Every act ends with a receipt, so nobody asks.
fn effect(_: &Intent, _: &Observation) -> Effect {
    Effect::Unclear
}

fn manifest() -> Manifest {
    let verb = |name, kind, parameters: &[Parameter], reversibility| Verb {
        name,
        kind,
        about: "changes in memory",
        parameters: parameters.to_vec(),
        outputs: &[],
        reversibility,
        limits: LIMITS,
        effect,
    };
    let account = Kind {
        name: "account",
        about: "an account with two key slots",
        is_sink: false,
        slots: Some(2),
        secret: Some(Secret { kind: SecretKind::Text, output: "key" }),
        liveness: Some("login"),
        strategies: &[Strategy::DualSlot],
        attributes: const { &[OWNER] },
        parts: &[
            (Part::Provision, "create"),
            (Part::Stage, "stage"),
            (Part::Disable, "disable"),
            (Part::Retire, "remove"),
            (Part::Undo, "delete"),
            (Part::Undo, "enable"),
        ],
    };
    let place = Kind {
        name: "place",
        about: "forgets what it is given",
        is_sink: true,
        slots: None,
        secret: None,
        liveness: None,
        strategies: &[],
        attributes: &[],
        parts: &[(Part::Deliver, "deliver"), (Part::Undo, "withdraw")],
    };
    Manifest {
        connector: "void",
        summary: "a target in memory that answers at once",
        kinds: vec![account, place],
        verbs: vec![
            verb("create", "account", &[OWNER, KEY], Reversibility::UndoneBy("delete")),
            verb("delete", "account", &[], Reversibility::Irreversible),
            verb("stage", "account", &[KEY], Reversibility::UndoneBy("remove")),
            verb("enable", "account", &[VERSION], Reversibility::UndoneBy("disable")),
            verb("disable", "account", &[VERSION], Reversibility::UndoneBy("enable")),
            verb("remove", "account", &[VERSION], Reversibility::Irreversible),
            verb("deliver", "place", &[FIELDS], Reversibility::UndoneBy("withdraw")),
            verb("withdraw", "place", &[], Reversibility::Irreversible),
        ],
        probes: vec![ProbeSpec {
            name: "login",
            kind: "account",
            about: "the target accepts the key",
            needs_material: true,
            parameters: &[],
        }],
    }
}
