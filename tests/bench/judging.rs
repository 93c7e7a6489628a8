//! One policy decision: what the runner asks before each act, as often as it fits.

use anyhow::{Context as _, Result, ensure};
use countersign_kernel::plan::{Asking, Does, Plan, question};
use countersign_kernel::policy::{PolicySet, judge};
use countersign_warrant::{Timestamp, Verdict};

use crate::house::House;
use crate::machine::{as_f64, cpu};

/// The plan of a rotation of that account.
pub(crate) async fn plan(house: &House, account: &str) -> Result<Plan> {
    Ok(house.runner.plan(&house.request("rotate", account)?).await?)
}

/// Builds the question from the plan, and judges it; processor time of each, in seconds.
pub(crate) fn decide(house: &House, policies: &PolicySet, plan: &Plan, count: u64) -> Result<f64> {
    let connector = house.installation.catalog.find("void").context("it is in the catalog")?;
    let acts: Vec<_> = plan
        .moves
        .iter()
        .filter_map(|planned| match &planned.does {
            Does::Act(act) => Some((planned, act)),
            _ => None,
        })
        .collect();
    let clock = &house.installation.clock;
    let started_at: Timestamp = clock.now();
    let used = cpu()?;
    for (_, (planned, act)) in (0..count).zip(acts.iter().cycle()) {
        let asking = Asking { asked_by: Some("p_bench"), started_at, now: clock.now() };
        let asked = question(plan, planned, act, asking, connector.manifest());
        let judgement = judge(policies, &asked);
        ensure!(judgement.decision.verdict == Verdict::Allow, "{:?}", judgement.decision);
    }
    Ok((cpu()? - used) / as_f64(count))
}
