//! The stages of secret versions over the whole ledger.

use std::collections::BTreeMap;

use countersign_warrant::ResourceName;

use super::Wrong;
use crate::run::bodies::{Stage, VersionBody};

/// A subject's versions that are not retired, and the highest number that it ever had.
#[derive(Default)]
struct Line {
    highest: u32,
    live: BTreeMap<u32, Stage>,
}

impl Line {
    fn is_doubly_current(&self) -> bool {
        self.live.values().filter(|stage| **stage == Stage::Current).count() > 1
    }
}

/// The stages of all versions.
#[derive(Default)]
pub(super) struct Versions(BTreeMap<ResourceName, Line>);

/// The stages that may follow a stage; after a person's `undo`, a version that was replaced comes back, and the one that
/// replaced it goes.
fn may_follow(from: Stage, to: Stage, is_undone: bool) -> bool {
    match (from, to) {
        (Stage::Pending, Stage::Current | Stage::Retired)
        | (Stage::Current, Stage::Previous)
        | (Stage::Previous, Stage::Retired) => true,
        (Stage::Current, Stage::Retired) | (Stage::Previous, Stage::Current) => is_undone,
        _ => false,
    }
}

impl Versions {
    /// A version was sealed, or moved to another stage; `is_undone` after a person's `undo` of the run.
    // INVARIANT: inv:I3 a version is sealed before anything else is said of it.
    pub(super) fn moved(&mut self, body: &VersionBody, is_undone: bool, wrong: &mut Vec<Wrong>) {
        let (version, stage) = (&body.version, body.stage);
        let line = self.0.entry(version.subject.clone()).or_default();
        if body.sealed.is_some() {
            if stage != Stage::Pending {
                wrong.push(("version.stage", format!("`{version}` is sealed as {}, not as pending", stage.as_str())));
            }
            if version.number <= line.highest {
                wrong.push(("version.number", format!("`{version}` is sealed after number {}", line.highest)));
            }
        } else {
            match line.live.get(&version.number) {
                Some(from) if may_follow(*from, stage, is_undone) => {}
                Some(from) => {
                    let message = format!("`{version}` goes from {} to {}", from.as_str(), stage.as_str());
                    wrong.push(("version.stage", message));
                }
                None if version.number <= line.highest => {
                    wrong.push(("version.stage", format!("`{version}` is retired and becomes {}", stage.as_str())));
                }
                None => wrong.push(("version.unsealed", format!("`{version}` was never sealed"))),
            }
        }
        line.highest = line.highest.max(version.number);
        if stage == Stage::Retired {
            line.live.remove(&version.number);
        } else {
            line.live.insert(version.number, stage);
        }
    }

    /// The subject, when two of its versions are current.
    pub(super) fn doubly_current_of(&self, subject: &ResourceName) -> Option<Wrong> {
        self.0.get(subject).filter(|line| line.is_doubly_current()).map(|_| doubly_current(subject))
    }

    /// Every subject of which two versions are current.
    pub(super) fn doubly_current(&self) -> impl Iterator<Item = Wrong> {
        self.0.iter().filter(|(_, line)| line.is_doubly_current()).map(|(subject, _)| doubly_current(subject))
    }
}

fn doubly_current(subject: &ResourceName) -> Wrong {
    ("version.two_current", format!("two versions of `{subject}` are current"))
}
