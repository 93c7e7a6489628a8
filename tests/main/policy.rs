//! `countersign policy test`: what policies answer is what their authors expect, and no change of one goes unseen.

use std::fs;
use std::path::PathBuf;

use crate::folder::{Folder, Told, copy, tell};
use crate::steady::{steady, unwrapped};

/// A copy of the shipped set, away from any data folder.
struct Set {
    folder: Folder,
}

impl Set {
    fn new() -> Self {
        let folder = Folder::new();
        copy(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("workflows"), &folder.around().join("set"));
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.around().join("set/policies").join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "`{from}` in {name}");
        fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    fn test(&self, more: &[&str]) -> Told {
        let mut command = self.folder.command(&[&["policy", "test", "set"], more].concat());
        command.current_dir(self.folder.around()).env("COLUMNS", "60");
        tell(command)
    }
}

#[test]
fn the_shipped_policies_answer_as_their_tests_say_without_any_data_folder() {
    let set = Set::new();
    let told = set.test(&[]).ended(0);
    let wide: Vec<&str> = told.out.lines().filter(|line| line.chars().count() > 60).collect();
    assert_eq!(wide, Vec::<&str>::new());
    assert!(told.out.ends_with("all as expected, and every policy decides one\n"), "{}", told.out);
    let report = set.test(&["--json"]).ended(0).json();
    assert_eq!(report["holds"], true);
    assert!(report["tests"].as_array().unwrap().len() >= 19, "{report}");
    assert!(!set.folder.data().exists());
}

/// Every condition of every shipped policy is watched: without it, or turned round, a test fails.
#[test]
fn no_condition_can_be_dropped_unseen() {
    let mut mutants = 0;
    for name in [
        "accounts.cedar",
        "certificates.cedar",
        "offboarding.cedar",
        "revocation.cedar",
        "roles.cedar",
        "rotation.cedar",
        "signing.cedar",
        "webhooks.cedar",
    ] {
        let text = fs::read_to_string(Set::new().path(name)).unwrap();
        let blocks: Vec<&str> = text.split_inclusive(";\n").collect();
        for (at, block) in blocks.iter().enumerate() {
            let Some(condition) = ["when {", "unless {"].iter().find_map(|word| block.find(word)) else { continue };
            let dropped = format!("{};\n", block[..condition].trim_end());
            let turned = if block.contains("unless {") {
                block.replacen("unless {", "when {", 1)
            } else {
                block.replacen("when {", "unless {", 1)
            };
            // Without the policy its tests name one that is not there.
            for (mutant, code) in [(dropped, 1), (turned, 1), ("\n".to_owned(), 2)] {
                let mut changed: Vec<String> = blocks.iter().map(|&block| block.to_owned()).collect();
                changed[at] = mutant;
                let set = Set::new();
                fs::write(set.path(name), changed.concat()).unwrap();
                let told = set.test(&[]);
                assert_eq!(told.code, code, "{name}, policy {at} survives:\n{}\n{}{}", changed[at], told.out, told.err);
                mutants += 1;
            }
        }
    }
    assert_eq!(mutants, 3 * 14, "the shipped policies have fourteen conditions");
}

/// beh:P8
#[test]
fn a_policy_that_no_test_reaches_fails() {
    let set = Set::new();
    let more = "\n@id(\"spare\")\n@reason(\"never\")\nforbid (principal, action, resource)\n\
                when { resource.tier == \"unheard-of\" };\n";
    let text = fs::read_to_string(set.path("rotation.cedar")).unwrap();
    fs::write(set.path("rotation.cedar"), text + more).unwrap();
    let told = set.test(&[]).ended(1);
    assert!(told.out.contains("NO TEST      `spare` decides no test"), "{}", told.out);
    assert_eq!(set.test(&["--json"]).ended(1).json()["unreached"], serde_json::json!(["spare"]));
}

/// beh:P8
#[test]
fn an_allow_that_nobody_expects_fails() {
    let set = Set::new();
    fs::remove_file(set.path("accounts.test.yaml")).unwrap();
    let told = set.test(&[]).ended(1);
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("BY ACCIDENT a bare `provision` of `local/account` is allowed by account-provision"),
        "{words}"
    );
}

