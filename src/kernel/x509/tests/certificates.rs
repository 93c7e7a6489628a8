//! Good certificates pass; each bad one fails for its own reason.

use countersign_warrant::{Digest, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};

use super::authority::{Authority, DAY, NOW, ca, codes, judged, pem, replaced, server, span};
use crate::workflow::model::{ExpiryTrigger, KeyAlgorithm};
use crate::x509::{Expected, judge_certificate, judge_chain};

/// The extension id of subject alternative names.
const SAN: [u64; 4] = [2, 5, 29, 17];

#[test]
fn what_is_as_planned_passes_with_its_facts() {
    let authority = Authority::new();
    let leaf = authority.issue(&server());
    let facts = judged(&leaf, &authority.expected());
    assert_eq!(facts.serial, "41".repeat(20));
    assert_eq!(facts.names, ["127.0.0.1", "localhost"]);
    assert_eq!(facts.sha256, Digest::of(leaf.der()));
    assert_eq!(facts.issuer, "CN=Issuing");
    assert_eq!(facts.not_before.micros(), (NOW - 60) * 1_000_000);
    assert_eq!(facts.not_after.micros() - facts.not_before.micros(), (7 * DAY - 1) * 1_000_000);
    assert_eq!(facts.to_map().len(), 8);
    let root = Authority::expected_ca("Root", &authority.root_key, KeyAlgorithm::P384, None);
    assert_eq!(judged(&authority.root, &root).common_name.as_deref(), Some("Root"));
    let above = Some(authority.root.pem());
    let issuing = Expected {
        lifetime_secs: (730 * DAY).unsigned_abs(),
        ..Authority::expected_ca("Issuing", &authority.issuing_key, KeyAlgorithm::P256, above)
    };
    assert_eq!(judged(&authority.issuing, &issuing).names, Vec::<String>::new());
}

#[test]
fn a_key_of_each_algorithm_passes() {
    let authority = Authority::new();
    for (algorithm, word) in
        [(&rcgen::PKCS_ECDSA_P384_SHA384, KeyAlgorithm::P384), (&rcgen::PKCS_ED25519, KeyAlgorithm::Ed25519)]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = ca("Root", 0, 3650);
        let root = params.self_signed(&key).unwrap();
        judged(&root, &Authority::expected_ca("Root", &key, word, None));
        let issuer = Issuer::from_params(&params, &key);
        let leaf = server().signed_by(&authority.key, &issuer).unwrap();
        judged(&leaf, &Expected { issuer: Some(root.pem()), ..authority.expected() });
    }
}

#[test]
fn only_one_certificate_and_nothing_else_is_read() {
    let authority = Authority::new();
    let (leaf, expected) = (authority.issue(&server()), authority.expected());
    let whole = leaf.pem();
    for wrong in [String::new(), format!("{whole}{whole}"), format!("x{whole}"), whole.replace("CERTIFICATE", "X509")] {
        assert_eq!(codes(judge_certificate(&wrong, &expected)), ["x509.pem"], "{wrong}");
    }
    let trailing = pem(&[leaf.der(), &[5, 0][..]].concat());
    assert_eq!(codes(judge_certificate(&trailing, &expected)), ["x509.der"]);
    assert_eq!(codes(judge_certificate(&pem(&leaf.der()[..100]), &expected)), ["x509.der"]);
}

#[test]
fn every_flipped_bit_of_a_certificate_is_refused() {
    let authority = Authority::new();
    let (leaf, expected) = (authority.issue(&server()), authority.expected());
    for bit in 0..leaf.der().len() * 8 {
        let mut wrong = leaf.der().to_vec();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(judge_certificate(&pem(&wrong), &expected).is_err(), "bit {bit}");
    }
}

#[test]
fn the_issuer_signs_for_our_key_and_is_named() {
    let authority = Authority::new();
    let (leaf, expected) = (authority.issue(&server()).pem(), authority.expected());
    let other = Authority::new();
    let foreign = Expected { issuer: Some(other.issuing.pem()), ..expected.clone() };
    assert_eq!(codes(judge_certificate(&leaf, &foreign)), ["x509.signature", "x509.authority_key_id"]);
    let by_root = Expected { issuer: Some(authority.root.pem()), ..expected.clone() };
    assert!(codes(judge_certificate(&leaf, &by_root)).contains(&"x509.issuer"));
    let stray = Expected { public_key_sha256: Digest::of(b"other"), ..expected.clone() };
    assert_eq!(codes(judge_certificate(&leaf, &stray)), ["x509.key"]);
    let curve = Expected { key: KeyAlgorithm::P384, ..expected };
    assert_eq!(codes(judge_certificate(&leaf, &curve)), ["x509.key_algorithm"]);
    assert!(
        authority
            .codes(|params| params.use_authority_key_identifier_extension = false)
            .contains(&"x509.authority_key_id")
    );
}

