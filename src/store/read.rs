//! How rows become values, and what may go wrong.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Fault;

/// Why something could not be read from the store.
#[derive(Debug, thiserror::Error)]
pub enum ReadStoreError {
    /// A page, a row or an entry does not hold what it should.
    #[error("the store holds what cannot be read: {0}")]
    Corrupt(String),
    /// The database could not be asked.
    #[error("the store could not be read")]
    Unavailable(#[source] sqlx::Error),
}

impl ReadStoreError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Corrupt(_) => "store.corrupt",
            Self::Unavailable(_) => "store.unavailable",
        }
    }
}

impl From<sqlx::Error> for ReadStoreError {
    fn from(error: sqlx::Error) -> Self {
        match Fault::of(&error) {
            Fault::Corrupt => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error),
        }
    }
}

/// A text column as an id, a digest or an instant.
pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(row: &SqliteRow, column: &str) -> Result<T, ReadStoreError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| ReadStoreError::Corrupt(error.to_string()))
}

/// A text column as a word of one of our own enums.
pub(super) fn word<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, ReadStoreError> {
    let text: String = row.try_get(column)?;
    serde_json::from_value(Value::String(text)).map_err(|error| ReadStoreError::Corrupt(error.to_string()))
}

/// An integer column that is never negative.
pub(super) fn count(row: &SqliteRow, column: &str) -> Result<u64, ReadStoreError> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|_| ReadStoreError::Corrupt(format!("`{column}` is {number}")))
}

/// A blob column of 32 bytes.
pub(super) fn hash(row: &SqliteRow, column: &str) -> Result<countersign_warrant::Digest, ReadStoreError> {
    let bytes: &[u8] = row.try_get(column)?;
    let bytes = bytes.try_into().map_err(|_| ReadStoreError::Corrupt(format!("`{column}` has not 32 bytes")))?;
    Ok(countersign_warrant::Digest::from_bytes(bytes))
}

/// A number for a query; what does not fit stands beyond everything stored.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
