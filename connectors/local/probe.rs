//! Probes: what the endpoint itself says. Only its own refusal is *refused*; everything else that is not *accepted* is
//! *unknown*.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_contract::{Digest, Material, Probe, ProbeAnswer, ProbeResult, REVOKED, Timestamp, clock, file};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Local;
use crate::client::{Account, Certificates};
use crate::https::{self, CALL_TIME, Caller, Unreachable};
use crate::{revocation, token, webhook};

impl Local {
    pub(crate) async fn ask(&self, probe: &Probe, material: Option<Material>) -> ProbeResult {
        match (probe.name.as_str(), material) {
            ("login" | "role_login", Some(key)) => self.login(probe, &key).await,
            ("can_administer", Some(key)) => self.can_administer(&key).await,
            ("signed", Some(secret)) => self.signed(probe, &secret).await,
            ("token_verified", Some(key)) => self.token_verified(probe, &key).await,
            ("login" | "role_login" | "can_administer" | "signed" | "token_verified", None) => {
                unknown("local.no_material", "the probe needs the version's key")
            }
            ("key_used" | "role_used", _) => self.key_used(probe).await,
            ("served", _) => self.served(probe).await,
            (REVOKED, _) => self.revoked(probe).await,
            _ => unknown("local.no_probe", "local has no such probe"),
        }
    }

    /// Does the endpoint take the key, and for this account's or role's? (beh:R8: as the right principal.)
    async fn login(&self, probe: &Probe, key: &Material) -> ProbeResult {
        let answer = match self.call("/v1/whoami", key).await {
            Ok(answer) => answer,
            Err(result) => return result,
        };
        let whose = answer.body.get(probe.subject.kind()).and_then(Value::as_str);
        match answer.status {
            200 if whose == Some(probe.subject.name()) => accepted("local.accepted", "the endpoint accepts the key"),
            200 => unknown("local.other_principal", "the endpoint takes the key for somebody else's"),
            401 => refused("local.refused", "the endpoint refuses the key"),
            _ => unknown("local.unexpected_answer", "the endpoint gave an unexpected answer"),
        }
    }

    /// A negative probe: a key that is not taken at all proves nothing about what it may do.
    async fn can_administer(&self, key: &Material) -> ProbeResult {
        match self.call("/v1/administration", key).await.map(|answer| answer.status) {
            Ok(200) => accepted("local.permitted", "the endpoint lets the key administer"),
            Ok(403) => refused("local.forbidden", "the endpoint takes the key, and forbids it to administer"),
            Ok(401) => unknown("local.refused", "the endpoint refuses the key"),
            Ok(_) => unknown("local.unexpected_answer", "the endpoint gave an unexpected answer"),
            Err(result) => result,
        }
    }

    /// Does the sender sign its messages with the secret? (beh:G13)
    async fn signed(&self, probe: &Probe, secret: &Material) -> ProbeResult {
        let answer = match self.reach() {
            Ok((client, addr)) => {
                let path = format!("/v1/webhooks/{}/sample", probe.subject.name());
                https::get(&client, addr, &path).await.map_err(unreachable_as)
            }
            Err(result) => Err(result),
        };
        let answer = match answer {
            Ok(answer) if answer.status == 200 => answer.body,
            Ok(_) => return unknown("local.unexpected_answer", "the endpoint gave an unexpected answer"),
            Err(result) => return result,
        };
        let message = answer.get("message").and_then(Value::as_str);
        let signatures = answer.get("signatures").and_then(Value::as_array);
        let (Some(message), Some(signatures)) = (message, signatures) else {
            return unknown("local.unexpected_answer", "the endpoint gave an unexpected answer");
        };
        let own = webhook::signature(&secret.expose(Digest::of), message);
        if signatures.iter().any(|one| one.as_str() == Some(own.as_str())) {
            accepted("local.signed", "the sender signs with the secret")
        } else {
            refused("local.unsigned", "no signature of the sender is made with the secret")
        }
    }

