//! Making a version: generated, sealed, and durable before the first call that changes a target.

use std::sync::Arc;

use countersign_contract::failpoint;
use countersign_kernel::plan::Recipe;
use countersign_kernel::run::bodies::{SealedBody, Stage, VersionBody};
use countersign_kernel::workflow::model::KeyAlgorithm;
use countersign_warrant::{Blob, Entry, EntryId, Kind, MintsOwn, StepId, VersionId};

use super::{Drive, DriveError, Runner, json};
use crate::secrets::{Algorithm, Sealed, TextRule};

impl Runner {
    /// Makes the version's material and commits it sealed.
    // INVARIANT: inv:I3 the sealed bytes are durable before any warrant can name the version.
    pub(super) async fn seal(
        &self,
        drive: &mut Drive,
        version: VersionId,
        recipe: &Recipe,
        entry: EntryId,
    ) -> Result<(), DriveError> {
        let Some(step) = drive.run.current().map(|planned| planned.step.clone()) else {
            return Err(DriveError::NoEntries);
        };
        let made = self.make(&version, recipe)?;
        let entry = sealed_entry(entry, step, made, false).map_err(DriveError::Entry)?;
        // CRASH: lost before the commit, the material was never used; another is made.
        failpoint::hit("runner.before_seal");
        self.commit(drive, vec![entry]).await
    }

    fn make(&self, version: &VersionId, recipe: &Recipe) -> Result<Sealed, DriveError> {
        match recipe {
            // WHY: what is given is sealed in the commit that starts the run, and so never asked for later.
            Recipe::Given => return Err(DriveError::NotSealed(version.clone())),
            Recipe::Text(wanted) => {
                let length = usize::try_from(wanted.length).unwrap_or(usize::MAX);
                let rule = TextRule::new(length, wanted.alphabet.characters(), &wanted.required_characters());
                self.maker.text(version, &rule.map_err(DriveError::Rule)?)
            }
            Recipe::KeyPair { algorithm, common_name } => {
                let algorithm = match algorithm {
                    KeyAlgorithm::P256 => Algorithm::P256,
                    KeyAlgorithm::P384 => Algorithm::P384,
                    KeyAlgorithm::Ed25519 => Algorithm::Ed25519,
                };
                self.maker.key_pair(version, algorithm, common_name.as_deref())
            }
        }
        .map_err(DriveError::Make)
    }

    /// The sealed bytes of a version.
    pub(super) async fn sealed(&self, version: &VersionId) -> Result<(VersionId, Arc<[u8]>), DriveError> {
        let missing = || DriveError::NotSealed(version.clone());
        let row = self.store.version(version).await.map_err(DriveError::Store)?.ok_or_else(missing)?;
        let blob = self.store.blob(&row.blob).await.map_err(DriveError::Store)?.ok_or_else(missing)?;
        Ok((version.clone(), Arc::clone(blob.bytes())))
    }
}

/// The entry of a pending version, with its sealed bytes.
pub(super) fn sealed_entry(id: EntryId, step: StepId, made: Sealed, given: bool) -> Result<Entry, MintsOwn> {
    let blob = Blob::new(made.blob);
    let sealed = SealedBody {
        blob: blob.digest(),
        fingerprint: made.fingerprint,
        key_generation: made.key_generation,
        given,
        public: made.public,
    };
    let body = VersionBody {
        step,
        version: made.version,
        stage: Stage::Pending,
        sealed: Some(sealed),
        expires_at: None,
        counts_from: None,
    };
    Ok(Entry::new(id, Kind::Version, json(&body))?.with_blobs(vec![blob]))
}
