//! The description of the language: every key with its meaning, in the order in which it is written.

use countersign_contract::Strategy;

use super::form::{Form, Key};
use crate::schedule::CatchUp;
use crate::workflow::STEPS_MAX;
use crate::workflow::again::TIMES_MAX;
use crate::workflow::each::{EACH_MAX, TOGETHER_MAX};
use crate::workflow::model::OnImport;
use crate::workflow::notices::BEFORE_MAX;
use crate::workflow::revoke::REASONS;
use crate::workflow::scalar::INTEGER_MAX;
use crate::workflow::trigger::EVENTS_MAX;
use crate::workflow::windows::ENTRIES_MAX;

pub(super) const NAME: Form = Form::Pattern("^[A-Za-z][A-Za-z0-9_-]{0,63}$", "payments");
const PERSON: Form = Form::Pattern("^[^@\\s]+@[^@\\s]+$", "dana@example.com");
const CONTROL: Form = Form::Pattern("^[A-Za-z0-9._()-]+:[A-Za-z0-9._()-]+$", "nist-800-53r5:ia-5");
const SPAN: Form = Form::Pattern("^(0|[1-9][0-9]*)(ms|s|m|h|d|y)$", "24h");
pub(super) const SOME_SPAN: Form = Form::Pattern("^[1-9][0-9]*(ms|s|m|h|d|y)$", "90d");
/// The algorithms of key pairs.
pub(super) const KEY_PAIRS: [&str; 3] = ["p256", "p384", "ed25519"];
/// An hour at most.
const REST: Form = Form::Pattern("^[1-9][0-9]*(ms|s|m|h)$", "30s");
const FRACTION: Form = Form::Pattern("^[1-9][0-9]*/[1-9][0-9]*$", "2/3");
const CRON: Form = Form::Pattern("^[ \\t]*[^ \\t]+([ \\t]+[^ \\t]+){4,5}[ \\t]*$", "0 9 * * THU");
const ZONE: Form = Form::Pattern("^[A-Za-z][A-Za-z0-9_+/-]*$", "Europe/Berlin");
const WINDOW: Form = Form::Pattern(
    "^\\s*([A-Z]{3}([-,][A-Z]{3})*|\\*)\\s+[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}\\s+[A-Za-z][A-Za-z0-9_+/-]*\\s*$",
    "SAT-SUN 00:00-06:00 Europe/Berlin",
);
const FREEZE: Form = Form::Pattern(
    "^\\s*([0-9]{4}-)?[0-9]{2}-[0-9]{2}\\.\\.([0-9]{4}-)?[0-9]{2}-[0-9]{2}\\s+[A-Za-z][A-Za-z0-9_+/-]*\\s*$",
    "12-24..12-26 Europe/Berlin",
);
const EVENT: Form = Form::Pattern("^[a-z_]+(\\.[a-z_]+)+$", "leak.reported");
const PERCENT: Form = Form::Pattern("^([1-9][0-9]?|100)%$", "10%");
const SINK: Form = Form::Pattern("^[^/]+/[^/]+$", "files/client");
const REFERENCE: Form = Form::Pattern("^\\$\\{\\{[^{}]*\\}\\}$", "${{ steps.rotate.version }}");

pub(super) const fn must(name: &'static str, about: &'static str, form: Form) -> Key {
    Key { name, about, form, required: true }
}

pub(super) const fn may(name: &'static str, about: &'static str, form: Form) -> Key {
    Key { name, about, form, required: false }
}

/// A workflow file.
pub(in crate::workflow) fn workflow() -> Form {
    let steps = Form::List { item: Box::new(step()), min: 1, max: Some(STEPS_MAX) };
    Form::table(vec![
        must("apiVersion", "The version of the language.", Form::Exactly("countersign/v1")),
        must("kind", "What the file is.", Form::Exactly("Workflow")),
        must("metadata", "Who answers for the workflow, and why it exists.", metadata()),
        must("subject", "Whose credential changes.", subject()),
        must("on", "Why a run may start.", on()),
        may(
            "on_import",
            "What becomes of a secret that was not made here, when it is adopted; `verify`, when it is not said.",
            Form::Words(OnImport::WORDS.map(|(word, _)| word).into()),
        ),
        may("windows", "When changes may begin; at any time, when it is not said.", windows()),
        may("notices", "Whom a webhook tells beforehand that a run is due; nobody, when it is not said.", notices()),
        must("steps", "What a run does, in this order.", steps),
    ])
}

