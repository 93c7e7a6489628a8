//! A settled warrant is gone.
use countersign_warrant::{Outcome, Receipt, Warrant};

fn reuse(warrant: Warrant, first: Outcome, second: Outcome) -> (Receipt, Receipt) {
    (warrant.settle(first), warrant.settle(second))
}

fn main() {}
