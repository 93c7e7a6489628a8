//! How an installation is watched over: what is logged, and who hears its heartbeat.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::super::{Heartbeat, Webhook};
use super::{Reader, Value, meant, value};
use crate::telemetry::{FORMATS, LEVELS, Log};

/// The shortest and the longest time between two heartbeats, in milliseconds.
const EVERY_MS: (u64, u64) = (1000, 86_400_000);

impl<'t> Reader<'t> {
    pub(super) fn log(&mut self, top: &DeTable<'t>) -> Log {
        let Some(table) = value(top, "log").and_then(|given| self.table(given)) else { return Log::default() };
        self.known(table, "the log", &["level", "format"]);
        let level = value(table, "level").and_then(|given| self.one_of(given, "a level", &LEVELS, Log::level_of));
        let json = value(table, "format").and_then(|given| self.one_of(given, "a format", &FORMATS, Log::format_of));
        Log { level, json }
    }

    fn one_of<T>(
        &mut self,
        given: &Value<'t>,
        what: &str,
        known: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.word(given)?;
        let found = read(text);
        if found.is_none() {
            self.error(
                "settings.value",
                given.span(),
                format!("`{text}` is not {what} of the log"),
                meant(text, known),
            );
        }
        found
    }

    pub(super) fn heartbeat(&mut self, top: &DeTable<'t>, webhooks: &BTreeMap<String, Webhook>) -> Option<Heartbeat> {
        let given = value(top, "heartbeat")?;
        let table = toml::Spanned::new(given.span(), self.table(given)?.clone());
        self.known(table.get_ref(), "the heartbeat", &["webhook", "every"]);
        let every = self.needed(&table, "every", "say how often it is sent: `every = \"60s\"`");
        let every_ms = every.and_then(|given| self.beat_ms(given));
        let help =
            "name the webhook that hears it: `webhook = \"watchman\"`, with its address under `[webhooks.watchman]`";
        let named = self.needed(&table, "webhook", help)?;
        let webhook = self.word(named)?;
        let declared = value(top, "webhooks").and_then(|all| all.get_ref().as_table());
        if declared.is_none_or(|all| value(all, webhook).is_none()) {
            let known: Vec<&str> = webhooks.keys().map(String::as_str).collect();
            let message = format!("there is no webhook `{webhook}` in this file");
            self.error("settings.unknown_webhook", named.span(), message, meant(webhook, &known));
        }
        Some(Heartbeat { webhook: webhook.to_owned(), every_ms: every_ms? })
    }

    fn beat_ms(&mut self, given: &Value<'t>) -> Option<u64> {
        let text = self.word(given)?;
        let parsed: Option<jiff::SignedDuration> = text.parse().ok();
        let millis = parsed.and_then(|duration| u64::try_from(duration.as_millis()).ok());
        let legal = millis.filter(|millis| (EVERY_MS.0..=EVERY_MS.1).contains(millis));
        if legal.is_none() {
            let help = "write a number with its unit, from `1s` to `24h`, such as `60s`";
            self.error("settings.value", given.span(), format!("`{text}` is not a time between two heartbeats"), help);
        }
        legal
    }
}
