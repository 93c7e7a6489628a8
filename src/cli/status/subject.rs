//! One subject: where it stands, its versions, its runs.

use countersign_warrant::ResourceName;
use serde_json::json;

use super::{nothing, run, version_row};
use crate::cli::Stop;
use crate::cli::house::House;
use crate::cli::screen::{Screen, called};
use crate::cli::spans::{away, glued, instant, span};
use crate::cli::standing::{Generation, Standing, Standings, WindowNow};
use crate::cli::stop::DONE;
use crate::cli::tell::seconds;
use crate::store::StoredVersion;

/// How many runs are listed.
const RUNS_MAX: u32 = 20;

/// Shows one subject.
pub(super) async fn one(house: &House, subject: &ResourceName, screen: &Screen) -> Result<u8, Stop> {
    let store = &house.reading.store;
    let versions = store.versions(subject).await?;
    let holder = store.holder(subject).await?;
    let runs = run::told(store, store.runs_of_subject(subject, RUNS_MAX).await?).await?;
    let standing = Standings::gather(house).await?.of(subject).await?;
    if versions.is_empty() && runs.is_empty() && standing.workflows.is_empty() {
        return Err(nothing(house, subject.as_str()).await);
    }
    let mut document = json!(standing);
    document["held_by"] = json!(holder);
    document["versions"] = versions.iter().map(version_row).collect();
    document["runs"] = runs.iter().map(run::row).collect();
    document["set"] = house.set_row();
    screen.document(&document);
    screen.say(subject.as_str());
    tell(house, &standing, screen);
    house.tell_set(screen);
    if !versions.is_empty() {
        screen.say("");
        screen.say("secret versions");
        for version in &versions {
            tell_version(version, screen);
        }
    }
    if !runs.is_empty() {
        screen.say("");
        screen.say("runs, newest first");
        for one in &runs {
            run::tell(one, screen);
        }
    }
    screen.say("");
    screen.say(format!("what is due and why: {} why {subject}", called()));
    screen.say(format!("the whole story: countersign evidence show {subject}"));
    Ok(DONE)
}

fn tell(house: &House, standing: &Standing, screen: &Screen) {
    let line = |first: &str, text: &str| screen.say_wrapped(&format!("  {first:<9} "), text);
    match &standing.owner {
        Some(owner) => line("owner", &owner.words()),
        None => line("owner", "nobody: no activated workflow is for it"),
    }
    if !standing.workflows.is_empty() {
        line("workflow", &standing.workflows.join(", "));
    }
    match &standing.current {
        Some(current) => line("current", &generation(house, current)),
        None => line("current", "no version is in use"),
    }
    if let Some(oldest) = &standing.oldest {
        let text = format!(
            "version {} ({}), sealed {} ago at {}",
            oldest.version.number,
            oldest.stage.as_str(),
            span(oldest.age_secs),
            seconds(&oldest.sealed_at.to_string())
        );
        line("oldest", &text);
    }
    match &standing.due {
        Some(due) => {
            let at = instant(house.now, due.at, &due.local);
            line("next due", &format!("{at}: {} of {}", due.trigger.as_str(), due.workflow));
        }
        None => line("next due", "nothing by the clock"),
    }
    match &standing.window {
        Some(window) => line("window", &opening(house, window)),
        None => line("window", "changes may begin at any time"),
    }
    match &standing.evidence {
        Some(sealed) => {
            let size = sealed.checkpoint_size.map(|size| format!(", checkpoint of size {size}")).unwrap_or_default();
            let at = seconds(&sealed.at.to_string());
            line("evidence", &format!("entry {} at {at}{size}", sealed.entry));
        }
        None => line("evidence", "no run has bound its entries to a signed checkpoint yet"),
    }
    if standing.blocked.is_empty() {
        line("blocked", "by nothing");
    }
    for block in &standing.blocked {
        line("blocked", &format!("{} {}", block.kind.word(), block.message));
        if let Some(next) = &block.next {
            line("", &format!("next: {next}"));
        }
    }
}

fn generation(house: &House, current: &Generation) -> String {
    let since =
        current.since.map(|since| format!(" since {} ({})", seconds(&since.to_string()), away(house.now, since)));
    let until =
        current.expires_at.map(|end| format!(", until {} ({})", seconds(&end.to_string()), away(house.now, end)));
    format!("version {}{}{}", current.version.number, since.unwrap_or_default(), until.unwrap_or_default())
}

fn opening(house: &House, window: &WindowNow) -> String {
    let until = format!("until {} ({})", seconds(&window.closes_at.to_string()), glued(&window.closes_local));
    if window.is_open {
        return format!("open, {until}");
    }
    format!("shut; opens {}", instant(house.now, window.opens_at, &window.opens_local))
}

fn tell_version(version: &StoredVersion, screen: &Screen) {
    let end = version.expires_at.map(|at| format!(", expires {}", seconds(&at.to_string())));
    let sealed = seconds(&version.sealed_at.to_string());
    let text = format!("{:<8} sealed {sealed}{}", version.stage.as_str(), end.unwrap_or_default());
    screen.say_wrapped(&format!("  {:<4} ", format!("@{}", version.id.number)), &text);
}
