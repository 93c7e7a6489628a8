//! The generated schema.

use std::collections::BTreeMap;

use countersign_contract::{Manifest, Parameter, Part, Type};

use super::{kind, local, with_vocabulary};
use crate::plan::fixture::{rotate, step};
use crate::policy::load::Words;
use crate::policy::{PolicySet, TermKind, Vocabulary, schema};
use crate::workflow::model::{
    Input, InputKind, Metadata, PolicyStep, RequestTrigger, StepKind, Template, Triggers, Workflow,
};

#[test]
fn the_schema_says_what_the_manifests_say() {
    insta::assert_snapshot!(with_vocabulary(|vocabulary| schema::text(vocabulary).unwrap()));
}

/// Comments change nothing of what is recorded, and everything that a policy can name has one, but for the names that
/// workflows give.
#[test]
fn the_schema_for_people_is_the_same_with_comments() {
    let (plain, told) = with_vocabulary(|words| (schema::text(words).unwrap(), words.schema_text().unwrap()));
    let without: Vec<&str> = told.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    assert_eq!(without, plain.lines().collect::<Vec<_>>());
    assert!(told.lines().filter(|line| line.contains("//")).all(|line| line.chars().count() <= 110), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let is_named = |line: &str| line.contains(": ") || line.contains("entity ") || line.contains("action ");
    let bare = lines.windows(2).filter(|pair| is_named(pair[1]) && !pair[1].contains("//") && !pair[0].contains("//"));
    let bare: Vec<&str> = bare.map(|pair| pair[1].trim()).collect();
    let of_workflows =
        ["\"ticket\"?: String,", "\"count\"?: Long,", "\"dry\"?: Bool,", "\"reason\"?: String,", "\"reason\"?: Long,"];
    let shared = ["verb: String,", "sink?: String,", "trigger: String,", "inputs: Inputs,", "length_of: Lengths,"];
    let shared = [&shared[..], &["facts: Facts,", "added: Added,", "now: datetime,"]].concat();
    let of_actions = |line: &&&str| {
        line.starts_with("principal: ") || line.starts_with("resource: ") || line.starts_with("context: ")
    };
    let bare: Vec<&str> = bare.iter().filter(|line| !of_actions(line)).copied().collect();
    assert_eq!(bare, [&of_workflows[..], &shared, &shared].concat());
    insta::assert_snapshot!("for_people", told);
}

#[test]
fn the_schema_for_people_is_one_that_the_shipped_policies_are_valid_by() {
    let told = with_vocabulary(|words| words.schema_text().unwrap());
    let files = super::SHIPPED.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(PolicySet::compile(&files, &told, &Words::default()).map(|_| ()), Ok(()));
    let json = with_vocabulary(|words| words.schema_json().unwrap());
    assert!(json["Countersign::local"]["entityTypes"]["account"].is_object(), "{json}");
}

#[test]
fn instances_of_one_type_share_its_entity_types() {
    let (one, two) = (local(), local());
    let single = Vocabulary::new(BTreeMap::from([("local".to_owned(), &one)]));
    let double = Vocabulary::new(BTreeMap::from([("other".to_owned(), &two), ("local".to_owned(), &one)]));
    assert_eq!(schema::text(&single).unwrap(), schema::text(&double).unwrap());
}

fn refused(manifest: &Manifest, input: &str) -> String {
    let mut vocabulary = Vocabulary::new(BTreeMap::from([("x".to_owned(), manifest)]));
    vocabulary.inputs.insert(input.to_owned(), TermKind::Text);
    let errors = PolicySet::load(&[], &vocabulary).unwrap_err();
    assert!(errors.iter().all(|error| error.code == "policy.schema"));
    errors[0].message.clone()
}

#[test]
fn names_that_would_fall_together_are_refused() {
    const TIER: &[Parameter] = &[Parameter::required("tier", Type::Text, "taken")];
    let of = |kinds| Manifest { connector: "a-b", summary: "", kinds, verbs: Vec::new(), probes: Vec::new() };
    let parts = &[(Part::Provision, "make")];
    let twice = of(vec![kind("k-1", &[], parts), kind("k_1", &[], parts)]);
    assert_eq!(refused(&twice, "x"), "two kinds of subjects would be the entity type `Countersign::a_b::k_1`");
    let tier = of(vec![kind("k", TIER, parts)]);
    assert_eq!(refused(&tier, "x"), "`Countersign::a_b::k` would have the attribute `tier` twice");
    let fine = of(vec![kind("k", &[], parts)]);
    assert_eq!(refused(&fine, "__extn"), "the name `__extn` begins with `__`");
    let reserved = of(vec![kind("in", &[], parts)]);
    assert!(!refused(&reserved, "x").is_empty());
}

/// A workflow that asks for `size`, and gives policy a ticket.
fn workflow(name: &str, size: InputKind) -> Workflow {
    let size = Input { kind: size, about: None, default: None };
    let request = RequestTrigger { inputs: BTreeMap::from([("size".to_owned(), size)]) };
    let context = BTreeMap::from([("ticket".to_owned(), Template::Literal("T-1".into()))]);
    let gate = StepKind::Policy(PolicyStep { action: "rotate".to_owned(), context });
    let rotation = rotate();
    Workflow {
        metadata: Metadata { name: name.to_owned(), ..rotation.metadata },
        triggers: Triggers { request: Some(request), ..rotation.triggers },
        steps: vec![step("gate", gate)],
        ..rotation
    }
}

#[test]
fn workflows_declare_inputs_and_added_names_of_one_type_each() {
    let mut vocabulary = Vocabulary::default();
    vocabulary.declare(&workflow("one", InputKind::Word(vec!["s".to_owned()]))).unwrap();
    vocabulary.declare(&workflow("two", InputKind::Text { min_length: 0, max_length: 9 })).unwrap();
    assert_eq!(vocabulary.inputs, BTreeMap::from([("size".to_owned(), TermKind::Text)]));
    assert_eq!(vocabulary.added.iter().collect::<Vec<_>>(), ["ticket"]);
    let error = vocabulary.declare(&workflow("three", InputKind::Boolean)).unwrap_err();
    assert_eq!(error.to_string(), "`three` declares the input `size` with another type than another workflow does");
    assert_eq!(vocabulary.inputs.len(), 1);
}
