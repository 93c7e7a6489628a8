#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod notes;
mod semantics;
mod stories;
mod tamper;
mod trees;
mod world;
