//! The listener: few at once, small requests, and nobody is waited for.
//!
//! `axum::serve` has none of these bounds, so that each connection is served by the HTTP library below it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::{Vitals, router};

/// How many connections are served at once; whoever comes then is let go.
const AT_ONCE: usize = 16;

/// The largest head of a request, in bytes, and the most headers.
const HEAD_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

/// How long a caller may take to say what it wants.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection lasts, its answer included.
const OVER_WITHIN: Duration = Duration::from_secs(20);

/// How long to rest where no connection can be taken, as when there are no file descriptors left.
const REST: Duration = Duration::from_millis(500);

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` cannot be listened on")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl ListenError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::AddrInUse => "listen.taken",
            _ => "listen.refused",
        }
    }
}

/// An address that is listened on.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on that address; port 0 takes a free one.
    ///
    /// # Errors
    /// When it is taken, or not ours.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` turns true.
    pub async fn answer(self, vitals: Vitals, mut stop: watch::Receiver<bool>) {
        let service = TowerToHyperService::new(router(vitals));
        let room = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let taken = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                taken = self.listener.accept() => taken,
            };
            let Ok((stream, _)) = taken else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
            let service = service.clone();
            tokio::spawn(async move {
                // WHY: whoever breaks off, or is too slow, has no answer, and nothing else comes of it.
                let _ = tokio::time::timeout(OVER_WITHIN, serve(stream, service)).await;
                drop(place);
            });
        }
    }
}

async fn serve(stream: TcpStream, service: TowerToHyperService<axum::Router>) -> Result<(), hyper::Error> {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SAID_WITHIN).max_buf_size(HEAD_MAX).max_headers(HEADERS_MAX);
    builder.keep_alive(false).serve_connection(TokioIo::new(stream), service).await
}
