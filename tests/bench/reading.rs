//! Folders of many workflows, and of many policies.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use countersign::catalog::Catalog;
use countersign::known;
use countersign::scheduler::{CheckedSet, FileSet, SetFile};
use countersign::settings::Settings;
use countersign_kernel::policy::PolicySet;

use crate::house::{House, POLICIES, WORKFLOWS, set_files};

const ROTATE: &str = include_str!("set/rotate.yaml");

/// The shipped workflows, as often as makes `count` files, each under a name of its own, and the shipped policies: a folder.
pub(crate) fn folder(at: &Path, count: usize) -> Result<()> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    std::fs::create_dir_all(at.join("policies"))?;
    let (mut workflows, mut policies) = (Vec::new(), Vec::new());
    for (folder, found) in [(shipped.clone(), &mut workflows), (shipped.join("policies"), &mut policies)] {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "yaml" || end == "cedar") {
                found.push((path.file_name().context("a file")?.to_owned(), std::fs::read_to_string(&path)?));
            }
        }
    }
    for (name, text) in policies {
        std::fs::write(at.join("policies").join(name), text)?;
    }
    workflows.sort();
    for (number, (name, text)) in workflows.iter().cycle().take(count).enumerate() {
        let stem = Path::new(name).file_stem().context("a name")?.to_string_lossy();
        let renamed = text.replacen(&format!("name: {stem}"), &format!("name: {stem}-{number}"), 1);
        std::fs::write(at.join(format!("{stem}-{number}.yaml")), renamed)?;
    }
    Ok(())
}

/// Reads the folder and checks it under the settings that a new data folder has, as `countersign lint DIR` does.
pub(crate) fn lint(at: &Path) -> Result<usize> {
    let settings = Settings::parse("settings.toml", Settings::default_text());
    let settings = settings.map_err(|found| anyhow::anyhow!("the default settings: {found:#?}"))?;
    let files = FileSet::read(at);
    match files.check(&known(&Catalog::of_manifests(&settings))) {
        Ok(set) => Ok(set.workflows.len()),
        Err(found) => bail!("the shipped files: {:#?}", found.first()),
    }
}

/// The bench's policies, and as many forbids more without a scope as `more` says: each is evaluated each time.
pub(crate) fn unscoped(house: &House, more: usize) -> Result<Arc<PolicySet>> {
    let mut text = String::new();
    for number in 0..more {
        writeln!(
            text,
            "@id(\"wide-{number}\") @reason(\"m\")\nforbid (principal, action, resource) when {{ resource.tier == \"t{number}\" }};"
        )?;
    }
    with(house, text)
}

fn with(house: &House, text: String) -> Result<Arc<PolicySet>> {
    let mut policies = set_files(&POLICIES);
    policies.push(SetFile { path: "more.cedar".to_owned(), bytes: text.into_bytes() });
    Ok(check(house, &FileSet { workflows: set_files(&WORKFLOWS), policies, ..FileSet::default() })?.policies)
}

/// So many workflow files, and the policies.
pub(crate) fn files(count: u32) -> FileSet {
    let file = |number: u32| SetFile {
        path: format!("rotate-{number}.yaml"),
        bytes: ROTATE.replace("name: rotate,", &format!("name: rotate-{number},")).into_bytes(),
    };
    FileSet { workflows: (0..count).map(file).collect(), policies: set_files(&POLICIES), ..FileSet::default() }
}

/// The files as one set, as `lint` and `activate` read them.
pub(crate) fn check(house: &House, files: &FileSet) -> Result<CheckedSet> {
    match files.check(&known(&house.installation.catalog)) {
        Ok(set) => Ok(set),
        Err(found) => bail!("the bench's own files: {found:#?}"),
    }
}

/// The bench's policies, and as many more as make `count`: each about one account, as exceptions are.
pub(crate) fn policies(house: &House, count: usize) -> Result<Arc<PolicySet>> {
    let mut text = String::new();
    for number in house.set.policies.ids().len()..count {
        writeln!(
            text,
            "@id(\"more-{number}\") @reason(\"measured\")\nforbid (principal, action == Countersign::Action::\"rotate\", \
             resource == Countersign::void::account::\"void/account/other-{number}\");"
        )?;
    }
    with(house, text)
}
