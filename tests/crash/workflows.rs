//! The workflows of the tour: what each starts from, calls, and passes.

/// How far the tour is, before a workflow runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Activated,
    Provisioned,
    Rooted,
    Issuing,
    Toured,
    /// Two database roles are there, of which the alternating one has been rotated once, a sender of webhooks, and an
    /// issuer of tokens.
    Roles,
    /// The directory asks for the key of an operator.
    Operated,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] =
        [Self::Activated, Self::Provisioned, Self::Rooted, Self::Issuing, Self::Toured, Self::Roles, Self::Operated];
}

/// One workflow, as a case of this suite runs it.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) workflow: &'static str,
    pub(crate) inputs: &'static [&'static str],
    pub(crate) stage: Stage,
    /// What is changed: kind and name in the directory.
    pub(crate) object: (&'static str, &'static str),
    /// What is delivered: place and path.
    pub(crate) sink: (&'static str, &'static str),
    /// True where nobody can work with what is delivered from the change until the delivery.
    pub(crate) has_downtime: bool,
    /// True where the run ends what it is about: afterwards nothing is current, and what was delivered opens nothing.
    pub(crate) is_an_end: bool,
    /// Its calls, in order. The second one is the pivot: before it everything is undone, after it a person is asked.
    pub(crate) calls: &'static [&'static str],
    /// How often a run without faults asks each probe that is asked once, and what its failing leads to.
    pub(crate) probes: &'static [(&'static str, &'static str)],
    /// The crash points of a run without faults, and how often it passes each. Not in it: `ledger.sign.*`, whose number
    /// follows the clock, and `runner.before_probe`, which is passed at each repetition of a question.
    pub(crate) points: &'static [(&'static str, usize)],
}

impl Subject {
    /// The words of its command, for a request of that key.
    pub(crate) fn words<'a>(&'a self, key: &'a str) -> Vec<&'a str> {
        let inputs = self.inputs.iter().flat_map(|input| ["--input", input]);
        ["run", self.workflow].into_iter().chain(inputs).chain(["--idempotency-key", key]).collect()
    }

    /// The subject's name in the ledger.
    pub(crate) fn name(&self) -> String {
        format!("local/{}/{}", self.object.0, self.object.1)
    }

    /// How a run ends whose call `number`, counted from 1, fails for good.
    pub(crate) const fn end_without(number: usize) -> &'static str {
        match number {
            1 => "failed",
            2 => "undone",
            _ => "stuck",
        }
    }
}

pub(crate) const PROVISION: Subject = Subject {
    workflow: "provision-account",
    inputs: &["account=reporting"],
    stage: Stage::Activated,
    object: ("account", "reporting"),
    sink: ("client", "reporting"),
    has_downtime: false,
    is_an_end: false,
    calls: &["account_create", "deliver"],
    probes: &[],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 11),
        ("ledger.commit.before", 11),
        ("local.act.account_create.after", 1),
        ("local.act.account_create.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 9),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
};

const POINTS_OF_A_CA: &[(&str, usize)] = &[
    ("files.act.deliver.after", 1),
    ("files.act.deliver.before", 1),
    ("ledger.commit.after", 12),
    ("ledger.commit.before", 12),
    ("local.act.certificate_sign.after", 1),
    ("local.act.certificate_sign.before", 1),
    ("runner.after_call", 2),
    ("runner.after_grant", 2),
    ("runner.after_record", 2),
    ("runner.before_call", 2),
    ("runner.before_command", 10),
    ("runner.before_grant", 2),
    ("runner.before_record", 2),
    ("runner.before_seal", 1),
];

pub(crate) const ROOT: Subject = Subject {
    workflow: "ca-root",
    inputs: &[],
    stage: Stage::Provisioned,
    object: ("ca", "root"),
    sink: ("client", "trust"),
    has_downtime: false,
    is_an_end: false,
    calls: &["certificate_sign", "deliver"],
    probes: &[],
    points: POINTS_OF_A_CA,
};

pub(crate) const ISSUING: Subject = Subject {
    workflow: "ca-issuing",
    inputs: &[],
    stage: Stage::Rooted,
    object: ("ca", "issuing"),
    sink: ("server", "issuing"),
    has_downtime: false,
    is_an_end: false,
    calls: &["certificate_sign", "deliver"],
    probes: &[],
    points: POINTS_OF_A_CA,
};

