//! Which waits are taken: what the proof says of a run is what becomes of it, when it is lived through.

use std::collections::BTreeSet;

use super::known::with_known;
use crate::workflow::model::ExpiryTrigger;
use crate::workflow::{codes, parse};

const ROTATION: &str = include_str!("../codes/rotate.yaml");
const CERTIFICATE: &str = include_str!("../codes/issue.yaml");
const PUBLISHED: &str = include_str!("../../../../workflows/rotate-signing-key.yaml");
const DATABASE: &str = include_str!("../../../../workflows/rotate-ledger-database.yaml");
const ACCOUNT: &str = include_str!("../../../../workflows/provision-account.yaml");
const RECERTIFY: &str = include_str!("../../../../workflows/recertify-accounts.yaml");
const EITHER: &str = include_str!("../schema/tests/every_strategy.yaml");

const SEAL: &str = "  - id: seal\n";
const SEEN: &str = "      adopted: [{connector: local, probe: key_used, within: 10s}]\n";
const EXPIRY: &str = "  expiry: {at: 2/3}\n";
const DAILY: &str = "  schedule: {cron: \"0 9 * * *\", timezone: UTC}\n";

fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}\n{text}");
        text.replacen(from, to, 1)
    })
}

/// The codes that a changed file answers with.
fn said(text: &str, changes: &[(&str, &str)]) -> BTreeSet<&'static str> {
    let text = changed(text, changes);
    let read = with_known(|known| parse("waits.yaml", text.as_bytes(), known));
    read.err().unwrap_or_default().iter().map(|one| one.code).collect()
}

/// A case of the grid; times in hours.
#[derive(Debug, Clone, Copy)]
struct Lived {
    is_certificate: bool,
    lives: u64,
    part: ExpiryTrigger,
    before: u64,
    after: u64,
}

impl Lived {
    fn grid() -> impl Iterator<Item = Self> {
        let parts =
            [(1, 8), (1, 2), (2, 3), (7, 8)].map(|(numerator, denominator)| ExpiryTrigger { numerator, denominator });
        let kinds = [false, true].into_iter().flat_map(|is_certificate| [24, 240].map(|lives| (is_certificate, lives)));
        let timed = kinds.flat_map(move |kind| parts.map(|part| (kind, part)));
        let begun = timed.flat_map(|case| [1, 11, 13, 70, 81, 121].map(|before| (case, before)));
        begun.flat_map(|(((is_certificate, lives), part), before)| {
            [1, 14, 29, 121, 159].map(|after| Self { is_certificate, lives, part, before, after })
        })
    }

    fn codes(self) -> BTreeSet<&'static str> {
        let Self { lives, before, after, part, .. } = self;
        let (text, old) = if self.is_certificate { (CERTIFICATE, "lifetime: 7d") } else { (ROTATION, "lifetime: 30d") };
        let lifetime = format!("lifetime: {lives}h");
        let at = format!("at: {}/{}", part.numerator, part.denominator);
        let pause = format!("steps:\n  - {{id: pause, wait: {{for: {before}h}}}}\n");
        let rest = format!("  - {{id: rest, wait: {{for: {after}h}}}}\n  - id: seal\n");
        let of_rotation = [(SEEN, ""), ("soak: 24h", "soak: 0s")];
        let changes = [(old, lifetime.as_str()), ("at: 2/3", &at), ("steps:\n", &pause), (SEAL, &rest)];
        said(text, &[&changes[..], if self.is_certificate { &[] } else { &of_rotation }].concat())
    }

    /// One version after another, each made by the run that the one before it makes due: whether each lives until the next
    /// one is delivered, and each run is over when the next one is due.
    fn is_good(self) -> bool {
        let [lives, before, after] = [self.lives, self.before, self.after].map(|hours| hours * 3_600_000);
        let (mut start, mut in_use_until) = (0, u64::MAX);
        for _ in 0..3 {
            let delivered = start + before;
            // The life of a secret begins with its run, that of a certificate when it is signed.
            let ends = lives + if self.is_certificate { delivered } else { start };
            if delivered >= in_use_until || delivered >= ends {
                return false;
            }
            let due = delivered + self.part.of(ends - delivered);
            if delivered + after >= due {
                return false;
            }
            (start, in_use_until) = (due, ends);
        }
        true
    }
}

