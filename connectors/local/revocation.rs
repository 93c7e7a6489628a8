//! Reads revocation lists, as whoever trusts the authority does.

use countersign_contract::ResourceName;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::client::{Certificates, Directory};

/// Who issued the subject's certificate of that serial, and the certificates (PEM) whose keys may have signed its list.
pub(crate) fn signers(
    directory: &Directory,
    subject: &ResourceName,
    serial: &str,
) -> Option<(ResourceName, Vec<String>)> {
    let object = directory.load::<Certificates>(subject).ok()??;
    let issuer = object.state.issued.into_iter().find(|issued| issued.serial == serial)?.issuer?;
    let above = directory.load::<Certificates>(&issuer).ok()??;
    Some((issuer, above.state.issued.into_iter().map(|issued| issued.certificate).collect()))
}

/// Whether the list (PEM) names the serial, as hex. None when none of the certificates' keys signed it.
pub(crate) fn names(crl: &str, certificates: &[String], serial: &str) -> Option<bool> {
    let der = CertificateRevocationListDer::from_pem_slice(crl.as_bytes()).ok()?;
    let (rest, list) = CertificateRevocationList::from_der(&der).ok()?;
    let signed = |pem: &String| -> Option<bool> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        Some(list.issuer() == certificate.subject() && list.verify_signature(certificate.public_key()).is_ok())
    };
    if !rest.is_empty() || !certificates.iter().any(|pem| signed(pem) == Some(true)) {
        return None;
    }
    Some(list.iter_revoked_certificates().any(|one| hex(one.raw_serial()) == serial))
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
