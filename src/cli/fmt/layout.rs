//! The layout of a workflow file: keys in the order of the language's description, two spaces, 120 columns, double quotes, one blank line at most.

use super::order;
use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::page::{Example, Page};
use countersign_kernel::workflow::layout::{Values, values};
use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, LineBreak, Quotes};

/// The longest line that a list or mapping in brackets stands in, in columns.
const COLUMNS: usize = 120;

/// The text as it should be.
///
/// # Errors
/// Every error of the text as YAML.
pub(in crate::cli) fn laid_out(file: &str, bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    let said = values(file, bytes)?;
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut new = text.to_owned();
    // WHY: a comment that moves to a line of its own can be indented anew by a second pass.
    for _ in 0..PASSES {
        let ordered = order::ordered(&new).filter(|ordered| is_same(file, ordered, &said, text)).unwrap_or(new.clone());
        let next =
            pretty_yaml::format_text(&ordered, &options()).map_err(|wrong| vec![loose(file, text, wrong.offset())])?;
        if next == new {
            break;
        }
        new = next;
    }
    // INVARIANT: what the file says stays, and so does every comment, whatever the layout engine does.
    if is_same(file, &new, &said, text) { Ok(new) } else { Err(vec![loose(file, text, 0)]) }
}

/// Whether a text says the same as before, with the same comments.
fn is_same(file: &str, new: &str, said: &Values, text: &str) -> bool {
    values(file, new.as_bytes()).is_ok_and(|says| says == *said) && comments(new) == comments(text)
}

/// The comments of a text, sorted: with its key a comment moves; `None` for a text that is not YAML.
fn comments(text: &str) -> Option<Vec<String>> {
    let tree = yaml_parser::parse(text).ok()?;
    let tokens = tree.descendants_with_tokens().filter_map(yaml_parser::SyntaxElement::into_token);
    let comments = tokens.filter(|token| token.kind() == yaml_parser::SyntaxKind::COMMENT);
    let mut comments: Vec<String> = comments.map(|token| token.text().trim_end().to_owned()).collect();
    comments.sort();
    Some(comments)
}

/// How often a text is laid out until it stays as it is.
const PASSES: usize = 4;

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: COLUMNS, indent_width: 2, line_break: LineBreak::Lf },
        language: LanguageOptions { quotes: Quotes::PreferDouble, brace_spacing: false, ..LanguageOptions::default() },
    }
}

fn loose(file: &str, text: &str, at: usize) -> Diagnostic {
    Diagnostic::error(PAGE.code, file, text, at..at)
        .message("the text from here on can be read, but not laid out")
        .help("indent what stands in brackets deeper than its key, and close it there; the file is as it was")
}

/// The page of the one code.
pub(in crate::cli) const PAGE: Page = Page {
    code: "fmt.layout",
    meaning: "A text that can be read cannot be laid out.",
    why: "Strict YAML wants the lines of a list or mapping in brackets to be indented deeper than their key; the reader is \
          more patient than that. A file is never written when its values or its comments would not be the same after.",
    example: Example::change(ROTATE, "{team: payments, person", "{team: pay\nments, person"),
};

/// A good file.
const ROTATE: &str = include_str!("../../kernel/workflow/codes/rotate.yaml");

#[cfg(test)]
mod tests;
