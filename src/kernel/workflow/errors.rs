//! Collects the errors of one file.

use std::ops::Range;

use super::codes;
use super::tree::{Content, Node};
use crate::diagnostic::Diagnostic;

/// How many errors of one file are kept. Counting a line costs a pass over the text before it.
const ERRORS_MAX: usize = 100;

/// Proof that an error was told; only [`Errors`] makes one. A reading function that answers `Err(Told)` has told why,
/// or was answered so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told(());

/// A value, unless an error was told.
pub(super) type Read<T> = Result<T, Told>;

/// The errors of one file, all at once.
pub(super) struct Errors<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<Diagnostic>,
    is_cut: bool,
}

impl<'a> Errors<'a> {
    pub(super) const fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: Vec::new(), is_cut: false }
    }

    /// The text that is read.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// True when no further error is kept, and what would explain it need not be worked out.
    pub(super) const fn is_full(&self) -> bool {
        self.found.len() >= ERRORS_MAX
    }

    /// Adds one error.
    pub(super) fn tell(
        &mut self,
        code: &'static str,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Told {
        if self.is_full() {
            self.is_cut = true;
        } else {
            let found = Diagnostic::error(code, self.file, self.text, at.clone());
            self.found.push(found.message(printable(&message.into())).help(printable(&help.into())));
        }
        Told(())
    }

    /// The same, unless it was told of this place already.
    pub(super) fn tell_once(
        &mut self,
        code: &'static str,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Told {
        let message = printable(&message.into());
        let same = |found: &Diagnostic| found.code == code && found.offset == at.start && found.message == message;
        if self.found.iter().any(same) { Told(()) } else { self.tell(code, at, message, help) }
    }

    /// Takes an error back that another one of the same place explains better; that one must be told.
    pub(super) fn take_back(&mut self, code: &str, at: &Range<usize>, message: &str) {
        let same = |found: &Diagnostic| found.code == code && found.offset == at.start && found.message == message;
        if let Some(index) = self.found.iter().rposition(same) {
            self.found.remove(index);
        }
    }

    /// A value of another type than `wanted`, which names the type with its article.
    pub(super) fn wrong_type(&mut self, node: &Node, wanted: &str, help: impl Into<String>) -> Told {
        let found = match &node.content {
            Content::Null => "nothing",
            Content::Boolean(_) => "true or false",
            Content::Integer(_) => "a whole number",
            Content::Number => "a number that is not whole, or too large",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        };
        self.tell(codes::WRONG_TYPE, &node.span, format!("expected {wanted}, found {found}"), help)
    }

    /// The errors in the order of the text.
    pub(super) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| found.offset);
        if self.is_cut {
            let end = self.text.len();
            self.found.push(
                Diagnostic::error(codes::TOO_MANY_ERRORS, self.file, self.text, end..end)
                    .message(format!("only the first {ERRORS_MAX} errors are shown"))
                    .help("correct these, then lint again"),
            );
        }
        self.found
    }
}

/// The text without characters that could steer a terminal, and no longer than a person reads.
fn printable(text: &str) -> String {
    text.chars().take(600).map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