    /// Does the endpoint verify a token that the key signs, by the issuer's published keys? (beh:G12)
    async fn token_verified(&self, probe: &Probe, key: &Material) -> ProbeResult {
        let Some(token) = token::sign(key, &probe.subject, clock::now()) else {
            return unknown("local.bad_key", "no token can be signed with the key");
        };
        let path = format!("/v1/jwks/{}/verify", probe.subject.name());
        match self.call(&path, &Material::new(token.into_bytes())).await.map(|answer| answer.status) {
            Ok(200) => accepted("local.verified", "the endpoint verifies a token that the key signed"),
            Ok(401) => refused("local.unverified", "no published key verifies a token that the key signed"),
            Ok(_) => unknown("local.unexpected_answer", "the endpoint gave an unexpected answer"),
            Err(result) => result,
        }
    }

    /// A client that trusts the anchor, and where the endpoint is.
    fn reach(&self) -> Result<(reqwest::Client, SocketAddr), ProbeResult> {
        let addr = self.endpoint.addr().ok_or_else(no_endpoint)?;
        let anchor =
            file::read(&self.trust_anchor, file::SMALL).map_err(|_| unreachable_as(Unreachable::NoTrustAnchor))?;
        Ok((https::client(&anchor, addr).map_err(unreachable_as)?, addr))
    }

    // INVARIANT: beh:R9 a network error is no proof that a key is dead: it is *unknown*.
    async fn call(&self, path: &str, key: &Material) -> Result<https::Answer, ProbeResult> {
        let (client, addr) = self.reach()?;
        // The bytes are lent to a closure only, and the call takes longer: this copy is wiped after it.
        let key = key.expose(|bytes| zeroize::Zeroizing::new(bytes.to_vec()));
        https::call(&client, addr, path, &key, Caller::Probe).await.map_err(unreachable_as)
    }

