//! `countersign man`: manual pages, made from the command line itself.

use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_mangen::Man as Page;
use serde_json::json;

use super::Stop;
use super::arguments::{Arguments, Man};
use super::screen::{Screen, counted};
use super::stop::{DONE, FAILED};

/// Prints the first page, or writes all of them.
pub(super) fn man(asked: &Man, screen: &Screen) -> Result<u8, Stop> {
    let Some(folder) = &asked.out else {
        let page = first().map_err(|error| unwritten(Path::new("standard output"), &error))?;
        if screen.json {
            screen.document(&json!({"page": page}));
        } else {
            Screen::raw(&page);
        }
        return Ok(DONE);
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.map_err(|error| unwritten(folder, &error))?;
    let pages = pages_in(folder).map_err(|error| unwritten(folder, &error))?;
    screen.document(&json!({"pages": pages}));
    let number = counted(pages.len() as u64, "page", "pages");
    screen.say_wrapped(
        "",
        &format!(
            "{number} in {}: `man -l {}` shows the first",
            folder.display(),
            folder.join("countersign.1").display()
        ),
    );
    Ok(DONE)
}

fn first() -> io::Result<String> {
    let mut page = Vec::new();
    Page::new(Arguments::command().disable_help_subcommand(true)).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn pages_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("countersign"));
        if ours && path.extension().is_some_and(|end| end == "1") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

fn unwritten(to: &Path, error: &io::Error) -> Stop {
    let text = format!("could not write manual pages to `{}`: {error}", to.display());
    Stop::new(FAILED, "man.unwritten", text, "name a folder that you can write in, with `--out DIR`")
}
