//! Reads `revoke`.

use super::errors::{Errors, Read};
use super::issue::issuer;
use super::model::RevokeStep;
use super::scalar;
use super::scope::Scope;
use super::table::Table;
use super::tree::Node;

/// The reasons of RFC 5280 section 5.3.1 that an owner can have. The others are of authorities, or take a revocation back.
pub(super) const REASONS: [(&str, &str); 6] = [
    ("unspecified", "unspecified"),
    ("key_compromise", "key_compromise"),
    ("affiliation_changed", "affiliation_changed"),
    ("superseded", "superseded"),
    ("cessation_of_operation", "cessation_of_operation"),
    ("privilege_withdrawn", "privilege_withdrawn"),
];

/// Reads `{issuer, reason}`.
pub(super) fn revoke(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<RevokeStep> {
    let mut table = Table::of(node, "revoke: {issuer: local/ca/issuing, reason: key_compromise}", errors)?;
    let issuer = table.need("issuer", "local/ca/issuing", errors).and_then(|node| issuer(node, scope, errors));
    let reason =
        table.need("reason", "key_compromise", errors).and_then(|node| scalar::word(node, &REASONS, &[], errors));
    table.done(&[], errors)?;
    Ok(RevokeStep { issuer: issuer?, reason: reason? })
}
