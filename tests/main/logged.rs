//! The log of a process that serves: what happened, with listed fields alone.

use std::fs;

use serde_json::Value;

use crate::folder::{Folder, Running};

/// Adds to the settings.
pub(crate) fn settings(folder: &Folder, more: &str) {
    let settings = fs::read_to_string(folder.path("settings.toml")).unwrap();
    fs::write(folder.path("settings.toml"), settings + more).unwrap();
}

/// Serves while a run is asked for; what stands on standard error.
fn log(folder: &Folder, environment: &[(&str, &str)]) -> String {
    let mut command = folder.command(&["serve"]);
    command.envs(environment.iter().copied());
    let mut serving = Running::of(command);
    serving.reaches("serving");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    serving.reaches("reporting: done:");
    serving.signal("TERM");
    serving.end().ended(0).err
}

/// The settings say how much is logged, and how; the environment outweighs them, and nothing says nothing.
#[test]
fn the_settings_say_what_is_logged_and_the_environment_outweighs_them() {
    let folder = Folder::toured();
    assert_eq!(
        log(&folder, &[]),
        "stopping at the next safe point; once more ends it at once, and leaves the run open\n"
    );
    settings(&folder, "\n[log]\nlevel = \"info\"\nformat = \"json\"\n");
    let text = log(&folder, &[]);
    let lines: Vec<Value> =
        text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |words: &str| lines.iter().find(|line| line["fields"]["message"] == words);
    let closed = said("run closed").unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&closed["level"], &closed["fields"]["outcome"]), (&"INFO".into(), &"done".into()), "{closed}");
    assert_eq!(closed["fields"]["workflow"], "rotate-reporting-key");
    assert_eq!(said("run begun").unwrap()["fields"]["run"], closed["fields"]["run"]);
    assert_eq!(said("serving").unwrap()["fields"]["triggers"], 7);
    assert!(said("run waits").is_some() && said("entry of a run").is_none(), "{text}");
    let text = log(&folder, &[("COUNTERSIGN_LOG_FORMAT", "text"), ("COUNTERSIGN_LOG", "debug")]);
    assert!(text.contains("run closed") && text.contains("entry of a run") && !text.contains('{'), "{text}");
    let text = log(&folder, &[("COUNTERSIGN_LOG", "off")]);
    assert!(!text.contains("run closed"), "{text}");
}

#[test]
fn settings_of_the_log_that_are_none_are_drawn() {
    let folder = Folder::toured();
    settings(
        &folder,
        "\n[log]\nlevel = \"loud\"\nformat = \"xml\"\n[heartbeat]\nwebhook = \"nobody\"\nevery = \"1ms\"\n",
    );
    let told = folder.run(&["serve"]).ended(2);
    told.says(&["`loud` is not a level of the log", "`xml` is not a format of the log", "settings.unknown_webhook"]);
    told.says(&["there is no webhook `nobody` in this file", "`1ms` is not a time between two heartbeats"]);
}
