//! Folders of many workflows, and of many policies.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Result, bail};
use countersign::known;
use countersign::scheduler::{CheckedSet, FileSet, SetFile};
use countersign_kernel::policy::PolicySet;

use crate::house::{House, POLICIES, WORKFLOWS, set_files};

const ROTATE: &str = include_str!("set/rotate.yaml");

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
    let mut policies = set_files(&POLICIES);
    policies.push(SetFile { path: "more.cedar".to_owned(), bytes: text.into_bytes() });
    Ok(check(house, &FileSet { workflows: set_files(&WORKFLOWS), policies, ..FileSet::default() })?.policies)
}
