//! TLS for the endpoint, with whatever certificate is delivered at the moment.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_contract::file;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(4);

/// How many shaken hands may wait to be served.
const WAITING_MAX: usize = 64;

/// Gives out connections whose handshake is done. A slow one keeps nobody waiting.
pub(super) struct Listener {
    addr: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Listener {
    /// Listens; each connection gets the certificate that is delivered then.
    pub(super) async fn bind(addr: SocketAddr, delivery: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (done, ready) = mpsc::channel(WAITING_MAX);
        tokio::spawn(accept(listener, Presented { delivery, last: None }, done));
        Ok(Self { addr, ready })
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }
}

async fn accept(
    listener: TcpListener,
    mut presented: Presented,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = done.closed() => return,
        };
        let Ok((stream, from)) = accepted else {
            // WHY: with no file descriptor left, accepting again at once would only spin.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Some(config) = presented.now() else { continue };
        let done = done.clone();
        tokio::spawn(async move {
            let shaken = tokio::time::timeout(HANDSHAKE_TIME, TlsAcceptor::from(config).accept(stream)).await;
            if let Ok(Ok(stream)) = shaken {
                let _ = done.send((stream, from)).await;
            }
        });
    }
}

/// The certificate that is presented.
struct Presented {
    delivery: PathBuf,
    last: Option<(PathBuf, Vec<u8>, Arc<ServerConfig>)>,
}

impl Presented {
    /// The delivered one; while that cannot be read, the one before; none until there was one.
    fn now(&mut self) -> Option<Arc<ServerConfig>> {
        // The link is resolved once, so that certificate and key come from one delivery.
        if let Ok(folder) = fs::canonicalize(&self.delivery)
            && let Ok(chain) = file::read(&folder.join("certificate.pem"), file::SMALL)
            && self.last.as_ref().is_none_or(|(known, bytes, _)| *known != folder || *bytes != chain)
        {
            if let Some(config) = load(&folder, &chain) {
                self.last = Some((folder, chain, config));
            } else {
                tracing::warn!("the delivered certificate, or its key, cannot be used");
            }
        }
        self.last.as_ref().map(|(_, _, config)| Arc::clone(config))
    }
}

/// Certificate and key as one; none when they do not belong together.
fn load(folder: &Path, chain: &[u8]) -> Option<Arc<ServerConfig>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().ok()?;
    let key = Zeroizing::new(file::read(&folder.join("key.pem"), file::SMALL).ok()?);
    let key = match PrivateKeyDer::from_pem_slice(&key) {
        Ok(key) => key,
        // WHY: key pairs are sealed as DER, and delivered byte for byte.
        Err(_) => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec())),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .ok()?;
    Some(Arc::new(config))
}
