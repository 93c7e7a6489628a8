//! An open intent is settled by what its target shows, never by a guess.

use std::time::Duration;

use countersign_contract::Effect;
use countersign_warrant::{Finding, Intent, OpenIntent, Origin, Timestamp};

use super::{Drive, DriveError, Runner};

/// How long to wait before looking again at a target that does not tell.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long to look at a target that does not tell, before the intent is left open for now.
const LOOK_MAX: Duration = Duration::from_secs(10);

impl Runner {
    /// Observes until the intent is known to be applied, or known to be not applied any more.
    // INVARIANT: inv:I2 an intent closes by knowledge. Where the target does not tell, the run goes on looking; it is
    // stopped by its person or the process, never by a guess.
    pub(super) async fn settle(&self, drive: &mut Drive, intent: &Intent) -> Result<(), DriveError> {
        let open = self.open_of(drive, intent).await?;
        let found = self.find(intent, open.believable_at()).await;
        drive.open = Some(open);
        match found? {
            Some(finding) => self.close_by(drive, intent, finding).await,
            None => Ok(()),
        }
    }

    async fn open_of(&self, drive: &mut Drive, intent: &Intent) -> Result<OpenIntent, DriveError> {
        if let Some(open) = drive.open.take() {
            return Ok(open);
        }
        let recovered = self.mint.recover(drive.fence.run.clone()).await.map_err(DriveError::Recover)?;
        let found = recovered.open.into_iter().find(|open| open.intent().entry == intent.entry);
        found.ok_or(DriveError::NoEntries)
    }

    /// Closes the open intent by what is known of it, or by a person's word.
    pub(super) async fn close_by(
        &self,
        drive: &mut Drive,
        intent: &Intent,
        finding: Finding,
    ) -> Result<(), DriveError> {
        let open = self.open_of(drive, intent).await?;
        let settled = self.mint.settle(open, finding, drive.fence.clone()).await.map_err(DriveError::Settle)?;
        self.take(drive, &settled.stamped)?;
        if let Origin::Undo(of) = &intent.origin {
            drive.done.remove(of);
        }
        Self::keep(drive, settled.answer);
        Ok(())
    }

    /// What the target shows; `None` when the process was asked to stop before it was known.
    async fn find(&self, intent: &Intent, believable_at: Timestamp) -> Result<Option<Finding>, DriveError> {
        let verb = self.verb_of(intent)?;
        let begun = self.clock.instant();
        loop {
            let observed_at = self.clock.now();
            match self.inventory.observe(&intent.call.resource).await {
                Ok(observation) => match verb(intent, &observation) {
                    Effect::Applied(applied) => return Ok(Some(Finding::Applied(applied))),
                    Effect::NotApplied if observed_at >= believable_at => {
                        return Ok(Some(Finding::NotApplied { observed_at }));
                    }
                    Effect::NotApplied => {
                        if !self.sleep_until(believable_at).await? {
                            return Ok(None);
                        }
                        continue;
                    }
                    Effect::Unclear => {}
                },
                Err(error) => tracing::warn!(entry = %intent.entry, code = error.code(), "target not readable"),
            }
            if self.clock.instant().duration_since(begun) > LOOK_MAX {
                return Err(DriveError::Unsettled(intent.call.resource.clone()));
            }
            let again = self.clock.now().plus_millis(u64::try_from(LOOK_AGAIN.as_millis()).unwrap_or(500));
            if !self.sleep_until(again).await? {
                return Ok(None);
            }
        }
    }

    fn verb_of(
        &self,
        intent: &Intent,
    ) -> Result<fn(&Intent, &countersign_contract::Observation) -> Effect, DriveError> {
        let instance = &intent.call.connector;
        let connector = self.catalog.find(instance).ok_or_else(|| DriveError::NoSuchConnector(instance.clone()))?;
        let verb = connector.manifest().verb(&intent.call.verb).map(|verb| verb.effect);
        verb.ok_or_else(|| DriveError::NoSuchConnector(instance.clone()))
    }
}
