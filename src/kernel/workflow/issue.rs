//! Reads `issue`.

use core::net::IpAddr;
use core::ops::Range;

use countersign_contract::SecretKind;
use countersign_warrant::ResourceName;

use super::codes;
use super::delivery::{adopted, distribute, distribute_secret};
use super::errors::{Errors, Read};
use super::header::{resource, tell_connector};
use super::model::{IssueStep, KeyAlgorithm, Profile};
use super::scalar::{self, shortened};
use super::scope::Scope;
use super::suggest;
use super::table::{Table, items};
use super::tree::Node;

const PROFILES: [(&str, Profile); 2] = [("ca", Profile::Ca), ("server", Profile::Server)];

pub(super) const KEYS: [(&str, KeyAlgorithm); 3] =
    [("p256", KeyAlgorithm::P256), ("p384", KeyAlgorithm::P384), ("ed25519", KeyAlgorithm::Ed25519)];

/// Names of a certificate at most, as public authorities have it.
const NAMES_MAX: usize = 100;

/// Reads `{profile, issuer, common_name, names, lifetime, key, distribute, adopted}`.
pub(super) fn issue(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<IssueStep> {
    let place = format!("steps[{}].issue", scope.here);
    let table = Table::of(node, "issue: {profile: server, issuer: .., names: [..], lifetime: 90d, key: p256}", errors)?;
    keys(table, &place, (node, scope), errors)
}

/// Reads them from a table of which other keys were taken before.
pub(super) fn keys(
    mut table: Table<'_>,
    place: &str,
    (node, scope): (&Node, &Scope<'_>),
    errors: &mut Errors<'_>,
) -> Read<IssueStep> {
    let profile = table.need("profile", "server", errors).and_then(|node| scalar::word(node, &PROFILES, &[], errors));
    let issuer_node = table.take("issuer");
    let issuer = issuer_node.map(|node| issuer(node, scope, errors)).transpose();
    let common_name_node = table.take("common_name");
    // WHY: 64 characters are the upper bound of a common name (RFC 5280 appendix A.1, ub-common-name).
    let common_name = common_name_node.map(|node| scalar::line(node, 64, errors)).transpose();
    let names_node = table.take("names");
    let names = names_node.map_or(Ok(Vec::new()), |node| names(node, errors));
    let lifetime = table.need("lifetime", "90d", errors).and_then(|node| scalar::some_secs(node, errors));
    let key = table.need("key", "p256", errors).and_then(|node| scalar::word(node, &KEYS, &[], errors));
    let distribute = table.need("distribute", "[{to: files/server, path: .., fields: {..}}]", errors).and_then(
        |node| match profile {
            Ok(Profile::Server) => distribute_secret(node, place, scope, errors),
            // WHY: the key of an authority signs here, and leaves only as certificates.
            Ok(Profile::Ca) | Err(_) => distribute(node, place, scope, errors),
        },
    );
    let adopted = table.take("adopted").map_or(Ok(Vec::new()), |node| adopted(node, place, scope, errors));
    table.done(&[], errors)?;
    let profile = profile?;
    check_profile(profile, &node.owner, [issuer_node, common_name_node, names_node], errors)?;
    Ok(IssueStep {
        profile,
        issuer: issuer?,
        common_name: common_name?.map(str::to_owned),
        names: names?,
        lifetime_secs: lifetime?,
        key: key?,
        distribute: distribute?,
        adopted: adopted?,
    })
}

/// A server has an issuer and names, and no common name; an authority has no names.
fn check_profile(
    profile: Profile,
    at: &Range<usize>,
    [issuer, common_name, names]: [Option<&Node>; 3],
    errors: &mut Errors<'_>,
) -> Read<()> {
    let mut told = Ok(());
    match profile {
        Profile::Server => {
            if issuer.is_none() {
                let message = "a server certificate needs an `issuer`";
                told = Err(errors.tell(codes::PROFILE, at, message, "write `issuer: local/ca/issuing`"));
            }
            if names.is_none() {
                let message = "a server certificate needs `names`";
                told = Err(errors.tell(codes::PROFILE, at, message, "write `names: [host.example.com]`"));
            }
            if let Some(node) = common_name {
                let message = "a server certificate has no common name";
                let help = "clients look at `names` only (RFC 6125 section 6.4.4); leave it out";
                told = Err(errors.tell(codes::PROFILE, &node.owner, message, help));
            }
        }
        Profile::Ca => {
            if let Some(node) = names {
                let help = "write `common_name`, or take the profile `server`";
                told = Err(errors.tell(codes::PROFILE, &node.owner, "an authority has no `names`", help));
            }
        }
    }
    told
}

/// The subject whose key signs: of the same connector, of a kind with a key pair, and not the subject itself.
pub(super) fn issuer(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<ResourceName> {
    let name = resource(node, scalar::text(node, errors)?, errors)?;
    let whose = scope.whose?;
    let Some(manifest) = scope.known.connectors.get(name.connector()) else {
        return Err(tell_connector(name.connector(), node, scope.known, errors));
    };
    if name.connector() != whose.connector {
        let message = format!("`{name}` belongs to another connector than the subject");
        let help = format!("name an issuer of `{}`", whose.connector);
        return Err(errors.tell(codes::BAD_ISSUER, &node.span, message, help));
    }
    let signs =
        |kind: &&countersign_contract::Kind| kind.secret.is_some_and(|secret| secret.kind == SecretKind::KeyPair);
    match manifest.kind(name.kind()) {
        Some(kind) if signs(&kind) => Ok(name),
        Some(kind) => {
            let message = format!("the kind `{}` has no key that could sign", kind.name);
            Err(errors.tell(codes::BAD_ISSUER, &node.span, message, "name a certificate authority"))
        }
        None => {
            let help = suggest::help(name.kind(), manifest.kinds.iter().filter(signs).map(|kind| kind.name));
            let message = format!("`{}` has no kind `{}`", whose.connector, shortened(name.kind()));
            Err(errors.tell(codes::UNKNOWN_KIND, &node.span, message, help))
        }
    }
}

/// DNS names and IP addresses: at least one, each once.
fn names(node: &Node, errors: &mut Errors<'_>) -> Read<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let items = items(node, "[host.example.com]", errors)?;
    if items.len() > NAMES_MAX {
        let message = format!("{} names are too many for one certificate", items.len());
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.owner, message, format!("at most {NAMES_MAX}")));
    }
    let mut told = Ok(());
    for item in items {
        match scalar::text(item, errors) {
            Ok(text) if !is_host(text) => {
                let message = format!("`{}` is neither a DNS name nor an IP address", shortened(text));
                told =
                    Err(errors.tell(codes::BAD_NAME, &item.span, message, "such as `host.example.com` or `127.0.0.1`"));
            }
            Ok(text) if names.iter().any(|name| name.eq_ignore_ascii_case(text)) => {
                let message = format!("`{text}` stands here for the second time");
                told = Err(errors.tell(codes::BAD_NAME, &item.span, message, "name each host once"));
            }
            Ok(text) => names.push(text.to_owned()),
            Err(because) => told = Err(because),
        }
    }
    told?;
    if names.is_empty() {
        let message = "at least one name is needed";
        return Err(errors.tell(codes::EMPTY_VALUE, &node.owner, message, "such as `names: [host.example.com]`"));
    }
    Ok(names)
}

/// An IP address, or a DNS name (RFC 1123 section 2.1) whose first label may be `*`.
fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= 253 && !is_number && name.split('.').all(is_label)
}
