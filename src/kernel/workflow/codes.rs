//! Every code that reading a workflow can answer with, each with its page. The list is closed: a code never changes its
//! meaning, and one that is no longer used is not given to anything else.
//!
//! A code is added in the file of its stage, with its page: what it means, why it is so, and an example, which is a
//! change of one of the good files beside it. Tests read both: the wrong one answers with exactly that code, the good
//! one with none.

use std::sync::LazyLock;

use crate::page::{Example, Page};

/// A good file that rotates a key.
const ROTATE: &str = include_str!("codes/rotate.yaml");
/// A good file that makes an account.
const PROVISION: &str = include_str!("codes/provision.yaml");
/// A good file that issues a certificate.
const ISSUE: &str = include_str!("codes/issue.yaml");
/// A good file for a connector `lab`, whose `robot` has a secret attribute and takes one key at a time.
const ROBOT: &str = include_str!("codes/robot.yaml");

/// `NAME = "code", "meaning", why "reason", example;`
macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal, why $why:literal, $example:expr;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// The pages of this stage.
        pub(super) const PAGES: &[Page] =
            &[$(Page { code: $code, meaning: $meaning, why: $why, example: $example }),*];
    };
}

mod manifests;
mod proofs;
mod references;
mod shape;
mod text;

pub use manifests::*;
pub use proofs::*;
pub use references::*;
pub use shape::*;
pub use text::*;

/// Each code with its meaning, in the order of the stages: text, shape, references, manifests, proofs.
pub static ALL: LazyLock<Vec<(&'static str, &'static str)>> =
    LazyLock::new(|| pages().map(|page| (page.code, page.meaning)).collect());

/// The page of each code, in the order of the stages.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    [text::PAGES, shape::PAGES, references::PAGES, manifests::PAGES, proofs::PAGES].into_iter().flatten()
}
