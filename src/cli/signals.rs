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
    whose: Whose,
}

/// Whose work it is that the command stays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// This process's: a signal stops it.
    Own,
    /// That of the process that serves the folder: a signal ends the staying.
    Served,
}

impl Whose {
    const fn first_words(self) -> &'static str {
        match self {
            Self::Own => "stopping at the next safe point; once more ends it at once, and leaves the run open",
            Self::Served => "leaving; the process that serves the folder goes on with it",
        }
    }

    fn cut_off(self, exit: u8) -> Stop {
        match self {
            Self::Own => {
                let help =
                    "the next `countersign run` or `quickstart` in this folder looks at the target and carries it on";
                Stop::new(exit, "run.cut_off", "ended at once; a run may be open in the middle of a step", help)
            }
            Self::Served => {
                let text = "ended at once; the process that serves the folder goes on with what it was asked for";
                Stop::new(exit, "run.left", text, "`countersign status` says how it stands")
            }
        }
    }
}

impl Signals {
    /// Listens from now on, for work of this process.
    pub(super) fn listen() -> Self {
        Self::listen_for(Whose::Own)
    }

    /// The same for work that the process that serves the folder does, whatever becomes of this command.
    pub(super) fn listen_beside() -> Self {
        Self::listen_for(Whose::Served)
    }

    fn listen_for(whose: Whose) -> Self {
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
            eprintln!("{}", whose.first_words());
            let exit = next(&mut interrupt, &mut terminate).await;
            let _ = insist.send(exit);
            // Keeps the channel open: whoever waits on it sees the value.
            ask.closed().await;
        });
        Self { asked, again, whose }
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
            Ok(exit) = self.again => Err(self.whose.cut_off(exit)),
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => BY_INTERRUPT,
        _ = terminate.recv() => BY_TERMINATE,
    }
}
