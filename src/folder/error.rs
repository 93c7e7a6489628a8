//! What can be wrong with a data folder.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use countersign_warrant::Timestamp;
use serde::{Deserialize, Serialize};

/// Who holds a folder's lock, as its holder wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Its command, without arguments.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} (`{}`, since {})", self.pid, self.command, self.since)
    }
}

/// Why a data folder is not opened, made, locked or read. Nothing was changed that was there.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Nothing says where the folder is.
    #[error("there is no home for a data folder: name one with `--data DIR` or `COUNTERSIGN_DATA`")]
    NoHome,
    /// It is not there.
    #[error("there is no data folder at `{}`: `countersign quickstart` makes one", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Its making was cut off.
    #[error("the data folder `{}` is not finished: `countersign quickstart` completes it", path.display())]
    Incomplete {
        /// The folder.
        path: PathBuf,
    },
    /// It is a folder of something else.
    #[error("`{}` is not a data folder: it holds `{found}`; name an empty or a new one", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// One thing in it that is not ours.
        found: String,
    },
    /// A newer version made it.
    #[error("the data folder `{}` has format {found}, and this version knows formats up to {known}", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// Its format number cannot be read.
    #[error("`{}` does not hold a format number", path.display())]
    Version {
        /// The file.
        path: PathBuf,
    },
    /// Another process owns its writes.
    #[error("the data folder `{}` is held by {}: let it end, or stop it", path.display(), name(holder.as_ref()))]
    Held {
        /// The folder.
        path: PathBuf,
        /// Who; not known in the moment in which it takes the lock.
        holder: Option<Holder>,
    },
    /// Others can read what is secret.
    #[error("`{0}` can be read by others (mode {mode:04o}): run `chmod 600 '{0}'`", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can put their own files in it.
    #[error("`{0}` can be written by others (mode {mode:04o}): run `chmod 700 '{0}'`", path.display())]
    Writable {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is somebody else's.
    #[error("`{}` belongs to user {owner}, and this process runs as user {ours}", path.display())]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// A file that is never overwritten is there.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A key file is too large, or no file.
    #[error("`{}` is not a file of at most 4096 bytes", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// A place of the settings cannot be one.
    #[error("`{}` cannot be a place: {reason}", path.display())]
    NotAPlace {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The file system did not do it.
    #[error("could not {doing} `{}`", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl FolderError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHome => "folder.no_home",
            Self::Missing { .. } => "folder.missing",
            Self::Incomplete { .. } => "folder.incomplete",
            Self::Foreign { .. } => "folder.foreign",
            Self::Newer { .. } => "folder.newer",
            Self::Version { .. } => "folder.version",
            Self::Held { .. } => "folder.held",
            Self::Readable { .. } => "folder.readable",
            Self::Writable { .. } => "folder.writable",
            Self::Owner { .. } => "folder.owner",
            Self::Exists { .. } => "folder.exists",
            Self::NotAFile { .. } => "folder.not_a_file",
            Self::NotAPlace { .. } => "folder.not_a_place",
            Self::Io { .. } => "folder.io",
        }
    }

    pub(super) fn io<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

fn name(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}
