//! `on_failure`: what is left to do when a step has failed and was taken back.

use std::fs;

use crate::folder::Folder;

const TEXT: &str = include_str!("rotate-or-end.yaml");

fn with(verify: &str) -> Folder {
    let folder = Folder::toured();
    assert!(TEXT.contains("- login: {}"));
    fs::write(folder.path("workflows/rotate-or-end.yaml"), TEXT.replace("- login: {}", verify)).unwrap();
    folder.activate();
    folder
}

fn exists(folder: &Folder) -> bool {
    let text = fs::read_to_string(folder.path("local/accounts/reporting.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["exists"] == true
}

#[test]
fn what_is_for_a_failure_is_in_the_plan_and_does_not_run_without_one() {
    let folder = with("- login: {}");
    let plan = folder.run(&["plan", "rotate-or-end"]).ended(0);
    for words in ["only if rotate fails: judge end.disable-1, end.remove", "only if rotate fails: CALL account_remove"]
    {
        assert!(plan.out.contains(words), "{words} in {}", plan.out);
    }
    let told = folder.run(&["run", "rotate-or-end"]).ended(0);
    assert!(!told.out.contains("account_remove"), "{}", told.out);
    assert!(exists(&folder));
    folder.verifies();
}

#[test]
fn after_a_failure_the_step_is_taken_back_and_then_the_rest_is_done() {
    let folder = with("- must_not: login");
    let told = folder.run(&["run", "rotate-or-end", "--event", "leak.reported"]).ended(1);
    let order =
        ["probe    login", "undo: key_remove", "decision allow end.remove", "account_remove", "closed   handled"];
    let places: Vec<usize> =
        order.iter().map(|words| told.out.find(words).unwrap_or_else(|| panic!("{words} in {}", told.out))).collect();
    assert!(places.is_sorted(), "{places:?} in {}", told.out);
    assert!(!exists(&folder));
    assert_eq!(folder.status()["open_runs"], 0);
    folder.verifies();
}

/// A denial is no failure: nothing was begun, and whoever may not rotate does not end the account by asking.
#[test]
fn after_a_denial_nothing_is_done() {
    let folder = with("- must_not: login");
    folder.edit(
        "workflows/policies/rotation.cedar",
        "context.trigger == \"expiry\"",
        "context.trigger == \"schedule\"",
    );
    let rotation = fs::read_to_string(folder.path("workflows/policies/rotation.cedar")).unwrap();
    let forbid = "\n@id(\"not-now\") @reason(\"not now\")\nforbid (principal, action == Countersign::Action::\"rotate\", \
                  resource is Countersign::local::account);\n";
    fs::write(folder.path("workflows/policies/rotation.cedar"), rotation + forbid).unwrap();
    folder.activate();
    let told = folder.run(&["run", "rotate-or-end"]).ended(3);
    assert!(!told.out.contains("account_remove"), "{}", told.out);
    assert!(exists(&folder));
    folder.verifies();
}
