//! The pages of the settings codes: each code has one, its wrong example answers with exactly that code, its mended one
//! with none.

use std::collections::BTreeSet;

use countersign_kernel::page::Example;

use crate::settings::Settings;
use crate::settings::pages::PAGES;

#[test]
fn each_example_answers_with_its_code_and_its_mended_one_with_none() {
    for page in PAGES {
        if let Example::Change { base, mended, .. } = page.example {
            let (wrong, good) = page.example.files().unwrap();
            assert_eq!(base.matches(mended).count(), 1, "{}: `{mended}` stands in the good file once", page.code);
            let found = Settings::parse("settings.toml", &wrong).unwrap_err();
            assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [page.code], "{wrong}");
            assert!(Settings::parse("settings.toml", good).is_ok());
        } else {
            let missing = Settings::load(std::path::Path::new("not-there/settings.toml"));
            assert_eq!(missing.unwrap_err().code(), page.code);
        }
    }
}

/// The codes stand in the source as they are: whoever writes a new one is asked for its page here.
#[test]
fn every_code_of_the_settings_has_a_page() {
    let source = [include_str!("../read.rs"), include_str!("../read/watched.rs")].concat();
    let written = source.split("\"settings.").skip(1).filter_map(|rest| rest.split_once('"'));
    let mut codes: BTreeSet<String> = written.map(|(name, _)| format!("settings.{name}")).collect();
    codes.insert("settings.unreadable".to_owned());
    let pages: BTreeSet<String> = PAGES.iter().map(|page| page.code.to_owned()).collect();
    assert_eq!(codes, pages);
}
