//! The data folder: what lies where, who may read it, and who owns its writes.
//!
//! A folder has one format number, in the file `version`, which is written last: a folder without it was not finished,
//! and making it again heals it. Nobody but its owner can read it; nothing in it is ever overwritten by making it again.
//!
//! This room must never: read a key that others can read; open a folder of a newer format; make a key or a store by
//! itself; wait for a lock.
//!
//! Read first: [`Folder`], [`FolderLock`].

mod error;
mod lock;
mod look;
mod private;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use countersign_contract::file;
use countersign_warrant::Timestamp;
pub use error::{FolderError, Holder};
pub use lock::FolderLock;
pub use look::{Held, fsyncs_per_second};
use zeroize::Zeroizing;

use crate::settings::{self, Settings};

/// The format of the folders that this version makes and opens.
pub const FORMAT: u32 = 1;

const KEYS: &str = "keys";
const LOCAL: &str = "local";
const PLACES: &str = "places";
const SETTINGS: &str = "settings.toml";
const STORE: &str = "countersign.db";
const LOCK: &str = "lock";
const VERSION: &str = "version";

/// The largest `version` file, in bytes.
const VERSION_MAX: u64 = 64;

/// A data folder that is there, complete, ours alone and of a format that we know.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Where the folder is: `flag`, else the environment's `COUNTERSIGN_DATA`, else the platform's folder for the data
    /// of applications. Absolute; it need not exist.
    ///
    /// # Errors
    /// When neither is given and the platform names no home, or the working directory is gone.
    pub fn resolve(flag: Option<PathBuf>) -> Result<PathBuf, FolderError> {
        Self::resolve_from(flag, std::env::var_os("COUNTERSIGN_DATA"))
    }

    fn resolve_from(flag: Option<PathBuf>, named: Option<OsString>) -> Result<PathBuf, FolderError> {
        let named = named.filter(|text| !text.is_empty()).map(PathBuf::from);
        let platform = || directories::ProjectDirs::from("", "", "countersign").map(|dirs| dirs.data_dir().to_owned());
        let path = flag.or(named).or_else(platform).ok_or(FolderError::NoHome)?;
        std::path::absolute(&path).map_err(FolderError::io("resolve", &path))
    }

    /// Makes the folder, or what is missing of it, and takes its lock. What is there stays as it is.
    ///
    /// # Errors
    /// As [`Folder::open`] and [`Folder::lock`]; and when there is a folder that holds other things.
    pub fn create(path: &Path, command: &str, since: Timestamp) -> Result<(Self, FolderLock), FolderError> {
        private::make_root(path)?;
        if !path.join(VERSION).exists() {
            refuse_foreign(path)?;
        }
        let folder = Self { root: path.to_owned() };
        folder.check_root()?;
        let lock = folder.lock(command, since)?;
        for name in [KEYS, LOCAL, PLACES] {
            private::make_directory(&path.join(name))?;
        }
        let settings = path.join(SETTINGS);
        if !settings.exists() {
            private::write(&settings, Settings::default_text().as_bytes())?;
        }
        // CRASH: until here the folder is unfinished, and making it again goes on where this stopped.
        let version = path.join(VERSION);
        if !version.exists() {
            private::write(&version, format!("{FORMAT}\n").as_bytes())?;
        }
        Ok((Self::open(path)?, lock))
    }

    /// Opens a folder for reading; writing needs [`Folder::lock`] too.
    ///
    /// # Errors
    /// When it is not there, not finished, of a newer format, somebody else's, or open to the writes of others.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::Missing { path: path.to_owned() });
        }
        let folder = Self { root: path.to_owned() };
        folder.check_root()?;
        let version = path.join(VERSION);
        let text = match file::read_text(&version, VERSION_MAX) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(FolderError::Incomplete { path: path.to_owned() });
            }
            Err(error) => return Err(FolderError::io("read", &version)(error)),
        };
        match text.trim_end().parse::<u32>() {
            Ok(FORMAT) => {}
            Ok(found) if found > FORMAT => {
                return Err(FolderError::Newer { path: path.to_owned(), found, known: FORMAT });
            }
            _ => return Err(FolderError::Version { path: version }),
        }
        let missing = [KEYS, LOCAL, PLACES].iter().any(|name| !path.join(name).is_dir());
        if missing { Err(FolderError::Incomplete { path: path.to_owned() }) } else { Ok(folder) }
    }

    /// Takes the folder's writes for this process, until the lock is dropped or the process ends. Never waits.
    ///
    /// `command` is the command's name without its arguments, `since` is now: what a second process is told.
    ///
    /// # Errors
    /// [`FolderError::Held`] with the holder when another process has it.
    // INVARIANT: inv:I5 one process at a time owns a folder's writes.
    pub fn lock(&self, command: &str, since: Timestamp) -> Result<FolderLock, FolderError> {
        FolderLock::take(&self.root.join(LOCK), command, since)
    }

    /// The folder itself, absolute where it was resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `settings.toml`.
    pub fn settings_path(&self) -> PathBuf {
        self.root.join(SETTINGS)
    }

    /// `countersign.db`.
    pub fn store_path(&self) -> PathBuf {
        self.root.join(STORE)
    }

    /// `local/`: the state of the embedded directory.
    pub fn local_dir(&self) -> PathBuf {
        self.root.join(LOCAL)
    }

    /// The key file of that name: `keys/<name>.key`.
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.root.join(KEYS).join(format!("{name}.key"))
    }

    /// The bytes of the key file of that name; `None` when there is none.
    ///
    /// # Errors
    /// When others can read it, it is somebody else's, or it is no file of at most 4096 bytes.
    pub fn read_key(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, FolderError> {
        private::read(&self.key_path(name))
    }

    /// Writes a new key file, 0600 and durable when `Ok`. The lock says that nobody else writes here.
    ///
    /// # Errors
    /// When there is one of that name, or it cannot be written.
    // INVARIANT: inv:I3 a key file is never overwritten: what it sealed would be lost.
    pub fn write_key(&self, name: &str, bytes: &[u8], _lock: &FolderLock) -> Result<(), FolderError> {
        let path = self.key_path(name);
        if path.symlink_metadata().is_ok() {
            return Err(FolderError::Exists { path });
        }
        private::write(&path, bytes)
    }

    /// The directory that a place's `path` of the settings stands for. A relative one is below the folder, and made
    /// (0700) where it is missing; an absolute one must be there.
    ///
    /// # Errors
    /// When it is no directory, or is one in which the folder keeps its own things.
    pub fn place(&self, path: &Path) -> Result<PathBuf, FolderError> {
        let place = self.root.join(path);
        let ours = || FolderError::NotAPlace { path: place.clone(), reason: "the data folder's own files are there" };
        if path.is_relative() {
            if settings::is_reserved(path) {
                return Err(ours());
            }
            private::make_directory(&place)?;
        }
        let real = place.canonicalize().map_err(FolderError::io("find the place", &place))?;
        if !real.is_dir() {
            return Err(FolderError::NotAPlace { path: place, reason: "it is no directory" });
        }
        let root = self.root.canonicalize().map_err(FolderError::io("find", &self.root))?;
        let own = match real.strip_prefix(&root) {
            Ok(below) => settings::is_reserved(below),
            Err(_) => root.starts_with(&real),
        };
        if own { Err(ours()) } else { Ok(place) }
    }

    fn check_root(&self) -> Result<(), FolderError> {
        let about = self.root.metadata().map_err(FolderError::io("look at", &self.root))?;
        private::check_owner(&self.root, about.uid())?;
        let mode = about.permissions().mode() & 0o7777;
        if mode & 0o022 == 0 { Ok(()) } else { Err(FolderError::Writable { path: self.root.clone(), mode }) }
    }
}

/// An unfinished folder holds nothing but what making one puts there.
fn refuse_foreign(path: &Path) -> Result<(), FolderError> {
    for entry in fs::read_dir(path).map_err(FolderError::io("list", path))? {
        let name = entry.map_err(FolderError::io("list", path))?.file_name();
        let known = [KEYS, LOCAL, PLACES, SETTINGS, LOCK].iter().any(|ours| name == *ours);
        if !known && !private::is_leftover(&name) {
            return Err(FolderError::Foreign { path: path.to_owned(), found: name.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

fn directory_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}
