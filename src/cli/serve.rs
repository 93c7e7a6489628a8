//! `countersign serve`: runs what is due, until it is asked to stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::run::bodies::{Wait, WaitBody};
use countersign_warrant::{Kind, RunId, Stamped, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::Stop;
use super::screen::{Screen, counted};
use super::session::open;
use super::signals::Signals;
use super::stop::DONE;
use super::tell::{seconds, text};
use crate::Installation;
use crate::api::Socket;
use crate::clock::{Clock as _, SystemClock};
use crate::serve::{Said, Server};
use crate::store::Store;

/// How long callers who were not answered are waited for at the end.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Serves.
pub(super) async fn serve(data: Option<PathBuf>, all: bool, screen: &Screen) -> Result<u8, Stop> {
    let installation = Arc::new(open(data, "serve", screen).await?);
    let signals = Signals::listen();
    let (entries, mut committed) = mpsc::unbounded_channel();
    let (said, mut told) = mpsc::unbounded_channel();
    let (own, store) = (screen.clone(), installation.store.clone());
    let teller = tokio::spawn(async move {
        let mut teller = Teller { screen: own, all, names: BTreeMap::new(), store };
        loop {
            tokio::select! {
                Some(entry) = committed.recv() => teller.entry(&entry).await,
                Some(said) = told.recv() => teller.said(said),
                else => break,
            }
        }
    });
    let stop = signals.asked();
    let server = Server::new(Arc::clone(&installation), (entries, said), stop).await;
    let ended = match server {
        Ok(server) => {
            let socket = match Socket::bind(&installation.folder) {
                Ok(socket) => socket,
                Err(error) => {
                    drop(server);
                    return close(installation, error.into()).await;
                }
            };
            let (over, is_over) = watch::channel(false);
            let answering = tokio::spawn(socket.answer(server.handle(), is_over));
            let ended = signals.over(Box::pin(server.serve())).await?;
            // WHY: whoever still waits for an answer gets one: that the server ends.
            over.send_replace(true);
            let _ = tokio::time::timeout(ANSWERED_WITHIN, answering).await;
            ended
        }
        Err(error) => return close(installation, error.into()).await,
    };
    // WHY: a teller that panicked has nothing more to tell.
    let _ = teller.await;
    let open = installation.store.open_runs().await.map(|open| open.len());
    if let Some(installation) = Arc::into_inner(installation) {
        installation.close().await;
    }
    ended?;
    let open = match open? {
        0 => "no run is open".to_owned(),
        1 => "1 run is open, and goes on with the next command".to_owned(),
        open => format!("{open} runs are open, and go on with the next command"),
    };
    screen.say(format!("stopped at a safe point; {open}"));
    Ok(DONE)
}

/// Gives the folder back before the work has begun.
async fn close(installation: Arc<Installation>, why: Stop) -> Result<u8, Stop> {
    if let Some(installation) = Arc::into_inner(installation) {
        installation.close().await;
    }
    Err(why)
}

/// Tells what happens: a line each, or with `--json` a document each on its line.
struct Teller {
    screen: Screen,
    /// Every entry, and not only how runs begin, wait and end.
    all: bool,
    /// The workflow and the subject of each open run.
    names: BTreeMap<RunId, String>,
    store: Store,
}

impl Teller {
    async fn entry(&mut self, entry: &Stamped) {
        let Some(run) = entry.id.run() else { return };
        if !self.names.contains_key(&run)
            && let Ok(Some(stored)) = self.store.run(&run).await
        {
            self.names.insert(run.clone(), format!("{} on {}", stored.workflow, stored.subject));
        }
        let is_told = self.all
            || match entry.kind {
                Kind::Started | Kind::Closed => true,
                Kind::Wait => !matches!(entry.decode::<WaitBody>().map(|body| body.wait), Ok(Wait::Over)),
                _ => false,
            };
        let name = self.names.get(&run).cloned().unwrap_or_default();
        let words = if entry.kind == Kind::Started { Some(format!("begins, as run {run}")) } else { text(entry) };
        if let Some(words) = words.filter(|_| is_told) {
            let event = json!({"entry": entry.id, "kind": entry.kind, "run": run, "of": name, "message": words});
            self.tell(entry.at, event, &format!("{name}: {words}"));
        }
        if entry.kind == Kind::Closed {
            self.names.remove(&run);
        }
    }

    fn said(&self, said: Said) {
        let now = SystemClock.now();
        let later = |again: Option<Timestamp>| {
            again.map_or_else(String::new, |again| format!("; looked at again at {}", seconds(&again.to_string())))
        };
        match said {
            Said::Serving { triggers, open } => {
                let event = json!({"kind": "serving", "triggers": triggers, "open": open});
                let words = format!(
                    "serving: {} by the clock, {}; SIGTERM stops at a safe point",
                    counted(triggers as u64, "trigger", "triggers"),
                    counted(open as u64, "open run", "open runs")
                );
                self.tell(now, event, &words);
            }
            Said::NotBegun { workflow, code, message, again } => {
                let event =
                    json!({"kind": "not-due", "workflow": workflow, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("{workflow}: NOT begun [{code}]: {message}{}", later(again)));
            }
            Said::LeftOpen { run, code, message, again } => {
                let event = json!({"kind": "left-open", "run": run, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("run {run} stays open [{code}]: {message}{}", later(Some(again))));
            }
            Said::Held { run, code, message, again } => {
                let event = json!({"kind": "held", "run": run, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("run {run} is held [{code}]: {message}{}", later(again)));
            }
            Said::ClockBehind { latest } => {
                let event = json!({"kind": "clock", "code": "clock.behind", "latest": latest});
                let words = format!("the clock was set back; nothing begins before it says {latest} again");
                self.tell(now, event, &words);
            }
        }
    }

    fn tell(&self, at: Timestamp, mut event: Value, words: &str) {
        if self.screen.json {
            event["at"] = json!(at);
            self.screen.line(&event);
        } else {
            self.screen.say_wrapped(&format!("{}  ", seconds(&at.to_string())), words);
        }
    }
}
