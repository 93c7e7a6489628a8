//! The invariants that this crate holds, each by a named test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod cases;
mod grants;
mod memory;
mod property;
mod recovery;
mod settling;

/// Forging, cloning, reusing, defaulting and reading back a warrant; a receipt and an `Allowed` out of nothing.
// inv:I1
#[test]
fn inv_i1_nothing_but_the_mint_makes_a_warrant() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
