//! Bytes that entries name by digest.

use countersign_warrant::{Blob, Digest};

use super::{ReadStoreError, Store};

impl Store {
    /// The bytes that are stored for a digest, whatever they are: for whoever verifies them.
    pub async fn blob_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadStoreError> {
        let query = sqlx::query_scalar("select bytes from blobs where digest = ?").bind(digest.to_string());
        Ok(query.fetch_optional(&self.readers).await?)
    }

    /// The bytes of a digest, if they are there; checked against it.
    pub async fn blob(&self, digest: &Digest) -> Result<Option<Blob>, ReadStoreError> {
        let Some(bytes) = self.blob_bytes(digest).await? else { return Ok(None) };
        let blob = Blob::new(bytes);
        if blob.digest() != *digest {
            return Err(ReadStoreError::Corrupt(format!("blob `{digest}` has other bytes")));
        }
        Ok(Some(blob))
    }
}
