//! What may stand in any text: ids with their document, nothing left to do, no machine.

use crate::tree::{Text, Tree};

/// The documents, and how far each letter's numbers go.
const DOCUMENTS: &[(&str, &[(char, u32)])] = &[
    ("inv", &[('I', 10)]),
    (
        "beh",
        &[
            ('S', 20),
            ('I', 17),
            ('V', 21),
            ('X', 21),
            ('A', 11),
            ('R', 20),
            ('T', 8),
            ('P', 9),
            ('L', 9),
            ('D', 7),
            ('N', 9),
            ('G', 13),
            ('Z', 9),
            ('U', 9),
            ('Q', 7),
        ],
    ),
    ("rel", &[('P', 10), ('I', 15), ('F', 35), ('T', 15), ('R', 12)]),
];

/// Paths of one machine, and hosts that packages come from.
const PLACES: &[&str] = &[
    "/work/",
    "/root/",
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "pypi.org",
    "proxy.golang.org",
    "docker.io",
    "ghcr.io",
    "quay.io",
];

/// This folder says what it looks for.
fn is_tidy(path: &str) -> bool {
    path.starts_with("tests/tidy")
}

struct Id {
    prefix: String,
    letter: char,
    number: u32,
}

/// Every `I3` of a line that stands alone or after a `prefix:`.
fn ids(line: &str) -> Vec<Id> {
    let chars: Vec<char> = line.chars().collect();
    let joined = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '='));
    let mut found = Vec::new();
    for at in 0..chars.len() {
        let digits: String = chars[at + 1..].iter().take_while(|c| c.is_ascii_digit()).collect();
        let end = at + 1 + digits.len();
        let fraction = chars.get(end) == Some(&'.') && chars.get(end + 1).is_some_and(char::is_ascii_digit);
        let alone = (at == 0 || !joined(at - 1)) && !joined(end) && !fraction;
        if chars[at].is_ascii_uppercase() && matches!(digits.len(), 1 | 2) && alone {
            let before: String = chars[..at].iter().collect();
            let prefix = before.strip_suffix(':').map_or("", |head| {
                let start = head.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
                head.get(start..).unwrap_or_default()
            });
            found.push(Id { prefix: prefix.to_owned(), letter: chars[at], number: digits.parse().unwrap() });
        }
    }
    found
}

fn is_known(id: &Id) -> bool {
    let letters = DOCUMENTS.iter().find(|(prefix, _)| *prefix == id.prefix).map(|(_, letters)| letters);
    letters.is_some_and(|letters| {
        letters.iter().any(|&(letter, last)| letter == id.letter && (1..=last).contains(&id.number))
    })
}

/// True for letters that some document counts with: others are ordinary words.
fn is_counted(letter: char) -> bool {
    DOCUMENTS.iter().any(|(_, letters)| letters.iter().any(|(known, _)| *known == letter))
}

/// In comments and prose, an id has its document, and the document has the id.
pub(crate) fn cited_ids(tree: &Tree) -> Vec<String> {
    let rust = tree
        .sources
        .iter()
        .flat_map(|source| source.comments.iter().map(|(number, line)| (source.path.as_str(), *number, line.as_str())));
    let prose = tree.texts.iter().flat_map(|file| {
        let lines = (1..).zip(file.text.lines());
        lines.filter_map(|(number, line)| comment(file, line).map(|line| (file.path.as_str(), number, line)))
    });
    let mut complaints = Vec::new();
    for (path, number, line) in rust.chain(prose).filter(|(path, ..)| !is_tidy(path)) {
        for id in ids(line) {
            let Id { prefix, letter, number: id_number } = &id;
            if prefix.is_empty() && is_counted(*letter) {
                complaints
                    .push(format!("{path}:{number}: `{letter}{id_number}` of which document? inv:, beh: or rel:"));
            } else if !prefix.is_empty() && !is_known(&id) {
                complaints.push(format!("{path}:{number}: there is no `{prefix}:{letter}{id_number}`"));
            }
        }
    }
    complaints
}

/// What is comment or prose of a line of a file that is not Rust.
fn comment<'a>(file: &Text, line: &'a str) -> Option<&'a str> {
    let after = |mark| line.find(mark).and_then(|at| line.get(at..));
    match file.extension() {
        "md" => Some(line),
        "sql" => after("--"),
        "toml" | "yaml" | "yml" | "sh" | "run" | "cedar" => after("# ").or_else(|| after("// ")),
        _ => None,
    }
}

/// Nothing is left for later in the text of the house.
pub(crate) fn left_to_do(tree: &Tree) -> Vec<String> {
    scan(tree, |line| {
        let words = line.split(|c: char| !c.is_alphanumeric());
        words
            .into_iter()
            .find(|word| matches!(*word, "TODO" | "FIXME" | "XXX" | "HACK"))
            .map(|word| format!("`{word}`: do it, or take it out"))
    })
}

/// No text names one machine's folders or a registry's host.
pub(crate) fn places(tree: &Tree) -> Vec<String> {
    scan(tree, |line| {
        PLACES
            .iter()
            .find(|place| line.contains(**place))
            .map(|place| format!("names `{place}`, which others do not have"))
    })
}

fn scan(tree: &Tree, complaint: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = |file: &Text| {
        let lines = (1..).zip(file.text.lines());
        lines
            .filter_map(|(number, line)| complaint(line).map(|text| format!("{}:{number}: {text}", file.path)))
            .collect::<Vec<_>>()
    };
    tree.texts.iter().filter(|file| !is_tidy(&file.path)).flat_map(lines).collect()
}
