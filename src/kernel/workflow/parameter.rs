//! Values that a manifest types: attributes of a kind, parameters of a probe.

use std::collections::BTreeMap;
use std::ops::Range;

use countersign_contract::{Parameter, Type};
use countersign_warrant::Timestamp;
use serde_json::Value;

use super::codes;
use super::errors::{Errors, Read, Told};
use super::model::Template;
use super::scalar::{self, INTEGER_MAX, parse_duration_ms, shortened};
use super::scope::{Reach, Scope, Spot, Typed, tell_flow};
use super::suggest;
use super::table::{each, items, named};
use super::template::{template, text_template};
use super::tree::{Content, Node};

/// The values under `node`, each of the type that `declared` gives it. Without a node there are none.
pub(super) fn parameters(
    node: Option<&Node>,
    owner: &Range<usize>,
    declared: &[Parameter],
    (place, reach): (&str, Reach),
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<BTreeMap<String, Template>> {
    let given = node.map_or(Ok(Vec::new()), |node| named(node, "{name: value}", errors))?;
    let mut told = Ok(());
    for missing in declared.iter().filter(|one| one.required && !given.iter().any(|(word, ..)| *word == one.name)) {
        let message = format!("`{}` is missing", missing.name);
        let help = format!("{}: {}; {}", missing.name, type_words(missing.kind), missing.about);
        told = Err(errors.tell(codes::MISSING_KEY, node.map_or(owner, |node| &node.owner), message, help));
    }
    let mut values = BTreeMap::new();
    for (word, key, value) in given {
        let Some(parameter) = declared.iter().find(|parameter| parameter.name == word) else {
            let help = suggest::help(word, declared.iter().map(|parameter| parameter.name));
            let message = format!("`{}` is not known here", shortened(word));
            told = Err(errors.tell(codes::UNKNOWN_ATTRIBUTE, &key.span, message, help));
            continue;
        };
        let place = format!("{place}.{word}");
        let takes_secret = parameter.secret && parameter.kind != Type::Fields;
        let spot = Spot { at: &value.span, place: &place, reach, takes_secret };
        match typed(value, parameter, spot, scope, errors) {
            Ok(value) => drop(values.insert(word.to_owned(), value)),
            Err(because) => told = Err(because),
        }
    }
    told.map(|()| values)
}

/// A type as a person reads it.
fn type_words(kind: Type) -> String {
    match kind {
        Type::Text => "text".to_owned(),
        Type::Person => "a person, such as `dana@example.com`".to_owned(),
        Type::Word(words) => format!("one of `{}`", words.join("`, `")),
        Type::Integer => "a whole number".to_owned(),
        Type::Boolean => "true or false".to_owned(),
        Type::Instant => "an instant, such as `2027-03-01T00:00:00Z` or `+90d`".to_owned(),
        Type::Texts => "a list of texts".to_owned(),
        Type::Fields => "a mapping of names to texts".to_owned(),
    }
}

fn typed(
    node: &Node,
    parameter: &Parameter,
    spot: Spot<'_>,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<Template> {
    match parameter.kind {
        Type::Texts if parameter.secret => return Err(tell_literal(spot, errors)),
        Type::Texts => {
            let texts = each(items(node, "[one, two]", errors)?, |item| scalar::text(item, errors).map(Value::from))?;
            return Ok(Template::Literal(Value::Array(texts)));
        }
        Type::Fields => {
            let mut fields = serde_json::Map::new();
            for (word, _, value) in named(node, "{name: text}", errors)? {
                fields.insert(word.to_owned(), Value::from(scalar::text(value, errors)?));
            }
            return Ok(Template::Literal(Value::Object(fields)));
        }
        Type::Text | Type::Person | Type::Word(_) | Type::Integer | Type::Boolean | Type::Instant => {}
    }
    let (found, of) = template(node, spot, scope, errors)?;
    match (&found, of) {
        (Template::Whole(_), Some(Typed::Secret)) => Ok(found),
        (Template::Literal(_), _) if parameter.secret => Err(tell_literal(spot, errors)),
        _ if parameter.secret => {
            let help = "refer to a secret output of a step, alone as a whole `${{ }}`";
            Err(errors.tell(codes::TYPE_MISMATCH, spot.at, "expected a secret", help))
        }
        (Template::Literal(_), _) if parameter.kind == Type::Person => {
            scalar::person(node, errors).map(|name| Template::Person(name.to_owned()))
        }
        (Template::Literal(value), _) => literal(value, node, parameter.kind, errors).map(|()| found),
        (Template::Whole(_), Some(of)) if fits(&of, parameter.kind) => Ok(found),
        (_, Some(Typed::Secret)) => Err(tell_flow("a secret", spot, errors)),
        _ if parameter.kind == Type::Text => text_template(node, spot, scope, errors),
        _ => Err(mismatch(parameter.kind, spot, errors)),
    }
}

fn tell_literal(spot: Spot<'_>, errors: &mut Errors<'_>) -> Told {
    let help = "refer to a step's output, such as `${{ steps.rotate.key }}`";
    errors.tell(codes::LITERAL_SECRET, spot.at, "a secret must not stand in a file", help)
}

/// Checks a literal against its type.
fn literal(value: &Value, node: &Node, kind: Type, errors: &mut Errors<'_>) -> Read<()> {
    match (kind, value) {
        (Type::Text, Value::String(_)) | (Type::Boolean, Value::Bool(_)) => Ok(()),
        (Type::Integer, Value::Number(_)) => scalar::integer(node, -INTEGER_MAX..=INTEGER_MAX, errors).map(|_| ()),
        (Type::Word(words), Value::String(_)) => {
            let words: Vec<(&'static str, ())> = words.iter().map(|word| (*word, ())).collect();
            scalar::word(node, &words, &[], errors)
        }
        (Type::Instant, Value::String(text)) if is_instant(text) => Ok(()),
        (Type::Instant, Value::String(text)) => {
            let message = format!("`{}` is not an instant", shortened(text));
            let help = "write RFC 3339, such as `2027-03-01T00:00:00Z`, or `+` and a duration, such as `+90d`";
            Err(errors.tell(codes::BAD_INSTANT, &node.span, message, help))
        }
        _ => Err(errors.wrong_type(node, &type_words(kind), "write it so, or put quotes around text")),
    }
}

/// RFC 3339, or `+` and a duration of whole seconds that the plan counts from its own time.
pub(crate) fn is_instant(text: &str) -> bool {
    match text.strip_prefix('+') {
        Some(later) => parse_duration_ms(later).is_some_and(|ms| ms > 0 && ms % 1000 == 0 && ms < 100 * 31_536_000_000),
        None => text.parse::<Timestamp>().is_ok(),
    }
}

/// Whether a whole reference of that type can stand for a value of `kind`, and keep its type.
fn fits(of: &Typed, kind: Type) -> bool {
    match (kind, of) {
        (Type::Text, Typed::Text | Typed::Words(_) | Typed::Person)
        | (Type::Person, Typed::Person)
        | (Type::Instant, Typed::Text)
        | (Type::Integer, Typed::Integer)
        | (Type::Boolean, Typed::Boolean) => true,
        (Type::Word(words), Typed::Words(given)) => given.iter().all(|word| words.contains(&word.as_str())),
        _ => false,
    }
}

fn mismatch(kind: Type, spot: Spot<'_>, errors: &mut Errors<'_>) -> Told {
    let help = match kind {
        Type::Word(words) => format!("refer to an input with `one_of: [{}]`", words.join(", ")),
        Type::Person => "refer to an input of the type `person`, alone as a whole `${{ }}`".to_owned(),
        _ => "refer to an input of that type, alone as a whole `${{ }}`".to_owned(),
    };
    errors.tell(codes::TYPE_MISMATCH, spot.at, format!("expected {}", type_words(kind)), help)
}

/// The names in a mapping whose values are texts with references: context, fields.
pub(super) fn templates(
    node: &Node,
    (place, reach, takes_secret): (&str, Reach, bool),
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
    mut read: impl FnMut(&Node, Spot<'_>, &Scope<'_>, &mut Errors<'_>) -> Read<Template>,
) -> Read<BTreeMap<String, Template>> {
    let mut values = BTreeMap::new();
    let mut told = Ok(());
    for (word, key, value) in named(node, "{name: value}", errors)? {
        if !is_field(word) {
            let help = "letters, digits, `.`, `-` and `_`, 128 characters at most";
            let message = format!("`{}` is not a name", shortened(word));
            told = Err(errors.tell(codes::BAD_NAME, &key.span, message, help));
            continue;
        }
        let place = format!("{place}.{word}");
        let spot = Spot { at: &value.span, place: &place, reach, takes_secret };
        match read(value, spot, scope, errors) {
            Ok(value) => drop(values.insert(word.to_owned(), value)),
            Err(because) => told = Err(because),
        }
    }
    told.map(|()| values)
}

fn is_field(text: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !matches!(text, "" | "." | "..") && text.len() <= 128 && text.bytes().all(is_legal)
}

/// A value of a context: text, a whole number, true or false; or a reference that keeps its type.
pub(super) fn context_value(node: &Node, spot: Spot<'_>, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Template> {
    if let Content::Text(text) = &node.content
        && text.is_empty()
    {
        return Err(errors.tell(
            codes::EMPTY_VALUE,
            &node.span,
            "this text is empty",
            "write something, or leave it out",
        ));
    }
    template(node, spot, scope, errors).map(|(found, _)| found)
}
