//! Who may name whom (DESIGN section 2).

use crate::source::{Named, Source};
use crate::tree::Tree;

/// A room of the root, and all that it may name beside [`EVERYWHERE`].
const ROOMS: &[(&str, &[&str])] = &[
    ("api", FACES),
    ("ui", FACES),
    ("cli", FACES),
    // Not drawn in DESIGN: the loop of one machine, which asks the scheduler what is due and has the runner do it.
    ("serve", FACES),
    ("scheduler", &["store", "kernel"]),
    ("runner", &["inventory", "catalog", "secrets", "ledger", "store", "kernel", "contract", "warrant"]),
    ("inventory", &["catalog", "secrets", "store", "kernel", "contract"]),
    ("catalog", &["connectors", "contract"]),
    ("secrets", &["contract"]),
    ("ledger", &["store", "kernel", "warrant"]),
    ("store", &[]),
    ("settings", &[]),
    ("telemetry", &[]),
    ("clock", &[]),
    // Not drawn in DESIGN: the data folder, its lock and its private files; a base like `settings`.
    ("folder", &[]),
];

/// Files of the root that wire rooms together, as `lib.rs` does: they name every room. The faces may name what they
/// make, and nobody else.
const WIRING: &[&str] = &["lib.rs", "main.rs", "installation.rs"];

const FACES: &[&str] = &["serve", "scheduler", "runner", "inventory", "catalog", "ledger", "store", "kernel"];

/// What every room of the root may name.
const EVERYWHERE: &[&str] = &["settings", "telemetry", "clock", "folder"];

/// What a crate says that permits nothing: names, instants, digests, what entries and answers hold. These are the
/// words that the rooms talk in, and need no arrow; everything else of the crate does: `Mint`, `Mark`, `Journal`,
/// `Allowed`, `Warrant`, `Receipt`, `Entry`, `OpenIntent` and what follows from them; connectors, material, hands.
/// A crash point is nothing in what ships; a bounded read of a file permits nothing that `std` does not.
const WORDS: &[(&str, &[&str])] = &[
    ("warrant", &["Digest", "EntryId", "Fence", "ParseIdError", "ResourceName", "RunId", "StepId", "Timestamp"]),
    ("warrant", &["VersionId", "Kind", "Stamped", "DecodeEntryError", "JournalError", "Blob", "Brake"]),
    (
        "warrant",
        &["Intent", "Call", "Limits", "Origin", "Decision", "Shadow", "Verdict", "Basis", "Control", "ControlResult"],
    ),
    ("warrant", &["Outcome", "Applied", "Refusal", "RefusalClass", "Doubt", "Finding", "Moment"]),
    ("warrant", &["DecisionBody", "IntentBody", "ReceiptBody", "FindingBody"]),
    ("contract", &["ProbeAnswer", "ProbeResult", "failpoint", "file"]),
];

/// Arrows that DESIGN does not draw: from, to, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("cli", "api", "a command hands its request over in the words of the interface"),
    ("settings", "kernel", "what is wrong with the file is drawn as it is with workflows: `Diagnostic`"),
    ("store", "kernel", "rows hold the kernel's values: stages, outcomes, statements, the edge of the tree"),
];

/// A nested crate by its short name, and the crates that its source may name. Connectors are one line.
pub(crate) const CRATES: &[(&str, &[&str])] = &[
    ("warrant", &[]),
    ("contract", &["warrant"]),
    ("kernel", &["contract", "warrant"]),
    ("fake", &["contract"]),
    ("conformance", &["contract", "warrant", "fake"]),
    ("connectors", &["contract"]),
];

/// The short name of the crate that a file belongs to; `root` for the root's.
pub(crate) fn crate_of(path: &str) -> &str {
    let mut parts = path.split('/');
    match (parts.next(), parts.next()) {
        (Some("src"), Some(name @ ("warrant" | "kernel")))
        | (Some("connectors"), Some(name @ ("contract" | "fake" | "conformance"))) => name,
        (Some("connectors"), Some(_)) => "connectors",
        _ => "root",
    }
}

/// The short name of a crate as Rust (`countersign_kernel`) or Cargo (`countersign-kernel`) spells it.
pub(crate) fn short_name(spelt: &str) -> Option<&str> {
    let name = spelt.strip_prefix("countersign")?.strip_prefix(['_', '-'])?;
    if name.starts_with("connector") { Some("connectors") } else { Some(name) }
}

/// Where in the root a file stands: its room, and how many modules lie above its items.
fn room_of(path: &str) -> Option<(&str, usize)> {
    let below = path.strip_prefix("src/")?;
    let folders = below.split('/').count();
    let room = below.split(['/', '.']).next()?;
    let is_mod = below.ends_with("/mod.rs");
    (crate_of(path) == "root" && !WIRING.contains(&below)).then_some((room, folders - usize::from(is_mod)))
}

/// In the root, a room names only the rooms and crates that DESIGN lets it.
pub(crate) fn between_rooms(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product() {
        let Some((room, depth)) = room_of(&source.path) else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            complaints.push(format!("{}: `{room}` is no room of DESIGN section 2", source.path));
            continue;
        };
        for named in source.paths() {
            let Some(target) = target(&named, depth) else { continue };
            let wired = !ROOMS.iter().any(|(name, _)| *name == target) && from_the_root(&named);
            let excepted = EXCEPTIONS.iter().any(|&(from, to, _)| from == room && to == target);
            let free = target == room || excepted || EVERYWHERE.contains(&target) || is_word_of(target, &named);
            let at = format!("{}:{}", source.path, named.line);
            if wired && *allowed != FACES {
                complaints.push(format!("{at}: `{named}` is of the root itself; only faces know how rooms are wired"));
            } else if !wired && !free && !allowed.contains(&target) {
                complaints.push(format!("{at}: `{room}` names `{target}` (`{named}`), and no arrow leads there"));
            }
        }
    }
    complaints
}

fn is_word_of(of: &str, named: &Named) -> bool {
    let mut words = WORDS.iter().filter(|(name, _)| *name == of).flat_map(|(_, words)| *words);
    named.segments.get(1).is_some_and(|item| words.any(|word| word == item))
}

fn from_the_root(named: &Named) -> bool {
    matches!(named.segments[0].as_str(), "crate" | "super")
}

/// The room or crate that a path leads to, if it leaves the file's own room.
fn target(named: &Named, depth: usize) -> Option<&str> {
    let segments = &named.segments;
    match segments[0].as_str() {
        "crate" => segments.get(1).map(String::as_str),
        "super" => {
            let up = segments.iter().take_while(|segment| *segment == "super").count();
            if up < depth + named.depth { None } else { segments.get(up).map(String::as_str) }
        }
        first => short_name(first),
    }
}

/// A nested crate names only the crates that DESIGN lets it.
pub(crate) fn between_crates(tree: &Tree) -> Vec<String> {
    tree.product().flat_map(crate_complaints).collect()
}

fn crate_complaints(source: &Source) -> Vec<String> {
    let own = crate_of(&source.path);
    let Some((_, allowed)) = CRATES.iter().find(|(name, _)| *name == own) else { return Vec::new() };
    let paths = source.paths();
    let foreign = paths.iter().filter(|named| short_name(&named.segments[0]).is_some_and(|to| !allowed.contains(&to)));
    foreign.map(|named| format!("{}:{}: `{own}` may not name `{named}`", source.path, named.line)).collect()
}
