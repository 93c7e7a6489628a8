//! `countersign status`: what there is, what is due, and what needs a person.

mod run;
mod subject;
mod subjects;
mod watch;

use std::path::PathBuf;

use countersign_warrant::{ResourceName, RunId};

use super::Stop;
use super::arguments::Status;
use super::house::House;
use super::near;
use super::screen::Screen;
use super::stop::BAD_INPUT;
use crate::folder::Folder;
use crate::store::StoredVersion;

/// Shows everything, one run, one subject, or what one team answers for.
pub(super) async fn status(data: Option<PathBuf>, asked: &Status, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    if asked.watch {
        return watch::watch(&path, asked, screen).await;
    }
    show(&House::look(&path).await?, asked, screen).await
}

async fn show(house: &House, asked: &Status, screen: &Screen) -> Result<u8, Stop> {
    let Some(of) = &asked.of else { return subjects::all(house, asked, screen).await };
    if let Ok(subject) = of.parse::<ResourceName>() {
        return subject::one(house, &subject, screen).await;
    }
    match of.parse::<RunId>() {
        Ok(run) => run::one(house, &run, screen).await,
        Err(_) => Err(nothing(house, of).await),
    }
}

/// That there is no run and no subject of that name; with the one that was perhaps meant.
pub(super) async fn nothing(house: &House, of: &str) -> Stop {
    let store = &house.reading.store;
    let subjects = store.subjects().await.unwrap_or_default();
    let runs = store.runs(200).await.unwrap_or_default();
    let named: Vec<ResourceName> = house.workflows().filter_map(|one| house.subject_of(one)).collect();
    let known: Vec<&str> = subjects
        .iter()
        .chain(&named)
        .map(ResourceName::as_str)
        .chain(runs.iter().flat_map(|run| [run.id.as_str(), run.subject.as_str()]))
        .collect();
    let help = near::help(of, known.iter().copied(), "`countersign status` lists runs and subjects");
    let shown: String = of.chars().filter(|c| !c.is_control()).take(80).collect();
    Stop::new(BAD_INPUT, "status.not_found", format!("there is no run and no subject `{shown}`"), help)
}

fn version_row(version: &StoredVersion) -> serde_json::Value {
    serde_json::json!({
        "version": version.id,
        "stage": version.stage,
        "expires_at": version.expires_at,
        "sealed_at": version.sealed_at,
    })
}
