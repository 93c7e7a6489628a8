//! The last signed tree, kept in a small file beside the key: a database that was set back cannot take it along.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::encoding::Frontier;

/// The most bytes that the file may have: a size and 64 hashes.
const BYTES_MAX: u64 = 8 + 64 * 32;

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HeadFileError {
    /// It could not be read or written.
    #[error("`{path}` could not be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what was written.
    #[error("`{path}` is damaged: it does not hold a signed tree")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// The file. It holds the frontier of the signed tree, from which size and root follow, and which the next tree to be
/// signed has to grow out of.
#[derive(Debug, Clone)]
pub(super) struct HeadFile(PathBuf);

impl HeadFile {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn failed(&self, source: std::io::Error) -> HeadFileError {
        HeadFileError::File { path: self.0.clone(), source }
    }

    /// The signed tree; none where nothing was ever signed.
    pub(super) fn read(&self) -> Result<Option<Frontier>, HeadFileError> {
        let file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| self.failed(error))?;
        match Frontier::from_bytes(&bytes) {
            Ok(tree) => Ok(Some(tree)),
            Err(_) => Err(HeadFileError::Damaged { path: self.0.clone() }),
        }
    }

    /// Replaces it: mode 0600, durable when it returns.
    // CRASH: written, flushed and renamed, and the folder flushed: the old tree or the new one, never a part.
    pub(super) fn write(&self, tree: &Frontier) -> Result<(), HeadFileError> {
        self.replace(tree).map_err(|error| self.failed(error))
    }

    fn replace(&self, tree: &Frontier) -> std::io::Result<()> {
        let mut name = self.0.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&tree.to_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.0)?;
        match self.0.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    }
}
