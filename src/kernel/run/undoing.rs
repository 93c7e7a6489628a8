//! Undoing: what was done before the pivot is taken back, newest first; then the sealed versions are retired.

use countersign_warrant::{IntentBody, Kind, Origin, Stamped};

use super::bodies::{Stage, VersionBody};
use super::{DoneAct, Failure, Illegal, Run, State};

impl Run {
    pub(super) fn take_undoing(&mut self, failure: &Failure, entry: &Stamped) -> Result<(), Illegal> {
        match entry.kind {
            Kind::Intent => {
                let body: IntentBody = entry.decode()?;
                let last = self.done.iter().rev().find(|done| done.is_left_to_undo());
                match (&body.intent.origin, last) {
                    (Origin::Undo(of), Some(done)) if *of == done.intent => {
                        self.state = State::Open(Box::new(body.intent));
                        Ok(())
                    }
                    _ => Err(Self::not_planned(entry, "undo goes in reverse order")),
                }
            }
            Kind::Version => {
                let body: VersionBody = entry.decode()?;
                // The version that was replaced comes back, in the same commit.
                let returns = |(of, old): (_, Option<&_>)| old == Some(&body.version) && self.pending.contains(of);
                if body.stage == Stage::Current && self.activated().any(returns) {
                    return Ok(());
                }
                if body.stage != Stage::Retired || !self.pending.contains(&body.version) {
                    return Err(Self::not_planned(entry, "only a pending version is retired here"));
                }
                self.pending.retain(|pending| *pending != body.version);
                self.state = State::Undoing(failure.clone());
                self.undo_or_end();
                Ok(())
            }
            _ => Err(self.not_now(entry)),
        }
    }

    /// Goes on undoing, or to the end when nothing is left to take back.
    pub(super) fn undo_or_end(&mut self) {
        let left = self.done.iter().any(DoneAct::is_left_to_undo) || !self.pending.is_empty();
        if let State::Undoing(failure) = &self.state
            && !left
        {
            let failure = failure.clone();
            self.handle(failure);
        }
    }
}
