//! The JSON Schemas of a workflow file and of a file of tests of policies (draft 2020-12), for editors, and the order in
//! which the keys of a workflow are written.
//!
//! They are made from one description of each, [`language::workflow`] and [`trials::trials`]: a tree of [`Form`]s with a sentence for
//! each key. The parser is held to them by tests that walk them: for each mapping the keys that the parser
//! knows, for each word the words, for each number the bounds; and that no file is refused by the schema and taken by
//! the parser. What only a run's settings can tell (connectors, kinds, places, references) the schema does not judge.
//!
//! Whoever extends the language adds keys, words and forms in `language.rs` or `trials.rs`, in the order in which people write them.

mod form;
mod language;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod trials;

use std::sync::LazyLock;

use form::Form;
use serde_json::{Value, json};

static LANGUAGE: LazyLock<Form> = LazyLock::new(language::workflow);

/// The JSON Schema of a workflow file.
pub fn schema() -> Value {
    let about =
        "One workflow: whose credential changes, why a run may start, and the steps with their policy and evidence.";
    document("urn:countersign:workflow:v1", "Countersign workflow", about, &LANGUAGE)
}

/// The JSON Schema of a file of tests of policies.
pub fn trials_schema() -> Value {
    let about = "Tests of policies: what is asked of them, and what they must answer.";
    document("urn:countersign:tests:v1", "Countersign policy tests", about, &trials::trials())
}

fn document(id: &str, title: &str, about: &str, form: &Form) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "title": title,
        "description": about,
    });
    if let (Some(schema), Value::Object(form)) = (schema.as_object_mut(), form.to_json()) {
        schema.extend(form);
    }
    schema
}

/// The keys of the mapping at a path, in the order in which they are written; none where the author names them. The
/// items of a list are under `[]`.
pub fn keys(path: &[String]) -> Vec<&'static str> {
    let mut forms: Vec<&Form> = vec![&LANGUAGE];
    for step in path {
        forms = forms.into_iter().flat_map(|form| form.below(step)).flat_map(Form::alternatives).collect();
    }
    let mut keys = Vec::new();
    for form in forms {
        let mut next = 0;
        for name in form.keys() {
            // WHY: a key that only one of several forms has stands after the key that it follows there.
            let at = keys.iter().position(|known| *known == name).unwrap_or_else(|| {
                keys.insert(next, name);
                next
            });
            next = at + 1;
        }
    }
    keys
}
