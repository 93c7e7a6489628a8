//! Policies in shadow, policies that nothing would miss, and the age that a policy about age reads.

use std::collections::BTreeMap;

use countersign_warrant::{Decision, Verdict};

use super::{load, question, replayed, with_vocabulary};
use crate::policy::trial::{Trial, Verdicts, try_all};
use crate::policy::{Facts, PolicySet, Question, Vocabulary, judge};
use crate::run::bodies::TriggerKind;

const PERMIT: &str = "@id(\"may\") @control(\"x-f:1\") permit (principal, action, resource);";
const CRITICAL: &str = "@id(\"not-critical\") @reason(\"nothing critical\") @control(\"x-f:2\") @mode(\"shadow\")
forbid (principal, action, resource) when { resource.tier == \"critical\" };";

fn set(policies: &[&str]) -> PolicySet {
    load(&[("a.cedar", &policies.join("\n"))]).unwrap()
}

fn asked(tier: &str) -> Question {
    let mut asked = question("rotate", "local/account/jobs");
    tier.clone_into(&mut asked.subject.tier);
    asked
}

fn decision(set: &PolicySet, tier: &str) -> Decision {
    let judgement = judge(set, &asked(tier));
    assert_eq!(replayed(&judgement), judgement.decision, "the replay tells of the shadow as well");
    judgement.decision
}

/// beh:P8
#[test]
fn a_policy_in_shadow_decides_nothing_and_says_what_it_would_have_denied() {
    let set = set(&[PERMIT, CRITICAL]);
    let told = decision(&set, "critical");
    assert_eq!((told.verdict, told.policies.as_slice()), (Verdict::Allow, &["may".to_owned()][..]));
    let other = told.shadow.unwrap();
    assert_eq!((other.verdict, other.code.as_str()), (Verdict::Deny, "policy.forbidden"));
    assert_eq!((other.policies, other.reasons), (vec!["not-critical".to_owned()], vec!["nothing critical".to_owned()]));
    let controls: Vec<&str> = told.controls.iter().map(|row| row.control.as_str()).collect();
    assert_eq!(controls, ["x-f:1"], "what is not in force holds no control");
    assert_eq!(decision(&set, "standard").shadow, None, "where it changes nothing nothing is said");
    let in_force = self::set(&[PERMIT, &CRITICAL.replace("@mode(\"shadow\")", "")]);
    assert_eq!(decision(&in_force, "critical").verdict, Verdict::Deny);
}

/// beh:P8
#[test]
fn a_permit_in_shadow_allows_nothing_and_an_error_in_shadow_denies_nothing() {
    let would_allow = set(&[&PERMIT.replace("@id", "@mode(\"shadow\") @id")]);
    let told = decision(&would_allow, "standard");
    assert_eq!((told.verdict, told.code.as_str()), (Verdict::Deny, "policy.no_match"));
    assert_eq!(told.shadow.map(|other| other.verdict), Some(Verdict::Allow));
    let errs = "@id(\"errs\") @mode(\"shadow\") forbid (principal, action, resource) when {
        context.facts has live_versions && context.facts.live_versions + 9223372036854775807 > 0 };";
    let told = decision(&set(&[PERMIT, errs]), "standard");
    assert_eq!((told.verdict, told.errors.len()), (Verdict::Allow, 0));
    let other = told.shadow.unwrap();
    assert_eq!((other.code.as_str(), other.errors.len()), ("policy.error", 1));
}

fn trial(tier: &str, expect: Verdict, shadow: Option<Verdict>) -> Trial {
    let (name, place) = (format!("tier {tier}"), ("a.test.yaml".to_owned(), 1));
    Trial { name, place, question: asked(tier), expect, by: None, shadow, inputs_at: BTreeMap::new() }
}

