//! An allow belongs to one intent: inv:I4, inv:I8.

use std::collections::BTreeMap;

use countersign_warrant::{Call, Digest, EntryId, Intent, Limits, Origin, Verdict};
use serde_json::{Value, json};

use super::{days_ahead, now, question, shipped};
use crate::policy::{Question, Term, allow, judge};

fn entry(number: u64) -> EntryId {
    EntryId::of_run(&"r1".parse().unwrap(), number)
}

fn intent(question: &Question, parameters: &[(&str, Value)]) -> Intent {
    let resource = question.sink.as_ref().unwrap_or(&question.subject.resource).clone();
    let call = Call {
        connector: resource.connector().to_owned(),
        verb: question.verb.clone(),
        resource,
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        materials: BTreeMap::new(),
        limits: Limits { duration_ms: 1_000, lateness_ms: 0 },
    };
    Intent {
        entry: entry(2),
        step: "step".parse().unwrap(),
        action: question.action.clone(),
        subject: question.subject.resource.clone(),
        plan: Digest::of(b"plan"),
        call,
        facts: BTreeMap::new(),
        undo: None,
        attempt: 1,
        origin: Origin::Plan,
    }
}

#[test]
fn an_allow_comes_with_the_intent_and_the_bytes_that_it_rests_on() {
    let (set, asked) = (shipped(), question("rotate", "local/account/reporting"));
    let meant = intent(&asked, &[]);
    let (allowed, blobs) = allow(&set, &asked, meant.clone(), entry(1)).unwrap();
    assert_eq!(allowed.intent(), &meant);
    assert_eq!(blobs, judge(&set, &asked).blobs);
}

#[test]
fn no_deny_and_no_error_becomes_an_allowed() {
    let set = shipped();
    let mut short = question("rotate", "local/account/reporting");
    short.inputs.insert("reason".to_owned(), Term::text("why"));
    let mut mistyped = question("rotate", "local/account/reporting");
    mistyped.inputs.insert("reason".to_owned(), Term::Integer(1));
    for (asked, code) in [(short, "policy.forbidden"), (mistyped, "policy.error")] {
        let judgement = allow(&set, &asked, intent(&asked, &[]), entry(1)).unwrap_err();
        assert_eq!((judgement.decision.verdict, judgement.decision.code.as_str()), (Verdict::Deny, code));
        assert_eq!(*judgement, judge(&set, &asked));
    }
}

#[test]
fn an_allow_for_one_change_does_not_serve_another() {
    let (set, asked) = (shipped(), question("rotate", "local/account/reporting"));
    let meant = intent(&asked, &[]);
    let other = |change: fn(&mut Intent)| {
        let mut other = meant.clone();
        change(&mut other);
        let judgement = allow(&set, &asked, other, entry(1)).unwrap_err();
        assert_eq!((judgement.decision.verdict, judgement.decision.code.as_str()), (Verdict::Deny, "policy.error"));
        assert!(judgement.decision.policies.is_empty() && judgement.blobs.len() == 4);
        judgement.decision.errors.join("")
    };
    let told = [
        other(|intent| intent.action = "provision".to_owned()),
        other(|intent| intent.subject = "local/account/other".parse().unwrap()),
        other(|intent| intent.call.verb = "key_remove".to_owned()),
        other(|intent| intent.call.resource = "files/client/reporting".parse().unwrap()),
        other(|intent| intent.call.connector = "files".to_owned()),
    ];
    for (told, word) in told.iter().zip(["action", "subject", "verb", "resource", "connector"]) {
        assert!(told.starts_with(&format!("the question is not about this intent: its {word} is `")), "{told}");
    }
}

#[test]
fn the_attributes_that_were_judged_are_those_that_are_asked_of_the_target() {
    let (set, asked) = (shipped(), question("provision", "local/account/reporting"));
    let Term::Instant(expires) = days_ahead(90) else { panic!("an instant") };
    let same = [("level", json!("read")), ("expires", json!(expires.to_string())), ("key_id", json!("k1"))];
    assert!(allow(&set, &asked, intent(&asked, &same), entry(1)).is_ok());
    for other in [("level", json!("admin")), ("expires", json!(now().to_string())), ("owner", json!(["dana"]))] {
        let judgement = allow(&set, &asked, intent(&asked, std::slice::from_ref(&other)), entry(1)).unwrap_err();
        assert!(judgement.decision.errors[0].ends_with(&format!("its `{}` is another", other.0)));
    }
    let judgement = allow(&set, &asked, intent(&asked, &[("seats", json!(5))]), entry(1)).unwrap_err();
    assert!(judgement.decision.errors[0].ends_with("it says nothing of `seats`"));
    for unseen in [("recovery", json!(null)), ("labels", json!({"a": "b"})), ("seats", json!(null))] {
        assert!(allow(&set, &asked, intent(&asked, &[unseen]), entry(1)).is_ok());
    }
}

#[test]
fn the_certificate_that_was_judged_is_the_one_that_is_asked_of_the_target() {
    let (set, asked) = (shipped(), question("issue", "local/certificate/localhost"));
    let same = [
        ("profile", json!("server")),
        ("names", json!(["localhost", "127.0.0.1"])),
        ("lifetime_secs", json!(30 * 86_400)),
    ];
    assert!(allow(&set, &asked, intent(&asked, &same), entry(1)).is_ok());
    for other in [("profile", json!("ca")), ("names", json!(["example.org"])), ("lifetime_secs", json!(1_u64 << 40))] {
        assert!(allow(&set, &asked, intent(&asked, &[other]), entry(1)).is_err());
    }
    let delivered = Question { sink: Some("files/client/tls".parse().unwrap()), ..asked };
    assert!(allow(&set, &delivered, intent(&delivered, &[("names", json!("x"))]), entry(1)).is_ok());
}

#[test]
fn attributes_are_typed_by_the_manifest() {
    let kinds = super::local().kinds;
    let values = |values: Value| serde_json::from_value(values).unwrap();
    let given = values(json!({
        "expires": "2027-01-01T00:00:00Z", "level": "read", "seats": 3, "shared": null, "tags": ["b", "a", "b"],
        "labels": {"a": "b"}, "recovery": "hidden", "unheard": 1,
    }));
    let expected = BTreeMap::from([
        ("expires".to_owned(), Term::Instant("2027-01-01T00:00:00Z".parse().unwrap())),
        ("level".to_owned(), Term::text("read")),
        ("seats".to_owned(), Term::Integer(3)),
        ("tags".to_owned(), Term::Texts(["a".to_owned(), "b".to_owned()].into())),
    ]);
    assert_eq!(Term::attributes(&kinds[0], &given), Ok(expected));
    let wrong = Term::attributes(&kinds[0], &values(json!({"expires": "soon"}))).unwrap_err();
    assert_eq!(wrong.to_string(), "`expires` is not an RFC 3339 instant");
    assert_eq!(Term::of_input(&json!("x")), Some(Term::text("x")));
    assert_eq!(Term::of_input(&json!(1.5)), None);
}
