//! The shipped workflows are read, and say what they are meant to say.

use countersign_warrant::StepId;
use serde_json::json;

use super::known::with_known;
use crate::workflow::model::{Part, Profile, Reference, StepKind, Strategy, Template, Workflow};
use crate::workflow::{Member, check_set, parse};

pub(super) const SHIPPED: [(&str, &str); 17] = [
    ("provision-account.yaml", include_str!("../../../../workflows/provision-account.yaml")),
    ("offboard-account.yaml", include_str!("../../../../workflows/offboard-account.yaml")),
    ("ca-root.yaml", include_str!("../../../../workflows/ca-root.yaml")),
    ("ca-issuing.yaml", include_str!("../../../../workflows/ca-issuing.yaml")),
    ("rotate-webhook-secret.yaml", include_str!("../../../../workflows/rotate-webhook-secret.yaml")),
    ("tls-localhost.yaml", include_str!("../../../../workflows/tls-localhost.yaml")),
    ("provision-database-role.yaml", include_str!("../../../../workflows/provision-database-role.yaml")),
    ("replace-stolen-certificate.yaml", include_str!("../../../../workflows/replace-stolen-certificate.yaml")),
    ("provision-signing-key.yaml", include_str!("../../../../workflows/provision-signing-key.yaml")),
    ("rotate-signing-key.yaml", include_str!("../../../../workflows/rotate-signing-key.yaml")),
    ("recertify-accounts.yaml", include_str!("../../../../workflows/recertify-accounts.yaml")),
    ("rotate-operator-key.yaml", include_str!("../../../../workflows/rotate-operator-key.yaml")),
    ("rotate-server-certificate.yaml", include_str!("../../../../workflows/rotate-server-certificate.yaml")),
    ("provision-webhook.yaml", include_str!("../../../../workflows/provision-webhook.yaml")),
    ("rotate-ledger-database.yaml", include_str!("../../../../workflows/rotate-ledger-database.yaml")),
    ("rotate-legacy-login.yaml", include_str!("../../../../workflows/rotate-legacy-login.yaml")),
    ("rotate-reporting-key.yaml", include_str!("../../../../workflows/rotate-reporting-key.yaml")),
];

fn read(file: &str) -> Workflow {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == file).unwrap();
    with_known(|known| parse(file, text.as_bytes(), known)).unwrap_or_else(|found| panic!("{file}: {found:#?}"))
}

#[test]
fn every_shipped_workflow_is_named_as_its_file_and_opens_with_what_it_is_for() {
    let read: Vec<(&str, &str, Workflow)> = SHIPPED.map(|(file, text)| (file, text, read(file))).into();
    for (file, text, workflow) in &read {
        assert_eq!(format!("{}.yaml", workflow.metadata.name), *file);
        assert!(text.starts_with("# "), "{file}");
        assert!(matches!(workflow.steps.last().unwrap().kind, StepKind::Evidence(_)), "{file}");
    }
    let members: Vec<Member<'_>> =
        read.iter().map(|(file, text, workflow)| Member { file, bytes: text.as_bytes(), workflow }).collect();
    assert_eq!(check_set(&members), []);
}

#[test]
fn the_rotation_keeps_all_that_it_says() {
    let workflow = read("rotate-reporting-key.yaml");
    let expiry = workflow.triggers.expiry.unwrap();
    assert_eq!((expiry.numerator, expiry.denominator), (2, 3));
    let StepKind::Rotate(rotate) = &workflow.steps[1].kind else { panic!("not a rotation") };
    assert_eq!(rotate.strategy, Strategy::DualSlot);
    assert_eq!(rotate.generate.lifetime_secs(), Some(90 * 86_400));
    assert_eq!((rotate.soak_ms, rotate.adopted[0].within_ms), (2_000, 10_000));
    assert_eq!((rotate.verify[0].probe.as_str(), rotate.verify[0].must_not), ("login", false));
    let step: StepId = "rotate".parse().unwrap();
    let key = Reference::Output { step, output: "key".to_owned(), secret: true };
    assert_eq!(rotate.distribute[0].fields["key"], Template::Whole(key));
    assert_eq!(workflow.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [23, 25, 38]);
}

#[test]
fn the_certificates_say_who_signs_and_for_whom() {
    let root = read("ca-root.yaml");
    let StepKind::Issue(issue) = &root.steps[1].kind else { panic!("not an issuance") };
    assert_eq!((issue.profile, issue.issuer.as_ref()), (Profile::Ca, None));
    let server = read("tls-localhost.yaml");
    let StepKind::Issue(issue) = &server.steps[1].kind else { panic!("not an issuance") };
    assert_eq!(issue.issuer.as_ref().map(ToString::to_string).as_deref(), Some("local/ca/issuing"));
    assert_eq!(
        (issue.names.as_slice(), issue.lifetime_secs),
        (["localhost", "127.0.0.1"].map(str::to_owned).as_slice(), 7 * 86_400)
    );
}

#[test]
fn values_keep_their_types() {
    let workflow = read("provision-account.yaml");
    let StepKind::Provision(step) = &workflow.steps[1].kind else { panic!("not a provisioning") };
    assert_eq!(step.attributes["expires"], Template::Literal(json!("+90d")));
    assert_eq!(step.attributes["level"], Template::Whole(Reference::Input("level".to_owned())));
    let text = SHIPPED[0].1.replace("name: \"${{ inputs.account }}\"}", "name: \"${{ inputs.level }}-x\"}");
    let workflow = with_known(|known| parse("f.yaml", text.as_bytes(), known)).unwrap();
    let level = Part::Reference(Reference::Input("level".to_owned()));
    assert_eq!(workflow.subject.name, Template::Text(vec![level, Part::Text("-x".to_owned())]));
}

/// Each example of the page that teaches the language stands, word for word, in a file that tests run.
#[test]
fn every_example_of_the_readme_is_a_piece_of_a_tested_file() {
    let page = include_str!("../../../../workflows/README.md");
    let more = [
        include_str!("../../../../workflows/policies/rotation.test.yaml"),
        include_str!("../../../../tests/main/rotate-checked.yaml"),
        include_str!("../../../../tests/main/rotate-in-window.yaml"),
        include_str!("../../../../tests/main/clear-slot.yaml"),
        include_str!("../../../../tests/main/rotate-and-tell.yaml"),
        include_str!("../../../../tests/main/rotate-or-end.yaml"),
        include_str!("../../../../tests/main/rotate-in-time.cedar"),
    ];
    let files: Vec<&str> = SHIPPED.iter().map(|(_, text)| *text).chain(more).collect();
    let blocks = ["```yaml\n", "```cedar\n"].into_iter().flat_map(|begin| page.split(begin).skip(1));
    let examples: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 10, "{}", examples.len());
    for example in examples {
        assert!(files.iter().any(|text| text.contains(example)), "no file holds:\n{example}");
    }
}
