//! How fast a whole rotation is, with policy and evidence on, beside what the machine's disk can do.
//!
//! `cargo bench --bench rotate [-- --rounds 5 --accounts 4096]`. Real runner, ledger, policies and sealing over a null
//! connector, in a folder below `target/`; the measurements alternate, and what is printed is the median of the rounds.
//! Afterwards the oracle reads what was measured: every leaf and blob verifies, and each account has just the versions
//! that it should have. Compare ratios of one run only, and only where the idle share says that the machine was quiet.

mod checking;
mod house;
mod judging;
mod machine;
mod rotation;
mod void;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use house::House;
use machine::{flushes, idle, median};

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

/// One line of the table: its name, its unit, a value for each round.
struct Line {
    name: String,
    unit: &'static str,
    values: Vec<f64>,
}

fn main() -> Result<()> {
    let Some(asked) = Asked::of_process() else { return Ok(()) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(bench(&asked, folder.path()))
}

async fn bench(asked: &Asked, folder: &std::path::Path) -> Result<()> {
    let house = Arc::new(House::new(&folder.join("data")).await?);
    let accounts: Arc<[String]> = (0..asked.accounts).map(|number| format!("a{number}")).collect();
    let lone: Arc<[String]> = accounts.iter().take(LONE).cloned().collect();
    let many: Arc<[String]> = accounts.iter().take(MANY).cloned().collect();
    let provisioned = rotation::all(&house, "provision", &accounts, 512).await?;
    let written = rotation::written(&house, &provisioned.sample).await?;
    println!("set up: {} accounts provisioned, {:.0}/s", accounts.len(), provisioned.per_sec);
    println!("one provision: {written}");
    let mut lines: Vec<Line> = Vec::new();
    for round in 1..=asked.rounds {
        let before = idle(Duration::from_millis(500));
        let flush = median(&flushes(folder, 1000)?);
        let alone = rotation::all(&house, "rotate", &lone, 1).await?;
        let at_128 = rotation::all(&house, "rotate", &many, 128).await?;
        let at_1024 = rotation::all(&house, "rotate", &accounts, 1024).await?;
        if round == 1 {
            println!("one rotation: {}", rotation::written(&house, &at_128.sample).await?);
        }
        let plan = judging::plan(&house, "a0").await?;
        let decision = judging::decide(&house, &plan, 20_000)?;
        let (hashed, verified) = check(&house).await?;
        let after = idle(Duration::from_millis(500));
        let measured = [
            ("idle before".to_owned(), "%", before),
            ("fdatasync, growing file, p50".to_owned(), "us", flush * 1e6),
            ("fdatasync, growing file".to_owned(), "/s", 1.0 / flush),
            ("rotations, 1 in flight".to_owned(), "/s", alone.per_sec),
            ("  a lone rotation, p50".to_owned(), "ms", alone.each * 1e3),
            ("  in fdatasyncs".to_owned(), "x", alone.each / flush),
            ("rotations, 128 in flight".to_owned(), "/s", at_128.per_sec),
            ("  each, p50".to_owned(), "ms", at_128.each * 1e3),
            ("rotations, 1024 in flight".to_owned(), "/s", at_1024.per_sec),
            ("  each, p50".to_owned(), "ms", at_1024.each * 1e3),
            ("a decision, with its question".to_owned(), "us", decision * 1e6),
            ("leaves hashed to the root".to_owned(), "/s", hashed),
            ("entries verified".to_owned(), "/s", verified),
            ("idle after".to_owned(), "%", after),
        ];
        println!(
            "round {round}: {:.0} /s at 1, {:.0} /s at 128, {:.0} /s at 1024",
            alone.per_sec, at_128.per_sec, at_1024.per_sec
        );
        for (place, (name, unit, value)) in measured.into_iter().enumerate() {
            if lines.len() == place {
                lines.push(Line { name, unit, values: Vec::new() });
            }
            lines[place].values.push(value);
        }
    }
    print(&lines);
    oracle(&house, &accounts, u32::try_from(asked.rounds)?).await
}

/// The first entries of the ledger: leaves hashed a second, and entries verified a second.
async fn check(house: &House) -> Result<(f64, f64)> {
    let store = &house.installation.store;
    let upto = store.checkpoint_covering(ENTRIES - 1).await?.context("fewer entries than are to be verified")?;
    let key = checking::key(house.installation.folder.root())?;
    let hashed = checking::hash(store, &upto).await?;
    let (report, verified) = checking::verify(store, &key, &upto).await?;
    anyhow::ensure!(report.holds(), "the ledger does not hold: {:#?}", report.faults);
    Ok((hashed, verified))
}

fn print(lines: &[Line]) {
    println!("\n{:<34}{:>12}      rounds", "median", "");
    for Line { name, unit, values } in lines {
        let rounds: Vec<String> = values.iter().map(|value| digits(*value)).collect();
        println!("{name:<34}{:>12} {unit:<4} {}", digits(median(values)), rounds.join("  "));
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
