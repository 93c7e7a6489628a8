//! Opening the database: version of `SQLite`, file mode, durability, schema.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{Fault, Store};

/// The schema, numbered, each part with its reasons.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The first `SQLite` without the race of the write-ahead log's reset (<https://www.sqlite.org/wal.html>, "WAL-reset").
const SQLITE_MIN: u32 = 3_051_003;

/// How many connections read at once.
const READERS: u32 = 4;

/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// Why the database could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// A newer Countersign has been here.
    #[error("`{path}` has schema {found}; this version knows up to {known}: use the newer version that wrote it")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is no database, or a part of it cannot be read.
    #[error("`{path}` is damaged: {reason}; restore it from a backup")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// There is nothing to read.
    #[error("there is no store at `{path}`")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The `SQLite` that is linked can lose committed pages.
    #[error("SQLite {0} can lose committed pages; 3.51.3 or newer is needed")]
    Sqlite(String),
    /// The file could not be made private.
    #[error("`{path}` could not be prepared")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database did not open.
    #[error("`{path}` could not be opened")]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

impl OpenStoreError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "store.newer",
            Self::Corrupt { .. } => "store.corrupt",
            Self::Missing { .. } => "store.missing",
            Self::Sqlite(_) => "store.sqlite",
            Self::File { .. } => "store.file",
            Self::Unavailable { .. } => "store.unavailable",
        }
    }

    fn of(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        match Fault::of(&error) {
            Fault::Corrupt => Self::Corrupt { path, reason: error.to_string() },
            _ => Self::Unavailable { path, source: error },
        }
    }
}

impl Store {
    /// Opens the database for the process that owns the folder: makes it where it is missing (mode 0600), and brings
    /// an older schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenStoreError> {
        make_private(path).map_err(|source| OpenStoreError::File { path: path.to_owned(), source })?;
        let mut connection = connect_writer(path).await.map_err(|error| OpenStoreError::of(path, error))?;
        let prepared = prepare(path, &mut connection).await;
        let closed = connection.close().await.map_err(|error| OpenStoreError::of(path, error));
        prepared.and(closed)?;
        Ok(Self::reading(path, reader(path), true))
    }

    /// Opens the database for a command that only reads; another process may own it. It is neither made nor migrated.
    pub async fn open_read_only(path: &Path) -> Result<Self, OpenStoreError> {
        Self::open_reading(path, false).await
    }

    /// As [`Store::open_read_only`]; where there is no log, no file is made beside the database, not even for a moment. Only for
    /// whoever knows that nobody writes meanwhile.
    pub async fn open_still(path: &Path) -> Result<Self, OpenStoreError> {
        Self::open_reading(path, !has_log(path)).await
    }

    async fn open_reading(path: &Path, is_still: bool) -> Result<Self, OpenStoreError> {
        if !path.exists() {
            return Err(OpenStoreError::Missing { path: path.to_owned() });
        }
        let options = if is_still { Ok(reader(path).immutable(true)) } else { readable(path).await };
        let options = options.map_err(|error| OpenStoreError::of(path, error))?;
        let mut connection = options.connect().await.map_err(|error| OpenStoreError::of(path, error))?;
        assert_sqlite(path, &mut connection).await?;
        let known = assert_not_newer(path, &mut connection).await?;
        connection.close().await.map_err(|error| OpenStoreError::of(path, error))?;
        if known == 0 {
            return Err(OpenStoreError::Missing { path: path.to_owned() });
        }
        Ok(Self::reading(path, options, false))
    }

    fn reading(path: &Path, options: SqliteConnectOptions, writable: bool) -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_timeout(BUSY)
            .connect_lazy_with(options);
        Self { path: path.to_owned(), readers: pool, writable }
    }
}

/// A connection that may write. The ledger's pipeline owns the one that is used.
// CRASH: `synchronous=FULL` on a write-ahead log: a commit is on the device before its answer.
pub(crate) async fn connect_writer(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    base_options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("recursive_triggers", "on")
        .connect()
        .await
}

fn reader(path: &Path) -> SqliteConnectOptions {
    base_options(path).read_only(true)
}

/// How the file can be read: as a database that others may write to, else, where nobody can write here, as one that
/// does not change.
// WHY: a reader of a write-ahead log makes a file beside the database. On a read-only medium it cannot, and need not,
// unless there is a log (<https://www.sqlite.org/wal.html>, "Read-Only Databases").
async fn readable(path: &Path) -> Result<SqliteConnectOptions, sqlx::Error> {
    let options = reader(path);
    match touch(&options).await {
        Err(sqlx::Error::Database(error)) if is_unwritable(error.as_ref()) && !has_log(path) => {
            Ok(options.immutable(true))
        }
        touched => touched.map(|()| options),
    }
}

async fn touch(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query("select count(*) from sqlite_schema").execute(&mut connection).await?;
    connection.close().await
}

/// The primary result codes 8 (read-only) and 14 (cannot open).
fn is_unwritable(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
    matches!(code & 0xff, 8 | 14)
}

fn has_log(path: &Path) -> bool {
    let mut name = path.to_owned().into_os_string();
    name.push("-wal");
    std::fs::metadata(PathBuf::from(name)).is_ok_and(|log| log.len() > 0)
}

fn base_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .pragma("cell_size_check", "on")
        .pragma("trusted_schema", "off")
        .disable_statement_logging()
}

/// Makes the file before `SQLite` does, so that neither it nor its companions are ever readable by others.
fn make_private(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

async fn prepare(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenStoreError> {
    assert_sqlite(path, connection).await?;
    assert_not_newer(path, connection).await?;
    MIGRATIONS.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => OpenStoreError::of(path, source),
        other => OpenStoreError::Corrupt { path: path.to_owned(), reason: other.to_string() },
    })
}

async fn assert_sqlite(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenStoreError> {
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(|error| OpenStoreError::of(path, error))?;
    let number = version.split('.').try_fold(0_u32, |number, part| Some(number * 1000 + part.parse::<u32>().ok()?));
    if number.is_some_and(|number| number >= SQLITE_MIN) { Ok(()) } else { Err(OpenStoreError::Sqlite(version)) }
}

/// The schema of the file; 0 where there is none yet.
async fn assert_not_newer(path: &Path, connection: &mut SqliteConnection) -> Result<i64, OpenStoreError> {
    let failed = |error| OpenStoreError::of(path, error);
    let present: bool =
        sqlx::query_scalar("select exists (select 1 from sqlite_schema where name = '_sqlx_migrations')")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if !present {
        return Ok(0);
    }
    let found: i64 = sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    if found > known {
        return Err(OpenStoreError::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}