fn metadata() -> Form {
    Form::table(vec![
        must("name", "The workflow's name, unique in its folder.", NAME),
        must(
            "owner",
            "Who answers for it.",
            Form::table(vec![
                must("team", "The owning team.", NAME),
                must("person", "The owning person's e-mail address.", PERSON),
                may("backup", "Who stands in for the owner: an e-mail address.", PERSON),
            ]),
        ),
        must("purpose", "Why it exists, in one sentence.", Form::Line { length_max: 500 }),
        may(
            "runbook",
            "Where whoever is needed finds what to do: an address, or one line.",
            Form::Line { length_max: 300 },
        ),
        may(
            "service",
            "The service that the subject is of; settings may limit how many of a service's are under way at once.",
            NAME,
        ),
        may("controls", "The controls that it serves, as `framework:control`.", Form::list(CONTROL, 0)),
    ])
}

fn subject() -> Form {
    let connector = || must("connector", "A connector instance that settings name.", Form::Text);
    let kind = || must("kind", "A kind of subject that the connector has, such as `account`.", Form::Text);
    let tier = || may("tier", "How much hangs on it, for policy; `standard` when it is not said.", NAME);
    let one = Form::table(vec![
        connector(),
        kind(),
        must("name", "The subject's name; may use `${{ inputs.NAME }}`.", Form::Template),
        may("self", "True where Countersign itself works with this credential.", Form::Boolean),
        tier(),
    ]);
    let about = "For each subject of the kind that is there, with a run of its own, instead of one by name.";
    let each = Form::table(vec![connector(), kind(), must("for_each", about, for_each()), tier()]);
    Form::Any(vec![one, each])
}

fn for_each() -> Form {
    let at_most = Form::Any(vec![Form::Integer { min: 1, max: EACH_MAX.into() }, PERCENT]);
    Form::table(vec![
        may("where", "A Cedar condition about the subject; all of them, when it is not said.", Form::Text),
        must(
            "at_most",
            "No plan is made for more: a number, or a part of those that are there, such as `10%`.",
            at_most,
        ),
        may(
            "together",
            "How many runs there are at once; one, when it is not said.",
            Form::Integer { min: 1, max: TOGETHER_MAX.into() },
        ),
        may(
            "stop_after",
            "After how many runs that ended otherwise than done no further one begins; one, when it is not said.",
            Form::Integer { min: 1, max: EACH_MAX.into() },
        ),
    ])
}

fn on() -> Form {
    let inputs = Form::names(input(), 0);
    let expiry = Form::table(vec![must("at", "At this part of the version's lifetime, such as `2/3`.", FRACTION)]);
    Form::table(vec![
        may(
            "request",
            "A person or an agent asks.",
            Form::table(vec![may("inputs", "What a request brings along, by name.", inputs)]),
        ),
        may("schedule", "An instant has come, by the calendar.", schedule()),
        may("expiry", "The current version comes near its end.", expiry),
        may(
            "event",
            "Somebody reports one of these, such as `leak.reported`.",
            Form::List { item: Box::new(EVENT), min: 1, max: Some(EVENTS_MAX) },
        ),
    ])
}

fn windows() -> Form {
    let list = |item| Form::List { item: Box::new(item), min: 1, max: Some(ENTRIES_MAX) };
    Form::table(vec![
        may("allow", "Stretches of the week, as days, times and a zone.", list(WINDOW)),
        may("freeze", "Days on which nothing begins, of each year or of one.", list(Form::Any(vec![FREEZE, NAME]))),
    ])
}

