//! Figures, printed: `cargo test -p countersign figures -- --nocapture`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign_warrant::Journal as _;

use super::house::{House, fact, fence, started};

/// Commits per second of one entry each, with so many runs in flight.
async fn rate(in_flight: u64, time: Duration) -> (f64, u64, u64) {
    let house = House::new().await;
    let starts = (0..in_flight).map(|run| {
        let ledger = Arc::clone(&house.ledger);
        tokio::spawn(async move {
            let name = format!("r{run}");
            let started = started(&name, &format!("local/account/a{run}"), None);
            ledger.commit(fence(&name, 1), vec![started]).await.unwrap();
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
    let (before, done) = (house.batches().await, Arc::new(AtomicU64::default()));
    let begun = Instant::now();
    let runs = (0..in_flight).map(|run| {
        let (ledger, done) = (Arc::clone(&house.ledger), Arc::clone(&done));
        tokio::spawn(async move {
            let name = format!("r{run}");
            let mut number = 1;
            while begun.elapsed() < time {
                ledger.commit(fence(&name, 1), vec![fact(&name, number, "figures")]).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
                number += 1;
            }
        })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    let (done, took) = (done.load(Ordering::Relaxed), begun.elapsed());
    let batches = house.batches().await - before;
    #[allow(clippy::cast_precision_loss)]
    (done as f64 / took.as_secs_f64(), done, batches)
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_group_commit() {
    let mut rates = Vec::new();
    for in_flight in [1, 128, 1024] {
        let (rate, members, batches) = rate(in_flight, Duration::from_millis(400)).await;
        println!("{in_flight:5} in flight: {rate:8.0} commits/s ({members} members in {batches} flushes)");
        assert!(batches <= members);
        rates.push(rate);
    }
    assert!(rates[1] > rates[0] * 1.5, "many in flight are not faster than one: {rates:?}");
}
