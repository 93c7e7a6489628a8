//! How large files, structs and traits may be (STYLE, "Shape"). Functions are held by clippy: `.clippy.toml`.

use crate::source::is_word;
use crate::tree::Tree;

const FILE_CAP: usize = 700;
const FILE_MEDIAN: usize = 150;
const FIELDS: usize = 12;
const METHODS: usize = 5;

/// Files over the cap: path, why.
const LONG_FILES: &[(&str, &str)] = &[];
/// Structs over the cap: name, why.
const WIDE_STRUCTS: &[(&str, &str)] = &[];
/// Traits over the cap: name, why.
const WIDE_TRAITS: &[(&str, &str)] = &[];

/// No file over 700 lines of source, half of them under 150.
pub(crate) fn files(tree: &Tree) -> Vec<String> {
    let mut sizes: Vec<(usize, &str)> = tree.product().map(|source| (source.lines, source.path.as_str())).collect();
    sizes.sort_unstable();
    if sizes.is_empty() {
        return Vec::new();
    }
    let (median, tenth) = (sizes[sizes.len() / 2].0, sizes[sizes.len() * 9 / 10].0);
    let largest = sizes[sizes.len() - 1];
    println!(
        "{} files: median {median} lines, p90 {tenth} (aim 400), largest {} ({})",
        sizes.len(),
        largest.0,
        largest.1
    );
    let long =
        sizes.iter().filter(|(lines, path)| *lines > FILE_CAP && !LONG_FILES.iter().any(|(name, _)| name == path));
    let mut complaints: Vec<_> = long
        .map(|(lines, path)| format!("{path}: {lines} lines of source; split by noun or state at {FILE_CAP}"))
        .collect();
    if median > FILE_MEDIAN {
        complaints.push(format!("the median file has {median} lines of source; at most {FILE_MEDIAN}"));
    }
    complaints
}

/// Structs of at most 12 fields, traits of at most 5 methods.
pub(crate) fn members(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product() {
        let caps: [(_, _, _, _, &[&str]); 2] = [
            ("struct", FIELDS, "fields", WIDE_STRUCTS, &["{", ";", "("]),
            ("trait", METHODS, "methods", WIDE_TRAITS, &["{", ";"]),
        ];
        for (word, cap, members, excepted, ends) in caps {
            for (index, line) in source.find(&[word]) {
                let name = source.at(index + 1);
                let end = source.seek(index, ends);
                if !is_word(name) || source.at(end) != "{" {
                    continue;
                }
                let inside: Vec<_> = (end..source.after_group(end)).map(|at| source.at(at)).collect();
                let wanted = if word == "struct" { ":" } else { "fn" };
                let count = count_at_depth_one(&inside, wanted);
                if count > cap && !excepted.iter().any(|(known, _)| *known == name) {
                    complaints.push(format!("{}:{line}: `{name}` has {count} {members}; at most {cap}", source.path));
                }
            }
        }
    }
    complaints
}

fn count_at_depth_one(tokens: &[&str], wanted: &str) -> usize {
    let mut depth = 0;
    let mut count = 0;
    for token in tokens {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            token if token == wanted && depth == 1 => count += 1,
            _ => {}
        }
    }
    count
}
