//! `countersign schema`: the JSON Schemas of workflow files and of tests of policies, for editors, that of a plan, for
//! programs, and the Cedar schema of what policies may read, for their authors.

mod plan;

use std::io::Write as _;
use std::path::PathBuf;

use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::policy::Vocabulary;
use countersign_kernel::workflow;
use serde_json::json;

use super::Stop;
use super::arguments::{PolicySchema, Schema, SchemaOf};
use super::screen::Screen;
use super::stop::{BAD_INPUT, DONE, FAILED};
use crate::catalog::Catalog;
use crate::known;
use crate::scheduler::FileSet;

/// Prints the schema; one of JSON Schema is JSON with `--json` and without.
pub(super) fn schema(data: Option<PathBuf>, asked: &Schema, screen: &Screen) -> Result<u8, Stop> {
    let schema = match &asked.of {
        None | Some(SchemaOf::Workflow) => workflow::schema::schema(),
        Some(SchemaOf::Tests) => workflow::schema::trials_schema(),
        Some(SchemaOf::Plan) => plan::schema(),
        Some(SchemaOf::Policy(asked)) => return policy(data, asked, screen),
    };
    print(&serde_json::to_string_pretty(&schema).map_err(|error| failed(&error))?)
}

/// Needs no data folder.
fn policy(data: Option<PathBuf>, asked: &PolicySchema, screen: &Screen) -> Result<u8, Stop> {
    let settings = super::lint::settings(data, asked.settings.as_deref());
    let settings = settings.map_err(|error| super::lint::drawn(&error, screen))?;
    let catalog = Catalog::of_manifests(&settings);
    let known = known(&catalog);
    let files = asked.files.as_deref().map(FileSet::read).unwrap_or_default();
    let refused = |found: Vec<Diagnostic>| {
        screen.document(&json!({"diagnostics": found}));
        if !screen.json {
            screen.diagnostics(&found, &|path| files.text(path));
        }
        Stop::told(BAD_INPUT, "set.refused")
    };
    let words: Vocabulary<'_> = files.vocabulary(&known).map_err(refused)?;
    if screen.json {
        let schema = words.schema_json().map_err(refused)?;
        return print(&serde_json::to_string_pretty(&schema).map_err(|error| failed(&error))?);
    }
    print(words.schema_text().map_err(refused)?.trim_end())
}

fn print(text: &str) -> Result<u8, Stop> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // WHY: a reader that closed the pipe has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(DONE),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Stop {
    Stop::new(FAILED, "schema.write", format!("the schema cannot be written: {error}"), "name another output")
}
