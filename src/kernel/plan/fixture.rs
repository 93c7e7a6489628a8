//! Small manifests, workflows and snapshots for the tests of plans and runs.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{
    Effect, Kind, Limits, Manifest, Observation, Parameter, Part, ProbeSpec, Reversibility, Secret, SecretKind, Slot,
    Strategy, Type, Verb,
};
use countersign_warrant::{Digest, VersionId};
use serde_json::json;

use super::{Persons, Reading, Snapshot};
use crate::workflow::model::*;

const LIMITS: Limits = Limits { duration_ms: 1000, lateness_ms: 0 };
const KEY: Parameter = Parameter::secret("key", Type::Text, "the key");
const VERSION: Parameter = Parameter::required("version", Type::Text, "which version");
const REPLACES: Parameter = Parameter::required("replaces", Type::Text, "which version it replaces");
const SINCE: Parameter = Parameter::optional("since", Type::Instant, "since when");
const LEVEL: Parameter = Parameter::required("level", Type::Text, "the level");

const SERIAL: Parameter = Parameter::required("serial", Type::Text, "which certificate");
const KEY_OF_ISSUER: Parameter = Parameter::secret("issuer_key", Type::Text, "the issuer's key");

fn verb(name: &'static str, kind: &'static str, parameters: Vec<Parameter>, undo: Option<&'static str>) -> Verb {
    Verb {
        name,
        kind,
        about: "is changed",
        parameters,
        outputs: &[],
        reversibility: undo.map_or(Reversibility::Irreversible, Reversibility::UndoneBy),
        limits: LIMITS,
        effect: |_, _| Effect::Unclear,
    }
}

fn role() -> Kind {
    Kind {
        name: "role",
        about: "a role with two users",
        is_sink: false,
        slots: Some(2),
        secret: Some(Secret { kind: SecretKind::Text, output: "key" }),
        liveness: Some("role_login"),
        strategies: &[Strategy::InPlace, Strategy::Alternating],
        attributes: &[],
        parts: &[(Part::Stage, "password_stage"), (Part::Replace, "password_replace"), (Part::Disable, "user_lock")],
    }
}

fn jwks() -> Kind {
    Kind {
        name: "jwks",
        about: "published keys",
        secret: Some(Secret { kind: SecretKind::KeyPair, output: "key" }),
        liveness: Some("token_verified"),
        strategies: &[Strategy::Versioned],
        parts: &[(Part::Stage, "key_publish"), (Part::Disable, "key_withdraw"), (Part::Retire, "key_forget")],
        ..role()
    }
}

pub(crate) fn local() -> Manifest {
    let account = Kind {
        name: "account",
        about: "a service account",
        is_sink: false,
        slots: Some(2),
        secret: Some(Secret { kind: SecretKind::Text, output: "key" }),
        liveness: Some("login"),
        strategies: &[Strategy::DualSlot],
        attributes: &[LEVEL],
        parts: &[
            (Part::Provision, "account_create"),
            (Part::Stage, "key_stage"),
            (Part::Disable, "key_disable"),
            (Part::Retire, "key_remove"),
            (Part::Deprovision, "account_remove"),
        ],
    };
    let certificate = Kind {
        name: "certificate",
        about: "a certificate",
        is_sink: false,
        slots: None,
        secret: Some(Secret { kind: SecretKind::KeyPair, output: "key" }),
        liveness: None,
        strategies: &[],
        attributes: &[],
        parts: &[(Part::Issue, "certificate_sign"), (Part::Revoke, "certificate_revoke")],
    };
    let request = Parameter::required("request", Type::Text, "the request");
    let issuer_key = Parameter::secret("issuer_key", Type::Text, "the issuer's key");
    let probe = |name, needs_material, parameters| ProbeSpec {
        name,
        kind: "account",
        about: "it works",
        needs_material,
        parameters,
    };
    Manifest {
        connector: "local",
        summary: "a directory",
        kinds: vec![account, certificate, role(), jwks()],
        verbs: vec![
            verb("key_publish", "jwks", vec![VERSION, request], Some("key_forget")),
            verb("key_withdraw", "jwks", vec![VERSION], Some("key_republish")),
            verb("key_republish", "jwks", vec![VERSION], None),
            verb("key_forget", "jwks", vec![VERSION], None),
            verb("account_create", "account", vec![LEVEL, KEY], Some("account_delete")),
            verb("account_delete", "account", vec![], None),
            verb("account_remove", "account", vec![], None),
            verb("key_stage", "account", vec![KEY], Some("key_remove")),
            verb("key_disable", "account", vec![VERSION], Some("key_enable")),
            verb("key_enable", "account", vec![VERSION], None),
            verb("key_remove", "account", vec![VERSION], None),
            verb("certificate_sign", "certificate", vec![request, issuer_key], Some("certificate_discard")),
            verb("certificate_revoke", "certificate", vec![SERIAL, KEY_OF_ISSUER], None),
            verb("certificate_discard", "certificate", vec![], None),
            verb("password_stage", "role", vec![KEY], Some("password_clear")),
            verb("password_clear", "role", vec![VERSION], None),
            verb("password_replace", "role", vec![REPLACES, KEY], Some("password_replace")),
            verb("user_lock", "role", vec![VERSION], Some("user_unlock")),
            verb("user_unlock", "role", vec![VERSION], None),
        ],
        probes: vec![
            probe("login", true, &[]),
            ProbeSpec { kind: "certificate", ..probe("revoked", false, const { &[SERIAL] }) },
            probe("key_used", false, const { &[SINCE] }),
            ProbeSpec { kind: "role", ..probe("role_login", true, &[]) },
            ProbeSpec { kind: "jwks", ..probe("token_verified", true, &[]) },
        ],
    }
}

