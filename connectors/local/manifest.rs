//! What `local` declares of itself.

use countersign_contract::{
    Effect, Intent, Kind, Limits, Manifest, Observation, Parameter, Part, ProbeSpec, REVOKED, Reversibility, Secret,
    SecretKind, Strategy, Type, Verb,
};

/// Ten seconds for an attempt; no effect comes later, since an observation waits for a running attempt.
pub const LIMITS: Limits = Limits { duration_ms: 10_000, lateness_ms: 0 };

/// How many keys an account may have.
pub(crate) const SLOTS: usize = 2;

const ATTRIBUTES: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "the person who answers for the account"),
    Parameter::required("backup", Type::Person, "who stands in for the owner"),
    Parameter::required("purpose", Type::Text, "what the account is for"),
    Parameter::required("expires", Type::Instant, "from when on the account is refused"),
    Parameter::required("level", Type::Word(&["read", "write", "admin"]), "what the account may do"),
];

const KEY: Parameter = Parameter::secret("key", Type::Text, "the version's key: 32 or more printable characters");
const VERSION: Parameter =
    Parameter::required("version", Type::Text, "which version, such as `local/account/reporting@1`");

const SIGN: &[Parameter] = &[
    Parameter::required("request", Type::Text, "the PKCS#10 request, as PEM"),
    Parameter::required("profile", Type::Word(&["ca", "server"]), "what the certificate is for"),
    Parameter::optional("common_name", Type::Text, "the subject's name; for a CA, which must have one"),
    Parameter::optional("names", Type::Texts, "DNS names and IP addresses; for a server, which must have one"),
    Parameter::required("lifetime_secs", Type::Integer, "the validity in seconds, cut where the issuer's ends"),
    Parameter::optional("issuer", Type::Text, "the CA that signs, such as `local/ca/root`; a root has none"),
    Parameter::secret("issuer_key", Type::Text, "the issuer's key, or a root's own: PKCS#8, as PEM or DER"),
];

const SHA256: &[Parameter] =
    &[Parameter::optional("sha256", Type::Text, "of the leaf, as hex; else that of the subject's last certificate")];

const SINCE: &[Parameter] = &[Parameter::optional(
    "since",
    Type::Instant,
    "only a call then or later counts; else one since the key was staged",
)];

const ACCOUNT_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "account_create"),
    (Part::Stage, "key_stage"),
    (Part::Disable, "key_disable"),
    (Part::Retire, "key_remove"),
    (Part::Deprovision, "account_remove"),
    (Part::Undo, "account_delete"),
    (Part::Undo, "key_enable"),
];

const ROLE: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "the person who answers for the role"),
    Parameter::required("backup", Type::Person, "who stands in for the owner"),
    Parameter::required("purpose", Type::Text, "what the role is for"),
];

const PASSWORD: Parameter =
    Parameter::secret("password", Type::Text, "the version's password: 32 or more printable characters");
const REPLACES: Parameter =
    Parameter::required("replaces", Type::Text, "the version that it replaces, such as `local/role/ledger@1`");

const ROLE_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "role_create"),
    (Part::Stage, "password_stage"),
    (Part::Replace, "password_replace"),
    (Part::Disable, "user_lock"),
    (Part::Undo, "role_delete"),
    (Part::Undo, "password_clear"),
    (Part::Undo, "user_unlock"),
];

const WEBHOOK: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "the person who answers for the sender"),
    Parameter::required("backup", Type::Person, "who stands in for the owner"),
    Parameter::required("purpose", Type::Text, "what is sent, and to whom"),
];

const SECRET: Parameter =
    Parameter::secret("secret", Type::Text, "the version's signing secret: 32 or more printable characters");

const WEBHOOK_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "webhook_create"),
    (Part::Stage, "secret_stage"),
    (Part::Disable, "secret_disable"),
    (Part::Retire, "secret_remove"),
    (Part::Undo, "webhook_delete"),
    (Part::Undo, "secret_enable"),
];

const ISSUER: &[Parameter] = &[
    Parameter::required("owner", Type::Person, "the person who answers for the issuer"),
    Parameter::required("backup", Type::Person, "who stands in for the owner"),
    Parameter::required("purpose", Type::Text, "whose tokens it signs"),
];

const PUBLIC_KEY: &[Parameter] = &[
    Parameter::required("request", Type::Text, "a PKCS#10 request that shows the public key, as PEM"),
    Parameter::required("version", Type::Text, "which version, such as `local/jwks/sessions@1`"),
];

const JWKS_PARTS: &[(Part, &str)] = &[
    (Part::Provision, "jwks_create"),
    (Part::Stage, "key_publish"),
    (Part::Disable, "key_withdraw"),
    (Part::Retire, "key_forget"),
    (Part::Undo, "jwks_delete"),
    (Part::Undo, "key_republish"),
];

