//! The generated schema.

use std::collections::BTreeMap;

use countersign_contract::{Manifest, Parameter, Part, Type};

use super::{kind, local, with_vocabulary};
use crate::policy::{PolicySet, TermKind, Vocabulary, schema};

#[test]
fn the_schema_says_what_the_manifests_say() {
    insta::assert_snapshot!(with_vocabulary(|vocabulary| schema::text(vocabulary).unwrap()));
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
