//! Traces for a collector: a span for each run and one for each of its steps, over OTLP, where the environment names an endpoint.
//!
//! What is not on the list of fields does not leave here either. All parts of a run, before and after its waits, are one trace,
//! whose id is the first half of the SHA-256 of the run's.

use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use sha2::{Digest as _, Sha256};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::fields::is_written;

/// The variables that name an endpoint; without one of them nothing is sent.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// What spans get from the SDK itself, and holds nothing of ours: how long something was busy, and where in the source it stands.
const OF_THE_SDK: [&str; 7] =
    ["busy_ns", "idle_ns", "code.file.path", "code.module.name", "code.line.number", "target", "level"];

/// Sends spans to the collector that the environment names; nothing where it names none.
///
/// # Errors
/// When the endpoint is no address.
pub(super) fn tracer() -> Result<Option<(SdkTracer, SdkTracerProvider)>, ExporterBuildError> {
    if !ENDPOINTS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return Ok(None);
    }
    let exporter = Listed(opentelemetry_otlp::SpanExporter::builder().with_http().build()?);
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("countersign");
    }
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = resource.with_attribute(version).build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    Ok(Some((provider.tracer("countersign"), provider)))
}

/// The layer that makes spans of ours into the collector's.
pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(tracer: SdkTracer) -> OpenTelemetryLayer<S, SdkTracer> {
    tracing_opentelemetry::layer().with_tracer(tracer).with_threads(false)
}

/// Makes the span a part of the one trace of that run.
pub(super) fn join(span: &Span, run: &str) {
    let digest: [u8; 32] = Sha256::digest(run.as_bytes()).into();
    let (mut trace, mut root) = ([0; 16], [0; 8]);
    trace.copy_from_slice(&digest[..16]);
    root.copy_from_slice(&digest[16..24]);
    let (trace, root) = (TraceId::from_bytes(trace), SpanId::from_bytes(root));
    let whole = SpanContext::new(trace, root, TraceFlags::SAMPLED, true, TraceState::default());
    // WHY: it fails where no layer takes spans; then there is no trace to join.
    let _ = span.set_parent(Context::new().with_remote_span_context(whole));
}

/// An exporter that sends listed fields alone.
#[derive(Debug)]
struct Listed<E>(E);

impl<E: SpanExporter> SpanExporter for Listed<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let keeps = |one: &KeyValue| is_written(one.key.as_str()) || OF_THE_SDK.contains(&one.key.as_str());
        for span in &mut batch {
            span.attributes.retain(keeps);
            for event in &mut span.events.events {
                event.attributes.retain(keeps);
            }
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
