//! Bytes that entries name by digest.

use countersign_warrant::{Blob, Digest};

use super::{ReadStoreError, Store};

impl Store {
    /// The bytes of a digest, if they are there; checked against it.
    pub async fn blob(&self, digest: &Digest) -> Result<Option<Blob>, ReadStoreError> {
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("select bytes from blobs where digest = ?")
            .bind(digest.to_string())
            .fetch_optional(&self.readers)
            .await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let blob = Blob::new(bytes);
        if blob.digest() != *digest {
            return Err(ReadStoreError::Corrupt(format!("blob `{digest}` has other bytes")));
        }
        Ok(Some(blob))
    }
}
