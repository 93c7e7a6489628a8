//! The brakes that are on, and the limits that are reached: what keeps changes from beginning.

use countersign_kernel::run::bodies::{BrakeBody, BrakeScope};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{Digest, ResourceName, Timestamp};
use serde_json::{Value, json};

use super::blocks::{Block, BlockKind};
use super::{Standings, local};
use crate::cli::Stop;
use crate::cli::pause::words_of;
use crate::cli::spans::{away, glued};
use crate::cli::tell::seconds;
use crate::store::{Store, StoredBrake};

/// A brake that is on, with the words of whoever set it.
pub(in crate::cli) struct Braked {
    pub(in crate::cli) brake: StoredBrake,
    /// `None` where they were erased.
    reason: Option<String>,
}

impl Braked {
    /// Those that are on at `now`.
    pub(in crate::cli) async fn load(store: &Store, now: Timestamp) -> Result<Vec<Self>, Stop> {
        let mut on = Vec::new();
        for brake in store.brakes(now).await? {
            let body = store.entry(&brake.entry).await?.map(|entry| entry.decode::<BrakeBody>()).transpose()?;
            let reason = match body.map(|body| body.reason) {
                Some(digest) => words(store, &digest).await?,
                None => None,
            };
            on.push(Self { brake, reason });
        }
        Ok(on)
    }

    /// What is true of it.
    pub(in crate::cli) fn in_words(&self, now: Timestamp) -> String {
        let brake = &self.brake;
        let until = brake.until.map(|until| format!(", until {} ({})", seconds(&until.to_string()), away(now, until)));
        let since = format!("since {} ({})", seconds(&brake.since.to_string()), glued(&local(brake.since)));
        let reason = self.reason.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
        format!("{} is {} {since}{}{reason}", brake.scope, word(brake), until.unwrap_or_default())
    }

    /// How it is lifted.
    pub(in crate::cli) fn lift(&self) -> String {
        format!("`countersign resume {}`", words_of(&self.brake.scope))
    }

    pub(in crate::cli) fn row(&self) -> Value {
        let brake = &self.brake;
        json!({
            "scope": brake.scope, "brake": brake.brake, "entry": brake.entry, "since": brake.since, "until": brake.until,
            "reason": self.reason,
        })
    }
}

/// The word, as a person says it.
fn word(brake: &StoredBrake) -> String {
    brake.brake.as_str().replace('_', " ")
}

async fn words(store: &Store, digest: &Digest) -> Result<Option<String>, Stop> {
    let blob = store.blob(digest).await?;
    // WHY: on one line, whatever its own look was.
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(blob.map(|blob| words(blob.bytes())))
}

impl Standings<'_> {
    /// The brakes that a run for the subject meets, and the limit of its team or service that is reached.
    pub(super) async fn braked(&self, subject: &ResourceName, workflow: Option<&Workflow>) -> Result<Vec<Block>, Stop> {
        let now = self.house.now;
        let met = self.brakes.iter().filter(|one| one.brake.meets(subject, subject));
        let mut found: Vec<Block> = met
            .map(|one| {
                let kind = match one.brake.scope {
                    BrakeScope::Subject(_) if one.brake.as_brake() == countersign_warrant::Brake::Quarantined => {
                        BlockKind::Quarantined
                    }
                    _ => BlockKind::Braked,
                };
                Block { kind, run: None, message: one.in_words(now), next: Some(format!("{} lifts it", one.lift())) }
            })
            .collect();
        // WHY: what holds the subject already has been counted among what its team has under way.
        if let Some(workflow) = workflow.filter(|_| !self.holds.contains_key(subject)) {
            let about = &workflow.metadata;
            let limits = (Some(about.team.as_str()), about.service.as_deref());
            if let Some(reached) = self.house.reading.store.limit_reached(limits, subject, now).await? {
                let until = reached.until.map(|until| format!(", until {}", away(now, until))).unwrap_or_default();
                let message = format!("{} of {}{until}", reached.brake.in_words(), reached.on);
                found.push(Block { kind: BlockKind::Limited, run: None, message, next: None });
            }
        }
        Ok(found)
    }
}
