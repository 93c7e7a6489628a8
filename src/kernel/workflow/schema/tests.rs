//! Holds the description of the language and the parser together, in both directions.

mod drift;
mod generated;
mod judge;

use judge::is_valid;
use serde_json::Value;

use super::form::Form;
use super::{language, trials};

use crate::diagnostic::Diagnostic;
use crate::workflow::tests::known::with_known;
use crate::workflow::{layout, parse, parse_trials};

/// Good files, which use every key of the language.
const FILES: [&str; 32] = [
    include_str!("../../../../workflows/ca-issuing.yaml"),
    include_str!("../../../../workflows/ca-root.yaml"),
    include_str!("../../../../workflows/offboard-account.yaml"),
    include_str!("../../../../workflows/provision-account.yaml"),
    include_str!("../../../../workflows/provision-database-role.yaml"),
    include_str!("../../../../workflows/provision-signing-key.yaml"),
    include_str!("../../../../workflows/provision-webhook.yaml"),
    include_str!("../../../../workflows/replace-stolen-certificate.yaml"),
    include_str!("../../../../workflows/rotate-ledger-database.yaml"),
    include_str!("../../../../workflows/rotate-legacy-login.yaml"),
    include_str!("../../../../workflows/rotate-reporting-key.yaml"),
    include_str!("../../../../workflows/recertify-accounts.yaml"),
    include_str!("../../../../workflows/rotate-operator-key.yaml"),
    include_str!("../../../../workflows/rotate-server-certificate.yaml"),
    include_str!("../../../../workflows/rotate-signing-key.yaml"),
    include_str!("../../../../workflows/rotate-webhook-secret.yaml"),
    include_str!("../../../../workflows/tls-localhost.yaml"),
    include_str!("../codes/rotate.yaml"),
    include_str!("../codes/provision.yaml"),
    include_str!("../codes/issue.yaml"),
    include_str!("../codes/robot.yaml"),
    include_str!("tests/each.yaml"),
    include_str!("../../../../tests/main/rotate-or-end.yaml"),
    include_str!("tests/every_key.yaml"),
    include_str!("tests/every_strategy.yaml"),
    include_str!("tests/published.yaml"),
    include_str!("tests/revoked.yaml"),
    include_str!("tests/account.yaml"),
    include_str!("tests/certificate.yaml"),
    include_str!("tests/reissued.yaml"),
    include_str!("tests/served.yaml"),
    include_str!("../../../../tests/main/clear-slot.yaml"),
];

/// Good files of tests of policies, which use every key that they can have.
const TRIALS: [&str; 10] = [
    include_str!("../../../../workflows/policies/accounts.test.yaml"),
    include_str!("../../../../workflows/policies/certificates.test.yaml"),
    include_str!("../../../../workflows/policies/offboarding.test.yaml"),
    include_str!("../../../../workflows/policies/revocation.test.yaml"),
    include_str!("../../../../workflows/policies/roles.test.yaml"),
    include_str!("../../../../workflows/policies/rotation.test.yaml"),
    include_str!("../../../../workflows/policies/signing.test.yaml"),
    include_str!("../../../../workflows/policies/webhooks.test.yaml"),
    include_str!("tests/every_key.test.yaml"),
    include_str!("tests/every_given.test.yaml"),
];

/// A kind of file: its description, good files of it, and its parser.
#[derive(Clone, Copy)]
struct Files {
    form: fn() -> Form,
    schema: fn() -> Value,
    texts: &'static [&'static str],
    said: fn(&Value) -> Vec<Diagnostic>,
}

const WORKFLOWS: Files = Files { form: language::workflow, schema: super::schema, texts: &FILES, said };

const TESTS: Files = Files { form: trials::trials, schema: super::trials_schema, texts: &TRIALS, said: said_of_trials };

impl Files {
    fn documents(&self) -> Vec<Value> {
        self.texts.iter().map(|text| layout::values("f.yaml", text.as_bytes()).unwrap().to_json()).collect()
    }
}

/// What the parser says of a document, written as JSON, which is YAML.
fn said(document: &Value) -> Vec<Diagnostic> {
    let text = serde_json::to_string_pretty(document).unwrap();
    with_known(|known| parse("f.yaml", text.as_bytes(), known)).err().unwrap_or_default()
}

/// The same of a file of tests.
fn said_of_trials(document: &Value) -> Vec<Diagnostic> {
    let text = serde_json::to_string_pretty(document).unwrap();
    with_known(|known| parse_trials("f.test.yaml", text.as_bytes(), known)).err().unwrap_or_default()
}

#[test]
fn the_schema_is_one_and_every_key_has_a_description() {
    let schema = super::schema();
    for schema in [&schema, &super::trials_schema()] {
        assert!(!is_valid(schema, &Value::Null), "the judge knows every keyword of it");
    }
    assert_eq!(
        schema["properties"]["metadata"]["properties"]["purpose"]["description"],
        "Why it exists, in one sentence."
    );
    let text = serde_json::to_string(&schema).unwrap();
    for later in ["approval", "quorum"] {
        assert!(!text.contains(later), "the schema shows `{later}`, which this version does not have");
    }
}

#[test]
fn the_good_files_are_good_to_both() {
    for files in [WORKFLOWS, TESTS] {
        let schema = (files.schema)();
        for document in files.documents() {
            assert_eq!((files.said)(&document), [], "{document}");
            assert!(is_valid(&schema, &document), "{document}");
        }
    }
}
