//! A story names every step of a credential's life with its entry.

use countersign_warrant::{Digest, Finding, FindingBody, Kind, Stamped, Timestamp};

use super::world::{SINK, SUBJECT, World};
use crate::evidence::story::{reason_of, story};
use crate::run::bodies::{PersonAnswer, Wait, WaitBody};

fn told(subject: &str) -> Vec<String> {
    let lines = story(&subject.parse().unwrap(), &World::whole().entries);
    lines.into_iter().map(|line| format!("{} {}", line.entry, line.text)).collect()
}

#[test]
fn the_life_of_a_key_is_told_in_order() {
    insta::assert_snapshot!(told(SUBJECT).join("\n"));
}

#[test]
fn a_sink_has_its_deliveries() {
    assert_eq!(
        told(SINK),
        [
            "p1/11 `deliver` on `files/client/reporting` with `local/account/reporting@1`: done; recorded before as \
             `p1/9`, allowed by `accounts.level`",
            "r1/16 `deliver` on `files/client/reporting` with `local/account/reporting@1`: done; recorded before as \
             `r1/14`, allowed by `accounts.level`",
        ]
    );
}

#[test]
fn who_answers_for_something_says_why() {
    let reason = Digest::of(b"both keys work");
    let answered = Wait::Answered { answer: PersonAnswer::Abandon, by: "p_1".to_owned(), reason };
    let declared = FindingBody {
        intent: "r1/9".parse().unwrap(),
        attempt: 1,
        finding: Finding::Declared { by: "p_1".to_owned(), reason },
    };
    let entry = |kind, predicate| Stamped {
        id: "r1/20".parse().unwrap(),
        kind,
        at: Timestamp::from_micros(1),
        predicate,
        index: None,
    };
    let wait = |wait| serde_json::to_value(WaitBody { step: "rotate".parse().unwrap(), wait }).unwrap();
    let finding = serde_json::to_value(declared).unwrap();
    for (entry, found) in [
        (entry(Kind::Wait, wait(answered)), Some(reason)),
        (entry(Kind::Finding, finding), Some(reason)),
        (entry(Kind::Wait, wait(Wait::Over)), None),
        (entry(Kind::Wait, serde_json::json!({})), None),
    ] {
        assert_eq!(reason_of(&entry), found, "{entry:?}");
    }
    let lines = story(&SUBJECT.parse().unwrap(), &World::whole().entries);
    assert!(lines.iter().all(|line| line.reason.is_none()));
}

#[test]
fn nothing_is_told_of_others_and_open_intents_come_last() {
    assert_eq!(told("local/account/other"), Vec::<String>::new());
    let mut world = World::whole();
    world.entries.truncate(7);
    let lines = story(&SUBJECT.parse().unwrap(), &world.entries);
    assert!(lines.last().unwrap().text.ends_with("is recorded, and has no answer yet"), "{lines:?}");
}
