//! What a database error means for the write that met it.

/// The classes of database errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A rule of the schema refused it; nothing was written. With the rule's own words.
    Refused(String),
    /// The disk, or the file's allowed size, is full.
    Full,
    /// The database could not be written at all, or not now; nothing was written.
    Blocked,
    /// A page does not hold what it should.
    Corrupt,
    /// The device or the connection failed: what became of a write is not known.
    Lost,
}

impl Fault {
    /// Classifies by the primary result code (<https://www.sqlite.org/rescode.html>).
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = error else { return Self::of_the_driver(error) };
        let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
        match code & 0xff {
            19 => Self::Refused(database.message().to_owned()),
            13 => Self::Full,
            // busy, locked, out of memory, read-only, cannot open, no permission, schema changed, too big, bad query
            1 | 3 | 5 | 6 | 7 | 8 | 14 | 17 | 18 | 20 | 21 | 23 | 25 => Self::Blocked,
            11 | 26 => Self::Corrupt,
            _ => Self::Lost,
        }
    }

    fn of_the_driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Self::Blocked,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt,
            _ => Self::Lost,
        }
    }
}
