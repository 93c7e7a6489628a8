//! inv:I4 fail closed: whatever goes wrong is a deny.

use countersign_warrant::ControlResult::{self, Fail, NotApplicable, Pass};
use countersign_warrant::{Control, Decision, Timestamp, Verdict};

use super::{days_ahead, load, question, replayed, shipped};
use crate::policy::{Question, Term, failed_evaluation, judge};

const PERMIT: &str = "@id(\"all\") @reason(\"anything goes\") permit (principal, action, resource);";
const ACCOUNT: &str = "local/account/reporting";

fn decide(policies: &str, question: &Question) -> Decision {
    let judgement = judge(&load(&[("p.cedar", policies)]).unwrap(), question);
    assert_eq!(replayed(&judgement), judgement.decision);
    judgement.decision
}

fn row(control: &str, policy: &str, result: ControlResult) -> Control {
    Control { control: control.to_owned(), policy: policy.to_owned(), result }
}

/// rel:R12 beh:P2 Cedar skips a forbid that errs; here the overflow of an instant.
#[test]
fn a_forbid_that_errs_is_a_deny_beside_a_permit_that_matches() {
    let erring = format!(
        "{PERMIT}\n@id(\"overflow\") @reason(\"too far\") @control(\"x-a:b\") \
         forbid (principal, action, resource is Countersign::local::account)\n\
         when {{ resource.expires.offset(duration(\"9223372036854775807ms\")) < context.now }};"
    );
    let mut asked = question("rotate", ACCOUNT);
    let decision = decide(&erring, &asked);
    assert_eq!((decision.verdict, decision.code.as_str()), (Verdict::Deny, "policy.error"));
    let words = failed_evaluation(&decision).unwrap();
    assert!(words.starts_with("the evaluation of `overflow` failed: "), "{words}");
    let (policies, reasons) = (decision.policies.clone(), decision.reasons.clone());
    assert_eq!(decision.errors.len(), 1);
    assert!(
        decision.errors[0].contains("`overflow`") && decision.errors[0].contains("overflow"),
        "{:?}",
        decision.errors
    );
    assert_eq!((policies, reasons), (vec!["overflow".to_owned()], vec!["too far".to_owned()]));
    assert_eq!(decision.controls, [row("x-a:b", "overflow", Fail)]);

    asked.subject.attributes.insert("expires".to_owned(), Term::Instant(Timestamp::from_micros(-1_000)));
    assert_eq!(decide(&erring, &asked).code, "policy.allowed");
}

/// beh:P3
#[test]
fn an_error_beside_a_matching_forbid_names_both() {
    let policies = format!(
        "{PERMIT} @id(\"no\") forbid (principal, action, resource);\n\
         @id(\"bad\") permit (principal, action, resource) when {{ context.facts.live_versions + 9223372036854775807 > 0 }};"
    )
    .replace("context.facts.live_versions +", "context.facts has live_versions && context.facts.live_versions +");
    let decision = decide(&policies, &question("rotate", ACCOUNT));
    assert_eq!((decision.verdict, decision.code.as_str()), (Verdict::Deny, "policy.error"));
    assert_eq!(decision.policies, ["bad", "no"]);
    assert!(failed_evaluation(&decision).unwrap().starts_with("the evaluation of `bad` failed: "));
}

/// beh:P1
#[test]
fn no_matching_policy_is_a_deny() {
    for policies in ["", "@id(\"other\") permit (principal, action == Countersign::Action::\"provision\", resource);"] {
        let decision = decide(policies, &question("rotate", ACCOUNT));
        assert_eq!((decision.verdict, decision.code.as_str()), (Verdict::Deny, "policy.no_match"));
        assert!(decision.policies.is_empty() && decision.errors.is_empty());
        assert_eq!(failed_evaluation(&decision), None);
    }
}

#[test]
fn a_question_that_does_not_fit_the_schema_is_a_deny_with_its_error() {
    let blameless = question("rotate", ACCOUNT);
    assert_eq!(decide(PERMIT, &blameless).verdict, Verdict::Allow);
    let change = |change: fn(&mut Question)| {
        let mut asked = blameless.clone();
        change(&mut asked);
        decide(PERMIT, &asked)
    };
    let denied = [
        change(|asked| asked.action = "delete".to_owned()),
        change(|asked| asked.action = "issue".to_owned()),
        change(|asked| asked.subject.connector_type = "elsewhere".to_owned()),
        change(|asked| asked.subject.resource = "local/account2/x".parse().unwrap()),
        change(|asked| drop(asked.subject.attributes.remove("level"))),
        change(|asked| drop(asked.subject.attributes.insert("level".to_owned(), Term::Integer(3)))),
        change(|asked| drop(asked.subject.attributes.insert("recovery".to_owned(), Term::text("x")))),
        change(|asked| drop(asked.inputs.insert("unheard".to_owned(), Term::text("x")))),
        change(|asked| drop(asked.inputs.insert("count".to_owned(), Term::text("3")))),
        change(|asked| drop(asked.added.insert("unheard".to_owned(), "x".to_owned()))),
        change(|asked| {
            asked.action = "provision".to_owned();
            asked.certificate = question("issue", "local/ca/root").certificate;
        }),
    ];
    for decision in &denied {
        assert_eq!((decision.verdict, decision.code.as_str()), (Verdict::Deny, "policy.error"));
        assert_eq!((decision.policies.len(), decision.controls.len()), (0, 0));
    }
    let errors: Vec<&str> = denied.iter().flat_map(|decision| &decision.errors).map(String::as_str).collect();
    assert_eq!(errors.len(), denied.len());
    insta::assert_snapshot!(errors.join("\n"));
    let issue = Question { certificate: None, ..question("issue", "local/ca/root") };
    assert_eq!(decide(PERMIT, &issue).code, "policy.error");
}

