//! HTTPS to the endpoint, trusting one root certificate and nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_contract::file;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// The name under which the endpoint is asked.
pub(crate) const HOST: &str = "localhost";

/// How long one call may take.
pub(crate) const CALL_TIME: Duration = Duration::from_secs(4);

/// The header line of a call that only asks whether a key works. The endpoint does not count such a call as use.
pub(crate) const PROBE_HEADER: &str = "x-countersign-probe";

/// Answers are a few dozen bytes; no more than this is read.
const ANSWER_MAX: usize = 16 * 1024;

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// The trust anchor is not there, or is no certificate.
    NoTrustAnchor,
    /// The key cannot stand in a header line.
    BadKey,
    /// The network, TLS, or an answer that is too long.
    Network,
}

/// An answer: its status, and its body where it is JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: serde_json::Value,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The key's own client.
    Client,
    /// A probe, which says so with [`PROBE_HEADER`].
    Probe,
}

/// A client that trusts the certificate in that file, and reaches [`HOST`] at that address.
pub(crate) fn client(trust_anchor: &[u8], addr: SocketAddr) -> Result<reqwest::Client, Unreachable> {
    let anchor = reqwest::Certificate::from_pem(trust_anchor).map_err(|_| Unreachable::NoTrustAnchor)?;
    let built = reqwest::Client::builder()
        .tls_certs_only([anchor])
        .https_only(true)
        .redirect(Policy::none())
        .no_proxy()
        .resolve(HOST, addr)
        .timeout(CALL_TIME)
        .build();
    built.map_err(|_| Unreachable::NoTrustAnchor)
}

/// Asks for `path`, which needs no key.
pub(crate) async fn get(client: &reqwest::Client, addr: SocketAddr, path: &str) -> Result<Answer, Unreachable> {
    send(client.get(url(addr, path))).await
}

/// Calls `path` with the key as bearer token (RFC 6750).
pub(crate) async fn call(
    client: &reqwest::Client,
    addr: SocketAddr,
    path: &str,
    key: &[u8],
    caller: Caller,
) -> Result<Answer, Unreachable> {
    let mut line = Zeroizing::new(Vec::with_capacity("Bearer ".len() + key.len()));
    line.extend_from_slice(b"Bearer ");
    line.extend_from_slice(key);
    let mut token = HeaderValue::from_bytes(&line).map_err(|_| Unreachable::BadKey)?;
    token.set_sensitive(true);
    let mut request = client.get(url(addr, path)).header(AUTHORIZATION, token);
    if caller == Caller::Probe {
        request = request.header(PROBE_HEADER, "1");
    }
    send(request).await
}

fn url(addr: SocketAddr, path: &str) -> String {
    format!("https://{HOST}:{}{path}", addr.port())
}

async fn send(request: reqwest::RequestBuilder) -> Result<Answer, Unreachable> {
    let mut response = request.send().await.map_err(|_| Unreachable::Network)?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unreachable::Network)? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err(Unreachable::Network);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}

/// TLS as a client that trusts the certificate in that file.
pub(crate) fn tls(trust_anchor: &Path) -> Result<tokio_rustls::TlsConnector, Unreachable> {
    let pem = file::read(trust_anchor, file::SMALL).map_err(|_| Unreachable::NoTrustAnchor)?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| Unreachable::NoTrustAnchor)?;
        roots.add(certificate).map_err(|_| Unreachable::NoTrustAnchor)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Unreachable::NoTrustAnchor)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}