const REVOKE: &[Parameter] = &[
    Parameter::optional("serial", Type::Text, "which certificate, by its serial number as hex; else the last one"),
    Parameter::required("issuer", Type::Text, "the CA that issued it, such as `local/ca/issuing`"),
    Parameter::required(
        "reason",
        Type::Word(&[
            "unspecified",
            "key_compromise",
            "affiliation_changed",
            "superseded",
            "cessation_of_operation",
            "privilege_withdrawn",
        ]),
        "why (RFC 5280 section 5.3.1)",
    ),
    Parameter::secret("issuer_key", Type::Text, "the issuer's key: PKCS#8, as PEM or DER"),
];

const SERIAL: &[Parameter] = &[Parameter::required("serial", Type::Text, "which certificate, as hex")];

const CA_PARTS: &[(Part, &str)] = &[(Part::Issue, "certificate_sign"), (Part::Undo, "certificate_discard")];

const CERTIFICATE_PARTS: &[(Part, &str)] =
    &[(Part::Issue, "certificate_sign"), (Part::Revoke, "certificate_revoke"), (Part::Undo, "certificate_discard")];

pub(crate) fn manifest(limits: Limits) -> Manifest {
    Manifest {
        connector: "local",
        summary: "service accounts with API keys, database roles, senders of webhooks, token issuers, and certificates of an embedded CA, on this machine",
        kinds: kinds(),
        verbs: [verbs(limits), certificate_verbs(limits), webhook_verbs(limits), jwks_verbs(limits)].concat(),
        probes: probes(),
    }
}

fn kinds() -> Vec<Kind> {
    let kind = |name, about, slots, kind, attributes, parts| Kind {
        name,
        about,
        is_sink: false,
        slots,
        secret: Some(Secret { kind, output: "key" }),
        liveness: None,
        strategies: &[],
        attributes,
        parts,
    };
    let about = "a sender of webhooks, which signs with up to two secrets at once";
    let webhook = kind("webhook", about, Some(2), SecretKind::Text, WEBHOOK, WEBHOOK_PARTS);
    let about = "a token issuer, whose public keys stand in a JSON Web Key Set";
    let jwks = kind("jwks", about, Some(2), SecretKind::KeyPair, ISSUER, JWKS_PARTS);
    let about = "a service account with two key slots";
    let account = kind("account", about, Some(2), SecretKind::Text, ATTRIBUTES, ACCOUNT_PARTS);
    vec![
        Kind { liveness: Some("login"), strategies: &[Strategy::DualSlot], ..account },
        Kind {
            secret: Some(Secret { kind: SecretKind::Text, output: "secret" }),
            liveness: Some("signed"),
            strategies: &[Strategy::DualSlot],
            ..webhook
        },
        Kind { liveness: Some("token_verified"), strategies: &[Strategy::Versioned], ..jwks },
        Kind {
            strategies: &[Strategy::Reissue],
            ..kind("ca", "a certificate authority", None, SecretKind::KeyPair, &[], CA_PARTS)
        },
        Kind {
            strategies: &[Strategy::Reissue],
            ..kind("certificate", "a server certificate", None, SecretKind::KeyPair, &[], CERTIFICATE_PARTS)
        },
        Kind {
            secret: Some(Secret { kind: SecretKind::Text, output: "password" }),
            liveness: Some("role_login"),
            strategies: &[Strategy::Alternating, Strategy::InPlace],
            ..kind(
                "role",
                "a role of a database, with two users that take turns",
                Some(2),
                SecretKind::Text,
                ROLE,
                ROLE_PARTS,
            )
        },
    ]
}

fn verbs(limits: Limits) -> Vec<Verb> {
    let verb = |name, kind, about, parameters, outputs, reversibility| Verb {
        name,
        kind,
        about,
        parameters,
        outputs,
        reversibility,
        limits,
        effect,
    };
    let account = |name, about, parameters, reversibility| {
        verb(name, "account", about, parameters, const { &["key_id"] }, reversibility)
    };
    let create = [ATTRIBUTES, &[KEY]].concat();
    let of_a_key = || vec![VERSION];
    let (back, for_good) = (Reversibility::UndoneBy, Reversibility::Irreversible);
    let role = |name, about, parameters, reversibility| {
        verb(name, "role", about, parameters, const { &["username"] }, reversibility)
    };
    let create_role = [ROLE, &[PASSWORD]].concat();
    vec![
        role("role_create", "is created, and its first user has a password", create_role, back("role_delete")),
        role("role_delete", "is deleted, as it was created", Vec::new(), for_good),
        role("password_stage", "gives a password to its idle user", vec![PASSWORD], back("password_clear")),
        role("password_clear", "takes the password away that was just staged", of_a_key(), for_good),
        role(
            "password_replace",
            "has its password changed at once",
            vec![REPLACES, PASSWORD],
            back("password_replace"),
        ),
        role("user_lock", "refuses the user of that version from now on", of_a_key(), back("user_unlock")),
        role("user_unlock", "accepts the user of that version again", of_a_key(), back("user_lock")),
        account("account_create", "is created with its first key", create, back("account_delete")),
        verb("account_delete", "account", "is deleted, as it was created", Vec::new(), &[], for_good),
        verb(
            "account_remove",
            "account",
            "is removed for good; its name is not given again",
            Vec::new(),
            &[],
            for_good,
        ),
        account("key_stage", "takes a second key", vec![KEY], back("key_remove")),
        account("key_enable", "accepts the key again", of_a_key(), back("key_disable")),
        account("key_disable", "refuses the key from now on", of_a_key(), back("key_enable")),
        account("key_remove", "loses the key for good", of_a_key(), for_good),
    ]
}