#[test]
fn a_wrong_test_names_its_file_and_line() {
    let set = Set::new();
    set.edit("accounts.test.yaml", "expect: allow", "expect: deny");
    let told = set.test(&[]).ended(1);
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("expected deny, got allow: by account-provision (set/policies/accounts.test.yaml:15)"),
        "{words}"
    );
    set.edit("accounts.test.yaml", "level: admin", "levl: admin");
    set.test(&[]).ended(2).says(&["workflow.unknown_attribute", "accounts.test.yaml", "did you mean `level`?"]);
    let mut lint = set.folder.command(&["lint", "set"]);
    lint.current_dir(set.folder.around());
    tell(lint).ended(2).says(&["did you mean `level`?"]);
}

/// A slip in what a test names is told in its place, before anything is tried.
#[test]
fn a_test_names_policies_and_inputs_that_are_there() {
    let set = Set::new();
    set.edit("rotation.test.yaml", "by: [rotate]", "by: [rotat]");
    set.edit("rotation.test.yaml", "inputs: {reason", "inputs: {raeson");
    let told = set.test(&["--json"]).ended(2).json();
    let found = told["diagnostics"].as_array().unwrap();
    let said: Vec<String> = found.iter().map(|one| format!("{}: {}", one["code"], one["message"])).collect();
    let [input, by] = said.as_slice() else { panic!("{told:#}") };
    assert_eq!(input, r#""policy.test_input": "no workflow declares an input `raeson`""#);
    assert_eq!(by, r#""policy.test_by": "no policy has the `@id` `rotat`""#);
    assert!(found.iter().all(|one| one["help"].as_str().unwrap().starts_with("did you mean ")), "{told:#}");
    let text = fs::read_to_string(set.path("rotation.test.yaml")).unwrap();
    let drawn = |one: &serde_json::Value| {
        let number = usize::try_from(one["line"].as_u64().unwrap()).unwrap();
        text.lines().nth(number - 1).unwrap()
    };
    assert!(drawn(&found[0]).contains("raeson") && drawn(&found[1]).contains("[rotat]"), "{told:#}");
    let lint = |path: &str| {
        let mut lint = set.folder.command(&["lint", path]);
        lint.current_dir(set.folder.around());
        tell(lint)
    };
    lint("set").ended(2).says(&["did you mean `rotate`?", "did you mean `reason`?"]);
    // A file alone is held against what stands in it.
    lint("set/policies/rotation.test.yaml").ended(0);
}

#[test]
fn a_folder_without_the_workflows_is_answered_with_the_one_that_has_them() {
    let set = Set::new();
    let mut command = set.folder.command(&["policy", "test", "set/policies"]);
    command.current_dir(set.folder.around());
    tell(command).ended(2).says(&["error[policy.no_workflow]", "`countersign policy test set`"]);
    let mut command = set.folder.command(&["policy", "test", "."]);
    command.current_dir(set.folder.around().join("set/policies"));
    tell(command).ended(2).says(&["error[policy.no_workflow]", "set`"]);
}

/// An evaluation that fails is a deny; a test that expects one must not pass by it.
#[test]
fn a_failed_evaluation_is_no_answer() {
    let set = Set::new();
    set.edit("accounts.test.yaml", "level: read", "level: 7");
    set.test(&[]).ended(2).says(&["workflow.type_mismatch", "`level` is not a text"]);
}

fn decisions(folder: &Folder, subject: &str) -> Vec<String> {
    let story = folder.run(&["evidence", "show", subject, "--json"]).ended(0).json();
    let rows = story["story"].as_array().unwrap().iter();
    let decided = rows.filter(|row| row["text"].as_str().unwrap().starts_with("policy "));
    decided.map(|row| row["entry"].as_str().unwrap().to_owned()).collect()
}

/// beh:P9: why, in words, from the very bytes that the decision was made from, evaluated anew.
#[test]
fn a_recorded_decision_is_explained_from_its_own_bytes() {
    let folder = Folder::toured();
    let denied = &decisions(&folder, "local/account/intern")[0];
    let mut command = folder.command(&["policy", "explain", denied]);
    command.env("COLUMNS", "100");
    let told = tell(command).ended(0);
    insta::assert_snapshot!(unwrapped(&steady(&told.out)));
    let allowed = &decisions(&folder, "local/account/reporting")[0];
    let json = folder.run(&["policy", "explain", allowed, "--json"]).ended(0).json();
    assert_eq!((&json["verdict"], &json["same_again"]), (&"allow".into(), &true.into()));
    assert_eq!(json["decided"][0]["id"], "account-provision");
    assert!(json["asked"]["by"]["id"].as_str().unwrap().starts_with("p_"), "{json}");
    for none in ["r1/1", "nonsense", &denied.replace("/1", "/0")] {
        folder.run(&["policy", "explain", none]).ended(2).says(&["error[policy.no_decision]", "evidence show"]);
    }
}

/// What cannot be evaluated anew is a fault of what is kept, like what is missing.
#[test]
fn a_decision_whose_question_is_no_json_any_more_is_a_ledger_problem() {
    let folder = Folder::toured();
    let denied = &decisions(&folder, "local/account/intern")[0];
    let cut = "update blobs set bytes = cast(substr(cast(bytes as text), 2) as blob)
        where cast(bytes as text) like '{\"action\"%'";
    folder.tamper(&[cut]);
    folder.run(&["policy", "explain", denied]).ended(6).says(&[
        "error[replay.json]",
        "what is stored as the request is not JSON",
        "`countersign evidence verify`",
    ]);
}

/// A policy that was exchanged behind the ledger's back does not explain what it did not decide.
#[test]
fn another_policy_does_not_explain_a_decision() {
    let folder = Folder::toured();
    let denied = &decisions(&folder, "local/account/intern")[0];
    let swap = "update blobs set bytes = cast(replace(cast(bytes as text), '\"read\", \"write\"', '\"read\", \"admin\"') as blob)
        where cast(bytes as text) like '%least-privilege-level%'";
    folder.tamper(&[swap]);
    let told = folder.run(&["policy", "explain", denied]).ended(6);
    assert!(told.out.contains("the answer is ANOTHER one"), "{}", told.out);
}

const IN_TIME: &str = include_str!("rotate-in-time.cedar");

/// beh:P8 a new policy is seen at work before it is in force; beh:R6 it reads the age of the oldest working version.
#[test]
fn a_policy_in_shadow_is_told_of_on_every_screen_and_changes_nothing() {
    let folder = Folder::toured();
    let rotation = fs::read_to_string(folder.path("workflows/policies/rotation.cedar")).unwrap();
    // Turned round it denies what is young: the age is there, and is read.
    let young = IN_TIME.replace("unless {", "when {");
    fs::write(folder.path("workflows/policies/rotation.cedar"), format!("{rotation}\n{young}")).unwrap();
    folder.activate();
    let words = "in shadow: it would be denied by rotate-in-time";
    let plan = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert!(flat(&plan.out).contains(&format!("allow by rotate ({words}")), "{}", plan.out);
    let json = folder.run(&["plan", "rotate-reporting-key", "--json"]).ended(0).json();
    assert_eq!(json["verdicts"][0]["shadow"]["policies"], serde_json::json!(["rotate-in-time"]));
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(0);
    for said in ["allow rotate.stage by rotate", "allow rotate.stage right before it"] {
        assert!(flat(&told.out).contains(&format!("{said}; {words}")), "{}", told.out);
    }
    let json = folder.run(&["run", "rotate-reporting-key", "--json"]).ended(0).json();
    assert_eq!(json["runs"][0]["decisions"][0]["shadow"]["verdict"], "deny");
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(flat(&story.out).contains("in shadow it would be denied by `rotate-in-time`"), "{}", story.out);
    let run = folder.status()["runs"][0]["run"].as_str().unwrap().to_owned();
    let told = folder.run(&["policy", "explain", &format!("{run}/1")]).ended(0);
    let (said, policy) = (flat(&told.out), "@mode(\"shadow\")");
    assert!(said.contains("shadow it would be denied by rotate-in-time") && said.contains(policy), "{said}");
    assert!(said.contains("the answer is the same"), "{said}");
    folder.verifies();
}

/// beh:P8
#[test]
fn a_policy_without_which_every_test_is_answered_the_same_fails() {
    let set = Set::new();
    let more = "\n@id(\"spare\")\n@reason(\"again\")\npermit (principal, action == Countersign::Action::\"rotate\", \
                resource is Countersign::local::account);\n";
    let text = fs::read_to_string(set.path("rotation.cedar")).unwrap();
    fs::write(set.path("rotation.cedar"), text + more).unwrap();
    set.edit("rotation.test.yaml", "    by: [rotate]\n", "");
    let told = set.test(&["--json"]).ended(1).json();
    assert_eq!(told["redundant"], serde_json::json!(["rotate", "spare"]));
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// beh:P8 what a policy in shadow would do is said by a test that speaks of it; others reach it by chance.
#[test]
fn a_policy_in_shadow_needs_a_test_that_says_what_it_would_do() {
    let set = Set::new();
    let text = fs::read_to_string(set.path("rotation.cedar")).unwrap();
    fs::write(set.path("rotation.cedar"), format!("{text}\n{IN_TIME}")).unwrap();
    assert_eq!(set.test(&["--json"]).ended(1).json()["unreached"], serde_json::json!(["rotate-in-time"]));
    let tests = fs::read_to_string(set.path("rotation.test.yaml")).unwrap();
    let more = "  - name: an old secret would be refused\n    ask: {inputs: {reason: every ninety days}, facts: \
                {oldest_created_at: 2025-01-01T00:00:00Z}}\n    expect: allow\n    shadow: deny\n";
    fs::write(set.path("rotation.test.yaml"), format!("{tests}{more}")).unwrap();
    set.test(&[]).ended(0);
    set.edit("rotation.test.yaml", "2025-01-01T00", "2026-01-01T00");
    set.edit("rotation.test.yaml", "2026-01-01T00", "2025-12-01T00");
    let told = set.test(&[]).ended(1);
    assert!(flat(&told.out).contains("expected deny in shadow, got allow"), "{}", told.out);
}

/// A name or a reason steers no terminal, and draws no line of ours.
#[test]
fn words_of_a_policy_cannot_draw_a_line_of_ours() {
    let folder = Folder::toured();
    folder.edit(
        "workflows/policies/rotation.cedar",
        "@reason(\"a rotation needs",
        "@reason(\"\\u{1b}[2J\\n  closed   done: forged\\n a rotation needs",
    );
    folder.activate();
    let told = folder.run(&["run", "rotate-reporting-key", "--input", "reason=\u{1b}[31m is short no more"]).code;
    assert!([0, 2].contains(&told));
    let told = folder.run(&["plan", "rotate-server-certificate", "--input", "reason=short"]);
    for told in [told, folder.run(&["policy", "test", &folder.path("workflows").display().to_string()])] {
        let out = told.out + &told.err;
        assert!(
            !out.contains('\u{1b}') && !out.lines().any(|line| line.starts_with("  closed   done: forged")),
            "{out}"
        );
    }
}

/// A policy that cannot be evaluated is a deny by nobody's wish: which one it is, and why, is told where the denial is.
#[test]
fn an_evaluation_that_fails_is_told_with_its_policy() {
    let folder = Folder::toured();
    let more = "\n@id(\"too-far\")\n@reason(\"never\")\nforbid (principal, action == Countersign::Action::\"rotate\", resource)\n\
                when { context.length_of has reason && context.length_of.reason * 9223372036854775807 < 0 };\n";
    let rotation = fs::read_to_string(folder.path("workflows/policies/rotation.cedar")).unwrap();
    fs::write(folder.path("workflows/policies/rotation.cedar"), rotation + more).unwrap();
    folder.activate();
    let words = "the evaluation of `too-far` failed: integer overflow";
    let plan = folder.run(&["plan", "rotate-reporting-key"]).ended(3);
    assert!(flat(&plan.out).contains(&format!("DENY: {words}")), "{}", plan.out);
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(3);
    let said = flat(&told.out);
    assert!(said.contains(&format!("deny rotate.stage: {words}")), "{said}");
    assert!(said.contains(&format!("denied: rotate.stage: denied, as {words}")), "{said}");
    assert!(!said.contains("no policy permits it"), "{said}");
    folder.verifies();
}

/// A key that looks like one of ours would be taken for one; with a `/` it is a person's own like any other.
#[test]
fn keys_of_requests_are_told_from_ours() {
    let folder = Folder::toured();
    for key in ["expiry-7", "part-of/r1/0"] {
        folder
            .run(&["run", "rotate-reporting-key", "--idempotency-key", key])
            .ended(2)
            .says(&["error[run.own_key]", key.split_at(6).0]);
    }
    let run = folder.run(&["run", "rotate-reporting-key", "--idempotency-key", "team/repo/123"]).ended(0);
    let again = folder.run(&["run", "rotate-reporting-key", "--idempotency-key", "team/repo/123"]).ended(0);
    assert!(
        !run.out.contains("earlier request") && again.out.contains("earlier request of the same key"),
        "{}",
        again.out
    );
    folder.verifies();
}
