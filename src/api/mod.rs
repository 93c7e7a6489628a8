//! The HTTP interface of a process that serves: requests, answers, brakes, activations. In this version it is spoken on the folder's
//! socket alone.
//!
//! JSON both ways; what goes wrong is told as RFC 9457 problem details, with our stable code. What a run did is read from the
//! store, and is not told here.
//!
//! This room must never: decide anything; open material; answer somebody whom it has not asked who they are.
//!
//! Read first: [`router`], [`Problem`], [`Socket`].

mod activations;
mod brakes;
mod problem;
mod runs;
mod socket;
mod vitals;

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::serve::Handle;

pub use activations::{Activation, MadeCurrent, NamedFile};
pub use brakes::Braking;
pub use problem::Problem;
pub(crate) use runs::REASON_MAX;
pub use runs::{Answer, Begun, Wanted};
pub use socket::{Socket, SocketError, path_of};
pub use vitals::{ListenError, Listener, Vitals};

/// The largest body of a request, in bytes: a whole set of files may come in one.
const BODY_MAX: usize = 64 << 20;

/// How long a request may take, its body included: targets are asked before a run is begun.
const ANSWERED_WITHIN: Duration = Duration::from_secs(100);

/// What handlers are given.
#[derive(Clone)]
struct State {
    handle: Handle,
}

/// The routes.
pub fn router(handle: Handle) -> Router {
    Router::new()
        .route("/v1", get(about))
        .route("/v1/runs", post(runs::begin))
        .route("/v1/runs/{run}/answer", post(runs::answer))
        .route("/v1/brakes", post(brakes::turn))
        .route("/v1/activations", post(activations::make))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn(in_bounds))
        .with_state(State { handle })
}

/// Refuses a body by the length that it says, before any of it is read, and a request that takes too long.
async fn in_bounds(request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_MAX as u64) {
        let detail = format!("a body has at most {BODY_MAX} bytes");
        return Problem::new("api.too_large", detail, None).into_response();
    }
    match tokio::time::timeout(ANSWERED_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new("api.too_slow", "the request took too long", None).into_response(),
    }
}

/// Who answers.
async fn about() -> Json<Value> {
    Json(json!({"service": "countersign", "version": env!("CARGO_PKG_VERSION"), "pid": std::process::id()}))
}
