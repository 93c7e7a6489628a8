//! Writes new files: all of them, or none.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::stop::{BAD_INPUT, FAILED};

/// Those of the files that are not there yet. One that is there word for word is left as it is.
///
/// # Errors
/// When another one is there under one of their names.
pub(super) fn new_of<'f>(folder: &Path, files: &[(&'f str, &'f str)]) -> Result<Vec<(&'f str, &'f str)>, Stop> {
    let there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    let is_same = |(name, text): &(&str, &str)| {
        let path = folder.join(name);
        let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == text.len() as u64);
        is_file && std::fs::read(&path).is_ok_and(|bytes| bytes == text.as_bytes())
    };
    let (old, new): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| there(name));
    let differing = old.iter().filter(|file| !is_same(file)).map(|(name, _)| folder.join(name));
    let taken: Vec<String> = differing.map(|path| format!("`{}`", path.display())).collect();
    if !taken.is_empty() {
        let are = if taken.len() == 1 { "is there already, and says" } else { "are there already, and say" };
        let text = format!("{} {are} something else", taken.join(", "));
        return Err(Stop::new(BAD_INPUT, "init.exists", text, "name another folder; nothing was written"));
    }
    Ok(new)
}

/// Writes the files below a folder that are not there yet; their paths.
///
/// # Errors
/// When another one is there already, or one cannot be written; what was written by then is taken away again.
pub(super) fn all(folder: &Path, files: &[(&str, &str)]) -> Result<Vec<PathBuf>, Stop> {
    let mut written = Vec::new();
    for (name, text) in new_of(folder, files)? {
        let path = folder.join(name);
        if let Err(error) = one(&path, text) {
            for path in &written {
                // WHY: what cannot be taken away is new, and harms nothing.
                let _ = std::fs::remove_file(path);
            }
            let text = format!("`{}` cannot be written: {error}", path.display());
            return Err(Stop::new(FAILED, "init.write", text, "make room, or name another folder; nothing was kept"));
        }
        written.push(path);
    }
    Ok(written)
}

// CRASH: a file that is cut by a crash is refused by `lint`, and by the next `init` for being there.
fn one(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create_new(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}
