//! What a person, or a program, sees: text that fits the terminal, or one JSON document.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_kernel::diagnostic::Diagnostic;
use serde::Serialize;

use super::Stop;
use super::draw::{Look, draw};
use super::spans::{GLUE, glued};

/// The narrowest and widest text that is drawn, in columns.
const COLUMNS: std::ops::RangeInclusive<usize> = 40..=120;

/// Where a command's words go.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    /// One JSON document on standard output, and nothing else.
    pub(super) json: bool,
    /// Colour and live progress are welcome.
    pub(super) live: bool,
    /// Columns, as they were when the command began.
    pub(super) width: usize,
    /// Where words go instead of standard output, and whether a terminal shows them.
    pub(super) kept: Option<(Arc<Mutex<String>>, bool)>,
}

/// How far the rest of a line is indented whose first words leave little room beside them.
const BELOW: usize = 6;

/// The text with spaces where no line was to be broken.
fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(GLUE) { text.replace(GLUE, " ").into() } else { text.into() }
}

/// The text without what could steer a terminal; its lines stay.
fn steady(text: &str) -> std::borrow::Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    let text = plain(text);
    if text.contains(steers) { text.replace(steers, "\u{fffd}").into() } else { text }
}

impl Screen {
    /// The process's own standard output and error.
    pub(super) fn of_process(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = width.or_else(|| terminal.then(terminal_width).flatten()).unwrap_or(100);
        let width = width.clamp(*COLUMNS.start(), *COLUMNS.end());
        Self { json, live: terminal && !plain && !json, width, kept: None }
    }

    /// The same, whose words are kept, until they are taken; a document is one line there.
    pub(super) fn keeping(&self) -> Self {
        Self { live: false, kept: Some((Arc::default(), self.live)), ..self.clone() }
    }

    /// What was kept, and nothing of it any more.
    pub(super) fn take(&self) -> String {
        let kept = self.kept.as_ref().map(|(kept, _)| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    /// Columns now: a terminal's change while a command runs, unless the environment says how many there are.
    pub(super) fn columns(&self) -> usize {
        let is_shown = self.live || self.kept.as_ref().is_some_and(|(_, shown)| *shown);
        if !is_shown || std::env::var_os("COLUMNS").is_some() {
            return self.width;
        }
        terminal_width().map_or(self.width, |width| width.clamp(*COLUMNS.start(), *COLUMNS.end()))
    }

    fn put(&self, line: &str) {
        if let Some((kept, _)) = &self.kept {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_str(line);
            kept.push('\n');
            return;
        }
        // WHY: a reader that closed the pipe has seen enough; the command goes on.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// One line for a person; nothing with `--json`.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        if !self.json {
            self.put(&steady(line.as_ref()));
        }
    }

    /// A line that is broken at spaces so that it fits, its rest indented.
    pub(super) fn say_wrapped(&self, first: &str, text: &str) {
        // WHY: a reason or an input must not begin a line that looks like one of ours.
        let text = text.replace(['\n', '\r'], " ");
        self.wrapped(first, &text).iter().for_each(|line| self.say(line));
    }

    /// `first` and then `text`, broken at spaces so that it fits, its rest indented.
    pub(super) fn wrapped(&self, first: &str, text: &str) -> Vec<String> {
        let width = self.columns();
        // WHY: where the first words take much of the line, what follows needs the lines below them.
        let column = first.chars().count();
        let indent = if column <= width * 2 / 5 { column } else { BELOW };
        let text = with_whole_commands(text, width - indent);
        let mut lines = Vec::new();
        let mut line = first.to_owned();
        for word in text.split(' ') {
            let column = line.chars().count();
            if column + word.chars().count() > width && column > indent {
                lines.push(line.trim_end().to_owned());
                line = " ".repeat(indent);
            }
            if word.is_empty() && line.trim().is_empty() && !lines.is_empty() {
                continue;
            }
            line.push_str(word);
            line.push(' ');
        }
        lines.push(line.trim_end().to_owned());
        lines
    }

    /// The one JSON document; nothing without `--json`.
    pub(super) fn document<T: Serialize>(&self, document: &T) {
        if self.json {
            let text = if self.kept.is_some() {
                serde_json::to_string(document)
            } else {
                serde_json::to_string_pretty(document)
            };
            self.put(&plain(&text.unwrap_or_default()));
        }
    }

    /// A text of another format, as it is.
    pub(super) fn raw(text: &str) {
        // WHY: a reader that closed the pipe has seen enough.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// One of several JSON documents, on a line of its own; nothing without `--json`.
    pub(super) fn line<T: Serialize>(&self, document: &T) {
        if self.json {
            self.put(&plain(&serde_json::to_string(document).unwrap_or_default()));
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

/// The text with each command of ours on one line, where a line has room for it: a person copies it as it stands.
fn with_whole_commands(text: &str, room: usize) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("`countersign ") {
        let (before, found) = rest.split_at(at);
        let end = found.match_indices('`').nth(1).map_or(found.len(), |(end, _)| end + 1);
        let (command, after) = found.split_at(end);
        whole.push_str(before);
        if command.chars().count() < room {
            whole.push_str(&glued(command));
        } else {
            whole.push_str(command);
        }
        rest = after;
    }
    whole + rest
}

/// How many there are, in words: `1 run`, `2 runs`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How the person who reads this calls us: from a build folder through cargo, else by name.
pub(super) fn called() -> &'static str {
    let name = std::env::args_os().next().map(std::path::PathBuf::from).unwrap_or_default();
    let built = name.components().any(|part| part.as_os_str() == "target");
    if built { "cargo run -q --" } else { "countersign" }
}

fn terminal_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    (columns > 0).then_some(usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::{Screen, counted, steady};

    #[test]
    fn a_command_stays_on_one_line_where_it_fits_and_first_words_leave_room() {
        let screen = Screen { json: false, live: false, width: 40, kept: None };
        let lines = |first: &str, text: &str| -> Vec<String> {
            screen.wrapped(first, text).iter().map(|line| steady(line).into_owned()).collect()
        };
        let text = "something that is true; `countersign status RUN` says more";
        assert_eq!(
            lines("next  ", text),
            ["next  something that is true;", "      `countersign status RUN` says more"]
        );
        let long = format!("`countersign {}`", "word ".repeat(9));
        assert!(lines("", &long).iter().all(|line| line.chars().count() <= 40), "{long}");
        assert_eq!(lines(&"x".repeat(20), " a b"), [format!("{} a b", "x".repeat(20))]);
        assert_eq!(lines(&"x".repeat(20), &"long ".repeat(5))[1], "      long");
    }

    #[test]
    fn one_of_a_thing_is_told_as_one() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "entry", "entries")), ["0 entries", "1 entry", "2 entries"]);
    }
}
