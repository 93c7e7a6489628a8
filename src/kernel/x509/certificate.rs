//! The verdict on an issued certificate.

use countersign_warrant::Digest;
use x509_parser::certificate::X509Certificate;
use x509_parser::x509::X509Version;

use super::expect::Expected;
use super::extensions::Extensions;
use super::facts::CertificateFacts;
use super::fault::{Fault, Faults};
use super::{keys, names, read, validity};
use crate::workflow::model::Profile;

/// The label of a certificate's PEM block.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";

/// Compares the issued certificate, one PEM block, with what was planned.
///
/// # Errors
/// Everything that is not as planned, at once.
pub fn judge_certificate(pem: &str, expected: &Expected) -> Result<CertificateFacts, Vec<Fault>> {
    let der = read::block(pem, CERTIFICATE)?;
    let certificate = read::certificate(&der)?;
    let issuer_der = expected.issuer.as_deref().map(|pem| read::block(pem, CERTIFICATE)).transpose()?;
    let issuer = issuer_der.as_deref().map(read::certificate).transpose()?;
    let mut faults = Faults::default();
    let version = certificate.version() == X509Version::V3;
    faults.unless(version, "x509.version", "it is not a version 3 certificate");
    validity::judge_serial(&certificate, &mut faults);
    judge_key(&certificate, expected, &mut faults);
    judge_signature(&certificate, issuer.as_ref(), &mut faults);
    let above = issuer.as_ref().map(|issuer| issuer.validity());
    validity::judge_validity(certificate.validity(), above, expected, &mut faults);
    let extensions = Extensions::of(&certificate, &mut faults);
    extensions.judge_uses(expected.profile, &mut faults);
    judge_issuer(&extensions, issuer.as_ref(), expected.profile, &mut faults);
    let found = judge_names(&certificate, &extensions, expected, &mut faults);
    let common_name = judge_subject(&certificate, expected, &found, &mut faults);
    let period = certificate.validity();
    faults.or(CertificateFacts {
        serial: hex(certificate.raw_serial()),
        not_before: validity::instant(period.not_before.timestamp()),
        not_after: validity::instant(period.not_after.timestamp()),
        sha256: Digest::of(&der),
        names: found,
        common_name,
        issuer: certificate.issuer().to_string(),
        public_key_sha256: Digest::of(certificate.public_key().raw),
    })
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn judge_key(certificate: &X509Certificate<'_>, expected: &Expected, faults: &mut Faults) {
    let key = certificate.public_key();
    let ours = Digest::of(key.raw) == expected.public_key_sha256;
    faults.unless(ours, "x509.key", "it is for another key than the request's");
    let message = format!("its key is not {}", keys::word(expected.key));
    faults.unless(keys::algorithm_of(key) == Some(expected.key), "x509.key_algorithm", message);
}

fn judge_signature(certificate: &X509Certificate<'_>, issuer: Option<&X509Certificate<'_>>, faults: &mut Faults) {
    let signed_as = &certificate.signature_algorithm;
    let agreed = certificate.tbs_certificate.signature == *signed_as;
    faults.unless(agreed, "x509.signature_algorithm", "it names two signature algorithms");
    let signer = issuer.map_or_else(|| certificate.public_key(), |issuer| issuer.public_key());
    let holds = certificate.verify_signature(Some(signer)).is_ok();
    faults.unless(holds, "x509.signature", "the issuer's key did not make its signature");
    let above = issuer.map_or_else(|| certificate.subject(), |issuer| issuer.subject());
    let named = certificate.issuer().as_raw() == above.as_raw();
    faults.unless(named, "x509.issuer", "it does not name its issuer");
}

/// The issuer must be a CA that may have this certificate below it, and be the one that the key identifiers name.
fn judge_issuer(
    extensions: &Extensions<'_>,
    issuer: Option<&X509Certificate<'_>>,
    profile: Profile,
    faults: &mut Faults,
) {
    let Some(issuer) = issuer else {
        let own = extensions.issuer_key_id.is_none_or(|id| Some(id) == extensions.key_id);
        faults.unless(own, "x509.authority_key_id", "a root's authority key identifier is not its own");
        return;
    };
    let above = Extensions::of(issuer, &mut Faults::default());
    faults.unless(above.may_sign(), "x509.issuer_use", "its issuer may not sign certificates");
    let named = extensions.issuer_key_id.is_some() && extensions.issuer_key_id == above.key_id;
    faults.unless(named, "x509.authority_key_id", "its authority key identifier is not its issuer's");
    if profile == Profile::Ca {
        let fits = match (above.path_length(), extensions.path_length()) {
            (Some(bound), Some(own)) => own < bound,
            (Some(_), None) => false,
            (None, _) => true,
        };
        faults.unless(fits, "x509.path_length", "its path length is not below its issuer's");
    }
}

fn judge_names(
    certificate: &X509Certificate<'_>,
    extensions: &Extensions<'_>,
    expected: &Expected,
    faults: &mut Faults,
) -> Vec<String> {
    let (critical, general) = extensions.names.unwrap_or((false, &[]));
    let found = names::read(general, faults);
    let planned = names::planned(&expected.names);
    let message = format!("its names are `{}`, planned were `{}`", found.join("`, `"), planned.join("`, `"));
    faults.unless(found == planned, "x509.names", message);
    let named = expected.profile == Profile::Ca || !general.is_empty();
    faults.unless(named, "x509.names", "a server's certificate needs subject alternative names");
    let nameless = certificate.subject().iter().next().is_none() && !general.is_empty();
    let message = "with an empty subject the names must be critical";
    faults.unless(critical || !nameless, "x509.names_critical", message);
    found
}

fn judge_subject(
    certificate: &X509Certificate<'_>,
    expected: &Expected,
    found: &[String],
    faults: &mut Faults,
) -> Option<String> {
    let common_name = names::of_subject(certificate.subject(), faults);
    let is_name = |name: &String| found.contains(&name.to_ascii_lowercase());
    let fits = match (&expected.common_name, &common_name) {
        (Some(planned), found) => found.as_ref() == Some(planned),
        (None, Some(found)) => expected.profile == Profile::Server && is_name(found),
        (None, None) => expected.profile == Profile::Server,
    };
    faults.unless(fits, "x509.common_name", "its common name is neither the planned one nor one of its names");
    common_name
}
