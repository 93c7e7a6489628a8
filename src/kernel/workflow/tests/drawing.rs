//! Draws diagnostics without colour and without a terminal: the place, the marked text, the way out.

use std::fmt::Write;

use crate::diagnostic::Diagnostic;

/// One diagnostic with its source line.
pub(super) fn draw(found: &Diagnostic, text: &str) -> String {
    let line = text.lines().nth(found.line - 1).unwrap_or_default();
    let number = found.line.to_string();
    let pad = " ".repeat(number.len());
    let marked = text.get(found.offset..found.offset + found.length).unwrap_or_default();
    let width = marked.lines().next().map_or(0, |first| first.chars().count()).max(1);
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}", found.code, found.message);
    let _ = writeln!(out, "{pad}--> {}:{}:{}", found.file, found.line, found.column);
    let _ = writeln!(out, "{number} | {line}");
    let _ = writeln!(out, "{pad} | {}{}", " ".repeat(found.column - 1), "^".repeat(width));
    let _ = writeln!(out, "{pad} = {}", found.help.replace('\n', &format!("\n{pad}   ")));
    out
}
