//! `POST /v1/runs` and `POST /v1/runs/{run}/answer`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use countersign_kernel::plan::Adopting;
use countersign_kernel::run::bodies::PersonAnswer;
use countersign_warrant::{Digest, RunId, VersionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::{Body, Problem, stranger};
use super::socket::Caller;
use crate::runner::{self, PersonsWord};
use crate::serve::{Adopted, Asked};

/// The longest reason, in bytes.
pub(crate) const REASON_MAX: usize = 4096;

/// A request for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The workflow's name.
    pub workflow: String,
    /// Inputs, as texts.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// The event that is reported, where one starts the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The digest of the plan that was looked at: another one changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// Two requests with one key are one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Whether it cannot wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// A file on this machine with a secret that is to be adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Which version at the target the secret is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// `begun`, `known` (a request of the same key made it) or `held` (it holds what the request would need).
    pub how: String,
}

/// A person's answer to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `resume`, `undo` or `abandon`.
    pub answer: PersonAnswer,
    /// Why, in words.
    pub reason: String,
}

pub(super) async fn begin(
    State(state): State<super::State>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    body: Body<Wanted>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let by = caller.name().ok_or_else(stranger)?;
    let Json(request) = body?;
    let Wanted { workflow, inputs, event, plan, idempotency_key, emergency, secret_file, version } = request;
    let adopted = secret_file.map(|path| Adopted { path, adopting: Adopting { version, ..Adopting::default() } });
    let asked = Asked { workflow, inputs, event, plan, idempotency_key, emergency };
    let (status, run, how) = match state.handle.begin(asked, adopted, by).await? {
        runner::Begun::Started(run) => (StatusCode::CREATED, run, "begun"),
        runner::Begun::Known(run) => (StatusCode::OK, run, "known"),
        runner::Begun::Coalesced(run) => (StatusCode::CONFLICT, run, "held"),
    };
    Ok((status, Json(Begun { run, how: how.to_owned() })))
}

pub(super) async fn answer(
    State(state): State<super::State>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Path(run): Path<String>,
    body: Body<Answer>,
) -> Result<Json<Value>, Problem> {
    let by = caller.name().ok_or_else(stranger)?;
    let Json(Answer { answer, reason }) = body?;
    let unknown = |_| Problem::new("run.not_found", format!("there is no run `{run}`"), None);
    let id: RunId = run.parse().map_err(unknown)?;
    if reason.trim().is_empty() || reason.len() > REASON_MAX {
        let detail = format!("a reason has 1 to {REASON_MAX} bytes");
        return Err(Problem::new("answer.reason", detail, None));
    }
    state.handle.answer(id.clone(), PersonsWord { answer, by: String::new(), reason }, by).await?;
    Ok(Json(json!({"run": id, "answered": answer})))
}
