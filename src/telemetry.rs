//! What this process says of itself while it works: events with typed fields, on standard error.
//!
//! Only events of our own crates pass, whatever the level: what a library logs of a statement or a connection may hold
//! anything. Standard output belongs to answers.
//!
//! This room must never: print a value that its author did not type as a field of an event.
//!
//! Read first: [`Verbosity`], [`start`].

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
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

/// How much is said, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbosity {
    level: LevelFilter,
    json: bool,
    colour: bool,
}

impl Verbosity {
    /// From the environment and `--verbose`. `COUNTERSIGN_LOG` is a level and outweighs `verbose`, which means `debug`;
    /// else `warn`. `COUNTERSIGN_LOG_FORMAT` is `text` or `json`. Colour needs a terminal, and no `NO_COLOR`.
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
            Some(text) => named(&text).ok_or(TelemetryError::Level(text))?,
            None if verbose => LevelFilter::DEBUG,
            None => LevelFilter::WARN,
        };
        let json = match said("COUNTERSIGN_LOG_FORMAT").as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => return Err(TelemetryError::Format(other.to_owned())),
        };
        Ok(Self { level, json, colour: terminal && said("NO_COLOR").is_none() })
    }
}

/// Writes this process's events to standard error from now on.
///
/// # Errors
/// When it was started before.
pub fn start(verbosity: &Verbosity) -> Result<(), TelemetryError> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(verbosity.colour);
    let lines = if verbosity.json { lines.json().boxed() } else { lines.boxed() };
    let ours = ours(verbosity.level);
    tracing_subscriber::registry().with(lines.with_filter(ours)).try_init().map_err(TelemetryError::Started)
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
        assert_eq!(of(false, true, &[]).unwrap().level, LevelFilter::WARN);
        assert_eq!(of(true, true, &[("COUNTERSIGN_LOG", "")]).unwrap().level, LevelFilter::DEBUG);
        assert_eq!(of(true, true, &[("COUNTERSIGN_LOG", "error")]).unwrap().level, LevelFilter::ERROR);
        assert!(of(false, true, &[("COUNTERSIGN_LOG_FORMAT", "json")]).unwrap().json);
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
