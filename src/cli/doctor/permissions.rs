//! `countersign doctor --print-policy`: what each connector of the settings has to be allowed, and what it does with it.

use std::path::PathBuf;

use serde_json::json;

use crate::catalog::{Catalog, READMES};
use crate::cli::Stop;
use crate::cli::lint;
use crate::cli::screen::Screen;
use crate::cli::stop::DONE;

/// Prints them. Without a data folder, those of the default settings.
pub(super) fn print(data: Option<PathBuf>, screen: &Screen) -> Result<u8, Stop> {
    let settings = lint::settings(data, None).map_err(|error| lint::drawn(&error, screen))?;
    let catalog = Catalog::of_manifests(&settings);
    let mut all = Vec::new();
    for (name, manifest) in catalog.manifests() {
        let permissions = permissions(manifest.connector);
        let places: Vec<&String> =
            settings.places.iter().filter(|(_, place)| place.connector() == name).map(|(place, _)| place).collect();
        let mut verbs: Vec<(&str, &str, &str)> = Vec::new();
        for verb in &manifest.verbs {
            let back = if verb.reversibility.undo().is_some() { "can be taken back" } else { "for good" };
            verbs.push((verb.name, verb.kind, back));
        }
        let rows: Vec<_> =
            verbs.iter().map(|(verb, kind, back)| json!({"verb": verb, "kind": kind, "reversibility": back})).collect();
        all.push(json!({
            "name": name, "connector": manifest.connector, "summary": manifest.summary, "permissions": permissions,
            "places": places, "verbs": rows,
        }));
        screen.say_wrapped(&format!("{name}  "), &format!("{}: {}", manifest.connector, manifest.summary));
        for paragraph in &permissions {
            screen.say_wrapped("  needs    ", paragraph);
        }
        for place in &places {
            screen.say_wrapped("  place    ", place);
        }
        for (verb, kind, back) in &verbs {
            screen.say_wrapped("  changes  ", &format!("{kind}: {verb}, {back}"));
        }
        screen.say("");
    }
    screen.document(&json!({"connectors": all}));
    screen.say_wrapped(
        "",
        "A connector reads what it changes, and what it lists; it changes nothing without a recorded intent.",
    );
    Ok(DONE)
}

/// The paragraphs and points of a README's section on permissions, each on one line.
fn permissions(connector: &str) -> Vec<String> {
    let readme = READMES.iter().find(|(name, _)| *name == connector).map_or("", |(_, readme)| readme);
    let section = readme.lines().skip_while(|line| *line != "## Permissions").skip(1);
    let mut found: Vec<String> = Vec::new();
    let mut begins = true;
    for line in section.take_while(|line| !line.starts_with("## ")) {
        let point = line.strip_prefix("- ");
        begins |= point.is_some();
        let text = point.unwrap_or(line).trim();
        if text.is_empty() {
            begins = true;
        } else if std::mem::take(&mut begins) {
            found.push(text.to_owned());
        } else if let Some(last) = found.last_mut() {
            last.push(' ');
            last.push_str(text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connector_says_what_it_has_to_be_allowed() {
        for (connector, _) in READMES {
            let found = permissions(connector);
            assert!(found.len() >= 2 && found.iter().all(|one| one.len() > 40), "{connector}: {found:?}");
        }
    }
}
