//! Each fence fails on a house that breaks it, and on nothing else of that house.

use crate::tree::Tree;
use crate::{arrows, logged, manifests, shape, sizes, texts, trust, words};

type Fence = fn(&Tree) -> Vec<String>;

/// A fence, a house that breaks it, and words of the one complaint.
fn caught(fence: Fence, files: &[(&str, &str)], words: &str) {
    let complaints = fence(&Tree::of(files));
    assert_eq!(complaints.len(), 1, "{files:?}: {complaints:?}");
    assert!(complaints[0].contains(words), "{} lacks `{words}`", complaints[0]);
}

fn passed(fence: Fence, files: &[(&str, &str)]) {
    assert_eq!(fence(&Tree::of(files)), Vec::<String>::new(), "{files:?}");
}

#[test]
fn arrows_are_seen_in_every_spelling() {
    let rooms: &[(&str, &str)] = &[
        ("src/store/rows.rs", "use crate::runner::Step;"),
        ("src/store/rows.rs", "fn f() { g(crate::runner::h()); }"),
        ("src/store/rows.rs", "fn f() { println!(\"{}\", crate::runner::h()); }"),
        ("src/store/rows.rs", "use crate::{clock, store::{x, y as z}, runner::{self as r}};"),
        ("src/store/rows.rs", "use super::super::runner;"),
        ("src/store/mod.rs", "use super::runner;"),
        ("src/clock.rs", "use super::runner::y;"),
        ("src/store/rows.rs", "mod inner { use super::super::super::runner::y; }"),
        ("src/store/rows.rs", "use countersign_warrant::Journal as _;"),
        ("src/cli/activate.rs", "use countersign_warrant::{Digest, Entry};"),
        ("src/cli/activate.rs", "use countersign_warrant::*;"),
        ("src/cli/run.rs", "use countersign_connector_local::target;"),
        ("src/store/rows.rs", "use crate::Everything;"),
        ("src/engine/mod.rs", "fn f() {}"),
    ];
    for file in rooms {
        caught(arrows::between_rooms, &[*file], &file.0[..9]);
    }
    let free: &[(&str, &str)] = &[
        ("src/store/rows.rs", "use super::mod_of_store; use crate::{clock, settings::Limits, store::x};"),
        ("src/store/rows.rs", "mod inner { use super::super::runner; }"),
        ("src/store/rows.rs", "// crate::runner\n#[cfg(test)] mod tests { use crate::runner::y; }"),
        ("src/store/tests.rs", "use crate::runner::y;"),
        ("src/store/rows.rs", "use countersign_warrant::{Digest, RunId};"),
        ("src/cli/run.rs", "use crate::Installation;"),
        ("src/runner/mod.rs", "use countersign_warrant::Mint; use crate::ledger;"),
        ("src/lib.rs", "use crate::runner::y; use countersign_warrant::Mint;"),
    ];
    for file in free {
        passed(arrows::between_rooms, &[*file]);
    }
    caught(arrows::between_crates, &[("connectors/local/act.rs", "use countersign_warrant::Mint;")], "connectors");
    caught(arrows::between_crates, &[("src/warrant/mint.rs", "fn f() -> countersign_kernel::X {}")], "warrant");
    passed(arrows::between_crates, &[("connectors/local/act.rs", "use countersign_contract::Warrant;")]);
}

#[test]
fn fields_that_are_logged_are_held() {
    const LIST: (&str, &str) = (
        "src/telemetry/fields.rs",
        "pub const WRITTEN: &[(&str, &str)] = &[(\"code\", \"a code\"), (\"run\", \"a run\")];",
    );
    let of = |text: &'static str| [LIST, ("src/serve/x.rs", text)];
    for (text, words) in [
        ("fn f() { tracing::info!(password, \"it\"); }", "`password`"),
        ("fn f() { tracing::info_span!(\"run\", run, key = x.y(), code = 1); }", "`key`"),
        ("fn f() { tracing::warn!(run, \"it is {run}\"); }", "hold a value"),
        ("fn f() { tracing::warn!(?run, \"it\"); }", "Debug"),
        ("fn f() { tracing::warn!(run = ?x.run(1, 2), \"it\"); }", "Debug"),
        ("use tracing::info; fn f() {}", "called with its path"),
    ] {
        caught(logged::fields, &of(text), words);
    }
    passed(logged::fields, &of("fn f() { tracing::info!(target: \"t\", %run, code = g(a, b)?, \"it\"); }"));
    passed(logged::fields, &of("fn f() { tracing::info_span!(\"run\", run = %x, code = tracing::field::Empty) }"));
}

