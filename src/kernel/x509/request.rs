//! The verdict on a certificate request (beh:X5, beh:X6).

use std::collections::HashSet;

use countersign_warrant::Digest;
use x509_parser::asn1_rs::{Any, FromDer, Tag};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::{ParsedCriAttribute, X509CriAttribute};
use x509_parser::extensions::{ParsedExtension, X509Extension};

use super::expect::Asked;
use super::facts::RequestFacts;
use super::fault::{Fault, Faults};
use super::{keys, names, read};
use crate::workflow::model::Profile;

/// The label of a request's PEM block.
const REQUEST: &str = "CERTIFICATE REQUEST";

/// Judges a PKCS #10 request (RFC 2986), one PEM block: it proves possession of its key, and asks for nothing that the
/// plan does not give.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn judge_request(pem: &str, asked: &Asked) -> Result<RequestFacts, Vec<Fault>> {
    let der = read::block(pem, REQUEST)?;
    let request = read::request(&der)?;
    let mut faults = Faults::default();
    let proven = request.verify_signature().is_ok();
    faults.unless(proven, "x509.signature", "the request is not signed with its own key");
    let key = &request.certification_request_info.subject_pki;
    let message = format!("its key is not {}", keys::word(asked.key));
    faults.unless(keys::algorithm_of(key) == Some(asked.key), "x509.key_algorithm", message);
    let extensions = requested(&request, &mut faults);
    let names = judge_extensions(&extensions, asked, &mut faults);
    let common_name = names::of_subject(&request.certification_request_info.subject, &mut faults);
    let planned = names::planned(&asked.names);
    let fits = common_name
        .as_ref()
        .is_none_or(|name| asked.common_name.as_ref() == Some(name) || planned.contains(&name.to_ascii_lowercase()));
    faults.unless(fits, "x509.common_name", "it asks for a common name that is not planned");
    faults.or(RequestFacts { public_key_sha256: Digest::of(key.raw), key: asked.key, common_name, names })
}

/// The requested extensions; an attribute that comes twice, or with two values, is a fault.
fn requested<'r>(request: &'r X509CertificationRequest<'_>, faults: &mut Faults) -> Vec<&'r X509Extension<'r>> {
    let mut seen = HashSet::new();
    let mut extensions = Vec::new();
    for attribute in request.certification_request_info.iter_attributes() {
        if !seen.insert(&attribute.oid) {
            faults.push("x509.attribute_twice", format!("the attribute `{}` stands there twice", attribute.oid));
        }
        faults.unless(has_one_value(attribute), "x509.attribute_values", "an attribute has not exactly one value");
        match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(asked) => extensions.extend(&asked.extensions),
            _ => faults.push("x509.attribute", format!("the attribute `{}` is not for us", attribute.oid)),
        }
    }
    extensions
}

fn has_one_value(attribute: &X509CriAttribute<'_>) -> bool {
    let Ok(([], set)) = Any::from_der(attribute.value) else { return false };
    set.tag() == Tag::Set && matches!(Any::from_der(set.data), Ok(([], _)))
}

/// Key usage, basic constraints, purposes and names may be asked for, within the plan; the names are answered.
fn judge_extensions(extensions: &[&X509Extension<'_>], asked: &Asked, faults: &mut Faults) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for extension in extensions {
        if !seen.insert(&extension.oid) {
            faults.push("x509.extension_twice", format!("the extension `{}` stands there twice", extension.oid));
        }
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(value) => {
                found = names::read(&value.general_names, faults);
                let planned = names::planned(&asked.names);
                let within = found.iter().all(|name| planned.contains(name));
                faults.unless(within, "x509.names", "it asks for names that are not planned");
            }
            ParsedExtension::BasicConstraints(value) => {
                let fits = !value.ca || asked.profile == Profile::Ca;
                faults.unless(fits, "x509.basic_constraints", "it asks to be a CA");
            }
            ParsedExtension::KeyUsage(value) => {
                let fits = !value.key_cert_sign() || asked.profile == Profile::Ca;
                faults.unless(fits, "x509.key_usage", "it asks to sign certificates");
            }
            ParsedExtension::ExtendedKeyUsage(value) => {
                faults.unless(!value.any, "x509.extended_key_usage", "it asks for any purpose");
            }
            ParsedExtension::ParseError { .. } => {
                faults.push("x509.extension_form", format!("the extension `{}` cannot be read", extension.oid));
            }
            _ => faults.push("x509.extension_unplanned", format!("it asks for the extension `{}`", extension.oid)),
        }
    }
    found
}
