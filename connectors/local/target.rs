//! A target endpoint for quickstart and tests, and a client that uses it.
//!
//! The endpoint checks bearer keys against the directory's verifiers over TLS, on the loopback. It must never write to
//! an account, keep a key, or answer before a certificate was delivered to it.
//!
//! Read first: [`Target`], [`Client`].

mod consumer;
mod listener;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_contract::{Digest, ResourceName, Timestamp, VersionId, clock};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Account, Directory, Key};
use crate::https::{Caller, PROBE_HEADER};
use crate::{token, webhook};
pub use consumer::{Client, ClientConfig, Counts};

/// The use of a key is noted again after this time, in microseconds.
const NOTE_AGAIN_MICROS: i64 = 100_000;

/// How long calls under way may take when the endpoint stops.
const STOP_TIME: Duration = Duration::from_secs(2);

/// What an endpoint serves, and where.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// The folder of the `local` instance whose accounts may call.
    pub root: PathBuf,
    /// A delivery with `certificate.pem` (leaf first) and `key.pem` (PKCS#8). It need not be there yet; a
    /// replaced one is taken up at the next connection.
    pub certificate: PathBuf,
    /// Where on the loopback to listen; port 0 takes a free one.
    pub addr: SocketAddr,
}

/// A running endpoint; stops when dropped.
#[derive(Debug)]
pub struct Target {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Target {
    /// Listens. Until a certificate is delivered, connections are closed before their handshake.
    ///
    /// # Errors
    /// When the address cannot be taken, or is not on the loopback.
    pub async fn start(config: TargetConfig) -> io::Result<Self> {
        if !config.addr.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the endpoint listens on the loopback only"));
        }
        let listener = listener::Listener::bind(config.addr, config.certificate).await?;
        let addr = axum::serve::Listener::local_addr(&listener)?;
        let gate = Arc::new(Gate { directory: Directory::new(config.root), noted: Mutex::default() });
        let routes = Router::new()
            .route("/v1/whoami", get(whoami))
            .route("/v1/administration", get(administration))
            .route("/v1/webhooks/{name}/sample", get(sample))
            .route("/v1/crl/{name}", get(revocations))
            .route("/v1/jwks/{name}", get(published))
            .route("/v1/jwks/{name}/verify", get(verify))
            .with_state(gate);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            // A dropped sender stops it as a sent word does.
            let until = async { drop(stopped.await) };
            let _ = axum::serve(listener, routes).with_graceful_shutdown(until).await;
        });
        Ok(Self { addr, stop: Some(stop), serving })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no more connections, ends the calls under way, and stops.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if tokio::time::timeout(STOP_TIME, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

/// Checks keys.
#[derive(Debug)]
struct Gate {
    directory: Directory,
    /// When a client's use of a version's key was noted last.
    noted: Mutex<BTreeMap<VersionId, Timestamp>>,
}

/// Whose key a call has.
struct Principal {
    /// An account, or a role.
    whose: ResourceName,
    /// The role's user; of an account, the key's id.
    user: String,
    /// What an account may do; empty for a role.
    level: String,
}

async fn whoami(State(gate): State<Arc<Gate>>, headers: HeaderMap) -> Response {
    match admit(gate, &headers).await {
        Ok(Principal { whose, user, .. }) if whose.kind() == "role" => {
            answer(&json!({"role": whose.name(), "user": user}))
        }
        Ok(Principal { whose, level, .. }) => answer(&json!({"account": whose.name(), "level": level})),
        Err(status) => status.into_response(),
    }
}

async fn administration(State(gate): State<Arc<Gate>>, headers: HeaderMap) -> Response {
    match admit(gate, &headers).await {
        Ok(whose) if whose.level == "admin" => answer(&json!({"administers": whose.whose.name()})),
        Ok(_) => StatusCode::FORBIDDEN.into_response(),
        Err(status) => status.into_response(),
    }
}

/// A message of a sender, with the signatures that it gives its messages now; no secret is needed to see one.
async fn sample(State(gate): State<Arc<Gate>>, Path(name): Path<String>) -> Response {
    match look(move || gate.sample(&name)).await {
        Ok(body) => answer(&body),
        Err(status) => status.into_response(),
    }
}

/// The public keys of a token issuer (RFC 7517 section 5).
async fn published(State(gate): State<Arc<Gate>>, Path(name): Path<String>) -> Response {
    match look(move || gate.published(&name)).await {
        Ok((_, keys)) => answer(&json!({"keys": keys})),
        Err(status) => status.into_response(),
    }
}

/// The newest list of what an authority has revoked; 404 while there is none.
async fn revocations(State(gate): State<Arc<Gate>>, Path(name): Path<String>) -> Response {
    match look(move || gate.list(&name)).await {
        Ok(crl) => answer(&json!({"crl": crl})),
        Err(status) => status.into_response(),
    }
}

/// Whether the bearer token is one of the issuer's, as whoever trusts the issuer would find: 401 when it is not.
async fn verify(State(gate): State<Arc<Gate>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    match look(move || gate.published(&name)).await {
        Ok((issuer, keys)) => match bearer(&headers) {
            Some(token) if token::is_valid(token, keys.iter(), &issuer, clock::now()) => {
                answer(&json!({"issuer": issuer}))
            }
            _ => StatusCode::UNAUTHORIZED.into_response(),
        },
        Err(status) => status.into_response(),
    }
}

/// What a reading of the directory says: 404 when there is nothing, 503 when it cannot be read.
async fn look<T: Send + 'static>(
    reading: impl FnOnce() -> io::Result<Option<T>> + Send + 'static,
) -> Result<T, StatusCode> {
    match tokio::task::spawn_blocking(reading).await {
        Ok(Ok(found)) => found.ok_or(StatusCode::NOT_FOUND),
        Ok(Err(_)) => Err(StatusCode::SERVICE_UNAVAILABLE),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The bearer token of a call (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::AUTHORIZATION).and_then(|line| line.as_bytes().strip_prefix(b"Bearer "))
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Whose key the call has: 401 when nobody has, 503 when the accounts cannot be read.
async fn admit(gate: Arc<Gate>, headers: &HeaderMap) -> Result<Principal, StatusCode> {
    let presented = bearer(headers).map(Digest::of).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = if headers.contains_key(PROBE_HEADER) { Caller::Probe } else { Caller::Client };
    let found = tokio::task::spawn_blocking(move || gate.find(&presented, caller)).await;
    let found = found.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    found.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?.ok_or(StatusCode::UNAUTHORIZED)
}

impl Gate {
    /// The account or role that has an enabled key of this SHA-256, and has not expired. Every verifier is compared, each in
    /// constant time.
    fn find(&self, presented: &Digest, caller: Caller) -> io::Result<Option<Principal>> {
        let now = clock::now();
        let mut found = None;
        for resource in self.principals()? {
            let account = match self.directory.load::<Account>(&resource) {
                Ok(Some(object)) if object.exists => object.state,
                Ok(_) => continue,
                Err(_) => return Err(io::Error::other("an account or role cannot be read")),
            };
            for key in account.keys.iter().filter(|key| key.enabled) {
                if verify_slices_are_equal(key.verifier.as_bytes(), presented.as_bytes()).is_ok() {
                    found = Some((resource.clone(), key.clone(), account.attributes.clone()));
                }
            }
        }
        let Some((whose, key, attributes)) = found else { return Ok(None) };
        let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_over = text("expires").parse::<Timestamp>().map_or(true, |expires| expires <= now);
        if whose.kind() == "account" && is_over {
            return Ok(None);
        }
        // WHY: what we ask ourselves is no sign that a client has the key.
        if caller == Caller::Client {
            self.note(&whose, &key.version, now)?;
        }
        Ok(Some(Principal { whose, user: key.id, level: text("level").to_owned() }))
    }

    /// A message that is signed with each enabled secret (beh:G13).
    fn sample(&self, name: &str) -> io::Result<Option<Value>> {
        let Some((sender, keys)) = self.enabled("webhook", name)? else { return Ok(None) };
        let message = webhook::sample(&sender);
        let signatures: Vec<String> = keys.iter().map(|key| webhook::signature(&key.verifier, &message)).collect();
        Ok(Some(json!({"message": message, "signatures": signatures})))
    }

    /// A token issuer, with the keys that it publishes (beh:G12).
    fn published(&self, name: &str) -> io::Result<Option<(ResourceName, Vec<Value>)>> {
        let found = self.enabled("jwks", name)?;
        Ok(found.map(|(issuer, keys)| (issuer, keys.into_iter().filter_map(|key| key.jwk).collect())))
    }

    /// The newest revocation list of an authority, as PEM.
    fn list(&self, name: &str) -> io::Result<Option<String>> {
        let Ok(issuer) = format!("local/ca/{name}").parse::<ResourceName>() else { return Ok(None) };
        let found = self.directory.revocations(&issuer);
        let (_, newest) = found.map_err(|_| io::Error::other("the certificates cannot be read"))?;
        Ok(newest.map(|list| list.crl))
    }

    /// An object of that kind, with its enabled keys.
    fn enabled(&self, kind: &str, name: &str) -> io::Result<Option<(ResourceName, Vec<Key>)>> {
        let Ok(resource) = format!("local/{kind}/{name}").parse::<ResourceName>() else { return Ok(None) };
        match self.directory.load::<Account>(&resource) {
            Ok(Some(object)) if object.exists => {
                Ok(Some((resource, object.state.keys.into_iter().filter(|key| key.enabled).collect())))
            }
            Ok(_) => Ok(None),
            Err(_) => Err(io::Error::other("an object cannot be read")),
        }
    }

    /// Every account and role.
    fn principals(&self) -> io::Result<Vec<ResourceName>> {
        let mut all = Vec::new();
        for kind in ["account", "role"] {
            let names = self.directory.names(kind)?;
            all.extend(names.iter().filter_map(|name| format!("local/{kind}/{name}").parse().ok()));
        }
        Ok(all)
    }

    fn note(&self, whose: &ResourceName, version: &VersionId, now: Timestamp) -> io::Result<()> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let last = noted.get(version).map_or(i64::MIN, |last| last.micros());
        if now.micros() < last.saturating_add(NOTE_AGAIN_MICROS) {
            return Ok(());
        }
        self.directory.note_seen(whose, version, now)?;
        noted.insert(version.clone(), now);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
