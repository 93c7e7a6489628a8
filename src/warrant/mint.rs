//! The mint: the only source of warrants, and the only writer of intents, receipts and findings.

use std::sync::Arc;

use serde::Serialize;

use crate::bodies::{DecisionBody, Finding, FindingBody, IntentBody, Moment, ReceiptBody};
use crate::recover::Intents;
use crate::warrant::LossLog;
use crate::{
    Allowed, Answer, Blob, DecodeEntryError, DoneIntent, Entry, EntryId, Fence, Intent, Journal, JournalError, Kind,
    Mark, OpenIntent, Origin, Outcome, Receipt, Recovered, Retry, RunId, Settled, Stamped, Timestamp, Warrant,
};

/// Why no warrant was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The commit was refused, or its fate could not be learnt.
    #[error("the intent was not recorded, so nothing may be changed")]
    Journal(#[source] JournalError),
    /// The commit's fate was unknown and the grant was found in the ledger: the intent is open and has to be settled.
    #[error("the intent is recorded, but its warrant is lost")]
    Open(Box<OpenIntent>),
    /// The intent does not fit what it claims to follow.
    #[error("the intent cannot be granted: {0}")]
    Mismatch(&'static str),
}

impl GrantError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Journal(source) => source.code(),
            Self::Open(_) => "grant.open",
            Self::Mismatch(_) => "grant.mismatch",
        }
    }
}

/// Why an open intent could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// *Not applied* came before the deadline plus the lateness.
    #[error("`{entry}` may still be applied until {until}")]
    Early {
        /// The open intent.
        entry: EntryId,
        /// From when on the finding may be believed.
        until: Timestamp,
    },
    /// The commit failed.
    #[error("the finding was not recorded")]
    Journal(#[source] JournalError),
    /// The intent that the open one undoes could not be read; nothing was recorded.
    #[error("the finding was not recorded, for the run could not be read")]
    Recover(#[source] RecoverError),
}

impl SettleError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Early { .. } => "settle.early",
            Self::Journal(source) => source.code(),
            Self::Recover(source) => source.code(),
        }
    }
}

/// Why a run could not be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The entries could not be read.
    #[error("the run's entries could not be read")]
    Journal(#[source] JournalError),
    /// An entry is not what its kind says.
    #[error("the run's entries make no sense")]
    Decode(#[source] DecodeEntryError),
}

impl RecoverError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Journal(source) => source.code(),
            Self::Decode(_) => "recover.undecodable",
        }
    }
}

/// The one source of warrants of a process.
#[derive(Debug)]
pub struct Mint<J> {
    journal: Arc<J>,
    identity: Arc<()>,
    losses: LossLog,
}

impl<J: Journal> Mint<J> {
    /// The mint over a journal, and the mark that opens material to its warrants. Called once, in `lib.rs`.
    pub fn new(journal: Arc<J>) -> (Self, Mark) {
        let (mark, identity) = Mark::pair();
        (Self { journal, identity, losses: LossLog::default() }, mark)
    }

    /// Records the allow decision and the intent in one commit; the warrant exists only after it. The blobs are those
    /// that the decision names.
    // INVARIANT: inv:I1 the only way to a warrant leads through a commit that was Ok.
    pub async fn grant(
        &self,
        allowed: Allowed,
        blobs: Vec<Blob>,
        fence: Fence,
    ) -> Result<(Warrant, Vec<Stamped>), GrantError> {
        if allowed.intent.origin != Origin::Plan || allowed.intent.attempt != 1 {
            return Err(GrantError::Mismatch("a first attempt has the origin `plan` and the number 1"));
        }
        self.grant_judged(allowed, blobs, fence).await
    }

    /// The next attempt at an intent that was found not applied: same change, fresh decision, a new intent entry.
    pub async fn retry(
        &self,
        retry: Retry,
        allowed: Allowed,
        blobs: Vec<Blob>,
        fence: Fence,
    ) -> Result<(Warrant, Vec<Stamped>), GrantError> {
        let next = &allowed.intent;
        let follows = next.origin == Origin::Retry(retry.intent.entry.clone())
            && next.attempt == retry.intent.attempt.saturating_add(1)
            && next.same_change(&retry.intent);
        if !follows {
            return Err(GrantError::Mismatch("a retry repeats the same change with the next attempt number"));
        }
        self.grant_judged(allowed, blobs, fence).await
    }

