//! The order of keys: as the language's description has it, each key with its comments.

use countersign_kernel::workflow::schema;
use yaml_parser::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// The text with its keys in order. A mapping whose first key has a comment above it, and does not stay the first,
/// keeps its order: the comment may be about the whole of it.
pub(super) fn ordered(text: &str) -> Option<String> {
    let tree = yaml_parser::parse(text).ok()?;
    Some(render(&tree, &mut Vec::new()))
}

/// One key of a mapping in lines, with what belongs to it.
struct Entry {
    /// A blank line stood before it.
    is_apart: bool,
    /// The comments above it.
    above: Vec<String>,
    /// The key, its value, and a comment in its last line.
    text: String,
}

fn render(node: &SyntaxNode, path: &mut Vec<String>) -> String {
    match node.kind() {
        SyntaxKind::BLOCK_MAP => lines(node, path),
        SyntaxKind::FLOW_MAP_ENTRIES => brackets(node, path),
        SyntaxKind::BLOCK_MAP_ENTRY | SyntaxKind::FLOW_MAP_ENTRY => below(node, path, key(node)),
        SyntaxKind::BLOCK_SEQ_ENTRY | SyntaxKind::FLOW_SEQ_ENTRY => below(node, path, "[]".to_owned()),
        _ => parts(node, path),
    }
}

fn below(node: &SyntaxNode, path: &mut Vec<String>, step: String) -> String {
    path.push(step);
    let text = parts(node, path);
    path.pop();
    text
}

fn parts(node: &SyntaxNode, path: &mut Vec<String>) -> String {
    let each = node.children_with_tokens().map(|part| match part {
        SyntaxElement::Node(node) => render(&node, path),
        SyntaxElement::Token(token) => token.text().to_owned(),
    });
    each.collect()
}

/// The key of an entry, without quotes.
fn key(entry: &SyntaxNode) -> String {
    let is_key = |kind| matches!(kind, SyntaxKind::BLOCK_MAP_KEY | SyntaxKind::FLOW_MAP_KEY);
    let key = entry.children().find(|child| is_key(child.kind())).map(|key| key.text().to_string());
    key.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

/// The numbers of the entries in the order in which they should stand; `None` when they stand so.
fn turn(keys: &[String], path: &[String]) -> Option<Vec<usize>> {
    let known = schema::keys(path);
    let place = |key: &String| known.iter().position(|known| known == key).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|at| place(&keys[*at]));
    (!order.is_sorted()).then_some(order)
}

fn brackets(node: &SyntaxNode, path: &mut Vec<String>) -> String {
    let entries: Vec<SyntaxNode> = node.children().collect();
    let has_comment = node.children_with_tokens().any(|part| part.kind() == SyntaxKind::COMMENT);
    let keys: Vec<String> = entries.iter().map(key).collect();
    let Some(order) = turn(&keys, path).filter(|_| !has_comment) else { return parts(node, path) };
    let mut next = order.into_iter();
    let each = node.children_with_tokens().map(|part| match part {
        SyntaxElement::Token(token) => token.text().to_owned(),
        SyntaxElement::Node(node) => {
            let entry = next.next().and_then(|at| entries.get(at)).unwrap_or(&node);
            render(entry, path)
        }
    });
    each.collect()
}

fn lines(node: &SyntaxNode, path: &mut Vec<String>) -> String {
    let keys: Vec<String> = node.children().map(|entry| key(&entry)).collect();
    let Some(order) = turn(&keys, path) else { return parts(node, path) };
    if order.first() != Some(&0) && !path.is_empty() && comes_after_comment(node) {
        return parts(node, path);
    }
    let indent = " ".repeat(column(node));
    let entries = entries(node, path);
    let mut text = String::new();
    for (number, entry) in order.iter().filter_map(|at| entries.get(*at)).enumerate() {
        if number > 0 {
            text.push_str(if entry.is_apart { "\n\n" } else { "\n" });
            text.push_str(&indent);
        }
        for comment in &entry.above {
            text.push_str(comment);
            text.push('\n');
            text.push_str(&indent);
        }
        text.push_str(&entry.text);
    }
    text
}

fn entries(node: &SyntaxNode, path: &mut Vec<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let (mut above, mut breaks) = (Vec::new(), 0);
    for part in node.children_with_tokens() {
        match part {
            SyntaxElement::Node(node) => {
                let is_apart = breaks > 1;
                let text = render(&node, path);
                entries.push(Entry { is_apart, above: std::mem::take(&mut above), text });
                breaks = 0;
            }
            SyntaxElement::Token(token) if token.kind() == SyntaxKind::COMMENT => match entries.last_mut() {
                Some(last) if breaks == 0 => {
                    last.text.push_str("  ");
                    last.text.push_str(token.text().trim_end());
                }
                _ => above.push(token.text().trim_end().to_owned()),
            },
            SyntaxElement::Token(token) if above.is_empty() => breaks += token.text().matches('\n').count(),
            SyntaxElement::Token(_) => {}
        }
    }
    entries
}

/// Whether a comment stands between the key that a mapping is under, or the dash, and the mapping.
fn comes_after_comment(node: &SyntaxNode) -> bool {
    let trivia = |kind| matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT);
    before(node).take_while(|token| trivia(token.kind())).any(|token| token.kind() == SyntaxKind::COMMENT)
}

/// The tokens before a mapping, the nearest one first.
fn before(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    let nearest = node.first_token().and_then(|first| first.prev_token());
    std::iter::successors(nearest, SyntaxToken::prev_token)
}

/// How far from the left a mapping begins.
fn column(node: &SyntaxNode) -> usize {
    let mut column = 0;
    for token in before(node) {
        match token.text().rsplit_once('\n') {
            Some((_, rest)) => return column + rest.chars().count(),
            None => column += token.text().chars().count(),
        }
    }
    column
}
