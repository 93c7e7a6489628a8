//! Mutants of the shipped workflows: each key removed, doubled, misspelt and retyped, each step dropped and moved, each
//! secret delivered nowhere, with the verdict of each in a table. What drops a policy or an evidence step, or the last
//! delivery of a secret, never loads.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::known::with_known;
use super::shipped::SHIPPED;
use crate::workflow::model::{Reference, Template};
use crate::workflow::{layout, parse};

/// `loads`, or the codes of the errors, each once.
fn verdict(text: &str) -> String {
    let read = with_known(|known| parse("mutant.yaml", text.as_bytes(), known));
    let codes: BTreeSet<&str> = read.err().unwrap_or_default().iter().map(|found| found.code).collect();
    if codes.is_empty() { "loads".to_owned() } else { codes.into_iter().collect::<Vec<_>>().join(" ") }
}

/// The document as JSON, which is YAML; the key under `doubled` stands twice.
fn written(value: &Value, at: &str, doubled: &str) -> String {
    match value {
        Value::Object(map) => {
            let mut entries = Vec::new();
            for (key, below) in map {
                let place = format!("{at}/{key}");
                let entry = format!("{}: {}", Value::from(key.as_str()), written(below, &place, doubled));
                entries.extend((place == doubled).then(|| entry.clone()));
                entries.push(entry);
            }
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let each = items.iter().enumerate().map(|(number, item)| written(item, &format!("{at}/{number}"), doubled));
            format!("[{}]", each.collect::<Vec<_>>().join(", "))
        }
        leaf => leaf.to_string(),
    }
}

/// Every key of every mapping, as a pointer.
fn keys(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                let place = format!("{at}/{key}");
                into.push(place.clone());
                keys(below, &place, into);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                keys(item, &format!("{at}/{number}"), into);
            }
        }
        _ => {}
    }
}

/// The document whose mapping around `place` is changed.
fn around(document: &Value, place: &str, change: impl FnOnce(&mut Map<String, Value>, &str)) -> Value {
    let mut changed = document.clone();
    let (parent, key) = place.rsplit_once('/').unwrap();
    change(changed.pointer_mut(parent).unwrap().as_object_mut().unwrap(), key);
    changed
}

const fn of_another_type(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

/// The four mutants of a key, each with its verdict.
fn of_key(document: &Value, place: &str) -> [String; 4] {
    let removed = around(document, place, |map, key| drop(map.remove(key)));
    let misspelt = around(document, place, |map, key| {
        let value = map.remove(key).unwrap();
        map.insert(format!("{key}s"), value);
    });
    let retyped = around(document, place, |map, key| {
        let value = map.get_mut(key).unwrap();
        *value = match &*value {
            Value::Object(_) | Value::Array(_) => json!("text"),
            other => of_another_type(other),
        };
    });
    let said = |value: &Value| verdict(&written(value, "", ""));
    [said(&removed), verdict(&written(document, "", place)), said(&misspelt), said(&retyped)]
}

/// What was done to a step, whether it is a proof (a verdict of policy, or evidence), and the verdict.
struct OfStep {
    told: String,
    is_proof: bool,
    verdict: String,
}

/// Drops each step, and moves each to either end.
fn of_steps(document: &Value) -> Vec<OfStep> {
    let steps = document["steps"].as_array().unwrap();
    let mut mutants = Vec::new();
    for at in 0..steps.len() {
        let id = steps[at]["id"].as_str().unwrap();
        let is_proof = ["policy", "evidence"].iter().any(|key| steps[at].get(key).is_some());
        let mut told = |how: &str, changed: Vec<Value>| {
            let mut mutant = document.clone();
            mutant["steps"] = Value::Array(changed);
            let verdict = verdict(&written(&mutant, "", ""));
            mutants.push(OfStep { told: format!("step `{id}` {how}"), is_proof, verdict });
        };
        let rest: Vec<Value> =
            steps.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, s)| s.clone()).collect();
        told("dropped", rest.clone());
        told("moved to the front", [vec![steps[at].clone()], rest.clone()].concat());
        told("moved to the end", [rest, vec![steps[at].clone()]].concat());
    }
    mutants
}

