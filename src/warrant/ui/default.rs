//! There is no empty warrant.
use countersign_warrant::Warrant;

fn empty() -> Warrant {
    Default::default()
}

fn main() {}
