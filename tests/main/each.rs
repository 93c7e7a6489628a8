//! `for_each`: a run for each subject that is there and meant, so many at once, and no more than somebody thought of.

use std::fs;

use crate::folder::Folder;

const REASON: &str = "reason=asked on 1 March, see TICKET-7";

/// A toured folder with two accounts of Robin's; the others are Dana's.
fn with_accounts() -> Folder {
    let folder = Folder::toured();
    for (name, owner) in [("imports", "robin"), ("exports", "robin"), ("figures", "dana")] {
        let (account, owner) = (format!("account={name}"), format!("owner={owner}@example.com"));
        folder.run(&["run", "provision-account", "--input", &account, "--input", &owner]).ended(0);
    }
    folder.edit("workflows/recertify-accounts.yaml", "observe: 2s", "observe: 50ms");
    folder.activate();
    folder
}

fn recertify<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let asked = [verb, "recertify-accounts", "--input", "owner=robin@example.com", "--input", REASON];
    [&asked[..], more].concat()
}

fn is_there(folder: &Folder, name: &str) -> bool {
    let text = fs::read_to_string(folder.path(&format!("local/accounts/{name}.json"))).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["exists"] == true
}

/// beh:N8: no answer is no yes.
#[test]
fn beh_n8_the_accounts_of_who_gave_no_answer_go_and_no_other() {
    let folder = with_accounts();
    let plan = folder.run(&recertify("plan", &[])).ended(0);
    for words in [
        "a run for each of 2 subjects, 2 at a time",
        "for each of 2, as for the first  local/account/exports, local/account/imports\n",
        "CALL key_disable local/account/exports, version 1\n              policy    allow by account-offboard\n",
        "undo      key_enable local/account/exports\n",
        "CALL account_remove local/account/exports\n",
        "countersign/workflow/recertify-accounts",
    ] {
        assert!(plan.out.contains(words), "{words} in {}", plan.out);
    }
    let planned = folder.run(&recertify("plan", &["--json"])).ended(0).json();
    let digest = planned["digest"].as_str().unwrap();
    assert_eq!(planned["verdicts"].as_array().unwrap().len(), 4, "{planned}");
    let told = folder.run(&recertify("run", &["--plan", digest])).ended(0);
    for words in ["[exports] account_remove", "[imports] account_remove", "every subject is done"] {
        assert!(told.out.contains(words), "{words} in {}", told.out);
    }
    let there = ["exports", "imports", "figures", "reporting"].map(|name| is_there(&folder, name));
    assert_eq!(there, [false, false, true, true]);
    let story = folder.run(&["evidence", "show", "countersign/workflow/recertify-accounts"]).ended(0);
    let story = story.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(story.contains("for each: `local/account/exports` done by run `r"), "{story}");
    let of_one = folder.run(&["evidence", "show", "local/account/exports"]).ended(0).out;
    let of_one = of_one.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(of_one.contains("asked for it, for each of many by run `r"), "{of_one}");
    // Nobody is left, and that is no fault; what differs from the plan that was run has a name.
    let diff = folder.run(&recertify("plan", &["--diff", digest])).ended(0);
    assert!(diff.out.contains("local/account/exports"), "{}", diff.out);
    let none = folder.run(&recertify("run", &["--json"])).ended(0).json();
    assert_eq!(none["runs"].as_array().unwrap().len(), 1, "{none}");
    assert_eq!(folder.status()["open_runs"], 0);
    folder.verifies();
}

#[test]
fn beh_t5_more_than_somebody_thought_of_are_none() {
    let folder = with_accounts();
    folder.edit("workflows/recertify-accounts.yaml", "at_most: 20", "at_most: 1");
    folder.activate();
    let before = folder.targets();
    for verb in ["plan", "run"] {
        let told = folder.run(&recertify(verb, &[])).ended(2);
        assert!(told.err.contains("[plan.too_many]"), "{}", told.err);
        assert!(told.err.contains("2 of the 4 subjects that are there are selected (`local/account/"), "{}", told.err);
    }
    assert_eq!(folder.targets(), before);
    // Half of the four accounts are two.
    folder.edit("workflows/recertify-accounts.yaml", "at_most: 1", "at_most: 50%");
    folder.activate();
    folder.run(&recertify("plan", &[])).ended(0);
}

