//! One outside change: judge, grant, act, record. Nothing else in Countersign changes the world.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_contract::{Hands, failpoint};
use countersign_warrant::{
    DecisionBody, Entry, EntryId, GrantError, Intent, JournalError, Kind, Moment, Origin, Receipt, Stamped, VersionId,
    Warrant,
};

use super::seal::sealed_entry;
use super::shared::is_fault;
use super::{Drive, DriveError, Runner, json};
use crate::secrets::{KeptSlot, Sealed};

/// How often a receipt is recorded before its intent is left open, and how long to wait between two tries.
const RECORDS_MAX: u32 = 3;
const RECORD_AGAIN: Duration = Duration::from_millis(100);

/// How an attempt came back to the runner.
enum Attempt {
    /// With a receipt.
    Receipt(Box<Receipt>),
    /// Without: it panicked, overran its deadline, or gave the receipt of another intent. The intent stays open.
    Lost,
}

impl Runner {
    /// Judges the intent under the policies now in force; on an allow grants it and makes the attempt.
    pub(super) async fn act(&self, drive: &mut Drive, intent: Intent, decision: EntryId) -> Result<(), DriveError> {
        let is_retry = matches!(intent.origin, Origin::Retry(_));
        let (allowed, blobs) = match self.judge_act(drive, intent, decision.clone())? {
            Ok(allowed) => allowed,
            Err(denied) => {
                let (step, decision_made, blobs) = *denied;
                let body = DecisionBody { step, moment: Moment::Act, decision: decision_made };
                let entry = Entry::new(decision, Kind::Decision, json(&body)).map_err(DriveError::Entry)?;
                return self.commit(drive, vec![entry.with_blobs(blobs)]).await;
            }
        };
        let fence = drive.fence.clone();
        let _turn = self.shared.turn(&allowed.intent().call.connector).await?;
        // CRASH: before the grant commits, nothing has happened.
        failpoint::hit("runner.before_grant");
        let granted = match drive.retry.take().filter(|_| is_retry) {
            Some(retry) => self.mint.retry(retry, allowed, blobs, fence).await,
            None => self.mint.grant(allowed, blobs, fence).await,
        };
        self.attempt(drive, granted).await
    }

    /// Grants the undo that was judged with its forward intent, and makes the attempt.
    pub(super) async fn undo(&self, drive: &mut Drive, of: &EntryId, entry: EntryId) -> Result<(), DriveError> {
        if !drive.done.contains_key(of) {
            // WHY: a refused undo used its token up; the ledger still has the intent done.
            let recovered = self.mint.recover(drive.fence.run.clone()).await.map_err(DriveError::Recover)?;
            drive.done = recovered.done.into_iter().map(|done| (done.intent().entry.clone(), done)).collect();
        }
        let Some(done) = drive.done.remove(of) else {
            return Err(DriveError::Grant(GrantError::Mismatch("the intent to undo is not done")));
        };
        let connector = done.intent().undo.as_ref().map(|call| call.connector.clone()).unwrap_or_default();
        let _turn = self.shared.turn(&connector).await?;
        failpoint::hit("runner.before_grant");
        let granted = self.mint.undo(done, entry, drive.fence.clone()).await;
        self.attempt(drive, granted).await
    }

    async fn attempt(
        &self,
        drive: &mut Drive,
        granted: Result<(Warrant, Vec<Stamped>), GrantError>,
    ) -> Result<(), DriveError> {
        let (warrant, stamped) = match granted {
            Ok(granted) => granted,
            // The commit's fate was unknown and the intent is there: it is settled like after a crash.
            Err(GrantError::Open(open)) => {
                let stamped = self.reread(drive).await?;
                self.take(drive, &stamped)?;
                drive.open = Some(*open);
                return Ok(());
            }
            Err(error) => return Err(DriveError::Grant(error)),
        };
        // CRASH: granted, and the warrant dies with the process: the intent is open.
        failpoint::hit("runner.after_grant");
        self.take(drive, &stamped)?;
        let intent = warrant.intent().clone();
        let (attempt, kept) = self.call(warrant).await?;
        if let Some(kept) = kept {
            self.commit_kept(drive, &intent, kept).await?;
        }
        match attempt {
            Attempt::Receipt(receipt) => {
                let failed = is_fault(receipt.outcome());
                self.record(drive, *receipt).await?;
                self.note_attempt(&intent.call.connector, failed).await
            }
            Attempt::Lost => {
                for entry in self.mint.lost() {
                    tracing::warn!(%entry, "warrant lost; its intent stays open until observation settles it");
                }
                drive.open = self.mint.recover(drive.fence.run.clone()).await.map_err(DriveError::Recover)?.open.pop();
                self.note_attempt(&intent.call.connector, true).await
            }
        }
    }

