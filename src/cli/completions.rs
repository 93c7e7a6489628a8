//! `countersign completions`: what a shell needs to complete the command line, made from the command line itself.

use clap::CommandFactory as _;
use clap_complete::generate;
use serde_json::json;

use super::arguments::{Arguments, Completions};
use super::screen::Screen;
use super::stop::DONE;

/// Prints the script of a shell; with `--json`, as the text of a document.
pub(super) fn completions(asked: &Completions, screen: &Screen) -> u8 {
    let mut script = Vec::new();
    generate(asked.shell, &mut Arguments::command(), "countersign", &mut script);
    let script = String::from_utf8_lossy(&script);
    if screen.json {
        screen.document(&json!({"shell": asked.shell.to_string(), "script": script}));
    } else {
        Screen::raw(&script);
    }
    DONE
}
