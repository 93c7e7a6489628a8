//! Bytes that nobody wrote in good faith, at each place where bytes come in: a corpus of files, and some hundred
//! mutations of them, the same each time. Each target says what must hold of every input; the first thing is always that
//! it comes back.
//!
//! `tests/fuzz/run [SECONDS] [TARGET..]` looks for more bytes, guided by the code that they reach: libFuzzer over the same
//! targets and the same corpus (`tests/fuzz/libfuzzer`, a workspace of its own). It needs a nightly toolchain. What it finds
//! is kept below `target/fuzz`; a file becomes part of the corpus when somebody puts it there.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where something is not as it says")]

mod mutate;
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mutate::Mutator;

/// Mutations of a target's corpus, over all of its files; `COUNTERSIGN_FUZZ=20000` makes more of them.
const MUTATIONS: usize = 600;

fn mutations() -> usize {
    std::env::var("COUNTERSIGN_FUZZ").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS)
}

/// No input may take longer. A release build is some twenty times faster, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// The files of a target, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Gives each file to `hold`, and mutations of it; `hold` answers whether the input was taken.
fn replay(target: &str, hold: impl Fn(&[u8]) -> bool) {
    let files = corpus(target);
    assert!(files.len() >= 4, "{target}: {} files are no corpus", files.len());
    let one = |name: &str, bytes: &[u8]| {
        let began = Instant::now();
        let taken = hold(bytes);
        assert!(began.elapsed() < PATIENCE, "{target}/{name}: {:?}", began.elapsed());
        taken
    };
    let taken = files.iter().filter(|(name, bytes)| one(name, bytes)).count();
    assert!(taken < files.len(), "{target}: everything is taken, so that nothing is tried");
    let mut mutator = Mutator::new(target);
    for number in 0..mutations() {
        let (name, bytes) = &files[number % files.len()];
        let (_, other) = &files[(number * 7 + 3) % files.len()];
        let changed = mutator.change(bytes, other);
        one(&format!("{name}, mutation {number}"), &changed);
    }
}

#[test]
fn workflow_texts() {
    replay("workflow", targets::workflow);
}

#[test]
fn policy_texts() {
    replay("policy", targets::policy);
}

#[test]
fn policy_tests() {
    replay("trial", targets::trial);
}

#[test]
fn conditions() {
    replay("condition", targets::condition);
}

#[test]
fn cron_texts() {
    replay("cron", targets::cron);
}

#[test]
fn windows_and_freezes() {
    replay("window", targets::window);
}

#[test]
fn plans() {
    replay("plan", targets::plan);
}

#[test]
fn ledger_entries() {
    replay("entry", targets::entry);
}

#[test]
fn sealed_material() {
    replay("sealed", targets::sealed);
}

/// The names that follow `before` in a text, up to `after`.
fn names_between(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    text.split(before).skip(1).map(|rest| rest.split(after).next().unwrap().to_owned()).collect()
}

/// The names in a folder, without what follows a dot.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// A target that one of the places does not know is tried by half of what tries it.
#[test]
fn every_target_is_known_wherever_targets_are_listed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let read = |file: &str| fs::read_to_string(here.join(file)).unwrap();
    let targets = names_between(&read("targets.rs"), "\npub(crate) fn ", "(");
    assert!(targets.len() >= 9, "{targets:?}");
    assert_eq!(names_between(&read("main.rs"), "\n    replay(\"", "\""), targets, "replayed in main.rs");
    assert_eq!(names_in(&here.join("corpus")), targets, "folders of the corpus");
    assert_eq!(names_in(&here.join("libfuzzer/targets")), targets, "libfuzzer/targets");
    for target in &targets {
        let file = read(&format!("libfuzzer/targets/{target}.rs"));
        assert_eq!(names_between(&file, "    targets::", "("), BTreeSet::from([target.clone()]), "{target}.rs");
        assert!(read("main.rs").contains(&format!("replay(\"{target}\", targets::{target})")), "{target} in main.rs");
    }
    let manifest: toml::Table = read("libfuzzer/Cargo.toml").parse().unwrap();
    let binaries = manifest["bin"].as_array().unwrap().iter();
    let binaries: BTreeSet<(String, String)> = binaries
        .map(|bin| (bin["name"].as_str().unwrap().to_owned(), bin["path"].as_str().unwrap().to_owned()))
        .collect();
    let wanted: BTreeSet<_> = targets.iter().map(|name| (name.clone(), format!("targets/{name}.rs"))).collect();
    assert_eq!(binaries, wanted, "binaries of libfuzzer/Cargo.toml");
}
