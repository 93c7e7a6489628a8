//! When a version falls due: a fraction of the lifetime that was really given, never of the one that was asked for.

use countersign_kernel::workflow::model::ExpiryTrigger;
use countersign_warrant::Timestamp;

/// The instant at which a version that became current at `since` and expires at `expires_at` falls due.
// WHY: beh:X13 the product of a lifetime and a fraction overflows 64 bits for lifetimes of years in microseconds.
pub fn due_at(trigger: ExpiryTrigger, since: Timestamp, expires_at: Timestamp) -> Timestamp {
    let lifetime = i128::from(expires_at.micros()) - i128::from(since.micros());
    let elapsed = lifetime.max(0) * i128::from(trigger.numerator) / i128::from(trigger.denominator.max(1));
    let at = i128::from(since.micros()) + elapsed;
    Timestamp::from_micros(i64::try_from(at).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_THIRDS: ExpiryTrigger = ExpiryTrigger { numerator: 2, denominator: 3 };

    #[test]
    fn two_thirds_of_a_week_is_four_days_and_sixteen_hours() {
        let since = Timestamp::from_micros(0);
        let due = due_at(TWO_THIRDS, since, since.plus_millis(7 * 86_400_000));
        assert_eq!(due.to_string(), "1970-01-05T16:00:00.000000Z");
    }

    #[test]
    fn long_lifetimes_do_not_overflow_and_reversed_ones_are_due_at_once() {
        let since = Timestamp::from_micros(0);
        let far = Timestamp::from_micros(i64::MAX);
        assert!(due_at(TWO_THIRDS, since, far) > since.plus_millis(1_000 * 365 * 86_400_000));
        assert_eq!(due_at(TWO_THIRDS, far, since), far);
    }
}
