//! The fences of the house, as tests: arrows between rooms, purity, the few places that may make a warrant, sizes,
//! words. DESIGN section 2 and STYLE say why; a complaint says where, what, and the way out.
//!
//! A fence reads files only: it builds nothing. What is under `#[cfg(test)]`, in a `tests` module or a `ui` folder is
//! test code, and most fences leave it alone. `controls.rs` proves of each fence that it can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/controls.rs"]
mod controls;
#[path = "tidy/logged.rs"]
mod logged;
#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/texts.rs"]
mod texts;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/trust.rs"]
mod trust;
#[path = "tidy/words.rs"]
mod words;

use std::sync::LazyLock;

use tree::Tree;

/// The working copy, read once.
static HOUSE: LazyLock<Tree> = LazyLock::new(|| Tree::read(env!("CARGO_MANIFEST_DIR").as_ref()));

/// Fails with every complaint at once.
fn hold(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

macro_rules! fences {
    ($($name:ident = $fence:path),+ $(,)?) => {
        $(#[test]
        fn $name() {
            hold(&$fence(&HOUSE));
        })+
    };
}

fences! {
    rooms_name_only_the_rooms_that_their_arrows_reach = arrows::between_rooms,
    crates_name_only_the_crates_that_their_arrows_reach = arrows::between_crates,
    crates_depend_only_on_the_crates_that_their_arrows_reach = manifests::arrows,
    the_small_crates_have_the_listed_dependencies = manifests::small_crates,
    every_crate_takes_the_lints_of_the_workspace = manifests::lints,
    crash_points_are_off_in_what_ships = manifests::failpoints,
    fuzz_targets_take_the_versions_that_ship = manifests::locks,
    kernel_and_warrant_are_pure = trust::purity,
    there_is_one_journal = trust::one_journal,
    there_is_one_mint = trust::one_mint,
    only_policy_builds_an_allowed = trust::allowed_only_in_policy,
    nothing_of_the_trust_argument_is_renamed = trust::renamed,
    nothing_panics_on_purpose_outside_tests = trust::panics,
    nothing_is_leaked = trust::leaks,
    anyhow_is_for_main_and_tests = trust::anyhow,
    only_listed_fields_are_logged = logged::fields,
    lints_are_relaxed_with_a_reason = trust::relaxed_lints,
    no_test_is_ignored = trust::ignored,
    files_are_small = sizes::files,
    structs_and_traits_are_small = sizes::members,
    names_say_what_a_thing_is = words::declared,
    file_names_say_what_is_in_them = words::files,
    cited_ids_have_a_document_and_exist = texts::cited_ids,
    nothing_is_left_to_do = texts::left_to_do,
    no_machine_and_no_registry_is_named = texts::places,
    the_top_level_is_the_one_of_the_design = shape::top_level,
    connectors_have_their_five_files = shape::connectors,
    rooms_open_with_what_they_are = shape::heads,
    migrations_open_with_prose = shape::migrations,
}