/// beh:X6
#[test]
fn x6_a_key_that_is_not_on_the_list_gets_no_certificate() {
    let authority = Authority::new();
    for algorithm in [&rcgen::PKCS_ECDSA_P521_SHA512, &rcgen::PKCS_RSA_SHA256] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let above = Issuer::from_ca_cert_der(authority.issuing.der(), &authority.issuing_key).unwrap();
        let leaf = server().signed_by(&key, &above).unwrap().pem();
        let ours = Digest::of(&key.subject_public_key_info());
        let expected = Expected { public_key_sha256: ours, ..authority.expected() };
        assert_eq!(codes(judge_certificate(&leaf, &expected)), ["x509.key_algorithm"]);
    }
}

#[test]
fn a_server_signs_no_certificate() {
    let authority = Authority::new();
    let leaf = authority.issue(&server());
    let params = server();
    let issuer = Issuer::from_params(&params, &authority.key);
    let below = server().signed_by(&authority.key, &issuer).unwrap();
    let expected = Expected { issuer: Some(leaf.pem()), ..authority.expected() };
    assert!(codes(judge_certificate(&below.pem(), &expected)).contains(&"x509.issuer_use"));
}

/// beh:X1
#[test]
fn x1_serial_numbers_are_positive_and_long_but_not_too_long() {
    let authority = Authority::new();
    let with = |serial: &[u8]| authority.codes(|params| params.serial_number = Some(SerialNumber::from_slice(serial)));
    for wrong in [&[1][..], &[0x7f; 7], &[0], &[0x80; 20], &[0x41; 21]] {
        assert_eq!(with(wrong), ["x509.serial"], "{wrong:02x?}");
    }
    assert!(with(&[0x7f; 20]).is_empty() && with(&[0x81; 8]).is_empty());
    let negative = authority.codes_resigned(|signed| {
        replaced(signed, &[&[2, 20][..], &[0x41; 20]].concat(), &[&[2, 20, 0xc1][..], &[0x41; 19]].concat())
    });
    assert_eq!(negative, ["x509.serial"]);
    let padded = authority.codes_resigned(|signed| {
        replaced(signed, &[&[2, 20][..], &[0x41; 20]].concat(), &[&[2, 20, 0][..], &[0x41; 19]].concat())
    });
    assert_eq!(padded, ["x509.serial"]);
}

/// beh:X2
#[test]
fn x2_both_ends_of_the_validity_count() {
    let authority = Authority::new();
    assert!(authority.codes(|params| span(params, NOW, NOW + 7 * DAY - 1)).is_empty());
    assert_eq!(authority.codes(|params| span(params, NOW, NOW + 7 * DAY)), ["x509.lifetime"]);
    assert_eq!(authority.codes(|params| span(params, NOW, NOW + 6 * DAY)), ["x509.lifetime"]);
}

/// beh:X3
#[test]
fn x3_back_dating_is_an_hour_at_most_and_within_the_issuers_validity() {
    let authority = Authority::new();
    assert_eq!(authority.codes(|params| span(params, NOW - 3600, NOW + 6 * DAY)), ["x509.nesting", "x509.lifetime"]);
    assert!(authority.codes(|params| span(params, NOW - 3601, NOW + 6 * DAY)).contains(&"x509.not_before"));
    assert_eq!(authority.codes(|params| span(params, NOW + 1, NOW + 7 * DAY)), ["x509.not_before"]);
    assert!(authority.codes(|params| span(params, NOW - 60, NOW)).contains(&"x509.not_after"));
    let expected = Expected { lifetime_secs: (999 * DAY).unsigned_abs(), ..authority.expected() };
    let mut long = server();
    span(&mut long, NOW - 60, NOW + 800 * DAY);
    assert!(codes(judge_certificate(&authority.issue(&long).pem(), &expected)).contains(&"x509.nesting"));
    let late = Expected { now: Timestamp::from_micros((NOW + 3000 * DAY) * 1_000_000), ..authority.expected() };
    assert!(codes(judge_certificate(&authority.issue(&server()).pem(), &late)).contains(&"x509.issuer_validity"));
}

