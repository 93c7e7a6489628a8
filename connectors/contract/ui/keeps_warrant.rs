//! A settled warrant cannot go into a second call.
use countersign_contract::{Outcome, Receipt, Warrant};

fn again(warrant: Warrant, outcome: Outcome) -> (Receipt, Warrant) {
    (warrant.settle(outcome), warrant)
}

fn main() {}
