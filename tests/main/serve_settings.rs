//! SIGHUP: settings are read again, and wrong ones harm nothing.

use std::fs;

use serde_json::Value;

use crate::folder::Folder;
use crate::logged::settings;
use crate::notify::listening;

/// Broken settings are drawn, the old ones stay, and the work goes on; good ones come into force.
#[test]
fn settings_are_read_again_and_broken_ones_are_not_taken() {
    let folder = Folder::toured();
    let good = fs::read_to_string(folder.path("settings.toml")).unwrap();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    fs::write(folder.path("settings.toml"), good.replace("[connectors.local]", "[connectors.local")).unwrap();
    serving.signal("HUP");
    serving.reaches("the settings were not taken; what was in force stays");
    fs::remove_file(folder.path("settings.toml")).unwrap();
    serving.signal("HUP");
    serving.reaches("the settings were not taken; what was in force stays");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    // The log and the heartbeat follow at once.
    let (port, heard) = listening(204);
    fs::write(folder.path("settings.toml"), &good).unwrap();
    serving.signal("HUP");
    serving.reaches("the settings were read again, and are in force");
    let webhook = format!("\n[webhooks.watchman]\nurl = \"http://127.0.0.1:{port}/\"\n");
    settings(&folder, &webhook);
    settings(&folder, "[log]\nlevel = \"info\"\n[heartbeat]\nwebhook = \"watchman\"\nevery = \"1s\"\n");
    serving.signal("HUP");
    serving.reaches("the log is in force; serve again for what else has changed: webhooks");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    serving.signal("TERM");
    let told = serving.end().ended(0);
    told.says(&["settings.syntax", "settings.unreadable", "run closed"]);
    assert!(heard.lock().unwrap().is_empty(), "a webhook that was not there when it began");
    let mut serving = folder.start(&["serve", "--json"]);
    serving.reaches("\"serving\"");
    let text = fs::read_to_string(folder.path("settings.toml")).unwrap();
    fs::write(folder.path("settings.toml"), text.replace("every = \"1s\"", "every = \"1y\"")).unwrap();
    serving.signal("HUP");
    let line: Value = serde_json::from_str(&serving.line("\"settings\"")).unwrap();
    assert_eq!((&line["kind"], &line["code"]), (&"settings".into(), &"settings.invalid".into()), "{line}");
    assert_eq!(line["diagnostics"][0]["code"], "settings.value", "{line}");
    // The next process has them in force.
    crate::heartbeat::until(&heard, 1);
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}