    /// Opens the hands for this warrant and calls the connector, for as long as the warrant's deadline permits.
    async fn call(&self, warrant: Warrant) -> Result<(Attempt, Option<Sealed>), DriveError> {
        let intent = warrant.intent().clone();
        let instance = intent.call.connector.clone();
        let connector = self.catalog.find(&instance).ok_or(DriveError::NoSuchConnector(instance))?;
        #[cfg(feature = "failpoints")]
        let connector = super::faulty::around(connector);
        let (hands, slot) = self.hands(&warrant).await?;
        let left = u64::try_from(warrant.deadline().micros() - self.clock.now().micros()).unwrap_or(0);
        failpoint::hit("runner.before_call");
        // WHY: a task of its own, so that a panic ends the call and not the run; it ends with this drive.
        let mut calls = tokio::task::JoinSet::new();
        calls.spawn(
            async move { tokio::time::timeout(Duration::from_micros(left), connector.act(warrant, hands)).await },
        );
        let called = calls.join_next().await;
        failpoint::hit("runner.after_call");
        let attempt = match called {
            Some(Ok(Ok(receipt))) if *receipt.intent() == intent => Attempt::Receipt(Box::new(receipt)),
            // The call panicked, overran its deadline, or answered for another intent; its warrant is gone.
            _ => Attempt::Lost,
        };
        Ok((attempt, slot.take()))
    }

    /// What the provider made is durable before its receipt.
    async fn commit_kept(&self, drive: &mut Drive, intent: &Intent, kept: Sealed) -> Result<(), DriveError> {
        let (Some(id), Some(at)) = (intent.version_entry(), drive.run.current()) else {
            return Err(DriveError::NoEntries);
        };
        let entry = sealed_entry(id, at.step.clone(), kept, false).map_err(DriveError::Entry)?;
        self.commit(drive, vec![entry]).await
    }

    async fn hands(&self, warrant: &Warrant) -> Result<(Hands, KeptSlot), DriveError> {
        let mut sealed = BTreeMap::new();
        for (name, version) in &warrant.intent().call.materials {
            sealed.insert(name.clone(), self.sealed(version).await?);
        }
        let subject = &warrant.intent().subject;
        let versions = self.store.versions(subject).await.map_err(DriveError::Store)?;
        let highest = versions.iter().map(|row| row.id.number).max().unwrap_or(0);
        let next = VersionId { subject: subject.clone(), number: highest.saturating_add(1) };
        let operator = self.catalog.operator(&warrant.intent().call.connector).map(|own| own.file.as_path());
        self.opener.hands(warrant, sealed, next, operator).map_err(DriveError::Hands)
    }

    async fn record(&self, drive: &mut Drive, receipt: Receipt) -> Result<(), DriveError> {
        // CRASH: the change is made, its receipt is not durable: the open intent is settled by observation.
        failpoint::hit("runner.before_record");
        let mut receipt = receipt;
        for tried in 1.. {
            match self.mint.record(receipt, drive.fence.clone()).await {
                Ok(settled) => {
                    failpoint::hit("runner.after_record");
                    self.take(drive, &settled.stamped)?;
                    Self::keep(drive, settled.answer);
                    break;
                }
                // A record of unknown fate is repeated: the same receipt is the same entry.
                Err((back, JournalError::Unknown { .. })) if tried < RECORDS_MAX => {
                    receipt = *back;
                    tokio::time::sleep(RECORD_AGAIN).await;
                }
                Err((_, error)) => return Err(DriveError::Journal(error)),
            }
        }
        Ok(())
    }

    /// The entries that the run has in the ledger and not in the fold.
    async fn reread(&self, drive: &Drive) -> Result<Vec<Stamped>, DriveError> {
        use countersign_warrant::Journal as _;
        let all = self.ledger.load(drive.fence.run.clone()).await.map_err(DriveError::Journal)?;
        let next = drive.run.next;
        Ok(all.into_iter().filter(|entry| entry.id.number().is_some_and(|number| number >= next)).collect())
    }
}
