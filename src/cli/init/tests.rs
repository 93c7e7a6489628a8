//! What each choice brings along.

use countersign_kernel::policy::Vocabulary;
use countersign_kernel::policy::trial::try_all;

use super::*;
use crate::catalog::Catalog;
use crate::cli::quickstart::SHIPPED;
use crate::scheduler::{FileSet, SetFile};
use crate::settings::Settings;

fn names<'c>(chosen: &'c Chosen<'_>) -> Vec<&'c str> {
    chosen.workflows.iter().map(|one| one.name()).collect()
}

fn chosen<'c>(choices: &'c [Choice], named: &[&str]) -> Chosen<'c> {
    Chosen::of(choices, &named.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn whatever_is_needed_comes_before_what_needs_it() {
    let choices = choice::shipped().unwrap();
    let tls = chosen(&choices, &["tls-localhost"]);
    assert_eq!(names(&tls), ["ca-root", "ca-issuing", "tls-localhost"]);
    assert_eq!(tls.needed["ca-issuing"], "which signs its certificate: tls-localhost");
    let rotate = chosen(&choices, &["rotate-reporting-key"]);
    let all = ["provision-account", "ca-root", "ca-issuing", "tls-localhost", "rotate-reporting-key"];
    assert_eq!(names(&rotate), all);
    let both = chosen(&choices, &["tls-localhost", "ca-root", "ca-root"]);
    assert_eq!(names(&both), ["ca-root", "ca-issuing", "tls-localhost"]);
    assert_eq!(both.needed.keys().collect::<Vec<_>>(), [&"ca-issuing"]);
    assert_eq!(names(&chosen(&choices, &["ca-root"])), ["ca-root"]);
    assert_eq!(Chosen::of(&choices, &["ca-rot".to_owned()]).unwrap_err(), "ca-rot");
    assert_eq!(unknown("ca-rot", &choices).help.unwrap(), "did you mean `ca-root`?");
}

/// What is made by a request of its own for each subject is asked for once for each.
#[test]
fn a_provisioning_is_run_for_each_subject_that_needs_it() {
    let choices = choice::shipped().unwrap();
    let chosen = chosen(&choices, &["rotate-operator-key", "rotate-reporting-key", "offboard-account"]);
    let one = choices.iter().find(|one| one.name() == "provision-account").unwrap();
    let asked = requests(one, &chosen.workflows);
    assert_eq!(asked, [" --input account=countersign-operator --input level=write", " --input account=reporting"]);
    let alone = requests(one, &[one]);
    assert_eq!(alone, [" --input account=VALUE"]);
    let none = choices.iter().find(|one| one.name() == "ca-root").unwrap();
    assert_eq!(requests(none, &chosen.workflows), [""]);
}

#[test]
fn each_choice_says_in_one_line_what_it_is_for() {
    let choices = choice::shipped().unwrap();
    assert_eq!(
        choices.len(),
        SHIPPED.iter().filter(|(file, _)| choice::is(file, "yaml") && !choice::is_test(file)).count()
    );
    for one in &choices {
        assert!(one.about().len() > 20 && one.about().len() < 120, "{}: {}", one.name(), one.about());
    }
}

/// Each pair of choices has every policy that judges it, and none that speaks of what it has not: the set is checked as
/// `activate` checks it, and each action has a permit.
#[test]
fn every_choice_of_two_is_a_set_that_holds() {
    let choices = choice::shipped().unwrap();
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    let catalog = Catalog::of_manifests(&settings);
    for one in &choices {
        for other in &choices {
            let files = chosen(&choices, &[one.name(), other.name()]).files();
            let of = |kind: &str, test: bool| -> Vec<SetFile> {
                let files = files.iter();
                let files = files.filter(|(file, _)| choice::is(file, kind) && choice::is_test(file) == test);
                files
                    .map(|(file, text)| SetFile { path: (*file).to_owned(), bytes: text.as_bytes().to_vec() })
                    .collect()
            };
            let set = FileSet {
                workflows: of("yaml", false),
                policies: of("cedar", false),
                tests: of("yaml", true),
                ..FileSet::default()
            };
            let checked = set.check(&crate::known(&catalog));
            let faults = match checked {
                Ok(checked) => {
                    let tried = try_all(&checked.policies, &checked.trials, &Vocabulary::new(catalog.manifests()));
                    (tried.faults() > 0).then_some((tried.unreached, tried.redundant, tried.accidents))
                }
                Err(found) => panic!("{} {}: {found:#?}", one.name(), other.name()),
            };
            assert_eq!(faults, None, "{} {}: the tests of its policies", one.name(), other.name());
            assert!(!set.policies.is_empty() && files.iter().any(|(file, _)| *file == "settings.toml"));
        }
    }
    let policies = |name: &str| -> Vec<&str> {
        let files = chosen(&choices, &[name]).files();
        files.into_iter().map(|(file, _)| file).filter(|file| choice::is(file, "cedar")).collect()
    };
    assert_eq!(policies("ca-root"), ["policies/certificates.cedar"]);
    assert_eq!(policies("provision-account"), ["policies/accounts.cedar"]);
    let all = ["policies/accounts.cedar", "policies/certificates.cedar", "policies/rotation.cedar"];
    assert_eq!(policies("rotate-reporting-key"), all);
}

#[test]
fn all_files_are_written_or_none() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("set");
    let files = [("a.yaml", "a: 1\n"), ("policies/b.cedar", "// b\n")];
    assert_eq!(write::all(&folder, &files).unwrap(), [folder.join("a.yaml"), folder.join("policies/b.cedar")]);
    std::fs::write(folder.join("a.yaml"), "mine").unwrap();
    let stop = write::all(&folder, &[("c.yaml", "c: 1\n"), ("a.yaml", "a: 1\n")]).unwrap_err();
    assert_eq!((stop.code.as_str(), stop.exit), ("init.exists", BAD_INPUT));
    assert!(!folder.join("c.yaml").exists());
    assert_eq!(std::fs::read_to_string(folder.join("a.yaml")).unwrap(), "mine");
    std::os::unix::fs::symlink("nowhere", folder.join("d.yaml")).unwrap();
    assert_eq!(write::all(&folder, &[("d.yaml", "")]).unwrap_err().code, "init.exists");
    std::fs::write(folder.join("e"), "a file").unwrap();
    let stop = write::all(&folder, &[("c.yaml", "c: 1\n"), ("e/f.yaml", "f: 1\n")]).unwrap_err();
    assert_eq!(stop.code, "init.write");
    assert!(!folder.join("c.yaml").exists(), "what was written is taken away");
}
