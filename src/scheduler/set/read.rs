//! Reads the files of a set: each once, whole, and from inside its folder only.
//!
//! What is too much, what leads elsewhere and what changes meanwhile is refused before anything is made of it.

mod error;

use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub use error::{PAGES, ReadSetError};

use super::{FileSet, SetFile};

/// The largest file that is read at all, in bytes; one more, so that the parser can say that it is too large.
const BYTES_MAX: u64 = (1 << 20) + 1;

/// Files of a set at most.
const FILES_MAX: usize = 10_000;

/// Bytes of all files of a set at most.
const SET_BYTES_MAX: usize = 64 << 20;

impl FileSet {
    /// Reads a folder with everything below it, or one file. Files are named as they were given.
    ///
    /// # Errors
    /// When something cannot be read, is too much, changes meanwhile, or leads out of the folder.
    pub fn read(path: &Path) -> Result<Self, ReadSetError> {
        let unreadable = |source| ReadSetError::Read { path: path.into(), source };
        let mut set = Self::default();
        if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            let root = path.canonicalize().map_err(unreadable)?;
            set.read_folder(&[&root], &path.display().to_string())?;
            if set.workflows.is_empty() && set.policies.is_empty() {
                return Err(ReadSetError::Empty { path: path.into() });
            }
        } else if !set.read_file(path, path.display().to_string())? {
            return Err(ReadSetError::OtherKind { path: path.into() });
        }
        Ok(set)
    }

    /// Reads the last of these folders; the others are those that it is in, from the outermost one on.
    fn read_folder(&mut self, folders: &[&Path], named: &str) -> Result<(), ReadSetError> {
        let (Some(root), Some(&folder)) = (folders.first(), folders.last()) else { return Ok(()) };
        let unreadable = |source| ReadSetError::Read { path: folder.into(), source };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let unreadable = |source| ReadSetError::Read { path: path.clone(), source };
            let real = path.canonicalize().map_err(unreadable)?;
            if !real.starts_with(root) {
                return Err(ReadSetError::LeadsOut { path });
            }
            let named = format!("{named}/{name}");
            if !real.is_dir() {
                self.read_file(&real, named)?;
            } else if folders.contains(&real.as_path()) {
                return Err(ReadSetError::Loop { path });
            } else {
                self.read_folder(&[folders, &[&real]].concat(), &named)?;
            }
        }
        Ok(())
    }

    /// False when the file's name says that it is neither.
    fn read_file(&mut self, path: &Path, named: String) -> Result<bool, ReadSetError> {
        let all = self.workflows.iter().chain(&self.policies).chain(&self.tests);
        let (count, bytes) = all.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.bytes.len()));
        if count >= FILES_MAX || bytes > SET_BYTES_MAX {
            return Err(ReadSetError::TooMuch { path: path.into() });
        }
        let files = match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml") if named.ends_with(".test.yaml") => &mut self.tests,
            Some("yaml" | "yml") => &mut self.workflows,
            Some("cedar") => &mut self.policies,
            _ => return Ok(false),
        };
        files.push(SetFile { path: named, bytes: bytes_of(path)? });
        Ok(true)
    }
}

/// The bytes of a file that nobody writes meanwhile; no more of them than the parser needs to say that they are too
/// many.
fn bytes_of(path: &Path) -> Result<Vec<u8>, ReadSetError> {
    let unreadable = |source| ReadSetError::Read { path: path.into(), source };
    // WHY: opening a pipe waits for whoever writes to it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ReadSetError::NoFile { path: path.into() });
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let before = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    (&file).take(BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    let after = file.metadata().map_err(unreadable)?;
    if stood_still(&before, &after, bytes.len()) { Ok(bytes) } else { Err(ReadSetError::Changed { path: path.into() }) }
}

/// Whether a file was the same when its reading ended as when it began.
fn stood_still(before: &Metadata, after: &Metadata, read: usize) -> bool {
    let time = |of: &Metadata| (of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
    let whole = u64::try_from(read).is_ok_and(|read| read == before.len().min(BYTES_MAX));
    before.len() == after.len() && time(before) == time(after) && whole
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
