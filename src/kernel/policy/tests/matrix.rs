//! The shipped policies against the table in `matrix.txt`.

use countersign_warrant::Verdict;

use super::{days_ahead, question, replayed, shipped};
use crate::policy::{Principal, Question, Term, judge};
use crate::run::bodies::TriggerKind;
use crate::workflow::model::Profile;

#[test]
fn the_shipped_policies_answer_as_the_matrix_says() {
    let set = shipped();
    let mut rows = 0;
    for (number, line) in include_str!("matrix.txt").lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [who, action, subject, trigger, changes, answer, policies] = cells[..] else {
            panic!("line {}", number + 1)
        };
        let judgement = judge(&set, &asked(who, action, subject, trigger, changes));
        let decision = &judgement.decision;
        let said = match decision.verdict {
            Verdict::Allow => "allow".to_owned(),
            Verdict::Deny => format!("deny {}", decision.code),
        };
        assert_eq!((said.as_str(), decision.policies.join(" ").as_str()), (answer, policies), "line {}", number + 1);
        assert_eq!(decision.reasons.len(), decision.policies.len());
        assert_eq!(decision.errors.is_empty(), decision.code != "policy.error", "{:?}", decision.errors);
        assert_eq!(replayed(&judgement), judgement.decision, "line {}", number + 1);
        rows += 1;
    }
    assert!(rows > 30);
}

fn asked(who: &str, action: &str, subject: &str, trigger: &str, changes: &str) -> Question {
    let mut asked = question(action, subject);
    if who == "workflow" {
        asked.principal = Principal::Workflow("a-workflow".to_owned());
    }
    if trigger == "expiry" {
        asked.trigger = TriggerKind::Expiry;
    }
    for change in changes.split(';').map(str::trim).filter(|change| !change.is_empty()) {
        if let Some((name, value)) = change.split_once('=') {
            set(&mut asked, name, value);
        } else {
            let name = change.trim_start_matches('-');
            let taken = asked.inputs.remove(name).or_else(|| asked.subject.attributes.remove(name));
            assert!(taken.is_some(), "{change}");
        }
    }
    asked
}

fn set(asked: &mut Question, name: &str, value: &str) {
    let days = |text: &str| text.trim_end_matches('d').parse::<i64>().unwrap();
    let texts = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    match (name, &mut asked.certificate) {
        ("sink", _) => asked.sink = Some(value.parse().unwrap()),
        ("reason", _) => drop(asked.inputs.insert(name.to_owned(), Term::text(value))),
        ("expires", _) => drop(asked.subject.attributes.insert(name.to_owned(), days_ahead(days(value)))),
        ("lifetime", Some(it)) => it.lifetime_secs = u64::try_from(days(value)).unwrap() * 86_400,
        ("names", Some(it)) => it.names = texts(value),
        ("profile", Some(it)) => it.profile = if value == "ca" { Profile::Ca } else { Profile::Server },
        _ => drop(asked.subject.attributes.insert(name.to_owned(), Term::text(value))),
    }
}
