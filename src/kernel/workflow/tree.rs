//! YAML text to a tree of nodes that know their place.
//!
//! What YAML has and the language has not (anchors, aliases, tags, merge keys, keys that are no text, keys named
//! twice) is refused here. A syntax error ends the file: there is no tree then.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location, Spanned, Tagged};

use super::codes;
use super::errors::{Errors, Read};
use super::text::FILE_BYTES_MAX;

/// One value of the file.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) content: Content,
    /// The bytes to mark when it is wrong: the scalar, a bracket, or the first key of a block.
    pub(super) span: Range<usize>,
    /// The bytes of the key that it stands under; its own for an item of a list.
    pub(super) owner: Range<usize>,
    tag: Option<String>,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is not whole, or beyond 64 bits.
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// True for a table with that key.
    /// The value of a key, where it is a mapping that has it.
    pub(super) fn value(&self, key: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().find(|(name, _)| name.content.text() == Some(key)).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        matches!(&self.content, Content::Map(entries) if entries.iter().any(|(name, _)| name.content.text() == Some(key)))
    }
}

impl Content {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The tree of a text, checked for what the language does not take from YAML.
pub(super) fn tree_of(errors: &mut Errors<'_>) -> Read<Node> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_nodes: 20_000,
            max_aliases: 0,
            max_anchors: 0,
            max_depth: 32,
            // WHY: the scanner looks so far ahead for a simple key; the depth above is to be refused before this one.
            flow_nesting_limit: 2_048,
            max_documents: 1,
            max_reader_input_bytes: Some(FILE_BYTES_MAX),
        },
    };
    match serde_saphyr::from_str_with_options::<Node>(errors.text(), options) {
        Ok(root) => {
            check(&root, errors);
            Ok(root)
        }
        Err(wrong) => Err(tell_syntax(&wrong, errors)),
    }
}

/// Tells what the parser could not read.
fn tell_syntax(wrong: &Error, errors: &mut Errors<'_>) -> super::errors::Told {
    let text = errors.text();
    let wrong = wrong.without_snippet();
    let at = wrong.location().map_or(0, |location| offset_of(&location, text));
    let here = at..next_boundary(text, at);
    let breach = if let Error::Budget { breach, .. } = wrong { Some(breach) } else { None };
    match (wrong, breach) {
        (_, Some(BudgetBreach::Depth { .. })) => {
            errors.tell(codes::TOO_DEEP, &here, "nested deeper than 32 levels", "a workflow needs fewer than ten")
        }
        (_, Some(BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } | BudgetBreach::ScalarBytes { .. })) => {
            errors.tell(codes::TOO_MANY_VALUES, &here, "more than 20,000 values", "split it into several workflows")
        }
        (Error::MultipleDocuments { .. }, _) | (_, Some(BudgetBreach::Documents { .. })) => {
            errors.tell(codes::MANY_DOCUMENTS, &here, "a second document begins here", "one workflow is one file")
        }
        (_, Some(BudgetBreach::Anchors { .. })) => {
            let at = before(text, at, '&').unwrap_or(here);
            errors.tell(codes::ANCHOR, &at, "anchors are not taken", "write the value where it is needed")
        }
        (Error::UnknownAnchor { .. }, _) | (_, Some(BudgetBreach::Aliases { .. })) => {
            errors.tell(codes::ALIAS, &here, "aliases are not taken", "write the value where it is needed")
        }
        (
            Error::UnsupportedTag { .. }
            | Error::InvalidScalar { .. }
            | Error::InvalidBooleanStrict { .. }
            | Error::InvalidBinaryBase64 { .. }
            | Error::BinaryNotUtf8 { .. }
            | Error::TaggedScalarCannotDeserializeIntoString { .. },
            _,
        ) => tell_tag(before(text, at, '!').unwrap_or(here), errors),
        (Error::ExternalMessage { msg, .. }, _) => {
            let line = text.get(..at).unwrap_or_default().rfind('\n').map_or(0, |found| found + 1);
            let line = text.get(line..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            let is_bare = |(at, _): (usize, &str)| !line.get(..at).unwrap_or_default().ends_with(['"', '\'']);
            let help = if line.match_indices("${{").any(is_bare) {
                "inside `{ }` and `[ ]`, put quotes around `${{ path }}`"
            } else {
                "look at the indentation, the quotes and the brackets here"
            };
            errors.tell(codes::SYNTAX, &here, format!("this is not YAML: {msg}"), help)
        }
        _ => errors.tell(codes::SYNTAX, &here, "this cannot be read", "look at the text before this place"),
    }
}

