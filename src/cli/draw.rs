//! Draws diagnostics as compilers draw them: code, message, file with line and column, the source line with its mark,
//! and the way out.
//!
//! It must never write a character of a source that could steer a terminal, or a line that does not fit its width.
//!
//! Read first: [`Look`], [`draw`].

use std::fmt;
use std::ops::Range;

use countersign_kernel::diagnostic::{Diagnostic, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

/// The narrowest terminal that is drawn for, in columns.
const WIDTH_MIN: usize = 40;

/// How a drawing looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it has colours.
    pub colour: bool,
    /// Whether it is drawn with line characters; with ASCII alone otherwise.
    pub unicode: bool,
    /// Columns of the terminal; at least 40 are used.
    pub width: usize,
}

/// Draws diagnostics, an empty line between them. `sources` gives the text of a file by the name that the diagnostics
/// call it; without its text a diagnostic has its place in words.
pub fn draw(diagnostics: &[Diagnostic], sources: &dyn Fn(&str) -> Option<String>, look: Look) -> String {
    let width = look.width.max(WIDTH_MIN);
    let theme = GraphicalTheme {
        characters: if look.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if look.colour { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false).tab_width(1);
    let handler = if look.colour { handler } else { handler.without_syntax_highlighting() };
    let mut text: Option<(&str, Option<String>)> = None;
    let mut drawn = Vec::new();
    for diagnostic in diagnostics {
        if text.as_ref().is_none_or(|(file, _)| *file != diagnostic.file) {
            text = Some((&diagnostic.file, sources(&diagnostic.file)));
        }
        let source = text.as_ref().and_then(|(_, source)| source.as_deref());
        let excerpt = source.and_then(|source| Excerpt::of(diagnostic, source, Look { width, ..look }));
        let mut one = String::new();
        // WHY: writing into a string cannot fail, and the excerpt holds every place that it is asked for.
        let _ = handler.render_report(&mut one, &Drawn { diagnostic, excerpt });
        drawn.push(one.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n");
    }
    drawn.join("\n")
}

/// A diagnostic with the lines around its place.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    excerpt: Option<Excerpt>,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)?;
        if self.excerpt.is_some() {
            return Ok(());
        }
        write!(f, "\nin {}:{}:{}", named(&self.diagnostic.file), self.diagnostic.line, self.diagnostic.column)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.diagnostic.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = self.excerpt.as_ref()?.mark;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, mark))))
    }
}

/// The marked line with one line before and one after it, cut to the columns that there are.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The line that the text begins with, from 0.
    first: usize,
    /// The marked line and column in the file, from 0.
    place: (usize, usize),
    /// The marked bytes of the text.
    mark: SourceSpan,
}

impl Excerpt {
    /// The excerpt; `None` when the text has no such line.
    fn of(diagnostic: &Diagnostic, source: &str, look: Look) -> Option<Self> {
        let (line, column) = (diagnostic.line.checked_sub(1)?, diagnostic.column.checked_sub(1)?);
        let first = line.saturating_sub(1);
        let lines: Vec<Vec<char>> = source.lines().skip(first).take(line - first + 2).map(printable).collect();
        let marked = lines.get(line - first)?;
        let length = source.get(diagnostic.offset..)?.lines().next().map_or(0, |rest| {
            let end = diagnostic.length.min(rest.len());
            rest.get(..end).unwrap_or_default().chars().count()
        });
        // WHY: miette draws the line number between two spaces, and a bar with a space after it.
        let gutter = (first + lines.len()).to_string().len() + 4;
        let room = look.width.saturating_sub(gutter);
        let cut = if look.unicode { "\u{2026}" } else { "..." };
        let (start, end) = (column.min(marked.len()), (column + length).min(marked.len()));
        let window = Window::new(start..end, marked.len(), room, cut);
        let mut text = String::new();
        let mut mark = 0..0;
        for (number, chars) in lines.iter().enumerate() {
            let begin = text.len();
            if number == line - first {
                text.push_str(&window.cut(chars));
                mark = begin + window.byte(chars, start)..begin + window.byte(chars, end);
            } else {
                text.push_str(&Window::new(0..0, chars.len(), room, cut).cut(chars));
            }
            text.push('\n');
        }
        Some(Self { name: named(&diagnostic.file), text, first, place: (line, column), mark: mark.into() })
    }
}

impl SourceCode for Excerpt {
    /// Always the whole excerpt. Without lines around it the place in the file is asked for: the head of a drawing.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (line, column) = if before == 0 { self.place } else { (self.first, 0) };
        let span = SourceSpan::from((0, self.text.len()));
        let count = self.text.matches('\n').count();
        let name = self.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, self.text.as_bytes(), span, line, column, count)))
    }
}

/// The columns of a file that are shown.
#[derive(Debug)]
struct Window {
    columns: Range<usize>,
    /// What stands where text was cut.
    cut: &'static str,
}

impl Window {
    /// The columns around a mark of a line that has so many, where there is room for so many.
    fn new(mark: Range<usize>, length: usize, room: usize, cut: &'static str) -> Self {
        let width = cut.chars().count();
        if length <= room {
            return Self { columns: 0..length, cut };
        }
        if mark.end + width <= room {
            return Self { columns: 0..room - width, cut };
        }
        let from = mark.start.saturating_sub(room / 3);
        Self { columns: from..from + room.saturating_sub(2 * width), cut }
    }

    /// The shown part of a line.
    fn cut(&self, line: &[char]) -> String {
        let from = self.columns.start.min(line.len());
        let to = self.columns.end.min(line.len());
        let left = if from > 0 { self.cut } else { "" };
        let right = if to < line.len() { self.cut } else { "" };
        let shown: String = line[from..to].iter().collect();
        format!("{left}{shown}{right}")
    }

    /// Where a column of the line stands in its shown part, in bytes.
    fn byte(&self, line: &[char], column: usize) -> usize {
        let from = self.columns.start.min(line.len());
        let to = column.clamp(from, self.columns.end.max(from)).min(line.len());
        let left = if from > 0 { self.cut.len() } else { 0 };
        left + line[from..to].iter().map(|c| c.len_utf8()).sum::<usize>()
    }
}

/// A line without characters that could steer a terminal or turn the text's direction.
fn printable(line: &str) -> Vec<char> {
    let is_turn = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    line.chars()
        .map(|c| match c {
            '\t' => ' ',
            _ if c.is_control() || is_turn(c) => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// A file's name, likewise.
fn named(file: &str) -> String {
    printable(file).into_iter().collect()
}

#[cfg(test)]
mod tests;
