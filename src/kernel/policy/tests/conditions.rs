//! Conditions: what they can ask for, what they answer, and what is no condition.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::local;
use crate::policy::{Circumstances, Condition, ConditionWords, Facts, Subject, Term, TermKind};
use crate::run::bodies::TriggerKind;

fn words() -> ConditionWords {
    let inputs = BTreeMap::from([
        ("count".to_owned(), TermKind::Integer),
        ("reason".to_owned(), TermKind::Text),
        ("urgent".to_owned(), TermKind::Boolean),
    ]);
    ConditionWords::new("local", local().kind("account").unwrap(), &inputs).unwrap()
}

fn circumstances() -> Circumstances {
    Circumstances {
        workflow: "rotate-key".to_owned(),
        subject: Subject {
            resource: "local/account/payments".parse().unwrap(),
            connector_type: "local".to_owned(),
            tier: "critical".to_owned(),
            team: "payments".to_owned(),
            attributes: BTreeMap::from([("purpose".to_owned(), Term::text("the nightly import"))]),
        },
        trigger: TriggerKind::Schedule,
        inputs: BTreeMap::from([
            ("count".to_owned(), Term::Integer(3)),
            ("reason".to_owned(), Term::text("a leak")),
            ("urgent".to_owned(), Term::Boolean(true)),
        ]),
        facts: Facts { exists: Some(true), live_versions: Some(1), ..Facts::default() },
    }
}

#[test]
fn a_condition_is_asked_about_what_the_plan_knows() {
    let words = words();
    for (text, expected) in [
        ("resource.tier == \"critical\"", true),
        ("resource.name == \"other\"", false),
        ("context.trigger == \"request\"", false),
        ("context.trigger == \"schedule\" && context.inputs.urgent", true),
        ("context.inputs.count > 3 || context.length_of.reason < 10", true),
        ("resource has purpose && resource.purpose like \"*nightly*\"", true),
        ("resource has expires", false),
        ("context.facts.exists && context.facts.live_versions == 1", true),
        ("context.facts has expires_at", false),
        ("resource.team == Countersign::Team::\"payments\" // the owners", true),
    ] {
        let condition = Condition::parse(text, &words).unwrap_or_else(|found| panic!("{text}: {found:?}"));
        assert_eq!(condition.holds(&circumstances()), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_condition_is_told_with_its_place() {
    let words = words();
    let mut drawn = String::new();
    for text in [
        "resource.tier = \"critical\"",
        "resource.tier ==",
        "resource.teir == \"critical\"",
        "resource.purpose == \"x\"",
        "context.inputs.raeson == \"x\"",
        "context.inputs.count == \"3\"",
        "context.inputs.count",
        "context.now < datetime(\"2027-01-01\")",
        "context.verb == \"stage_key\"",
        "principal == Countersign::Workflow::\"x\"",
        "action == Countersign::Action::\"plan\"",
        "{Var: \"principal\"}.Var == \"x\"",
        "false",
        "resource.tier like \"a\" && false",
        "resource is Countersign::local::certificate",
        "true }; permit(principal, action, resource",
        "true } unless { false",
        "?principal == resource",
        "\u{202e}true",
        &format!("{}true{}", "(".repeat(400), ")".repeat(400)),
        &format!("{}true", "!".repeat(400)),
        &format!("{}true{}", "if true then ".repeat(60), " else true".repeat(60)),
    ] {
        match Condition::parse(text, &words) {
            Ok(_) => writeln!(drawn, "{text:?}: taken").unwrap(),
            Err(one) => {
                let (marked, never) = (&text[one.at.clone()], one.is_impossible);
                let text: String = text.chars().take(80).collect();
                writeln!(drawn, "{text:?}\n  {} at {marked:?} (never: {never})\n  {}", one.message, one.help).unwrap();
            }
        }
    }
    insta::assert_snapshot!(drawn);
}

#[test]
fn what_overflows_is_an_error_and_not_false() {
    let condition = Condition::parse("context.inputs.count * 9223372036854775807 > 0", &words()).unwrap();
    assert!(condition.holds(&circumstances()).unwrap_err().contains("overflow"));
}
