//! Documents made from the description, and mutations of good files.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use super::drift::every_pointer;
use super::judge::is_valid;
use super::{Files, TESTS, WORKFLOWS};
use crate::workflow::codes;
use crate::workflow::schema::form::Form;
use crate::workflow::schema::{language, trials};

/// Codes of the form of a file: what the schema takes has none of them.
const OF_FORM: &[&str] = &[
    codes::API_VERSION,
    codes::UNKNOWN_KEY,
    codes::MISSING_KEY,
    codes::WRONG_TYPE,
    codes::UNKNOWN_WORD,
    codes::OUT_OF_RANGE,
    codes::BAD_PERSON,
    codes::BAD_CONTROL,
    codes::UNKNOWN_CONTROL,
    codes::BAD_DURATION,
    codes::STEP_KIND,
    codes::NOT_IN_THIS_VERSION,
];

/// Values of a form.
fn values(form: &Form) -> BoxedStrategy<Value> {
    match form {
        Form::Exactly(text) => Just(json!(text)).boxed(),
        Form::Words(words) => prop::sample::select(words.clone()).prop_map(|word| json!(word)).boxed(),
        Form::Pattern(_, example) => Just(json!(example)).boxed(),
        Form::Line { .. } | Form::Text => "[a-z]{1,12}".prop_map(Value::from).boxed(),
        Form::Template => {
            prop_oneof!["[a-z]{1,12}", Just("${{ inputs.word }}".to_owned())].prop_map(Value::from).boxed()
        }
        Form::Value => {
            prop_oneof![Just(json!("x")), any::<bool>().prop_map(Value::from), (0..9i64).prop_map(Value::from)].boxed()
        }
        Form::Integer { min, max } => {
            let (min, max) = (*min, *max);
            prop_oneof![Just(min.max(-(1 << 53) + 1)), Just(max.min((1 << 53) - 1)), min.max(0)..=min.max(0) + 9]
                .prop_map(Value::from)
                .boxed()
        }
        Form::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Form::List { item, min, .. } => {
            prop::collection::vec(values(item), *min..*min + 3).prop_map(Value::from).boxed()
        }
        Form::Table { keys, one_of } => {
            let kind = prop::sample::select(if one_of.is_empty() { vec![""] } else { one_of.clone() });
            let one_of = one_of.clone();
            let each: Vec<_> = keys.iter().map(|key| (values(&key.form), prop::bool::weighted(0.7))).collect();
            let names: Vec<_> = keys.iter().map(|key| (key.name, key.required)).collect();
            (kind, each)
                .prop_map(move |(kind, each)| {
                    let given = names.iter().zip(each).filter(|((name, required), (_, wanted))| {
                        if one_of.contains(name) { *name == kind } else { *required || *wanted }
                    });
                    given.map(|((name, _), (value, _))| ((*name).to_owned(), value)).collect::<Map<_, _>>().into()
                })
                .boxed()
        }
        Form::Names { value, keys, min, max } => {
            let count = *min..max.unwrap_or(min + 2) + 1;
            let own = prop::collection::btree_map("[a-z]{3,8}", values(value), count)
                .prop_map(|entries| entries.into_iter().collect::<Map<_, _>>().into());
            let fixed = keys.iter().map(|key| {
                let name = key.name;
                values(&key.form).prop_map(move |value| json!({name: value})).boxed()
            });
            prop::strategy::Union::new(fixed.chain([own.boxed()])).boxed()
        }
        Form::Any(forms) => prop::strategy::Union::new(forms.iter().map(values)).boxed(),
        Form::Typed => Just(json!({})).boxed(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is made from the description is taken by the schema, and whatever the parser does not like about it is not
    /// its form.
    #[test]
    fn what_the_description_makes_has_the_form_of_a_workflow(document in values(&language::workflow())) {
        has_the_form(WORKFLOWS, &document)?;
    }

    #[test]
    fn what_the_other_one_makes_has_the_form_of_a_file_of_tests(document in values(&trials::trials())) {
        has_the_form(TESTS, &document)?;
    }

    /// Good files with keys removed, renamed and moved, and values put where others stood: what the schema refuses, the
    /// parser refuses.
    #[test]
    fn what_the_schema_refuses_the_parser_refuses(
        file in any::<Index>(),
        other in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), any::<Index>(), 0..5u8), 1..4),
    ) {
        for files in [WORKFLOWS, TESTS] {
            let documents = files.documents();
            let mut document = file.get(&documents).clone();
            let other = other.get(&documents);
            for (at, from, how) in &changes {
                change(&mut document, other, *at, *from, *how);
            }
            if !is_valid(&(files.schema)(), &document) {
                let said = (files.said)(&document);
                prop_assert!(!said.is_empty(), "the schema refuses what the parser takes:\n{document:#}");
            }
        }
    }
}

fn has_the_form(files: Files, document: &Value) -> Result<(), TestCaseError> {
    prop_assert!(is_valid(&(files.schema)(), document), "{document:#}");
    for one in (files.said)(document) {
        // WHY: a manifest requires parameters of its own, which no schema without settings can know; and what nobody asks,
        // neither a test nor what is given to it, is missed in neither.
        let of_manifest = one.code == codes::MISSING_KEY && (one.help.contains(';') || one.message.contains("`ask."));
        prop_assert!(!OF_FORM.contains(&one.code) || of_manifest, "{one:?}\n{document:#}");
    }
    Ok(())
}

fn change(document: &mut Value, other: &Value, at: Index, from: Index, how: u8) {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    every_pointer(document, "", &mut here);
    every_pointer(other, "", &mut there);
    let value = other.pointer(from.get::<String>(&there)).cloned().unwrap_or_default();
    let Some(place) = document.pointer_mut(at.get::<String>(&here)) else { return };
    match (place, how) {
        (Value::Object(entries), 0 | 1) if !entries.is_empty() => {
            let key = entries.keys().nth(from.index(entries.len())).cloned().unwrap_or_default();
            let removed = entries.remove(&key);
            if let (1, Some(removed)) = (how, removed) {
                entries.insert(format!("{key}s"), removed);
            }
        }
        (Value::Object(entries), 2) => {
            let key = from.get::<String>(&there).rsplit('/').next().unwrap_or_default().to_owned();
            entries.insert(key, value);
        }
        (Value::Array(items), 3) if !items.is_empty() => drop(items.remove(from.index(items.len()))),
        (place, _) => *place = value,
    }
}
