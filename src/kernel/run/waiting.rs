//! Waiting: a durable wait, which holds no task and no connection.

use countersign_warrant::{Kind, Stamped};

use super::bodies::{Wait, WaitBody};
use super::{Illegal, Run};

impl Run {
    pub(super) fn take_waiting(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        if entry.kind != Kind::Wait {
            return Err(self.not_now(entry));
        }
        let body: WaitBody = entry.decode()?;
        if body.wait != Wait::Over {
            return Err(self.not_now(entry));
        }
        self.advance();
        Ok(())
    }
}
