//! Workflow commands of GitHub Actions: a line that the runner shows beside the line that is wrong.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>, "Setting an error
//! message".

use countersign_kernel::diagnostic::{Diagnostic, Severity};

use super::said;
use crate::cli::Stop;

/// One finding.
pub(super) fn command(found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (file, code) = (property(&found.file), property(found.code));
    let (line, column) = (found.line, found.column);
    let text = text(&said(&found.message, Some(&found.help)));
    format!("::{level} file={file},line={line},col={column},title={code}::{text}")
}

/// Why nothing was checked.
pub(super) fn stop(stop: &Stop) -> String {
    format!("::error title={}::{}", property(&stop.code), text(&said(&stop.message, stop.help.as_deref())))
}

/// What stands after the second `::`.
fn text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands after a `=`.
fn property(text: &str) -> String {
    self::text(text).replace(':', "%3A").replace(',', "%2C")
}
