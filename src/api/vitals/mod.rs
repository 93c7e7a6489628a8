//! What a process that serves shows those who watch over it: `/healthz`, `/readyz`, `/metrics`, on an address of its own.
//!
//! Whoever can reach the address may read it, so it says how many and how old, never of whom: no subject, person, run or secret
//! is named in it. What is counted is counted since the process began; what there is at this moment is asked of the store with
//! each scrape, which costs what is live.
//!
//! This room must never: take anything but a `GET`; change anything; wait for a caller who is slow.
//!
//! Read first: [`Vitals`], [`Listener`].

mod counters;
mod gauges;
mod listener;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use countersign_warrant::Stamped;
use prometheus_client::encoding::{prometheus_text, text};

use super::problem::{self, Problem};
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::serve::{Pulse, Said};
use crate::store::Store;
use crate::telemetry::with_causes;
use counters::Counters;
use counters::Workflows;
use gauges::Gauges;
pub use listener::{ListenError, Listener};

/// What is counted of a server, and what it is asked for. Cheap to clone.
#[derive(Clone)]
pub struct Vitals {
    counters: Arc<Counters>,
    ledger: Arc<Ledger>,
    store: Store,
    clock: Arc<dyn Clock>,
    pulse: Pulse,
}

impl Vitals {
    /// Of a server with that pulse, nothing counted yet.
    pub fn new(ledger: Arc<Ledger>, clock: Arc<dyn Clock>, pulse: Pulse) -> Self {
        let store = ledger.store().clone();
        Self { counters: Arc::new(Counters::new(clock.now())), ledger, store, clock, pulse }
    }

    /// Counts an entry of a run of that workflow.
    pub fn entry(&self, entry: &Stamped, workflow: &str) {
        self.counters.entry(entry, workflow, &self.pulse.owners());
    }

    /// Counts what the server tells of itself.
    pub fn said(&self, said: &Said) {
        self.counters.said(said);
    }

    async fn metrics(&self, open_metrics: bool) -> Result<String, Problem> {
        let ready = self.pulse.confirm(&self.ledger, &*self.clock).await.is_ok();
        let gauges = Gauges::ask(&self.store, self.ledger.extent(), &self.pulse, self.clock.now()).await;
        let registry = gauges.map_err(|error| Problem::new(error.code(), with_causes(&error), None))?.registry(ready);
        let mut written = String::new();
        let counted = self.counters.registry();
        let encoded = if open_metrics {
            text::encode_registry(&mut written, counted)
                .and_then(|()| text::encode_registry(&mut written, &registry))
                .and_then(|()| text::encode_eof(&mut written))
        } else {
            prometheus_text::encode(&mut written, counted)
                .and_then(|()| prometheus_text::encode(&mut written, &registry))
        };
        encoded.map_err(|_| Problem::new("metrics.encode", "the metrics could not be written", None))?;
        Ok(written)
    }
}

/// The three routes.
fn router(vitals: Vitals) -> Router {
    Router::new()
        .route("/healthz", get(lives))
        .route("/readyz", get(is_ready))
        .route("/metrics", get(metrics))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(vitals)
}

async fn lives() -> &'static str {
    "the process lives\n"
}

async fn is_ready(State(vitals): State<Vitals>) -> Response {
    match vitals.pulse.confirm(&vitals.ledger, &*vitals.clock).await {
        Ok(()) => "it does its work\n".into_response(),
        Err(why) => Problem::unready(why.code(), with_causes(&why)).into_response(),
    }
}

/// As `OpenMetrics` to whoever asks for it, else in the text format of Prometheus.
async fn metrics(State(vitals): State<Vitals>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let open_metrics = accepted.contains("application/openmetrics-text");
    let media = if open_metrics {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        prometheus_text::CONTENT_TYPE
    };
    match vitals.metrics(open_metrics).await {
        Ok(written) => ([(header::CONTENT_TYPE, media)], written).into_response(),
        Err(problem) => problem.into_response(),
    }
}