pub(crate) fn files() -> Manifest {
    let fields = Parameter::secret("fields", Type::Fields, "what is written");
    Manifest {
        connector: "files",
        summary: "directories",
        kinds: vec![Kind {
            name: "place",
            about: "a directory",
            is_sink: true,
            slots: None,
            secret: None,
            liveness: None,
            strategies: &[],
            attributes: &[],
            parts: &[(Part::Deliver, "deliver")],
        }],
        verbs: vec![verb("deliver", "place", vec![fields], Some("withdraw")), verb("withdraw", "place", vec![], None)],
        probes: vec![],
    }
}

pub(crate) fn step(id: &str, kind: StepKind) -> Step {
    Step {
        id: id.parse().unwrap(),
        kind,
        when: None,
        retry: None,
        timeout_ms: None,
        leaves: Vec::new(),
        after: BTreeSet::new(),
        on_failure: None,
        line: 1,
    }
}

fn generate() -> Generated {
    Generated::Text(Generate { length: 43, alphabet: Alphabet::UrlSafe, require: vec![], lifetime_secs: Some(60) })
}

fn deliver(of: &str) -> Vec<Delivery> {
    let secret = Reference::Output { step: of.parse().unwrap(), output: "key".to_owned(), secret: true };
    vec![Delivery {
        connector: "files".to_owned(),
        place: "client".to_owned(),
        path: Template::Literal(json!("reporting")),
        fields: BTreeMap::from([("key".to_owned(), Template::Whole(secret))]),
    }]
}

/// A workflow of one change between a `policy` and an `evidence` step.
fn around(name: &str, mut change: Step) -> Workflow {
    change.after = BTreeSet::from(["gate".parse().unwrap()]);
    let action = change.kind.word().to_owned();
    let attach = Reference::Output { step: change.id.clone(), output: "version".to_owned(), secret: false };
    Workflow {
        digest: Digest::of(name.as_bytes()),
        metadata: Metadata {
            name: name.to_owned(),
            team: "platform".to_owned(),
            person: "dana@example.com".to_owned(),
            backup: None,
            purpose: "a test".to_owned(),
            runbook: None,
            service: None,
            controls: vec![],
        },
        subject: SubjectSpec {
            connector: "local".to_owned(),
            kind: "account".to_owned(),
            name: Template::Literal(json!("reporting")),
            tier: "standard".to_owned(),
            own: false,
            for_each: None,
        },
        triggers: Triggers { request: Some(RequestTrigger::default()), expiry: None, schedule: None, events: vec![] },
        on_import: crate::workflow::model::OnImport::Verify,
        windows: None,
        notices: None,
        steps: vec![
            step("gate", StepKind::Policy(PolicyStep { action, context: BTreeMap::new() })),
            change,
            step("seal", StepKind::Evidence(EvidenceStep { attach: vec![attach], retain_secs: 60 })),
        ],
    }
}

pub(crate) fn provision() -> Workflow {
    let attributes = BTreeMap::from([("level".to_owned(), Template::Literal(json!("read")))]);
    let kind = ProvisionStep { attributes, generate: generate(), distribute: deliver("create") };
    around("provision", step("create", StepKind::Provision(kind)))
}

pub(crate) fn rotate() -> Workflow {
    let verify = Verify { probe: "login".to_owned(), parameters: BTreeMap::new(), must_not: false };
    let adopted = Adopted {
        connector: "local".to_owned(),
        probe: "key_used".to_owned(),
        parameters: BTreeMap::new(),
        within_ms: 100,
    };
    let kind = RotateStep {
        strategy: Strategy::DualSlot,
        generate: generate(),
        distribute: deliver("rotate"),
        verify: vec![verify],
        adopted: vec![adopted],
        downtime: None,
        propagate_ms: 0,
        soak_ms: 50,
    };
    around("rotate", step("rotate", StepKind::Rotate(kind)))
}

pub(crate) fn deprovision() -> Workflow {
    let kind = StepKind::Deprovision(DeprovisionStep { observe_ms: 50 });
    let mut workflow = around("offboard", step("offboard", kind));
    if let StepKind::Evidence(evidence) = &mut workflow.steps[2].kind {
        evidence.attach.clear();
    }
    workflow
}

