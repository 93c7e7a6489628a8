//! `countersign pause`, and `resume` of what was paused: brakes on everything, on a connector, or on a subject.

use std::path::PathBuf;

use countersign_kernel::run::bodies::BrakeScope;
use serde_json::json;

use super::Stop;
use super::arguments::{At, Pause};
use super::owner::Owner;
use super::screen::Screen;
use super::session::open;
use super::stop::{BAD_INPUT, DONE};
use crate::api::{Braking, REASON_MAX};
use crate::folder::Folder;
use crate::serve::{Braked, Turned, turn};

/// Keeps changes from beginning, and from going on.
pub(super) async fn pause(data: Option<PathBuf>, asked: &Pause, screen: &Screen) -> Result<u8, Stop> {
    let scope = scope(&asked.at)?;
    let turned =
        turned(data, Braked { scope: scope.clone(), lift: false, reason: asked.reason.clone() }, screen).await?;
    screen.document(&json!({"paused": scope, "changed": turned.changed, "entries": turned.entries}));
    let entry = turned.entries.first().map(ToString::to_string).unwrap_or_default();
    if turned.changed {
        screen.say(format!("{scope}: paused, as {entry}"));
        let text = "no run begins there, and no change is granted, undos included; runs stand at safe points";
        screen.say_wrapped("  ", text);
    } else {
        screen.say(format!("{scope}: was paused before, as {entry}"));
    }
    screen.say(format!("  next: countersign resume {}", words_of(&scope)));
    Ok(DONE)
}

/// Lifts every brake that is on there.
pub(super) async fn lift(data: Option<PathBuf>, (at, reason): (&At, &str), screen: &Screen) -> Result<u8, Stop> {
    let scope = scope(at)?;
    let turned = turned(data, Braked { scope: scope.clone(), lift: true, reason: reason.to_owned() }, screen).await?;
    screen.document(&json!({"resumed": scope, "entries": turned.entries}));
    let entries: Vec<String> = turned.entries.iter().map(ToString::to_string).collect();
    screen.say(format!("{scope}: resumed, as {}", entries.join(", ")));
    let text = "what it kept is begun and carried on by `countersign serve`, or by the next `countersign run`";
    screen.say_wrapped("  ", text);
    Ok(DONE)
}

/// Sets or lifts it: here, or by the process that serves the folder.
async fn turned(data: Option<PathBuf>, wanted: Braked, screen: &Screen) -> Result<Turned, Stop> {
    if wanted.reason.trim().is_empty() || wanted.reason.len() > REASON_MAX {
        let text = format!("a reason has 1 to {REASON_MAX} bytes");
        return Err(Stop::new(BAD_INPUT, "answer.reason", text, "say in a sentence what you know"));
    }
    let path = Folder::resolve(data)?;
    if let Some(owner) = Owner::of(&path).await? {
        let Braked { scope, lift, reason } = wanted;
        return owner.brake(&Braking { scope, lift, reason }).await;
    }
    let installation = open(Some(path), if wanted.lift { "resume" } else { "pause" }, screen).await?;
    let turned = async {
        let by = installation.asker().await?;
        Ok::<_, Stop>(turn(&installation, &wanted, &by).await?)
    }
    .await;
    installation.close().await;
    turned
}

fn scope(at: &At) -> Result<BrakeScope, Stop> {
    match (&at.connector, &at.subject) {
        (Some(name), _) => Ok(BrakeScope::Connector(name.clone())),
        (_, Some(name)) => name.parse().map(BrakeScope::Subject).map_err(|_| {
            let help = "a subject is CONNECTOR/KIND/NAME, as `countersign status` lists them; nothing was changed";
            Stop::new(BAD_INPUT, "brake.no_subject", format!("`{name}` is not the name of a subject"), help)
        }),
        (None, None) => Ok(BrakeScope::All),
    }
}

/// The flag that names the scope.
pub(super) fn words_of(scope: &BrakeScope) -> String {
    match scope {
        BrakeScope::All => "--all".to_owned(),
        BrakeScope::Connector(name) => format!("--connector {name}"),
        BrakeScope::Subject(name) => format!("--subject {name}"),
    }
}
