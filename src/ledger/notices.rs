//! Entries of no run: activations, brakes, triggers that had nothing to do, keys.

use countersign_kernel::run::bodies::{
    ActivationBody, BrakeBody, BrakeKind, BrakeScope, ClockBody, KeyBody, NotDueBody, NoticeBody,
};
use countersign_warrant::{Blob, Digest, Entry, EntryId, Journal as _, JournalError, Kind, Timestamp};
use serde::Serialize;

use super::Ledger;

/// A brake that is to be set or lifted.
#[derive(Debug)]
pub struct Braking<'a> {
    /// Where.
    pub scope: BrakeScope,
    /// What kind.
    pub brake: BrakeKind,
    /// Whether it is lifted.
    pub lifted: bool,
    /// Until when it is in force, where time alone ends it.
    pub until: Option<Timestamp>,
    /// Whoever does it, as an opaque id; nobody where Countersign itself does.
    pub by: Option<String>,
    /// Why, in words; they are kept beside the entry.
    pub words: &'a str,
}

impl Ledger {
    /// Makes a set current. `previous` is the activation that it replaces; `blobs` are the bytes of its files.
    pub async fn append_activation(
        &self,
        body: &ActivationBody,
        previous: Option<&EntryId>,
        blobs: Vec<Blob>,
    ) -> Result<EntryId, JournalError> {
        let digest = Digest::of_canonical(&(body, previous)).map_err(|error| unwritable(&error))?.to_string();
        let key = digest.get(..16).unwrap_or_default().to_owned();
        self.append_notice(Kind::Activation, &key, body, blobs).await
    }

    /// Records that a trigger had nothing to do at that instant.
    pub async fn append_not_due(&self, body: &NotDueBody, at: Timestamp) -> Result<EntryId, JournalError> {
        self.append_notice(
            Kind::NotDue,
            &format!("{}-{}-{}", body.workflow, body.trigger.kind.as_str(), at.micros()),
            body,
            Vec::new(),
        )
        .await
    }

    /// Sets or lifts a brake.
    pub async fn append_brake(&self, braking: Braking<'_>, at: Timestamp) -> Result<EntryId, JournalError> {
        let Braking { scope, brake, lifted, until, by, words } = braking;
        let blob = Blob::new(words.as_bytes().to_vec());
        let body = BrakeBody { scope, brake, lifted, until, by, reason: blob.digest() };
        let digest = Digest::of_canonical(&(&body, at)).map_err(|error| unwritable(&error))?.to_string();
        let key = digest.get(..16).unwrap_or_default().to_owned();
        self.append_notice(Kind::Brake, &key, &body, vec![blob]).await
    }

    /// Records that somebody was told, or could not be told, that a run is due.
    pub async fn append_notice_sent(&self, body: &NoticeBody, at: Timestamp) -> Result<EntryId, JournalError> {
        let key = format!("{}-{}-{}", body.workflow, body.due_at.micros(), at.micros());
        self.append_notice(Kind::Notice, &key, body, Vec::new()).await
    }

    /// Records that the clock was set, and is gone by again at that instant.
    pub async fn append_clock(&self, body: &ClockBody, at: Timestamp) -> Result<EntryId, JournalError> {
        self.append_notice(Kind::Clock, &at.micros().to_string(), body, Vec::new()).await
    }

    /// Records the keys of this installation: all of them or none.
    pub async fn append_keys(&self, bodies: &[KeyBody]) -> Result<(), JournalError> {
        let entry = |body: &KeyBody| notice(Kind::Key, &format!("{}-{}", body.key, body.generation), body, Vec::new());
        let entries = bodies.iter().map(entry).collect::<Result<_, _>>()?;
        self.append(entries).await.map(drop)
    }

    async fn append_notice<T: Serialize>(
        &self,
        kind: Kind,
        key: &str,
        body: &T,
        blobs: Vec<Blob>,
    ) -> Result<EntryId, JournalError> {
        let entry = notice(kind, key, body, blobs)?;
        let id = entry.id().clone();
        self.append(vec![entry]).await.map(|_| id)
    }
}

fn notice<T: Serialize>(kind: Kind, key: &str, body: &T, blobs: Vec<Blob>) -> Result<Entry, JournalError> {
    let id: EntryId = format!("{kind}:{key}").parse().map_err(|error| unwritable(&error))?;
    let predicate = serde_json::to_value(body).map_err(|error| unwritable(&error))?;
    Ok(Entry::new(id, kind, predicate).map_err(|error| unwritable(&error))?.with_blobs(blobs))
}

fn unwritable(error: &dyn std::error::Error) -> JournalError {
    JournalError::Unavailable { reason: error.to_string() }
}
