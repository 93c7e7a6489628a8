//! Verification: how fast, and whether what was measured holds.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use countersign::store::{Store, StoredCheckpoint};
use countersign_kernel::evidence::note::VerifierKey;
use countersign_kernel::evidence::report::Report;
use countersign_kernel::evidence::tree::{Frontier, leaf_hash};
use countersign_kernel::evidence::verify::{BlobAnswer, Leaf, Verifier, named_blobs};
use countersign_kernel::run::bodies::Stage;

use crate::house::House;
use crate::machine::as_f64;

const PAGE: u32 = 1000;

/// The ledger's key, as an auditor has it.
pub(crate) fn key(root: &Path) -> Result<VerifierKey> {
    let text = std::fs::read_to_string(root.join("ledger.vkey"))?;
    text.trim().parse().map_err(|error| anyhow::anyhow!("{error}"))
}

/// Every hash, link and rule over what the checkpoint covers: the report, and entries a second.
pub(crate) async fn verify(store: &Store, key: &VerifierKey, upto: &StoredCheckpoint) -> Result<(Report, f64)> {
    let start = Instant::now();
    let mut verifier = Verifier::new(&upto.note, key);
    let mut index = 0;
    while index < upto.size {
        for entry in page(store, &mut index, upto.size).await? {
            verifier.leaf(&Leaf { index: entry.index, bytes: entry.statement, stored_hash: Some(entry.leaf) });
        }
    }
    let report = verifier.finish();
    Ok((report, as_f64(upto.size) / start.elapsed().as_secs_f64()))
}

/// Hashes and root alone, in leaves a second.
pub(crate) async fn hash(store: &Store, upto: &StoredCheckpoint) -> Result<f64> {
    let start = Instant::now();
    let mut tree = Frontier::default();
    let mut index = 0;
    while index < upto.size {
        for entry in page(store, &mut index, upto.size).await? {
            tree.push(leaf_hash(&entry.statement));
        }
    }
    ensure!(tree.root() == upto.root, "the root is another");
    Ok(as_f64(upto.size) / start.elapsed().as_secs_f64())
}

async fn page(store: &Store, index: &mut u64, end: u64) -> Result<Vec<countersign::store::StoredEntry>> {
    let left = u32::try_from(end - *index).unwrap_or(PAGE).min(PAGE);
    let page = store.entries_from(*index, left).await?;
    *index = page.last().context("an entry is missing")?.index + 1;
    Ok(page)
}

/// The oracle: every leaf verifies with every blob, nothing is open, and each account was rotated as often as asked.
pub(crate) async fn hold(house: &House, accounts: &[String], rotations: impl Fn(usize) -> u32) -> Result<Report> {
    let store = &house.installation.store;
    let size = store.counts().await?.entries;
    let upto = house.installation.ledger.checkpoint_covering(size - 1).await?;
    let key = key(house.installation.folder.root())?;
    let found: Arc<Mutex<HashMap<_, _>>> = Arc::default();
    let lent = Arc::clone(&found);
    let mut verifier = Verifier::new(&upto.note, &key).with_blobs(move |digest| {
        lent.lock().unwrap_or_else(PoisonError::into_inner).remove(digest).unwrap_or(BlobAnswer::Missing)
    });
    let mut index = 0;
    while index < upto.size {
        for entry in page(store, &mut index, upto.size).await? {
            for digest in named_blobs(&entry.stamped()?) {
                let bytes = store.blob_bytes(&digest).await?.context("a named blob is missing")?;
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, BlobAnswer::Found(bytes));
            }
            verifier.leaf(&Leaf { index: entry.index, bytes: entry.statement, stored_hash: Some(entry.leaf) });
        }
    }
    let report = verifier.finish();
    ensure!(report.holds(), "the ledger does not hold: {:#?}", report.faults);
    ensure!(report.open_runs.is_empty() && report.open_intents.is_empty(), "something is open");
    for (place, account) in accounts.iter().enumerate() {
        let versions = store.versions(&format!("void/account/{account}").parse()?).await?;
        let current: Vec<u32> =
            versions.iter().filter(|row| row.stage == Stage::Current).map(|row| row.id.number).collect();
        ensure!(current == [rotations(place) + 1], "`{account}` has the current versions {current:?}");
        ensure!(versions.len() == rotations(place) as usize + 1, "`{account}` has {} versions", versions.len());
    }
    Ok(report)
}
