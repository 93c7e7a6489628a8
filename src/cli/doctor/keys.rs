//! The keys: there, ours alone, those that the ledger knows, and able to open what is sealed.

use super::Report;
use crate::Reading;
use crate::cli::screen::counted;

pub(super) async fn examine(reading: &Reading, report: &mut Report) {
    let seen = match reading.look_at_keys().await {
        Ok(seen) => seen,
        Err(error) => return report.stop("keys", &error.into()),
    };
    report.ok("keys", "all are there, can be read by this user alone, and are those that the ledger names");
    let opened = counted(seen.opened as u64, "version", "versions");
    if seen.shut.is_empty() {
        return report.ok("keys", format!("what is sealed opens, and is what its fingerprint says: {opened}"));
    }
    for (version, why) in &seen.shut {
        let next = "change nothing in the folder; put back the key, or the database, that belongs to the other";
        report.fault("keys", format!("{version} does not open: {why}"), next);
    }
}