/// What cannot be planned is named, keeps nobody waiting, and is not forgotten.
#[test]
fn a_subject_that_cannot_be_planned_is_named_and_the_others_are_done() {
    let folder = with_accounts();
    let text = fs::read_to_string(folder.path("local/accounts/imports.json")).unwrap();
    let mut stranger: serde_json::Value = serde_json::from_str(&text).unwrap();
    stranger["state"]["keys"] = serde_json::json!([]);
    fs::write(folder.path("local/accounts/stranger.json"), stranger.to_string()).unwrap();
    let plan = folder.run(&recertify("plan", &[])).ended(0);
    assert!(plan.out.contains("local/account/stranger  NOT planned:"), "{}", plan.out);
    let told = folder.run(&recertify("run", &[])).ended(1);
    assert!(told.out.contains("2 of 3 subjects are done"), "{}", told.out);
    let there = ["exports", "imports", "stranger"].map(|name| is_there(&folder, name));
    assert_eq!(there, [false, false, true]);
    folder.verifies();
}

/// With `stop_after` a fault that would meet each of them meets few.
#[test]
fn after_so_many_faults_no_further_run_begins() {
    let folder = with_accounts();
    folder.edit(
        "workflows/recertify-accounts.yaml",
        "together: 2\n    stop_after: 2",
        "together: 1\n    stop_after: 1",
    );
    folder.activate();
    // The directory cannot be written to.
    let accounts = folder.path("local/accounts");
    let mut readonly = fs::metadata(&accounts).unwrap().permissions();
    let writable = readonly.clone();
    readonly.set_readonly(true);
    if nix_is_root() {
        // Nothing is unwritable to root: a file where the directory stages its own has the same effect.
        for name in ["exports", "imports"] {
            fs::create_dir(folder.path(&format!("local/accounts/{name}.json.tmp"))).unwrap();
        }
    } else {
        fs::set_permissions(&accounts, readonly).unwrap();
    }
    let told = folder.run(&recertify("run", &["--json"])).ended(1).json();
    assert_eq!(told["runs"].as_array().unwrap().len(), 2, "one of the two was begun: {told}");
    fs::set_permissions(&accounts, writable).unwrap();
    assert!(is_there(&folder, "exports") && is_there(&folder, "imports"));
    folder.verifies();
}

/// A run of one subject that needs a person is not over, though the run for each of them is: the command says so.
#[test]
fn a_subject_whose_run_is_stuck_is_named_and_the_command_ends_as_stuck() {
    let folder = Folder::toured();
    let file = "workflows/rotate-reporting-key.yaml";
    let each = "\n  connector: local\n  kind: account\n  for_each: {where: resource has level, at_most: 1}";
    for (from, to) in [
        (" {connector: local, kind: account, name: reporting}", each),
        ("  expiry: {at: 2/3}\n", ""),
        ("within: 10s", "within: 300ms"),
    ] {
        folder.edit(file, from, to);
    }
    folder.deliver_elsewhere("elsewhere/${{ subject.name }}");
    folder.activate();
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let runs = folder.status()["runs"].as_array().unwrap().clone();
    let stuck = runs.iter().find(|run| run["state"] == "stuck").unwrap();
    assert_eq!(stuck["subject"], "local/account/reporting");
    let run = stuck["run"].as_str().unwrap();
    for words in
        [": failed\n", &format!("run {run} of it, on local/account/reporting, is stuck"), "next: countersign status"]
    {
        assert!(told.out.contains(words), "{words} in {}", told.out);
    }
    folder.run(&["undo", run]).ended(0);
    assert_eq!(folder.status()["stuck_runs"], 0);
    folder.verifies();
}

fn nix_is_root() -> bool {
    fs::read_to_string("/proc/self/status").unwrap().lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Without a data folder each subject is taken to be meant.
#[test]
fn files_alone_are_planned_for_a_subject_that_is_meant() {
    let folder = Folder::toured();
    let files = [folder.path("workflows"), folder.path("settings.toml")].map(|path| path.display().to_string());
    let nowhere = folder.around().join("nowhere").display().to_string();
    let more = ["--files", &files[0], "--settings", &files[1], "--data", &nowhere];
    let plan = folder.run(&recertify("plan", &more)).ended(0);
    assert!(plan.out.contains("a run for each of 1 subject,"), "{}", plan.out);
    assert!(plan.out.contains("local/account/assumed"), "{}", plan.out);
}
