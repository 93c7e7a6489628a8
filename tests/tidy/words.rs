//! Names that say nothing (STYLE, "Words"): as whole words in types, functions, modules and files.

use crate::source::is_word;
use crate::tree::Tree;

/// Words that fit everything, and so say nothing.
const BANNED: &[&str] = &[
    "manager",
    "managers",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "misc",
    "process",
    "processes",
    "processor",
    "execute",
    "executes",
    "executor",
    "data",
    "info",
    "infos",
    "job",
    "jobs",
];

/// As the last word of a type.
const BANNED_SUFFIX: &[&str] = &["service", "services"];

/// Names that are the right word all the same: name, why.
const JUSTIFIED: &[(&str, &str)] = &[
    ("connect_info", "a method of axum's `Connected`"),
    ("of_process", "the operating system's process, and nothing vaguer"),
    ("common_name", "the field of an X.509 name (RFC 5280 section 4.1.2.4)"),
];

/// `read_keyFile` as `read`, `key`, `file`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn banned(name: &str, is_type: bool) -> Option<String> {
    let words = words_of(name);
    let suffix = words.last().filter(|last| is_type && BANNED_SUFFIX.contains(&last.as_str()));
    let word = words.iter().find(|word| BANNED.contains(&word.as_str())).or(suffix)?;
    (!JUSTIFIED.iter().any(|(known, _)| *known == name)).then(|| word.clone())
}

/// Types, functions and modules.
pub(crate) fn declared(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in tree.product() {
        for (keyword, is_type) in [
            ("struct", true),
            ("enum", true),
            ("trait", true),
            ("type", true),
            ("union", true),
            ("fn", false),
            ("mod", false),
        ] {
            for (index, line) in source.find(&[keyword]) {
                let name = source.at(index + 1);
                if let Some(word) = banned(name, is_type).filter(|_| is_word(name)) {
                    complaints.push(format!("{}:{line}: `{name}`: `{word}` says nothing; name the noun", source.path));
                }
            }
        }
    }
    complaints
}

/// Files and folders, those of tests too.
pub(crate) fn files(tree: &Tree) -> Vec<String> {
    let paths = tree.texts.iter().map(|file| &file.path);
    let named = paths.filter_map(|path| path.split('/').find_map(|part| banned(part, false)).map(|word| (path, word)));
    named.map(|(path, word)| format!("{path}: `{word}` says nothing; name the noun")).collect()
}
