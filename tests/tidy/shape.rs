//! Which files there are, and how they open.

use std::collections::BTreeSet;

use crate::arrows::crate_of;
use crate::tree::Tree;

/// What stands at the top, beside dotfiles.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "src/",
    "workflows/",
    "migrations/",
    "connectors/",
    "tests/",
    "deploy/",
    "target/",
];

/// The files of a connector: anyone finds `act.rs` in any of them.
const CONNECTOR: &[&str] = &["Cargo.toml", "README.md", "lib.rs", "manifest.rs", "observe.rs", "act.rs", "client.rs"];

/// Nothing new at the top.
pub(crate) fn top_level(tree: &Tree) -> Vec<String> {
    let names = tree.top.iter().filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()));
    names.map(|name| format!("{name}: the top level is the one of DESIGN section 2")).collect()
}

/// Each crate that implements `Connector`, the suites apart, has the five files and a README.
pub(crate) fn connectors(tree: &Tree) -> Vec<String> {
    let drivers = tree
        .product()
        .filter(|source| crate_of(&source.path) == "connectors" && !source.find(&["Connector", "for"]).is_empty());
    let folders: BTreeSet<String> =
        drivers.map(|source| source.path.split('/').take(2).collect::<Vec<_>>().join("/")).collect();
    let wanted = folders.iter().flat_map(|folder| CONNECTOR.iter().map(move |file| format!("{folder}/{file}")));
    wanted.filter(|path| !tree.has(path)).map(|path| format!("{path}: a connector has this file")).collect()
}

/// A crate, a room and a module folder say first what they are.
pub(crate) fn heads(tree: &Tree) -> Vec<String> {
    let opens = |path: &str| {
        let in_src = path.strip_prefix("src/").is_some_and(|below| !below.contains('/') && below != "main.rs");
        path.ends_with("/lib.rs") || path.ends_with("/mod.rs") || in_src
    };
    let silent = tree.product().filter(|source| opens(&source.path) && !source.first_line.starts_with("//! "));
    silent.map(|source| format!("{}: does not open with `//!` and what it is", source.path)).collect()
}

/// Each migration is numbered and says in prose what it does and why.
pub(crate) fn migrations(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.texts.iter().filter(|file| file.path.starts_with("migrations/") && file.extension() == "sql") {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let number = name.split('_').next().unwrap_or_default();
        if number.len() < 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
            complaints.push(format!("{}: begins with no number of four digits", file.path));
        }
        let header = file.text.lines().take_while(|line| line.starts_with("--"));
        if header.map(|line| line.trim_start_matches('-').trim().len()).sum::<usize>() < 60 {
            complaints.push(format!("{}: opens without a prose header", file.path));
        }
    }
    complaints
}