fn tried<T>(policies: &[&str], trials: &[Trial], read: impl FnOnce(&Verdicts<'_>) -> T) -> T {
    with_vocabulary(|words| {
        let words = Vocabulary { manifests: BTreeMap::new(), ..words.clone() };
        read(&try_all(&set(policies), trials, &words))
    })
}

/// beh:P8
#[test]
fn a_test_says_what_a_policy_in_shadow_would_do() {
    let fine = [trial("critical", Verdict::Allow, Some(Verdict::Deny)), trial("standard", Verdict::Allow, None)];
    assert!(tried(&[PERMIT, CRITICAL], &fine, |told| told.faults() == 0));
    let wrong = [trial("critical", Verdict::Allow, Some(Verdict::Allow))];
    let words = tried(&[PERMIT, CRITICAL], &wrong, |told| told.tried[0].wrong.clone());
    assert_eq!(words.as_deref(), Some("expected allow in shadow, got deny"));
    let unreached =
        tried(&[PERMIT, CRITICAL], &[trial("standard", Verdict::Allow, None)], |told| told.unreached.clone());
    assert_eq!(unreached, ["not-critical"]);
}

/// beh:P8
#[test]
fn a_policy_whose_tests_are_all_answered_by_others_too_is_redundant() {
    let trials = [trial("critical", Verdict::Allow, None)];
    let twice = PERMIT.replace("may", "may-as-well");
    assert_eq!(tried(&[PERMIT, &twice], &trials, |told| told.redundant.clone()), ["may", "may-as-well"]);
    assert_eq!(tried(&[PERMIT], &trials, |told| told.redundant.clone()), Vec::<String>::new());
    let forbid = CRITICAL.replace(" @mode(\"shadow\")", "");
    let trials = [trial("critical", Verdict::Deny, None)];
    let alone = tried(&[&forbid], &trials, |told| told.redundant.clone());
    assert_eq!(alone, ["not-critical"], "without it the answer is a deny as well");
}

/// beh:R6
#[test]
fn a_policy_about_age_reads_that_of_the_oldest_working_version() {
    let young = "@id(\"not-too-old\") @reason(\"older than 180 days\") forbid (principal, action, resource)
        unless { context.facts has oldest_created_at &&
                 context.now.durationSince(context.facts.oldest_created_at) < duration(\"180d\") };";
    let set = set(&[PERMIT, young]);
    let with = |created: Option<&str>| {
        let mut asked = asked("standard");
        asked.facts = Facts { oldest_created_at: created.map(|at| at.parse().unwrap()), ..asked.facts };
        judge(&set, &asked).decision.verdict
    };
    assert_eq!(with(Some("2026-10-01T00:00:00Z")), Verdict::Allow);
    assert_eq!(with(Some("2026-02-01T00:00:00Z")), Verdict::Deny);
    assert_eq!(with(None), Verdict::Deny);
}

/// A word that a value never has is refused, in policies and in conditions, and where the word is the value's all is well.
#[test]
fn a_word_that_the_value_never_is_is_refused() {
    let told = |condition: &str| {
        let text = format!(
            "@id(\"a\") permit (principal, action, resource is Countersign::local::account) when {{ {condition} }};"
        );
        load(&[("a.cedar", &text)]).err().map(|found| {
            let one = &found[0];
            (one.code, one.message.clone(), one.help.clone(), text[one.offset..one.offset + one.length].to_owned())
        })
    };
    for (condition, message, help, at) in [
        ("context.trigger == \"evnt\"", "`context.trigger` is never `evnt`", "did you mean `event`?", "\"evnt\""),
        (
            "\"Expiry\" != context.trigger",
            "`context.trigger` is never `Expiry`",
            "did you mean `expiry`?",
            "\"Expiry\"",
        ),
        (
            "[\"event\", \"cron\"].contains(context.trigger)",
            "`context.trigger` is never `cron`",
            "it is one of `emergency`, `event`, `expiry`, `request`, `schedule`",
            "\"cron\"",
        ),
        (
            "!(if resource.level == \"owner\" then true else false)",
            "`resource.level` is never `owner`",
            "it is one of `admin`, `read`, `write`",
            "\"owner\"",
        ),
    ] {
        let expected = ("policy.unknown_word", message.to_owned(), help.to_owned(), at.to_owned());
        assert_eq!(told(condition), Some(expected), "{condition}");
    }
    for fine in
        ["context.trigger == \"event\"", "resource.tier == \"evnt\"", "[\"read\", \"write\"].contains(resource.level)"]
    {
        assert_eq!(told(fine), None, "{fine}");
    }
}

/// inv:I1: a decision that would not fit its entry could not be recorded; the policies that would make it are refused.
#[test]
fn policies_whose_decision_could_not_be_written_are_refused() {
    let forbid = |number: usize, mode: &str, reason: usize, resource: &str| {
        let reason = "r".repeat(reason);
        format!("@id(\"p-{number}\") @reason(\"{reason}\") {mode} forbid (principal, action, {resource});")
    };
    let many = |count: usize, mode: &str, reason: usize, of_each: bool| {
        let resource = |number: usize| {
            let name = format!("resource == Countersign::local::account::\"local/account/a{number}\"");
            if of_each { name } else { "resource".to_owned() }
        };
        let texts: Vec<String> = (0..count).map(|number| forbid(number, mode, reason, &resource(number))).collect();
        load(&[("a.cedar", &texts.join("\n"))]).err().map(|found| found[0].code)
    };
    let shadow = "@mode(\"shadow\")";
    assert_eq!(many(1, "", 40_000, false), Some("policy.too_many"));
    assert_eq!(many(1, shadow, 40_000, false), Some("policy.too_many"));
    assert_eq!(many(300, shadow, 165, false), Some("policy.too_many"));
    assert_eq!(many(60, "", 165, false), None);
    assert_eq!(many(300, "", 165, true), None, "each is about another account, and none of them meet");
}

/// beh:R19 In an emergency every forbid holds, and only what is for emergencies permits; at other times that permits nothing.
#[test]
fn beh_r19_an_emergency_has_permits_of_its_own() {
    let text = r#"
@id("usual") @reason("as always")
permit (principal, action == Countersign::Action::"rotate", resource);
@id("urgent") @mode("emergency") @reason("at once")
permit (principal, action == Countersign::Action::"rotate", resource) when { context.trigger == "emergency" };
@id("never") @reason("not this one")
forbid (principal, action == Countersign::Action::"rotate", resource) when { resource.name == "frozen" };
"#;
    let with = set(&[text]);
    let asked = |trigger: TriggerKind, name: &str| {
        let asked = Question { trigger, ..question("rotate", &format!("local/account/{name}")) };
        let judgement = judge(&with, &asked);
        assert_eq!(replayed(&judgement), judgement.decision, "the replay asks the same policies");
        let decision = judgement.decision;
        (decision.verdict, decision.policies.join(" "))
    };
    let allow = |by: &str| (Verdict::Allow, by.to_owned());
    let deny = |by: &str| (Verdict::Deny, by.to_owned());
    assert_eq!(asked(TriggerKind::Request, "clerk"), allow("usual"));
    assert_eq!(asked(TriggerKind::Emergency, "clerk"), allow("urgent"));
    assert_eq!(asked(TriggerKind::Emergency, "frozen"), deny("never"));
    assert!(with.ids().contains("urgent"));
    let without = set(&[&text.replace("@mode(\"emergency\") ", "")]);
    let asked = Question { trigger: TriggerKind::Emergency, ..question("rotate", "local/account/clerk") };
    assert_eq!(judge(&without, &asked).decision.code, "policy.no_match");
}
