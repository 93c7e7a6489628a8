//! `countersign why`: what made a run what it is, and what makes a subject's next run what it will be.
//!
//! It must never guess: each reason is an entry's, a row's, or what planning says now.

mod run;
mod subject;

use std::path::PathBuf;

use countersign_warrant::{ResourceName, RunId};

use super::Stop;
use super::arguments::Why;
use super::house::House;
use super::screen::Screen;
use super::status::nothing;
use crate::folder::Folder;

/// Explains a run, or a subject.
pub(super) async fn why(data: Option<PathBuf>, asked: &Why, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    let house = House::look(&path).await?;
    if let Ok(subject) = asked.of.parse::<ResourceName>() {
        return subject::explain(&house, (path, &subject), asked.no_look, screen).await;
    }
    match asked.of.parse::<RunId>() {
        Ok(run) => run::explain(&house, &run, screen).await,
        Err(_) => Err(nothing(&house, &asked.of).await),
    }
}
