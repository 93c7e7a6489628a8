//! What is logged: events and spans name fields of the list alone, and their words hold no value.

use std::collections::BTreeSet;

use crate::source::{Source, is_word};
use crate::tree::Tree;

/// The macros that make an event or a span.
const MACROS: &[&str] = &[
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "event",
    "span",
    "trace_span",
    "debug_span",
    "info_span",
    "warn_span",
    "error_span",
];

/// Where the list stands.
const LIST: &str = "src/telemetry/fields.rs";

/// The names of the list.
fn listed(tree: &Tree) -> BTreeSet<String> {
    let Some(source) = tree.product().find(|source| source.path == LIST) else { return BTreeSet::new() };
    let Some((at, _)) = source.find(&["WRITTEN", ":"]).into_iter().next() else { return BTreeSet::new() };
    let open = source.seek(source.seek(at, &["="]), &["["]);
    let end = source.after_group(open);
    let names = (open..end).filter(|&at| source.at(at) == "(").map(|at| source.at(at + 1).trim_matches('"').to_owned());
    names.collect()
}

/// Events and spans of our crates name listed fields alone, say them as texts, and have fixed words.
// inv:I6
pub(crate) fn fields(tree: &Tree) -> Vec<String> {
    let listed = listed(tree);
    let mut complaints = Vec::new();
    for source in tree.product() {
        for name in MACROS {
            for (at, line) in source.find(&["tracing", "::", name, "!"]) {
                complaints
                    .extend(of_call(source, at + 4, &listed).map(|what| format!("{}:{line}: {what}", source.path)));
            }
        }
        // What is brought into scope would be called without its path.
        for named in source.paths() {
            if named.segments.len() == 2 && named.segments[0] == "tracing" && MACROS.contains(&&*named.segments[1]) {
                let is_call = source.tokens.iter().any(|token| token.line == named.line && token.text == "!");
                if !is_call {
                    complaints.push(format!("{}:{}: `{named}` is called with its path", source.path, named.line));
                }
            }
        }
    }
    complaints
}

/// What is wrong with a call whose arguments begin with the delimiter at `open`.
fn of_call<'a>(source: &'a Source, open: usize, listed: &'a BTreeSet<String>) -> impl Iterator<Item = String> + 'a {
    let end = source.after_group(open) - 1;
    let mut arguments = Vec::new();
    let (mut at, mut first) = (open + 1, open + 1);
    while at < end {
        match source.at(at) {
            "(" | "[" | "{" => {
                at = source.after_group(at);
                continue;
            }
            "," => {
                arguments.push((first, at));
                first = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    arguments.push((first, end));
    arguments.into_iter().filter(|(from, to)| from < to).filter_map(|(from, to)| argument(source, (from, to), listed))
}

fn argument(source: &Source, (from, to): (usize, usize), listed: &BTreeSet<String>) -> Option<String> {
    let first = source.at(from);
    if first.starts_with('"') {
        return first.contains('{').then(|| format!("the words {first} hold a value; give it a field"));
    }
    if matches!(first, "target" | "parent" | "name") && source.at(from + 1) == ":" {
        return None;
    }
    if (from..to).any(|at| source.at(at) == "?" && (at == from || source.at(at - 1) == "=")) {
        return Some("a field in its `Debug` form says more than its author thinks of; say it with `%`".to_owned());
    }
    let named = if matches!(first, "%" | "&") { source.at(from + 1) } else { first };
    (!is_word(named) || !listed.contains(named))
        .then(|| format!("the field `{named}` is not on the list of {LIST}, and would not be written"))
}
