//! Policy, asked at its moments: at a `policy` step for every act that it covers, and right before each act.

use countersign_kernel::plan::{self, Asking, Does, Move};
use countersign_kernel::policy::{self, Question};
use countersign_kernel::run::Run;
use countersign_warrant::{Allowed, Blob, Decision, DecisionBody, Entry, EntryId, Intent, Kind, Moment, StepId};

use super::{Drive, DriveError, Runner, json};

/// A denial with the bytes that it was made from.
pub(super) type Denied = Box<(StepId, Decision, Vec<Blob>)>;

impl Runner {
    /// Judges every covered act, and writes one decision for each in one commit.
    pub(super) async fn judge(&self, drive: &mut Drive, covers: &[StepId], first: u64) -> Result<(), DriveError> {
        let mut entries = Vec::new();
        for (number, id) in (first..).zip(covers) {
            let question = self.question(&drive.run, id)?;
            let judgement = policy::judge(&self.policies, &question);
            let body = DecisionBody { step: id.clone(), moment: Moment::Policy, decision: judgement.decision };
            let entry = Entry::new(EntryId::of_run(&drive.run.id, number), Kind::Decision, json(&body));
            entries.push(entry.map_err(DriveError::Entry)?.with_blobs(judgement.blobs));
        }
        self.commit(drive, entries).await
    }

    /// The same question at the moment of the act, under the policies now in force.
    // INVARIANT: inv:I8 one evaluation function on every path; only what it allows can be granted.
    pub(super) fn judge_act(
        &self,
        drive: &Drive,
        intent: Intent,
        decision: EntryId,
    ) -> Result<Result<(Allowed, Vec<Blob>), Denied>, DriveError> {
        let step = intent.step.clone();
        let question = self.question(&drive.run, &step)?;
        Ok(policy::allow(&self.policies, &question, intent, decision)
            .map_err(|judgement| Box::new((step, judgement.decision, judgement.blobs))))
    }

    fn question(&self, run: &Run, id: &StepId) -> Result<Question, DriveError> {
        let planned = run.plan.find(id).ok_or(DriveError::NoEntries)?;
        self.question_about(run, planned)
    }

    fn question_about(&self, run: &Run, planned: &Move) -> Result<Question, DriveError> {
        let Does::Act(act) = &planned.does else { return Err(DriveError::NoEntries) };
        let instance = run.plan.subject.resource.connector();
        let connector = self.catalog.find(instance).ok_or_else(|| DriveError::NoSuchConnector(instance.to_owned()))?;
        let asking = Asking {
            asked_by: run.started.trigger.asked_by.as_deref(),
            started_at: run.times.started_at,
            now: self.clock.now(),
        };
        Ok(plan::question(&run.plan, planned, act, asking, connector.manifest()))
    }
}
