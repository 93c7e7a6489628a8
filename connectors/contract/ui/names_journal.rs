//! A connector sees only what the contract shows: the journal is not in it.
use countersign_contract::Journal;

fn main() {}
