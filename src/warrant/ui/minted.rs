//! Nobody but the mint writes intents, receipts or findings.
use countersign_warrant::{Entry, EntryId, Kind};

fn write(id: EntryId) -> Entry {
    Entry::minted(id, Kind::Receipt, serde_json::Value::Null)
}

fn main() {}
