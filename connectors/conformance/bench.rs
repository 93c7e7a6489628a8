//! For a connector's own tests: single acts, with warrants of a real mint.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_contract::{Call, Connector, Observation, Outcome, VersionId};

use crate::Fixture;
use crate::world::World;

/// A connector under a mint of its own, with the material of some versions at hand.
pub struct Bench(World);

impl Bench {
    /// Puts a connector on the bench.
    pub fn new(connector: Arc<dyn Connector>, materials: BTreeMap<VersionId, Vec<u8>>) -> Self {
        Self(World::of(Fixture { connector, folder: None, delivers: false, keep: Box::new(()) }, materials))
    }

    /// One attempt at the call.
    ///
    /// # Errors
    /// When the suite itself cannot do it: no grant, or a receipt for another warrant.
    pub async fn act(&self, call: &Call) -> Result<Outcome, String> {
        let intent = self.0.intent(call, None);
        let receipt = self.0.act(self.0.grant(&intent).await?).await?;
        Ok(receipt.outcome().clone())
    }

    /// Does the call, which must succeed, then one attempt at its undo.
    ///
    /// # Errors
    /// When the call is not done, or the suite itself cannot go on.
    pub async fn act_and_undo(&self, call: &Call, undo: &Call) -> Result<Outcome, String> {
        let done = self.0.do_it(&self.0.intent(call, Some(undo))).await?;
        let receipt = self.0.act(self.0.grant_undo(done).await?).await?;
        Ok(receipt.outcome().clone())
    }

    /// One reading of the call's resource.
    ///
    /// # Errors
    /// When it cannot be read; the text says why.
    pub async fn observe(&self, call: &Call) -> Result<Observation, String> {
        self.0.observe(&self.0.intent(call, None)).await
    }
}
