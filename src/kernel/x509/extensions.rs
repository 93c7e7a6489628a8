//! What a certificate may be used for (beh:X7, beh:X8, beh:X9, beh:X19).

use std::collections::HashSet;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{BasicConstraints, ExtendedKeyUsage, GeneralName, KeyUsage, ParsedExtension};

use super::fault::Faults;
use crate::workflow::model::Profile;

/// `digitalSignature`, as `x509_parser` numbers it.
const DIGITAL_SIGNATURE: u16 = 1;

/// `keyCertSign` and `cRLSign`.
const CA_USES: u16 = 1 << 5 | 1 << 6;

/// The extensions that this judge knows; each at most once.
#[derive(Default)]
pub(super) struct Extensions<'c> {
    pub(super) constraints: Option<(bool, &'c BasicConstraints)>,
    uses: Option<(bool, &'c KeyUsage)>,
    purposes: Option<&'c ExtendedKeyUsage<'c>>,
    pub(super) names: Option<(bool, &'c [GeneralName<'c>])>,
    pub(super) key_id: Option<&'c [u8]>,
    pub(super) issuer_key_id: Option<&'c [u8]>,
}

impl<'c> Extensions<'c> {
    /// Reads them; a second one of a kind, one that cannot be read and one that nobody planned are faults.
    pub(super) fn of(certificate: &'c X509Certificate<'c>, faults: &mut Faults) -> Self {
        let mut read = Self::default();
        let mut seen = HashSet::new();
        for extension in certificate.extensions() {
            if !seen.insert(&extension.oid) {
                faults.push("x509.extension_twice", format!("the extension `{}` stands there twice", extension.oid));
                continue;
            }
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(value) => read.constraints = Some((extension.critical, value)),
                ParsedExtension::KeyUsage(value) => read.uses = Some((extension.critical, value)),
                ParsedExtension::ExtendedKeyUsage(value) => read.purposes = Some(value),
                ParsedExtension::SubjectAlternativeName(value) => {
                    read.names = Some((extension.critical, &value.general_names));
                }
                ParsedExtension::SubjectKeyIdentifier(value) => read.key_id = Some(value.0),
                ParsedExtension::AuthorityKeyIdentifier(value) => {
                    read.issuer_key_id = value.key_identifier.as_ref().map(|id| id.0);
                }
                ParsedExtension::AuthorityInfoAccess(_)
                | ParsedExtension::CRLDistributionPoints(_)
                | ParsedExtension::CertificatePolicies(_)
                | ParsedExtension::SCT(_)
                    if !extension.critical => {}
                ParsedExtension::ParseError { .. } => {
                    faults.push("x509.extension_form", format!("the extension `{}` cannot be read", extension.oid));
                }
                _ => faults
                    .push("x509.extension_unplanned", format!("the extension `{}` was not planned", extension.oid)),
            }
        }
        read
    }

    /// Compares what the certificate may be used for with its profile.
    pub(super) fn judge_uses(&self, profile: Profile, faults: &mut Faults) {
        match profile {
            Profile::Ca => self.judge_ca(faults),
            Profile::Server => self.judge_server(faults),
        }
        faults.unless(self.key_id.is_some(), "x509.no_key_id", "there is no subject key identifier");
    }

    fn judge_ca(&self, faults: &mut Faults) {
        let constraints = self
            .constraints
            .is_some_and(|(critical, value)| critical && value.ca && value.path_len_constraint.is_some());
        let message = "a CA needs critical basic constraints with cA and a path length";
        faults.unless(constraints, "x509.basic_constraints", message);
        let uses = self.uses.is_some_and(|(critical, uses)| critical && uses.flags == CA_USES);
        faults.unless(uses, "x509.key_usage", "a CA's key is for keyCertSign and cRLSign only, critical");
        faults.unless(self.purposes.is_none(), "x509.extended_key_usage", "a purpose was not planned for a CA");
        faults.unless(self.names.is_none(), "x509.names", "names were not planned for a CA");
    }

    fn judge_server(&self, faults: &mut Faults) {
        let leaf = self.constraints.is_none_or(|(_, value)| !value.ca && value.path_len_constraint.is_none());
        faults.unless(leaf, "x509.basic_constraints", "a server's certificate must not be a CA's");
        let uses = self.uses.is_some_and(|(critical, uses)| critical && uses.flags == DIGITAL_SIGNATURE);
        faults.unless(uses, "x509.key_usage", "a server's key is for digitalSignature only, critical");
        let only_server = self.purposes.is_some_and(|purposes| {
            let others = purposes.any
                || purposes.client_auth
                || purposes.code_signing
                || purposes.email_protection
                || purposes.time_stamping
                || purposes.ocsp_signing;
            purposes.server_auth && !others && purposes.other.is_empty()
        });
        faults.unless(only_server, "x509.extended_key_usage", "a server's certificate is for serverAuth only");
    }

    /// True when the key may sign certificates.
    pub(super) fn may_sign(&self) -> bool {
        self.constraints.is_some_and(|(_, value)| value.ca) && self.uses.is_some_and(|(_, uses)| uses.key_cert_sign())
    }

    /// How many CAs may stand below this one; no bound when `None`.
    pub(super) fn path_length(&self) -> Option<u32> {
        self.constraints.and_then(|(_, value)| value.path_len_constraint)
    }
}
