//! What runs hold.

use countersign_warrant::{ResourceName, RunId};
use sqlx::sqlite::SqliteRow;

use super::read::parsed;
use super::{ReadStoreError, Store};

/// A run's claim on a resource, from its start to its close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What is held.
    pub resource: ResourceName,
    /// By which run.
    pub run: RunId,
}

fn read(row: &SqliteRow) -> Result<Hold, ReadStoreError> {
    Ok(Hold { resource: parsed(row, "resource")?, run: parsed(row, "run")? })
}

impl Store {
    /// Everything that is held, by resource.
    pub async fn holds(&self) -> Result<Vec<Hold>, ReadStoreError> {
        let rows = sqlx::query("select resource, run from holds order by resource").fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    /// What a run holds, by resource.
    pub async fn holds_of(&self, run: &RunId) -> Result<Vec<ResourceName>, ReadStoreError> {
        let rows = sqlx::query("select resource from holds where run = ? order by resource")
            .bind(run.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| parsed(row, "resource")).collect()
    }

    /// Who holds a resource.
    pub async fn holder(&self, resource: &ResourceName) -> Result<Option<RunId>, ReadStoreError> {
        let row = sqlx::query("select resource, run from holds where resource = ?")
            .bind(resource.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(read).transpose()?.map(|hold| hold.run))
    }
}
