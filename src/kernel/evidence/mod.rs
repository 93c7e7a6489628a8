//! Evidence: what stands in the ledger, and how anyone checks it without trusting us.
//!
//! An entry becomes one leaf, the canonical bytes of an in-toto Statement; leaves stand in an RFC 6962 Merkle tree; a
//! checkpoint in the C2SP format signs the tree. All of it is pure: leaves, hashes and notes come in as values.
//!
//! This room must never read a clock, hold a signing key longer than one call, repair what it finds wrong, or give two
//! encodings to one entry: bytes that are in a ledger never change again.
//!
//! Read first: [`statement::encode`], [`verify::Verifier`].

mod canonical;
pub mod checkpoint;
pub mod note;
pub mod pages;
pub mod proof;
pub mod report;
pub mod semantics;
pub mod statement;
pub mod story;
pub mod tile;
pub mod tree;
pub mod verify;

#[cfg(test)]
mod tests;
