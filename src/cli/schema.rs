//! `countersign schema`: the JSON Schema of a workflow file, for editors.

use std::io::Write as _;

use countersign_kernel::workflow;

use super::Stop;
use super::stop::{DONE, FAILED};

/// Prints the schema; it is JSON with `--json` and without.
pub(super) fn schema() -> Result<u8, Stop> {
    let failed = |error: &dyn std::fmt::Display| {
        Stop::new(FAILED, "schema.write", format!("the schema cannot be written: {error}"), "name another output")
    };
    let text = serde_json::to_string_pretty(&workflow::schema::schema()).map_err(|error| failed(&error))?;
    match writeln!(std::io::stdout().lock(), "{text}") {
        // WHY: a reader that closed the pipe has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(DONE),
    }
}
