//! `countersign policy explain`: a recorded decision in words.

use std::path::PathBuf;

use countersign_kernel::policy::trial::word;
use countersign_kernel::policy::{BasisTexts, Explained, PolicyWords, explain as explained};
use countersign_warrant::{Basis, DecisionBody, Digest, EntryId, Kind, Moment};
use serde_json::{Value, json};

use crate::Reading;
use crate::cli::Stop;
use crate::cli::names::Names;
use crate::cli::policy::shadow_words;
use crate::cli::screen::Screen;
use crate::cli::stop::{BAD_INPUT, DONE, LEDGER};
use crate::cli::tell::seconds;
use crate::folder::Folder;
use crate::store::Store;

/// Explains the decision at that entry.
pub(super) async fn explain(data: Option<PathBuf>, entry: &str, screen: &Screen) -> Result<u8, Stop> {
    let reading = Reading::open(&Folder::resolve(data)?).await?;
    let none = || {
        let help = "`countersign evidence show SUBJECT` names the entries; a decision's words begin with `policy`";
        Stop::new(BAD_INPUT, "policy.no_decision", format!("no decision stands at `{entry}`"), help)
    };
    let id: EntryId = entry.parse().map_err(|_| none())?;
    let found = reading.store.entry(&id).await?.filter(|found| found.kind == Kind::Decision).ok_or_else(none)?;
    let body: DecisionBody = found.decode()?;
    let texts = Texts::of(&reading.store, &body.decision.basis).await?;
    let told = explained(&texts.basis(), &body.decision).map_err(|error| Stop::of(error.code(), &error))?;
    document(screen, &id, &body, &told);
    tell(screen, &body, &told, &Names::load(&reading.store).await?);
    Ok(if told.same_again { DONE } else { LEDGER })
}

/// The texts of a basis, from the store.
struct Texts([String; 4]);

impl Texts {
    async fn of(store: &Store, basis: &Basis) -> Result<Self, Stop> {
        let [policies, schema] = [text(store, &basis.policies).await?, text(store, &basis.schema).await?];
        let [entities, request] = [text(store, &basis.entities).await?, text(store, &basis.request).await?];
        Ok(Self([policies, schema, entities, request]))
    }

    fn basis(&self) -> BasisTexts<'_> {
        let Self([policies, schema, entities, request]) = self;
        BasisTexts { policies, schema, entities, request }
    }
}

async fn text(store: &Store, digest: &Digest) -> Result<String, Stop> {
    let bytes = store.blob_bytes(digest).await?;
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        let text = format!("what the decision was made from is not stored: {digest}");
        Stop::new(LEDGER, "policy.no_basis", text, "see `countersign evidence verify`")
    })
}

fn document(screen: &Screen, id: &EntryId, body: &DecisionBody, told: &Explained) {
    let policy = |one: &PolicyWords| {
        json!({
            "id": one.id,
            "effect": one.effect,
            "mode": if one.is_shadow { "shadow" } else { "enforce" },
            "reason": one.reason,
            "controls": one.controls,
            "text": one.text,
        })
    };
    screen.document(&json!({
        "entry": id,
        "step": body.step,
        "verdict": body.decision.verdict,
        "code": body.decision.code,
        "errors": body.decision.errors,
        "asked": {
            "by": {"kind": told.asker.0.to_lowercase(), "id": told.asker.1},
            "action": told.action,
            "subject": told.subject,
            "attributes": told.attributes,
            "context": told.context,
        },
        "decided": told.decided.iter().map(policy).collect::<Vec<_>>(),
        "shadow": body.decision.shadow,
        "silent": told.silent.iter().map(policy).collect::<Vec<_>>(),
        "same_again": told.same_again,
    }));
}

fn tell(screen: &Screen, body: &DecisionBody, told: &Explained, names: &Names) {
    let asker = names.spelt(&told.asker.1);
    let (kind, action, subject) = (told.asker.0.to_lowercase(), &told.action, &told.subject);
    let when = if body.moment == Moment::Act { "right before the act" } else { "at the policy step" };
    let words = format!("the {kind} {asker} asked to {action} {subject}, at `{}`, {when}", body.step);
    screen.say_wrapped("asked    ", &words);
    for (name, value) in context(&told.context) {
        screen.say_wrapped(&format!("  {name:<12} "), &names.spelt(&value));
    }
    let code = &body.decision.code;
    screen.say_wrapped("answer   ", &format!("{} ({code})", word(body.decision.verdict)));
    for error in &body.decision.errors {
        screen.say_wrapped("  error  ", error);
    }
    for one in &told.decided {
        screen.say_wrapped("decided  ", &format!("{} by `{}`: {}", one.effect, one.id, one.reason));
        if !one.controls.is_empty() {
            screen.say_wrapped("           holds ", &one.controls.join(", "));
        }
        one.text.lines().for_each(|line| screen.say(format!("           | {line}")));
    }
    if told.decided.is_empty() && body.decision.errors.is_empty() {
        screen.say_wrapped("decided  ", "no policy permits it, and what nobody permits is denied");
    }
    if let Some(other) = &body.decision.shadow {
        screen.say_wrapped("shadow   ", &format!("{}; policies in shadow decide nothing", shadow_words(other)));
        told.shadow.iter().flat_map(|one| one.text.lines()).for_each(|line| screen.say(format!("           | {line}")));
    }
    for one in &told.silent {
        let why = if one.effect == "permit" { "did not permit it, or was outweighed" } else { "did not forbid it" };
        let why = if one.is_shadow { "is in shadow, and would not have changed the answer" } else { why };
        screen.say_wrapped("silent   ", &format!("`{}` {why}: {}", one.id, one.reason));
    }
    screen.say_wrapped(
        "again    ",
        if told.same_again {
            "evaluated anew from the stored bytes, the answer is the same"
        } else {
            "evaluated anew from the stored bytes, the answer is ANOTHER one"
        },
    );
}

/// What the policies could read, one line each.
fn context(context: &Value) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for name in ["verb", "sink", "trigger", "inputs", "facts", "added", "certificate", "now"] {
        let Some(value) = context.get(name) else { continue };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Object(fields) if fields.is_empty() => continue,
            Value::Object(fields) if fields.contains_key("__extn") => plain(value),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| format!("{name} = {}", plain(value))).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        lines.push((name, text));
    }
    lines
}

fn plain(value: &Value) -> String {
    let instant = value.get("__extn").and_then(|extension| extension.get("arg")).and_then(Value::as_str);
    instant.map(seconds).or_else(|| value.as_str().map(str::to_owned)).unwrap_or_else(|| value.to_string())
}
