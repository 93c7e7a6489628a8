//! `countersign explain` and `countersign schema`: what a person and an editor are told of the language.

use std::fs;
use std::path::Path;

use crate::folder::Folder;

#[test]
fn a_page_has_its_example_and_the_mended_one() {
    let folder = Folder::new();
    let told = folder.run(&["explain", "workflow.uncovered_change"]).ended(0);
    insta::assert_snapshot!(told.out);
    let page = folder.run(&["explain", "uncovered_change", "--json"]).ended(0).json();
    let mut keys: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "meaning", "mended", "why", "wrong"]);
    assert!(page["mended"].as_str().unwrap().contains("policy: {action: rotate"));
    assert!(!page["wrong"].as_str().unwrap().contains("policy: {action: rotate"));
    assert!(!folder.data().exists(), "nothing is made");
}

#[test]
fn all_codes_are_listed_and_every_listed_one_has_its_page() {
    let folder = Folder::new();
    for columns in ["40", "60", "100"] {
        let mut command = folder.command(&["explain"]);
        command.env("COLUMNS", columns);
        let told = crate::folder::tell(command).ended(0);
        let width: usize = columns.parse().unwrap();
        let long: Vec<&str> = told.out.lines().filter(|line| line.chars().count() > width).collect();
        assert_eq!(long, Vec::<&str>::new());
    }
    let codes = folder.run(&["explain", "--json"]).ended(0).json()["codes"].clone();
    let codes = codes.as_array().unwrap();
    assert!(codes.len() > 80, "{}", codes.len());
    for room in ["workflow.", "policy.", "set.", "settings."] {
        assert!(codes.iter().any(|one| one["code"].as_str().unwrap().starts_with(room)));
    }
    for one in codes.iter().step_by(9) {
        let told = folder.run(&["explain", one["code"].as_str().unwrap()]).ended(0);
        assert!(told.out.contains(one["meaning"].as_str().unwrap().split(' ').next().unwrap()));
    }
}

/// A connector's own codes are told by its README, or it is said that they are its own.
#[test]
fn what_a_run_or_a_target_answers_with_is_explained() {
    let folder = Folder::new();
    let held = folder.run(&["explain", "run.held"]).ended(0);
    assert!(held.out.contains("Another run holds what this one would need."), "{}", held.out);
    let told = folder.run(&["explain", "files.occupied"]).ended(0);
    let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("A call of the connector `files` ended as refused: something that we did not"), "{words}");
    let told = folder.run(&["explain", "local.exists", "--json"]).ended(0).json();
    assert_eq!((&told["connector"], &told["outcome"]), (&"local".into(), &"refused".into()));
    folder.run(&["explain", "local.nothing"]).ended(2).says(&["connector's own", "connectors/local/README.md"]);
}

/// What differs of an issued certificate is told with a code, and what its page says is true: what was in use stays so.
#[test]
fn a_certificate_that_is_not_as_planned_is_told_with_its_code() {
    let folder = Folder::toured();
    let served = || fs::read(folder.path("places/server/tls/certificate.pem")).unwrap();
    let (before, versions) = (served(), folder.status()["versions"].clone());
    folder.edit("workflows/tls-localhost.yaml", "lifetime: 7d", "lifetime: 90s");
    folder.activate();
    let told = folder.run(&["run", "tls-localhost", "--json"]).ended(1).json();
    let run = &told["runs"][0];
    assert_eq!((&run["outcome"], &run["code"]), (&"undone".into(), &"run.not_as_planned".into()), "{told}");
    assert!(run["message"].as_str().unwrap().ends_with("[x509.due_at_birth]"), "{told}");
    assert_eq!((served(), folder.status()["versions"].clone()), (before, versions));
    let page = folder.run(&["explain", "x509.due_at_birth"]).ended(0);
    assert!(page.out.contains("`lifetime: 90s` with `expiry: {at: 2/3}`"), "{}", page.out);
    folder.verifies();
}

#[test]
fn an_unknown_code_is_answered_with_the_nearest_one() {
    let folder = Folder::new();
    folder
        .run(&["explain", "workflow.secret_flw"])
        .ended(2)
        .says(&["error[explain.unknown_code]", "did you mean `workflow.secret_flow`?"]);
    folder.run(&["explain", "E0382"]).ended(2).says(&["`countersign explain` lists all codes"]);
}

/// What is printed for people is what policies are checked against: Cedar reads it, and the shipped ones are valid by it.
#[test]
fn what_policies_may_read_is_a_schema_of_cedar() {
    let folder = Folder::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let mut policies = String::new();
    for file in fs::read_dir(shipped.join("policies")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "cedar") {
            policies += &fs::read_to_string(path).unwrap();
        }
    }
    let policies: cedar_policy::PolicySet = policies.parse().unwrap();
    let shipped = shipped.display().to_string();
    for more in [&[][..], &["--files", &shipped]] {
        let asked = [&["schema", "policy"], more].concat();
        let told = folder.run(&asked).ended(0).out;
        let (plain, warnings) = cedar_policy::Schema::from_cedarschema_str(&told).unwrap();
        assert_eq!(warnings.count(), 0);
        let json = folder.run(&[&asked[..], &["--json"]].concat()).ended(0).json();
        for schema in [plain, cedar_policy::Schema::from_json_value(json).unwrap()] {
            let valid = cedar_policy::Validator::new(schema).validate(&policies, cedar_policy::ValidationMode::Strict);
            assert!(valid.validation_passed_without_warnings(), "{asked:?}: {valid}");
        }
        assert_eq!(told.contains("\"reason\"?: String"), !more.is_empty(), "{told}");
    }
    assert!(!folder.data().exists());
    let settings = folder.around().join("settings.toml");
    fs::write(&settings, "version = 1\n[connectors.other]\ntype = \"files\"\n").unwrap();
    let told = folder.run(&["schema", "policy", "--settings", &settings.display().to_string()]).ended(0).out;
    assert!(!told.contains("Countersign::local"), "{told}");
    folder.run(&["schema", "policy", "--files", "nowhere"]).ended(2).says(&["nowhere"]);
    folder.run(&["schema", "plan", "--files", "nowhere"]).ended(2).says(&["unexpected argument"]);
}

#[test]
fn the_schema_is_one_json_document() {
    let folder = Folder::new();
    let told = folder.run(&["schema"]).ended(0);
    assert_eq!(told.out, folder.run(&["schema", "--json"]).ended(0).out);
    let schema = told.json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], serde_json::json!(["apiVersion", "kind", "metadata", "subject", "on", "steps"]));
    let tests = folder.run(&["schema", "tests"]).ended(0).json();
    assert_eq!(
        tests["properties"]["tests"]["items"]["properties"]["expect"]["enum"],
        serde_json::json!(["allow", "deny"])
    );
    assert!(!folder.data().exists(), "nothing is made");
}
