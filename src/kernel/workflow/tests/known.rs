//! Manifests as small as the tests allow: `local` and `files` as they are declared for the embedded default, and
//! `lab`, which has what those two have not.

use std::collections::BTreeMap;

use countersign_contract::{
    Effect, Kind, Limits, Manifest, Parameter, Part, ProbeSpec, Reversibility, Secret, SecretKind, Strategy, Type, Verb,
};

use crate::schedule::Freeze;
use crate::workflow::Known;

const ACCOUNT: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "who answers for it"),
    Parameter::required("backup", Type::Person, "who stands in"),
    Parameter::required("purpose", Type::Text, "what it is for"),
    Parameter::required("expires", Type::Instant, "when it ends"),
    Parameter::required("level", Type::Word(&["read", "write", "admin"]), "what it may do"),
];

const ROBOT: &[Parameter] = &[
    Parameter::optional("arms", Type::Integer, "how many"),
    Parameter::optional("armed", Type::Boolean, "whether it is"),
    Parameter::optional("tags", Type::Texts, "any"),
    Parameter::optional("marks", Type::Fields, "any"),
    Parameter { name: "pin", kind: Type::Text, secret: true, required: false, about: "its pin" },
    Parameter { name: "codes", kind: Type::Texts, secret: true, required: false, about: "more of them" },
];

const LOGIN: &[Parameter] = &[Parameter::optional("port", Type::Integer, "another port")];

const ACCOUNT_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "account_create"),
    (Part::Stage, "key_stage"),
    (Part::Disable, "key_disable"),
    (Part::Retire, "key_remove"),
    (Part::Deprovision, "account_remove"),
];

fn kind(name: &'static str, secret: Option<Secret>, parts: &'static [(Part, &'static str)]) -> Kind {
    Kind {
        name,
        about: "a kind",
        is_sink: secret.is_none(),
        slots: None,
        secret,
        liveness: None,
        strategies: &[],
        attributes: &[],
        parts,
    }
}

const ROLE_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "role_create"),
    (Part::Stage, "password_stage"),
    (Part::Replace, "password_replace"),
    (Part::Disable, "user_lock"),
];

const ROLE: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "who answers for it"),
    Parameter::required("backup", Type::Person, "who stands in"),
    Parameter::required("purpose", Type::Text, "what it is for"),
];

const WEBHOOK_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "webhook_create"),
    (Part::Stage, "secret_stage"),
    (Part::Disable, "secret_disable"),
    (Part::Retire, "secret_remove"),
];

const JWKS_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "jwks_create"),
    (Part::Stage, "key_publish"),
    (Part::Disable, "key_withdraw"),
    (Part::Retire, "key_forget"),
];

const SECRET: Option<Secret> = Some(Secret { kind: SecretKind::Text, output: "secret" });

const PASSWORD: Option<Secret> = Some(Secret { kind: SecretKind::Text, output: "password" });

const TEXT: Option<Secret> = Some(Secret { kind: SecretKind::Text, output: "key" });

const KEY_PAIR: Option<Secret> = Some(Secret { kind: SecretKind::KeyPair, output: "key" });

const fn probe(name: &'static str, kind: &'static str, parameters: &'static [Parameter]) -> ProbeSpec {
    ProbeSpec { name, kind, about: "a probe", needs_material: true, parameters }
}

fn deliver(kind: &'static str, is_secret: bool) -> Verb {
    let fields = Parameter::secret("fields", Type::Fields, "what is written");
    Verb {
        name: "deliver",
        kind,
        about: "is written",
        parameters: vec![Parameter { secret: is_secret, ..fields }],
        outputs: &[],
        reversibility: Reversibility::Irreversible,
        limits: Limits { duration_ms: 1000, lateness_ms: 0 },
        effect: |_, _| Effect::Unclear,
    }
}