#[test]
fn what_is_taken_is_what_can_be_lived_through() {
    let (mut taken, mut refused) = (0, 0);
    for case in Lived::grid() {
        let (codes, is_good) = (case.codes(), case.is_good());
        assert_eq!(codes.is_empty(), is_good, "{case:?}: {codes:?}");
        assert!(codes.iter().all(|code| [codes::WAIT_TOO_LONG, codes::RUN_TOO_LONG].contains(code)), "{codes:?}");
        if is_good { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 50 && refused > 50, "{taken} {refused}");
}

/// What the trigger, the strategy and the kind of step make of a wait.
#[test]
fn waits_are_held_against_what_comes_first() {
    let wait = BTreeSet::from([codes::WAIT_TOO_LONG]);
    let run = BTreeSet::from([codes::RUN_TOO_LONG]);
    let retry = "  - id: account\n    retry: {times: 10, wait: 1h}\n";
    let pause = "steps:\n  - {id: pause, wait: {for: 20d}}\n";
    let maybe = "steps:\n  - {id: pause, when: context.facts.exists, wait: {for: 5d}}\n";
    let later = "  - {id: pause, wait: {for: 7d}}\n  - id: seal\n";
    let never_ends = ("{key: p256, lifetime: 90d}", "{key: p256}");
    let by_itself =
        [("person\n", "person\n        default: dana@example.com\n"), ("min_length: 10\n", "default: none\n")];
    for (told, text, changes) in [
        (&run, ROTATION, &[(EXPIRY, DAILY), ("soak: 24h", "soak: 1y")][..]),
        (&run, ROTATION, &[(EXPIRY, "  event: [leak.reported]\n"), ("soak: 24h", "soak: 30d")]),
        (&run, ROTATION, &[("at: 2/3", "at: 1/10"), ("soak: 24h", "soak: 72h")]),
        (&run, ROTATION, &[("steps:\n", maybe), ("soak: 24h", "soak: 18d")]),
        (&wait, PUBLISHED, &[("cache: 1s", "cache: 1y")]),
        (&wait, PUBLISHED, &[("cache: 1s", "cache: 25d")]),
        (&wait, PUBLISHED, &[(EXPIRY, ""), ("token_lifetime: 2s", "token_lifetime: 90d")]),
        (&run, PUBLISHED, &[(EXPIRY, DAILY), never_ends, ("token_lifetime: 2s", "token_lifetime: 12h")]),
        (&wait, ACCOUNT, &[("lifetime: 90d", "lifetime: 30h"), ("  - id: account\n", retry)]),
        (&wait, DATABASE, &[("lifetime: 30d", "lifetime: 3h"), ("wait: 10s", "wait: 30m"), ("1h", "2h")]),
        (&wait, CERTIFICATE, &[("steps:\n", pause)]),
        (&run, CERTIFICATE, &[(EXPIRY, "  request: {}\n"), (SEAL, later)]),
        (&run, RECERTIFY, &[("on:\n", &format!("on:\n{DAILY}")), ("2s", "30d"), by_itself[0], by_itself[1]]),
    ] {
        assert_eq!(said(text, changes), *told, "{changes:?}");
    }
}

/// What nothing hurries may wait for as long as it likes, and what is never planned together does not add up.
#[test]
fn waits_that_nothing_hurries_are_taken() {
    let weekly = "windows: {allow: [\"SUN 02:00-04:00 UTC\"]}\nsteps:\n";
    let thursdays = "  schedule: {cron: \"0 9 * * THU\", timezone: UTC}\n  expiry: {at: 2/3}\n";
    let after_failure = "  - {id: later, on_failure: rotate, wait: {for: 1y}}\n  - id: seal\n";
    let pause = "steps:\n  - {id: pause, wait: {for: 1y}}\n";
    for (text, changes) in [
        (ROTATION, &[(EXPIRY, ""), (", lifetime: 30d", ""), ("soak: 24h", "soak: 10y"), ("10s", "1y")][..]),
        (CERTIFICATE, &[(EXPIRY, "  request: {}\n"), ("steps:\n", pause)]),
        (ROTATION, &[(SEAL, after_failure)]),
        (ROTATION, &[("steps:\n", weekly), (EXPIRY, thursdays)]),
        (EITHER, &[("within: 10s", "within: 20d"), ("soak: 24h", "soak: 20d")]),
        (DATABASE, &[("{times: 2, wait: 10s}", "{times: 10, wait: 1h}"), ("    timeout: 1h\n", "")]),
    ] {
        assert_eq!(said(text, changes), BTreeSet::new(), "{changes:?}");
    }
}
