//! The codes that a connector gives by itself: its README says what they mean, and is shown.

use serde_json::json;

use crate::catalog::READMES;
use crate::cli::Stop;
use crate::cli::screen::Screen;
use crate::cli::stop::{BAD_INPUT, DONE};

/// A connector and its README.
type Readme = (&'static str, &'static str);

/// The connector that a code begins with.
pub(super) fn readme_of(code: &str) -> Option<Readme> {
    let (room, _) = code.split_once('.')?;
    READMES.iter().copied().find(|(connector, _)| *connector == room)
}

/// Shows the row of the README that names the code.
pub(super) fn explain(code: &str, (connector, readme): Readme, screen: &Screen) -> Result<u8, Stop> {
    let file = format!("connectors/{connector}/README.md");
    let Some((outcome, truth)) = row(readme, code) else {
        let shown: String = code.chars().filter(|c| !c.is_control()).take(80).collect();
        let text = format!("`{shown}` would be the connector's own, and {file} does not name it");
        let help =
            "it names the codes of calls; what a probe or a reading answers is told by the message beside the code";
        return Err(Stop::new(BAD_INPUT, "explain.unknown_code", text, help));
    };
    screen.document(
        &json!({"code": code, "connector": connector, "outcome": outcome, "true_then": truth, "readme": file}),
    );
    screen.say(code);
    screen.say("");
    screen.say_wrapped("", &format!("A call of the connector `{connector}` ended as {outcome}: {truth}."));
    screen.say("");
    screen
        .say_wrapped("", &format!("What the target said stands beside the code; {file} says what the connector does."));
    Ok(DONE)
}

/// What the table of a README says of a code: how the call ended, and what is true then.
fn row(readme: &'static str, code: &str) -> Option<(&'static str, &'static str)> {
    let named = format!("`{code}`");
    readme.lines().filter_map(|line| line.strip_prefix('|')).find_map(|line| {
        let mut cells = line.split('|').map(str::trim);
        let codes = cells.next()?;
        codes.split(", ").any(|one| one == named).then_some(())?;
        Some((cells.next()?, cells.next()?))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn a_connectors_code_is_told_by_its_readme() {
        let row_of = |code: &str| row(readme_of(code).unwrap().1, code);
        assert_eq!(row_of("files.deadline"), Some(("refused", "nothing changed")));
        assert!(row_of("local.interrupted").unwrap().0 == "indeterminate");
        assert_eq!(row_of("local.exist"), None);
        assert_eq!(readme_of("run.held"), None);
    }
    /// The source that an attempt of a connector runs through.
    fn source_of_attempts(connector: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors").join(connector);
        let mut files: Vec<PathBuf> = ["lib.rs", "act.rs", "client.rs"].map(|name| folder.join(name)).into();
        files.extend(fs::read_dir(folder.join("act")).into_iter().flatten().map(|entry| entry.unwrap().path()));
        files.retain(|file| file.file_stem().unwrap() != "tests");
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    }

    /// Whoever writes a new code into a connector is asked for its row here.
    #[test]
    fn every_code_that_an_attempt_ends_with_has_a_row() {
        // A probe's answer: no attempt ends with it.
        const NOT_OF_ATTEMPTS: &[&str] = &["files.no_probe"];
        for (connector, readme) in READMES {
            let source = source_of_attempts(connector);
            let is_code = |text: &&str| {
                let name = text.strip_prefix(connector).and_then(|rest| rest.strip_prefix('.'));
                name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
            };
            let codes: BTreeSet<&str> = source.split('"').filter(is_code).collect();
            assert!(codes.len() > 15, "{connector}: {codes:?}");
            let lacks = |code: &&&str| row(readme, code).is_none() && !NOT_OF_ATTEMPTS.contains(code);
            let without: Vec<_> = codes.iter().filter(lacks).collect();
            assert!(without.is_empty(), "connectors/{connector}/README.md has no row for {without:?}");
        }
    }
}
