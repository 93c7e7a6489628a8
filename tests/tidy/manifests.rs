//! What the crates' manifests may say.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::arrows::{CRATES, crate_of, short_name};
use crate::tree::Tree;

/// Every direct dependency of the crates that everything rests on. A new one is a decision: say in its commit why.
const SMALL_CRATES: &[(&str, &[&str])] = &[
    ("src/warrant/Cargo.toml", &["jiff", "serde", "serde_json", "serde_json_canonicalizer", "sha2", "thiserror"]),
    (
        "connectors/contract/Cargo.toml",
        &["countersign-warrant", "futures-core", "serde", "serde_json", "thiserror", "zeroize"],
    ),
    (
        "src/kernel/Cargo.toml",
        &[
            "base64",
            "cedar-policy",
            "countersign-contract",
            "countersign-warrant",
            "cron",
            "ed25519-dalek",
            "jiff",
            "serde",
            "serde-saphyr",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
            "x509-parser",
        ],
    ),
];

/// Crates whose tests may use more of ours than their source: the crate, and what.
const DEV: &[(&str, &[&str])] = &[("connectors", &["conformance"])];

fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, Table)> {
    let files = tree.texts.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    files.map(|file| (file.path.as_str(), file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path))))
}

fn keys<'a>(manifest: &'a Table, table: &str) -> Vec<&'a str> {
    manifest
        .get(table)
        .and_then(Value::as_table)
        .map(|table| table.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// Between our crates, dependencies follow the arrows; only root, kernel, contract and conformance know the warrant.
pub(crate) fn arrows(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests(tree) {
        let own = crate_of(path);
        let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == own) else { continue };
        let dev = DEV.iter().find(|(name, _)| *name == own).map_or(&[][..], |(_, more)| more);
        for (table, more) in [("dependencies", &[][..]), ("build-dependencies", &[]), ("dev-dependencies", dev)] {
            let ours = keys(&manifest, table).into_iter().filter_map(short_name);
            let foreign = ours.filter(|to| !allowed.contains(to) && !more.contains(to));
            complaints.extend(foreign.map(|to| format!("{path}: `{own}` may not have `{to}` in [{table}]")));
        }
    }
    complaints
}

/// `warrant`, `contract` and `kernel` depend on exactly what is listed.
pub(crate) fn small_crates(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests(tree) {
        let Some((_, listed)) = SMALL_CRATES.iter().find(|(of, _)| *of == path) else { continue };
        let mut direct = keys(&manifest, "dependencies");
        direct.extend(keys(&manifest, "build-dependencies"));
        let new = direct.iter().filter(|name| !listed.contains(name));
        complaints.extend(new.map(|name| format!("{path}: `{name}` is not in the list of tests/tidy/manifests.rs")));
        let gone = listed.iter().filter(|name| !direct.contains(name));
        complaints.extend(gone.map(|name| format!("{path}: `{name}` is listed in tests/tidy, and not used")));
    }
    complaints
}

/// Each crate takes the workspace's lints, and the workspace forbids `unsafe`.
pub(crate) fn lints(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests(tree) {
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
        if inherits != Some(true) {
            complaints.push(format!("{path}: says no `[lints] workspace = true`"));
        }
        let forbids = || manifest["workspace"].get("lints")?.get("rust")?.get("unsafe_code")?.as_str();
        if manifest.contains_key("workspace") && forbids() != Some("forbid") {
            complaints.push(format!("{path}: [workspace.lints.rust] does not forbid `unsafe_code`"));
        }
    }
    complaints
}

/// No manifest turns crash points on by default or by a dependency.
pub(crate) fn failpoints(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests(tree) {
        let default = manifest.get("features").and_then(|features| features.get("default")).map(Value::to_string);
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"].map(|table| manifest.get(table));
        let asked = tables.into_iter().flatten().map(Value::to_string);
        if default.into_iter().chain(asked).any(|text| text.contains("failpoints")) {
            complaints.push(format!("{path}: crash points are on without being asked for"));
        }
    }
    complaints
}

/// What is locked for all, and for the fuzz targets.
const LOCKS: [&str; 2] = ["Cargo.lock", "tests/fuzz/libfuzzer/Cargo.lock"];

/// The versions of each package of a lock file.
fn locked(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let lock: Table = text.parse().unwrap();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let of = |key: &str| package[key].as_str().unwrap().to_owned();
        versions.entry(of("name")).or_default().insert(of("version"));
    }
    versions
}

/// What coverage looks for faults in is what ships: the fuzz targets take no other version of a package.
pub(crate) fn locks(tree: &Tree) -> Vec<String> {
    let text = |path: &str| tree.texts.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let [Some(house), Some(fuzz)] = LOCKS.map(text) else {
        return vec![format!("{} or {} is missing", LOCKS[0], LOCKS[1])];
    };
    let house = locked(house);
    let mut complaints = Vec::new();
    for (name, versions) in locked(fuzz) {
        let Some(known) = house.get(&name) else { continue };
        for version in versions.difference(known) {
            let way = format!("cargo update --manifest-path tests/fuzz/libfuzzer/Cargo.toml {name} --precise VERSION");
            complaints.push(format!("{}: `{name}` is {version} there and {known:?} in {}: {way}", LOCKS[1], LOCKS[0]));
        }
    }
    complaints
}