    /// The undo that was judged with its forward intent, to stand at `entry`. No decision is asked.
    pub async fn undo(
        &self,
        done: DoneIntent,
        entry: EntryId,
        fence: Fence,
    ) -> Result<(Warrant, Vec<Stamped>), GrantError> {
        let Some(call) = done.intent.undo.clone() else {
            return Err(GrantError::Mismatch("the intent has no undo"));
        };
        let intent = Intent {
            entry,
            call,
            undo: None,
            attempt: 1,
            origin: Origin::Undo(done.intent.entry.clone()),
            ..done.intent
        };
        self.grant_entries(intent, None, Vec::new(), fence).await
    }

    async fn grant_judged(
        &self,
        allowed: Allowed,
        blobs: Vec<Blob>,
        fence: Fence,
    ) -> Result<(Warrant, Vec<Stamped>), GrantError> {
        let Allowed { intent, decision, decision_entry } = allowed;
        let body = DecisionBody { step: intent.step.clone(), moment: Moment::Act, decision };
        let entry = Entry::minted(decision_entry.clone(), Kind::Decision, json(&body)).with_blobs(blobs);
        self.grant_entries(intent, Some(decision_entry), vec![entry], fence).await
    }

    async fn grant_entries(
        &self,
        intent: Intent,
        decision: Option<EntryId>,
        mut entries: Vec<Entry>,
        fence: Fence,
    ) -> Result<(Warrant, Vec<Stamped>), GrantError> {
        let followed = match &intent.origin {
            Origin::Plan => &intent.entry,
            Origin::Retry(of) | Origin::Undo(of) => of,
        };
        if [&intent.entry, followed].iter().any(|entry| entry.run().as_ref() != Some(&fence.run)) {
            return Err(GrantError::Mismatch("the intent, or what it follows, belongs to another run than the fence"));
        }
        let body = IntentBody { decision, epoch: fence.epoch, intent };
        entries.push(Entry::minted(body.intent.entry.clone(), Kind::Intent, json(&body)));
        let intent = body.intent;
        match self.journal.commit(fence.clone(), entries).await {
            Ok(stamped) => {
                let Some(at) = stamped.iter().find(|entry| entry.id == intent.entry).map(|entry| entry.at) else {
                    let unknown = JournalError::Unknown { reason: "the answer lacks the intent".to_owned() };
                    return Err(self.reread(&intent.entry, fence.run, unknown).await);
                };
                Ok((Warrant::issue(intent, fence, at, &self.identity, &self.losses), stamped))
            }
            // CRASH: committed, unacknowledged: what is found in the ledger is an open intent, never a warrant.
            Err(error @ JournalError::Unknown { .. }) => Err(self.reread(&intent.entry, fence.run, error).await),
            Err(error) => Err(GrantError::Journal(error)),
        }
    }

    async fn reread(&self, entry: &EntryId, run: RunId, unknown: JournalError) -> GrantError {
        match self.recover(run).await {
            Ok(found) => found
                .open
                .into_iter()
                .find(|open| open.intent.entry == *entry)
                .map_or(GrantError::Journal(unknown), |open| GrantError::Open(Box::new(open))),
            Err(_) => GrantError::Journal(unknown),
        }
    }

