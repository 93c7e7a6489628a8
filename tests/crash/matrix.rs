//! Cases: run side by side, counted, and drawn by a seed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many cases of one test go on at once. Many wait for a deadline, so it is more than there are processors.
const SIDE_BY_SIDE: usize = 3;

/// The seed of the samples in use; `COUNTERSIGN_CRASH_SEED` sets another.
const SEED: u64 = 20_261_123;

static CASES: AtomicUsize = AtomicUsize::new(0);
static DOUBLE: AtomicUsize = AtomicUsize::new(0);
static LATE: AtomicUsize = AtomicUsize::new(0);

/// What became of a case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What is wrong.
    pub(crate) wrong: Vec<String>,
    /// True when it was killed again in recovery.
    pub(crate) is_double: bool,
    /// True when an attempt came too late, which is another end than the one that was tested.
    pub(crate) is_late: bool,
}

/// Runs every case, and fails with all that is wrong. A case in which the machine was too slow for a deadline is run
/// again.
pub(crate) fn run<C: Sync>(
    title: &str,
    cases: &[C],
    name: impl Fn(&C) -> String + Sync,
    run: impl Fn(&C) -> Outcome + Sync,
) {
    // WHY: another build of the binary passes no crash points, and where nothing is tried nothing fails.
    assert!(!cases.is_empty(), "{title}: nothing is tried; is the binary built with its crash points?");
    let next = AtomicUsize::new(0);
    let doubles = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let mut outcome = run(case);
                    for _ in 0..3 {
                        if outcome.wrong.is_empty() || !outcome.is_late {
                            break;
                        }
                        LATE.fetch_add(1, Ordering::SeqCst);
                        outcome = run(case);
                    }
                    doubles.fetch_add(usize::from(outcome.is_double), Ordering::SeqCst);
                    if !outcome.wrong.is_empty() {
                        let told = format!("{title}: {}:\n    {}", name(case), outcome.wrong.join("\n    "));
                        wrong.lock().expect("no case panics here").push(told);
                    }
                }
            });
        }
    });
    count(title, cases.len(), doubles.into_inner());
    let wrong = wrong.into_inner().expect("no case panics here");
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Counts cases, and prints the sum. The last line of the whole is its figure.
pub(crate) fn count(title: &str, cases: usize, double: usize) {
    let all = CASES.fetch_add(cases, Ordering::SeqCst) + cases;
    let doubles = DOUBLE.fetch_add(double, Ordering::SeqCst) + double;
    let late = LATE.load(Ordering::SeqCst);
    let line = format!(
        "{title}: {cases} cases, {double} double\ncrash suite: {all} cases, {doubles} double so far ({late} run again for a late attempt)\n"
    );
    // WHY: the test harness shows what `println!` prints only of tests that fail.
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
}

/// The same numbers for the same seed.
pub(crate) struct Draw(u64);

impl Draw {
    /// Draws of their own for each title.
    pub(crate) fn of(title: &str) -> Self {
        let seed = std::env::var("COUNTERSIGN_CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
        Self(title.bytes().fold(seed, |state, byte| state.rotate_left(7) ^ u64::from(byte)))
    }

    /// A number below `end` (splitmix64).
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap_or_default()
    }

    /// So many of these, or all where the environment says so.
    pub(crate) fn sample<T>(&mut self, mut all: Vec<T>, wanted: usize) -> Vec<T> {
        if is_exhaustive() {
            return all;
        }
        let mut drawn = Vec::new();
        while drawn.len() < wanted && !all.is_empty() {
            drawn.push(all.swap_remove(self.below(all.len())));
        }
        drawn
    }
}

/// True where every double crash is wanted: `COUNTERSIGN_CRASH_ALL=1`.
pub(crate) fn is_exhaustive() -> bool {
    std::env::var("COUNTERSIGN_CRASH_ALL").is_ok_and(|all| all == "1")
}

/// `name:k` for each passing of each point.
pub(crate) fn places(passed: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places = Vec::new();
    for name in passed {
        let count = counts.entry(name).or_default();
        *count += 1;
        places.push(format!("{name}:{count}"));
    }
    places
}
