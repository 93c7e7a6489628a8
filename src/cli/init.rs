//! `countersign init`: lays a chosen few of the shipped workflows out, with the policies and settings that they need.
//!
//! It must never write over a file, and never leave a part of what was chosen. What is there word for word counts as written.

mod choice;
mod write;

use std::path::{Path, PathBuf};

use choice::{Choice, Chosen};
use serde_json::json;

use super::Stop;
use super::arguments::Init;
use super::screen::{Screen, called};
use super::stop::{BAD_INPUT, DONE};
use super::typed::{folder_flag, quoted};
use crate::Installation;
use crate::folder::Folder;

/// Lists what can be chosen, or lays out what was.
pub(super) async fn init(data: Option<PathBuf>, asked: &Init, screen: &Screen) -> Result<u8, Stop> {
    let choices = choice::shipped()?;
    if asked.with.is_empty() {
        list(&choices, screen);
        return Ok(DONE);
    }
    let chosen = Chosen::of(&choices, &asked.with).map_err(|name| unknown(&name, &choices))?;
    let files = chosen.files();
    write::new_of(&asked.folder, &files)?;
    let path = Folder::resolve(data)?;
    let made = !path.exists();
    if made {
        super::session::told(Installation::create(&path, "init").await, screen)?.close().await;
    }
    let written = write::all(&asked.folder, &files)?;
    screen.document(&json!({
        "folder": asked.folder,
        "written": written,
        "workflows": chosen.workflows.iter().map(|one| one.name()).collect::<Vec<_>>(),
        "needed": chosen.needed,
        "data": path,
        "data_made": made,
    }));
    tell(&asked.folder, &chosen, &written, (&path, made), screen);
    Ok(DONE)
}

fn list(choices: &[Choice], screen: &Screen) {
    let each = |one: &Choice| json!({"name": one.name(), "about": one.about()});
    screen.document(&json!({"choices": choices.iter().map(each).collect::<Vec<_>>()}));
    let width = choices.iter().map(|one| one.name().len()).max().unwrap_or_default();
    for one in choices {
        screen.say_wrapped(&format!("{:width$}  ", one.name()), one.about());
    }
    screen.say("");
    screen.say_wrapped("choose with  ", &format!("{} init DIR --with NAME [--with NAME ...]", called()));
}

fn tell(folder: &Path, chosen: &Chosen<'_>, written: &[PathBuf], (data, made): (&Path, bool), screen: &Screen) {
    for path in written {
        screen.say(format!("written      {}", path.display()));
    }
    if written.is_empty() {
        screen.say("written      nothing: every file is there already, word for word");
    }
    for (name, why) in &chosen.needed {
        screen.say_wrapped("with it      ", &format!("{name}, {why}"));
    }
    let made = if made { "made" } else { "there already; its settings stay as they are" };
    screen.say_wrapped("data folder  ", &format!("{}, {made}", data.display()));
    let (called, flag) = (called(), folder_flag(data));
    let shown = quoted(&folder.display().to_string());
    screen.say("\nnext");
    screen
        .say(format!("  {called} lint {shown} --settings {}", quoted(&format!("{}/settings.toml", folder.display()))));
    screen.say(format!("  {called} activate {shown}{flag}"));
    for one in &chosen.workflows {
        if let Some(settings) = one.needed_settings() {
            screen.say_wrapped("  # needs ", &settings);
        }
        for inputs in requests(one, &chosen.workflows) {
            screen.say(format!("  {called} run {}{inputs}{flag}", one.name()));
        }
    }
}

/// The inputs of each request of a workflow: one for each subject of the others that it makes.
fn requests(one: &Choice, others: &[&Choice]) -> Vec<String> {
    let mut requests = vec![String::new()];
    for input in one.needed_inputs() {
        let mut values = one.inputs_for(input, others);
        if values.is_empty() {
            values.push("VALUE".to_owned());
        }
        let with =
            |value: &String| requests.iter().map(|request| format!("{request} --input {input}={value}")).collect();
        requests = values.iter().flat_map(|value| -> Vec<String> { with(value) }).collect();
    }
    requests
}

fn unknown(name: &str, choices: &[Choice]) -> Stop {
    let near = choices.iter().map(|one| (strsim::damerau_levenshtein(name, one.name()), one.name())).min();
    let help = match near {
        Some((distance, near)) if distance <= (near.len() / 3).max(1) => format!("did you mean `{near}`?"),
        _ => "`countersign init` lists what can be chosen".to_owned(),
    };
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    Stop::new(BAD_INPUT, "init.unknown_workflow", format!("no shipped workflow is named `{shown}`"), help)
}

#[cfg(test)]
mod tests;