    /// Records how an attempt ended; repeating it changes nothing. On failure the receipt comes back.
    pub async fn record(&self, receipt: Receipt, fence: Fence) -> Result<Settled, (Box<Receipt>, JournalError)> {
        let Some(id) = receipt.intent.receipt_entry() else {
            let entry = receipt.intent.entry.clone();
            return Err((Box::new(receipt), JournalError::Unfit { entry, reason: "of no run".to_owned() }));
        };
        let body = ReceiptBody {
            intent: receipt.intent.entry.clone(),
            attempt: receipt.intent.attempt,
            outcome: receipt.outcome.clone(),
        };
        let entry = Entry::minted(id, Kind::Receipt, json(&body));
        let stamped = match self.journal.commit(fence, vec![entry]).await {
            Ok(stamped) => stamped,
            Err(error) => return Err((Box::new(receipt), error)),
        };
        let Receipt { intent, granted_at, outcome } = receipt;
        let answer = match (outcome, &intent.origin) {
            (Outcome::Done(_), Origin::Undo(of)) => Answer::Undone(of.clone()),
            (Outcome::Done(applied), _) => Answer::Done(DoneIntent { intent, applied }),
            (Outcome::Refused(refusal), _) => Answer::Refused(refusal),
            (Outcome::Indeterminate(_), _) => Answer::Open(OpenIntent { intent, granted_at }),
        };
        Ok(Settled { stamped, answer })
    }

    /// Settles an open intent by what observation, or a named person, says.
    // INVARIANT: inv:I2 an intent closes by knowledge; *not applied* is believed only after deadline and lateness.
    pub async fn settle(&self, open: OpenIntent, finding: Finding, fence: Fence) -> Result<Settled, SettleError> {
        let until = open.believable_at();
        let entry = open.intent.entry.clone();
        if let Finding::NotApplied { observed_at } = &finding
            && *observed_at < until
        {
            return Err(SettleError::Early { entry, until });
        }
        let Some(id) = open.intent.finding_entry() else {
            let unfit = JournalError::Unfit { entry, reason: "of no run".to_owned() };
            return Err(SettleError::Journal(unfit));
        };
        let body = FindingBody { intent: entry, attempt: open.intent.attempt, finding };
        let written = Entry::minted(id, Kind::Finding, json(&body));
        let intent = open.intent;
        // Whatever can fail beside the commit comes before it: an error means that nothing was recorded.
        let answer = match (body.finding, intent.origin.clone()) {
            (Finding::Applied(_), Origin::Undo(of)) => Answer::Undone(of),
            (Finding::Applied(applied), _) => Answer::Done(DoneIntent { intent, applied }),
            (Finding::NotApplied { .. }, Origin::Undo(of)) => Answer::UndoAgain(self.undoing(&fence.run, &of).await?),
            (Finding::NotApplied { .. }, _) => Answer::Retry(Retry { intent }),
            (Finding::Declared { .. }, _) => Answer::Declared,
        };
        let stamped = self.journal.commit(fence, vec![written]).await.map_err(SettleError::Journal)?;
        Ok(Settled { stamped, answer })
    }

    async fn undoing(&self, run: &RunId, entry: &EntryId) -> Result<DoneIntent, SettleError> {
        let (_, intents) = self.read(run.clone()).await.map_err(SettleError::Recover)?;
        intents.into_undoing(entry).ok_or_else(|| {
            let reason = "the intent that it undoes is not done".to_owned();
            SettleError::Journal(JournalError::Unfit { entry: entry.clone(), reason })
        })
    }

    async fn read(&self, run: RunId) -> Result<(Vec<Stamped>, Intents), RecoverError> {
        let stamped = self.journal.load(run).await.map_err(RecoverError::Journal)?;
        let intents = Intents::of(&stamped).map_err(RecoverError::Decode)?;
        Ok((stamped, intents))
    }

    /// What a run's entries say of its intents. After a restart this alone yields open and done intents.
    pub async fn recover(&self, run: RunId) -> Result<Recovered, RecoverError> {
        let (stamped, intents) = self.read(run).await?;
        Ok(intents.into_recovered(stamped))
    }

    /// Intents whose warrant was dropped unsettled since the last call.
    pub fn lost(&self) -> Vec<EntryId> {
        self.losses.drain()
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<J> {
        &self.journal
    }
}

/// Our own bodies always have a JSON form: their keys are texts and their numbers are finite.
fn json<T: Serialize>(body: &T) -> serde_json::Value {
    serde_json::to_value(body).unwrap_or(serde_json::Value::Null)
}
