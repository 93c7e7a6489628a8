//! What can stand in a place of a workflow file.

use serde_json::{Map, Value, json};

/// A form that values have.
#[derive(Debug, Clone)]
pub(in crate::workflow) enum Form {
    /// Exactly this text.
    Exactly(&'static str),
    /// One of these texts.
    Words(Vec<&'static str>),
    /// Text of a pattern (ECMA 262), with an example for tests and readers.
    Pattern(&'static str, &'static str),
    /// Plain text of one line.
    Line {
        /// Characters at most.
        length_max: usize,
    },
    /// Plain text.
    Text,
    /// Text in which `${{ path }}` may stand.
    Template,
    /// Text, a whole number, true or false; `${{ path }}` may stand in text.
    Value,
    /// A whole number.
    Integer {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// A list.
    List {
        /// What its items are.
        item: Box<Self>,
        /// At least so many.
        min: usize,
        /// At most so many, where there is a limit.
        max: Option<usize>,
    },
    /// A mapping with these keys, in the order in which they are written.
    Table {
        /// The keys.
        keys: Vec<Key>,
        /// Of these keys there is exactly one.
        one_of: Vec<&'static str>,
    },
    /// A mapping whose keys are names of the author's own.
    Names {
        /// What a value is.
        value: Box<Self>,
        /// Keys that mean something else.
        keys: Vec<Key>,
        /// Entries at least.
        min: usize,
        /// Entries at most, where there is a limit.
        max: Option<usize>,
    },
    /// A value of any of these forms.
    Any(Vec<Self>),
    /// A mapping that a connector's manifest types.
    Typed,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(in crate::workflow) struct Key {
    /// The key.
    pub(in crate::workflow) name: &'static str,
    /// What it means, as an editor shows it.
    pub(in crate::workflow) about: &'static str,
    /// What stands under it.
    pub(in crate::workflow) form: Form,
    /// Whether it must be given.
    pub(in crate::workflow) required: bool,
}

impl Form {
    /// A mapping with these keys.
    pub(super) const fn table(keys: Vec<Key>) -> Self {
        Self::Table { keys, one_of: Vec::new() }
    }

    /// A list without a limit.
    pub(super) fn list(item: Self, min: usize) -> Self {
        Self::List { item: Box::new(item), min, max: None }
    }

    /// A mapping of the author's own names.
    pub(super) fn names(value: Self, min: usize) -> Self {
        Self::Names { value: Box::new(value), keys: Vec::new(), min, max: None }
    }

    /// The forms of what stands under a key, or of the items (`[]`).
    pub(super) fn below(&self, step: &str) -> Vec<&Self> {
        match self {
            Self::Table { keys, .. } => keys.iter().filter(|key| key.name == step).map(|key| &key.form).collect(),
            Self::Names { value, keys, .. } => match keys.iter().find(|key| key.name == step) {
                Some(key) => vec![&key.form],
                None => vec![value],
            },
            Self::List { item, .. } if step == "[]" => vec![item],
            _ => Vec::new(),
        }
    }

    /// The forms that a value can have.
    pub(super) fn alternatives(&self) -> Vec<&Self> {
        if let Self::Any(forms) = self { forms.iter().flat_map(Self::alternatives).collect() } else { vec![self] }
    }

    /// The names of the keys, in the order in which they are written.
    pub(super) fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::Table { keys, .. } => keys.iter().map(|key| key.name).collect(),
            _ => Vec::new(),
        }
    }

    /// As a JSON Schema.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Exactly(text) => json!({"const": text}),
            Self::Words(words) => json!({"enum": words}),
            Self::Pattern(pattern, example) => json!({"type": "string", "pattern": pattern, "examples": [example]}),
            Self::Line { length_max } => json!({"type": "string", "minLength": 1, "maxLength": length_max}),
            Self::Text => json!({"type": "string", "minLength": 1}),
            Self::Template => json!({"type": "string"}),
            Self::Value => json!({"type": ["string", "integer", "boolean"]}),
            Self::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::List { item, min, max } => {
                let mut schema = json!({"type": "array", "items": item.to_json()});
                bound(&mut schema, "minItems", (*min > 0).then_some(*min));
                bound(&mut schema, "maxItems", *max);
                schema
            }
            Self::Table { keys, one_of } => {
                let mut schema = json!({
                    "type": "object",
                    "properties": properties(keys),
                    "required": keys.iter().filter(|key| key.required).map(|key| key.name).collect::<Vec<_>>(),
                    "additionalProperties": false,
                });
                if !one_of.is_empty() {
                    let each: Vec<Value> = one_of.iter().map(|key| json!({"required": [key]})).collect();
                    schema["oneOf"] = Value::Array(each);
                }
                schema
            }
            Self::Names { value, keys, min, max } => {
                let mut schema = json!({
                    "type": "object",
                    "properties": properties(keys),
                    "additionalProperties": value.to_json(),
                });
                bound(&mut schema, "minProperties", (*min > 0).then_some(*min));
                bound(&mut schema, "maxProperties", *max);
                schema
            }
            Self::Any(forms) => json!({"anyOf": forms.iter().map(Self::to_json).collect::<Vec<_>>()}),
            Self::Typed => json!({"type": "object"}),
        }
    }
}

fn properties(keys: &[Key]) -> Value {
    let each = keys.iter().map(|key| {
        let mut schema = key.form.to_json();
        schema["description"] = Value::from(key.about);
        (key.name.to_owned(), schema)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

fn bound(schema: &mut Value, name: &str, number: Option<usize>) {
    if let Some(number) = number {
        schema[name] = Value::from(number);
    }
}
