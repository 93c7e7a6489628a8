//! `countersign fmt`: lays workflow files out as the shipped ones are.
//!
//! It must never change what a file says, write a file that it could not read, or write any when one is wrong.

mod layout;
mod order;

pub(super) use layout::{PAGE, laid_out};

use std::io::Write as _;
use std::path::{Path, PathBuf};

use countersign_kernel::diagnostic::Diagnostic;
use serde_json::json;

use super::Stop;
use super::arguments::Fmt;
use super::screen::Screen;
use super::stop::{BAD_INPUT, DONE, FAILED};
use crate::scheduler::{FileSet, SetFile, Unread};

/// One file whose layout is another one than it should be.
struct Other<'f> {
    file: &'f SetFile,
    text: String,
}

/// Lays the files out, or with `--check` only says which are not.
pub(super) fn fmt(asked: &Fmt, screen: &Screen) -> Result<u8, Stop> {
    let mut files = FileSet::default();
    for path in &asked.paths {
        files.extend(FileSet::read(path));
    }
    if files.workflows.is_empty() && files.unread.is_empty() {
        let help = "workflows end in `.yaml` or `.yml`; policies are not laid out by this version";
        return Err(Stop::new(BAD_INPUT, "fmt.nothing", "there is no workflow file to lay out", help));
    }
    let others = others(&files).map_err(|found| {
        screen.document(&json!({"diagnostics": found}));
        if !screen.json {
            screen.diagnostics(&found, &|path| files.text(path));
            screen.say("no file was written");
        }
        Stop::told(BAD_INPUT, "fmt.refused")
    })?;
    if !asked.check {
        for other in &others {
            write(other)?;
        }
    }
    tell(&files, &others, asked.check, screen);
    Ok(if asked.check && !others.is_empty() { FAILED } else { DONE })
}

/// The files whose layout differs, or what could not be read and every error of every file.
fn others(files: &FileSet) -> Result<Vec<Other<'_>>, Vec<Diagnostic>> {
    let mut others = Vec::new();
    let mut found: Vec<Diagnostic> = files.unread.iter().map(Unread::to_diagnostic).collect();
    for file in &files.workflows {
        match laid_out(&file.path, &file.bytes) {
            Ok(text) if text.as_bytes() == file.bytes => {}
            Ok(text) => others.push(Other { file, text }),
            Err(errors) => found.extend(errors),
        }
    }
    if found.is_empty() { Ok(others) } else { Err(found) }
}

fn tell(files: &FileSet, others: &[Other<'_>], check: bool, screen: &Screen) {
    let named: Vec<&str> = others.iter().map(|other| other.file.path.as_str()).collect();
    screen.document(&json!({"files": files.workflows.len(), "changed": named, "written": !check}));
    for path in &named {
        screen.say(format!("{}{path}", if check { "would change  " } else { "changed  " }));
    }
    let all = if files.workflows.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.workflows.len()) };
    screen.say(match (named.len(), check) {
        (0, _) => format!("{all}: laid out as they should be"),
        (count, true) => format!("{all}: {count} would change"),
        (count, false) => format!("{all}: {count} changed"),
    });
}

// CRASH: until the new text has its name the old file is there, whole.
fn write(other: &Other<'_>) -> Result<(), Stop> {
    let path = Path::new(&other.file.path);
    let failed = |error: std::io::Error| {
        let text = format!("`{}` cannot be written: {error}", path.display());
        Stop::new(
            FAILED,
            "fmt.write",
            text,
            "make room, or give yourself the right to write there; the file is as it was",
        )
    };
    // WHY: a link stays one, and what it leads to is written.
    let real = path.canonicalize().map_err(failed)?;
    if std::fs::read(&real).map_err(failed)? != other.file.bytes {
        let text = format!("`{}` changed while it was laid out", path.display());
        return Err(Stop::new(FAILED, "fmt.changed", text, "run the command again; nothing was written over"));
    }
    let new = beside(&real);
    let written = (|| {
        let mut file = std::fs::File::create_new(&new)?;
        file.set_permissions(std::fs::metadata(&real)?.permissions())?;
        file.write_all(other.text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &real)
    })();
    written.map_err(|error| {
        // WHY: what was not renamed is ours, or was there before and is named in the error.
        if error.kind() != std::io::ErrorKind::AlreadyExists {
            let _ = std::fs::remove_file(&new);
        }
        failed(error)
    })
}

/// A name in the same folder that no command reads as a workflow.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}
