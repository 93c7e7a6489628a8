//! beh:R13: the credential that Countersign itself works with is changed by a workflow that says so, and by no other.

use std::fs;

use crate::folder::Folder;

const KEY: &str = "places/client/countersign-operator/key";

/// A toured folder whose directory asks for an operator's key.
fn operated() -> Folder {
    let folder = Folder::toured();
    let account = ["run", "provision-account", "--input", "account=countersign-operator", "--input", "level=write"];
    folder.run(&account).ended(0);
    let settings = folder.path("settings.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let operator = "type = \"local\"\noperator = \"countersign-operator\"\n\
                    operator_key = \"client/countersign-operator/key\"\n";
    fs::write(&settings, text.replacen("type = \"local\"\n", operator, 1)).unwrap();
    folder
}

#[test]
fn the_operator_changes_its_own_key_and_works_on_with_the_new_one() {
    let folder = operated();
    let plan = folder.run(&["plan", "rotate-operator-key"]).ended(0);
    assert!(plan.out.contains("self    Countersign itself works with this credential"), "{}", plan.out);
    let mut seen = vec![fs::read_to_string(folder.path(KEY)).unwrap()];
    for _ in 0..2 {
        folder.run(&["run", "rotate-operator-key"]).ended(0);
        let now = fs::read_to_string(folder.path(KEY)).unwrap();
        assert!(!seen.contains(&now));
        seen.push(now);
    }
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

#[test]
fn without_the_operators_key_nothing_is_changed() {
    let folder = operated();
    let before = fs::read(folder.path("local/accounts/reporting.json")).unwrap();
    let key = fs::read_to_string(folder.path(KEY)).unwrap();
    for wrong in [Some("no key of anybody's, and long enough"), None] {
        match wrong {
            Some(text) => fs::write(folder.path(KEY), text).unwrap(),
            None => fs::remove_file(folder.path(KEY)).unwrap(),
        }
        let told = folder.run(&["run", "rotate-reporting-key"]).ended(1);
        assert!(told.out.contains("refused (local.operator): no change without a key of the operator"), "{}", told.out);
        assert_eq!(fs::read(folder.path("local/accounts/reporting.json")).unwrap(), before);
    }
    fs::write(folder.path(KEY), key).unwrap();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

/// A key that works is not enough: the account must be one that may write, and must not have ended.
#[test]
fn an_operator_that_may_only_read_changes_nothing() {
    let folder = operated();
    let file = folder.path("local/accounts/countersign-operator.json");
    let good = fs::read_to_string(&file).unwrap();
    let before = fs::read(folder.path("local/accounts/reporting.json")).unwrap();
    let account: serde_json::Value = serde_json::from_str(&good).unwrap();
    for (name, value, words) in
        [("level", "read", "the account may only read"), ("expires", "2020-01-01T00:00:00Z", "the account has ended")]
    {
        let mut wrong = account.clone();
        wrong["state"]["attributes"][name] = value.into();
        fs::write(&file, wrong.to_string()).unwrap();
        let told = folder.run(&["run", "rotate-reporting-key"]).ended(1);
        assert!(told.out.contains(words), "{}", told.out);
        assert_eq!(fs::read(folder.path("local/accounts/reporting.json")).unwrap(), before);
    }
    fs::write(&file, good).unwrap();
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

#[test]
fn no_other_workflow_touches_it() {
    let folder = operated();
    let end =
        ["run", "offboard-account", "--input", "account=countersign-operator", "--input", "reason=nobody needs it now"];
    let told = folder.run(&end).ended(2);
    assert!(told.err.contains("[plan.own_credential]"), "{}", told.err);
    // A workflow that names the account itself is refused before it is activated; one that writes to the file, when it is
    // planned.
    let file = folder.path("workflows/rotate-operator-key.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(", self: true", "")).unwrap();
    let workflows = folder.path("workflows").display().to_string();
    let told = folder.run(&["lint", &workflows, "--settings", &folder.path("settings.toml").display().to_string()]);
    told.ended(2).says(&["workflow.own_credential"]);
    fs::write(&file, text.replace("path: countersign-operator", "path: elsewhere")).unwrap();
    folder.activate();
    let told = folder.run(&["run", "rotate-operator-key"]).ended(2);
    assert!(told.err.contains("[plan.own_elsewhere]"), "{}", told.err);
    fs::write(&file, &text).unwrap();
    let other = folder.path("workflows/rotate-reporting-key.yaml");
    let rotation = fs::read_to_string(&other).unwrap();
    fs::write(&other, rotation.replace("path: reporting", "path: countersign-operator")).unwrap();
    folder.activate();
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(2);
    assert!(told.err.contains("[plan.own_credential]"), "{}", told.err);
    assert!(told.err.contains("files/client/countersign-operator"), "{}", told.err);
    folder.verifies();
}

#[test]
fn what_settings_do_not_name_is_not_its_own() {
    let folder = Folder::toured();
    let account = ["run", "provision-account", "--input", "account=countersign-operator", "--input", "level=write"];
    folder.run(&account).ended(0);
    let told = folder.run(&["run", "rotate-operator-key"]).ended(2);
    assert!(told.err.contains("[plan.not_own]"), "{}", told.err);
    assert!(told.err.contains("give its connector `operator"), "{}", told.err);
}
