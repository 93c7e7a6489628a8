//! Conditions: what they can ask for, what they answer, and what is no condition.

use std::collections::{BTreeMap, BTreeSet};
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

/// What must be so and never is is refused; what must not be so may be guarded against.
#[test]
fn a_condition_of_a_workflow_needs_no_word_that_is_never_there() {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<String>>();
    let of = |path: &str, words: &[&str]| BTreeMap::from([(path.to_owned(), texts(words))]);
    let account = local().kind("account").unwrap().clone();
    let here = of("context.trigger", &["request", "expiry"]);
    let words = words().among(&account, of("context.inputs.reason", &["a leak", "a move"]), here);
    for taken in [
        "context.trigger == \"expiry\"",
        "context.trigger != \"schedule\"",
        "!(context.trigger == \"schedule\")",
        "[\"schedule\", \"expiry\"].contains(context.trigger)",
        "context.inputs.reason == \"a leak\"",
        "context.inputs.reason like \"a*\"",
    ] {
        assert_eq!(Condition::parse(taken, &words).err(), None, "{taken}");
    }
    for (refused, marked, is_impossible) in [
        ("context.trigger == \"schedule\"", "\"schedule\"", true),
        ("context.inputs.urgent && \"schedule\" == context.trigger", "\"schedule\"", true),
        ("[\"schedule\", \"event\"].contains(context.trigger)", "\"schedule\"", true),
        ("!!(context[\"trigger\"] == \"event\")", "\"event\"", true),
        ("context.trigger != \"evnt\"", "\"evnt\"", false),
        ("context.inputs.reason == \"a leek\"", "\"a leek\"", false),
    ] {
        let found = Condition::parse(refused, &words).unwrap_err();
        assert_eq!((&refused[found.at.clone()], found.is_impossible), (marked, is_impossible), "{refused}: {found:?}");
    }
}
