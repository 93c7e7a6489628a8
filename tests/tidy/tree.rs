//! The files of the house.

use std::fs;
use std::path::Path;

use crate::source::Source;

/// One text file.
pub(crate) struct Text {
    /// Below the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Text {
    /// What follows the last `.` or `/` of the path.
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit(['.', '/']).next().unwrap_or_default()
    }
}

/// All text files; those of Rust also as tokens.
pub(crate) struct Tree {
    pub(crate) texts: Vec<Text>,
    pub(crate) sources: Vec<Source>,
    /// Names in the root folder, folders with a trailing `/`.
    pub(crate) top: Vec<String>,
}

/// What is built or belongs to tools; a linked working copy has `.git` as a file.
const SKIPPED: &[&str] = &["target", ".git", "wip"];

impl Tree {
    /// Walks the working copy.
    pub(crate) fn read(root: &Path) -> Self {
        let mut texts = Vec::new();
        walk(root, root, &mut texts);
        texts.sort_by(|a, b| a.path.cmp(&b.path));
        let entries = fs::read_dir(root).unwrap().map(Result::unwrap);
        let name = |entry: fs::DirEntry| {
            let slash = if entry.file_type().unwrap().is_dir() { "/" } else { "" };
            format!("{}{slash}", entry.file_name().to_string_lossy())
        };
        Self::new(texts, entries.map(name).collect())
    }

    /// A house of these files only.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let texts = files.iter().map(|&(path, text)| Text { path: path.to_owned(), text: text.to_owned() });
        Self::new(texts.collect(), files.iter().map(|(path, _)| (*path).to_owned()).collect())
    }

    fn new(texts: Vec<Text>, top: Vec<String>) -> Self {
        let rust = texts.iter().filter(|file| file.extension() == "rs" && !file.path.contains("/ui/"));
        let mut sources: Vec<_> = rust.map(|file| Source::parse(&file.path, &file.text)).collect();
        let test_modules: Vec<_> = sources.iter().flat_map(test_modules).collect();
        for source in &mut sources {
            let stem = source.path.trim_end_matches(".rs");
            let is_in = |module: &String| stem == module || stem.starts_with(&format!("{module}/"));
            source.is_test |= test_modules.iter().any(is_in);
        }
        Self { texts, sources, top }
    }

    /// What is compiled into the product.
    pub(crate) fn product(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| !source.is_test)
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.texts.iter().any(|file| file.path == path)
    }
}

/// Where the test modules of a file lie, without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let folder = stem.strip_suffix("/mod").or(stem.strip_suffix("/lib")).or(stem.strip_suffix("/main")).unwrap_or(stem);
    source.test_modules.iter().map(|name| format!("{folder}/{name}")).collect()
}

fn walk(root: &Path, folder: &Path, into: &mut Vec<Text>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            walk(root, &path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let below = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            into.push(Text { path: below, text });
        }
    }
}
