//! What this process says of itself while it works: events with typed fields, on standard error.
//!
//! Only events of our own crates pass, whatever the level: what a library logs of a statement or a connection may hold
//! anything. Standard output belongs to answers.
//!
//! This room must never: write a field that is not on its list; print a value that its author did not type as one.
//!
//! Read first: [`Verbosity`], [`start`], [`WRITTEN`].

#[cfg(feature = "otlp")]
mod export;
mod fields;
mod lines;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use fields::WRITTEN;
use lines::{Lines, to_standard_error};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Why nothing will be said.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `COUNTERSIGN_LOG` is no level.
    #[error("`COUNTERSIGN_LOG={0}` is no level, which are `off`, `error`, `warn`, `info`, `debug` and `trace`")]
    Level(String),
    /// `COUNTERSIGN_LOG_FORMAT` is no format.
    #[error("`COUNTERSIGN_LOG_FORMAT={0}` is no format, which are `text` and `json`")]
    Format(String),
    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` says is no endpoint.
    #[cfg(feature = "otlp")]
    #[error("traces cannot be sent to the endpoint of the environment")]
    Export(#[source] opentelemetry_otlp::ExporterBuildError),
    /// It was started before.
    #[error("events are already being written")]
    Started(#[source] TryInitError),
}

impl TelemetryError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Level(_) => "telemetry.level",
            Self::Format(_) => "telemetry.format",
            #[cfg(feature = "otlp")]
            Self::Export(_) => "telemetry.export",
            Self::Started(_) => "telemetry.started",
        }
    }
}

/// An error with its causes, each said once.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = source.source();
    }
    text
}

/// How much is said where nobody says how much.
const UNASKED: LevelFilter = LevelFilter::WARN;

/// The levels.
pub const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The forms.
pub const FORMATS: [&str; 2] = ["text", "json"];

/// How much is said, and in which form; `None` where nobody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The least level that is written.
    pub level: Option<LevelFilter>,
    /// Whether lines are JSON.
    pub json: Option<bool>,
}

impl Log {
    /// The level of that name.
    pub fn level_of(text: &str) -> Option<LevelFilter> {
        named(text)
    }

    /// Whether lines of the form of that name are JSON.
    pub fn format_of(text: &str) -> Option<bool> {
        FORMATS.iter().position(|form| *form == text).map(|at| at == 1)
    }
}

/// What the command line and the environment say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbosity {
    log: Log,
    colour: bool,
}

impl Verbosity {
    /// From the environment and `--verbose`. `COUNTERSIGN_LOG` is a level and outweighs `verbose`, which means `debug`;
    /// where neither is there, the settings say it, else it is `warn`. `COUNTERSIGN_LOG_FORMAT` is `text` or `json`. Colour needs a terminal, and no `NO_COLOR`.
    ///
    /// # Errors
    /// When one of the two is set to something else.
    pub fn from_env(verbose: bool) -> Result<Self, TelemetryError> {
        let read = |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        Self::of(verbose, std::io::stderr().is_terminal(), read)
    }

    fn of(verbose: bool, terminal: bool, read: impl Fn(&str) -> Option<String>) -> Result<Self, TelemetryError> {
        let said = |name| read(name).filter(|text| !text.is_empty());
        let level = match said("COUNTERSIGN_LOG") {
            Some(text) => Some(named(&text).ok_or(TelemetryError::Level(text))?),
            None => verbose.then_some(LevelFilter::DEBUG),
        };
        let json = match said("COUNTERSIGN_LOG_FORMAT") {
            Some(text) => Some(Log::format_of(&text).ok_or(TelemetryError::Format(text))?),
            None => None,
        };
        Ok(Self { log: Log { level, json }, colour: terminal && said("NO_COLOR").is_none() })
    }
}

/// Writes this process's events to standard error from now on.
///
/// # Errors
/// When it was started before.
pub fn start(verbosity: &Verbosity) -> Result<Telemetry, TelemetryError> {
    let asked = verbosity.log.clone();
    let json = Arc::new(AtomicBool::new(asked.json.unwrap_or(false)));
    let lines = Lines { json: Arc::clone(&json), colour: verbosity.colour, out: to_standard_error };
    let (ours, level) = reload::Layer::new(ours(asked.level.unwrap_or(UNASKED)));
    let written = tracing_subscriber::registry().with(lines.with_filter(ours));
    #[cfg(feature = "otlp")]
    let (written, traces) = {
        let traces = export::tracer().map_err(TelemetryError::Export)?;
        let layer =
            traces.as_ref().map(|(tracer, _)| export::layer(tracer.clone()).with_filter(self::ours(LevelFilter::INFO)));
        (written.with(layer), traces.map(|(_, provider)| provider))
    };
    written.try_init().map_err(TelemetryError::Started)?;
    Ok(Telemetry {
        asked,
        json,
        level,
        #[cfg(feature = "otlp")]
        traces,
    })
}

/// The events of this process, which are being written.
#[derive(Debug, Clone)]
pub struct Telemetry {
    asked: Log,
    json: Arc<AtomicBool>,
    level: reload::Handle<Targets, Registry>,
    #[cfg(feature = "otlp")]
    traces: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

/// Makes the span a part of the one trace of that run, where traces are sent.
pub fn join_trace(span: &tracing::Span, run: &str) {
    #[cfg(feature = "otlp")]
    export::join(span, run);
    #[cfg(not(feature = "otlp"))]
    let _ = (span, run);
}

impl Telemetry {
    /// Sends what is left of traces, for five seconds at most.
    pub fn end(&self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = &self.traces {
            // WHY: whoever does not listen is no reason to fail a command that has done its work.
            let _ = tokio::task::block_in_place(|| traces.shutdown());
        }
    }

    /// From now on as the settings say, where neither the command line nor the environment says otherwise.
    pub fn settle(&self, settings: &Log) {
        let level = self.asked.level.or(settings.level).unwrap_or(UNASKED);
        self.json.store(self.asked.json.or(settings.json).unwrap_or(false), Ordering::Relaxed);
        // WHY: it fails only when nothing is written any more.
        let _ = self.level.reload(ours(level));
    }
}

/// `countersign` and the crates whose names begin with it; nothing of anyone else's.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_default(LevelFilter::OFF).with_target("countersign", level)
}

fn named(text: &str) -> Option<LevelFilter> {
    Some(match text {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tracing::Level;

    use super::*;

    fn of(verbose: bool, terminal: bool, set: &[(&str, &str)]) -> Result<Verbosity, TelemetryError> {
        let find = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned());
        Verbosity::of(verbose, terminal, find)
    }

    #[test]
    fn the_environment_outweighs_the_flag_and_what_it_does_not_know_is_refused() {
        let level = |verbose, set: &[(&str, &str)]| of(verbose, true, set).unwrap().log.level;
        assert_eq!(level(false, &[]), None, "the settings may say it");
        assert_eq!(level(true, &[("COUNTERSIGN_LOG", "")]), Some(LevelFilter::DEBUG));
        assert_eq!(level(true, &[("COUNTERSIGN_LOG", "error")]), Some(LevelFilter::ERROR));
        assert_eq!(of(false, true, &[("COUNTERSIGN_LOG_FORMAT", "json")]).unwrap().log.json, Some(true));
        assert_eq!(of(false, true, &[("COUNTERSIGN_LOG_FORMAT", "text")]).unwrap().log.json, Some(false));
        assert!(LEVELS.into_iter().all(|text| named(text).is_some()));
        assert_eq!(of(false, true, &[("COUNTERSIGN_LOG", "sqlx=trace")]).unwrap_err().code(), "telemetry.level");
        assert_eq!(of(false, true, &[("COUNTERSIGN_LOG_FORMAT", "xml")]).unwrap_err().code(), "telemetry.format");
    }

    #[test]
    fn colour_needs_a_terminal_and_no_objection() {
        assert!(of(false, true, &[]).unwrap().colour);
        assert!(!of(false, false, &[]).unwrap().colour);
        assert!(!of(false, true, &[("NO_COLOR", "1")]).unwrap().colour);
    }

    #[test]
    fn nobody_elses_events_pass_at_any_level() {
        let ours = ours(LevelFilter::TRACE);
        assert!(ours.would_enable("countersign::runner", &Level::TRACE));
        assert!(ours.would_enable("countersign_connector_local::act", &Level::TRACE));
        for foreign in ["sqlx::query", "hyper", "rustls::client"] {
            assert!(!ours.would_enable(foreign, &Level::ERROR), "{foreign}");
        }
    }
}
