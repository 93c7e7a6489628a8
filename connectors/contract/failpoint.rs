//! Crash points: with the feature `failpoints`, the process aborts at a chosen point. Without it, which is how
//! Countersign ships, a point is nothing.

/// Passes the crash point `name`.
///
/// With the feature, `COUNTERSIGN_CRASH_AT` chooses: *n* is the n-th point passed, `name:k` the k-th passing of that
/// point, whatever other tasks pass meanwhile. There the process aborts, after writing `crashed at <name>` to standard
/// error. `list` aborts nowhere, and writes `passed <name>` at each point.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::collections::BTreeMap;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static CHOSEN: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("COUNTERSIGN_CRASH_AT").ok());
    static PASSED: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    let Some(chosen) = CHOSEN.as_deref() else { return };
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let of_name = passed.entry(name.to_owned()).or_default();
    *of_name += 1;
    let this = format!("{name}:{of_name}");
    let all: u64 = passed.values().sum();
    if chosen == "list" {
        say(&format!("passed {name}\n"));
    } else if chosen == this || chosen == all.to_string() {
        say(&format!("crashed at {name}\n"));
        std::process::abort();
    }
}

/// One write for a line, so that no other task's line comes in between.
#[cfg(feature = "failpoints")]
pub fn say(line: &str) {
    use std::io::Write as _;

    // WHY: who cannot be told is not there to be told so.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Passes the crash point `name`: nothing, in what ships.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn hit(_name: &str) {}

/// True when the commit at hand should be made twice: with the feature, at each commit whose number from 1 is
/// `COUNTERSIGN_COMMIT_TWICE`, or at all of them where that is `all`.
#[cfg(feature = "failpoints")]
pub fn is_doubled() -> bool {
    use std::sync::atomic::{AtomicU64, Ordering};

    static COMMITS: AtomicU64 = AtomicU64::new(0);
    let number = COMMITS.fetch_add(1, Ordering::SeqCst) + 1;
    std::env::var("COUNTERSIGN_COMMIT_TWICE").is_ok_and(|wanted| wanted == "all" || wanted == number.to_string())
}

/// Never, in what ships.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn is_doubled() -> bool {
    false
}