fn notices() -> Form {
    Form::table(vec![
        must("to", "A webhook of the settings.", NAME),
        must(
            "before",
            "How long before it is due: from one minute to ninety days.",
            Form::List { item: Box::new(SPAN), min: 1, max: Some(BEFORE_MAX) },
        ),
        may("text", "What is said beside that, such as what has to be restarted.", Form::Line { length_max: 500 }),
    ])
}

fn schedule() -> Form {
    Form::table(vec![
        must("cron", "Minute, hour, day of month, month, weekday; with six fields the second first.", CRON),
        must("timezone", "The IANA time zone of these hours.", ZONE),
        may("jitter", "Runs are spread over this time after each instant; not at all, when it is not said.", SPAN),
        may(
            "catch_up",
            "What becomes of instants that passed while nobody looked: `once` for all of them, when it is not said.",
            Form::Words(CatchUp::WORDS.map(|(word, _)| word).into()),
        ),
    ])
}

fn input() -> Form {
    let about = || may("description", "For the person who is asked for it.", Form::Line { length_max: 500 });
    let kind = |word| must("type", "The type of the value.", Form::Exactly(word));
    let default = |form| may("default", "Taken when the request does not name it.", form);
    let length = || Form::Integer { min: 0, max: 65_536 };
    let number = || Form::Integer { min: -INTEGER_MAX, max: INTEGER_MAX };
    let words = Form::List { item: Box::new(Form::Text), min: 1, max: Some(100) };
    Form::Any(vec![
        Form::table(vec![
            kind("string"),
            may("min_length", "Characters at least.", length()),
            may("max_length", "Characters at most.", length()),
            default(Form::Template),
            about(),
        ]),
        Form::table(vec![
            kind("string"),
            must("one_of", "The words that it can be.", words),
            default(Form::Template),
            about(),
        ]),
        Form::table(vec![kind("person"), default(PERSON), about()]),
        Form::table(vec![
            kind("integer"),
            may("min", "At least.", number()),
            may("max", "At most.", number()),
            default(Form::Integer { min: i64::MIN, max: i64::MAX }),
            about(),
        ]),
        Form::table(vec![kind("boolean"), default(Form::Boolean), about()]),
    ])
}

fn step() -> Form {
    Form::Table {
        keys: vec![
            must("id", "The step's name, unique in the workflow.", NAME),
            may(
                "needs",
                "The steps that it comes after; the step before it, when it is not said.",
                Form::list(NAME, 0),
            ),
            may(
                "when",
                "A Cedar condition; where it does not hold when the run is planned, the step is skipped.",
                Form::Text,
            ),
            may("retry", "How calls are attempted again that the target refuses for a time; of a change.", retry()),
            may(
                "leaves",
                "The places that have the secret in use and get no new one: nobody reads it there.",
                leaves(),
            ),
            may(
                "timeout",
                "How long the step may take, its questions and rests included; then the run fails there.",
                SOME_SPAN,
            ),
            may(
                "on_failure",
                "The step after whose failure this one runs, once that is taken back; else it does not.",
                NAME,
            ),
            may("policy", "Judges every change of its action that follows it.", policy()),
            may("provision", "Makes the subject, with its first secret.", provision()),
            may("issue", "Issues a certificate.", issue()),
            may("rotate", "Replaces the subject's secret.", rotate()),
            may("deprovision", "Ends the subject: its secrets first, after a while itself.", deprovision()),
            may("revoke", "Revokes the certificate that is in use when the run is planned.", revoke()),
            may("uses", "Calls one verb, as `connector/verb`; policy judges it as `rotate`.", Form::Text),
            may("with", "The parameters of the verb that the step `uses`.", Form::Typed),
            may("check", "Asks a target, and goes on only with the expected answer.", check()),
            may("wait", "Lets time pass, and holds nothing but the run's resources.", wait()),
            may("notify", "Tells somebody, by a webhook of the settings; it changes nothing.", notify()),
            may("evidence", "Binds the run's entries to a signed checkpoint, however the run ended.", evidence()),
        ],
        one_of: vec![
            "policy",
            "provision",
            "issue",
            "rotate",
            "deprovision",
            "revoke",
            "uses",
            "check",
            "wait",
            "notify",
            "evidence",
        ],
    }
}