fn certificate_verbs(limits: Limits) -> Vec<Verb> {
    let verb = |name, about, parameters, outputs, reversibility| Verb {
        name,
        kind: "certificate",
        about,
        parameters,
        outputs,
        reversibility,
        limits,
        effect,
    };
    let (back, for_good) = (Reversibility::UndoneBy, Reversibility::Irreversible);
    vec![
        verb(
            "certificate_sign",
            "is given a certificate",
            SIGN.to_vec(),
            &["certificate", "chain", "not_after", "not_before", "serial", "sha256"],
            back("certificate_discard"),
        ),
        verb("certificate_revoke", "has a certificate revoked", REVOKE.to_vec(), const { &["crl_number"] }, for_good),
        verb("certificate_discard", "loses the certificate that was just signed", Vec::new(), &[], for_good),
    ]
}

/// Makes the verbs of a kind that all answer with the same outputs.
fn verb_of(
    kind: &'static str,
    outputs: &'static [&'static str],
    limits: Limits,
) -> impl Fn(&'static str, &'static str, Vec<Parameter>, Reversibility) -> Verb {
    move |name, about, parameters, reversibility| Verb {
        name,
        kind,
        about,
        parameters,
        outputs,
        reversibility,
        limits,
        effect,
    }
}

fn webhook_verbs(limits: Limits) -> Vec<Verb> {
    let webhook = verb_of("webhook", const { &["secret_id"] }, limits);
    let of_a_secret = || vec![VERSION];
    let (back, for_good) = (Reversibility::UndoneBy, Reversibility::Irreversible);
    let create = [WEBHOOK, &[SECRET]].concat();
    vec![
        webhook("webhook_create", "is created, and signs with its first secret", create, back("webhook_delete")),
        webhook("webhook_delete", "is deleted, as it was created", Vec::new(), for_good),
        webhook("secret_stage", "signs with a second secret, too", vec![SECRET], back("secret_remove")),
        webhook("secret_enable", "signs with the secret again", of_a_secret(), back("secret_disable")),
        webhook("secret_disable", "signs with the secret no more", of_a_secret(), back("secret_enable")),
        webhook("secret_remove", "loses the secret for good", of_a_secret(), for_good),
    ]
}

fn jwks_verbs(limits: Limits) -> Vec<Verb> {
    let jwks = verb_of("jwks", const { &["kid"] }, limits);
    let of_a_key = || vec![VERSION];
    let (back, for_good) = (Reversibility::UndoneBy, Reversibility::Irreversible);
    let create = [ISSUER, PUBLIC_KEY].concat();
    vec![
        jwks("jwks_create", "is created, and publishes its first key", create, back("jwks_delete")),
        jwks("jwks_delete", "is deleted, as it was created", Vec::new(), for_good),
        jwks("key_publish", "publishes a second key, too", PUBLIC_KEY.to_vec(), back("key_forget")),
        jwks("key_republish", "publishes the key again", of_a_key(), back("key_withdraw")),
        jwks("key_withdraw", "publishes the key no more", of_a_key(), back("key_republish")),
        jwks("key_forget", "loses the key for good", of_a_key(), for_good),
    ]
}

fn probes() -> Vec<ProbeSpec> {
    let probe =
        |name, kind, about, needs_material, parameters| ProbeSpec { name, kind, about, needs_material, parameters };
    vec![
        probe("login", "account", "the endpoint accepts the key as this account's", true, &[]),
        probe("can_administer", "account", "the endpoint lets the key do what only `admin` may", true, &[]),
        probe("token_verified", "jwks", "the endpoint verifies a token that the key signed", true, &[]),
        probe("signed", "webhook", "the endpoint signs this sender's messages with the secret", true, &[]),
        probe("role_login", "role", "the endpoint accepts the password as this role's", true, &[]),
        probe("role_used", "role", "a client called the endpoint with the version's password", false, SINCE),
        probe("key_used", "account", "a client called the endpoint with the version's key", false, SINCE),
        probe(REVOKED, "certificate", "the list that the endpoint shows says that it is revoked", false, SERIAL),
        probe(
            "served",
            "certificate",
            "the endpoint serves the issued certificate under each of its names",
            false,
            SHA256,
        ),
    ]
}

/// The entry id is written with each change, so that a reading tells.
fn effect(intent: &Intent, observation: &Observation) -> Effect {
    match observation.applied.get(&intent.entry) {
        Some(applied) => Effect::Applied(applied.clone()),
        None => Effect::NotApplied,
    }
}
