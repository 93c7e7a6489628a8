//! The blobs that an entry names by digest.

use std::collections::VecDeque;

use countersign_warrant::{DecisionBody, Digest, Kind, Stamped};

use crate::run::bodies::{ActivationBody, BrakeBody, StartedBody, VersionBody, Wait, WaitBody};

/// What a store says of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobAnswer {
    /// The bytes that are stored for it.
    Found(Vec<u8>),
    /// Nothing is stored for it.
    Missing,
}

/// The digests of the blobs that the entry names: plan, basis of a decision, sealed material, activated files. None
/// when the entry does not have the shape of its kind.
pub fn named_blobs(entry: &Stamped) -> Vec<Digest> {
    match entry.kind {
        Kind::Started => entry.decode().map(|body: StartedBody| vec![body.plan]).unwrap_or_default(),
        Kind::Decision => entry
            .decode()
            .map(|body: DecisionBody| body.decision.basis)
            .map(|basis| vec![basis.policies, basis.schema, basis.entities, basis.request])
            .unwrap_or_default(),
        Kind::Version => entry
            .decode()
            .map(|body: VersionBody| body.sealed.map(|sealed| sealed.blob).into_iter().collect())
            .unwrap_or_default(),
        Kind::Activation => entry
            .decode()
            .map(|body: ActivationBody| body.workflows.iter().chain(&body.policies).map(|file| file.digest).collect())
            .unwrap_or_default(),
        Kind::Wait => match entry.decode().map(|body: WaitBody| body.wait) {
            Ok(Wait::Answered { reason, .. }) => vec![reason],
            _ => Vec::new(),
        },
        Kind::Brake => entry.decode().map(|body: BrakeBody| vec![body.reason]).unwrap_or_default(),
        Kind::Intent
        | Kind::Receipt
        | Kind::Finding
        | Kind::Fact
        | Kind::Probe
        | Kind::Skipped
        | Kind::Closed
        | Kind::NotDue
        | Kind::Key
        | Kind::Clock
        | Kind::Notice => Vec::new(),
    }
}

/// The digests that were compared last: policies and schemas are named by every decision.
#[derive(Default)]
pub(super) struct Recent(VecDeque<Digest>);

impl Recent {
    pub(super) fn knows(&self, digest: &Digest) -> bool {
        self.0.contains(digest)
    }

    pub(super) fn note(&mut self, digest: Digest) {
        if self.0.len() >= 64 {
            self.0.pop_front();
        }
        self.0.push_back(digest);
    }
}
