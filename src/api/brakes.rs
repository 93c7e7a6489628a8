//! `POST /v1/brakes`.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use countersign_kernel::run::bodies::BrakeScope;
use serde::{Deserialize, Serialize};

use super::problem::{Body, Problem, stranger};
use super::runs::REASON_MAX;
use super::socket::Caller;
use crate::serve::{Braked, Turned};

/// A brake that is to be set, or lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Braking {
    /// Where.
    pub scope: BrakeScope,
    /// Whether every brake that is on there is lifted; else it is paused.
    #[serde(default)]
    pub lift: bool,
    /// Why.
    pub reason: String,
}

pub(super) async fn turn(
    State(state): State<super::State>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    body: Body<Braking>,
) -> Result<Json<Turned>, Problem> {
    let by = caller.name().ok_or_else(stranger)?;
    let Json(Braking { scope, lift, reason }) = body?;
    if reason.trim().is_empty() || reason.len() > REASON_MAX {
        return Err(Problem::new("answer.reason", format!("a reason has 1 to {REASON_MAX} bytes"), None));
    }
    Ok(Json(state.handle.brake(Braked { scope, lift, reason }, by).await?))
}