/// beh:X14: an issuer may cut a certificate short, but not so that it is due at once.
#[test]
fn x14_no_certificate_is_due_at_birth() {
    let authority = Authority::new();
    let expected = Expected { lifetime_secs: (1000 * DAY).unsigned_abs(), ..authority.expected() };
    let mut cut = server();
    span(&mut cut, NOW - 60, NOW - 60 + 730 * DAY - 1);
    let cut = authority.issue(&cut).pem();
    assert!(judge_certificate(&cut, &expected).is_ok());
    let at_once = Expected { renew_at: Some(ExpiryTrigger { numerator: 0, denominator: 3 }), ..expected };
    assert_eq!(codes(judge_certificate(&cut, &at_once)), ["x509.due_at_birth"]);
    let short = Expected { lifetime_secs: 180, ..authority.expected() };
    let mut params = server();
    span(&mut params, NOW - 150, NOW - 150 + 179);
    let codes = codes(judge_certificate(&authority.issue(&params).pem(), &short));
    assert!(codes.contains(&"x509.due_at_birth"), "{codes:?}");
}

/// beh:X4
#[test]
fn x4_names_are_exactly_the_planned_ones_in_their_own_form() {
    let authority = Authority::new();
    let with = |names: &[&str]| {
        authority.codes(|params| {
            params.subject_alt_names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
            params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        })
    };
    assert!(with(&["localhost"]).is_empty());
    assert_eq!(with(&[]), ["x509.names"]);
    assert_eq!(with(&["localhost", "example.com"]), ["x509.names"]);
    assert_eq!(with(&["localhost", "localhost"]), ["x509.name_twice", "x509.names"]);
    for wrong in ["Localhost", "localhost.", "local_host", "*", "*.com", "a.*.com", "-a.com", "10.0.0.1", ""] {
        assert!(with(&[wrong]).contains(&"x509.name_form"), "{wrong}");
    }
    assert_eq!(with(&["*.example.com"]), ["x509.names"]);
    let named = |name: &str| authority.codes(|params| params.distinguished_name.push(DnType::CommonName, name));
    assert!(named("localhost").is_empty());
    assert_eq!(named("elsewhere.example"), ["x509.common_name"]);
    let organised = authority.codes(|params| {
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.distinguished_name.push(DnType::OrganizationName, "Example");
    });
    assert_eq!(organised, ["x509.subject"]);
    assert_eq!(authority.codes(|params| params.subject_alt_names.clear()), ["x509.names"]);
    let uncritical = authority.codes_resigned(|signed| {
        // The critical flag of the names: true becomes false.
        replaced(signed, &[0x55, 0x1d, 0x11, 1, 1, 0xff], &[0x55, 0x1d, 0x11, 1, 1, 0])
    });
    assert_eq!(uncritical, ["x509.names_critical"]);
}

/// beh:X5
#[test]
fn x5_every_kind_of_general_name_counts() {
    let authority = Authority::new();
    for other in [
        SanType::Rfc822Name("dana@example.com".try_into().unwrap()),
        SanType::URI("spiffe://example/x".try_into().unwrap()),
        SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], "dana".into())),
    ] {
        assert_eq!(authority.codes(|params| params.subject_alt_names.push(other)), ["x509.name_kind"]);
    }
    // directoryName, registeredID, x400Address, ediPartyName, and a tag that no general name has.
    for other in [&[0xa4, 2, 0x30, 0][..], &[0x88, 1, 0x2a], &[0xa3, 0], &[0xa5, 0], &[0x89, 1, 0]] {
        let names = [&[0x82, 9][..], b"localhost", &[0x87, 4, 127, 0, 0, 1], other].concat();
        let spoilt = authority.codes(|params| {
            params.subject_alt_names.clear();
            let mut names = CustomExtension::from_oid_content(&SAN, super::authority::element(0x30, &names));
            names.set_criticality(true);
            params.custom_extensions.push(names);
        });
        assert_eq!(spoilt, ["x509.name_kind"], "{other:02x?}");
    }
    let doubled = authority.codes(|params| {
        let names = super::authority::element(0x30, &[&[0x82, 9][..], b"localhost"].concat());
        params.custom_extensions.push(CustomExtension::from_oid_content(&SAN, names));
    });
    assert_eq!(doubled, ["x509.extension_twice"]);
}

