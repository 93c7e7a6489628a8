//! Pages are found by what a person types, and every one of them is drawn from an example that the embedded connectors
//! answer to.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::Manifest;
use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::page::Example;

use super::*;
use crate::catalog::Catalog;
use crate::cli::{Look, draw};
use crate::scheduler::{FileSet, SetFile};
use crate::settings::Settings;

fn help_for(asked: &str) -> String {
    unknown(asked).help.unwrap()
}

#[test]
fn a_code_is_found_by_its_name_or_the_nearest_one_is_told() {
    assert_eq!(only_named("uncovered_change").map(|page| page.code), Some("workflow.uncovered_change"));
    assert_eq!(only_named("unknown_key"), None, "workflows and settings have it");
    assert_eq!(help_for("workflow.uncoverd_change"), "did you mean `workflow.uncovered_change`?");
    assert_eq!(help_for("unknown_key"), "did you mean `workflow.unknown_key` or `settings.unknown_key`?");
    assert_eq!(help_for("policy.unknown_key"), "did you mean `workflow.unknown_key` or `settings.unknown_key`?");
    assert_eq!(help_for("E0308"), "`countersign explain` lists all codes that have a page");
    assert_eq!(help_for(""), "`countersign explain` lists all codes that have a page");
}

#[test]
fn no_code_has_two_pages() {
    let codes: BTreeSet<&str> = pages().map(|page| page.code).collect();
    assert_eq!(codes.len(), pages().count());
}

/// The manifest of the connector that some examples are about: one secret attribute, one key at a time.
fn lab(local: &Manifest) -> Manifest {
    use countersign_contract::{Kind, Parameter, Type};
    const ATTRIBUTES: &[Parameter] =
        &[Parameter::optional("arms", Type::Integer, "how many"), Parameter::secret("pin", Type::Text, "its pin")];
    let pin = Parameter { required: false, ..ATTRIBUTES[1] };
    let attributes: &'static [Parameter] = Vec::leak(vec![ATTRIBUTES[0], pin]);
    let account = local.kind("account").unwrap().clone();
    let robot = Kind { name: "robot", slots: Some(1), attributes, ..account };
    Manifest { connector: "lab", kinds: vec![robot], verbs: local.verbs.clone(), ..local.clone() }
}

/// What checking the example's file finds, with the embedded connectors.
fn found(page: &Page, text: &str, file: &str) -> Vec<Diagnostic> {
    if page.code.starts_with("fmt.") {
        return crate::cli::fmt::laid_out(file, text.as_bytes()).unwrap_err();
    }
    if page.code.starts_with("settings.") {
        return Settings::parse(file, text).unwrap_err();
    }
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    let catalog = Catalog::of_manifests(&settings);
    let mut known = crate::known(&catalog);
    let lab = lab(known.connectors["local"]);
    known.connectors.insert("lab".to_owned(), &lab);
    let files = vec![SetFile { path: file.to_owned(), bytes: text.as_bytes().to_vec() }];
    let mut set = FileSet::default();
    if page.code.starts_with("policy.") {
        set.policies = files;
    } else {
        set.workflows = files;
    }
    set.check(&known).unwrap_err()
}

fn drawings(width: usize) -> String {
    let mut all = BTreeMap::new();
    for page in pages() {
        if let Example::Change { .. } = page.example {
            let (wrong, _) = page.example.files().unwrap();
            let file = match page.code.split_once('.') {
                Some(("settings", _)) => "settings.toml",
                Some(("policy", _)) => "policies/accounts.cedar",
                _ => "workflows/payments.yaml",
            };
            let found = found(page, &wrong, file);
            let codes: BTreeSet<&str> = found.iter().map(|one| one.code).collect();
            assert_eq!(codes, BTreeSet::from([page.code]), "{wrong}");
            let look = Look { colour: false, unicode: false, width };
            all.insert(page.code, draw(&found, &|_| Some(wrong.clone()), look));
        }
    }
    all.into_values().collect::<Vec<_>>().join("\n")
}

#[test]
fn every_code_is_drawn_for_sixty_columns() {
    let drawn = drawings(60);
    assert!(drawn.lines().all(|line| line.chars().count() <= 60));
    insta::assert_snapshot!("sixty", drawn);
}

#[test]
fn every_code_is_drawn_for_a_hundred_columns() {
    let drawn = drawings(100);
    assert!(drawn.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!("hundred", drawn);
}
