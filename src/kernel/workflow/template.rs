//! Text with `${{ path }}` in it.

use std::ops::Range;

use serde_json::Value;

use super::codes;
use super::errors::{Errors, Read};
use super::model::{Part, Reference, Template};
use super::scalar::{self, INTEGER_MAX};
use super::scope::{Scope, Spot, Typed};
use super::tree::{Content, Node};

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// The path between `${{` and `}}`, without the space around it.
    Path(&'t str),
}

/// The template under `node`, with the type of a whole reference. A literal is text, a whole number, true or false.
pub(super) fn template(
    node: &Node,
    spot: Spot<'_>,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<(Template, Option<Typed>)> {
    let text = match &node.content {
        Content::Text(text) => text,
        Content::Boolean(value) => return Ok((Template::Literal(Value::from(*value)), None)),
        Content::Integer(_) => {
            let number = scalar::integer(node, -INTEGER_MAX..=INTEGER_MAX, errors)?;
            return Ok((Template::Literal(Value::from(number)), None));
        }
        Content::Null | Content::Number | Content::List(_) | Content::Map(_) => {
            return Err(errors.wrong_type(node, "text, a whole number, true or false", "put quotes around it"));
        }
    };
    let pieces = split(text, node, errors)?;
    let mut places = places(node, errors.text());
    let mut parts = Vec::new();
    let mut told = Ok(());
    let is_alone = pieces.len() == 1;
    for piece in pieces {
        match piece {
            Piece::Text(text) => parts.push((Part::Text(text.to_owned()), None)),
            Piece::Path(path) => {
                let at = places.next().unwrap_or_else(|| node.span.clone());
                let here = Spot { at: &at, takes_secret: spot.takes_secret && is_alone, ..spot };
                match scope.resolve(path, here, errors) {
                    Ok((reference, typed)) => parts.push((Part::Reference(reference), Some(typed))),
                    Err(because) => told = Err(because),
                }
            }
        }
    }
    told?;
    Ok(assemble(parts))
}

/// Text with references; whatever a reference refers to stands for its text.
pub(super) fn text_template(node: &Node, spot: Spot<'_>, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Template> {
    if !matches!(node.content, Content::Text(_)) {
        return Err(errors.wrong_type(node, "text", "put quotes around it if text is meant"));
    }
    Ok(match template(node, spot, scope, errors)? {
        (Template::Whole(reference), Some(Typed::Integer | Typed::Boolean)) => {
            Template::Text(vec![Part::Reference(reference)])
        }
        (template, _) => template,
    })
}

/// Exactly one reference.
pub(super) fn whole(node: &Node, spot: Spot<'_>, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Reference> {
    if let Content::Text(_) = node.content
        && let (Template::Whole(reference), _) = template(node, spot, scope, errors)?
    {
        return Ok(reference);
    }
    Err(errors.wrong_type(node, "one `${{ path }}` and nothing around it", "such as `${{ steps.rotate.version }}`"))
}

fn assemble(mut parts: Vec<(Part, Option<Typed>)>) -> (Template, Option<Typed>) {
    match parts.as_mut_slice() {
        [] => (Template::Literal(Value::String(String::new())), None),
        [(Part::Text(text), _)] => (Template::Literal(Value::String(std::mem::take(text))), None),
        [(Part::Reference(reference), typed)] => (Template::Whole(reference.clone()), typed.take()),
        [..] => (Template::Text(parts.into_iter().map(|(part, _)| part).collect()), None),
    }
}

fn split<'t>(text: &'t str, node: &Node, errors: &mut Errors<'_>) -> Read<Vec<Piece<'t>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((path, tail)) = after.split_once("}}") else {
            let message = "`${{` is not closed";
            return Err(errors.tell(codes::BAD_REFERENCE, &node.span, message, "close it with `}}`"));
        };
        let path = path.trim();
        let is_segment =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !path.split('.').all(is_segment) {
            let message = format!("`{}` is not a path", scalar::shortened(path));
            let help = "names with dots between them, such as `inputs.reason`; there are no functions and no operators";
            return Err(errors.tell(codes::BAD_REFERENCE, &node.span, message, help));
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Path(path));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// The bytes of each `${{ }}` of a node, in order. A text with escapes in it may have fewer.
fn places(node: &Node, text: &str) -> std::vec::IntoIter<Range<usize>> {
    let raw = text.get(node.span.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = raw.get(from..).and_then(|rest| rest.find("${{")).map(|at| from + at) {
        let Some(end) = raw.get(start..).and_then(|rest| rest.find("}}")).map(|at| start + at + 2) else { break };
        found.push(node.span.start + start..node.span.start + end);
        from = end;
    }
    found.into_iter()
}
