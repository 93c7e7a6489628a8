//! Planning, and the decision that the runner asks for before each act, as often as it fits.

use anyhow::{Context as _, Result, ensure};
use countersign_contract::Manifest;
use countersign_kernel::plan::{Act, Asking, Does, Move, Plan, question};
use countersign_kernel::policy::{PolicySet, Question, judge};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{Timestamp, Verdict};

use crate::house::House;

/// The plan of that workflow for that account.
pub(crate) async fn plan(house: &House, workflow: &str, account: &str) -> Result<Plan> {
    Ok(house.runner.plan(&house.request(workflow, account)?).await?)
}

/// A plan of each workflow for that account; how many.
pub(crate) async fn plan_each(
    house: &House,
    workflows: impl Iterator<Item = &Workflow>,
    account: &str,
) -> Result<usize> {
    let mut made = 0;
    for workflow in workflows {
        house.runner.plan(&house.request_of(workflow, account)?).await?;
        made += 1;
    }
    Ok(made)
}

/// The acts of a plan, one after the other and from the first again.
pub(crate) struct Acts<'a> {
    plan: &'a Plan,
    manifest: &'a Manifest,
    all: Vec<(&'a Move, &'a Act)>,
    at: usize,
    now: Timestamp,
}

impl<'a> Acts<'a> {
    pub(crate) fn of(house: &'a House, plan: &'a Plan) -> Result<Self> {
        let manifest = house.installation.catalog.manifests().remove("void").context("it is in the catalog")?;
        let all: Vec<_> = plan
            .moves
            .iter()
            .filter_map(|planned| match &planned.does {
                Does::Act(act) => Some((planned, &**act)),
                _ => None,
            })
            .collect();
        ensure!(!all.is_empty(), "a plan without acts");
        Ok(Self { plan, manifest, all, at: 0, now: house.installation.clock.now() })
    }

    /// The question about the next act.
    pub(crate) fn next(&mut self) -> Option<Question> {
        let (planned, act) = self.all.get(self.at)?;
        self.at = (self.at + 1) % self.all.len();
        let asking = Asking { asked_by: Some("p_bench"), started_at: self.now, now: self.now };
        Some(question(self.plan, planned, act, asking, self.manifest))
    }

    /// Judges it; what does not allow is a mistake of the bench.
    pub(crate) fn judge_next(&mut self, policies: &PolicySet) {
        let judgement = self.next().map(|asked| judge(policies, &asked));
        assert!(
            judgement.is_some_and(|made| made.decision.verdict == Verdict::Allow),
            "a decision that does not allow"
        );
    }
}
