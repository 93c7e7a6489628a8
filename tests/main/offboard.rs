//! The end of an account: every key first, then itself; and its name stays taken (beh:N6).

use std::fs;

use crate::folder::Folder;

const OFFBOARD: [&str; 6] =
    ["run", "offboard-account", "--input", "account=clerk", "--input", "reason=the clerk's job has ended"];

fn with_clerk() -> Folder {
    let folder = Folder::toured();
    folder.run(&["run", "provision-account", "--input", "account=clerk"]).ended(0);
    folder
}

fn account(folder: &Folder) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.path("local/accounts/clerk.json")).unwrap()).unwrap()
}

#[test]
fn an_account_goes_with_its_keys_and_leaves_its_name_taken() {
    let folder = with_clerk();
    let plan = folder.run(&[&["plan"], &OFFBOARD[1..]].concat()).ended(0).out;
    for words in
        ["CALL key_disable local/account/clerk", "CALL account_remove local/account/clerk", "is current no more"]
    {
        assert!(plan.contains(words), "{words} in {plan}");
    }
    folder.run(&OFFBOARD).ended(0);
    let gone = account(&folder);
    assert_eq!((&gone["exists"], gone["state"]["keys"].as_array().unwrap().len()), (&false.into(), 0));
    let told = folder.run(&["status", "--json"]).ended(0).json();
    let current = told["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|version| version["version"] == "local/account/clerk@1" && version["stage"] == "current");
    assert!(!current, "{told}");
    let again = folder.run(&["run", "provision-account", "--input", "account=clerk"]).ended(1);
    assert!(again.out.contains("its name is not given again"), "{}{}", again.out, again.err);
    folder.verifies();
}

/// Without a reason nothing happens; without the account there is nothing to remove.
#[test]
fn a_removal_needs_a_reason_and_an_account() {
    let folder = with_clerk();
    let before = folder.targets();
    folder.run(&OFFBOARD[..4]).ended(2).says(&["error[plan.missing_input]", "`reason`"]);
    let nobody = ["run", "offboard-account", "--input", "account=nobody", "--input", "reason=there was never one"];
    folder.run(&nobody).ended(1).says(&["error[plan.subject_missing]"]);
    assert_eq!(folder.targets(), before);
    folder.verifies();
}
