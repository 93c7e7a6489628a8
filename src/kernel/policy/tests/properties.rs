//! Over generated questions: the slice answers as the whole set, the replay as the evaluation, and Cedar's own reading of
//! the stored JSON as both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use cedar_policy::{Authorizer, Context, Entities, EntityUid, Request, Schema};
use countersign_warrant::{Decision, Timestamp, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::{load, question, replayed, shipped};
use crate::policy::asked::Asked;
use crate::policy::judge::Prepared;
use crate::policy::load::Slice;
use crate::policy::{Facts, Judgement, PolicySet, Principal, Question, Term, judge};
use crate::run::bodies::TriggerKind;

/// Scopes and conditions of every shape, some of which err.
static MIXED: LazyLock<PolicySet> = LazyLock::new(|| {
    let scopes = [
        "principal, action, resource",
        "principal is Countersign::Workflow, action, resource",
        "principal == Countersign::Person::\"p_1\", action, resource",
        "principal, action == Countersign::Action::\"rotate\", resource",
        "principal, action in [Countersign::Action::\"rotate\", Countersign::Action::\"provision\"], resource",
        "principal, action == Countersign::Action::\"issue\", resource is Countersign::local::ca",
        "principal, action, resource is Countersign::local::account",
        "principal, action, resource == Countersign::local::account::\"local/account/a\"",
        "principal in Countersign::Workflow::\"w\", action, resource in Countersign::local::ca::\"local/ca/a\"",
        "principal, action, resource is Countersign::local::ca in Countersign::local::ca::\"local/ca/a\"",
    ];
    let conditions = [
        ("permit", ""),
        ("forbid", "when { context.trigger == \"expiry\" && resource.tier == \"critical\" }"),
        ("forbid", "when { context.inputs has count && context.inputs.count * 4000000000 > 1 }"),
        ("forbid", "when { context.length_of has reason && context.length_of.reason > 4 && resource.name == \"b\" }"),
        ("permit", "when { context.facts has live_versions && context.facts.live_versions * 9000000000000000 > 0 }"),
    ];
    let mut text = String::new();
    for (at, scope) in scopes.iter().enumerate() {
        for (of, (effect, condition)) in conditions.iter().enumerate().skip(at % 3) {
            // A third of them is in shadow.
            let mode = if (at + of) % 3 == 2 { "@mode(\"shadow\") " } else { "" };
            writeln!(text, "{mode}@id(\"p-{at}-{of}\") @control(\"x-f:{of}\") {effect} ({scope}) {condition};")
                .unwrap();
        }
    }
    load(&[("mixed.cedar", &text)]).unwrap()
});

prop_compose! {
    fn questions()(
        (action, kind) in prop::sample::select(vec![
            ("rotate", "account"), ("provision", "account"), ("issue", "ca"), ("issue", "certificate"), ("rotate", "ca"),
        ]),
        name in "[ab]",
        principal in prop::sample::select(vec![
            Principal::Person("p_1".into()), Principal::Person("p_2".into()), Principal::Workflow("w".into()),
        ]),
        expiry in any::<bool>(),
        critical in any::<bool>(),
        level in prop::option::weighted(0.9, prop::sample::select(vec!["read", "write", "admin"])),
        count in prop::option::of(prop_oneof![any::<i64>(), -5_i64..5]),
        reason in prop::option::of(".{0,12}"),
        live in prop::option::of(0_u32..3000),
        tags in prop::option::of(prop::collection::btree_set("[a-c\u{e9}\"\\\\]{0,3}", 0..3)),
        misfit in prop::option::weighted(0.1, "[a-z]{1,3}"),
        micros in any::<i64>(),
    ) -> Question {
        let mut asked = question(action, &format!("local/{kind}/{name}"));
        asked.principal = principal;
        asked.trigger = if expiry { TriggerKind::Expiry } else { TriggerKind::Request };
        asked.subject.tier = if critical { "critical" } else { "standard" }.to_owned();
        if kind == "account" {
            asked.subject.attributes.remove("level");
            asked.subject.attributes.extend(level.map(|level| ("level".to_owned(), Term::text(level))));
            asked.subject.attributes.extend(tags.map(|tags| ("tags".to_owned(), Term::Texts(tags))));
        }
        asked.inputs = BTreeMap::new();
        asked.inputs.extend(count.map(|count| ("count".to_owned(), Term::Integer(count))));
        asked.inputs.extend(reason.map(|reason| ("reason".to_owned(), Term::Text(reason))));
        asked.inputs.extend(misfit.map(|misfit| (misfit, Term::Boolean(true))));
        asked.facts = Facts { live_versions: live, ..Facts::default() };
        asked.now = Timestamp::from_micros(micros);
        asked
    }
}

/// The same evaluation with every policy of the set.
fn unsliced(set: &PolicySet, asked: &Question) -> Option<Decision> {
    let mut rules = BTreeMap::new();
    for (action, kind) in [("rotate", "account"), ("provision", "account"), ("issue", "ca"), ("issue", "certificate")] {
        let slice = set.slice(action, &format!("Countersign::local::{kind}")).unwrap();
        rules.extend(slice.with_shadow().rules.iter().map(|(id, rule)| (id.clone(), Arc::clone(rule))));
    }
    assert!(rules.len() > READ.1.policies().count(), "some are in shadow");
    let in_force = rules.iter().filter(|(_, rule)| !rule.is_shadow).map(|(id, rule)| (id.clone(), Arc::clone(rule)));
    let mut whole = Slice::whole(in_force.collect()).unwrap();
    whole.shadow = Some(Box::new(Slice::whole(rules).unwrap()));
    let mut prepared = Prepared::of(set, &Asked::of(asked)).ok()?;
    prepared.slice = &whole;
    Some(prepared.decide(set, judge(set, asked).decision.basis))
}

/// Schema and policies as Cedar reads them from the stored texts.
static READ: LazyLock<(Schema, cedar_policy::PolicySet)> = LazyLock::new(|| {
    let [policies, schema] = MIXED.blobs().map(|blob| String::from_utf8(blob.bytes().to_vec()).unwrap());
    let numbered: cedar_policy::PolicySet = policies.parse().unwrap();
    let in_force = numbered.policies().filter(|it| it.annotation("mode").is_none());
    let renamed = in_force.map(|it| it.new_id(cedar_policy::PolicyId::new(it.annotation("id").unwrap())));
    (schema.parse().unwrap(), cedar_policy::PolicySet::from_policies(renamed).unwrap())
});

/// What Cedar's own JSON interface makes of the stored texts: the answer, the policies that it lists, whether any erred.
fn by_cedar(judgement: &Judgement) -> Option<(bool, BTreeSet<String>, usize)> {
    let text = |at: usize| std::str::from_utf8(judgement.blobs[at].bytes()).unwrap();
    let (schema, policies) = &*READ;
    let request: serde_json::Value = serde_json::from_str(text(3)).unwrap();
    let uid = |name: &str| EntityUid::from_json(request[name].clone()).unwrap();
    let entities = Entities::from_json_str(text(2), Some(schema)).ok()?;
    let context = Context::from_json_value(request["context"].clone(), Some((schema, &uid("action")))).ok()?;
    let request = Request::new(uid("principal"), uid("action"), uid("resource"), context, Some(schema)).ok()?;
    let response = Authorizer::new().is_authorized(&request, policies, &entities);
    let listed = response.diagnostics().reason().map(ToString::to_string).collect();
    let allowed = response.decision() == cedar_policy::Decision::Allow;
    Some((allowed, listed, response.diagnostics().errors().count()))
}

/// So many questions, or as many as `COUNTERSIGN_QUESTIONS` says.
fn questions_of(count: u32) -> ProptestConfig {
    let asked = std::env::var("COUNTERSIGN_QUESTIONS").ok().and_then(|count| count.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(count), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(questions_of(128))]

    #[test]
    fn the_slice_answers_as_the_whole_set(asked in questions()) {
        let sliced = judge(&MIXED, &asked).decision;
        match unsliced(&MIXED, &asked) {
            None => prop_assert_eq!(sliced.code, "policy.error"),
            Some(whole) => {
                let slice = MIXED.slice(&asked.action, &Asked::of(&asked).resource.kind).unwrap();
                let kept = whole.controls.iter().filter(|row| slice.rules.contains_key(&row.policy)).cloned().collect();
                prop_assert_eq!(&sliced, &Decision { controls: kept, ..whole });
            }
        }
    }

    #[test]
    fn cedar_itself_agrees_with_the_evaluation(asked in questions()) {
        let judgement = judge(&MIXED, &asked);
        let decision = &judgement.decision;
        match by_cedar(&judgement) {
            None => prop_assert!(decision.code == "policy.error" && decision.controls.is_empty()),
            Some((allowed, listed, errors)) => {
                prop_assert_eq!(decision.verdict == Verdict::Allow, allowed && errors == 0);
                prop_assert_eq!(decision.errors.len(), errors);
                if errors == 0 {
                    prop_assert_eq!(decision.policies.iter().cloned().collect::<BTreeSet<_>>(), listed);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The stored forms are canonical JSON (RFC 8785) as the library writes it, whatever stands in the texts and the names.
    #[test]
    fn the_stored_forms_are_canonical(mut asked in questions(), name in ".{1,4}", text in "\\PC*|[\u{0}-\u{1f}\u{7f}]{0,5}") {
        asked.added.insert(name, text);
        let [entities, request] = Asked::of(&asked).json().unwrap();
        for bytes in [entities, request] {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), bytes);
        }
    }

    #[test]
    fn a_replay_is_the_same_decision(asked in questions()) {
        let judgement = judge(&MIXED, &asked);
        prop_assert_eq!(&replayed(&judgement), &judgement.decision);
    }
}

/// The generator reaches every answer; else the properties above would say little.
#[test]
fn generated_questions_reach_every_answer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut codes = BTreeSet::new();
    for _ in 0..300 {
        let asked = questions().new_tree(&mut runner).unwrap().current();
        codes.insert(judge(&MIXED, &asked).decision.code);
    }
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["policy.allowed", "policy.error", "policy.forbidden"]);
}

/// The cost of one decision, printed with `--nocapture`; and that policies about other things do not add to it.
#[test]
fn unrelated_policies_cost_a_decision_nothing() {
    let asked = question("rotate", "local/account/reporting");
    let unrelated = (0..500).fold(String::new(), |mut text, number| {
        let scope = "principal, action == Countersign::Action::\"issue\", resource is Countersign::local::ca";
        writeln!(text, "@id(\"other-{number}\") forbid ({scope}) when {{ context.verb == \"v{number}\" }};").unwrap();
        text
    });
    let rotation = include_str!("../../../../workflows/policies/rotation.cedar");
    let crowded = load(&[("rotation.cedar", rotation), ("unrelated.cedar", &unrelated)]).unwrap();
    let slice = crowded.slice("rotate", "Countersign::local::account").unwrap();
    assert_eq!(slice.rules.keys().collect::<Vec<_>>(), ["rotate", "rotate-with-reason"]);
    let named = (0..1000).fold(String::new(), |mut text, number| {
        let scope = format!("principal, action, resource == Countersign::local::account::\"local/account/a{number}\"");
        writeln!(text, "@id(\"named-{number}\") forbid ({scope});").unwrap();
        text
    });
    let named = load(&[("rotation.cedar", rotation), ("named.cedar", &named)]).unwrap();
    let other = question("rotate", "local/account/a7");
    assert_eq!(judge(&named, &other).decision.policies, ["named-7"]);
    let sets = [
        (&shipped(), "the shipped policies"),
        (&crowded, "500 unrelated ones more"),
        (&named, "1,000 ones more about other accounts"),
    ];
    for (set, name) in sets {
        let mut times: Vec<u128> = Vec::new();
        for _ in 0..200 {
            let begun = Instant::now();
            assert_eq!(judge(set, &asked).decision.verdict, Verdict::Allow);
            times.push(begun.elapsed().as_nanos());
        }
        times.sort_unstable();
        println!("one decision with {name}: median {} ns", times[times.len() / 2]);
    }
}
