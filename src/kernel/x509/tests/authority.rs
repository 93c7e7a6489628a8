//! A root, an issuing authority and a server's certificate, made with rcgen; each test spoils one thing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_warrant::{Digest, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber, SigningKey,
};

use crate::workflow::model::{ExpiryTrigger, KeyAlgorithm, Profile};
use crate::x509::{CertificateFacts, Expected, Fault, judge_certificate};

/// The instant of all verdicts, in seconds since 1970.
pub(super) const NOW: i64 = 1_795_000_000;
pub(super) const DAY: i64 = 86_400;

pub(super) struct Authority {
    pub(super) root: Certificate,
    pub(super) issuing: Certificate,
    pub(super) root_key: KeyPair,
    pub(super) issuing_key: KeyPair,
    pub(super) key: KeyPair,
}

/// Sets the validity; both ends belong to it.
pub(super) fn span(params: &mut CertificateParams, from: i64, until: i64) {
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(from.unsigned_abs());
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(until.unsigned_abs());
}

fn base(common_name: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.serial_number = Some(SerialNumber::from_slice(&[0x41; 20]));
    params.use_authority_key_identifier_extension = true;
    params
}

pub(super) fn ca(common_name: &str, path_length: u8, days: i64) -> CertificateParams {
    let mut params = base(Some(common_name));
    span(&mut params, NOW - 60, NOW - 60 + days * DAY - 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(super) fn server() -> CertificateParams {
    let mut params = base(None);
    params.subject_alt_names =
        CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap().subject_alt_names;
    span(&mut params, NOW - 60, NOW - 60 + 7 * DAY - 1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

impl Authority {
    pub(super) fn new() -> Self {
        let p256 = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let root_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let (issuing_key, key) = (p256(), p256());
        let root = ca("Root", 1, 3650).self_signed(&root_key).unwrap();
        let above = Issuer::from_ca_cert_der(root.der(), &root_key).unwrap();
        let issuing = ca("Issuing", 0, 730).signed_by(&issuing_key, &above).unwrap();
        Self { root, issuing, root_key, issuing_key, key }
    }

    /// A certificate for the server's key, signed by the issuing authority.
    pub(super) fn issue(&self, params: &CertificateParams) -> Certificate {
        let above = Issuer::from_ca_cert_der(self.issuing.der(), &self.issuing_key).unwrap();
        params.signed_by(&self.key, &above).unwrap()
    }

    /// What the plan says of the server's certificate.
    pub(super) fn expected(&self) -> Expected {
        Expected {
            profile: Profile::Server,
            common_name: None,
            names: vec!["localhost".into(), "127.0.0.1".into()],
            lifetime_secs: (7 * DAY).unsigned_abs(),
            key: KeyAlgorithm::P256,
            public_key_sha256: Digest::of(&self.key.subject_public_key_info()),
            issuer: Some(self.issuing.pem()),
            now: Timestamp::from_micros(NOW * 1_000_000),
            renew_at: Some(ExpiryTrigger { numerator: 2, denominator: 3 }),
        }
    }

    /// What the plan says of a CA's certificate.
    pub(super) fn expected_ca(name: &str, key: &KeyPair, algorithm: KeyAlgorithm, issuer: Option<String>) -> Expected {
        Expected {
            profile: Profile::Ca,
            common_name: Some(name.to_owned()),
            names: vec![],
            lifetime_secs: (3650 * DAY).unsigned_abs(),
            key: algorithm,
            public_key_sha256: Digest::of(&key.subject_public_key_info()),
            issuer,
            now: Timestamp::from_micros(NOW * 1_000_000),
            renew_at: None,
        }
    }

    /// The codes of the verdict on a server's certificate after `spoil`.
    pub(super) fn codes(&self, spoil: impl FnOnce(&mut CertificateParams)) -> Vec<&'static str> {
        let mut params = server();
        spoil(&mut params);
        codes(judge_certificate(&self.issue(&params).pem(), &self.expected()))
    }

    /// The codes of the verdict on a server's certificate whose signed bytes were changed and signed again.
    pub(super) fn codes_resigned(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<&'static str> {
        let der = resigned(self.issue(&server()).der(), &self.issuing_key, change);
        codes(judge_certificate(&pem(&der), &self.expected()))
    }
}

pub(super) fn codes<T>(verdict: Result<T, Vec<Fault>>) -> Vec<&'static str> {
    let mut codes: Vec<_> = verdict.err().unwrap_or_default().into_iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

pub(super) fn judged(certificate: &Certificate, expected: &Expected) -> CertificateFacts {
    judge_certificate(&certificate.pem(), expected).unwrap()
}

pub(super) fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

/// One DER element: tag, length, content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => vec![short],
        _ => [&[0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes()].concat(),
    };
    [&[tag][..], &length, content].concat()
}

/// The first DER element of `bytes`: its content, and what follows it.
pub(super) fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, header) = match bytes[1] {
        short @ ..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(bytes[2]), 3),
        _ => (usize::from(bytes[2]) << 8 | usize::from(bytes[3]), 4),
    };
    bytes[header..].split_at(length)
}

/// The same certificate with other signed content, signed by `key`.
fn resigned(der: &[u8], key: &KeyPair, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let (signed, _) = split(der);
    let (content, after) = split(signed);
    let algorithm = &after[..after.len() - split(after).1.len()];
    let content = element(0x30, &change(content.to_vec()));
    let signature = [&[0][..], &key.sign(&content).unwrap()].concat();
    element(0x30, &[&content[..], algorithm, &element(0x03, &signature)].concat())
}

/// `bytes` with the one occurrence of `from` replaced by `to`, of the same length.
pub(super) fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert_eq!(places.len(), 1, "{from:02x?}");
    bytes[places[0]..places[0] + to.len()].copy_from_slice(to);
    bytes
}
