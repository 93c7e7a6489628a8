//! The set that is current, under today's settings.

use super::Report;
use crate::catalog::Catalog;
use crate::cli::screen::counted;
use crate::scheduler::{Active, ActiveError};
use crate::settings::Settings;
use crate::{Reading, known};

/// Reads the set again, and lints it; `None` where nothing can run.
pub(super) async fn examine(reading: &Reading, settings: &Settings, report: &mut Report) -> Option<Active> {
    let catalog = Catalog::of_manifests(settings);
    match Active::load(&reading.store, &known(&catalog)).await {
        Ok(active) => {
            let message = format!(
                "{} is current: {} and {}, which fit the settings",
                active.entry,
                counted(active.set.workflows.len() as u64, "workflow", "workflows"),
                counted(active.files.policies.len() as u64, "file of policies", "files of policies")
            );
            report.ok("set", message);
            for one in &active.set.warnings {
                report.warn(
                    "set",
                    format!("{}:{}: {} [{}]", one.file, one.line, one.message, one.code),
                    one.help.clone(),
                );
            }
            Some(active)
        }
        Err(ActiveError::Nothing) => {
            report.warn(
                "set",
                "nothing is activated: nothing can run",
                "`countersign activate DIR` makes files current",
            );
            None
        }
        Err(ActiveError::Unfit { diagnostics, .. }) => {
            for one in diagnostics {
                report.fault(
                    "set",
                    format!("{}:{}: {} [{}]", one.file, one.line, one.message, one.code),
                    one.help.clone(),
                );
            }
            None
        }
        Err(error) => {
            report.stop("set", &error.into());
            None
        }
    }
}
