//! What a restart finds, and what it does not believe.

use std::sync::Arc;

use serde_json::json;

use super::cases::{allowed, done, entry, fence, intent, intent_on, mint};
use super::memory::now;
use crate::recover::Intents;
use crate::{Kind, Mint, OpenIntent, ReceiptBody, Stamped, Timestamp};

fn stamped(number: u64, kind: Kind, predicate: serde_json::Value) -> Stamped {
    Stamped { id: entry(number), kind, at: Timestamp::from_micros(1), predicate, index: None }
}

// inv:I2
#[test]
fn inv_i2_a_restart_finds_what_is_open_and_what_is_done() {
    let (mint, _, journal) = mint();
    let (first, _) = now(mint.grant(allowed(intent_on(11, "local/account/a")), Vec::new(), fence())).unwrap();
    let (second, _) = now(mint.grant(allowed(intent_on(21, "local/account/b")), Vec::new(), fence())).unwrap();
    now(mint.record(second.settle(done()), fence())).unwrap();
    let deadline = first.deadline();
    drop((first, mint));

    let (restarted, _) = Mint::new(Arc::clone(&journal));
    let found = now(restarted.recover(fence().run)).unwrap();
    assert_eq!(found.open.iter().map(OpenIntent::deadline).collect::<Vec<_>>(), [deadline]);
    assert_eq!(found.done.iter().map(|done| done.intent().entry.clone()).collect::<Vec<_>>(), [entry(21)]);
    assert_eq!(found.stamped.len(), 5, "two decisions, two intents, one receipt");
}

// inv:I2
#[test]
fn inv_i2_a_receipt_of_another_attempt_closes_nothing() {
    let granted = stamped(11, Kind::Intent, json!({"decision": null, "epoch": 1, "intent": intent(11)}));
    let receipt = |of, attempt| {
        let body = ReceiptBody { intent: of, attempt, outcome: done() };
        stamped(13, Kind::Receipt, serde_json::to_value(body).unwrap())
    };
    let open_after = |receipt: Stamped| {
        let intents = Intents::of(&[granted.clone(), receipt]).unwrap();
        intents.into_recovered(Vec::new()).open.len()
    };
    assert_eq!(open_after(receipt(entry(11), 1)), 0);
    assert_eq!(open_after(receipt(entry(11), 2)), 1);
    assert_eq!(open_after(receipt("r2/11".parse().unwrap(), 1)), 1);
    assert_eq!(open_after(receipt("intent:11".parse().unwrap(), 1)), 1);
}

// inv:I4
#[test]
fn inv_i4_a_run_with_an_entry_of_no_shape_is_not_recovered() {
    let broken = stamped(11, Kind::Intent, json!({"decision": null}));
    let text = Intents::of(&[broken]).map(|_| ()).unwrap_err().to_string();
    assert_eq!(text, "entry `r1/11` does not have the shape of its kind, `intent`");
}
