//! What the mint writes reads back as it was.

use super::cases::{applied, done, entry, indeterminate, refused};
use crate::{Digest, Finding, FindingBody, ReceiptBody, Timestamp};

#[test]
fn receipts_and_findings_read_back_as_written() {
    for outcome in [done(), refused(), indeterminate()] {
        let body = ReceiptBody { intent: entry(11), attempt: 2, outcome };
        let text = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<ReceiptBody>(&text).unwrap(), body, "{text}");
    }
    let findings = [
        Finding::Applied(applied()),
        Finding::NotApplied { observed_at: Timestamp::from_micros(7) },
        Finding::Declared { by: "p_00".to_owned(), reason: Digest::of(b"seen by hand") },
    ];
    for finding in findings {
        let body = FindingBody { intent: entry(11), attempt: 2, finding };
        let text = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<FindingBody>(&text).unwrap(), body, "{text}");
    }
}
