//! Each way in which a policy file can be wrong, with its place and its way out.

use std::collections::BTreeMap;

use countersign_contract::{Manifest, Parameter};

use super::{ACCOUNT, SHIPPED, load, local, question, with_vocabulary};
use crate::policy::{BasisTexts, PolicySet, Vocabulary, judge, replay};

fn refused(files: &[(&str, &str)]) -> String {
    let errors = load(files).unwrap_err();
    let lines = errors.iter().map(|it| {
        format!(
            "{} {}:{}:{} ({}+{})\n  {}\n  {}\n",
            it.code, it.file, it.line, it.column, it.offset, it.length, it.message, it.help
        )
    });
    lines.collect()
}

#[test]
fn every_wrong_policy_is_told_with_its_place() {
    insta::assert_snapshot!(refused(&[
        ("b.cedar", include_str!("wrong.cedar")),
        ("a.cedar", "// a comment\n@id(\"twice\")\npermit (principal, action, resource);\n"),
        (
            "c.cedar",
            "@id(\"x\")\npermit (principal, action, resource) whn { true };\n\nforbid (prinzipal, action, resource);\n"
        ),
    ]));
}

/// Where a workflow is missing, a policy that asks for what it may declare is not blamed for that; all else is told.
#[test]
fn a_policy_is_not_blamed_for_what_a_missing_workflow_declares() {
    let of =
        |name: &str, when: &str| format!("@id(\"{name}\")\nforbid (principal, action, resource) when {{ {when} }};\n");
    let text = [
        of("asks", "context.inputs has tikcet && context.inputs.tikcet == \"\""),
        of("counts", "context.length_of has tikcet && context.length_of.tikcet > 3"),
        of("looks", "context.added.reason == \"\""),
        of("asks", "context.inputs.tikcet == \"\""),
        of("slips", "resource.teir == \"x\""),
    ];
    let file = ("a.cedar".to_owned(), text.concat());
    let codes = |found: &[crate::diagnostic::Diagnostic]| {
        found.iter().map(|one| format!("{} {}", one.code, one.line)).collect::<Vec<_>>()
    };
    let whole = with_vocabulary(|words| PolicySet::load(std::slice::from_ref(&file), words)).unwrap_err();
    assert!(codes(&whole).contains(&"policy.unknown_attribute 6".to_owned()), "{whole:#?}");
    let partial = with_vocabulary(|words| PolicySet::examine(std::slice::from_ref(&file), words));
    assert_eq!(codes(&partial), ["policy.id_duplicate 7", "policy.unknown_attribute 10"], "{partial:#?}");
    let broken = ("b.cedar".to_owned(), "permit (".to_owned());
    assert_eq!(codes(&with_vocabulary(|words| PolicySet::examine(&[broken], words))), ["policy.syntax 1"]);
    assert_eq!(with_vocabulary(|words| PolicySet::examine(&[], words)), []);
}

#[test]
fn the_set_is_the_same_whatever_the_order_of_files_and_policies() {
    let one = "@id(\"a\") permit (principal, action, resource);";
    let two = "@id(\"b\") forbid (principal, action, resource) when { context.verb == \"x\" // why\n };";
    let digest = |files: &[(&str, &str)]| load(files).unwrap().digest();
    let expected = digest(&[("1.cedar", one), ("2.cedar", two)]);
    assert_eq!(digest(&[("2.cedar", two), ("1.cedar", one)]), expected);
    assert_eq!(digest(&[("9.cedar", &format!("// both\n{two}\n\n\n{one}\n"))]), expected);
    assert_ne!(digest(&[("1.cedar", one)]), expected);
    let asked = question("rotate", "local/account/reporting");
    let judged = |files: &[(&str, &str)]| judge(&load(files).unwrap(), &asked);
    assert_eq!(judged(&[("1.cedar", one), ("2.cedar", two)]), judged(&[("2.cedar", two), ("1.cedar", one)]));
}

#[test]
fn without_connectors_there_is_nothing_that_a_policy_could_be_about() {
    assert!(PolicySet::load(&[], &Vocabulary::default()).is_ok());
    let file = ("a.cedar".to_owned(), "@id(\"a\") permit (principal, action, resource);".to_owned());
    let errors = PolicySet::load(&[file], &Vocabulary::default()).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["policy.doubtful"]);
}

#[test]
fn the_words_of_a_policy_that_is_read_again_are_those_of_the_file() {
    let text = "@id(\"a\")\n// why\npermit (principal, action, resource)\n  when { context.verb like \"key_*\" };";
    let set =
        with_vocabulary(|words| PolicySet::load(&[("a.cedar".to_owned(), format!("\n{text}\n"))], words)).unwrap();
    assert_eq!(&**set.blobs()[0].bytes(), text.as_bytes());
}

/// Whatever a manifest makes optional, and whatever inputs the workflows have, the shipped policies load.
#[test]
fn the_shipped_policies_load_without_inputs_and_with_optional_attributes() {
    let optional: Vec<Parameter> = ACCOUNT.iter().map(|it| Parameter { required: false, ..*it }).collect();
    let attributes: &'static [Parameter] = Box::leak(optional.into_boxed_slice());
    let files = SHIPPED.map(|(path, text)| (path.to_owned(), text.to_owned()));
    for attributes in [ACCOUNT, attributes] {
        let Manifest { mut kinds, .. } = local();
        kinds[0].attributes = attributes;
        let manifest = Manifest { kinds, ..local() };
        let vocabulary = Vocabulary::new(BTreeMap::from([("local".to_owned(), &manifest)]));
        assert_eq!(PolicySet::load(&files, &vocabulary).map(|_| ()), Ok(()));
    }
}

/// What is refused today was perhaps in force once.
#[test]
fn a_decision_by_a_policy_with_a_control_that_nobody_knows_is_made_again() {
    let text = "@id(\"a\") @control(\"x-bank:ia-9\") permit (principal, action, resource);";
    let judgement = judge(&load(&[("a.cedar", text)]).unwrap(), &question("rotate", "local/account/reporting"));
    let blob = |at: usize| std::str::from_utf8(judgement.blobs[at].bytes()).unwrap();
    let policies = text.replace("x-bank:ia-9", "nist-900:ia-9");
    let texts = BasisTexts { policies: &policies, schema: blob(1), entities: blob(2), request: blob(3) };
    let controls = replay(&texts).unwrap().controls;
    assert_eq!(controls.iter().map(|row| row.control.as_str()).collect::<Vec<_>>(), ["nist-900:ia-9"]);
}
