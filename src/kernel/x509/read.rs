//! From PEM to parsed structures, with nothing before, between or after.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::fault::{Fault, only};

/// The DER of every block of `text`, all with `label`; white space around blocks is passed over.
pub(super) fn blocks(text: &str, label: &str) -> Result<Vec<Vec<u8>>, Vec<Fault>> {
    let malformed = || only("x509.pem", format!("the text is not PEM blocks of `{label}`"));
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut ders = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (inner, after) = rest.strip_prefix(&begin).and_then(|rest| rest.split_once(&end)).ok_or_else(malformed)?;
        let inner: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        ders.push(STANDARD.decode(inner).map_err(|_| malformed())?);
        rest = after.trim_start();
    }
    Ok(ders)
}

/// The DER of the one block of `text`.
pub(super) fn block(text: &str, label: &str) -> Result<Vec<u8>, Vec<Fault>> {
    let mut ders = blocks(text, label)?;
    match (ders.pop(), ders.is_empty()) {
        (Some(der), true) => Ok(der),
        _ => Err(only("x509.pem", format!("the text is not one PEM block of `{label}`"))),
    }
}

pub(super) fn certificate(der: &[u8]) -> Result<X509Certificate<'_>, Vec<Fault>> {
    check_envelope(der)?;
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(only("x509.der", "the bytes are not one certificate")),
    }
}

pub(super) fn request(der: &[u8]) -> Result<X509CertificationRequest<'_>, Vec<Fault>> {
    check_envelope(der)?;
    match X509CertificationRequest::from_der(der) {
        Ok(([], request)) => Ok(request),
        _ => Err(only("x509.der", "the bytes are not one certificate request")),
    }
}

/// The bytes must be, one for one, a sequence of signed content, one of our signature algorithms and a bit string
/// without unused bits.
///
/// WHY: the parser passes over some of the bytes that no signature covers, and what is delivered must have one form.
fn check_envelope(der: &[u8]) -> Result<(), Vec<Fault>> {
    let algorithm = || {
        let (content, rest) = element(der, SEQUENCE)?;
        let (_, after) = element(content, SEQUENCE)?;
        let (_, signature) = element(after, SEQUENCE)?;
        let (bits, end) = element(signature, BIT_STRING)?;
        let whole = rest.is_empty() && end.is_empty() && bits.first() == Some(&0);
        after.get(..after.len().checked_sub(signature.len())?).filter(|_| whole)
    };
    match algorithm() {
        Some(algorithm) if SIGNATURES.contains(&algorithm) => Ok(()),
        Some(_) => Err(only("x509.signature_algorithm", "it is not signed with ECDSA or Ed25519")),
        None => Err(only("x509.der", "the bytes are not one signed structure")),
    }
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The algorithm identifiers of ECDSA with SHA-256 and SHA-384 (RFC 5758 section 3.2) and of Ed25519 (RFC 8410).
const SIGNATURES: [&[u8]; 3] = [
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
    &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70],
];

/// The content of the first element, which must have that tag and the shortest form of its length; and what follows.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    if head[0] != tag {
        return None;
    }
    let (length, rest) = match head[1] {
        length @ ..=0x7f => (usize::from(length), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length).checked_sub(0x80)? + 0x80, rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)).checked_sub(0x100)? + 0x100, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