/// The output of a step that is typed secret, as `${{ }}` refers to it, for each step that delivers one.
fn delivered_secrets(text: &str) -> BTreeSet<(String, String)> {
    let workflow = with_known(|known| parse("mutant.yaml", text.as_bytes(), known)).unwrap();
    let deliveries = workflow.steps.iter().flat_map(|step| step.kind.deliveries());
    let secret = |template: &Template| match template {
        Template::Whole(Reference::Output { step, output, secret: true }) => {
            Some((step.to_string(), format!("${{{{ steps.{step}.{output} }}}}")))
        }
        _ => None,
    };
    deliveries.flat_map(|delivery| delivery.fields.values()).filter_map(secret).collect()
}

/// Every field of a delivery that is `wanted` becomes `instead`, or is gone where that is nothing.
fn redelivered(value: &mut Value, wanted: &str, instead: Option<&str>) {
    match value {
        Value::Object(map) => {
            if let Some(fields) = map.get_mut("fields").and_then(Value::as_object_mut) {
                fields.retain(|_, field| instead.is_some() || field != wanted);
                fields.values_mut().filter(|field| **field == wanted).for_each(|field| *field = json!(instead));
            }
            map.values_mut().for_each(|below| redelivered(below, wanted, instead));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redelivered(item, wanted, instead)),
        _ => {}
    }
}

/// For each secret that is delivered: its last delivery dropped, and another value in its place.
fn of_secrets(document: &Value, text: &str) -> Vec<(String, String)> {
    let mut mutants = Vec::new();
    for (step, wanted) in delivered_secrets(text) {
        let public = format!("${{{{ steps.{step}.version }}}}");
        for (how, instead) in [
            ("dropped", None),
            ("replaced by a text", Some("abcdef")),
            ("replaced by its version", Some(public.as_str())),
        ] {
            let mut mutant = document.clone();
            redelivered(&mut mutant, &wanted, instead);
            assert_ne!(mutant, *document);
            mutants.push((format!("secret of `{step}` {how}"), verdict(&written(&mutant, "", ""))));
        }
    }
    mutants
}

#[test]
fn every_mutant_of_a_shipped_workflow_has_its_verdict() {
    let mut table = String::new();
    let (mut count, mut secrets) = (0, 0);
    for (file, text) in SHIPPED {
        let document = layout::values(file, text.as_bytes()).unwrap().to_json();
        assert_eq!(verdict(&written(&document, "", "")), "loads", "{file} as it is");
        writeln!(table, "\n{file}").unwrap();
        let mut places = Vec::new();
        keys(&document, "", &mut places);
        for place in &places {
            let [removed, doubled, misspelt, retyped] = of_key(&document, place);
            assert!(doubled.contains("workflow.duplicate_key"), "{file} {place}: {doubled}");
            let is_proof = place.starts_with("/steps/") && (place.ends_with("/policy") || place.ends_with("/evidence"));
            if is_proof {
                assert!([&removed, &misspelt, &retyped].iter().all(|verdict| *verdict != "loads"), "{file} {place}");
            }
            writeln!(table, "  {place}\n    removed: {removed}\n    misspelt: {misspelt}\n    retyped: {retyped}")
                .unwrap();
            count += 4;
        }
        for OfStep { told, is_proof, verdict } in of_steps(&document) {
            assert!(!(is_proof && told.ends_with("dropped") && verdict == "loads"), "{file}: {told}");
            writeln!(table, "  {told}: {verdict}").unwrap();
            count += 1;
        }
        for (told, verdict) in of_secrets(&document, text) {
            assert_ne!(verdict, "loads", "{file}: {told}");
            writeln!(table, "  {told}: {verdict}").unwrap();
            (count, secrets) = (count + 1, secrets + 1);
        }
    }
    assert!(count > 1500 && secrets >= 3 * 12, "{count} {secrets}");
    insta::assert_snapshot!("mutants", table);
}
