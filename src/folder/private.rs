//! Files that nobody else may read, and writes that are whole or not there.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{FolderError, directory_builder};

const LARGEST: usize = 4096;
const LEFTOVER: &str = ".new";

/// Makes the folder with its parents, or takes an empty one of ours and closes it to others.
pub(super) fn make_root(path: &Path) -> Result<(), FolderError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(FolderError::io("make", parent))?;
    }
    make_directory(path)?;
    let mut within = fs::read_dir(path).map_err(FolderError::io("list", path))?;
    if within.next().is_none() {
        check_owner(path, path.metadata().map_err(FolderError::io("look at", path))?.uid())?;
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(FolderError::io("close to others", path))?;
    }
    Ok(())
}

/// Makes a directory (0700) and its missing parents, unless it is there.
pub(super) fn make_directory(path: &Path) -> Result<(), FolderError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent()
        && !parent.is_dir()
    {
        make_directory(parent)?;
    }
    match directory_builder().create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(FolderError::io("make", path)(error)),
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
    }
}

/// Writes a file, 0600: whole and durable, or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let new = leftover(path);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(FolderError::io("remove", &new)(error)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .map_err(FolderError::io("make", &new))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(FolderError::io("write", &new))?;
    // CRASH: the bytes are durable under another name; the next writer removes it.
    fs::rename(&new, path).map_err(FolderError::io("put in place", path))?;
    // CRASH: the name is there, durable after this.
    path.parent().map_or(Ok(()), sync_directory)
}

/// Reads a file that must be ours, and ours alone. `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, FolderError> {
    let about = match path.metadata() {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FolderError::io("look at", path)(error)),
    };
    if !about.is_file() {
        return Err(FolderError::NotAFile { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(FolderError::io("open", path))?;
    // What was opened is what is judged.
    let about = file.metadata().map_err(FolderError::io("look at", path))?;
    check_owner(path, about.uid())?;
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FolderError::Readable { path: path.to_owned(), mode });
    }
    // One byte more than is allowed, so that the buffer neither grows nor takes a larger file for a whole one.
    let mut bytes = Zeroizing::new(vec![0; LARGEST + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FolderError::io("read", path)(error)),
        }
    }
    if filled > LARGEST {
        return Err(FolderError::NotAFile { path: path.to_owned() });
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

pub(super) fn check_owner(path: &Path, owner: u32) -> Result<(), FolderError> {
    let ours = nix::unistd::geteuid().as_raw();
    if owner == ours { Ok(()) } else { Err(FolderError::Owner { path: path.to_owned(), owner, ours }) }
}

/// True for what a write that was cut off leaves behind.
pub(super) fn is_leftover(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(LEFTOVER.as_bytes())
}

fn leftover(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(LEFTOVER);
    PathBuf::from(name)
}

fn sync_directory(path: &Path) -> Result<(), FolderError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|directory| directory.sync_all()).map_err(FolderError::io("make durable", path))
}
