//! When: which sets are current, and which versions are due.
//!
//! It must never look at a file that was not activated, and never count what was asked for as what was given.
//!
//! Read first: [`Active`], [`Renewal`].

mod active;
mod due;
mod renewal;
mod set;

pub use active::{Active, ActiveError};
pub use due::due_at;
pub use renewal::{Due, Renewal, RenewalError};
pub use set::{CheckedSet, FileSet, PAGES, ReadSetError, SetFile};