fn retry() -> Form {
    Form::table(vec![
        must("times", "How many more attempts there are.", Form::Integer { min: 1, max: TIMES_MAX.into() }),
        must(
            "wait",
            "How long to rest before the first of them, an hour at most; twice as long before each other one, up to an hour.",
            REST,
        ),
    ])
}

fn policy() -> Form {
    Form::table(vec![
        must(
            "action",
            "The action that it judges: that of a later step.",
            Form::Words(vec!["provision", "issue", "rotate", "deprovision", "revoke"]),
        ),
        may("context", "What it adds to the request that policies see.", Form::names(Form::Value, 0)),
    ])
}

fn provision() -> Form {
    Form::table(vec![
        may("attributes", "The subject's attributes, as the connector's manifest types them.", Form::Typed),
        must("generate", "How the secret is made.", Form::Any(vec![generate(), key_pair()])),
        must("distribute", "Where it is delivered.", distribute()),
    ])
}

fn issue() -> Form {
    Form::table(certificate())
}

/// What is said of a certificate that is to be issued.
fn certificate() -> Vec<Key> {
    let names = Form::List { item: Box::new(Form::Text), min: 1, max: Some(100) };
    vec![
        must("profile", "What the certificate is for.", Form::Words(vec!["ca", "server"])),
        may("issuer", "Whose key signs, such as `local/ca/issuing`; a root has none.", Form::Text),
        may("common_name", "The subject's common name; for an authority only.", Form::Line { length_max: 64 }),
        may("names", "DNS names and IP addresses; for a server only.", names),
        must("lifetime", "How long it is valid.", SOME_SPAN),
        must("key", "The algorithm of the key pair.", Form::Words(KEY_PAIRS.into())),
        must("distribute", "Where certificate and key are delivered.", distribute()),
        may("adopted", "What must be seen after the delivery.", adopted()),
    ]
}

/// Each strategy says what it says of the time in which old and new meet.
fn rotate() -> Form {
    Form::Any(Strategy::ALL.map(rotate_by).into())
}

fn rotate_by(strategy: Strategy) -> Form {
    if strategy == Strategy::Reissue {
        let about = "A new certificate with a new key is issued; the old one ends by itself.";
        let mut keys = vec![must("strategy", about, Form::Exactly(strategy.as_str()))];
        keys.extend(certificate());
        return Form::table(keys);
    }
    let check = Form::Names {
        value: Box::new(Form::Typed),
        keys: vec![may("must_not", "A probe that the target must refuse.", Form::Text)],
        min: 1,
        max: Some(1),
    };
    let meanwhile = match strategy {
        Strategy::InPlace => {
            vec![must(
                "downtime",
                "Who is without a working secret meanwhile, in words.",
                Form::Line { length_max: 500 },
            )]
        }
        Strategy::Alternating | Strategy::DualSlot => {
            vec![must("soak", "How long the old secret still works after the new one was adopted.", SPAN)]
        }
        Strategy::Versioned => vec![
            must("cache", "How long others keep a copy of the published keys.", SPAN),
            must("token_lifetime", "How long a signed token is valid.", SOME_SPAN),
        ],
        Strategy::Reissue => Vec::new(),
    };
    let generate = if strategy == Strategy::Versioned { key_pair() } else { generate() };
    let about = match strategy {
        Strategy::InPlace => "The new secret is set in the place of the old one, which is dead at once.",
        Strategy::Alternating => "Two users take turns: the idle one is given the new secret.",
        Strategy::DualSlot => "The target takes the old secret and the new one at once.",
        Strategy::Versioned => "The new key is published before it signs, the old one until its last token has ended.",
        Strategy::Reissue => "",
    };
    let mut keys = vec![
        must("strategy", about, Form::Exactly(strategy.as_str())),
        must("generate", "How the new secret is made.", generate),
        must("distribute", "Where it is delivered.", distribute()),
        may("verify", "What must hold before it is delivered: probes of the connector.", Form::list(check, 0)),
        may("adopted", "What must be seen before the old secret may go.", adopted()),
    ];
    keys.extend(meanwhile);
    Form::table(keys)
}

