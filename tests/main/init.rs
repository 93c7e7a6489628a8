//! `countersign init`: what is chosen comes with everything that it needs, lints, and runs.

use std::fs;
use std::path::Path;

use crate::folder::{Folder, Told, tell, tree};

fn init(folder: &Folder, arguments: &[&str]) -> Told {
    let mut command = folder.command(&[&["init"], arguments].concat());
    command.current_dir(folder.around());
    tell(command)
}

#[test]
fn what_can_be_chosen_is_listed_with_what_it_is_for() {
    let folder = Folder::new();
    let told = init(&folder, &[]).ended(0);
    for name in ["provision-account", "ca-root", "ca-issuing", "tls-localhost", "rotate-reporting-key"] {
        assert!(told.out.lines().any(|line| line.starts_with(name) && line.len() > name.len() + 20), "{}", told.out);
    }
    let choices = init(&folder, &["--json"]).ended(0).json()["choices"].clone();
    let shipped = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows")).unwrap().map(Result::unwrap);
    let shipped = shipped.filter(|file| file.path().extension().is_some_and(|end| end == "yaml")).count();
    assert_eq!(choices.as_array().unwrap().len(), shipped);
    assert!(!folder.data().exists() && !folder.around().join("workflows").exists(), "nothing is made");
}

#[test]
fn what_was_chosen_lints_and_runs() {
    let folder = Folder::new();
    let told = init(&folder, &["git", "--with", "tls-localhost", "--with", "rotate-reporting-key"]).ended(0);
    assert!(told.out.contains("countersign run provision-account") || told.out.contains("cargo run"), "{}", told.out);
    let names: Vec<String> = tree(&folder.around().join("git")).keys().map(|path| path.display().to_string()).collect();
    assert_eq!(
        names,
        [
            "ca-issuing.yaml",
            "ca-root.yaml",
            "policies/accounts.cedar",
            "policies/accounts.test.yaml",
            "policies/certificates.cedar",
            "policies/certificates.test.yaml",
            "policies/rotation.cedar",
            "policies/rotation.test.yaml",
            "provision-account.yaml",
            "rotate-reporting-key.yaml",
            "settings.toml",
            "tls-localhost.yaml",
        ]
    );
    let run = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command.current_dir(folder.around());
        tell(command)
    };
    let linted = run(&["lint", "git", "--settings", "git/settings.toml"]).ended(0);
    assert_eq!(linted.out, "11 files: no errors\n");
    run(&["activate", "git"]).ended(0);
    run(&["run", "provision-account", "--input", "account=reporting"]).ended(0);
    for name in ["ca-root", "ca-issuing", "tls-localhost", "rotate-reporting-key"] {
        run(&["run", name]).ended(0);
    }
    folder.verifies();
}

/// A folder that was laid out grows; what somebody changed in it is theirs.
#[test]
fn further_workflows_are_added_to_what_is_there() {
    let folder = Folder::new();
    let written = |with: &[&str]| -> Vec<String> {
        let told = init(&folder, &[&["git", "--json"], with].concat()).ended(0).json();
        told["written"].as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
    };
    let first = written(&["--with", "ca-root"]);
    assert!(first.contains(&"git/settings.toml".to_owned()), "{first:?}");
    let before = tree(&folder.around().join("git"));
    let again = init(&folder, &["git", "--with", "ca-root"]).ended(0);
    assert!(again.out.contains("every file is there already, word for word"), "{}", again.out);
    assert_eq!(tree(&folder.around().join("git")), before);
    let more = written(&["--with", "rotate-reporting-key"]);
    assert!(more.contains(&"git/rotate-reporting-key.yaml".to_owned()) && !more.contains(&first[0]), "{more:?}");
    let policies = folder.around().join("git/policies/rotation.cedar");
    fs::write(&policies, fs::read_to_string(&policies).unwrap() + "// ours\n").unwrap();
    let whole = tree(&folder.around().join("git"));
    init(&folder, &["git", "--with", "rotate-legacy-login"]).ended(2).says(&[
        "error[init.exists]",
        "git/policies/rotation.cedar",
        "says something else",
    ]);
    assert_eq!(tree(&folder.around().join("git")), whole);
}

#[test]
fn nothing_is_written_over_and_nothing_unknown_is_chosen() {
    let folder = Folder::new();
    fs::create_dir(folder.around().join("git")).unwrap();
    fs::write(folder.around().join("git/ca-root.yaml"), "mine").unwrap();
    init(&folder, &["git", "--with", "ca-root"]).ended(2).says(&[
        "error[init.exists]",
        "git/ca-root.yaml",
        "nothing was written",
    ]);
    assert_eq!(tree(&folder.around().join("git")).len(), 1);
    assert!(!folder.data().exists(), "no data folder is made for what is refused");
    init(&folder, &["git", "--with", "ca-rot"])
        .ended(2)
        .says(&["error[init.unknown_workflow]", "did you mean `ca-root`?"]);
    let toured = Folder::toured();
    let before = fs::read(toured.path("settings.toml")).unwrap();
    init(&toured, &["git", "--with", "ca-root"]).ended(0);
    assert_eq!(fs::read(toured.path("settings.toml")).unwrap(), before);
}
