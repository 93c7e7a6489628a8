//! Hand-made manifests, the shipped policies, and questions about both.

mod conditions;
mod denials;
mod intents;
mod loading;
mod matrix;
mod pages;
mod properties;
mod schema;
mod shadow;

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Kind, Manifest, Parameter, Part, Secret, SecretKind, Strategy, Type};
use countersign_warrant::{Decision, Timestamp};

use super::{
    BasisTexts, Certificate, Facts, Judgement, PolicySet, Principal, Question, Subject, Term, TermKind, Vocabulary,
};
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{KeyAlgorithm, Profile};

const ACCOUNT: &[Parameter] = &[
    Parameter::required("owner", Type::Text, "who answers for it"),
    Parameter::required("backup", Type::Text, "who stands in"),
    Parameter::required("purpose", Type::Text, "why it is there"),
    Parameter::required("expires", Type::Instant, "when it ends"),
    Parameter::required("level", Type::Word(&["read", "write", "admin"]), "how much it may do"),
    Parameter::optional("seats", Type::Integer, "how many use it"),
    Parameter::optional("shared", Type::Boolean, "whether several use it"),
    Parameter::optional("tags", Type::Texts, "words to find it by"),
    Parameter::optional("labels", Type::Fields, "named texts; policy does not see them"),
    Parameter::secret("recovery", Type::Text, "policy must never see it"),
];

fn kind(name: &'static str, attributes: &'static [Parameter], parts: &'static [(Part, &'static str)]) -> Kind {
    let secret = Some(Secret { kind: SecretKind::Text, output: "key" });
    Kind {
        name,
        about: "a kind",
        is_sink: false,
        slots: Some(2),
        secret,
        liveness: None,
        strategies: &[],
        attributes,
        parts,
    }
}

fn local() -> Manifest {
    let account = Kind {
        strategies: &[Strategy::DualSlot],
        ..kind("account", ACCOUNT, &[(Part::Provision, "account_create"), (Part::Stage, "key_stage")])
    };
    let certified =
        |name| Kind { strategies: &[Strategy::Reissue], ..kind(name, &[], &[(Part::Issue, "certificate_sign")]) };
    let kinds = vec![account, certified("ca"), certified("certificate")];
    Manifest { connector: "local", summary: "embedded", kinds, verbs: Vec::new(), probes: Vec::new() }
}

fn files() -> Manifest {
    let place = Kind { is_sink: true, secret: None, ..kind("place", &[], &[(Part::Deliver, "deliver")]) };
    Manifest { connector: "files", summary: "files", kinds: vec![place], verbs: Vec::new(), probes: Vec::new() }
}

fn with_vocabulary<T>(read: impl FnOnce(&Vocabulary<'_>) -> T) -> T {
    let (local, files) = (local(), files());
    let mut vocabulary = Vocabulary::new(BTreeMap::from([("files".to_owned(), &files), ("local".to_owned(), &local)]));
    let inputs = [("count", TermKind::Integer), ("dry", TermKind::Boolean), ("reason", TermKind::Text)];
    vocabulary.inputs = inputs.map(|(name, kind)| (name.to_owned(), kind)).into();
    vocabulary.added = BTreeSet::from(["ticket".to_owned()]);
    read(&vocabulary)
}

fn load(files: &[(&str, &str)]) -> Result<PolicySet, Vec<crate::diagnostic::Diagnostic>> {
    let files: Vec<(String, String)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    with_vocabulary(|vocabulary| PolicySet::load(&files, vocabulary))
}

const SHIPPED: [(&str, &str); 3] = [
    ("accounts.cedar", include_str!("../../../workflows/policies/accounts.cedar")),
    ("certificates.cedar", include_str!("../../../workflows/policies/certificates.cedar")),
    ("rotation.cedar", include_str!("../../../workflows/policies/rotation.cedar")),
];

fn shipped() -> PolicySet {
    load(&SHIPPED).unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00.123456Z".parse().unwrap()
}

fn days_ahead(days: i64) -> Term {
    Term::Instant(Timestamp::from_micros(now().micros() + days * 86_400_000_000))
}

/// A question that the shipped policies allow.
fn question(action: &str, resource: &str) -> Question {
    let resource: countersign_warrant::ResourceName = resource.parse().unwrap();
    let mut attributes = BTreeMap::new();
    if resource.kind() == "account" {
        attributes = BTreeMap::from([
            ("owner".to_owned(), Term::text("dana")),
            ("backup".to_owned(), Term::text("lee")),
            ("purpose".to_owned(), Term::text("monthly reports")),
            ("expires".to_owned(), days_ahead(90)),
            ("level".to_owned(), Term::text("read")),
        ]);
    }
    let (profile, days, names) = if resource.kind() == "ca" {
        (Profile::Ca, 3650, BTreeSet::new())
    } else {
        (Profile::Server, 30, BTreeSet::from(["localhost".to_owned(), "127.0.0.1".to_owned()]))
    };
    let lifetime_secs = days * 86_400;
    let certificate = Certificate { profile, lifetime_secs, names, key: KeyAlgorithm::P256, issuer: None };
    Question {
        principal: Principal::Person("p_0123456789abcdef0123456789abcdef".to_owned()),
        action: action.to_owned(),
        subject: Subject {
            resource,
            connector_type: "local".to_owned(),
            tier: "standard".to_owned(),
            team: "platform".to_owned(),
            attributes,
        },
        verb: "a_verb".to_owned(),
        sink: None,
        trigger: TriggerKind::Request,
        inputs: BTreeMap::from([("reason".to_owned(), Term::text("scheduled change"))]),
        facts: Facts { exists: Some(true), live_versions: Some(1), ..Facts::default() },
        certificate: (action == "issue").then_some(certificate),
        added: BTreeMap::new(),
        now: now(),
    }
}

fn replayed(judgement: &Judgement) -> Decision {
    let text = |at: usize| std::str::from_utf8(judgement.blobs[at].bytes()).unwrap();
    let texts = BasisTexts { policies: text(0), schema: text(1), entities: text(2), request: text(3) };
    super::replay(&texts).unwrap()
}