const POINTS_OF_A_SERVER: &[(&str, usize)] = &[
    ("files.act.deliver.after", 1),
    ("files.act.deliver.before", 1),
    ("ledger.commit.after", 13),
    ("ledger.commit.before", 13),
    ("local.act.certificate_sign.after", 1),
    ("local.act.certificate_sign.before", 1),
    ("runner.after_call", 2),
    ("runner.after_grant", 2),
    ("runner.after_record", 2),
    ("runner.before_call", 2),
    ("runner.before_command", 11),
    ("runner.before_grant", 2),
    ("runner.before_record", 2),
    ("runner.before_seal", 1),
];

pub(crate) const SERVER: Subject = Subject {
    workflow: "tls-localhost",
    inputs: &[],
    stage: Stage::Issuing,
    object: ("certificate", "localhost"),
    sink: ("server", "tls"),
    has_downtime: false,
    is_an_end: false,
    calls: &["certificate_sign", "deliver"],
    probes: &[("served:1:unknown", "done"), ("served:1+:unknown", "stuck")],
    points: POINTS_OF_A_SERVER,
};

/// The same workflow, where a certificate is in use already.
pub(crate) const RENEWAL: Subject = Subject {
    stage: Stage::Toured,
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 14),
        ("ledger.commit.before", 14),
        ("local.act.certificate_sign.after", 1),
        ("local.act.certificate_sign.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 12),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
    ..SERVER
};

/// The account that the directory's changes are made as, once settings name it.
pub(crate) const OPERATOR_ACCOUNT: Subject = Subject {
    inputs: &["account=countersign-operator", "level=write"],
    stage: Stage::Roles,
    object: ("account", "countersign-operator"),
    sink: ("client", "countersign-operator"),
    ..PROVISION
};

