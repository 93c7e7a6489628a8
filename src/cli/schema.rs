//! `countersign schema`: the JSON Schemas of workflow files and of tests of policies, for editors, and that of a plan, for
//! programs.

mod plan;

use std::io::Write as _;

use countersign_kernel::workflow;

use super::Stop;
use super::arguments::{Schema, SchemaOf};
use super::stop::{DONE, FAILED};

/// Prints the schema; it is JSON with `--json` and without.
pub(super) fn schema(asked: &Schema) -> Result<u8, Stop> {
    let failed = |error: &dyn std::fmt::Display| {
        Stop::new(FAILED, "schema.write", format!("the schema cannot be written: {error}"), "name another output")
    };
    let schema = match asked.of {
        SchemaOf::Workflow => workflow::schema::schema(),
        SchemaOf::Tests => workflow::schema::trials_schema(),
        SchemaOf::Plan => plan::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| failed(&error))?;
    match writeln!(std::io::stdout().lock(), "{text}") {
        // WHY: a reader that closed the pipe has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(DONE),
    }
}