/// beh:X7
#[test]
fn x7_keys_are_for_what_the_profile_says() {
    use KeyUsagePurpose::{CrlSign, DigitalSignature, KeyCertSign, KeyEncipherment};
    let authority = Authority::new();
    let uses = |uses: &[KeyUsagePurpose]| authority.codes(|params| params.key_usages = uses.to_vec());
    for wrong in [&[][..], &[DigitalSignature, KeyEncipherment], &[KeyEncipherment], &[DigitalSignature, KeyCertSign]] {
        assert_eq!(uses(wrong), ["x509.key_usage"]);
    }
    let as_ca = authority.codes(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(as_ca, ["x509.basic_constraints"]);
    let root = |spoil: fn(&mut CertificateParams)| {
        let mut params = ca("Root", 1, 3650);
        spoil(&mut params);
        let made = params.self_signed(&authority.root_key).unwrap();
        let expected = Authority::expected_ca("Root", &authority.root_key, KeyAlgorithm::P384, None);
        codes(judge_certificate(&made.pem(), &expected))
    };
    assert!(root(|_| ()).is_empty());
    assert_eq!(root(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), ["x509.basic_constraints"]);
    assert_eq!(root(|params| params.is_ca = IsCa::ExplicitNoCa), ["x509.basic_constraints"]);
    assert_eq!(root(|params| params.key_usages = vec![KeyCertSign]), ["x509.key_usage"]);
    assert_eq!(root(|params| params.key_usages = vec![KeyCertSign, CrlSign, DigitalSignature]), ["x509.key_usage"]);
    assert_eq!(
        root(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ["x509.extended_key_usage"]
    );
    assert_eq!(root(|params| params.subject_alt_names = server().subject_alt_names), ["x509.names"]);
    assert_eq!(root(|params| params.distinguished_name.push(DnType::CommonName, "Other")), ["x509.common_name"]);
}

#[test]
fn a_ca_below_another_has_a_shorter_path() {
    let authority = Authority::new();
    for (length, fits) in [(0, true), (1, false), (2, false)] {
        let issuer = Issuer::from_ca_cert_der(authority.root.der(), &authority.root_key).unwrap();
        let made = ca("Issuing", length, 3650).signed_by(&authority.issuing_key, &issuer).unwrap();
        let above = Some(authority.root.pem());
        let expected = Authority::expected_ca("Issuing", &authority.issuing_key, KeyAlgorithm::P256, above);
        let found = codes(judge_certificate(&made.pem(), &expected));
        assert_eq!(found, if fits { vec![] } else { vec!["x509.path_length"] });
    }
}

/// beh:X8
#[test]
fn x8_purposes_are_said_and_not_any() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, Other, ServerAuth};
    let authority = Authority::new();
    let purposes =
        |list: &[ExtendedKeyUsagePurpose]| authority.codes(|params| params.extended_key_usages = list.to_vec());
    for wrong in
        [&[][..], &[ClientAuth], &[ServerAuth, ClientAuth], &[ServerAuth, Any], &[ServerAuth, Other(vec![1, 2, 3])]]
    {
        assert_eq!(purposes(wrong), ["x509.extended_key_usage"], "{wrong:?}");
    }
}

/// beh:X9
#[test]
fn x9_key_identifiers_are_there() {
    let authority = Authority::new();
    assert_eq!(authority.codes(|params| params.is_ca = IsCa::NoCa), ["x509.no_key_id"]);
    assert_eq!(
        authority.codes(|params| params.use_authority_key_identifier_extension = false),
        ["x509.authority_key_id"]
    );
}

#[test]
fn unplanned_extensions_are_refused() {
    let authority = Authority::new();
    let mut strange = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    assert_eq!(authority.codes(|params| params.custom_extensions.push(strange.clone())), ["x509.extension_unplanned"]);
    strange.set_criticality(true);
    assert_eq!(authority.codes(|params| params.custom_extensions.push(strange)), ["x509.extension_unplanned"]);
    let broken = CustomExtension::from_oid_content(&[2, 5, 29, 30], vec![2, 1, 1]);
    assert_eq!(authority.codes(|params| params.custom_extensions.push(broken)), ["x509.extension_form"]);
}

/// beh:X10
#[test]
fn x10_a_chain_is_in_order_and_without_its_root() {
    let authority = Authority::new();
    let leaf = authority.issue(&server());
    let facts = judged(&leaf, &authority.expected());
    let (leaf, issuing, root) = (leaf.pem(), authority.issuing.pem(), authority.root.pem());
    let chain =
        |parts: &[&String]| codes(judge_chain(&parts.iter().map(|part| part.as_str()).collect::<String>(), &facts));
    assert!(chain(&[&leaf, &issuing]).is_empty());
    assert!(chain(&[&leaf]).is_empty());
    assert_eq!(chain(&[]), ["x509.chain_first"]);
    assert_eq!(chain(&[&leaf, &issuing, &root]), ["x509.chain_root"]);
    assert_eq!(chain(&[&issuing, &leaf]), ["x509.chain_first", "x509.chain_order"]);
    assert_eq!(chain(&[&leaf, &Authority::new().issuing.pem()]), ["x509.chain_order"]);
    let own = Authority::expected_ca("Root", &authority.root_key, KeyAlgorithm::P384, None);
    assert!(judge_chain(&root, &judged(&authority.root, &own)).is_ok());
}

/// beh:X12
#[test]
fn x12_the_facts_tell_one_key_from_another() {
    let authority = Authority::new();
    let facts = judged(&authority.issue(&server()), &authority.expected());
    assert_eq!(facts.public_key_sha256, Digest::of(&authority.key.subject_public_key_info()));
}
