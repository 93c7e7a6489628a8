//! What a person, or a program, sees: text that fits the terminal, or one JSON document.

use std::io::{IsTerminal as _, Write as _};

use countersign_kernel::diagnostic::Diagnostic;
use serde::Serialize;

use super::Stop;
use super::draw::{Look, draw};

/// The narrowest and widest text that is drawn, in columns.
const COLUMNS: std::ops::RangeInclusive<usize> = 40..=120;

/// Where a command's words go.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    /// One JSON document on standard output, and nothing else.
    pub(super) json: bool,
    /// Colour and live progress are welcome.
    pub(super) live: bool,
    /// Columns.
    pub(super) width: usize,
}

impl Screen {
    /// The process's own standard output and error.
    pub(super) fn of_process(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = width.or_else(|| terminal.then(terminal_width).flatten()).unwrap_or(100);
        Self { json, live: terminal && !plain && !json, width: width.clamp(*COLUMNS.start(), *COLUMNS.end()) }
    }

    /// One line for a person; nothing with `--json`.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        if !self.json {
            // WHY: a reader that closed the pipe has seen enough; the command goes on.
            let _ = writeln!(std::io::stdout().lock(), "{}", line.as_ref());
        }
    }

    /// Text behind a first word, broken at spaces so that it fits, its rest indented as far as the first word reaches.
    pub(super) fn wrapped(&self, first: &str, text: &str) -> String {
        let indent = first.chars().count();
        let mut lines = Vec::new();
        let (mut line, mut column) = (first.to_owned(), indent);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if column + length > self.width && column > indent {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                column = indent;
            }
            line.push_str(word);
            line.push(' ');
            column += length + 1;
        }
        lines.push(line);
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }

    /// Says such a text.
    pub(super) fn say_wrapped(&self, first: &str, text: &str) {
        self.say(self.wrapped(first, text));
    }

    /// The one JSON document; nothing without `--json`.
    pub(super) fn document<T: Serialize>(&self, document: &T) {
        if self.json {
            let text = serde_json::to_string_pretty(document).unwrap_or_default();
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        }
    }

    /// Why the command ends without success.
    pub(super) fn stop(&self, stop: &Stop) {
        if self.json && !stop.told {
            self.document(&stop.to_json());
        } else if !self.json && !stop.told {
            let _ = write!(std::io::stderr().lock(), "{}", stop.to_text());
        }
    }

    /// Draws what is wrong in files, on standard error.
    pub(super) fn diagnostics(&self, found: &[Diagnostic], source: &dyn Fn(&str) -> Option<String>) {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        let _ = write!(
            std::io::stderr().lock(),
            "{}",
            draw(found, source, Look { colour, unicode: colour, width: self.width })
        );
    }
}

fn terminal_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    (columns > 0).then_some(usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_and_lines_within_the_width() {
        let screen = Screen { json: false, live: false, width: 12 };
        assert_eq!(screen.wrapped("  a ", "bb  ccccc dd"), "  a bb ccccc\n    dd");
        assert_eq!(screen.wrapped("  a ", "much-too-long b"), "  a much-too-long\n    b");
        assert_eq!(screen.wrapped("  a ", ""), "  a");
    }
}
