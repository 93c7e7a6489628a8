//! Files of tests of policies: what is wrong in them is told like in workflows.

use std::fmt::Write as _;

use countersign_warrant::Verdict;

use super::drawing::draw;
use super::known::with_known;
use crate::workflow::{codes, parse_trials};

const GOOD: &str = r"apiVersion: countersign/v1
kind: PolicyTest
given:
  action: provision
  subject: {connector: local, kind: account, attributes: {purpose: p, level: read}}
tests:
  - {name: a reader, expect: allow, by: [one, two]}
  - {name: a writer, ask: {subject: {attributes: {level: write}}, by: workflow}, expect: deny}
";

/// What goes wrong, and the change of [`GOOD`] that makes it so.
const WRONG: &[(&str, &str, &str)] = &[
    (codes::API_VERSION, "kind: PolicyTest", "kind: Workflow"),
    (codes::MISSING_KEY, "tests:\n", "cases:\n"),
    (codes::MISSING_KEY, "  action: provision\n", ""),
    (codes::UNKNOWN_WORD, "action: provision", "action: provison"),
    (codes::UNKNOWN_WORD, "expect: deny", "expect: maybe"),
    (codes::UNKNOWN_KEY, "expect: deny", "expect: deny, because: no"),
    (codes::UNKNOWN_CONNECTOR, "connector: local", "connector: locl"),
    (codes::UNKNOWN_KIND, "kind: account", "kind: acount"),
    (codes::UNKNOWN_ATTRIBUTE, "purpose: p", "purpse: p"),
    (codes::TYPE_MISMATCH, "level: read}", "level: 7}"),
    (
        codes::WRONG_TYPE,
        "  action: provision\n",
        "  action: provision\n  facts: {live_versions: two, exists: 1, expires_at: 2026-13-01T00:00:00Z}\n",
    ),
    (codes::UNKNOWN_KEY, "  action: provision\n", "  action: provision\n  facts: {live_version: 2, exist: true}\n"),
    (codes::OUT_OF_RANGE, "  action: provision\n", "  action: provision\n  facts: {live_versions: -1}\n"),
    (codes::UNKNOWN_VERB, "by: workflow", "by: workflow, verb: account_crate"),
    (codes::UNKNOWN_KIND, "attributes: {level: write}", "kind: acount"),
    (
        codes::UNKNOWN_ATTRIBUTE,
        "{subject: {attributes: {level: write}}, by",
        "{subject: {connector: lab, kind: robot}, by",
    ),
    (codes::UNKNOWN_ATTRIBUTE, "purpose: p, level: read", "purpse: p, level: 7, lvel: read"),
    (codes::TYPE_MISMATCH, "level: write}", "level: 7}"),
    (codes::UNKNOWN_WORD, "level: write}", "level: wrte}"),
    (codes::WRONG_TYPE, "by: workflow", "inputs: {words: [a], more: {}}, by: workflow"),
    (codes::NO_SUCH_PART, "{subject: {attributes: {level: write}}, by", "{action: issue, by"),
    (codes::UNKNOWN_WORD, "action: provision\n", "action: provison\n  by: nobody\n"),
    (codes::UNKNOWN_WORD, "expect: deny", "expect: deny, shadow: no"),
    (codes::NO_SUCH_PART, "kind: account, attributes: {purpose: p, level: read}", "kind: certificate"),
    (
        codes::MISSING_KEY,
        "provision\n  subject: {connector: local, kind: account, attributes: {purpose: p, level: read}}",
        "issue\n  subject: {connector: local, kind: certificate}",
    ),
];

#[test]
fn what_a_file_gives_holds_for_each_of_its_tests() {
    let trials = with_known(|known| parse_trials("case.test.yaml", GOOD.as_bytes(), known)).unwrap();
    let [reader, writer] = trials.as_slice() else { panic!("{trials:#?}") };
    assert_eq!(
        (reader.name.as_str(), reader.expect, &reader.place.0),
        ("a reader", Verdict::Allow, &"case.test.yaml".to_owned())
    );
    assert_eq!((reader.place.1, writer.place.1), (7, 8));
    let level = |trial: &crate::policy::trial::Trial| format!("{:?}", trial.question.subject.attributes["level"]);
    assert_eq!((level(reader), level(writer)), ("Text(\"read\")".to_owned(), "Text(\"write\")".to_owned()));
    assert_eq!(reader.by.as_ref().map(std::collections::BTreeMap::len), Some(2));
    assert_ne!(reader.question.principal, writer.question.principal);
}

#[test]
fn what_is_wrong_is_told_in_its_place() {
    let mut out = String::new();
    for (code, from, to) in WRONG {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let found = with_known(|known| parse_trials("case.test.yaml", text.as_bytes(), known)).unwrap_err();
        let drawn: String = found.iter().map(|one| draw(one, &text)).collect();
        assert!(found.iter().any(|one| one.code == *code), "{from:?} -> {to:?}\n{drawn}");
        let _ = writeln!(out, "{drawn}");
    }
    insta::assert_snapshot!("wrong", out);
}
