//! One warrant is one attempt: it has no copy.
use countersign_warrant::Warrant;

fn twice(warrant: &Warrant) -> Warrant {
    warrant.clone()
}

fn main() {}
