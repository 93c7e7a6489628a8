//! An open intent is not made up: it comes from a receipt or from recovery.
use countersign_warrant::{Intent, OpenIntent, Timestamp};

fn open(intent: Intent, granted_at: Timestamp) -> OpenIntent {
    OpenIntent { intent, granted_at }
}

fn main() {}
