//! What a server does, as events of the log.

use countersign_kernel::run::bodies::{ClosedBody, Wait, WaitBody};
use countersign_warrant::{Kind, RunId, Stamped};

use crate::serve::{Beat, Said};

/// An entry of a run: its beginning, its end, and what it waits for.
pub(super) fn entry(entry: &Stamped, run: &RunId, (workflow, subject): (&str, &str)) {
    let id = &entry.id;
    match entry.kind {
        Kind::Started => tracing::info!(%run, workflow, subject, entry = %id, "run begun"),
        Kind::Closed => {
            let Ok(ClosedBody { outcome, code, .. }) = entry.decode() else { return };
            tracing::info!(%run, workflow, subject, entry = %id, outcome = outcome.as_str(), code, "run closed");
        }
        Kind::Wait => match entry.decode::<WaitBody>().map(|body| body.wait) {
            Ok(Wait::Until { at }) => tracing::info!(%run, workflow, subject, entry = %id, until = %at, "run waits"),
            Ok(Wait::Person { code, .. }) => {
                tracing::info!(%run, workflow, subject, entry = %id, code, "run needs a person");
            }
            Ok(Wait::Answered { .. }) => tracing::info!(%run, workflow, subject, entry = %id, "a person answered"),
            _ => tracing::debug!(%run, workflow, subject, entry = %id, "wait over"),
        },
        kind => tracing::debug!(%run, workflow, subject, entry = %id, kind = kind.as_str(), "entry of a run"),
    }
}

pub(super) fn said(said: &Said) {
    match said {
        Said::Serving { triggers, open } => {
            tracing::info!(triggers = *triggers as u64, open = *open as u64, "serving");
        }
        Said::NotBegun { workflow, code, again, .. } => {
            let again = again.map(|again| again.to_string());
            tracing::info!(workflow, code, again, "trigger began no run");
        }
        Said::LeftOpen { run, code, again, .. } => tracing::info!(%run, code, %again, "run left open"),
        Said::Held { run, code, again, .. } => {
            let again = again.map(|again| again.to_string());
            tracing::info!(%run, code, again, "run held");
        }
        Said::Heartbeat(Beat::Taken) => tracing::debug!("heartbeat taken"),
        Said::Heartbeat(Beat::Failed { webhook, reason }) => {
            tracing::warn!(webhook, reason, "heartbeat not taken");
        }
        Said::Heartbeat(Beat::Withheld(why)) => tracing::warn!(code = why.code(), "no heartbeat"),
        Said::Settings { code, .. } => tracing::info!(code, "settings read again"),
        Said::ClockAhead { expected } => tracing::info!(latest = %expected, "clock set far forward; nothing begins"),
        Said::ClockBehind { latest } => tracing::info!(%latest, "clock set back; nothing begins"),
    }
}
