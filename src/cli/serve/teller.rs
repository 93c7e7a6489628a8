//! What a server does, told to whoever reads along: a line each, or with `--json` a document each on its line; and counted for
//! those who watch over it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use countersign_kernel::run::bodies::{Wait, WaitBody};
use countersign_warrant::{Kind, RunId, Stamped, Timestamp};
use serde_json::{Value, json};

use super::events;
use crate::api::Vitals;
use crate::cli::screen::{Screen, counted};
use crate::cli::tell::{seconds, text};
use crate::clock::{Clock as _, SystemClock};
use crate::serve::{Beat, Said};
use crate::store::Store;
use crate::telemetry::with_causes;

/// Tells what happens.
pub(super) struct Teller {
    pub(super) screen: Screen,
    /// Every entry, and not only how runs begin, wait and end.
    pub(super) all: bool,
    /// The workflow and the subject of each open run.
    names: BTreeMap<RunId, (String, String)>,
    store: Store,
    vitals: Vitals,
}

impl Teller {
    pub(super) fn new((screen, all): (Screen, bool), store: Store, vitals: Vitals) -> Self {
        Self { screen, all, names: BTreeMap::new(), store, vitals }
    }

    pub(super) fn listening(&self, address: SocketAddr) {
        let event = json!({"kind": "listening", "address": address});
        self.tell(SystemClock.now(), event, &format!("watched over at http://{address}/metrics"));
    }

    pub(super) async fn entry(&mut self, entry: &Stamped) {
        let Some(run) = entry.id.run() else { return };
        if !self.names.contains_key(&run)
            && let Ok(Some(stored)) = self.store.run(&run).await
        {
            self.names.insert(run.clone(), (stored.workflow, stored.subject.to_string()));
        }
        let (workflow, subject) = self.names.get(&run).cloned().unwrap_or_default();
        self.vitals.entry(entry, &workflow);
        events::entry(entry, &run, (&workflow, &subject));
        let is_told = self.all
            || match entry.kind {
                Kind::Started | Kind::Closed => true,
                Kind::Wait => !matches!(entry.decode::<WaitBody>().map(|body| body.wait), Ok(Wait::Over)),
                _ => false,
            };
        let name = if workflow.is_empty() { String::new() } else { format!("{workflow} on {subject}") };
        let words = if entry.kind == Kind::Started { Some(format!("begins, as run {run}")) } else { text(entry) };
        if let Some(words) = words.filter(|_| is_told) {
            let event = json!({"entry": entry.id, "kind": entry.kind, "run": run, "of": name, "message": words});
            self.tell(entry.at, event, &format!("{name}: {words}"));
        }
        if entry.kind == Kind::Closed {
            self.names.remove(&run);
        }
    }

    pub(super) fn said(&self, said: &Said) {
        self.vitals.said(said);
        events::said(said);
        let now = SystemClock.now();
        let later = |again: Option<Timestamp>| {
            again.map_or_else(String::new, |again| format!("; looked at again at {}", seconds(&again.to_string())))
        };
        match said {
            Said::Serving { triggers, open } => {
                let event = json!({"kind": "serving", "triggers": triggers, "open": open});
                let words = format!(
                    "serving: {} by the clock, {}; SIGTERM stops at a safe point",
                    counted(*triggers as u64, "trigger", "triggers"),
                    counted(*open as u64, "open run", "open runs")
                );
                self.tell(now, event, &words);
            }
            Said::NotBegun { workflow, code, message, again } => {
                let event =
                    json!({"kind": "not-due", "workflow": workflow, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("{workflow}: NOT begun [{code}]: {message}{}", later(*again)));
            }
            Said::LeftOpen { run, code, message, again } => {
                let event = json!({"kind": "left-open", "run": run, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("run {run} stays open [{code}]: {message}{}", later(Some(*again))));
            }
            Said::Held { run, code, message, again } => {
                let event = json!({"kind": "held", "run": run, "code": code, "message": message, "again": again});
                self.tell(now, event, &format!("run {run} is held [{code}]: {message}{}", later(*again)));
            }
            Said::Heartbeat(beat) => self.beat(beat, now),
            Said::Settings { code, message, diagnostics } => {
                let event = json!({"kind": "settings", "code": code, "message": message, "diagnostics": diagnostics});
                self.tell(now, event, message);
            }
            Said::ClockAhead { expected } => {
                let event = json!({"kind": "clock", "code": "clock.ahead", "latest": expected});
                let words = format!(
                    "the clock was set forward by more than a day, from {expected} on; nothing begins before it is right, or \
                     this process is started again"
                );
                self.tell(now, event, &words);
            }
            Said::ClockBehind { latest } => {
                let event = json!({"kind": "clock", "code": "clock.behind", "latest": latest});
                let words = format!("the clock was set back; nothing begins before it says {latest} again");
                self.tell(now, event, &words);
            }
        }
    }

    /// One that was taken is no line.
    fn beat(&self, beat: &Beat, now: Timestamp) {
        match beat {
            Beat::Taken => {}
            Beat::Failed { webhook, reason } => {
                let event =
                    json!({"kind": "heartbeat", "result": beat.as_str(), "webhook": webhook, "message": reason});
                self.tell(now, event, &format!("the heartbeat was NOT taken by {webhook}: {reason}"));
            }
            Beat::Withheld(why) => {
                let (code, message) = (why.code(), with_causes(why));
                let event = json!({"kind": "heartbeat", "result": beat.as_str(), "code": code, "message": message});
                self.tell(now, event, &format!("no heartbeat [{code}]: {message}"));
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
