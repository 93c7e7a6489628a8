//! How a call is attempted again that the target refused for a time.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// No rest is doubled beyond it: an hour.
pub(crate) const REST_MS_MAX: u64 = 3_600_000;

/// `retry: {times, wait}`: for calls that are throttled or cannot be made for a time, and for those whose answer was lost
/// and that were found not applied (beh:R11). Each attempt is judged anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrying {
    /// How many more attempts there are.
    pub times: u32,
    /// How long to rest before the first of them, in milliseconds; an hour at most.
    pub wait_ms: u64,
}

impl Retrying {
    /// The rest before that attempt (from 1), in milliseconds: doubled each time, an hour at most, and up to half as long
    /// again by `seed`, so that the runs that one target sent away do not come back at once.
    pub fn rest_ms(&self, attempt: u32, seed: &str) -> u64 {
        let doubled = self.doubled_ms(attempt);
        let hash = Sha256::new().chain_update(seed).chain_update(attempt.to_be_bytes()).finalize();
        let number = hash.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        doubled + number % (doubled / 2 + 1)
    }

    /// How long all its rests together take at least, in milliseconds.
    pub fn rests_ms(self) -> u64 {
        (1..=self.times).map(|attempt| self.doubled_ms(attempt)).fold(0, u64::saturating_add)
    }

    /// How long they take at most.
    pub fn rests_ms_max(self) -> u64 {
        (1..=self.times).map(|attempt| self.doubled_ms(attempt)).fold(0, |sum, ms| sum.saturating_add(ms + ms / 2))
    }

    fn doubled_ms(self, attempt: u32) -> u64 {
        self.wait_ms.saturating_mul(1_u64 << attempt.saturating_sub(1).min(32)).min(REST_MS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_doubles_up_to_an_hour_and_differs_by_run() {
        let retrying = Retrying { times: 10, wait_ms: 60_000 };
        for (attempt, least) in
            [(1, 60_000), (2, 120_000), (3, 240_000), (7, 3_600_000), (10, 3_600_000), (99, 3_600_000)]
        {
            let rest = retrying.rest_ms(attempt, "r1");
            assert!((least..=least + least / 2).contains(&rest), "{attempt}: {rest}");
            assert_eq!(rest, retrying.rest_ms(attempt, "r1"));
        }
        assert_ne!(retrying.rest_ms(1, "r1"), retrying.rest_ms(1, "r2"));
        let least = |times, wait_ms| Retrying { times, wait_ms }.rests_ms();
        assert_eq!((least(2, 10_000), least(5, 60_000)), (30_000, 31 * 60_000));
        assert_eq!(least(10, 60_000), 63 * 60_000 + 4 * 3_600_000);
        let all: u64 = (1..=10).map(|attempt| retrying.rest_ms(attempt, "r1")).sum();
        assert!(all <= retrying.rests_ms_max());
        assert_eq!(retrying.rests_ms_max(), (1 + 2 + 4 + 8 + 16 + 32 + 4 * 60) * 90_000);
    }
}
