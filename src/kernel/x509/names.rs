//! Names: every general name counts, and every kind but DNS name and IP address is a fault (beh:X4, beh:X5).

use core::net::IpAddr;

use x509_parser::extensions::GeneralName;
use x509_parser::x509::X509Name;

use super::fault::Faults;

/// The names as plans write them, sorted. A name of another kind, in a wrong form or twice is a fault.
pub(super) fn read(general: &[GeneralName<'_>], faults: &mut Faults) -> Vec<String> {
    let mut names: Vec<String> = general
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => {
                faults.unless(
                    is_dns_name(name),
                    "x509.name_form",
                    format!("`{name}` is not a DNS name in its own form"),
                );
                Some((*name).to_owned())
            }
            GeneralName::IPAddress(bytes) => {
                let address = address(bytes);
                faults.unless(address.is_some(), "x509.name_form", "an IP address has neither 4 nor 16 bytes");
                address.map(|address| address.to_string())
            }
            other => {
                faults.push("x509.name_kind", format!("a name of the kind {} is not for us", kind(other)));
                None
            }
        })
        .collect();
    names.sort();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        faults.push("x509.name_twice", format!("`{}` is named twice", pair[0]));
    }
    names
}

/// The planned names in the form in which certificates hold them, sorted.
pub(super) fn planned(names: &[String]) -> Vec<String> {
    let own_form = |name: &String| match name.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    };
    let mut names: Vec<String> = names.iter().map(own_form).collect();
    names.sort();
    names.dedup();
    names
}

/// The common name of `name`, which must have no other attribute.
pub(super) fn of_subject(name: &X509Name<'_>, faults: &mut Faults) -> Option<String> {
    let all = name.iter_attributes().count();
    let mut common = name.iter_common_name();
    let first = common.next().and_then(|attribute| attribute.as_str().ok()).map(ToOwned::to_owned);
    let expected = usize::from(first.is_some());
    faults.unless(all == expected, "x509.subject", "the subject says more than one common name");
    first
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Lower case, no final dot, no underscore, no address, a wildcard only as the whole left-most label of three or more.
fn is_dns_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
    };
    let has_room = host == name || host.contains('.');
    name.len() <= 253 && has_room && host.split('.').all(is_label) && name.parse::<IpAddr>().is_err()
}

fn kind(name: &GeneralName<'_>) -> &'static str {
    match name {
        GeneralName::OtherName(..) => "otherName",
        GeneralName::RFC822Name(_) => "rfc822Name",
        GeneralName::DNSName(_) => "dNSName",
        GeneralName::X400Address(_) => "x400Address",
        GeneralName::DirectoryName(_) => "directoryName",
        GeneralName::EDIPartyName(_) => "ediPartyName",
        GeneralName::URI(_) => "uniformResourceIdentifier",
        GeneralName::IPAddress(_) => "iPAddress",
        GeneralName::RegisteredID(_) => "registeredID",
        GeneralName::Invalid(..) => "that cannot be read",
    }
}
