//! Policy: the one function that says whether a change may be attempted.
//!
//! Policies are Cedar texts. [`PolicySet::load`] validates them strictly against a schema that is generated from the
//! connectors' manifests; [`judge`] answers one [`Question`] with a decision and the bytes that it was made from;
//! [`allow`] ties an allow to the intent that it was made for; [`replay`] makes a stored decision again.
//!
//! This room must never answer allow when anything went wrong (Cedar itself skips a policy that errs), never read a
//! clock, and never see secrets or holes.
//!
//! Read first: [`Question`], [`judge`].

mod about;
mod asked;
mod condition;
mod explain;
mod judge;
mod load;
mod misfit;
pub mod pages;
mod question;
mod replay;
mod rule;
mod schema;
mod spelling;
mod term;
mod text;
pub mod trial;
mod vocabulary;

pub use condition::{Circumstances, Condition, ConditionError, ConditionWords, ValueWords};
pub use explain::{Explained, PolicyWords, explain, failed_evaluation};
pub use judge::{Judgement, allow, judge};
pub use load::PolicySet;
pub use question::{Certificate, Facts, Principal, Question, Subject};
pub use replay::{BasisTexts, ReplayError, replay};
pub use term::{MistypedError, Term, TermKind};
pub use text::text_of;
pub use vocabulary::{Vocabulary, VocabularyError};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
