//! Crash points: with the feature `failpoints`, the process aborts at the n-th point that it passes. Without it, which
//! is how Countersign ships, a point is nothing.

/// Passes the crash point `name`.
///
/// With the feature: when `COUNTERSIGN_CRASH_AT` is *n*, the n-th point passed aborts the process, after writing
/// `crashed at <name>` to standard error.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static AT: OnceLock<Option<u64>> = OnceLock::new();
    let at = AT.get_or_init(|| std::env::var("COUNTERSIGN_CRASH_AT").ok().and_then(|n| n.parse().ok()));
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if *at == Some(passed) {
        eprintln!("crashed at {name}");
        std::process::abort();
    }
}

/// Passes the crash point `name`: nothing, in what ships.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn hit(_name: &str) {}
