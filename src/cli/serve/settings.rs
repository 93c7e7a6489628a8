//! SIGHUP: the settings are read again. What is wrong with them is told, and what was in force stays.
//!
//! The log and the heartbeat follow at once. Connectors, places, freezes and webhooks are what plans and open runs were made
//! with: they come into force with the next process, and it is said that they do.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::cli::lint;
use crate::cli::screen::Screen;
use crate::serve::Said;
use crate::settings::{Heartbeat, Settings, SettingsError};
use crate::telemetry::Telemetry;

/// What can change while a server serves.
pub(super) struct InForce {
    pub(super) path: PathBuf,
    /// What the process was started with, and is in force but for log and heartbeat.
    pub(super) settings: Settings,
    pub(super) telemetry: Telemetry,
    pub(super) heartbeat: watch::Sender<Option<Heartbeat>>,
    pub(super) said: mpsc::UnboundedSender<Said>,
    pub(super) screen: Screen,
}

/// Listens for SIGHUP from now on.
pub(super) fn hangups() -> Option<Signal> {
    signal(SignalKind::hangup()).ok()
}

impl InForce {
    /// Reads the settings again at each signal, until `stop` turns true.
    pub(super) async fn follow(self, mut hangups: Signal, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                heard = hangups.recv() => if heard.is_none() { return },
            }
            // WHY: nobody listening is no fault of the work.
            let _ = self.said.send(self.read());
        }
    }

    fn read(&self) -> Said {
        let read = match Settings::load(&self.path) {
            Ok(read) => read,
            Err(error) => return self.refused(&error),
        };
        let later = self.later(&read);
        self.telemetry.settle(&read.log);
        let webhook = read.heartbeat.as_ref().map(|heartbeat| &heartbeat.webhook);
        let is_known = webhook.is_none_or(|name| self.settings.webhooks.contains_key(name));
        if is_known {
            self.heartbeat.send_if_modified(|now| {
                let changes = *now != read.heartbeat;
                now.clone_from(&read.heartbeat);
                changes
            });
        }
        if later.is_empty() {
            let message = "the settings were read again, and are in force".to_owned();
            return Said::Settings { code: None, message, diagnostics: Vec::new() };
        }
        let heartbeat = if is_known { "log and heartbeat are in force" } else { "the log is in force" };
        let message = format!("{heartbeat}; serve again for what else has changed: {}", later.join(", "));
        Said::Settings { code: Some("settings.restart"), message, diagnostics: Vec::new() }
    }

    /// What is wrong is drawn, or with `--json` a part of the event.
    fn refused(&self, error: &SettingsError) -> Said {
        let message = "the settings were not taken; what was in force stays".to_owned();
        let diagnostics = match error {
            SettingsError::Invalid { found, .. } if self.screen.json => found.clone(),
            _ => {
                let stop = lint::drawn(error, &self.screen);
                self.screen.stop(&stop);
                Vec::new()
            }
        };
        Said::Settings { code: Some(error.code()), message, diagnostics }
    }

    /// The sections that differ from those that the process was started with.
    fn later(&self, read: &Settings) -> Vec<&'static str> {
        let now = &self.settings;
        let sections = [
            ("connectors", now.connectors != read.connectors),
            ("places", now.places != read.places),
            ("freezes", now.freezes != read.freezes),
            ("webhooks", now.webhooks != read.webhooks),
            ("limits", now.limits != read.limits),
        ];
        sections.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
    }
}
