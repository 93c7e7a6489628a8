//! A receipt comes from a warrant only.
use countersign_warrant::{Intent, Outcome, Receipt, Timestamp};

fn receipt(intent: Intent, granted_at: Timestamp, outcome: Outcome) -> Receipt {
    Receipt { intent, granted_at, outcome }
}

fn main() {}
