//! One `Allowed` is one grant.
use countersign_warrant::{Allowed, Fence, Journal, Mint};

async fn twice<J: Journal>(mint: &Mint<J>, allowed: Allowed, fence: Fence) {
    let _ = mint.grant(allowed, Vec::new(), fence.clone()).await;
    let _ = mint.grant(allowed, Vec::new(), fence).await;
}

fn main() {}