#[test]
fn manifests_are_held() {
    let of = |dependency: &str| format!("[dependencies]\n{dependency}.workspace = true\n[lints]\nworkspace = true\n");
    let local = of("countersign-warrant");
    caught(manifests::arrows, &[("connectors/local/Cargo.toml", &local)], "`warrant`");
    let dev = "[dev-dependencies]\ncountersign-conformance.workspace = true\n";
    passed(manifests::arrows, &[("connectors/local/Cargo.toml", dev)]);
    caught(manifests::arrows, &[("src/kernel/Cargo.toml", dev)], "conformance");
    let complaints = manifests::small_crates(&Tree::of(&[("src/warrant/Cargo.toml", &of("tokio"))]));
    assert!(complaints.iter().any(|text| text.contains("`tokio` is not in the list")), "{complaints:?}");
    assert!(complaints.iter().any(|text| text.contains("`sha2` is listed")), "{complaints:?}");
    caught(manifests::lints, &[("src/kernel/Cargo.toml", "[dependencies]")], "lints");
    caught(manifests::lints, &[("Cargo.toml", "[lints]\nworkspace = true\n[workspace]")], "unsafe_code");
    caught(manifests::failpoints, &[("Cargo.toml", "[features]\ndefault = [\"failpoints\"]")], "crash points");
    passed(manifests::failpoints, &[("Cargo.toml", "[features]\nfailpoints = []")]);
}

