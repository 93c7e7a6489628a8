//! Serial numbers and lifetimes (beh:X1, beh:X2, beh:X3, beh:X14).

use countersign_warrant::Timestamp;
use x509_parser::certificate::{Validity, X509Certificate};

use super::expect::Expected;
use super::fault::Faults;

/// A certificate may begin this long before it is made, in seconds, for clocks that lag.
const BACKDATING_SECS_MAX: i64 = 3600;

/// A serial number has at least so many bits; below that it is not random enough.
const SERIAL_BITS_MIN: u64 = 64;

/// And less than so many, so that it stays positive in 20 bytes.
const SERIAL_BITS_MAX: u64 = 159;

/// Positive, in its shortest form, of 64 to 159 bits.
pub(super) fn judge_serial(certificate: &X509Certificate<'_>, faults: &mut Faults) {
    let raw = certificate.raw_serial();
    let positive = raw.first().is_some_and(|first| first & 0x80 == 0);
    faults.unless(positive, "x509.serial", "the serial number is negative");
    let padded = raw.len() > 1 && raw[0] == 0 && raw[1] & 0x80 == 0;
    faults.unless(!padded, "x509.serial", "the serial number is not in its shortest form");
    let bits = certificate.serial.bits();
    let fits = (SERIAL_BITS_MIN..=SERIAL_BITS_MAX).contains(&bits);
    faults.unless(fits || !positive, "x509.serial", format!("the serial number has {bits} bits, not 64 to 159"));
}

/// The lifetime against the plan, the clock and the issuer's; both ends belong to it.
pub(super) fn judge_validity(validity: &Validity, issuer: Option<&Validity>, expected: &Expected, faults: &mut Faults) {
    let (begin, end) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let now = expected.now.micros().div_euclid(1_000_000);
    let length = end.saturating_sub(begin).saturating_add(1);
    let planned = i64::try_from(expected.lifetime_secs).unwrap_or(i64::MAX);
    faults.unless(begin <= now, "x509.not_before", "it is not valid yet");
    let back = now.saturating_sub(begin);
    let message =
        format!("it begins {back} s before it was made; at most {BACKDATING_SECS_MAX} are for lagging clocks");
    faults.unless(back <= BACKDATING_SECS_MAX, "x509.not_before", message);
    faults.unless(end > now, "x509.not_after", "it is expired");
    let message = format!("it is valid for {length} s, and {planned} were planned");
    faults.unless(length <= planned, "x509.lifetime", message.clone());
    let mut cut_short = false;
    if let Some(issuer) = issuer {
        let (above_begin, above_end) = (issuer.not_before.timestamp(), issuer.not_after.timestamp());
        let nested = begin >= above_begin && end <= above_end;
        faults.unless(nested, "x509.nesting", "it is valid when its issuer is not");
        faults.unless(above_begin <= now && now <= above_end, "x509.issuer_validity", "its issuer is not valid now");
        cut_short = end == above_end;
    }
    // WHY: back-dating eats from the planned time, and an issuer's own end may cut it off; nothing else may.
    let shortened = planned.saturating_sub(length) > BACKDATING_SECS_MAX;
    faults.unless(!shortened || cut_short, "x509.lifetime", message);
    if let Some(due) = expected.renew_at {
        let due = i128::from(length) * i128::from(due.numerator) / i128::from(due.denominator.max(1));
        let born_due = i128::from(now) >= i128::from(begin) + due;
        faults.unless(!born_due, "x509.due_at_birth", "it would be due for renewal at once, and so for ever");
    }
}

/// The instant of an X.509 time, which has whole seconds.
pub(super) fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}