fn deprovision() -> Form {
    Form::table(vec![must("observe", "How long it stays, disabled, before it is removed for good.", SPAN)])
}

fn revoke() -> Form {
    Form::table(vec![
        must("issuer", "The authority that issued it, such as `local/ca/issuing`.", Form::Text),
        must("reason", "Why (RFC 5280 section 5.3.1).", Form::Words(REASONS.map(|(word, _)| word).into())),
    ])
}

fn check() -> Form {
    Form::table(vec![
        must("connector", "The connector instance that asks.", Form::Text),
        must("probe", "A probe that it has; with the current secret where the probe needs one.", Form::Text),
        may("with", "The probe's parameters.", Form::Typed),
        may(
            "expect",
            "The answer that is needed; `accepted` when it is not said.",
            Form::Words(vec!["accepted", "refused"]),
        ),
        may("within", "How long to go on asking; once, when it is not said.", SOME_SPAN),
    ])
}

fn wait() -> Form {
    Form::table(vec![must("for", "How long.", SOME_SPAN)])
}

fn notify() -> Form {
    Form::table(vec![
        must("to", "A webhook of the settings.", NAME),
        must("text", "What is told; may use outputs of earlier steps, and never a secret.", Form::Template),
        may(
            "on",
            "When: `done`, where it is not said; `failure`, when a step before it failed; `always`.",
            Form::Words(vec!["done", "failure", "always"]),
        ),
    ])
}

fn evidence() -> Form {
    Form::table(vec![
        may("attach", "Outputs of earlier steps, each as `${{ steps.ID.OUTPUT }}`.", Form::list(REFERENCE, 0)),
        must("retain", "How long the evidence is kept.", SOME_SPAN),
    ])
}

fn generate() -> Form {
    Form::table(vec![
        must("length", "How many characters.", Form::Integer { min: 8, max: 1024 }),
        must("alphabet", "Which characters.", Form::Words(vec!["url_safe", "alphanumeric", "hex", "printable"])),
        may(
            "require",
            "Of each of these classes at least one character.",
            Form::list(Form::Words(vec!["lower", "upper", "digit", "symbol"]), 0),
        ),
        may("lifetime", "After how long it counts as expired; never, when it is not said.", SOME_SPAN),
    ])
}

fn key_pair() -> Form {
    Form::table(vec![
        must("key", "The algorithm of the key pair.", Form::Words(KEY_PAIRS.into())),
        may("lifetime", "After how long it counts as expired; never, when it is not said.", SOME_SPAN),
    ])
}

fn leaves() -> Form {
    let leaving = Form::table(vec![
        must("to", "A sink, as `connector/place`.", SINK),
        must("path", "The path below the place; may use inputs and the subject.", Form::Template),
    ]);
    Form::list(leaving, 0)
}

fn distribute() -> Form {
    let delivery = Form::table(vec![
        must("to", "A sink, as `connector/place`.", SINK),
        must("path", "The path below the place; may use inputs and the subject.", Form::Template),
        must(
            "fields",
            "What is written, by field; secrets as `${{ steps.ID.OUTPUT }}` alone.",
            Form::names(Form::Template, 1),
        ),
    ]);
    Form::list(delivery, 1)
}

fn adopted() -> Form {
    let look = Form::table(vec![
        must("connector", "The connector instance that looks.", Form::Text),
        must("probe", "A probe that it has.", Form::Text),
        may("with", "The probe's parameters.", Form::Typed),
        must("within", "How long to look.", SOME_SPAN),
    ]);
    Form::list(look, 0)
}
