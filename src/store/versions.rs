//! Secret versions: where the material of a subject stands. Never the material.

use std::collections::BTreeMap;

use countersign_kernel::run::bodies::Stage;
use countersign_warrant::{Digest, EntryId, ResourceName, RunId, Timestamp, VersionId};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::read::{count, parsed, word};
use super::{ReadStoreError, Store};

/// A secret version, as its row says.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredVersion {
    /// Whose, and which.
    pub id: VersionId,
    /// Its stage.
    pub stage: Stage,
    /// The run that sealed it.
    pub run: RunId,
    /// The entry that gave it its stage.
    pub entry: EntryId,
    /// The digest of the sealed bytes; they are a blob.
    pub blob: Digest,
    /// HMAC-SHA-256 of the material under the fingerprint key, as hex.
    pub fingerprint: String,
    /// The generation of the sealing key.
    pub key_generation: u32,
    /// Public companions, such as a certificate request.
    pub public: BTreeMap<String, Value>,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// When it counts as expired.
    pub expires_at: Option<Timestamp>,
    /// True when the material may be known to others.
    pub tainted: bool,
}

fn small(row: &SqliteRow, column: &str) -> Result<u32, ReadStoreError> {
    u32::try_from(count(row, column)?).map_err(|_| ReadStoreError::Corrupt(format!("`{column}` is too large")))
}

fn read(row: &SqliteRow) -> Result<StoredVersion, ReadStoreError> {
    let public: String = row.try_get("public")?;
    let expires_at: Option<i64> = row.try_get("expires_at")?;
    Ok(StoredVersion {
        id: VersionId { subject: parsed(row, "subject")?, number: small(row, "number")? },
        stage: word(row, "stage")?,
        run: parsed(row, "run")?,
        entry: parsed(row, "entry")?,
        blob: parsed(row, "blob")?,
        fingerprint: row.try_get("fingerprint")?,
        key_generation: small(row, "key_generation")?,
        public: serde_json::from_str(&public).map_err(|error| ReadStoreError::Corrupt(error.to_string()))?,
        sealed_at: Timestamp::from_micros(row.try_get("sealed_at")?),
        expires_at: expires_at.map(Timestamp::from_micros),
        tainted: row.try_get("tainted")?,
    })
}

impl Store {
    /// All versions of a subject, oldest first.
    pub async fn versions(&self, subject: &ResourceName) -> Result<Vec<StoredVersion>, ReadStoreError> {
        let rows = sqlx::query("select * from versions where subject = ? order by number")
            .bind(subject.as_str())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Every version that is not retired, by subject, oldest first.
    pub async fn live_versions(&self) -> Result<Vec<StoredVersion>, ReadStoreError> {
        let query = sqlx::query("select * from versions where stage <> 'retired' order by subject, number");
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// One version.
    pub async fn version(&self, id: &VersionId) -> Result<Option<StoredVersion>, ReadStoreError> {
        let row = sqlx::query("select * from versions where subject = ? and number = ?")
            .bind(id.subject.as_str())
            .bind(id.number)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The version in use.
    pub async fn current_version(&self, subject: &ResourceName) -> Result<Option<StoredVersion>, ReadStoreError> {
        self.version_in(subject, Stage::Current).await
    }

    /// The version that is sealed and not yet in use.
    pub async fn pending_version(&self, subject: &ResourceName) -> Result<Option<StoredVersion>, ReadStoreError> {
        self.version_in(subject, Stage::Pending).await
    }

    /// Every subject that ever had a version, sorted.
    pub async fn subjects(&self) -> Result<Vec<ResourceName>, ReadStoreError> {
        let query = sqlx::query("select distinct subject from versions order by subject");
        query.fetch_all(&self.readers).await?.iter().map(|row| parsed(row, "subject")).collect()
    }

    async fn version_in(&self, subject: &ResourceName, stage: Stage) -> Result<Option<StoredVersion>, ReadStoreError> {
        let row = sqlx::query("select * from versions where subject = ? and stage = ? order by number desc limit 1")
            .bind(subject.as_str())
            .bind(stage.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }
}