    /// Has a client called with the version's key, since then where `since` says so? Calls of probes are not counted.
    async fn key_used(&self, probe: &Probe) -> ProbeResult {
        let Some(version) = probe.version.clone() else {
            return unknown("local.no_version", "the probe is about a version");
        };
        let since = match probe.parameters.get("since").map(|since| since.as_str().map(str::parse::<Timestamp>)) {
            None => None,
            Some(Some(Ok(since))) => Some(since),
            Some(_) => return unknown("local.bad_instant", "`since` is not an RFC 3339 instant"),
        };
        let directory = Arc::clone(&self.directory);
        let subject = probe.subject.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let object = directory.load::<Account>(&subject).ok()??;
            let key = object.state.keys.into_iter().find(|key| key.version == version)?;
            let seen = directory.seen(&subject).get(&version).copied();
            Some(seen.is_some_and(|seen| seen >= since.unwrap_or(key.staged_at)))
        });
        match looked.await.ok().flatten() {
            Some(true) => accepted("local.key_used", "the endpoint was called with the key"),
            Some(false) => unknown("local.not_seen_yet", "no client has called the endpoint with the key since then"),
            None => unknown("local.no_key", "the subject, or its key, could not be read"),
        }
    }

    /// Is the served leaf the issued one, under each of its names? (beh:X21)
    async fn served(&self, probe: &Probe) -> ProbeResult {
        let directory = Arc::clone(&self.directory);
        let subject = probe.subject.clone();
        let loaded = tokio::task::spawn_blocking(move || directory.load::<Certificates>(&subject)).await;
        let last = loaded.ok().and_then(Result::ok).flatten().and_then(|object| object.state.issued.last().cloned());
        let Some(last) = last else {
            return unknown("local.no_certificate", "the subject has no certificate that could be served");
        };
        let expected = match probe.parameters.get("sha256").and_then(Value::as_str).map(str::parse::<Digest>) {
            None => last.sha256,
            Some(Ok(digest)) => digest,
            Some(Err(_)) => return unknown("local.bad_digest", "`sha256` is not 64 hex digits"),
        };
        let Some(addr) = self.endpoint.addr() else { return no_endpoint() };
        for name in last.names {
            let Ok(name) = ServerName::try_from(name.replacen('*', "any", 1)) else {
                return unknown("local.bad_name", "a name of the certificate cannot be asked for");
            };
            match timeout(CALL_TIME, self.leaf(addr, name)).await {
                Ok(Ok(leaf)) if leaf == expected => {}
                Ok(Ok(_)) => return refused("local.other_certificate", "the endpoint serves another certificate"),
                Ok(Err(why)) => return unreachable_as(why),
                Err(_) => return unreachable_as(Unreachable::Network),
            }
        }
        accepted("local.served", "the endpoint serves the certificate")
    }

    /// Does the list that the endpoint shows, and that the issuer signed, say that the certificate is revoked?
    async fn revoked(&self, probe: &Probe) -> ProbeResult {
        let serial = probe.parameters.get("serial").and_then(Value::as_str).unwrap_or_default().to_owned();
        let directory = Arc::clone(&self.directory);
        let (subject, of) = (probe.subject.clone(), serial.clone());
        let looked = tokio::task::spawn_blocking(move || revocation::signers(&directory, &subject, &of)).await;
        let Some((issuer, certificates)) = looked.ok().flatten() else {
            return unknown("local.no_certificate", "the certificate, or its issuer's, could not be read");
        };
        let answer = match self.reach() {
            Ok((client, addr)) => {
                https::get(&client, addr, &format!("/v1/crl/{}", issuer.name())).await.map_err(unreachable_as)
            }
            Err(result) => Err(result),
        };
        let list = match answer {
            Ok(answer) if answer.status == 200 => answer.body,
            Ok(answer) if answer.status == 404 => {
                return refused("local.not_revoked", "there is no list of the issuer");
            }
            Ok(_) => return unknown("local.unexpected_answer", "the endpoint gave an unexpected answer"),
            Err(result) => return result,
        };
        let crl = list.get("crl").and_then(Value::as_str).unwrap_or_default();
        match revocation::names(crl, &certificates, &serial) {
            Some(true) => accepted("local.revoked", "the issuer's list names the certificate"),
            Some(false) => refused("local.not_revoked", "the issuer's list does not name the certificate"),
            None => unknown("local.unexpected_answer", "the list is not one that the issuer signed"),
        }
    }

    /// SHA-256 of the leaf that the endpoint serves under that name, after a full handshake.
    async fn leaf(&self, addr: SocketAddr, name: ServerName<'static>) -> Result<Digest, Unreachable> {
        let connector = https::tls(&self.trust_anchor)?;
        let stream = TcpStream::connect(addr).await.map_err(|_| Unreachable::Network)?;
        let stream = connector.connect(name, stream).await.map_err(|_| Unreachable::Network)?;
        let served = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        served.map(|leaf| Digest::of(leaf)).ok_or(Unreachable::Network)
    }
}

fn no_endpoint() -> ProbeResult {
    unknown("local.no_endpoint", "no endpoint is running")
}

fn unreachable_as(why: Unreachable) -> ProbeResult {
    match why {
        Unreachable::NoTrustAnchor => unknown("local.no_trust_anchor", "the trust anchor cannot be read"),
        Unreachable::BadKey => unknown("local.bad_key", "the key cannot stand in a header line"),
        Unreachable::Network => unknown("local.unreachable", "the endpoint gave no answer"),
    }
}

fn accepted(code: &str, message: &str) -> ProbeResult {
    ProbeResult { answer: ProbeAnswer::Accepted, code: code.to_owned(), message: message.to_owned() }
}

fn refused(code: &str, message: &str) -> ProbeResult {
    ProbeResult { answer: ProbeAnswer::Refused, code: code.to_owned(), message: message.to_owned() }
}

fn unknown(code: &str, message: &str) -> ProbeResult {
    ProbeResult { answer: ProbeAnswer::Unknown, code: code.to_owned(), message: message.to_owned() }
}
