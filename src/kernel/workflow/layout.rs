//! What a workflow file says apart from its layout: for whoever writes a file anew and must change nothing that it
//! says.

use std::collections::BTreeMap;

use super::errors::Errors;
use super::text;
use super::tree::{self, Content, Node};
use crate::diagnostic::Diagnostic;

/// The values of a file, without comments, quotes, indentation and the order of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Value);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

/// The values of a text that is YAML as the language takes it; a workflow it need not be.
///
/// # Errors
/// Every error of the text as YAML: what cannot be read, anchors, tags, keys that stand twice. Never empty.
pub fn values(file: &str, bytes: &[u8]) -> Result<Values, Vec<Diagnostic>> {
    let text = text::text_of(file, bytes).map_err(|found| vec![*found])?;
    let mut errors = Errors::new(file, text);
    let read = tree::tree_of(&mut errors).map(|root| value(&root, text));
    let found = errors.into_diagnostics();
    match read {
        Ok(value) if found.is_empty() => Ok(Values(value)),
        Ok(_) | Err(_) => Err(found),
    }
}

#[cfg(test)]
impl Values {
    /// As JSON; a number that is not whole as its text.
    pub(super) fn to_json(&self) -> serde_json::Value {
        self.0.to_json()
    }
}

#[cfg(test)]
impl Value {
    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(value) => (*value).into(),
            Self::Integer(number) => (*number).into(),
            Self::Number(text) | Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect(),
        }
    }
}

fn value(node: &Node, text: &str) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(value) => Value::Boolean(*value),
        Content::Integer(number) => Value::Integer(*number),
        Content::Number => Value::Number(text.get(node.span.clone()).unwrap_or_default().to_owned()),
        Content::Text(text) => Value::Text(text.clone()),
        Content::List(items) => Value::List(items.iter().map(|item| value(item, text)).collect()),
        Content::Map(entries) => {
            let entries =
                entries.iter().filter_map(|(key, of)| Some((key.content.text()?.to_owned(), value(of, text))));
            Value::Map(entries.collect())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Values {
        values("f.yaml", text.as_bytes()).unwrap()
    }

    #[test]
    fn layout_is_nothing_and_every_value_is_something() {
        let one = read("a: {b: 'x', c: [1, 1.50, null]} # why\n");
        assert_eq!(one, read("# head\na:\n  c:\n  - 1\n  - 1.50\n  -\n  b: \"x\"\n"));
        for other in
            ["a: {b: x, c: [1, 1.5, null]}", "a: {b: x, c: [1, '1.50', null]}", "a: {b: x, c: [1.50, 1, null]}"]
        {
            assert_ne!(one, read(other), "{other}");
        }
        let found = values("f.yaml", b"a: 1\na: 2\n").unwrap_err();
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["workflow.duplicate_key"]);
    }
}
