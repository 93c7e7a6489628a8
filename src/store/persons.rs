//! The names behind opaque ids.

use super::{ReadStoreError, Store};

impl Store {
    /// Everybody who was entered and not erased: id and name, by id.
    pub async fn persons(&self) -> Result<Vec<(String, String)>, ReadStoreError> {
        Ok(sqlx::query_as("select id, name from persons order by id").fetch_all(&self.readers).await?)
    }

    /// The name of a person; none when nobody was entered, or the name was erased.
    pub async fn person_name(&self, id: &str) -> Result<Option<String>, ReadStoreError> {
        Ok(sqlx::query_scalar("select name from persons where id = ?").bind(id).fetch_optional(&self.readers).await?)
    }
}
