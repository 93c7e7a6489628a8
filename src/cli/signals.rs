//! Ctrl-C and SIGTERM: the first asks for a safe point, a second one ends the command where it stands.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::Stop;

/// What a process that a signal ended answers with: 128 and the signal's number.
const BY_INTERRUPT: u8 = 130;
const BY_TERMINATE: u8 = 143;

/// The signals of one command.
pub(super) struct Signals {
    asked: watch::Receiver<bool>,
    again: oneshot::Receiver<u8>,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let (ask, asked) = watch::channel(false);
        let (insist, again) = oneshot::channel();
        tokio::spawn(async move {
            let both = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            let (Ok(mut interrupt), Ok(mut terminate)) = both else {
                tracing::warn!("signals are not heard");
                return;
            };
            next(&mut interrupt, &mut terminate).await;
            // WHY: a receiver that is gone means that the command is over anyway.
            let _ = ask.send(true);
            eprintln!("stopping at the next safe point; once more ends it at once, and leaves the run open");
            let exit = next(&mut interrupt, &mut terminate).await;
            let _ = insist.send(exit);
            // Keeps the channel open: whoever waits on it sees the value.
            ask.closed().await;
        });
        Self { asked, again }
    }

    /// Turns true at the first signal.
    pub(super) fn asked(&self) -> watch::Receiver<bool> {
        self.asked.clone()
    }

    /// Does the work, unless a second signal comes.
    // CRASH: what a second signal cuts off is a crash to the engine: the next command settles it by observation.
    pub(super) async fn over<T>(self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            Ok(exit) = self.again => {
                let help = "the next `countersign run` or `quickstart` in this folder looks at the target and carries it on";
                Err(Stop::new(exit, "run.cut_off", "ended at once; a run may be open in the middle of a step", help))
            }
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => BY_INTERRUPT,
        _ = terminate.recv() => BY_TERMINATE,
    }
}
