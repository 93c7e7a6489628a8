//! Certificates: signed inside the attempt, with the issuer's key that the warrant names.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_contract::{Applied, Digest, Refusal, RefusalClass, ResourceName, Timestamp, VersionId, clock};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::request::{Wanted, rejected};
use super::revocation::revoke;
use super::{Attempt, CERTIFICATE_LOG, refuse};
use crate::client::{Certificates, Issued, Object};
use crate::revocation::hex;
use crate::signer::{Form, Signer};

/// A certificate is valid from a little before it is made, for clocks that lag (beh:X3), in seconds.
const BACKDATED_SECS: i64 = 60;

/// A root's path length: issuing authorities below it, and servers below these.
const ROOT_PATH_LENGTH: u8 = 1;

pub(super) fn change(attempt: &Attempt, object: &mut Object<Certificates>) -> Result<Applied, Refusal> {
    match attempt.intent.call.verb.as_str() {
        "certificate_sign" => sign(attempt, object),
        "certificate_revoke" => revoke(attempt, object),
        _ => discard(attempt, object),
    }
}

/// Takes the certificate of the undone entry away; the one before it is in use again.
fn discard(attempt: &Attempt, object: &mut Object<Certificates>) -> Result<Applied, Refusal> {
    let of = attempt.undone()?;
    let issued = &mut object.state.issued;
    if issued.last().map(|last| &last.entry) != Some(of) {
        let message = "the last certificate is not that entry's".to_owned();
        return Err(refuse(RefusalClass::Conflict, "local.not_the_last", message));
    }
    issued.pop();
    object.exists = !issued.is_empty();
    Ok(Applied::default())
}

fn sign(attempt: &Attempt, object: &mut Object<Certificates>) -> Result<Applied, Refusal> {
    let call = &attempt.intent.call;
    let wanted = Wanted::of(call)?;
    let signer = signer(attempt)?;
    let above = match &wanted.issuer {
        None => None,
        Some(issuer) => Some(Above::find(attempt, issuer, &signer)?),
    };
    if above.is_none() && wanted.key_der != signer.subject_public_key_info() {
        return Err(rejected("local.not_self_signed", "a root signs itself, with its own key".to_owned()));
    }
    let span = Span::within(wanted.lifetime_secs, above.as_ref(), clock::now())?;
    let serial = serial()?;
    let params = params(&wanted, above.as_ref(), &span, &serial)?;
    let failed =
        |_| refuse(RefusalClass::Permanent, "local.not_signed", "the certificate could not be signed".to_owned());
    let made = match &above {
        None => params.self_signed(&signer).map_err(failed)?,
        Some(above) => {
            let issuer = Issuer::from_ca_cert_der(&above.der, signer).map_err(failed)?;
            params.signed_by(&wanted.key, &issuer).map_err(failed)?
        }
    };
    let certificate = made.pem();
    let issued = Issued {
        entry: attempt.intent.entry.clone(),
        version: own_version(attempt, &wanted),
        issuer: wanted.issuer,
        serial: hex(&serial),
        not_before: span.from(),
        not_after: span.until(),
        sha256: Digest::of(made.der()),
        names: wanted.names,
        chain: certificate.clone() + above.as_ref().map(|above| above.chain.as_str()).unwrap_or_default(),
        certificate,
    };
    let applied = outputs(&issued);
    object.exists = true;
    object.state.issued.push(issued);
    let surplus = object.state.issued.len().saturating_sub(CERTIFICATE_LOG);
    object.state.issued.drain(..surplus);
    Ok(applied)
}

/// The issuer's key, ready to sign.
pub(super) fn signer(attempt: &Attempt) -> Result<Signer, Refusal> {
    attempt.material.as_ref().and_then(|key| Signer::open(key, Form::Asn1)).ok_or_else(|| {
        refuse(
            RefusalClass::Permanent,
            "local.bad_key",
            "the issuer's key is no PKCS#8 key that we sign with".to_owned(),
        )
    })
}

/// A root's key is a version of the root; of another subject's certificate the target is not told the version.
fn own_version(attempt: &Attempt, wanted: &Wanted) -> Option<VersionId> {
    attempt.intent.call.materials.get("issuer_key").filter(|_| wanted.issuer.is_none()).cloned()
}

/// The issuer's certificate, and what it permits.
pub(super) struct Above {
    pub(super) der: CertificateDer<'static>,
    not_before: i64,
    pub(super) not_after: i64,
    path_length: Option<u32>,
    /// PEM: what a certificate below it is sent along with.
    chain: String,
}

