//! A warrant cannot be written down.
use countersign_warrant::{Fence, Intent, Timestamp, Warrant};

fn forge(intent: Intent, fence: Fence, granted_at: Timestamp) -> Warrant {
    Warrant { intent, fence, granted_at }
}

fn main() {}
