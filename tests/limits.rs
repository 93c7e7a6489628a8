//! What nobody wrote in good faith ends in a clear error, within a tenth of a second and 16 MiB above a process that
//! does nothing.
//!
//! One test in a binary of its own: the operating system counts the memory of children for the whole process, as the
//! largest of them all, so that what does nothing is measured first.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// The promise for what ships.
const TIME_MAX: Duration = Duration::from_millis(100);
const MEMORY_MAX_KIB: i64 = 16 * 1024;

/// A build that is not optimised, on a machine that does other things, may take so many times as long, and its code
/// and unpacked tables take more room.
const UNOPTIMISED: (u32, i64) = if cfg!(debug_assertions) { (15, 2) } else { (1, 1) };

/// The largest child so far, in KiB.
fn largest() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
}

/// Runs the binary; how long it took, its exit code and what it said.
fn timed(folder: &Path, arguments: &[&str]) -> (Duration, i32, String) {
    let began = Instant::now();
    let output = Command::new(BINARY)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("COUNTERSIGN_DATA", folder.join("no-data"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (began.elapsed(), output.status.code().unwrap_or(-1), said)
}

/// Files, and the code that each ends in.
fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = include_str!("../workflows/rotate-reporting-key.yaml");
    let laughs: String = (0..9).fold("a0: &a0 [lol, lol]\n".to_owned(), |text, n| {
        let all = format!("*a{n}, ").repeat(10);
        text + &format!("a{}: &a{} [{all}]\n", n + 1, n + 1)
    });
    // Bytes of a fixed sequence (xorshift), none of them chosen.
    let mut state = 0x9e37_79b9_u32;
    let random = (0..100_000).map(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    });
    let policy = |condition: String| {
        format!("@id(\"a\") permit (principal, action, resource) when {{ {condition} }};").into_bytes()
    };
    let listed = |count| policy(format!("[{}\"x\"].contains(context.trigger)", "\"x\",".repeat(count)));
    vec![
        ("nested.cedar", policy("(".repeat(100_000)), "policy.too_deep"),
        ("choices.cedar", policy("if true then ".repeat(10_000)), "policy.too_deep"),
        ("terms.cedar", policy(format!("0 < {}1", "1+".repeat(20_000))), "policy.too_deep"),
        ("calls.cedar", policy(format!("[1]{}", ".containsAll([1, 1])".repeat(9_000))), "policy.too_deep"),
        ("no-ids.cedar", "forbid(principal,action,resource);".repeat(900).into_bytes(), "policy.too_many_errors"),
        ("many.cedar", "forbid(principal,action,resource);".repeat(7_600).into_bytes(), "policy.too_long"),
        ("words.cedar", listed(50_000), "policy.too_deep"),
        ("no-such-words.cedar", listed(1_990), "policy.unknown_word"),
        ("ten-megabytes.cedar", policy(" ".repeat(10 << 20)), "policy.too_long"),
        ("utf16.cedar", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "policy.not_utf8"),
        ("ten-megabytes", good.repeat(8_000).into_bytes(), "workflow.too_long"),
        ("nested-lists", "[".repeat(10_000).into_bytes(), "workflow.too_deep"),
        ("nested-blocks", "- ".repeat(10_000).into_bytes(), "workflow.too_deep"),
        ("billion-laughs", laughs.into_bytes(), "workflow.anchor"),
        ("not-utf8", [good.as_bytes(), &[0xc3, 0x28]].concat(), "workflow.not_utf8"),
        ("utf16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), "workflow.utf16"),
        ("empty", Vec::new(), "workflow.empty"),
        ("cut", good.as_bytes()[..good.len() / 2].to_vec(), "workflow."),
        ("random", random.collect(), "workflow.not_utf8"),
        ("many-values", "- a\n".repeat(200_000).into_bytes(), "workflow.too_many_values"),
        (
            "unknown-keys",
            (0..9_000).fold(String::new(), |text, n| text + &format!("k{n}: 1\n")).into_bytes(),
            "workflow.unknown_key",
        ),
    ]
}

/// Where the files are to be written, for [`write_the_files`].
const FOLDER: &str = "COUNTERSIGN_HOSTILE";
/// Names the files that are there, each with its code.
const INDEX: &str = "index";

/// Makes the files where the test below asks for it, in a process that nobody waits for: what a process has in memory counts
/// for its children, too.
#[test]
fn write_the_files() {
    let Some(folder) = std::env::var_os(FOLDER).map(std::path::PathBuf::from) else { return };
    let mut index = String::new();
    for (name, bytes, code) in files() {
        let file = if name.contains('.') { name.to_owned() } else { format!("{name}.yaml") };
        fs::write(folder.join(&file), bytes).unwrap();
        writeln!(index, "{file} {code}").unwrap();
    }
    fs::write(folder.join("index.new"), index).unwrap();
    fs::rename(folder.join("index.new"), folder.join(INDEX)).unwrap();
}

/// The files' names and codes, once they are written.
fn written(folder: &Path) -> Vec<(String, String)> {
    let own = std::env::current_exe().unwrap();
    let call = r#""$0" --exact write_the_files >/dev/null 2>&1 &"#;
    let shell = Command::new("sh").args(["-c", call]).arg(own).env(FOLDER, folder).status().unwrap();
    assert!(shell.success());
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        if let Ok(index) = fs::read_to_string(folder.join(INDEX)) {
            let both = |line: &str| line.split_once(' ').map(|(file, code)| (file.to_owned(), code.to_owned()));
            return index.lines().filter_map(both).collect();
        }
        assert!(Instant::now() < until, "the files were not written");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn hostile_files_end_in_a_clear_error_quickly_and_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let good = include_str!("../workflows/rotate-reporting-key.yaml");
    fs::write(folder.path().join("good.yaml"), good).unwrap();
    for _ in 0..3 {
        assert_eq!(timed(folder.path(), &["--version"]).1, 0);
    }
    let idle = largest();
    let mut measured = Vec::new();
    let files = written(folder.path());
    assert!(files.len() > 15, "{files:?}");
    for (file, code) in &files {
        // The best of three: the machine may be busy, and a file that takes long takes long each time.
        let told = (0..3).map(|_| timed(folder.path(), &["lint", file])).min_by_key(|(took, ..)| *took).unwrap();
        let (took, exit, said) = told;
        assert_eq!(exit, 2, "{file}: {said}");
        assert!(said.contains(code) && said.contains("help:"), "{file}: {said}");
        assert!(!said.contains("panicked"), "{file}: {said}");
        measured.push(format!("{file} {} ms, {} KiB above", took.as_millis(), largest() - idle));
        let (times, room) = UNOPTIMISED;
        assert!(took <= TIME_MAX * times, "{measured:#?}");
        assert!(largest() - idle <= MEMORY_MAX_KIB * room, "{measured:#?}");
    }
    println!("idle {idle} KiB\n{}", measured.join("\n"));
}
