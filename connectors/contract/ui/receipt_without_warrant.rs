//! A connector that writes its own receipt.
use countersign_contract::{Intent, Outcome, Receipt, Timestamp};

fn receipt(intent: Intent, granted_at: Timestamp, outcome: Outcome) -> Receipt {
    Receipt { intent, granted_at, outcome }
}

fn main() {}
