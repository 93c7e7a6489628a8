//! The lock on a folder's writes. The system lets go of it when its process ends, in whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use countersign_warrant::Timestamp;

use super::{FolderError, Holder};

/// This process owns the folder's writes for as long as this lives.
#[derive(Debug)]
#[must_use = "dropping the lock lets go of the folder"]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    pub(super) fn take(path: &Path, command: &str, since: Timestamp) -> Result<Self, FolderError> {
        let failed = |doing| FolderError::io(doing, path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path).map_err(failed("open the lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let root = path.parent().unwrap_or(path).to_owned();
                return Err(FolderError::Held { path: root, holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
        }
        let holder = Holder { pid: std::process::id(), command: command.to_owned(), since };
        let text = serde_json::to_string(&holder).map_err(std::io::Error::from).map_err(failed("write the lock"))?;
        file.set_len(0).and_then(|()| writeln!(file, "{text}")).map_err(failed("write the lock"))?;
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // The lock itself goes with the file; who held it is no longer true.
        let _ = self.file.set_len(0);
    }
}

/// What the holder wrote; `None` in the moment between its lock and its writing.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