#[test]
fn locks_that_differ_are_seen() {
    let lock = |packages: &[(&str, &str)]| -> String {
        let one = |(name, version): &(&str, &str)| format!("[[package]]\nname = {name:?}\nversion = {version:?}\n");
        packages.iter().map(one).collect::<Vec<_>>().concat()
    };
    let house = lock(&[("a", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.0")]);
    let of = |fuzz: &str| vec![("Cargo.lock", house.clone()), ("tests/fuzz/libfuzzer/Cargo.lock", fuzz.to_owned())];
    for (packages, words) in [
        (&[("a", "2.0.0"), ("only-there", "7.0.0")][..], None),
        (&[("a", "1.0.0"), ("a", "2.1.0")], Some("`a` is 2.1.0 there")),
        (&[("b", "1.0.1")], Some("`b` is 1.0.1 there")),
    ] {
        let texts = of(&lock(packages));
        let files: Vec<_> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
        match words {
            Some(words) => caught(manifests::locks, &files, words),
            None => passed(manifests::locks, &files),
        }
    }
    caught(manifests::locks, &[("Cargo.lock", &house)], "is missing");
}

#[test]
fn impurity_is_seen_in_every_spelling() {
    for text in [
        "use tokio::time;",
        "use std::{fmt, fs::File};",
        "fn f() { std::env::var(\"X\"); }",
        "use std::time::{Duration, Instant};",
        "fn f() { jiff::Timestamp::now(); }",
        "use countersign_contract::{Manifest, clock};",
        "fn f() { ::std::process::exit(1); }",
        "fn f() { println!(\"x\"); }",
        "fn f() -> impl Fn() { rand::random }",
    ] {
        caught(trust::purity, &[("src/kernel/plan/mod.rs", text)], "pure");
        passed(trust::purity, &[("src/runner/mod.rs", text)]);
        passed(trust::purity, &[("src/kernel/plan/tests.rs", text)]);
    }
    passed(trust::purity, &[("src/kernel/plan/mod.rs", "use crate::Type::Instant; use std::time::Duration;")]);
}

#[test]
fn the_trust_argument_has_one_place_each() {
    let journal = "impl Journal for Ledger {}";
    passed(trust::one_journal, &[("src/ledger/mod.rs", journal), ("src/warrant/tests/memory.rs", journal)]);
    caught(trust::one_journal, &[("src/ledger/mod.rs", journal), ("src/store/mod.rs", journal)], "src/store/mod.rs:1");
    caught(trust::one_journal, &[("src/ledger/mod.rs", "")], "holds no");
    let twice = trust::one_journal(&Tree::of(&[("src/ledger/a.rs", journal), ("src/ledger/b.rs", journal)]));
    assert_eq!(twice.len(), 2, "{twice:?}");

    let mint = "fn f() { let m = Mint::new(j); }";
    passed(trust::one_mint, &[("src/lib.rs", mint), ("connectors/conformance/lib.rs", mint)]);
    caught(trust::one_mint, &[("src/runner/mod.rs", "fn f() { countersign_warrant::Mint::<J>::new(j); }")], "outside");
    let judged = "fn f() { Allowed::judged(i, d, e); }";
    passed(trust::allowed_only_in_policy, &[("src/kernel/policy/judge.rs", judged)]);
    caught(trust::allowed_only_in_policy, &[("src/runner/mod.rs", judged)], "kernel/policy");
    caught(trust::renamed, &[("src/runner/mod.rs", "use countersign_warrant::Mint as M;")], "`M`");
    caught(trust::renamed, &[("src/runner/mod.rs", "type M = countersign_warrant::Mint<L>;")], "alias");
    passed(trust::renamed, &[("src/runner/mod.rs", "use countersign_warrant::Journal as _;")]);
    passed(trust::renamed, &[("src/runner/mod.rs", "struct S { m: Mint<L> } type X = u8;")]);
}

#[test]
fn panics_and_relaxed_lints_are_seen() {
    for text in ["panic!()", "todo!()", "x.unwrap()", "x.expect(\"y\")"] {
        let text = format!("fn f() {{ {text}; }}");
        caught(trust::panics, &[("src/runner/mod.rs", &text)], "panics");
        passed(trust::panics, &[("src/runner/tests.rs", &text)]);
        let declared = ("src/runner/mod.rs", "#[cfg(test)]\nmod fixture;");
        passed(trust::panics, &[declared, ("src/runner/fixture/a.rs", &text)]);
        caught(trust::panics, &[("src/runner/mod.rs", "mod fixture;"), ("src/runner/fixture.rs", &text)], "panics");
    }
    passed(trust::panics, &[("src/runner/mod.rs", "fn f() { x.unwrap_or(1); parser.expect(Key); assert!(x); }")]);
    let leak = "fn f() { std::boxed::Box::leak(x); }";
    caught(trust::leaks, &[("src/runner/mod.rs", leak), ("src/runner/tests.rs", leak)], "leaks");
    let anyhow = "use anyhow::Context;";
    passed(trust::anyhow, &[("src/main.rs", anyhow), ("tests/main.rs", anyhow)]);
    caught(trust::anyhow, &[("src/runner/mod.rs", anyhow)], "anyhow");
    caught(trust::relaxed_lints, &[("src/runner/mod.rs", "#[allow(dead_code)] fn f() {}")], "dead_code");
    let inner = "#![expect(clippy::too_many_lines)]\nfn f() {}";
    caught(trust::relaxed_lints, &[("src/runner/mod.rs", inner)], "too_many_lines");
    passed(trust::relaxed_lints, &[("src/runner/mod.rs", "#[allow(dead_code, reason = \"x\")] fn f() {}")]);
    caught(trust::ignored, &[("tests/main.rs", "#[test]\n#[ignore]\nfn f() {}")], ":2:");
}

#[test]
fn sizes_are_counted() {
    let long = "fn f() {}\n".repeat(701);
    let complaints = sizes::files(&Tree::of(&[("src/runner/mod.rs", &long)]));
    assert_eq!(complaints.len(), 2, "the cap and the median: {complaints:?}");
    let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
    passed(sizes::files, &[("src/runner/mod.rs", &tests)]);
    let fields = |count: usize| format!("struct Wide<T: Copy> {{ {} }}", "a: B<c::D, T>, ".repeat(count));
    caught(sizes::members, &[("src/runner/mod.rs", &fields(13))], "13 fields");
    passed(sizes::members, &[("src/runner/mod.rs", &fields(12))]);
    let methods = |count: usize| format!("trait Wide {{ {} }}", "fn a(&self) { fn b() {} } ".repeat(count));
    caught(sizes::members, &[("src/runner/mod.rs", &methods(6))], "6 methods");
    passed(sizes::members, &[("src/runner/mod.rs", &methods(5))]);
}

#[test]
fn words_are_whole() {
    for text in ["struct KeyManager;", "fn load_data() {}", "mod utils {}", "enum JobKind {}", "struct KeyService;"] {
        caught(words::declared, &[("src/runner/mod.rs", text)], "says nothing");
    }
    passed(
        words::declared,
        &[("src/runner/mod.rs", "struct ServiceAccount; fn database() {} fn f() { let data = 1; }")],
    );
    caught(words::files, &[("tests/helpers.rs", "")], "helpers");
    caught(words::files, &[("src/common/mod.rs", "")], "common");
}

#[test]
fn ids_are_cited_with_their_document() {
    let bare = "// held by I3\nfn f() {}";
    caught(texts::cited_ids, &[("src/runner/mod.rs", bare)], "of which document");
    caught(texts::cited_ids, &[("src/runner/mod.rs", "//! inv:I11\n")], "there is no `inv:I11`");
    caught(texts::cited_ids, &[("src/runner/mod.rs", "/// see doc:I1\nfn f() {}")], "there is no `doc:I1`");
    caught(texts::cited_ids, &[("README.md", "as R4 says")], "`R4`");
    caught(texts::cited_ids, &[("migrations/sqlite/0001_x.sql", "select 1; -- T2")], "`T2`");
    let fine = "// inv:I10, beh:R20 and rel:F35; P-256, X.509, I2C, S3-like, 1.I3x\nfn f(i: I3) { g(\"I3\"); }";
    passed(texts::cited_ids, &[("src/runner/mod.rs", fine)]);
}

#[test]
fn texts_name_nothing_of_a_machine() {
    caught(texts::left_to_do, &[("src/runner/mod.rs", "// TODO later\n")], "TODO");
    caught(texts::places, &[("README.md", "cd /work/main")], "/work/");
    passed(texts::places, &[("README.md", "cd target/framework/x")]);
}

#[test]
fn files_are_where_they_belong() {
    caught(shape::top_level, &[("notes.md", "")], "notes.md");
    passed(shape::top_level, &[("Cargo.toml", ""), (".clippy.toml", "")]);
    let driver = ("connectors/ldap/lib.rs", "impl Connector for Ldap {}");
    let complaints = shape::connectors(&Tree::of(&[driver]));
    assert_eq!(complaints.len(), 6, "{complaints:?}");
    passed(shape::connectors, &[("connectors/fake/lib.rs", "impl Connector for Fake {}")]);
    caught(shape::heads, &[("src/runner/mod.rs", "use x;")], "//!");
    caught(shape::heads, &[("src/clock.rs", "")], "//!");
    passed(shape::heads, &[("src/runner/mod.rs", "//! Has hands.\n"), ("src/runner/act.rs", "use x;")]);
    let prose =
        "-- The ledger: one row per entry, in the order of their commits.\n-- Nothing is updated.\ncreate table x(y);";
    passed(shape::migrations, &[("migrations/sqlite/0001_ledger.sql", prose)]);
    caught(shape::migrations, &[("migrations/sqlite/0001_ledger.sql", "create table x(y);")], "prose");
    caught(shape::migrations, &[("migrations/sqlite/ledger.sql", prose)], "number");
}