fn local() -> Manifest {
    let issue: &[_] = &[(Part::Issue, "certificate_sign")];
    let revocable: &[_] = &[(Part::Issue, "certificate_sign"), (Part::Revoke, "certificate_revoke")];
    Manifest {
        connector: "local",
        summary: "the embedded directory",
        kinds: vec![
            Kind {
                slots: Some(2),
                liveness: Some("login"),
                strategies: &[Strategy::DualSlot],
                attributes: ACCOUNT,
                ..kind("account", TEXT, ACCOUNT_PARTS)
            },
            Kind {
                slots: Some(2),
                liveness: Some("signed"),
                strategies: &[Strategy::DualSlot],
                attributes: ROLE,
                ..kind("webhook", SECRET, WEBHOOK_PARTS)
            },
            Kind {
                slots: Some(2),
                liveness: Some("token_verified"),
                strategies: &[Strategy::Versioned],
                attributes: ROLE,
                ..kind("jwks", KEY_PAIR, JWKS_PARTS)
            },
            Kind { strategies: &[Strategy::Reissue], ..kind("ca", KEY_PAIR, issue) },
            Kind { strategies: &[Strategy::Reissue], ..kind("certificate", KEY_PAIR, revocable) },
            Kind {
                slots: Some(2),
                liveness: Some("role_login"),
                strategies: &[Strategy::InPlace, Strategy::Alternating],
                attributes: ROLE,
                ..kind("role", PASSWORD, ROLE_PARTS)
            },
        ],
        verbs: [
            ("role_create", "role", const { &["username"] as &[_] }),
            ("password_stage", "role", const { &["username"] }),
            ("password_replace", "role", const { &["username"] }),
            ("jwks_create", "jwks", const { &["kid"] }),
            ("key_publish", "jwks", const { &["kid"] }),
            ("certificate_revoke", "certificate", const { &["crl_number"] }),
        ]
        .map(|(name, kind, outputs)| Verb { name, kind, outputs, ..deliver(kind, true) })
        .into_iter()
        .chain(["key_disable", "key_remove"].map(|name| Verb {
            name,
            parameters: vec![Parameter::required("version", Type::Text, "which")],
            ..deliver("account", true)
        }))
        .collect(),
        probes: vec![
            probe("signed", "webhook", &[]),
            probe("token_verified", "jwks", LOGIN),
            probe("role_login", "role", LOGIN),
            probe("role_used", "role", &[]),
            probe("login", "account", LOGIN),
            probe("key_used", "account", &[]),
            probe("served", "certificate", &[]),
            probe("revoked", "certificate", &[]),
        ],
    }
}

fn files() -> Manifest {
    Manifest {
        connector: "files",
        summary: "files below places",
        kinds: vec![kind("place", None, &[(Part::Deliver, "deliver")])],
        verbs: vec![deliver("place", true)],
        probes: Vec::new(),
    }
}

fn lab() -> Manifest {
    const PARTS: &[(Part, &str)] = &[(Part::Provision, "make"), (Part::Stage, "s"), (Part::Replace, "p")];
    Manifest {
        connector: "lab",
        summary: "what is rare",
        kinds: vec![
            Kind { slots: Some(1), strategies: &[Strategy::InPlace], attributes: ROBOT, ..kind("robot", TEXT, PARTS) },
            kind("board", None, &[(Part::Deliver, "deliver")]),
        ],
        verbs: vec![deliver("board", false)],
        probes: Vec::new(),
    }
}

/// Calls `use_known` with everything that the tests' settings name.
pub(crate) fn with_known<T>(use_known: impl FnOnce(&Known<'_>) -> T) -> T {
    let (local, files, lab) = (local(), files(), lab());
    let known = Known {
        connectors: [("local", &local), ("files", &files), ("lab", &lab)]
            .map(|(name, manifest)| (name.to_owned(), manifest))
            .into(),
        places: [("client", "files"), ("server", "files"), ("wall", "lab")]
            .map(|(place, connector)| (place.to_owned(), connector.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        webhooks: ["team-chat".to_owned()].into(),
        own: [(
            "local/account/operator".parse().unwrap(),
            ("files/client/operator".parse().unwrap(), "key".to_owned()),
        )]
        .into(),
        settings: "`settings.toml`".to_owned(),
        freezes: [("year-end".to_owned(), vec![Freeze::parse("12-24..12-26 UTC").unwrap()])].into(),
    };
    use_known(&known)
}