/// Canonical JSON would store 2^53 + 1 as 2^53: the replay would judge another number.
#[test]
fn a_number_that_canonical_json_would_round_is_a_deny() {
    let largest = (1_i64 << 53) - 1;
    for (number, verdict) in [
        (largest, Verdict::Allow),
        (-largest, Verdict::Allow),
        (largest + 2, Verdict::Deny),
        (i64::MAX, Verdict::Deny),
        (i64::MIN, Verdict::Deny),
    ] {
        let mut asked = question("rotate", ACCOUNT);
        asked.inputs.insert("count".to_owned(), Term::Integer(number));
        assert_eq!(decide(PERMIT, &asked).verdict, verdict, "{number}");
    }
}

#[test]
fn instants_reach_cedar_from_year_1_to_year_9999() {
    for at in [i64::MIN, -1, 0, 1, i64::MAX] {
        let mut asked = question("rotate", ACCOUNT);
        asked.now = Timestamp::from_micros(at);
        asked.subject.attributes.insert("expires".to_owned(), Term::Instant(Timestamp::from_micros(at)));
        let decision = decide(PERMIT, &asked);
        assert_eq!(decision.verdict, Verdict::Allow, "{at} {:?}", decision.errors);
    }
}

#[test]
fn each_control_has_its_row_from_the_one_evaluation() {
    let policies = "
        @id(\"may\") @control(\"x-f:permit\") permit (principal, action, resource);
        @id(\"may-too\") @control(\"x-f:permit\") permit (principal is Countersign::Workflow, action, resource);
        @id(\"hit\") @control(\"x-f:two, x-f:one\") forbid (principal, action == Countersign::Action::\"rotate\", resource)
          when { resource has level && resource.level == \"admin\" };
        @id(\"miss\") @control(\"x-f:one\") forbid (principal is Countersign::Person, action == Countersign::Action::\"rotate\", resource)
          when { resource has level && resource.level == \"write\" };
        @id(\"workflows\") @control(\"x-f:one\") forbid (principal is Countersign::Workflow, action, resource);
        @id(\"another\") @control(\"x-f:one\")
          forbid (principal, action, resource == Countersign::local::account::\"local/account/other\");
        @id(\"elsewhere\") @control(\"x-f:one\") forbid (principal, action == Countersign::Action::\"issue\", resource);";
    let mut asked = question("rotate", ACCOUNT);
    let quiet = [
        row("x-f:one", "another", NotApplicable),
        row("x-f:one", "hit", Pass),
        row("x-f:one", "miss", Pass),
        row("x-f:one", "workflows", NotApplicable),
        row("x-f:permit", "may", Pass),
        row("x-f:permit", "may-too", NotApplicable),
        row("x-f:two", "hit", Pass),
    ];
    let decision = decide(policies, &asked);
    assert_eq!((decision.verdict, decision.controls.as_slice()), (Verdict::Allow, quiet.as_slice()));

    asked.subject.attributes.insert("level".to_owned(), Term::text("admin"));
    let decision = decide(policies, &asked);
    let results: Vec<ControlResult> = decision.controls.iter().map(|row| row.result).collect();
    assert_eq!(decision.policies, ["hit"]);
    assert_eq!(results, [NotApplicable, Fail, Pass, NotApplicable, NotApplicable, NotApplicable, Fail]);
}

/// beh:P2
#[test]
fn a_decision_shows_ids_reasons_and_digests() {
    let mut asked = question("provision", ACCOUNT);
    asked.subject.attributes.insert("level".to_owned(), Term::text("admin"));
    asked.subject.attributes.insert("expires".to_owned(), days_ahead(400));
    let judgement = judge(&shipped(), &asked);
    let mut shown = serde_json::to_value(&judgement.decision).unwrap();
    drop(shown.as_object_mut().unwrap().remove("basis"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
    let digests: Vec<_> = judgement.blobs.iter().map(countersign_warrant::Blob::digest).collect();
    let basis = &judgement.decision.basis;
    assert_eq!(digests, [basis.policies, basis.schema, basis.entities, basis.request]);
    insta::assert_snapshot!(std::str::from_utf8(judgement.blobs[2].bytes()).unwrap());
    insta::assert_snapshot!(std::str::from_utf8(judgement.blobs[3].bytes()).unwrap());
}
