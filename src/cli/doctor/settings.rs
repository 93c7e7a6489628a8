//! The settings, and what they name: places, keys of operators, webhooks.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Report;
use crate::cli::screen::counted;
use crate::folder::Folder;
use crate::settings::{Place, Settings, SettingsError, Spot};

/// How long a webhook's host may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the settings; everything that is wrong in them is a fault.
pub(super) fn load(folder: &Folder, report: &mut Report) -> Option<Settings> {
    match Settings::load(&folder.settings_path()) {
        Ok(settings) => {
            let number = |number: usize, one, many| counted(number as u64, one, many);
            let message = format!(
                "they name {}, {} and {}",
                number(settings.connectors.len(), "connector", "connectors"),
                number(settings.places.len(), "place", "places"),
                number(settings.webhooks.len(), "webhook", "webhooks"),
            );
            report.ok("settings", message);
            Some(settings)
        }
        Err(SettingsError::Invalid { path, found, .. }) => {
            for one in found {
                let message = format!("{}:{}: {} [{}]", path.display(), one.line, one.message, one.code);
                report.fault("settings", message, one.help.clone());
            }
            None
        }
        Err(error) => {
            report.stop("settings", &crate::OpenError::Settings(error).into());
            None
        }
    }
}

/// What they name.
pub(super) async fn examine(folder: &Folder, settings: &Settings, report: &mut Report) {
    for (name, place) in &settings.places {
        match place {
            Place::Directory { path, .. } => directory(folder, (name, path), report),
            Place::Endpoint { address, .. } => {
                let message =
                    format!("{name}: the embedded endpoint listens on {address} while a command runs or serves");
                report.ok("places", message);
            }
        }
    }
    let file = |spot: &Spot| match settings.places.get(&spot.place) {
        Some(Place::Directory { path, .. }) => Some(folder.root().join(path).join(&spot.path)),
        _ => None,
    };
    for (name, connector) in &settings.connectors {
        let Some(operator) = &connector.operator else { continue };
        let account = &operator.account;
        if file(&operator.key).is_some_and(|path| is_readable(&path)) {
            report.ok("settings", format!("{name}: the key of its operator {account} is there"));
        } else {
            let message = format!("{name}: the key of its operator {account} is not delivered: it can change nothing");
            let next = "run the workflow that delivers it, or take `operator` out of the settings";
            report.fault("settings", message, next);
        }
    }
    for (name, webhook) in &settings.webhooks {
        if let Some(spot) = &webhook.signed_with
            && !file(spot).is_some_and(|path| is_readable(&path))
        {
            let message = format!("{name}: the secret that signs its notices is not delivered");
            report.warn("webhooks", message, "run the workflow that delivers it: until then no notice is sent there");
        }
        reach(name, &webhook.url, report).await;
    }
}

fn is_readable(path: &Path) -> bool {
    fs::File::open(path).is_ok()
}

/// A folder that secrets are delivered to.
fn directory(folder: &Folder, (name, path): (&str, &Path), report: &mut Report) {
    let whole: PathBuf = folder.root().join(path);
    let shown = whole.display();
    let found = match fs::metadata(&whole) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_relative() => {
            return report.ok("places", format!("{name}: `{shown}` is not there yet, and is made when it is needed"));
        }
        Err(error) => {
            let next = "make the folder, or name another one in the settings";
            return report.fault("places", format!("{name}: `{shown}` cannot be used: {error}"), next);
        }
    };
    let wrong = if !found.is_dir() {
        Some(("is no folder", "name a folder in the settings"))
    } else if found.uid() != nix::unistd::geteuid().as_raw() {
        Some(("belongs to another user", "run Countersign as its owner, or give the folder to this user"))
    } else if found.mode() & 0o002 != 0 {
        Some(("can be written to by everybody", "take the right away: `chmod o-w` it"))
    } else if nix::unistd::access(&whole, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK).is_err() {
        Some(("cannot be written to by this user", "give its owner the right: `chmod u+wx` it"))
    } else {
        None
    };
    match wrong {
        Some((what, next)) => report.fault("places", format!("{name}: `{shown}` {what}"), next),
        None => report.ok("places", format!("{name}: `{shown}` is there, and can be written to")),
    }
}

/// Whether somebody takes connections there; nothing is sent.
async fn reach(name: &str, url: &str, report: &mut Report) {
    let parsed = reqwest::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| Some((url.host_str()?.to_owned(), url.port_or_known_default()?)));
    let Some((host, port)) = host else {
        return report.fault(
            "webhooks",
            format!("{name}: its address names no host"),
            "write it as `https://HOST/PATH`",
        );
    };
    // WHY: an address in brackets is one of IPv6, which the resolver takes without them.
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let connected = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect((bare, port))).await;
    let why = match connected {
        Ok(Ok(_)) => {
            return report.ok("webhooks", format!("{name}: {host}:{port} takes connections; nothing was sent"));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer in {} s", PATIENCE.as_secs()),
    };
    let next = "look at the address and at the network: notices to it would not arrive, and runs would say so";
    report.warn("webhooks", format!("{name}: {host}:{port} takes no connection: {why}"), next);
}
