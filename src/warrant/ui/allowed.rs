//! An `Allowed` without the check of its decision.
use countersign_warrant::{Allowed, Decision, EntryId, Intent};

fn allow(intent: Intent, decision: Decision, decision_entry: EntryId) -> Allowed {
    Allowed { intent, decision, decision_entry }
}

fn main() {}
