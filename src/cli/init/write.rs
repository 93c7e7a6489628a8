//! Writes new files: all of them, or none.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::stop::{BAD_INPUT, FAILED};

/// Refuses files of which one is there already.
pub(super) fn refuse_taken(folder: &Path, files: &[(&str, &str)]) -> Result<(), Stop> {
    let taken: Vec<String> = files
        .iter()
        .map(|(name, _)| folder.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if !taken.is_empty() {
        let text = format!("{} {} there already", taken.join(", "), if taken.len() == 1 { "is" } else { "are" });
        return Err(Stop::new(BAD_INPUT, "init.exists", text, "name another folder; nothing was written"));
    }
    Ok(())
}

/// Writes the files below a folder; their paths.
///
/// # Errors
/// When one of them is there already, or cannot be written; what was written by then is taken away again.
pub(super) fn all(folder: &Path, files: &[(&str, &str)]) -> Result<Vec<PathBuf>, Stop> {
    refuse_taken(folder, files)?;
    let mut written = Vec::new();
    for (name, text) in files {
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
