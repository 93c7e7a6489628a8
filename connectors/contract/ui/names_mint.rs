//! A connector sees only what the contract shows: the mint is not in it.
use countersign_contract::Mint;

fn main() {}
