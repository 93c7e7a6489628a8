//! `POST /v1/activations`.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem, stranger};
use super::socket::Caller;
use crate::scheduler::{FileSet, SetFile};
use crate::serve::Activated;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// Its path below the activated folder.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The files that are to be current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// Workflows.
    pub workflows: Vec<NamedFile>,
    /// Policies.
    pub policies: Vec<NamedFile>,
    /// The commit of git that they are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A set that is current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeCurrent {
    /// The entry.
    pub activation: countersign_warrant::EntryId,
    /// False when it was current before.
    pub changed: bool,
    /// The workflows that the clock starts.
    pub scheduled: Vec<String>,
    /// The files of workflows that were current before, and are no more.
    pub gone: Vec<String>,
}

pub(super) async fn make(
    State(state): State<super::State>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    body: Body<Activation>,
) -> Result<Json<MadeCurrent>, Problem> {
    let by = caller.name().ok_or_else(stranger)?;
    let Json(Activation { workflows, policies, commit }) = body?;
    let of = |files: Vec<NamedFile>| {
        files.into_iter().map(|file| SetFile { path: file.path, bytes: file.text.into_bytes() }).collect()
    };
    let files = FileSet { workflows: of(workflows), policies: of(policies), ..FileSet::default() };
    let made = state.handle.activate(files, commit, by).await?;
    Ok(Json(made.into()))
}

impl From<Activated> for MadeCurrent {
    fn from(made: Activated) -> Self {
        let Activated { entry, changed, by_clock, gone } = made;
        Self { activation: entry, changed, scheduled: by_clock, gone }
    }
}
