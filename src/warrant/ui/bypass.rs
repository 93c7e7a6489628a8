//! A warrant cannot be turned to another intent.
use countersign_warrant::{Intent, Warrant};

fn bypass(granted: Warrant, other: Intent) -> Warrant {
    Warrant { intent: other, ..granted }
}

fn main() {}
