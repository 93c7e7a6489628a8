//! The intent of an `Allowed` cannot be exchanged after the judgement.
use countersign_warrant::{Allowed, Intent};

fn swap(mut allowed: Allowed, other: Intent) -> Allowed {
    allowed.intent = other;
    allowed
}

fn main() {}
