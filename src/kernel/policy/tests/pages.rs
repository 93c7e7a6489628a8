//! The pages of the policy codes: each code has one, its wrong example answers with exactly that code, its mended one
//! with none.

use std::collections::BTreeSet;

use super::{TermKind, load};
use crate::page::Example;
use crate::policy::pages::PAGES;
use crate::policy::{PolicySet, Vocabulary};

fn codes_of(text: &str) -> BTreeSet<&'static str> {
    load(&[("page.cedar", text)]).err().unwrap_or_default().iter().map(|one| one.code).collect()
}

#[test]
fn each_example_answers_with_its_code_and_its_mended_one_with_none() {
    for page in PAGES {
        if let Example::Change { base, mended, .. } = page.example {
            let (wrong, good) = page.example.files().unwrap();
            assert_eq!(base.matches(mended).count(), 1, "{}: `{mended}` stands in the good file once", page.code);
            assert_eq!(codes_of(&wrong), BTreeSet::from([page.code]), "{wrong}");
            assert_eq!(codes_of(good), BTreeSet::new(), "{}", page.code);
        }
    }
}

#[test]
fn a_schema_that_cannot_be_made_is_told() {
    let codes = |added: &str| {
        let vocabulary = Vocabulary { added: BTreeSet::from([added.to_owned()]), ..Vocabulary::default() };
        let read = PolicySet::load(&[], &vocabulary);
        read.err().unwrap_or_default().iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("__ticket"), ["policy.schema"]);
    assert_eq!(codes("ticket"), Vec::<&str>::new());
}

#[test]
fn an_input_of_two_types_is_told() {
    let text = include_str!("../../workflow/codes/rotate.yaml");
    let workflow = |text: &str| crate::workflow::tests::read(text);
    let mut vocabulary = Vocabulary::default();
    vocabulary.declare(&workflow(text)).unwrap();
    vocabulary.declare(&workflow(text)).unwrap();
    assert_eq!(vocabulary.inputs["ticket"], TermKind::Integer);
    let other = text.replace("{type: integer, min: 1, default: 1}", "{type: string, default: none}");
    assert_eq!(vocabulary.declare(&workflow(&other)).unwrap_err().code(), "policy.input_types_differ");
}

/// The codes stand in the source as they are: whoever writes a new one is asked for its page here.
#[test]
fn every_code_of_a_policy_file_has_a_page() {
    let (file, text) = (include_str!("../load/file.rs"), include_str!("../text.rs"));
    let sources = [include_str!("../load.rs"), file, include_str!("../vocabulary.rs"), text];
    let sources = sources.into_iter().chain([include_str!("../trial/unknown.rs")]);
    let written = |source: &'static str| {
        source.split("\"policy.").skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name)
    };
    let codes: BTreeSet<String> = sources.flat_map(written).map(|name| format!("policy.{name}")).collect();
    let pages: BTreeSet<String> = PAGES.iter().map(|page| page.code.to_owned()).collect();
    assert_eq!(codes, pages);
    for page in PAGES {
        assert!(page.meaning.ends_with('.') && page.why.ends_with('.'), "{}", page.code);
    }
}