/// The byte of a place; the scanner knows lines and columns only.
fn offset_of(location: &Location, text: &str) -> usize {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    if let Some(byte) = location.span().byte_offset() {
        return count(byte).min(text.len());
    }
    let above = count(location.line()).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(above).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let mark = usize::from(above == 0 && rest.starts_with('\u{feff}'));
    let left = count(location.column()).saturating_sub(1).saturating_add(mark);
    start + rest.chars().take(left).map(char::len_utf8).sum::<usize>()
}

fn tell_tag(at: Range<usize>, errors: &mut Errors<'_>) -> super::errors::Told {
    errors.tell(codes::TAG, &at, "tags are not taken", "leave it out; put quotes around what must be text")
}

fn next_boundary(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |next| at + next.len_utf8())
}

/// The word before `at` that begins with `mark`: the anchor or tag of the node that begins there.
fn before(text: &str, at: usize, mark: char) -> Option<Range<usize>> {
    let left = text.get(..at)?.trim_end();
    let start = left.rfind(|c: char| c.is_whitespace() || "[{,".contains(c)).map_or(0, |found| found + 1);
    left.get(start..).filter(|word| word.starts_with(mark)).map(|_| start..left.len())
}

/// Refuses tags, merge keys, keys that are no text, and keys named twice.
fn check(node: &Node, errors: &mut Errors<'_>) {
    if node.tag.is_some() {
        let at = before(errors.text(), node.span.start, '!').unwrap_or_else(|| node.span.clone());
        tell_tag(at, errors);
    }
    match &node.content {
        Content::List(items) => items.iter().for_each(|item| check(item, errors)),
        Content::Map(entries) => {
            let mut seen = BTreeMap::new();
            for (key, value) in entries {
                check(key, errors);
                check_key(key, &mut seen, errors);
                check(value, errors);
            }
        }
        Content::Null | Content::Boolean(_) | Content::Integer(_) | Content::Number | Content::Text(_) => {}
    }
}

fn check_key<'n>(key: &'n Node, seen: &mut BTreeMap<&'n str, &'n Range<usize>>, errors: &mut Errors<'_>) {
    let Some(word) = key.content.text() else {
        errors.wrong_type(key, "a key that is text", "put quotes around the key");
        return;
    };
    if word == "<<" {
        errors.tell(codes::MERGE_KEY, &key.span, "merge keys are not taken", "write the keys where they are needed");
    } else if let Some(first) = seen.get(word).filter(|_| !errors.is_full()) {
        let line = errors.text().get(..first.start).unwrap_or_default().matches('\n').count() + 1;
        let message = format!("`{word}` stands here for the second time");
        errors.tell(codes::DUPLICATE_KEY, &key.span, message, format!("the first one is in line {line}"));
    } else {
        seen.insert(word, &key.span);
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tagged<Content>>::deserialize(deserializer)?;
        let span = spanned.referenced.span();
        let count = |bytes: Option<u64>| usize::try_from(bytes.unwrap_or_default()).unwrap_or_default();
        let start = count(span.byte_offset());
        let mut span = start..start.saturating_add(count(span.byte_len()));
        let Tagged(content, tag) = spanned.value;
        if span.is_empty() {
            span = match &content {
                Content::Map(entries) => entries.first().map_or(span, |(key, _)| key.span.clone()),
                Content::List(items) => items.first().map_or(span, |item| item.span.clone()),
                _ => span,
            };
        }
        Ok(Self { content, owner: span.clone(), span, tag })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(i64::try_from(value).map_or(Content::Number, Content::Integer))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Number)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, mut value)) = map.next_entry::<Node, Node>()? {
            value.owner = key.span.clone();
            if value.span.is_empty() {
                value.span = key.span.clone();
            }
            entries.push((key, value));
        }
        Ok(Content::Map(entries))
    }
}
