//! The wall clock that a connector checks a warrant's deadline against.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_warrant::Timestamp;

/// Now, in whole microseconds. A clock before 1970 reads as 1970.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