/// The key that Countersign itself works with.
pub(crate) const OPERATOR: Subject = Subject {
    workflow: "rotate-operator-key",
    stage: Stage::Operated,
    object: ("account", "countersign-operator"),
    sink: ("client", "countersign-operator"),
    probes: &[
        ("login:1:unknown", "done"),
        ("login:1+:refused", "undone"),
        ("login:2:unknown", "done"),
        ("login:2+:unknown", "stuck"),
        ("login:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 20),
        ("ledger.commit.before", 20),
        ("local.act.key_disable.after", 1),
        ("local.act.key_disable.before", 1),
        ("local.act.key_remove.after", 1),
        ("local.act.key_remove.before", 1),
        ("local.act.key_stage.after", 1),
        ("local.act.key_stage.before", 1),
        ("runner.after_call", 4),
        ("runner.after_grant", 4),
        ("runner.after_record", 4),
        ("runner.before_call", 4),
        ("runner.before_command", 16),
        ("runner.before_grant", 4),
        ("runner.before_record", 4),
        ("runner.before_seal", 1),
    ],
    ..ROTATE
};

/// A certificate that is in use is replaced before its time.
pub(crate) const REISSUE: Subject = Subject { workflow: "rotate-server-certificate", ..RENEWAL };

pub(crate) const ROTATE: Subject = Subject {
    workflow: "rotate-reporting-key",
    inputs: &[],
    stage: Stage::Toured,
    object: ("account", "reporting"),
    sink: ("client", "reporting"),
    has_downtime: false,
    is_an_end: false,
    calls: &["key_stage", "deliver", "key_disable", "key_remove"],
    probes: &[
        ("login:1:unknown", "done"),
        ("login:1:refused", "done"),
        ("login:1+:refused", "undone"),
        ("key_used:1:unknown", "done"),
        ("key_used:1+:unknown", "stuck"),
        ("login:2:unknown", "done"),
        ("login:2:accepted", "done"),
        ("login:2+:unknown", "stuck"),
        ("login:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 21),
        ("ledger.commit.before", 21),
        ("local.act.key_disable.after", 1),
        ("local.act.key_disable.before", 1),
        ("local.act.key_remove.after", 1),
        ("local.act.key_remove.before", 1),
        ("local.act.key_stage.after", 1),
        ("local.act.key_stage.before", 1),
        ("runner.after_call", 4),
        ("runner.after_grant", 4),
        ("runner.after_record", 4),
        ("runner.before_call", 4),
        ("runner.before_command", 17),
        ("runner.before_grant", 4),
        ("runner.before_record", 4),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const ROLE: Subject = Subject {
    workflow: "provision-database-role",
    inputs: &["role=ledger"],
    stage: Stage::Toured,
    object: ("role", "ledger"),
    sink: ("client", "ledger"),
    has_downtime: false,
    is_an_end: false,
    calls: &["role_create", "deliver"],
    probes: &[],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 11),
        ("ledger.commit.before", 11),
        ("local.act.role_create.after", 1),
        ("local.act.role_create.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 9),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const WEBHOOK: Subject = Subject {
    workflow: "provision-webhook",
    inputs: &["webhook=orders"],
    stage: Stage::Toured,
    object: ("webhook", "orders"),
    sink: ("client", "orders"),
    has_downtime: false,
    is_an_end: false,
    calls: &["webhook_create", "deliver"],
    probes: &[],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 11),
        ("ledger.commit.before", 11),
        ("local.act.webhook_create.after", 1),
        ("local.act.webhook_create.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 9),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const WEBHOOK_SECRET: Subject = Subject {
    workflow: "rotate-webhook-secret",
    inputs: &[],
    stage: Stage::Roles,
    object: ("webhook", "orders"),
    sink: ("client", "orders"),
    has_downtime: false,
    is_an_end: false,
    calls: &["secret_stage", "deliver", "secret_disable", "secret_remove"],
    probes: &[
        ("signed:1:unknown", "done"),
        ("signed:1+:refused", "undone"),
        ("signed:2:unknown", "done"),
        ("signed:2:accepted", "done"),
        ("signed:2+:unknown", "stuck"),
        ("signed:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 20),
        ("ledger.commit.before", 20),
        ("local.act.secret_disable.after", 1),
        ("local.act.secret_disable.before", 1),
        ("local.act.secret_remove.after", 1),
        ("local.act.secret_remove.before", 1),
        ("local.act.secret_stage.after", 1),
        ("local.act.secret_stage.before", 1),
        ("runner.after_call", 4),
        ("runner.after_grant", 4),
        ("runner.after_record", 4),
        ("runner.before_call", 4),
        ("runner.before_command", 16),
        ("runner.before_grant", 4),
        ("runner.before_record", 4),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const ISSUER: Subject = Subject {
    workflow: "provision-signing-key",
    inputs: &["issuer=sessions"],
    object: ("jwks", "sessions"),
    sink: ("client", "sessions"),
    calls: &["jwks_create", "deliver"],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 11),
        ("ledger.commit.before", 11),
        ("local.act.jwks_create.after", 1),
        ("local.act.jwks_create.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 9),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
    ..WEBHOOK
};

pub(crate) const SIGNING_KEY: Subject = Subject {
    workflow: "rotate-signing-key",
    object: ("jwks", "sessions"),
    sink: ("client", "sessions"),
    calls: &["key_publish", "deliver", "key_withdraw", "key_forget"],
    probes: &[
        ("token_verified:1:unknown", "done"),
        ("token_verified:1+:refused", "undone"),
        ("token_verified:2:unknown", "done"),
        ("token_verified:2:accepted", "done"),
        ("token_verified:2+:unknown", "stuck"),
        ("token_verified:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 22),
        ("ledger.commit.before", 22),
        ("local.act.key_forget.after", 1),
        ("local.act.key_forget.before", 1),
        ("local.act.key_publish.after", 1),
        ("local.act.key_publish.before", 1),
        ("local.act.key_withdraw.after", 1),
        ("local.act.key_withdraw.before", 1),
        ("runner.after_call", 4),
        ("runner.after_grant", 4),
        ("runner.after_record", 4),
        ("runner.before_call", 4),
        ("runner.before_command", 18),
        ("runner.before_grant", 4),
        ("runner.before_record", 4),
        ("runner.before_seal", 1),
    ],
    ..WEBHOOK_SECRET
};

/// The account of the tour, with its key, is taken out of service.
pub(crate) const OFFBOARD: Subject = Subject {
    workflow: "offboard-account",
    inputs: &["account=reporting", "reason=nobody reads the figures"],
    has_downtime: true,
    is_an_end: true,
    calls: &["key_disable", "account_remove"],
    probes: &[
        ("login:1:unknown", "done"),
        ("login:1:accepted", "done"),
        ("login:1+:unknown", "undone"),
        ("login:1+:accepted", "undone"),
    ],
    points: &[
        ("ledger.commit.after", 14),
        ("ledger.commit.before", 14),
        ("local.act.account_remove.after", 1),
        ("local.act.account_remove.before", 1),
        ("local.act.key_disable.after", 1),
        ("local.act.key_disable.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 12),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
    ],
    ..ROTATE
};

/// A certificate is replaced, and the one before it is revoked.
pub(crate) const STOLEN: Subject = Subject {
    workflow: "replace-stolen-certificate",
    inputs: &["reason=the key stood in a ticket"],
    calls: &["certificate_sign", "deliver", "certificate_revoke"],
    probes: &[
        ("served:1:unknown", "done"),
        ("served:1+:unknown", "stuck"),
        ("revoked:1:unknown", "done"),
        ("revoked:1:refused", "done"),
        ("revoked:1+:unknown", "stuck"),
        ("revoked:1+:refused", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 19),
        ("ledger.commit.before", 19),
        ("local.act.certificate_revoke.after", 1),
        ("local.act.certificate_revoke.before", 1),
        ("local.act.certificate_sign.after", 1),
        ("local.act.certificate_sign.before", 1),
        ("runner.after_call", 3),
        ("runner.after_grant", 3),
        ("runner.after_record", 3),
        ("runner.before_call", 3),
        ("runner.before_command", 16),
        ("runner.before_grant", 3),
        ("runner.before_record", 3),
        ("runner.before_seal", 1),
    ],
    ..RENEWAL
};

/// The role of the rotation in place.
pub(crate) const LEGACY_ROLE: Subject =
    Subject { inputs: &["role=legacy"], object: ("role", "legacy"), sink: ("client", "legacy"), ..ROLE };

pub(crate) const ALTERNATING: Subject = Subject {
    workflow: "rotate-ledger-database",
    inputs: &[],
    stage: Stage::Roles,
    object: ("role", "ledger"),
    sink: ("client", "ledger"),
    has_downtime: false,
    is_an_end: false,
    calls: &["password_stage", "deliver", "user_lock"],
    probes: &[
        ("role_login:1:unknown", "done"),
        ("role_login:1+:refused", "undone"),
        ("role_used:1:unknown", "done"),
        ("role_used:1+:unknown", "stuck"),
        ("role_login:2:unknown", "done"),
        ("role_login:2:accepted", "done"),
        ("role_login:2+:unknown", "stuck"),
        ("role_login:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 19),
        ("ledger.commit.before", 19),
        ("local.act.password_stage.after", 1),
        ("local.act.password_stage.before", 1),
        ("local.act.user_lock.after", 1),
        ("local.act.user_lock.before", 1),
        ("runner.after_call", 3),
        ("runner.after_grant", 3),
        ("runner.after_record", 3),
        ("runner.before_call", 3),
        ("runner.before_command", 16),
        ("runner.before_grant", 3),
        ("runner.before_record", 3),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const IN_PLACE: Subject = Subject {
    workflow: "rotate-legacy-login",
    inputs: &[],
    stage: Stage::Roles,
    object: ("role", "legacy"),
    sink: ("client", "legacy"),
    has_downtime: true,
    is_an_end: false,
    calls: &["password_replace", "deliver"],
    probes: &[
        ("role_login:1:unknown", "done"),
        ("role_login:1:refused", "done"),
        ("role_login:1+:refused", "undone"),
        ("role_login:2:unknown", "done"),
        ("role_login:2:accepted", "done"),
        ("role_login:2+:unknown", "stuck"),
        ("role_login:2+:accepted", "stuck"),
    ],
    points: &[
        ("files.act.deliver.after", 1),
        ("files.act.deliver.before", 1),
        ("ledger.commit.after", 14),
        ("ledger.commit.before", 14),
        ("local.act.password_replace.after", 1),
        ("local.act.password_replace.before", 1),
        ("runner.after_call", 2),
        ("runner.after_grant", 2),
        ("runner.after_record", 2),
        ("runner.before_call", 2),
        ("runner.before_command", 12),
        ("runner.before_grant", 2),
        ("runner.before_record", 2),
        ("runner.before_seal", 1),
    ],
};

pub(crate) const ALL: [&Subject; 17] = [
    &PROVISION,
    &ROOT,
    &ISSUING,
    &SERVER,
    &RENEWAL,
    &REISSUE,
    &OPERATOR,
    &ROTATE,
    &ROLE,
    &ALTERNATING,
    &IN_PLACE,
    &WEBHOOK,
    &WEBHOOK_SECRET,
    &ISSUER,
    &SIGNING_KEY,
    &STOLEN,
    &OFFBOARD,
];
