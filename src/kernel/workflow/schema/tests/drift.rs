//! Walks each good file beside the description, and asks the parser in each place what it knows there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::judge::is_valid;
use super::{Files, TESTS, WORKFLOWS};
use crate::diagnostic::Diagnostic;
use crate::workflow::codes;
use crate::workflow::schema::form::{Form, Key};

/// The walk: the document as it is, and the places of the description that were seen.
struct Walk {
    document: Value,
    said: fn(&Value) -> Vec<Diagnostic>,
    seen: BTreeSet<String>,
    /// Keys of the other forms that the value at hand could have; the parser looks for some of them.
    elsewhere: BTreeSet<String>,
    /// The forms that the value at hand may have.
    forms: Vec<Form>,
}

impl Walk {
    /// The document with another value in a place.
    fn with(&self, pointer: &str, value: Value) -> Value {
        let mut changed = self.document.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    }

    /// The help of the error of that code that the changed document brings about.
    fn help(&self, changed: &Value, code: &str, of: &str) -> String {
        let found = (self.said)(changed);
        let one = found.iter().find(|one| one.code == code && one.message.contains(of));
        one.unwrap_or_else(|| panic!("no {code} for `{of}`: {found:#?}\n{changed:#}")).help.clone()
    }

    fn walk(&mut self, form: &Form, pointer: &str, name: &str) {
        self.seen.insert(name.to_owned());
        let value = self.document.pointer(pointer).unwrap().clone();
        match form {
            Form::Table { keys, .. } => self.table(keys, &value, pointer, name),
            Form::List { item, .. } => {
                for number in 0..value.as_array().unwrap().len() {
                    self.walk(item, &format!("{pointer}/{number}"), &format!("{name}[]"));
                }
            }
            Form::Names { value: each, keys, .. } => {
                for key in value.as_object().unwrap().keys() {
                    let form = keys.iter().find(|known| known.name == key).map_or(&**each, |known| &known.form);
                    let part = if keys.iter().any(|known| known.name == key) { key } else { "*" };
                    self.walk(form, &format!("{pointer}/{key}"), &format!("{name}.{part}"));
                }
            }
            Form::Any(forms) => {
                let fits: Vec<usize> = (0..forms.len()).filter(|at| fits(&forms[*at], &value)).collect();
                assert!(!fits.is_empty(), "{value} fits no form of {name}");
                let tables =
                    forms.iter().filter_map(|form| if let Form::Table { keys, .. } = form { Some(keys) } else { None });
                let elsewhere: BTreeSet<String> = tables.flatten().map(|key| key.name.to_owned()).collect();
                for at in fits {
                    (self.elsewhere, self.forms) = (elsewhere.clone(), forms.clone());
                    self.walk(&forms[at], pointer, &format!("{name}|{at}"));
                }
                (self.elsewhere, self.forms) = (BTreeSet::new(), Vec::new());
            }
            Form::Words(words) => {
                let help = self.help(&self.with(pointer, json!("zzzzzzzzzzzz")), codes::UNKNOWN_WORD, "zzzz");
                assert_eq!(listed(&help), words.iter().map(|word| (*word).to_owned()).collect(), "{name}");
            }
            Form::Integer { min, max } if *min > i64::MIN => {
                let help = self.help(&self.with(pointer, json!(i64::MAX)), codes::OUT_OF_RANGE, "out of bounds");
                assert_eq!(help, format!("from {min} to {max}"), "{name}");
            }
            Form::Exactly(_)
            | Form::Integer { .. }
            | Form::Boolean
            | Form::Typed
            | Form::Value
            | Form::Template
            | Form::Text
            | Form::Line { .. }
            | Form::Pattern(..) => {}
        }
    }

