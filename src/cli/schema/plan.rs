//! The JSON Schema (draft 2020-12) of what `countersign plan --json` prints.
//!
//! Whoever adds to a plan adds it here: a test holds real plans against the schema, which takes no key that it does not
//! know.

use serde_json::{Map, Value, json};

/// The schema.
pub(super) fn schema() -> Value {
    let shadow = object(
        &[
            ("verdict", words(&["allow", "deny"])),
            ("code", text("A reason code.")),
            ("policies", list(text("An `@id`."))),
            ("reasons", list(text("A `@reason`."))),
            ("errors", list(text("An evaluation error."))),
        ],
        &[],
    );
    let verdict = object(
        &[("act", text("The move.")), ("verdict", words(&["allow", "deny"])), ("policies", list(text("An `@id`.")))],
        &[("shadow", about("The other answer, where policies in shadow would give one.", shadow))],
    );
    let difference = object(
        &[
            ("at", text("A move, or `plan`.")),
            ("what", text("Which part of it.")),
            ("before", json!({"description": "As it was; null where it was not there."})),
            ("after", json!({"description": "As it is; null where it is not there any more."})),
        ],
        &[],
    );
    let mut schema = object(
        &[
            ("digest", about("What `run --plan` names: SHA-256 of the plan's canonical JSON (RFC 8785).", digest())),
            ("plan", plan()),
            ("starts", about("What starts such runs, seen from now; outside the digest.", starts())),
            ("assumed", json!({"type": "boolean", "description": "Nothing was looked at."})),
            ("verdicts", about("What policy says today; outside the digest.", list(verdict))),
        ],
        &[("differences", about("With `--diff`: from the earlier plan to this one.", list(difference)))],
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!("urn:countersign:plan:v1");
    schema["title"] = json!("Countersign plan");
    schema
}

fn plan() -> Value {
    let workflow = object(
        &[
            ("name", text("The workflow's name.")),
            ("digest", about("SHA-256 of its file.", digest())),
            ("team", text("The owning team.")),
            ("purpose", text("Why it exists.")),
        ],
        &[
            ("runbook", text("Where whoever is needed finds what to do.")),
            ("service", text("The service that the subject is of.")),
        ],
    );
    let subject = object(
        &[
            ("resource", resource()),
            ("connector", text("The connector's type.")),
            ("kind", text("The kind of subject.")),
            ("tier", text("How much hangs on it.")),
            ("attributes", about("Observed; of a provision those that are wanted.", any_object())),
        ],
        &[("self", about("Said where Countersign itself works with this credential.", json!({"const": true})))],
    );
    let consumer = object(
        &[
            ("sink", resource()),
            ("version", version()),
            ("then", about("What becomes of it there.", words(&["unchanged", "renewed", "ended"]))),
        ],
        &[],
    );
    let skipped = object(&[("step", text("The step.")), ("when", text("Its condition, which did not hold."))], &[]);
    object(
        &[
            ("format", json!({"const": "countersign/plan/v1"})),
            ("workflow", workflow),
            ("subject", subject),
            ("trigger", words(&["request", "schedule", "expiry", "event"])),
            ("inputs", about("Typed and complete.", any_object())),
            ("resources", about("What the run holds.", list(resource()))),
            ("moves", about("In the order in which they are made.", list(json!({"anyOf": moves()})))),
        ],
        &[
            ("consumers", about("Who reads the version in use.", list(consumer))),
            ("skipped", about("Steps that the plan leaves out.", list(skipped))),
            ("timeouts", about("How long a step may take, in milliseconds.", map(count()))),
        ],
    )
}

/// One form for each thing that a move can do.
fn moves() -> Vec<Value> {
    let form = |does: &str, required: &[(&str, Value)], optional: &[(&str, Value)]| {
        let mut all = vec![
            ("id", text("Unique in the plan: `rotate.stage`.")),
            ("step", text("The workflow's step.")),
            ("action", text("The action that policy judges, or the step's word.")),
            ("does", json!({"const": does})),
        ];
        all.extend(required.iter().cloned());
        let mut more = vec![("on_failure", text("The step after whose failure alone it is made."))];
        more.extend(optional.iter().cloned());
        object(&all, &more)
    };
    let probe = object(
        &[("name", text("The probe.")), ("subject", resource()), ("parameters", any_object())],
        &[("version", null_or(version()))],
    );
    vec![
        form("judge", &[("covers", list(text("An act that it covers."))), ("context", any_object())], &[]),
        form("check", &[("facts", about("Observed again before the step's first act.", any_object()))], &[]),
        form("seal", &[("version", version()), ("recipe", recipe())], &[]),
        act(&form),
        examine(&form),
        form(
            "probe",
            &[
                ("probe", probe),
                ("connector", text("The instance that asks.")),
                ("expect", words(&["accepted", "refused", "unknown"])),
                ("within_ms", count()),
                ("with_material", json!({"type": "boolean"})),
            ],
            &[],
        ),
        form(
            "activate",
            &[("version", version()), ("previous", null_or(version())), ("lifetime_secs", null_or(count()))],
            &[("aged", object(&[("made_at", stamp()), ("due_at", stamp()), ("ends_at", stamp())], &[]))],
        ),
        each(&form),
        form("step_down", &[("version", version())], &[]),
        form("retire", &[("version", version())], &[]),
        form("window", &[("windows", windows())], &[]),
        form("wait", &[("ms", count())], &[]),
        form(
            "notify",
            &[
                ("to", text("A webhook of the settings.")),
                ("text", about("What is told; what only a step can know is `{\"$hole\": ..}`.", json!({}))),
                ("on", words(&["done", "failure", "always"])),
            ],
            &[],
        ),
        form("evidence", &[("attach", any_object()), ("retain_secs", count())], &[]),
    ]
}

/// A plan holds plans of its own form; an editor needs no recursion to help with them.
fn each(form: &Form<'_>) -> Value {
    let left_out = object(&[("subject", resource()), ("code", text("Why.")), ("message", text("Why, in words."))], &[]);
    form(
        "each",
        &[
            ("runs", about("A plan for each subject, of this same form.", list(any_object()))),
            ("together", count()),
            ("stop_after", count()),
        ],
        &[("left_out", about("Selected, and without a plan.", list(left_out)))],
    )
}

type Form<'a> = dyn Fn(&str, &[(&str, Value)], &[(&str, Value)]) -> Value + 'a;

fn act(form: &Form<'_>) -> Value {
    let retry = object(&[("times", count()), ("wait_ms", count())], &[]);
    form(
        "act",
        &[
            ("call", call()),
            ("undo", null_or(call())),
            ("pivot", json!({"type": "boolean", "description": "The point of no return."})),
            ("covered_by", list(text("A policy step."))),
        ],
        &[("downtime", text("Who is without a working secret meanwhile.")), ("retry", retry)],
    )
}

fn examine(form: &Form<'_>) -> Value {
    form(
        "examine",
        &[
            ("version", version()),
            ("profile", words(&["ca", "server"])),
            ("common_name", null_or(text("The subject's common name."))),
            ("names", list(text("A DNS name or IP address."))),
            ("lifetime_secs", count()),
            ("key", words(&["p256", "p384", "ed25519"])),
            ("issuer", null_or(resource())),
            ("renew_at", null_or(fraction())),
        ],
        &[],
    )
}

fn recipe() -> Value {
    let random = object(
        &[
            ("make", json!({"const": "text"})),
            ("length", count()),
            ("alphabet", words(&["url_safe", "alphanumeric", "hex", "printable"])),
            ("require", list(words(&["lower", "upper", "digit", "symbol"]))),
            ("lifetime_secs", null_or(count())),
        ],
        &[],
    );
    let pair = object(
        &[
            ("make", json!({"const": "key_pair"})),
            ("algorithm", words(&["p256", "p384", "ed25519"])),
            ("common_name", null_or(text("The request's common name."))),
        ],
        &[],
    );
    let given = object(&[("make", json!({"const": "given"}))], &[]);
    json!({"anyOf": [random, pair, given]})
}

fn call() -> Value {
    object(
        &[
            ("connector", text("The instance.")),
            ("verb", text("What it is asked to do.")),
            ("resource", resource()),
            ("parameters", about("Public; what only a step can know is `{\"$hole\": ..}`.", any_object())),
            ("materials", about("Secrets, by the version that they are of.", map(version()))),
            ("limits", object(&[("duration_ms", count()), ("lateness_ms", count())], &[])),
        ],
        &[],
    )
}

fn starts() -> Value {
    let instant = object(&[("at", stamp()), ("due", stamp())], &[]);
    let schedule = object(
        &[
            ("cron", text("The civil times.")),
            ("timezone", text("Whose clocks show them.")),
            ("catch_up", words(&["once", "skip", "all"])),
            ("next", list(instant)),
        ],
        &[],
    );
    let window = object(&[("is_open", json!({"type": "boolean"})), ("opens_at", stamp()), ("closes_at", stamp())], &[]);
    object(
        &[("request", json!({"type": "boolean"}))],
        &[("schedule", schedule), ("expiry", fraction()), ("events", list(text("An event."))), ("window", window)],
    )
}

fn windows() -> Value {
    object(&[("allow", list(text("A window.")))], &[("freeze", list(text("A freeze.")))])
}

fn fraction() -> Value {
    object(&[("numerator", count()), ("denominator", count())], &[])
}

/// A mapping with exactly these keys.
fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let each = required.iter().chain(optional).map(|(name, form)| ((*name).to_owned(), form.clone()));
    json!({
        "type": "object",
        "properties": each.collect::<Map<_, _>>(),
        "required": required.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn any_object() -> Value {
    json!({"type": "object"})
}

fn map(value: Value) -> Value {
    with(any_object(), "additionalProperties", value)
}

fn list(item: Value) -> Value {
    with(json!({"type": "array"}), "items", item)
}

fn words(words: &[&str]) -> Value {
    json!({"enum": words})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn about(description: &str, form: Value) -> Value {
    with(form, "description", Value::from(description))
}

fn with(mut form: Value, keyword: &str, says: Value) -> Value {
    form[keyword] = says;
    form
}

fn null_or(form: Value) -> Value {
    with(json!({}), "anyOf", Value::Array(vec![form, json!({"type": "null"})]))
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn digest() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
}

fn stamp() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"})
}

fn resource() -> Value {
    json!({"type": "string", "pattern": "^[^/]+/[^/]+/.+$"})
}

fn version() -> Value {
    json!({"type": "string", "pattern": "^[^/]+/[^/]+/.+@[0-9]+$"})
}
