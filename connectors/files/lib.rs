//! Files: delivers material and public texts to folders that consumers on this machine read.
//!
//! A delivery is a folder of its own, and its name is a symbolic link that is swapped in one step: a reader sees all
//! of the old or all of the new, never a certificate without its key. The folder knows by which entry it was made.
//!
//! It must never write outside its places, follow a symbolic link below one, or touch what it did not make.
//!
//! Read first: [`Files`], `client::Place`.

mod act;
mod client;
mod manifest;
mod observe;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_contract::{
    BoxFuture, Connector, Cursor, Doubt, Eyes, Hands, Limits, Manifest, Material, Observation, ObserveError, Outcome,
    Page, Probe, ProbeAnswer, ProbeResult, Receipt, Scope, Subject, Warrant,
};

use client::Places;
pub use manifest::LIMITS;

/// The connector: sinks `files/<place>/<path>`, where settings say which folder a place is.
pub struct Files {
    manifest: Manifest,
    places: Arc<Places>,
}

impl Files {
    /// Delivers into these folders, by the name of the place. Each must exist, and belong to the user we run as.
    pub fn new(places: BTreeMap<String, PathBuf>) -> Self {
        Self::with_limits(places, manifest::LIMITS)
    }

    /// The same, with other limits of each attempt.
    pub fn with_limits(places: BTreeMap<String, PathBuf>, limits: Limits) -> Self {
        Self { manifest: manifest::manifest(limits), places: Arc::new(Places::new(places)) }
    }
}

impl Connector for Files {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        _eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        let places = Arc::clone(&self.places);
        let wanted = scope.kind.as_deref().is_none_or(|kind| kind == manifest::PLACE);
        Box::pin(async move {
            if !wanted {
                return Ok(Page { resources: Vec::new(), next: None });
            }
            let listed = tokio::task::spawn_blocking(move || observe::list(&places, from.as_ref())).await;
            listed.unwrap_or_else(|_| Err(observe::interrupted("files")))
        })
    }

    fn observe<'a>(&'a self, subject: &'a Subject, _eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        let places = Arc::clone(&self.places);
        let resource = subject.resource.clone();
        Box::pin(async move {
            let observed = tokio::task::spawn_blocking(move || observe::observe(&places, &resource)).await;
            observed.unwrap_or_else(|_| Err(observe::interrupted(subject.resource.as_str())))
        })
    }

    fn probe<'a>(&'a self, probe: &'a Probe, _material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        let message = format!("files has no probe `{}`", probe.name);
        let code = "files.no_probe".to_owned();
        Box::pin(async move { ProbeResult { answer: ProbeAnswer::Unknown, code, message } })
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        Box::pin(async move {
            let attempt = act::Attempt::prepare(&self.manifest, &self.places, &warrant, &hands);
            drop(hands);
            // WHY: the warrant stays here, so that it counts as lost when this future is dropped; the files are
            // written on a thread that may block, under a lock that an observation waits for.
            let outcome = match attempt {
                Ok(attempt) => tokio::task::spawn_blocking(move || attempt.make()).await.unwrap_or_else(|_| {
                    let message = "the attempt was interrupted".to_owned();
                    Outcome::Indeterminate(Doubt { code: "files.interrupted".to_owned(), message })
                }),
                Err(refusal) => Outcome::Refused(refusal),
            };
            warrant.settle(outcome)
        })
    }
}

#[cfg(test)]
mod tests;
