//! When: which sets are current, which versions and instants are due.
//!
//! It must never look at a file that was not activated, and never count what was asked for as what was given.
//!
//! Read first: [`Active`], [`Renewal`].

mod active;
mod agenda;
mod due;
mod renewal;
mod set;

pub use active::{Active, ActiveError};
pub use agenda::{LATE_MS, Look, MISSED_MAX, SPREAD_MS, again, defaults, look, next_notice, rows, trigger_of};
pub use due::due_at;
pub use renewal::{Due, Renewal, RenewalError};
pub use set::{CheckedSet, FileSet, PAGES, ReadSetError, SetFile, Unread};