/// A rotation, and the end of the account where that fails.
pub(crate) fn rotate_or_end() -> Workflow {
    let mut workflow = rotate();
    let mut end = deprovision().steps;
    end.truncate(2);
    end[0].id = "may-end".parse().unwrap();
    end[1].after = BTreeSet::from(["gate".parse().unwrap(), "may-end".parse().unwrap()]);
    for step in &mut end {
        step.on_failure = Some("rotate".parse().unwrap());
    }
    workflow.steps.splice(2..2, end);
    workflow
}

/// The rotation of a role, by a strategy that it takes.
pub(crate) fn rotate_role(strategy: Strategy) -> Workflow {
    let mut workflow = rotate();
    workflow.subject.kind = "role".to_owned();
    if let StepKind::Rotate(step) = &mut workflow.steps[1].kind {
        step.strategy = strategy;
        step.verify[0].probe = "role_login".to_owned();
        step.adopted.clear();
        if strategy == Strategy::InPlace {
            (step.soak_ms, step.downtime) = (0, Some("the import waits".to_owned()));
        }
    }
    workflow
}

/// The revocation of a certificate; after a replacement, where that is wanted.
pub(crate) fn revoke(replaced: bool) -> Workflow {
    let kind = RevokeStep { issuer: "local/ca/issuing".parse().unwrap(), reason: "superseded" };
    let mut workflow = around("revoke", step("revoke", StepKind::Revoke(kind)));
    workflow.subject.kind = "certificate".to_owned();
    if let StepKind::Evidence(evidence) = &mut workflow.steps[2].kind {
        evidence.attach.clear();
    }
    if replaced {
        let mut before = issue().steps;
        before.truncate(2);
        before[0].id = "allow".parse().unwrap();
        before[1].after = BTreeSet::from(["allow".parse().unwrap()]);
        workflow.steps.splice(0..0, before);
    }
    workflow
}

/// The rotation of a published key.
pub(crate) fn rotate_published() -> Workflow {
    let mut workflow = rotate_role(Strategy::Versioned);
    workflow.subject.kind = "jwks".to_owned();
    if let StepKind::Rotate(step) = &mut workflow.steps[1].kind {
        step.verify[0].probe = "token_verified".to_owned();
        step.generate = Generated::KeyPair { key: KeyAlgorithm::P256, lifetime_secs: Some(60) };
        step.propagate_ms = 70;
    }
    workflow
}

pub(crate) fn issue() -> Workflow {
    let chain = Reference::Output { step: "issue".parse().unwrap(), output: "chain".to_owned(), secret: false };
    let mut distribute = deliver("issue");
    distribute[0].fields.insert("chain".to_owned(), Template::Whole(chain));
    let mut elsewhere = distribute[0].clone();
    elsewhere.path = Template::Literal(json!("elsewhere"));
    distribute.push(elsewhere);
    let kind = IssueStep {
        profile: Profile::Server,
        issuer: None,
        common_name: None,
        names: vec!["localhost".to_owned()],
        lifetime_secs: 3600,
        key: KeyAlgorithm::P256,
        distribute,
        adopted: vec![],
    };
    let mut workflow = around("issue", step("issue", StepKind::Issue(kind)));
    workflow.subject.kind = "certificate".to_owned();
    workflow
}

/// The subject with so many live versions; version 1 is current when there is one.
pub(crate) fn snapshot(live: u32) -> Snapshot {
    snapshot_of("local/account/reporting", live)
}

pub(crate) fn snapshot_of(resource: &str, live: u32) -> Snapshot {
    let resource: countersign_warrant::ResourceName = resource.parse().unwrap();
    let version = |number| VersionId { subject: resource.clone(), number };
    let mut observation = Observation::absent(resource.clone());
    observation.exists = live > 0;
    observation.slots = (1..=live)
        .map(|number| Slot {
            id: format!("k{number}"),
            version: Some(version(number)),
            enabled: true,
            last_used: None,
            created_at: None,
        })
        .collect();
    let current = (live > 0).then(|| version(1));
    Snapshot {
        subject: Reading { observation, current, expires_at: None, highest: live },
        issuers: BTreeMap::new(),
        persons: Persons::new(),
        sinks: std::collections::BTreeSet::new(),
        own: crate::workflow::Own::new(),
    }
}

pub(crate) fn planned(workflow: &Workflow, live: u32) -> Result<super::Plan, super::PlanError> {
    planned_with(workflow, live, &local())
}

/// The same, where `local` declares something else.
pub(crate) fn planned_with(workflow: &Workflow, live: u32, local: &Manifest) -> Result<super::Plan, super::PlanError> {
    let files = files();
    let manifests = BTreeMap::from([("local".to_owned(), local), ("files".to_owned(), &files)]);
    let trigger = crate::run::bodies::TriggerKind::Request;
    let snapshot = snapshot_of(&format!("local/{}/reporting", workflow.subject.kind), live);
    super::plan(workflow, trigger, &BTreeMap::new(), &snapshot, &manifests)
}
