//! A person's answer to a run that cannot go on by itself: recorded first, then carried out like everything else.

use countersign_kernel::run::bodies::{PersonAnswer, Wait, WaitBody};
use countersign_warrant::{Blob, Entry, EntryId, Kind, RunId};

use super::{AnswerError, Drive, DriveError, Driven, Runner, json};

/// What a named person says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonsWord {
    /// What is to be done.
    pub answer: PersonAnswer,
    /// Who, as an opaque id.
    pub by: String,
    /// Why, in words; kept as a blob, and in entries by digest alone.
    pub reason: String,
}

impl Runner {
    /// Records the answer, and carries the run on as it says.
    ///
    /// # Errors
    /// When the run cannot take that answer, with nothing recorded; and as [`Runner::drive`].
    pub async fn answer(&self, id: &RunId, word: PersonsWord) -> Result<Driven, AnswerError> {
        let drive = self.answered(id, word).await?;
        match self.carry_to_end(drive).await? {
            Driven::Held(held) if held.may_pass() => Ok(self.drive(id).await?),
            driven => Ok(driven),
        }
    }

    /// Records the answer, and leaves it to whoever drives the run next to carry it out.
    ///
    /// # Errors
    /// When the run cannot take that answer, with nothing recorded.
    pub async fn take_answer(&self, id: &RunId, word: PersonsWord) -> Result<(), AnswerError> {
        let drive = self.answered(id, word).await?;
        // WHY: a lease that cannot be given back runs out, and is this process's own.
        let _ = self.ledger.release(&drive.fence).await;
        Ok(())
    }

    async fn answered(&self, id: &RunId, word: PersonsWord) -> Result<Drive, AnswerError> {
        let fence = self.ledger.claim(id).await.map_err(DriveError::Claim)?;
        let mut drive = self.recover(id, fence).await?;
        if let Some(why) = drive.run.refusal(word.answer) {
            // WHY: a lease that cannot be given back runs out; why nothing was done is told either way.
            let _ = self.ledger.release(&drive.fence).await;
            return Err(AnswerError::Refused { run: id.clone(), answer: word.answer, why });
        }
        self.write_answer(&mut drive, word).await?;
        Ok(drive)
    }

    // CRASH: the answer is durable before anything follows from it; whoever recovers the run finds it.
    pub(super) async fn write_answer(&self, drive: &mut Drive, word: PersonsWord) -> Result<(), DriveError> {
        let step = drive.run.current().or(drive.run.plan.moves.last()).map(|planned| planned.step.clone());
        let step = step.ok_or(DriveError::NoEntries)?;
        let reason = Blob::new(word.reason.into_bytes());
        let wait = Wait::Answered { answer: word.answer, by: word.by, reason: reason.digest() };
        let entry = EntryId::of_run(&drive.run.id, drive.run.next);
        let entry = Entry::new(entry, Kind::Wait, json(&WaitBody { step, wait })).map_err(DriveError::Entry)?;
        self.commit(drive, vec![entry.with_blobs(vec![reason])]).await
    }
}
