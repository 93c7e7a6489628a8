//! Reading many files, planning many runs, and deciding under many policies.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};
use countersign::known;
use countersign::scheduler::{FileSet, SetFile};
use countersign_kernel::policy::PolicySet;

use crate::house::{House, set_files};
use crate::judging;
use crate::machine::{as_f64, cpu};

const ROTATE: &str = include_str!("set/rotate.yaml");

/// Checks so many workflow files as one set, with the policies; seconds.
pub(crate) fn lint(house: &House, count: u32) -> Result<f64> {
    let file = |number: u32| SetFile {
        path: format!("rotate-{number}.yaml"),
        bytes: ROTATE.replace("name: rotate,", &format!("name: rotate-{number},")).into_bytes(),
    };
    let policies = set_files(&crate::house::POLICIES);
    let files = FileSet { workflows: (0..count).map(file).collect(), policies, ..FileSet::default() };
    let start = Instant::now();
    match files.check(&known(&house.installation.catalog)) {
        Ok(set) if set.workflows.len() == usize::try_from(count)? => Ok(start.elapsed().as_secs_f64()),
        Ok(set) => bail!("{} workflows of {count}", set.workflows.len()),
        Err(found) => bail!("the bench's own files: {found:#?}"),
    }
}

/// Plans a rotation of each account, the observation of the target included; processor time of each, in seconds.
pub(crate) async fn plans(house: &House, accounts: &[String]) -> Result<f64> {
    let used = cpu()?;
    for account in accounts {
        judging::plan(house, account).await?;
    }
    Ok((cpu()? - used) / as_f64(u64::try_from(accounts.len())?))
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
    let mut policies = set_files(&crate::house::POLICIES);
    policies.push(SetFile { path: "more.cedar".to_owned(), bytes: text.into_bytes() });
    let files = FileSet { workflows: set_files(&crate::house::WORKFLOWS), policies, ..FileSet::default() };
    match files.check(&known(&house.installation.catalog)) {
        Ok(set) => Ok(set.policies),
        Err(found) => bail!("the bench's own policies: {found:#?}"),
    }
}
