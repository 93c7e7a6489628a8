//! Reads the files of a set: each once, whole, and from inside its folder only.
//!
//! What is too much, what leads elsewhere and what changes meanwhile is left, and told beside what is wrong with the rest.

mod error;

use std::fs::Metadata;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub use error::{PAGES, ReadSetError, Unread};

use super::{FileSet, SetFile};

/// The largest file that is read at all, in bytes; one more, so that the parser can say that it is too large.
const BYTES_MAX: u64 = (1 << 20) + 1;

/// Files of a set at most.
const FILES_MAX: usize = 10_000;

/// Bytes of all files of a set at most.
const SET_BYTES_MAX: usize = 64 << 20;

impl FileSet {
    /// Reads a folder with everything below it, or one file, as far as it can be read. Files are named as they were given.
    pub fn read(path: &Path) -> Self {
        let mut set = Self::default();
        let named = path.display().to_string();
        let is_over = match std::fs::metadata(path) {
            Err(error) => set.leave(&named, unreadable(&error)),
            Ok(about) if about.is_dir() => match path.canonicalize() {
                Err(error) => set.leave(&named, unreadable(&error)),
                Ok(root) => set.read_folder(&[&root], &named),
            },
            Ok(_) if FileKind::of(path, &named).is_none() => set.leave(&named, ReadSetError::OtherKind),
            Ok(_) => set.read_file(path, &named),
        };
        // A file of tests alone is checked by itself; a folder of nothing else is mostly not the one that was meant.
        let is_tests = path.is_file() && !set.tests.is_empty();
        let is_empty = set.workflows.is_empty() && set.policies.is_empty() && set.unread.is_empty() && !is_tests;
        if is_over.is_continue() && is_empty {
            let why = ReadSetError::Empty;
            set.unread.push(Unread { path: named, why });
        }
        set
    }

    /// Reads the last of these folders; the others are those that it is in, from the outermost one on.
    fn read_folder(&mut self, folders: &[&Path], named: &str) -> ControlFlow<()> {
        let (Some(root), Some(&folder)) = (folders.first(), folders.last()) else { return ControlFlow::Continue(()) };
        let mut paths: Vec<PathBuf> = Vec::new();
        match std::fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => paths.push(entry.path()),
                        Err(error) => self.leave(named, unreadable(&error))?,
                    }
                }
            }
            Err(error) => self.leave(named, unreadable(&error))?,
        }
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let named = format!("{named}/{name}");
            match path.canonicalize() {
                Err(error) => self.leave(&named, unreadable(&error))?,
                Ok(real) if !real.starts_with(root) => self.leave(&named, ReadSetError::LeadsOut)?,
                Ok(real) if !real.is_dir() => self.read_file(&real, &named)?,
                Ok(real) if folders.contains(&real.as_path()) => self.leave(&named, ReadSetError::Loop)?,
                Ok(real) => self.read_folder(&[folders, &[&real]].concat(), &named)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Reads a file that is one of a set by its name.
    fn read_file(&mut self, path: &Path, named: &str) -> ControlFlow<()> {
        let Some(kind) = FileKind::of(path, named) else { return ControlFlow::Continue(()) };
        let all = self.workflows.iter().chain(&self.policies).chain(&self.tests);
        let bytes: usize = all.map(|file| file.bytes.len()).sum();
        if self.count() >= FILES_MAX || bytes > SET_BYTES_MAX {
            return self.leave(named, ReadSetError::TooMuch);
        }
        let bytes = match bytes_of(path) {
            Ok(bytes) => bytes,
            Err(why) => return self.leave(named, why),
        };
        let files = match kind {
            FileKind::Workflow => &mut self.workflows,
            FileKind::Policy => &mut self.policies,
            FileKind::Test => &mut self.tests,
        };
        files.push(SetFile { path: named.to_owned(), bytes });
        ControlFlow::Continue(())
    }

    /// Keeps what is not read, and why; breaks where it is too much to go on.
    fn leave(&mut self, named: &str, why: ReadSetError) -> ControlFlow<()> {
        let is_too_much = why == ReadSetError::TooMuch || self.count() >= FILES_MAX;
        let why = if is_too_much { ReadSetError::TooMuch } else { why };
        self.unread.push(Unread { path: named.to_owned(), why });
        if is_too_much { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What was read, and what was not.
    fn count(&self) -> usize {
        self.workflows.len() + self.policies.len() + self.tests.len() + self.unread.len()
    }
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Workflow,
    Policy,
    Test,
}

impl FileKind {
    /// By what a path leads to, and how it is named; `None` where it is of no set.
    fn of(path: &Path, named: &str) -> Option<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml") if named.ends_with(".test.yaml") => Some(Self::Test),
            Some("yaml" | "yml") => Some(Self::Workflow),
            Some("cedar") => Some(Self::Policy),
            _ => None,
        }
    }
}

fn unreadable(error: &std::io::Error) -> ReadSetError {
    ReadSetError::Read(error.to_string())
}

/// The bytes of a file that nobody writes meanwhile; no more of them than the parser needs to say that they are too
/// many.
fn bytes_of(path: &Path) -> Result<Vec<u8>, ReadSetError> {
    let unreadable = |error| unreadable(&error);
    // WHY: opening a pipe waits for whoever writes to it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ReadSetError::NoFile);
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let before = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    (&file).take(BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    let after = file.metadata().map_err(unreadable)?;
    if stood_still(&before, &after, bytes.len()) { Ok(bytes) } else { Err(ReadSetError::Changed) }
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
