//! `settings.toml`: the connector instances and places of one data folder.
//!
//! Reading is strict, and names everything that is wrong at once, each with its place and the way out. Settings hold no
//! secrets, and a change of them is never a trigger.
//!
//! This room must never: guess at a key that it does not know; repeat a value that it refuses for a key that looks like
//! a secret's.
//!
//! Read first: [`Settings`], [`SettingsError`].

mod limits;
mod names;
pub mod pages;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};

use countersign_contract::file;
use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::schedule::Freeze;
use countersign_warrant::Timestamp;
pub use limits::{Breaker, Budget, Budgeted, Limit, Limits, Quarantine};

use crate::telemetry::Log;

/// The days that freezes stand for, by the freeze's name.
pub type Freezes = BTreeMap<String, Vec<Freeze>>;

/// The settings of a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connector instances, by name.
    pub connectors: BTreeMap<String, ConnectorSettings>,
    /// Places, by name.
    pub places: BTreeMap<String, Place>,
    /// The days that a freeze stands for, by its name.
    pub freezes: Freezes,
    /// Where people are told, by the webhook's name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Limits beside those of connectors.
    pub limits: Limits,
    /// What `countersign serve` logs.
    pub log: Log,
    /// Who hears that `countersign serve` does its work.
    pub heartbeat: Option<Heartbeat>,
    /// Until when a clock is believed that says a time years after the last entry.
    pub clock_trusted_until: Option<Timestamp>,
    /// What messages call the file.
    pub file: String,
}

/// Where notices go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// An `https` address, or an `http` one on the loopback.
    pub url: String,
    /// The delivered secret that signs the notices; they are unsigned when `None`.
    pub signed_with: Option<Spot>,
}

/// Who hears, and how often, that a process that serves does its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The webhook's name.
    pub webhook: String,
    /// The time between two heartbeats, in milliseconds, 1,000 to 86,400,000.
    pub every_ms: u64,
}

/// One connector instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSettings {
    /// Which connector it is.
    pub kind: ConnectorKind,
    /// How long one attempt may take, in milliseconds, 1 to 3,600,000; the connector's own limit when `None`.
    pub duration_ms: Option<u64>,
    /// Whose credential its changes are made with; none is asked for when `None`.
    pub operator: Option<Operator>,
    /// How many changes it takes in a time, and at once.
    pub limits: Budgeted,
}

/// The account that a `local` instance makes its changes as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its name in the directory.
    pub account: String,
    /// The delivered file with its key.
    pub key: Spot,
}

/// The connectors of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorKind {
    /// The embedded directory.
    Local,
    /// Delivery to directories.
    Files,
}

impl ConnectorKind {
    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Files => "files",
        }
    }
}

/// What a place's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory that a `files` instance delivers to.
    Directory {
        /// The instance.
        connector: String,
        /// Absolute, or below the data folder; without `..`.
        path: PathBuf,
    },
    /// The target endpoint of a `local` instance, and the client that calls it.
    Endpoint {
        /// The instance.
        connector: String,
        /// Where it listens, on the loopback; port 0 takes a free one.
        address: SocketAddr,
        /// The delivery whose certificate it serves.
        certificate: Spot,
        /// The root certificate that probes and the client trust.
        trust: Spot,
        /// The file with the client's key.
        client_key: Spot,
        /// The file with the password of a second client, which calls as a role.
        role_password: Option<Spot>,
    },
}

/// A file or folder below a place of a `files` connector, such as `client/trust/ca.pem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The place, which is in the settings.
    pub place: String,
    /// Below the place's directory; without `..`.
    pub path: PathBuf,
}

impl Place {
    /// The connector instance that the place belongs to.
    pub fn connector(&self) -> &str {
        match self {
            Self::Directory { connector, .. } | Self::Endpoint { connector, .. } => connector,
        }
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What it says is not taken.
    #[error("`{}` has {} error{}", path.display(), found.len(), if found.len() == 1 { "" } else { "s" })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Its text, to draw the errors on.
        text: String,
        /// Everything that is wrong, in the order of the file.
        found: Vec<Diagnostic>,
    },
}

impl SettingsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "settings.unreadable",
            Self::Invalid { .. } => "settings.invalid",
        }
    }
}

impl Settings {
    /// The commented file that a new data folder begins with.
    pub const fn default_text() -> &'static str {
        include_str!("default.toml")
    }

    /// What the default settings are called, which stand in no file.
    pub const DEFAULTS: &str = "the default settings";

    /// The file in words: its path in backticks.
    pub fn in_words(&self) -> String {
        if self.file == Self::DEFAULTS { self.file.clone() } else { format!("`{}`", self.file) }
    }

    /// Reads and checks a settings file.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let text = file::read_text(path, file::SMALL);
        let text = text.map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text).map_err(|found| SettingsError::Invalid {
            path: path.to_owned(),
            text,
            found,
        })
    }

    /// Checks a settings text; `file` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text. Codes: `settings.syntax`, `.version`, `.unknown_key`,
    /// `.missing_key`, `.type`, `.value`, `.name`, `.secret`, `.path`, `.same_place`, `.unknown_connector`,
    /// `.unknown_place`, `.unknown_webhook`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        read::settings(file, text)
    }
}

/// True when a path below the data folder is the folder itself, or where it keeps its own things.
pub(crate) fn is_reserved(below: &Path) -> bool {
    let first = below.components().find_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    first.is_none_or(|name| {
        let ours = ["keys", "local", "lock", "version", "settings.toml", "control.sock"];
        ours.iter().any(|own| name.eq_ignore_ascii_case(own)) || name.starts_with("countersign.db")
    })
}
