//! What is asked for: the certificate request, and the call's own words. The request gives its key and nothing else.

use std::net::IpAddr;

use countersign_contract::{Call, Refusal, RefusalClass, ResourceName};
use rcgen::SubjectPublicKeyInfo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateSigningRequestDer, DnsName};
use serde_json::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::refuse;

/// A hundred years of 365.25 days, in seconds.
const LIFETIME_SECS_MAX: u64 = 3_155_760_000;

/// One certificate, as the call describes it.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) is_ca: bool,
    pub(super) common_name: Option<String>,
    /// DNS names, lower-cased, and IP addresses.
    pub(super) names: Vec<String>,
    pub(super) lifetime_secs: u64,
    /// None for a root.
    pub(super) issuer: Option<ResourceName>,
    pub(super) key: SubjectPublicKeyInfo,
    /// The request's `SubjectPublicKeyInfo`, as DER.
    pub(super) key_der: Vec<u8>,
}

impl Wanted {
    /// Reads the call, and verifies that whoever made the request has its key.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let text = |name: &str| call.parameters.get(name).and_then(Value::as_str);
        let is_ca = text("profile") == Some("ca");
        if is_ca != (call.resource.kind() == "ca") {
            return Err(rejected("local.wrong_profile", format!("`{}` cannot have this profile", call.resource)));
        }
        let lifetime_secs = call.parameters.get("lifetime_secs").and_then(Value::as_u64).unwrap_or_default();
        if !(1..=LIFETIME_SECS_MAX).contains(&lifetime_secs) {
            return Err(rejected("local.lifetime", format!("a lifetime has 1 to {LIFETIME_SECS_MAX} seconds")));
        }
        let issuer = match text("issuer").map(str::parse::<ResourceName>) {
            None => None,
            Some(Ok(issuer)) if issuer.kind() == "ca" && issuer != call.resource => Some(issuer),
            Some(_) => return Err(rejected("local.wrong_issuer", "the issuer is another local `ca`".to_owned())),
        };
        let listed = call.parameters.get("names").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
        let common_name = text("common_name").map(str::to_owned);
        check_names(is_ca, issuer.is_none(), common_name.as_deref(), &names)?;
        let names = names.into_iter().map(name).collect::<Result<_, _>>()?;
        let (key, key_der) = key_of(text("request").unwrap_or_default())?;
        Ok(Self { is_ca, common_name, names, lifetime_secs, issuer, key, key_der })
    }
}

fn check_names(is_ca: bool, is_root: bool, common_name: Option<&str>, names: &[&str]) -> Result<(), Refusal> {
    let wrong = |message: &str| Err(rejected("local.names", message.to_owned()));
    match (is_ca, common_name) {
        (true, None | Some("")) => wrong("a CA has a common name"),
        (true, Some(_)) if !names.is_empty() => wrong("a CA has no alternative names"),
        (false, Some(_)) => wrong("a server is named by its alternative names alone"),
        (false, None) if names.is_empty() => wrong("a server has at least one name"),
        (false, None) if is_root => Err(rejected("local.wrong_issuer", "a server has an issuer".to_owned())),
        _ => Ok(()),
    }
}

/// A DNS name in lower case without a final dot, `*` only as its whole first label; or an IP address.
fn name(text: &str) -> Result<String, Refusal> {
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    let plain = lower.strip_prefix("*.").unwrap_or(&lower);
    let is_name = DnsName::try_from(plain).is_ok() && !plain.ends_with('.') && !plain.contains('_');
    if is_name { Ok(lower) } else { Err(rejected("local.names", format!("`{text}` is no DNS name and no IP address"))) }
}

/// The request's key, after its signature by that key is verified. What else the request asks for is not read.
pub(super) fn key_of(pem: &str) -> Result<(SubjectPublicKeyInfo, Vec<u8>), Refusal> {
    let unread = |what: &str| rejected("local.bad_request", format!("the certificate request {what}"));
    let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).map_err(|_| unread("is not PEM"))?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| unread("is not PKCS#10"))?;
    if !rest.is_empty() {
        return Err(unread("has bytes after its end"));
    }
    request.verify_signature().map_err(|_| unread("is not signed by its own key"))?;
    let der = request.certification_request_info.subject_pki.raw.to_vec();
    let key = SubjectPublicKeyInfo::from_der(&der).map_err(|_| unread("has a key of an unknown kind"))?;
    let allowed = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    if !allowed.contains(&rcgen::PublicKeyData::algorithm(&key)) {
        return Err(rejected("local.key_kind", "a key is P-256, P-384 or Ed25519".to_owned()));
    }
    Ok((key, der))
}

pub(super) fn rejected(code: &str, message: String) -> Refusal {
    refuse(RefusalClass::PolicyRejected, code, message)
}
