//! What is wrong with a text that a person wrote: where, why, and the way out.

use serde::Serialize;

/// One finding about one place of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable code, such as `workflow.unknown_key`.
    pub code: &'static str,
    /// Whether the text is refused.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, the text's own words in backticks.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The file, as it was named.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
    /// In characters, counts from 1.
    pub column: usize,
    /// Where the marked text begins, in bytes of the file.
    #[serde(skip)]
    pub offset: usize,
    /// How many bytes are marked; may be 0.
    #[serde(skip)]
    pub length: usize,
}

/// Whether a text with this finding is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Refused.
    Error,
    /// Taken, but look again.
    Warning,
}

impl Diagnostic {
    /// An error at a byte range of `text`; line and column are counted here.
    pub fn error(code: &'static str, file: &str, text: &str, range: std::ops::Range<usize>) -> Self {
        let offset = floor_boundary(text, range.start);
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            code,
            severity: Severity::Error,
            message: String::new(),
            help: String::new(),
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            offset,
            length: floor_boundary(text, range.end).saturating_sub(offset),
        }
    }

    /// The same with its message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with its way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// A word in backticks with its article: an `evidence`, a `uses`.
pub(crate) fn with_article(word: &str) -> String {
    let is_vowel = |c: char| "aeiou".contains(c.to_ascii_lowercase());
    // WHY: the words that begin with a `u` that is a vowel are none of ours; `uses` and `unix` sound otherwise.
    let is_an = word.starts_with(is_vowel) && !word.starts_with("us") && !word.starts_with("un");
    format!("{} `{word}`", if is_an { "an" } else { "a" })
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_goes_by_the_sound() {
        let words = ["evidence", "issue", "uses", "account", "rotate"].map(with_article);
        assert_eq!(words, ["an `evidence`", "an `issue`", "a `uses`", "an `account`", "a `rotate`"]);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "a: 1\n\u{e9}b: 2\n";
        let found = Diagnostic::error("x", "f.yaml", text, 7..8);
        assert_eq!((found.line, found.column, found.length), (2, 2, 1));
        let past = Diagnostic::error("x", "f.yaml", text, 900..901);
        assert_eq!((past.line, past.column), (3, 1));
    }
}
