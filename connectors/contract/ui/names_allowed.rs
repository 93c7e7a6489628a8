//! A connector sees only what the contract shows: it cannot judge for itself.
use countersign_contract::Allowed;

fn main() {}
