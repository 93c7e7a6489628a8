//! How fast a whole rotation is, with policy and evidence on, beside what the machine's disk can do.
//!
//! `cargo bench --bench rotate [-- --rounds 5 --accounts 4096]`. Real runner, ledger, policies and sealing over a null
//! connector, in a folder below `target/`; the measurements alternate, and what is printed is the median of the rounds.
//! Afterwards the oracle reads what was measured: every leaf and blob verifies, and each account has just the versions
//! that it should have. Compare ratios of one run only, and only where the idle share says that the machine was quiet.

mod checking;
mod house;
mod machine;
mod rotation;
mod void;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use house::House;
use machine::{as_f64, cpu, flushes, idle, median};

/// How many accounts are rotated one after the other, and how many with 128 in flight.
const LONE: usize = 64;
const MANY: usize = 2048;
/// How much is verified.
const ENTRIES: u64 = 100_000;

/// What the command line asks for.
struct Asked {
    rounds: usize,
    accounts: usize,
}

impl Asked {
    /// `None` unless `cargo bench` called.
    fn of_process() -> Option<Self> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let number = |name: &str| words.iter().skip_while(|word| *word != name).nth(1)?.parse().ok();
        words.iter().any(|word| word == "--bench").then_some(())?;
        Some(Self { rounds: number("--rounds").unwrap_or(5), accounts: number("--accounts").unwrap_or(4096) })
    }
}

/// One measured value: its name, its unit.
type Value = (&'static str, &'static str, f64);

fn main() -> Result<()> {
    let Some(asked) = Asked::of_process() else { return Ok(()) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(bench(&asked, folder.path()))
}

async fn bench(asked: &Asked, folder: &Path) -> Result<()> {
    let house = Arc::new(House::new(&folder.join("data")).await?);
    let accounts: Arc<[String]> = (0..asked.accounts).map(|number| format!("a{number}")).collect();
    let provisioned = rotation::all(&house, "provision", &accounts, 512).await?;
    println!("set up: {} accounts provisioned, {:.0}/s", accounts.len(), provisioned.per_sec);
    println!("one provision: {}", rotation::written(&house, &provisioned.sample).await?);
    let mut rounds = Vec::new();
    for number in 1..=asked.rounds {
        let values = round(&house, folder, &accounts).await?;
        let words: Vec<String> = values.iter().map(|(.., value)| digits(*value)).collect();
        println!("round {number}: {}", words.join("  "));
        rounds.push(values);
    }
    print(&rounds);
    oracle(&house, &accounts, u32::try_from(asked.rounds)?).await
}

/// Every measurement once.
async fn round(house: &Arc<House>, folder: &Path, accounts: &Arc<[String]>) -> Result<Vec<Value>> {
    let lone: Arc<[String]> = accounts.iter().take(LONE).cloned().collect();
    let many: Arc<[String]> = accounts.iter().take(MANY).cloned().collect();
    let before = idle(Duration::from_millis(500));
    let flush = median(&flushes(folder, 1000)?);
    let alone = rotation::all(house, "rotate", &lone, 1).await?;
    let at_128 = rotation::all(house, "rotate", &many, 128).await?;
    let at_1024 = rotation::all(house, "rotate", accounts, 1024).await?;
    let written = rotation::written(house, &at_128.sample).await?;
    let checked = check(house).await?;
    let after = idle(Duration::from_millis(500));
    Ok(vec![
        ("idle before", "%", before),
        ("fdatasync, growing file, p50", "us", flush * 1e6),
        ("fdatasync, growing file", "/s", 1.0 / flush),
        ("a rotation's entries", "", written.entries),
        ("a rotation's decisions", "", written.decisions),
        ("a rotation's commits", "", written.commits),
        ("rotations, 1 in flight", "/s", alone.per_sec),
        ("  a lone rotation, p50", "ms", alone.each * 1e3),
        ("  in fdatasyncs", "x", alone.each / flush),
        ("  processor time of one", "us", alone.cpu * 1e6),
        ("rotations, 128 in flight", "/s", at_128.per_sec),
        ("  each, p50", "ms", at_128.each * 1e3),
        ("  processor time of one", "us", at_128.cpu * 1e6),
        ("rotations, 1024 in flight", "/s", at_1024.per_sec),
        ("  each, p50", "ms", at_1024.each * 1e3),
        ("  processor time of one", "us", at_1024.cpu * 1e6),
        ("leaves hashed to the root", "/s", checked.hashed),
        ("entries verified", "/s", checked.verified),
        ("  100,000 of them", "s", as_f64(ENTRIES) / checked.verified),
        ("  processor time of one", "us", checked.cpu * 1e6),
        ("idle after", "%", after),
    ])
}

/// How fast the first entries of the ledger are read and checked.
struct Checked {
    /// Leaves a second, hashes and root alone.
    hashed: f64,
    /// Entries a second, with every rule.
    verified: f64,
    /// Processor time of one entry, in seconds.
    cpu: f64,
}

async fn check(house: &House) -> Result<Checked> {
    let store = &house.installation.store;
    let upto = store.checkpoint_covering(ENTRIES - 1).await?.context("fewer entries than are to be verified")?;
    let key = checking::key(house.installation.folder.root())?;
    let hashed = checking::hash(store, &upto).await?;
    let used = cpu()?;
    let (report, verified) = checking::verify(store, &key, &upto).await?;
    anyhow::ensure!(report.holds(), "the ledger does not hold: {:#?}", report.faults);
    Ok(Checked { hashed, verified, cpu: (cpu()? - used) / as_f64(upto.size) })
}

fn print(rounds: &[Vec<Value>]) {
    println!("\n{:<34}{:>12}      rounds", "", "median");
    let Some(first) = rounds.first() else { return };
    for (place, (name, unit, _)) in first.iter().enumerate() {
        let values: Vec<f64> = rounds.iter().filter_map(|round| round.get(place)).map(|(.., value)| *value).collect();
        let words: Vec<String> = values.iter().map(|value| digits(*value)).collect();
        println!("{name:<34}{:>12} {unit:<4} {}", digits(median(&values)), words.join("  "));
    }
}

fn digits(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

async fn oracle(house: &House, accounts: &[String], rounds: u32) -> Result<()> {
    let start = Instant::now();
    let rotations = |place| rounds * (1 + u32::from(place < LONE) + u32::from(place < MANY));
    let report = checking::hold(house, accounts, rotations).await?;
    println!(
        "\noracle: {} entries of {} runs, {} blobs: every hash, link and signature holds; versions = rotations ({:.1} s)",
        report.size,
        report.runs,
        report.blobs_checked,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
