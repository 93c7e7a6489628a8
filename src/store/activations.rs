//! The set of workflows and policies that is current.

use countersign_kernel::run::bodies::ActivationBody;
use countersign_warrant::{EntryId, Timestamp};
use sqlx::Row as _;

use super::{ReadStoreError, Store};

/// The activation that is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentActivation {
    /// Its entry.
    pub entry: EntryId,
    /// When it was made.
    pub at: Timestamp,
    /// Its files; their bytes are blobs.
    pub body: ActivationBody,
}

impl Store {
    /// The last activation; none before the first.
    pub async fn current_activation(&self) -> Result<Option<CurrentActivation>, ReadStoreError> {
        let row = sqlx::query("select entry from activations order by idx desc limit 1")
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: String = row.try_get("entry")?;
        let id: EntryId = id.parse().map_err(|_| ReadStoreError::Corrupt(format!("`{id}` is no entry id")))?;
        let Some(entry) = self.entry(&id).await? else {
            return Err(ReadStoreError::Corrupt(format!("activation `{id}` has no entry")));
        };
        let body = entry.decode().map_err(|error| ReadStoreError::Corrupt(error.to_string()))?;
        Ok(Some(CurrentActivation { entry: id, at: entry.at, body }))
    }
}
