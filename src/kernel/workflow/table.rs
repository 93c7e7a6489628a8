//! Reads the keys of a mapping: what is asked for, what is missing, what does not belong there.

use std::ops::Range;

use super::codes;
use super::errors::{Errors, Read, Told};
use super::scalar::shortened;
use super::suggest;
use super::tree::{Content, Node};

/// A mapping that is being read. Where a key stands twice, the first one counts; the second was told before.
pub(super) struct Table<'n> {
    entries: &'n [(Node, Node)],
    at: Range<usize>,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'n> Table<'n> {
    /// The mapping under `node`; `shape` shows what is expected instead of anything else.
    pub(super) fn of(node: &'n Node, shape: &str, errors: &mut Errors<'_>) -> Read<Self> {
        match &node.content {
            Content::Map(entries) => {
                Ok(Self { entries, at: node.owner.clone(), asked: Vec::new(), missing: Vec::new() })
            }
            _ => Err(errors.wrong_type(node, "a mapping", format!("write `{shape}`"))),
        }
    }

    /// The bytes to mark when something is missing.
    pub(super) const fn at(&self) -> &Range<usize> {
        &self.at
    }

    /// The value of a key that may be left out.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.entries.iter().find(|(name, _)| name.content.text() == Some(key)).map(|(_, value)| value)
    }

    /// The value of a key that must be given; `example` shows how.
    pub(super) fn need(&mut self, key: &'static str, example: &str, errors: &mut Errors<'_>) -> Read<&'n Node> {
        if let Some(node) = self.take(key) {
            return Ok(node);
        }
        self.missing.push(key);
        Err(errors.tell(codes::MISSING_KEY, &self.at, missing_words(key), format!("write `{key}: {example}`")))
    }

    /// Refuses the keys that were not asked for; those in `later` are of a version to come.
    pub(super) fn done(self, later: &[&'static str], errors: &mut Errors<'_>) -> Read<()> {
        let mut told = Ok(());
        for (key, _) in self.entries {
            let Some(word) = key.content.text().filter(|word| *word != "<<") else { continue };
            if self.asked.contains(&word) {
                continue;
            }
            told = Err(if later.contains(&word) {
                tell_later(word, &key.span, errors)
            } else {
                self.tell_unknown(word, key, errors)
            });
        }
        told
    }

    /// A misspelt key that is missing under its right name is one error, not two.
    fn tell_unknown(&self, word: &str, key: &Node, errors: &mut Errors<'_>) -> Told {
        if errors.is_full() {
            return errors.tell(codes::UNKNOWN_KEY, &key.span, "", "");
        }
        if let Some(meant) = suggest::nearest(word, self.asked.iter().copied())
            && self.missing.contains(&meant)
        {
            errors.take_back(codes::MISSING_KEY, &self.at, &missing_words(meant));
        }
        let help = match word {
            // WHY: elsewhere it belongs to a step.
            "for_each" => {
                "it stands in `subject`, in the place of its `name`: each subject gets all of the steps".to_owned()
            }
            _ => suggest::help(word, self.asked.iter().copied()),
        };
        let message = format!("`{}` does not belong here", shortened(word));
        errors.tell(codes::UNKNOWN_KEY, &key.span, message, help)
    }
}

fn missing_words(key: &str) -> String {
    format!("`{key}` is missing")
}

/// Tells that the language has this word, and this version not yet.
pub(super) fn tell_later(word: &str, at: &Range<usize>, errors: &mut Errors<'_>) -> Told {
    let message = format!("`{word}` is not in this version");
    errors.tell(codes::NOT_IN_THIS_VERSION, at, message, "leave it out, or use a version of countersign that has it")
}

/// The entries of a mapping whose keys are names of the author's own.
pub(super) fn named<'n>(
    node: &'n Node,
    shape: &str,
    errors: &mut Errors<'_>,
) -> Read<Vec<(&'n str, &'n Node, &'n Node)>> {
    let Content::Map(entries) = &node.content else {
        return Err(errors.wrong_type(node, "a mapping", format!("write `{shape}`")));
    };
    let mut seen: Vec<(&str, &Node, &Node)> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (key, value) in entries {
        if let Some(word) = key.content.text().filter(|word| *word != "<<")
            && names.insert(word)
        {
            seen.push((word, key, value));
        }
    }
    Ok(seen)
}

/// The items of a list.
pub(super) fn items<'n>(node: &'n Node, shape: &str, errors: &mut Errors<'_>) -> Read<&'n [Node]> {
    match &node.content {
        Content::List(items) => Ok(items),
        _ => Err(errors.wrong_type(node, "a list", format!("write `{shape}`"))),
    }
}

/// Reads each item; all errors are told before the first one answers.
pub(super) fn each<T>(nodes: &[Node], mut read: impl FnMut(&Node) -> Read<T>) -> Read<Vec<T>> {
    let all: Vec<Read<T>> = nodes.iter().map(&mut read).collect();
    all.into_iter().collect()
}
