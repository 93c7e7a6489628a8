//! The consumer: a client that reads its key file at each call, as a well-behaved application does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_contract::file;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::Endpoint;
use crate::https::{self, Caller};

/// Whom a client calls, with what, and how often.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The file with the key; read at each call.
    pub key_file: PathBuf,
    /// The root certificate (PEM) that it trusts; read at each call.
    pub trust_anchor: PathBuf,
    /// The pause between two calls.
    pub every: Duration,
}

/// How a client's calls ended so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The endpoint accepted the key.
    pub accepted: u64,
    /// The endpoint refused the key.
    pub refused: u64,
    /// No answer, another answer, or nothing to call with yet.
    pub unreachable: u64,
}

#[derive(Debug, Default)]
struct Tally {
    accepted: AtomicU64,
    refused: AtomicU64,
    unreachable: AtomicU64,
}

/// A running client; stops when dropped.
#[derive(Debug)]
pub struct Client {
    tally: Arc<Tally>,
    calling: JoinHandle<()>,
}

impl Client {
    /// Begins to call, at once and then every so often, until dropped.
    pub fn start(config: ClientConfig) -> Self {
        let tally = Arc::new(Tally::default());
        let calling = tokio::spawn(call_on(config, Arc::clone(&tally)));
        Self { tally, calling }
    }

    /// How its calls ended so far.
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Counts {
            accepted: read(&self.tally.accepted),
            refused: read(&self.tally.refused),
            unreachable: read(&self.tally.unreachable),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.calling.abort();
    }
}

async fn call_on(config: ClientConfig, tally: Arc<Tally>) {
    let mut connection = None;
    loop {
        let count = match call_once(&config, &mut connection).await {
            Some(200) => &tally.accepted,
            Some(401) => &tally.refused,
            _ => &tally.unreachable,
        };
        count.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(config.every).await;
    }
}

/// A client for one trust anchor and address, made anew when either changes.
struct Connection {
    anchor: Vec<u8>,
    addr: SocketAddr,
    client: reqwest::Client,
}

async fn call_once(config: &ClientConfig, connection: &mut Option<Connection>) -> Option<u16> {
    let addr = config.endpoint.addr()?;
    let key = Zeroizing::new(file::read(&config.key_file, file::SMALL).ok()?);
    let anchor = file::read(&config.trust_anchor, file::SMALL).ok()?;
    if !connection.as_ref().is_some_and(|known| known.anchor == anchor && known.addr == addr) {
        let client = https::client(&anchor, addr).ok()?;
        *connection = Some(Connection { anchor, addr, client });
    }
    let client = &connection.as_ref()?.client;
    let answer = https::call(client, addr, "/v1/whoami", key.trim_ascii_end(), Caller::Client).await;
    answer.ok().map(|answer| answer.status)
}
