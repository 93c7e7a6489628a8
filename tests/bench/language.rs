//! What a person waits for before anything runs: a decision, a plan, a folder of a thousand workflows.
//!
//! `cargo bench --bench language [-- FILTER]`, by criterion. Real policies, planner and inventory over a null connector,
//! in a folder below `target/`. Targets, what was measured and where the time goes stand in `tests/bench/README.md`.

mod house;
mod judging;
mod naive;
mod reading;
mod void;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use criterion::Criterion;
use house::House;
use naive::Naive;
use tokio::runtime::Runtime;

/// Files of one folder.
const FILES: u32 = 1000;

fn main() -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let house = runtime.block_on(async {
        let house = House::new(&folder.path().join("data")).await?;
        house.run("provision", "a0").await?;
        anyhow::Ok(house)
    })?;
    let mut criterion = Criterion::default().configure_from_args();
    decisions(&mut criterion, &house, &runtime)?;
    plans(&mut criterion, &house, &runtime)?;
    folders(&mut criterion, &house, &runtime, &folder.path().join("set"))?;
    criterion.final_summary();
    Ok(())
}

/// The question built from a plan, judged, and written down for the ledger; the next act of the plan each time.
fn decisions(criterion: &mut Criterion, house: &House, runtime: &Runtime) -> Result<()> {
    let plan = runtime.block_on(judging::plan(house, "rotate", "a0"))?;
    let mut group = criterion.benchmark_group("decision");
    for count in [20, 100, 1000] {
        let policies = reading::policies(house, count)?;
        let mut acts = judging::Acts::of(house, &plan)?;
        group.bench_function(format!("under {count} policies"), |timed| timed.iter(|| acts.judge_next(&policies)));
        let naive = Naive::of(&policies)?;
        let (request, entities) = Naive::asked(&policies, &acts.next().context("an act")?)?;
        anyhow::ensure!(naive.decide(&request, &entities)?, "Cedar itself allows it");
        group.bench_function(format!("Cedar by its JSON, {count}"), |timed| {
            timed.iter(|| naive.decide(&request, &entities));
        });
    }
    let wide = reading::unscoped(house, 100)?;
    let mut acts = judging::Acts::of(house, &plan)?;
    group.bench_function("with 100 forbids without a scope", |timed| timed.iter(|| acts.judge_next(&wide)));
    group.finish();
    Ok(())
}

/// A plan from the request on: its target and the store read, the plan made; and its canonical bytes.
fn plans(criterion: &mut Criterion, house: &House, runtime: &Runtime) -> Result<()> {
    let mut group = criterion.benchmark_group("plan");
    group.bench_function("observed and made", |timed| {
        timed.iter(|| runtime.block_on(judging::plan(house, "rotate", "a0")));
    });
    let plan = runtime.block_on(judging::plan(house, "rotate", "a0"))?;
    group.bench_function("its digest", |timed| timed.iter(|| plan.digest()));
    group.finish();
    Ok(())
}

/// A thousand workflow files as one set with its policies: checked, and each of them planned.
fn folders(criterion: &mut Criterion, house: &House, runtime: &Runtime, folder: &Path) -> Result<()> {
    let mut group = criterion.benchmark_group("1,000 files");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    let files = reading::files(FILES);
    group.bench_function("checked in memory", |timed| timed.iter(|| reading::check(house, &files)));
    reading::folder(folder, FILES as usize)?;
    anyhow::ensure!(reading::lint(folder)? == FILES as usize, "the shipped workflows, many times");
    group.bench_function("linted, the shipped ones from their folder", |timed| timed.iter(|| reading::lint(folder)));
    let set = reading::check(house, &files)?;
    anyhow::ensure!(set.workflows.len() == usize::try_from(FILES)?, "{} workflows", set.workflows.len());
    group.bench_function("planned", |timed| {
        timed.iter(|| runtime.block_on(judging::plan_each(house, set.workflows.values(), "a0")));
    });
    group.finish();
    Ok(())
}
