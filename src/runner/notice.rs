//! Notices: a message to a webhook, by the Standard Webhooks form: `webhook-id`, `webhook-timestamp`, and where settings name a
//! secret, `webhook-signature`, HMAC-SHA-256 over `id.timestamp.body`.
//!
//! A notice changes nothing that the run is about, and nobody's not hearing it fails a run: what became of it is recorded.
//! After a crash it may be sent a second time, under the same id.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign_contract::file;
use countersign_kernel::run::bodies::{FactBody, NOTICE};
use countersign_warrant::{EntryId, Kind, Timestamp};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Drive, DriveError, Runner};
use crate::catalog::Webhook;

/// How long one attempt may take.
const SEND_TIME: Duration = Duration::from_secs(10);

/// How often a notice is sent that nobody takes.
const ATTEMPTS: u32 = 3;

/// How long to rest between two attempts, in milliseconds.
const REST_MS: u64 = 1_000;

/// Who is told what.
pub(super) struct Notice {
    pub(super) to: String,
    pub(super) text: String,
    /// Why the run failed, where it did: code and message.
    pub(super) failure: Option<(String, String)>,
}

impl Runner {
    /// Sends the notice, and writes down whether it was taken.
    pub(super) async fn notify(&self, drive: &mut Drive, notice: Notice, entry: EntryId) -> Result<(), DriveError> {
        let due = drive.run.current().filter(|_| !drive.run.is_ending()).map(|planned| planned.step.clone());
        let step = due.or_else(|| drive.run.finaliser()).ok_or(DriveError::NoEntries)?;
        let now = self.clock.now();
        let plan = &drive.run.plan;
        let body = json!({
            "id": entry,
            "at": now,
            "run": drive.run.id,
            "workflow": plan.workflow.name,
            "subject": plan.subject.resource,
            "team": plan.workflow.team,
            "step": step,
            "text": notice.text,
            "failure": notice.failure.map(|(code, message)| json!({"code": code, "message": message})),
        });
        let sent = match self.catalog.webhooks().get(&notice.to) {
            Some(webhook) => {
                let signed = sign(webhook, &entry, now.micros().div_euclid(1_000_000), body.to_string());
                match signed {
                    Ok(signed) => self.send(&webhook.url, &signed).await?,
                    Err(reason) => Err(reason),
                }
            }
            None => Err("settings name no such webhook any more".to_owned()),
        };
        let mut facts = BTreeMap::from([("to".to_owned(), Value::String(notice.to))]);
        let holds = sent.is_ok();
        if let Err(reason) = sent {
            facts.insert("reason".to_owned(), Value::String(reason));
        }
        let body = FactBody { step, about: NOTICE.to_owned(), holds, facts };
        self.write(drive, entry, Kind::Fact, &body).await
    }

    /// Sends until it is taken; the inner error says why it never was.
    async fn send(&self, url: &str, signed: &Signed) -> Result<Result<(), String>, DriveError> {
        let mut reason = String::new();
        for attempt in 1..=ATTEMPTS {
            if attempt > 1 && !self.sleep_until(self.clock.now().plus_millis(REST_MS)).await? {
                break;
            }
            match post(url, signed).await {
                Ok(()) => return Ok(Ok(())),
                Err(why) => reason = why,
            }
        }
        Ok(Err(reason))
    }
}

/// Tells a webhook something, once, under that id; it is no notice of a run, and nothing is recorded.
///
/// # Errors
/// Why it was not taken, in words.
pub async fn tell(webhook: &Webhook, id: &str, at: Timestamp, body: &serde_json::Value) -> Result<(), String> {
    let signed = sign(webhook, &id, at.micros().div_euclid(1_000_000), body.to_string())?;
    post(&webhook.url, &signed).await
}

/// One attempt.
async fn post(url: &str, signed: &Signed) -> Result<(), String> {
    let client = reqwest::Client::builder().redirect(Policy::none()).timeout(SEND_TIME).build();
    let client = client.map_err(|_| "the HTTP client could not be made".to_owned())?;
    let mut request = client.post(url).header("content-type", "application/json");
    for (name, value) in &signed.headers {
        request = request.header(*name, value);
    }
    match request.body(signed.body.clone()).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        // WHY: the error's own words hold the address, which may be a secret of the chat's.
        Err(error) if error.is_timeout() => Err("it did not answer in time".to_owned()),
        Err(_) => Err("it could not be reached".to_owned()),
    }
}

/// A body with the headers that go with it.
struct Signed {
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn sign(webhook: &Webhook, id: &dyn std::fmt::Display, timestamp: i64, body: String) -> Result<Signed, String> {
    let mut headers = vec![("webhook-id", id.to_string()), ("webhook-timestamp", timestamp.to_string())];
    if let Some(path) = &webhook.key_file {
        let key = file::read(path, file::SMALL).map_err(|_| "the secret that signs could not be read".to_owned())?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &Zeroizing::new(key));
        let signature = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        headers.push(("webhook-signature", format!("v1,{}", BASE64.encode(signature.as_ref()))));
    }
    Ok(Signed { headers, body })
}
