//! A judge of JSON Schemas (draft 2020-12), as far as ours use them: written from the specification, and strict about
//! itself. A keyword that it does not know fails the test, so that nothing in a schema goes unjudged.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

/// Keywords that say something to people, and nothing about values.
const WORDS: [&str; 7] = ["$schema", "$id", "title", "description", "examples", "format", "uniqueItems"];

/// Whether a value is valid under a schema.
pub(crate) fn is_valid(schema: &Value, value: &Value) -> bool {
    let Value::Object(keywords) = schema else { panic!("not a schema: {schema}") };
    keywords.iter().all(|(keyword, says)| judge(keyword, says, schema, value))
}

fn judge(keyword: &str, says: &Value, schema: &Value, value: &Value) -> bool {
    let each = || says.as_array().unwrap().iter();
    let limit = || usize::try_from(says.as_u64().unwrap()).unwrap();
    match (keyword, value) {
        ("type", _) => match says {
            Value::Array(types) => types.iter().any(|one| is_of(one.as_str().unwrap(), value)),
            one => is_of(one.as_str().unwrap(), value),
        },
        ("const", _) => says == value,
        ("enum", _) => each().any(|one| one == value),
        ("anyOf", _) => each().any(|one| is_valid(one, value)),
        ("oneOf", _) => each().filter(|one| is_valid(one, value)).count() == 1,
        ("pattern", Value::String(text)) => matches(says.as_str().unwrap(), text),
        ("minLength", Value::String(text)) => text.chars().count() >= limit(),
        ("maxLength", Value::String(text)) => text.chars().count() <= limit(),
        ("minimum", Value::Number(number)) => number.as_f64() >= says.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= says.as_f64(),
        ("items", Value::Array(items)) => items.iter().all(|item| is_valid(says, item)),
        ("minItems", Value::Array(items)) => items.len() >= limit(),
        ("maxItems", Value::Array(items)) => items.len() <= limit(),
        ("properties", Value::Object(entries)) => {
            let known = says.as_object().unwrap();
            known.iter().all(|(name, form)| entries.get(name).is_none_or(|value| is_valid(form, value)))
        }
        ("required", Value::Object(entries)) => each().all(|name| entries.contains_key(name.as_str().unwrap())),
        ("additionalProperties", Value::Object(entries)) => {
            let known = |name: &String| schema["properties"].get(name).is_some();
            let mut others = entries.iter().filter(|(name, _)| !known(name));
            match says {
                Value::Bool(allowed) => *allowed || others.next().is_none(),
                form => others.all(|(_, value)| is_valid(form, value)),
            }
        }
        ("minProperties", Value::Object(entries)) => entries.len() >= limit(),
        ("maxProperties", Value::Object(entries)) => entries.len() <= limit(),
        (
            "pattern"
            | "minLength"
            | "maxLength"
            | "minimum"
            | "maximum"
            | "items"
            | "minItems"
            | "maxItems"
            | "properties"
            | "required"
            | "additionalProperties"
            | "minProperties"
            | "maxProperties",
            _,
        ) => true,
        (word, _) if WORDS.contains(&word) => true,
        (unknown, _) => panic!("the judge does not know `{unknown}`"),
    }
}

/// Patterns are made once: that takes longer than to match them.
fn matches(pattern: &str, text: &str) -> bool {
    static MADE: Mutex<BTreeMap<String, regex::Regex>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    made.entry(pattern.to_owned()).or_insert_with(|| regex::Regex::new(pattern).unwrap()).is_match(text)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type of JSON Schema: `{other}`"),
    }
}

#[test]
fn the_judge_judges() {
    use serde_json::json;
    let schema = json!({
        "type": "object", "required": ["a"], "additionalProperties": false, "minProperties": 1, "maxProperties": 2,
        "properties": {
            "a": {"type": ["string", "integer"], "pattern": "^x", "minLength": 2, "maxLength": 3, "minimum": 1, "maximum": 2},
            "b": {"type": "array", "items": {"enum": ["p", "q"]}, "minItems": 1, "maxItems": 2},
            "c": {"anyOf": [{"const": 1}, {"type": "null"}]},
            "d": {"oneOf": [{"required": ["p"]}, {"required": ["q"]}], "additionalProperties": {"type": "boolean"}},
        },
    });
    for good in [
        json!({"a": "xy"}),
        json!({"a": 2}),
        json!({"a": 1, "b": ["p", "q"]}),
        json!({"a": 1, "c": null}),
        json!({"a": 1, "d": {"p": true, "r": false}}),
    ] {
        assert!(is_valid(&schema, &good), "{good}");
    }
    for bad in [
        json!([]),
        json!({}),
        json!({"b": ["p"]}),
        json!({"a": "yx"}),
        json!({"a": "x"}),
        json!({"a": "xxxx"}),
        json!({"a": 0}),
        json!({"a": 3}),
        json!({"a": 1.5}),
        json!({"a": true}),
        json!({"a": 1, "e": 1}),
        json!({"a": 1, "b": []}),
        json!({"a": 1, "b": ["r"]}),
        json!({"a": 1, "b": ["p", "p", "p"]}),
        json!({"a": 1, "c": 2}),
        json!({"a": 1, "d": {"p": true, "q": true}}),
        json!({"a": 1, "d": {"p": 1}}),
        json!({"a": 1, "b": ["p"], "c": 1}),
    ] {
        assert!(!is_valid(&schema, &bad), "{bad}");
    }
}