impl Above {
    /// The issuer's newest certificate for this key.
    pub(super) fn find(attempt: &Attempt, issuer: &ResourceName, signer: &Signer) -> Result<Self, Refusal> {
        let loaded = attempt.directory.load::<Certificates>(issuer).map_err(|unread| attempt.unread(&unread))?;
        let Some(object) = loaded.filter(|object| object.exists) else {
            let message = format!("`{issuer}` has no certificate");
            return Err(refuse(RefusalClass::NotFound, "local.no_issuer", message));
        };
        let key = signer.subject_public_key_info();
        let found = object.state.issued.iter().rev().find_map(|issued| Self::of(issued, &key));
        found.ok_or_else(|| {
            let message = format!("no certificate of `{issuer}` is for this key, as a CA's");
            refuse(RefusalClass::Conflict, "local.issuer_key_mismatch", message)
        })
    }

    fn of(issued: &Issued, key: &[u8]) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).ok()?;
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        let constraints = parsed.basic_constraints().ok()??.value;
        let signs = parsed.key_usage().ok()??.value.key_cert_sign();
        if parsed.public_key().raw != key || !constraints.ca || !signs {
            return None;
        }
        let (not_before, not_after) =
            (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
        let path_length = constraints.path_len_constraint;
        // beh:X10 the root is known to whoever trusts it, and is not sent along.
        let chain = if issued.issuer.is_some() { issued.chain.clone() } else { String::new() };
        Some(Self { der, not_before, not_after, path_length, chain })
    }
}

/// From when until when, in whole seconds since 1970; both ends belong to it (RFC 5280 section 4.1.2.5).
struct Span {
    from: i64,
    until: i64,
}

impl Span {
    /// So many seconds, back-dated a little, and within the issuer's.
    fn within(lifetime_secs: u64, above: Option<&Above>, now: Timestamp) -> Result<Self, Refusal> {
        let now = now.micros().div_euclid(1_000_000);
        let lifetime = i64::try_from(lifetime_secs).unwrap_or(i64::MAX);
        let mut from = now - BACKDATED_SECS;
        let mut until = from.saturating_add(lifetime) - 1;
        if let Some(above) = above {
            if now < above.not_before || now > above.not_after {
                return Err(rejected("local.issuer_expired", "the issuer's certificate is not valid now".to_owned()));
            }
            from = from.max(above.not_before);
            until = until.min(above.not_after);
        }
        if until <= now {
            return Err(rejected("local.lifetime", "the certificate would have ended at its birth".to_owned()));
        }
        Ok(Self { from, until })
    }

    fn from(&self) -> Timestamp {
        Timestamp::from_micros(self.from.saturating_mul(1_000_000))
    }

    fn until(&self) -> Timestamp {
        Timestamp::from_micros(self.until.saturating_mul(1_000_000))
    }
}

/// 20 random bytes, the first from 0x40 to 0x7f: positive, below 2^159, and never shorter (beh:X1).
fn serial() -> Result<[u8; 20], Refusal> {
    let mut serial = [0; 20];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| {
        refuse(RefusalClass::Transient, "local.no_randomness", "the system gives no randomness".to_owned())
    })?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

fn params(
    wanted: &Wanted,
    above: Option<&Above>,
    span: &Span,
    serial: &[u8; 20],
) -> Result<CertificateParams, Refusal> {
    let mut params = CertificateParams::new(wanted.names.clone())
        .map_err(|_| rejected("local.names", "a name cannot stand in a certificate".to_owned()))?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = &wanted.common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(span.from.unsigned_abs());
    params.not_after = epoch + Duration::from_secs(span.until.unsigned_abs());
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.use_authority_key_identifier_extension = true;
    if wanted.is_ca {
        let length = match above.map(|above| above.path_length) {
            None => ROOT_PATH_LENGTH,
            Some(None) => 0,
            Some(Some(0)) => {
                return Err(rejected("local.path_length", "the issuer may not sign another CA".to_owned()));
            }
            Some(Some(length)) => u8::try_from(length - 1).unwrap_or(u8::MAX),
        };
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    } else {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    }
    Ok(params)
}

fn outputs(issued: &Issued) -> Applied {
    let outputs: [(&str, Value); 6] = [
        ("certificate", json!(issued.certificate)),
        ("chain", json!(issued.chain)),
        ("serial", json!(issued.serial)),
        ("not_before", json!(issued.not_before)),
        ("not_after", json!(issued.not_after)),
        ("sha256", json!(issued.sha256)),
    ];
    let outputs: BTreeMap<String, Value> = outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Applied { outputs, provider_ids: Vec::new() }
}