    /// The parser knows exactly these keys here, and misses exactly the required ones.
    fn table(&mut self, keys: &[Key], value: &Value, pointer: &str, name: &str) {
        let (elsewhere, forms) = (std::mem::take(&mut self.elsewhere), std::mem::take(&mut self.forms));
        let mut more = value.clone();
        more["zzzzzzzzzzzz"] = json!(1);
        let help = self.help(&self.with(pointer, more), codes::UNKNOWN_KEY, "zzzz");
        let kinds: Vec<&str> = crate::workflow::step::KINDS.to_vec();
        let is_step = name == ".steps[]";
        let known: BTreeSet<String> = keys.iter().map(|key| key.name.to_owned()).collect();
        if is_step {
            // WHY: of a step that says its kind the parser knows only that kind's key.
            let said = value.as_object().unwrap().keys().find(|key| kinds.contains(&key.as_str())).unwrap();
            let here = known.iter().filter(|key| !kinds.contains(&key.as_str()) || *key == said).cloned().collect();
            assert_eq!(listed(&help), here, "{name}");
            assert!(kinds.iter().all(|kind| known.contains(*kind)), "a step kind of the parser has no form: {kinds:?}");
        } else {
            let listed = listed(&help);
            let own = listed.iter().filter(|key| known.contains(*key) || !elsewhere.contains(*key));
            assert_eq!(own.cloned().collect::<BTreeSet<_>>(), known, "{name}");
        }
        for key in keys {
            if value.get(key.name).is_none() {
                continue;
            }
            let mut less = value.clone();
            less.as_object_mut().unwrap().remove(key.name);
            // WHY: without the key that tells two forms apart the value may have the other form.
            let is_other = forms.iter().any(|form| fits(form, &less));
            // WHY: what names no subject is told to name one.
            let wanted = if key.name == "for_each" { "name" } else { key.name };
            let missing = (self.said)(&self.with(pointer, less))
                .iter()
                .any(|one| one.code == codes::MISSING_KEY && one.message == format!("`{wanted}` is missing"));
            assert_eq!(missing, key.required && !is_other, "{name}.{}", key.name);
            self.walk(&key.form, &format!("{pointer}/{}", key.name), &format!("{name}.{}", key.name));
        }
    }
}

/// The words of "one of `a`, `b`" and of "only `a` can stand here".
fn listed(help: &str) -> BTreeSet<String> {
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn fits(form: &Form, value: &Value) -> bool {
    is_valid(&form.to_json(), value)
}

/// Every place of the description by its name.
fn places(form: &Form, name: &str, into: &mut BTreeSet<String>) {
    into.insert(name.to_owned());
    match form {
        Form::Table { keys, .. } => below(keys, name, into),
        Form::List { item, .. } => places(item, &format!("{name}[]"), into),
        Form::Names { value, keys, .. } => {
            below(keys, name, into);
            places(value, &format!("{name}.*"), into);
        }
        Form::Any(forms) => (0..).zip(forms).for_each(|(at, form)| places(form, &format!("{name}|{at}"), into)),
        _ => {}
    }
}

fn below(keys: &[Key], name: &str, into: &mut BTreeSet<String>) {
    for key in keys {
        places(&key.form, &format!("{name}.{}", key.name), into);
    }
}

#[test]
fn the_parser_knows_the_keys_the_words_and_the_bounds_of_the_description() {
    knows(WORKFLOWS);
}

#[test]
fn so_does_the_parser_of_tests() {
    knows(TESTS);
}

fn knows(files: Files) {
    let form = (files.form)();
    let mut seen = BTreeSet::new();
    for document in files.documents() {
        let said = files.said;
        let mut walk = Walk { document, said, seen: BTreeSet::new(), elsewhere: BTreeSet::new(), forms: Vec::new() };
        walk.walk(&form, "", "");
        seen.extend(walk.seen);
    }
    let mut all = BTreeSet::new();
    places(&form, "", &mut all);
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new(), "no good file shows these");
}

/// Each value of each good file replaced by values of all types: what the parser takes, the schema takes.
#[test]
fn a_value_of_another_type_is_refused_by_the_parser_wherever_the_schema_refuses_it() {
    let (taken, refused) = of_other_types(WORKFLOWS);
    assert!(taken > 100 && refused > 1000, "{taken} {refused}");
}

#[test]
fn so_it_is_in_tests() {
    let (taken, refused) = of_other_types(TESTS);
    assert!(taken > 50 && refused > 500, "{taken} {refused}");
}

fn of_other_types(files: Files) -> (u32, u32) {
    let schema = (files.schema)();
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!("7"),
        json!(""),
        json!("x y"),
        json!([]),
        json!({}),
        json!(["x"]),
    ];
    let (mut taken, mut refused) = (0, 0);
    for document in files.documents() {
        let mut pointers = Vec::new();
        every_pointer(&document, "", &mut pointers);
        for pointer in pointers {
            for other in &others {
                let mut changed = document.clone();
                *changed.pointer_mut(&pointer).unwrap() = other.clone();
                if (files.said)(&changed).is_empty() {
                    taken += 1;
                    assert!(
                        is_valid(&schema, &changed),
                        "the schema refuses what the parser takes: {pointer} = {other}"
                    );
                } else if !is_valid(&schema, &changed) {
                    refused += 1;
                }
            }
        }
    }
    (taken, refused)
}

pub(super) fn every_pointer(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => {
            (0..).zip(items).for_each(|(number, item)| every_pointer(item, &format!("{at}/{number}"), into));
        }
        Value::Object(entries) => {
            entries
                .iter()
                .for_each(|(key, value)| every_pointer(value, &format!("{at}/{}", key.replace('/', "~1")), into));
        }
        _ => {}
    }
}
