//! Revocation: the certificate is written down as revoked, together with a new list that the authority signs.
//!
//! Both stand in the file of the certificate's subject, so that there is never one without the other. A list has all that
//! the authority has revoked until then; whoever wants the newest takes the one with the highest number.

use std::time::Duration;

use countersign_contract::{Applied, Refusal, RefusalClass, ResourceName, clock};
use rcgen::{CertificateRevocationListParams, Issuer, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber};
use serde_json::{Value, json};

use super::certificate::{Above, signer};
use super::request::rejected;
use super::{Attempt, refuse};
use crate::client::{Certificates, Issued, Object, RevocationList, Revoked};

/// The words for reasons (RFC 5280 section 5.3.1).
const REASONS: [(&str, RevocationReason); 6] = [
    ("unspecified", RevocationReason::Unspecified),
    ("key_compromise", RevocationReason::KeyCompromise),
    ("affiliation_changed", RevocationReason::AffiliationChanged),
    ("superseded", RevocationReason::Superseded),
    ("cessation_of_operation", RevocationReason::CessationOfOperation),
    ("privilege_withdrawn", RevocationReason::PrivilegeWithdrawn),
];

pub(super) fn revoke(attempt: &Attempt, object: &mut Object<Certificates>) -> Result<Applied, Refusal> {
    let _alone = attempt.directory.listing();
    let new = wanted(attempt, &object.state)?;
    let signer = signer(attempt)?;
    let above = Above::find(attempt, &new.issuer, &signer)?;
    let now = new.at;
    let (mut all, newest) = attempt.directory.revocations(&new.issuer).map_err(|unread| attempt.unread(&unread))?;
    all.retain(|one| one.not_after >= now);
    all.push(new.clone());
    all.sort_by(|one, other| (one.at, &one.serial).cmp(&(other.at, &other.serial)));
    let number = newest.map_or(0, |list| list.number).saturating_add(1);
    let unsigned = |_| refuse(RefusalClass::Permanent, "local.not_signed", "the list could not be signed".to_owned());
    let instant = |seconds: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs());
    let entry = |one: &Revoked| {
        let revocation_time = instant(one.at.micros().div_euclid(1_000_000));
        let (serial_number, reason_code) = (serial_of(one)?, reason_of(one));
        Ok(RevokedCertParams { serial_number, revocation_time, reason_code, invalidity_date: None })
    };
    let params = CertificateRevocationListParams {
        this_update: instant(now.micros().div_euclid(1_000_000)),
        // WHY: nothing here signs a list without a revocation: the authority's key comes with a warrant alone.
        next_update: instant(above.not_after),
        crl_number: SerialNumber::from_slice(&number.to_be_bytes()),
        issuing_distribution_point: None,
        revoked_certs: all.iter().map(entry).collect::<Result<_, Refusal>>()?,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::from_ca_cert_der(&above.der, signer).map_err(unsigned)?;
    let crl = params.signed_by(&issuer).and_then(|list| list.pem()).map_err(unsigned)?;
    object.state.revoked.retain(|one| one.not_after >= now);
    object.state.list = Some(RevocationList { issuer: new.issuer.clone(), number, crl });
    object.state.revoked.push(new);
    let outputs = [("crl_number".to_owned(), json!(number.to_string()))].into();
    Ok(Applied { outputs, provider_ids: Vec::new() })
}

/// What is to be revoked: a certificate of this subject that is not revoked yet, by the authority that issued it.
fn wanted(attempt: &Attempt, state: &Certificates) -> Result<Revoked, Refusal> {
    let text = |name: &str| attempt.intent.call.parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    let serial = text("serial");
    let meant = |issued: &&Issued| serial.is_empty() || issued.serial == serial;
    let Some(issued) = state.issued.iter().rev().find(meant) else {
        let message = format!("`{}` has no certificate with the serial `{serial}`", attempt.intent.call.resource);
        return Err(refuse(RefusalClass::NotFound, "local.no_certificate", message));
    };
    let Some(signed_by) = issued.issuer.clone().filter(|by: &ResourceName| by.as_str() == text("issuer")) else {
        return Err(rejected("local.wrong_issuer", format!("`{}` did not issue this certificate", text("issuer"))));
    };
    if state.revoked.iter().any(|one| one.serial == issued.serial) {
        let message = format!("`{}` is revoked already", issued.serial);
        return Err(refuse(RefusalClass::Conflict, "local.revoked", message));
    }
    let (serial, reason) = (issued.serial.clone(), text("reason").to_owned());
    Ok(Revoked { serial, issuer: signed_by, reason, at: clock::now(), not_after: issued.not_after })
}

fn serial_of(revoked: &Revoked) -> Result<SerialNumber, Refusal> {
    let bytes = bytes(&revoked.serial).ok_or_else(|| {
        refuse(RefusalClass::Permanent, "local.corrupt", format!("`{}` is no serial number", revoked.serial))
    })?;
    Ok(SerialNumber::from_slice(&bytes))
}

/// That no reason is given is said by its absence (RFC 5280 section 5.3.1).
fn reason_of(revoked: &Revoked) -> Option<RevocationReason> {
    let reason = REASONS.iter().find(|(word, _)| *word == revoked.reason).map(|(_, reason)| *reason);
    reason.filter(|reason| *reason != RevocationReason::Unspecified)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |text: &[u8]| u8::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
    hex.as_bytes().chunks(2).map(digit).collect()
}
