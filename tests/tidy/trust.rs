//! What the compiler cannot hold of the trust argument: purity, the few places that may make a warrant, no panics.

use crate::arrows::crate_of;
use crate::source::{Named, Source, is_word};
use crate::tree::Tree;

/// What the pure crates must never name: a runtime, a database, a network, files, a clock, randomness, the process.
const IMPURE: &[&str] = &[
    "tokio",
    "async_std",
    "smol",
    "sqlx",
    "rusqlite",
    "reqwest",
    "hyper",
    "rand",
    "rand_core",
    "getrandom",
    "tracing",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::hash::RandomState",
    "countersign_contract::clock",
    "countersign_contract::failpoint",
    "countersign_contract::file",
];

/// Names with an order, or a value, that differs from process to process.
const IMPURE_ENDS: &[&str] = &["Timestamp::now", "Zoned::now", "Instant::now", "SystemTime::now", "OsRng"];

/// Macros that write to the process's streams.
const IMPURE_MACROS: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

fn at(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

fn named<'a>(source: &'a Source, wanted: impl Fn(&Named) -> bool + 'a) -> impl Iterator<Item = Named> + 'a {
    source.paths().into_iter().filter(move |path| wanted(path))
}

/// `kernel` and `warrant` are functions of values.
pub(crate) fn purity(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product().filter(|source| matches!(crate_of(&source.path), "kernel" | "warrant")) {
        let impure = |path: &Named| {
            IMPURE.iter().any(|name| path.starts_with(name)) || IMPURE_ENDS.iter().any(|name| path.ends_with(name))
        };
        complaints
            .extend(named(source, impure).map(|path| at(source, path.line, &format!("names `{path}`; it is pure"))));
        for name in IMPURE_MACROS {
            let found = source.find(&[name, "!"]);
            complaints
                .extend(found.into_iter().map(|(_, line)| at(source, line, &format!("says `{name}!`; it is pure"))));
        }
    }
    complaints
}

/// Sources of the product that are no suite of tests themselves.
fn trusted(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.product().filter(|source| crate_of(&source.path) != "conformance")
}

fn only(places: &[String], folder: &str, is_there: bool, what: &str) -> Vec<String> {
    let inside = places.iter().filter(|place| place.starts_with(folder)).count();
    match (inside == places.len(), inside) {
        (true, 1) => Vec::new(),
        (true, 0) if !is_there => Vec::new(),
        (true, 0) => vec![format!("{folder}: holds no {what}")],
        (true, _) => places.iter().map(|place| format!("{place}: one of several {what}s; there is one")).collect(),
        (false, _) => {
            let outside = places.iter().filter(|place| !place.starts_with(folder));
            outside.map(|place| format!("{place}: {what} outside {folder}")).collect()
        }
    }
}

/// The ledger is the one `Journal`.
pub(crate) fn one_journal(tree: &Tree) -> Vec<String> {
    let places = trusted(tree).flat_map(|source| {
        source.find(&["Journal", "for"]).into_iter().map(|(_, line)| format!("{}:{line}", source.path))
    });
    only(&places.collect::<Vec<_>>(), "src/ledger/", tree.has("src/ledger/mod.rs"), "`impl Journal`")
}

/// The root makes the one `Mint`.
pub(crate) fn one_mint(tree: &Tree) -> Vec<String> {
    let places = trusted(tree).flat_map(|source| {
        named(source, |path| path.ends_with("Mint::new")).map(|path| format!("{}:{}", source.path, path.line))
    });
    only(&places.collect::<Vec<_>>(), "src/lib.rs", tree.has("src/runner/mod.rs"), "`Mint::new`")
}

/// An `Allowed` comes out of `kernel/policy` only.
// inv:I8
pub(crate) fn allowed_only_in_policy(tree: &Tree) -> Vec<String> {
    let elsewhere = trusted(tree).filter(|source| !source.path.starts_with("src/kernel/policy"));
    elsewhere
        .flat_map(|source| {
            let calls = named(source, |path| path.ends_with("Allowed::judged"));
            calls.map(|path| at(source, path.line, "`Allowed::judged` is called in kernel/policy only"))
        })
        .collect()
}

/// A new name would hide these from the fences above.
pub(crate) fn renamed(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in trusted(tree) {
        for name in ["Mint", "Journal", "Allowed", "judged"] {
            let renamed = source.find(&[name, "as"]).into_iter().filter(|(index, _)| source.at(index + 2) != "_");
            for (index, line) in renamed {
                let new = source.at(index + 2);
                complaints.push(at(source, line, &format!("`{name}` is called `{new}`; tidy would not see it")));
            }
        }
        let alias = source.find(&["type"]).into_iter().filter(|(index, _)| {
            let end = source.seek(*index, &[";", "{"]);
            let equals = source.seek(*index, &["="]);
            (equals..end).any(|at| matches!(source.at(at), "Mint" | "Allowed"))
        });
        complaints.extend(alias.map(|(_, line)| at(source, line, "an alias hides `Mint` or `Allowed` from tidy")));
    }
    complaints
}

/// No `unwrap`, `expect`, `panic!`, `todo!` in what ships. (`assert!` and `unreachable!` are for our own bugs.)
pub(crate) fn panics(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product().filter(|source| crate_of(&source.path) != "conformance") {
        let mut found: Vec<_> =
            ["panic", "todo", "unimplemented"].iter().flat_map(|name| source.find(&[name, "!"])).collect();
        found.extend(source.find(&[".", "unwrap", "(", ")"]));
        let texts = source.find(&[".", "expect", "("]).into_iter();
        found.extend(texts.filter(|(index, _)| source.at(index + 3).starts_with(['"', 'r'])));
        complaints.extend(found.into_iter().map(|(_, line)| at(source, line, "panics; answer with an error")));
    }
    complaints
}

/// What is leaked is never dropped: a warrant would not be reported as lost, a secret not wiped.
// inv:I2 inv:I6
pub(crate) fn leaks(tree: &Tree) -> Vec<String> {
    let ends = ["Box::leak", "mem::forget", "ManuallyDrop::new", "Arc::into_raw", "Box::into_raw"];
    let leaks = |path: &Named| ends.iter().any(|end| path.ends_with(end));
    let found = |source| named(source, leaks).map(move |path| at(source, path.line, &format!("`{path}` leaks")));
    tree.product().flat_map(found).collect()
}

/// `anyhow` is for `main.rs` and tests.
pub(crate) fn anyhow(tree: &Tree) -> Vec<String> {
    let sources = tree.product().filter(|source| source.path != "src/main.rs");
    sources
        .flat_map(|source| {
            let found = source.find(&["anyhow"]).into_iter();
            found.map(|(_, line)| at(source, line, "`anyhow` is for main.rs and tests; make an error of the operation"))
        })
        .collect()
}

/// In what ships, a relaxed lint says why.
pub(crate) fn relaxed_lints(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product() {
        let inner =
            |level| source.find(&["#", "!", "[", level, "("]).into_iter().map(|(index, line)| (index + 4, line));
        let outer = |level| source.find(&["#", "[", level, "("]).into_iter().map(|(index, line)| (index + 3, line));
        for (open, line) in ["allow", "expect"].iter().flat_map(|level| inner(level).chain(outer(level))) {
            let end = source.after_group(open);
            let words: Vec<_> = (open..end).map(|at| source.at(at)).collect();
            if !words.contains(&"reason") {
                let lints: Vec<_> = words.into_iter().filter(|word| is_word(word) && *word != "clippy").collect();
                let lints = lints.join(", ");
                complaints.push(at(source, line, &format!("relaxes `{lints}` without `reason = \"…\"`")));
            }
        }
    }
    complaints
}

/// A test that does not run is no test.
pub(crate) fn ignored(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in tree.texts.iter().filter(|file| file.extension() == "rs" && !file.path.starts_with("tests/tidy/")) {
        for (number, line) in (1..).zip(file.text.lines()) {
            let line = line.trim_start();
            if line.starts_with("#[ignore") || line.starts_with("```ignore") || line.starts_with("/// ```ignore") {
                complaints.push(format!("{}:{number}: an ignored test; make it run or take it away", file.path));
            }
        }
    }
    complaints
}
