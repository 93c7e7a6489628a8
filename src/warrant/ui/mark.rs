//! The mark of the one mint cannot be copied to another.
use countersign_warrant::Mark;

fn copy(mark: &Mark) -> Mark {
    mark.clone()
}

fn main() {}
