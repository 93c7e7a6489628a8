//! Which fields of events and spans are written, and which are not.

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

/// Each field that is written, sorted, and what stands in it. A field that is not here is not written, whoever types it: a value
/// that may be a secret's has to come past this list, and past whoever reads a change of it.
// INVARIANT: inv:I6 none of these is material, or anything of a request, an answer or an error of a library's own.
pub const WRITTEN: &[(&str, &str)] = &[
    ("again", "when something is looked at again"),
    ("code", "one of our stable codes"),
    ("connector", "the name of a connector instance"),
    ("entry", "the id of an entry"),
    ("kind", "the kind of an entry"),
    ("latest", "the latest time that the clock has said"),
    ("lifted", "whether a brake is lifted, or set"),
    ("message", "what happened: words of the source, without a value in them"),
    ("open", "how many runs are open"),
    ("outcome", "how a run ended"),
    (
        "reason",
        "why the ledger, a socket or a webhook did not do its work: what the operating system or the database says",
    ),
    ("run", "the id of a run"),
    ("size", "how many entries"),
    ("step", "the id of a step, as its workflow spells it"),
    ("subject", "the name of a subject"),
    ("triggers", "how many triggers the clock starts"),
    ("until", "the end of a wait"),
    ("webhook", "the name of a webhook in the settings, not its address"),
    ("workflow", "the name of a workflow"),
];

/// True for a field that is written.
pub(super) fn is_written(name: &str) -> bool {
    WRITTEN.binary_search_by_key(&name, |(name, _)| name).is_ok()
}

/// The fields of an event or a span that are written.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        if is_written(field.name()) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }

    /// The words of the event.
    pub(super) fn message(&self) -> &str {
        self.0.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// Each but the words: its name, and its value on one line.
    pub(super) fn told(&self) -> impl Iterator<Item = (&str, String)> {
        let rest = self.0.iter().filter(|(name, _)| *name != "message");
        rest.map(|(name, value)| (name.as_str(), on_one_line(value.as_str().unwrap_or(&value.to_string()))))
    }
}

/// Without a character that begins a line of its own, or moves a terminal's cursor.
pub(super) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_unicode()) } else { line.push(c) }
    }
    line
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.keep(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }
}
