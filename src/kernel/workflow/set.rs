//! Checks workflows of one folder against each other.

use std::collections::BTreeMap;
use std::ops::Range;

use super::codes;
use super::errors::Errors;
use super::model::Workflow;
use super::tree::{self, Content, Node};
use crate::diagnostic::Diagnostic;

/// One file of a set.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// What the errors call the file.
    pub file: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What was read from them.
    pub workflow: &'a Workflow,
}

/// Every error of the set as a whole, in the order of the members: two workflows of one name.
pub fn check_set(members: &[Member<'_>]) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for member in members {
        let name = member.workflow.metadata.name.as_str();
        let Some(earlier) = first.get(name) else {
            first.insert(name, member.file);
            continue;
        };
        let text = std::str::from_utf8(member.bytes).unwrap_or_default();
        let message = format!("`{name}` is the name of another workflow, too");
        let help = format!("the other one is in {earlier}; give one of them a new name");
        let at = name_place(member.file, text).unwrap_or(0..0);
        found.push(Diagnostic::error(codes::DUPLICATE_NAME, member.file, text, at).message(message).help(help));
    }
    found
}

/// The bytes of `metadata: name`.
fn name_place(file: &str, text: &str) -> Option<Range<usize>> {
    let root = tree::tree_of(&mut Errors::new(file, text)).ok()?;
    under(under(&root, "metadata")?, "name").map(|node| node.span.clone())
}

fn under<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|(name, _)| name.content.text() == Some(key)).map(|(_, value)| value)
}
