//! A story names every step of a credential's life with its entry.

use super::world::{SINK, SUBJECT, World};
use crate::evidence::story::story;

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
fn nothing_is_told_of_others_and_open_intents_come_last() {
    assert_eq!(told("local/account/other"), Vec::<String>::new());
    let mut world = World::whole();
    world.entries.truncate(7);
    let lines = story(&SUBJECT.parse().unwrap(), &world.entries);
    assert!(lines.last().unwrap().text.ends_with("is recorded, and has no answer yet"), "{lines:?}");
}
