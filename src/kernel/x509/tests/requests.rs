//! Requests prove possession of their key and ask for nothing beyond the plan.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_warrant::Digest;
use rcgen::{
    Attribute, BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};

use super::authority::{codes, element};
use crate::workflow::model::{KeyAlgorithm, Profile};
use crate::x509::{Asked, judge_request};

/// The attribute id of requested extensions, PKCS #9.
const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];

fn asked() -> Asked {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    Asked { profile: Profile::Server, key: KeyAlgorithm::P256, common_name: None, names }
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn spoilt(spoil: impl FnOnce(&mut CertificateParams)) -> Vec<&'static str> {
    let mut params = params();
    spoil(&mut params);
    codes(judge_request(&params.serialize_request(&p256()).unwrap().pem().unwrap(), &asked()))
}

#[test]
fn a_bare_request_passes_with_its_key() {
    let key = p256();
    let request = params().serialize_request(&key).unwrap().pem().unwrap();
    let facts = judge_request(&request, &asked()).unwrap();
    assert_eq!(facts.public_key_sha256, Digest::of(&key.subject_public_key_info()));
    assert_eq!((facts.key, facts.names, facts.common_name), (KeyAlgorithm::P256, vec![], None));
    let named = spoilt(|params| {
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(named.is_empty(), "{named:?}");
}

/// beh:X6
#[test]
fn x6_a_request_proves_possession_of_its_key() {
    let request = params().serialize_request(&p256()).unwrap();
    for bit in 0..request.der().len() * 8 {
        let mut wrong = request.der().to_vec();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let wrong = format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
            STANDARD.encode(wrong)
        );
        assert!(judge_request(&wrong, &asked()).is_err(), "bit {bit}");
    }
    let (one, other) = (p256(), p256());
    let (first, second) = (params().serialize_request(&one).unwrap(), params().serialize_request(&other).unwrap());
    let at = first.der().windows(65).position(|window| window == one.public_key_raw()).unwrap();
    let mut swapped = first.der().to_vec();
    swapped[at..at + 65].copy_from_slice(other.public_key_raw());
    assert_ne!(swapped, second.der().to_vec());
    let swapped = format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        STANDARD.encode(swapped)
    );
    assert_eq!(codes(judge_request(&swapped, &asked())), ["x509.signature"]);
}

/// beh:X6
#[test]
fn x6_only_keys_on_the_list_are_taken() {
    for (algorithm, key) in
        [(&rcgen::PKCS_ECDSA_P384_SHA384, KeyAlgorithm::P384), (&rcgen::PKCS_ED25519, KeyAlgorithm::Ed25519)]
    {
        let request = params().serialize_request(&KeyPair::generate_for(algorithm).unwrap()).unwrap().pem().unwrap();
        assert!(judge_request(&request, &Asked { key, ..asked() }).is_ok());
        assert_eq!(codes(judge_request(&request, &asked())), ["x509.key_algorithm"]);
    }
    for algorithm in [&rcgen::PKCS_ECDSA_P521_SHA512, &rcgen::PKCS_RSA_SHA256] {
        let request = params().serialize_request(&KeyPair::generate_for(algorithm).unwrap()).unwrap().pem().unwrap();
        assert_eq!(codes(judge_request(&request, &asked())), ["x509.signature_algorithm"]);
    }
}

/// beh:X6
#[test]
fn x6_a_wish_to_be_a_ca_is_seen_in_either_extension() {
    assert_eq!(spoilt(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), ["x509.basic_constraints"]);
    assert_eq!(spoilt(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]), ["x509.key_usage"]);
    let mut params = params();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let request = params.serialize_request(&p256()).unwrap().pem().unwrap();
    assert!(judge_request(&request, &Asked { profile: Profile::Ca, ..asked() }).is_ok());
}

#[test]
fn names_beyond_the_plan_are_refused() {
    let with = |name: SanType| spoilt(|params| params.subject_alt_names = vec![name]);
    assert_eq!(with(SanType::DnsName("example.com".try_into().unwrap())), ["x509.names"]);
    assert_eq!(with(SanType::URI("spiffe://example/x".try_into().unwrap())), ["x509.name_kind"]);
    assert_eq!(spoilt(|params| params.distinguished_name.push(DnType::CommonName, "other")), ["x509.common_name"]);
    let organised = spoilt(|params| params.distinguished_name.push(DnType::OrganizationName, "Example"));
    assert_eq!(organised, ["x509.subject"]);
    let strange = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    assert_eq!(spoilt(|params| params.custom_extensions = vec![strange]), ["x509.extension_unplanned"]);
    assert_eq!(
        spoilt(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
        ["x509.extended_key_usage"]
    );
}

/// beh:X5
#[test]
fn x5_attributes_and_extensions_stand_once_with_one_value() {
    let with_attributes = |attributes: Vec<Attribute>| {
        let mut params = params();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let request = params.serialize_request_with_attributes(&p256(), attributes).unwrap();
        codes(judge_request(&request.pem().unwrap(), &asked()))
    };
    assert!(with_attributes(vec![]).is_empty());
    let nothing = element(0x30, &[]);
    let again = Attribute { oid: EXTENSION_REQUEST, values: element(0x31, &nothing) };
    assert_eq!(with_attributes(vec![again]), ["x509.attribute_twice"]);
    let challenge = Attribute { oid: &[1, 2, 840, 113_549, 1, 9, 7], values: element(0x31, &element(0x0c, b"pass")) };
    assert_eq!(with_attributes(vec![challenge]), ["x509.attribute"]);
    let two = Attribute { oid: EXTENSION_REQUEST, values: element(0x31, &[nothing.clone(), nothing].concat()) };
    let request = params().serialize_request_with_attributes(&p256(), vec![two]).unwrap().pem().unwrap();
    assert_eq!(codes(judge_request(&request, &asked())), ["x509.attribute_values"]);
    let names = element(0x30, &[&[0x82, 9][..], b"localhost"].concat());
    let doubled = spoilt(|params| {
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], names)];
    });
    assert_eq!(doubled, ["x509.extension_twice"]);
}
