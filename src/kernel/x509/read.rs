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
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(only("x509.der", "the bytes are not one certificate")),
    }
}

pub(super) fn request(der: &[u8]) -> Result<X509CertificationRequest<'_>, Vec<Fault>> {
    match X509CertificationRequest::from_der(der) {
        Ok(([], request)) => Ok(request),
        _ => Err(only("x509.der", "the bytes are not one certificate request")),
    }
}
