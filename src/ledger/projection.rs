//! What an entry does to the tables beside its leaf: the rows that are written in the same commit.

use countersign_kernel::run::bodies::{
    BrakeBody, BrakeScope, ClosedBody, NotDueBody, NoticeBody, SealedBody, Stage, StartedBody, TIMEOUT, VersionBody,
    Wait, WaitBody,
};
use countersign_warrant::{
    Entry, EntryId, Fence, FindingBody, IntentBody, JournalError, Kind, Outcome, ReceiptBody, ResourceName, RunId,
    Timestamp,
};
use serde::de::DeserializeOwned;

use super::LeaseTerms;
use super::rows::{Rows, Table};

/// One entry of a commit, with what its rows need to know.
pub(super) struct Projection<'a> {
    pub(super) entry: &'a Entry,
    pub(super) at: Timestamp,
    pub(super) terms: &'a LeaseTerms,
    pub(super) rows: &'a mut Rows,
}

fn unfit(entry: &EntryId, reason: impl Into<String>) -> JournalError {
    JournalError::Unfit { entry: entry.clone(), reason: reason.into() }
}

impl Projection<'_> {
    /// The rows of an entry of a run; `place` is its place among the commit's `count` entries.
    pub(super) fn of_a_run(self, fence: &Fence, (place, count): (usize, usize)) -> Result<(), JournalError> {
        let (id, run) = (self.entry.id(), &fence.run);
        if id.run().as_ref() != Some(run) {
            return Err(unfit(id, format!("the fence is of run `{run}`")));
        }
        match self.entry.kind() {
            Kind::Started if place != 0 => Err(unfit(id, "a run begins with `started`")),
            Kind::Closed if place + 1 != count => Err(unfit(id, "nothing follows `closed`")),
            Kind::Started => self.started(fence),
            Kind::Intent => self.intent(run),
            Kind::Receipt => self.receipt(run),
            Kind::Finding => self.finding(run),
            Kind::Version => self.version(run),
            Kind::Wait => self.wait(run),
            Kind::Closed => self.closed(run),
            Kind::Fact => self.fact(run),
            Kind::Decision | Kind::Probe | Kind::Skipped => Ok(()),
            Kind::NotDue | Kind::Activation | Kind::Key | Kind::Brake | Kind::Clock | Kind::Notice => {
                Err(unfit(id, "the kind is of no run"))
            }
        }
    }

    /// The rows of an entry of no run.
    pub(super) fn of_no_run(mut self) -> Result<(), JournalError> {
        let id = self.entry.id();
        if id.run().is_some() {
            return Err(unfit(id, "an entry of a run needs the run's fence"));
        }
        if id.as_str().split(':').next() != Some(self.entry.kind().as_str()) {
            return Err(unfit(id, "the id of an entry of no run begins with its kind"));
        }
        match self.entry.kind() {
            Kind::NotDue => {
                let body: NotDueBody = self.body()?;
                self.push(Table::Subjects, &(&body.subject, id, None::<&str>))
            }
            Kind::Activation => self.push(Table::Activations, id),
            Kind::Key | Kind::Clock => Ok(()),
            Kind::Notice => {
                let body: NoticeBody = self.body()?;
                self.push(Table::Subjects, &(&body.subject, id, None::<&str>))
            }
            Kind::Brake => self.brake(),
            _ => Err(unfit(id, "the kind is of a run")),
        }
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, JournalError> {
        T::deserialize(self.entry.predicate()).map_err(|error| unfit(self.entry.id(), error.to_string()))
    }

    fn push<T: serde::Serialize>(&mut self, table: Table, row: &T) -> Result<(), JournalError> {
        self.rows.push(table, row).map_err(|error| unfit(self.entry.id(), error.to_string()))
    }

    fn started(mut self, fence: &Fence) -> Result<(), JournalError> {
        let (id, body): (_, StartedBody) = (self.entry.id(), self.body()?);
        if fence.epoch != 1 {
            return Err(unfit(id, "a run starts under epoch 1"));
        }
        let sorted = body.resources.is_sorted_by(|one, next| one < next);
        if !sorted || !body.resources.contains(&body.subject) {
            return Err(unfit(id, "the resources are not the subject and the sinks, sorted, each once"));
        }
        let terms = self.terms;
        let key = body.trigger.idempotency_key.as_deref();
        let run = (&fence.run, id, &body.workflow, &body.subject, body.plan, key);
        let lease = (self.at.micros(), fence.epoch, &terms.owner, terms.lease_ms);
        let whose = (&body.team, &body.service);
        let row = (run.0, run.1, run.2, run.3, run.4, run.5, lease.0, lease.1, lease.2, lease.3, whose.0, whose.1);
        self.push(Table::Runs, &row)?;
        for resource in &body.resources {
            self.push(Table::Holds, &(resource, &fence.run))?;
            self.push(Table::Subjects, &(resource, id, &fence.run))?;
        }
        Ok(())
    }

    fn brake(mut self) -> Result<(), JournalError> {
        let (id, body): (_, BrakeBody) = (self.entry.id(), self.body()?);
        let (scope, name) = body.scope.parts();
        let until = body.until.map(Timestamp::micros);
        let row = (id, scope, name, body.brake.as_str(), until, u8::from(body.lifted));
        self.push(Table::Brakes, &row)?;
        match &body.scope {
            BrakeScope::Subject(subject) => self.push(Table::Subjects, &(subject, id, None::<&str>)),
            BrakeScope::All | BrakeScope::Connector(_) => Ok(()),
        }
    }

    fn intent(mut self, run: &RunId) -> Result<(), JournalError> {
        let (id, body): (_, IntentBody) = (self.entry.id(), self.body()?);
        if body.intent.entry != *id {
            return Err(unfit(id, "the intent names another entry as its own"));
        }
        self.push(Table::Intents, &(id, run, &body.intent.call.resource))
    }

    fn receipt(mut self, run: &RunId) -> Result<(), JournalError> {
        let body: ReceiptBody = self.body()?;
        let closes = !matches!(body.outcome, Outcome::Indeterminate(_));
        self.push(Table::Settlements, &(self.entry.id(), run, &body.intent, u8::from(closes)))
    }

    fn finding(mut self, run: &RunId) -> Result<(), JournalError> {
        let body: FindingBody = self.body()?;
        self.push(Table::Settlements, &(self.entry.id(), run, &body.intent, 1))
    }

    fn version(mut self, run: &RunId) -> Result<(), JournalError> {
        let (id, body): (_, VersionBody) = (self.entry.id(), self.body()?);
        let (subject, number) = (&body.version.subject, body.version.number);
        let expires_at = body.expires_at.map(Timestamp::micros);
        match (body.stage, &body.sealed) {
            (Stage::Pending, Some(sealed)) => self.sealed(run, (subject, number, expires_at), sealed),
            (Stage::Current, None) => self.push(Table::Promotions, &(id, run, subject, number, expires_at)),
            (stage @ (Stage::Previous | Stage::Retired), None) => {
                self.push(Table::Demotions, &(id, run, subject, number, stage, expires_at))
            }
            _ => Err(unfit(id, "a version is sealed when it is pending, and only then")),
        }
    }

    fn sealed(
        mut self,
        run: &RunId,
        (subject, number, expires_at): (&ResourceName, u32, Option<i64>),
        sealed: &SealedBody,
    ) -> Result<(), JournalError> {
        let id = self.entry.id();
        let public = serde_json::to_string(&sealed.public).map_err(|error| unfit(id, error.to_string()))?;
        let at = self.at.micros();
        let material = (sealed.blob, &sealed.fingerprint, sealed.key_generation);
        let row = (subject, number, run, id, material.0, material.1, material.2, public, at, expires_at);
        self.push(Table::Sealings, &row)
    }

    fn wait(mut self, run: &RunId) -> Result<(), JournalError> {
        let body: WaitBody = self.body()?;
        let (state, wake_at) = match body.wait {
            Wait::Until { at } => ("waiting", Some(at.micros())),
            Wait::Over | Wait::Answered { .. } => ("running", None),
            Wait::Person { .. } => ("stuck", None),
        };
        self.push(Table::Turns, &(self.entry.id(), run, state, wake_at))
    }

    /// A wait ends with the time of its step.
    fn fact(mut self, run: &RunId) -> Result<(), JournalError> {
        if self.entry.predicate().get("about").and_then(|about| about.as_str()) != Some(TIMEOUT) {
            return Ok(());
        }
        self.push(Table::Turns, &(self.entry.id(), run, "running", None::<i64>))
    }

    fn closed(mut self, run: &RunId) -> Result<(), JournalError> {
        let body: ClosedBody = self.body()?;
        self.push(Table::Closures, &(self.entry.id(), run, body.outcome, self.at.micros()))
    }
}
