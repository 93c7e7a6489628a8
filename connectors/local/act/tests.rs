//! What the directory permits, and what its certificates say.

#![allow(clippy::unwrap_used)]

use std::fs;

use countersign_contract::{Applied, Call};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::fixture::{
    ACCOUNT, ISSUING, Keys, ROLE, ROOT, SERVER, Stand, call, create, create_role, key, on_key, on_user,
    replace_password, stage, stage_password, version, with_key,
};

#[tokio::test]
async fn an_account_has_two_different_strong_keys() {
    let stand = Stand::new();
    assert_eq!(stand.refused(&stage(1)).await, "local.no_account");
    stand.done(&create("read", 1)).await;
    assert_eq!(stand.refused(&create("read", 1)).await, "local.exists");
    assert_eq!(stand.refused(&stage(1)).await, "local.key_exists");
    stand.done(&stage(2)).await;
    assert_eq!(stand.refused(&stage(3)).await, "local.no_free_slot");
    assert_eq!(stand.refused(&on_key("key_enable", 2)).await, "local.as_it_is");
    assert_eq!(stand.refused(&on_key("key_remove", 1)).await, "local.still_enabled");
    assert_eq!(stand.refused(&on_key("key_disable", 3)).await, "local.no_key");
    stand.done(&on_key("key_disable", 1)).await;
    stand.done(&on_key("key_remove", 1)).await;
    stand.done(&stage(3)).await;
    let seen = stand.bench.observe(&stage(3)).await.unwrap();
    let slots: Vec<(&str, bool)> = seen.slots.iter().map(|slot| (slot.id.as_str(), slot.enabled)).collect();
    assert_eq!(slots, [("key-2", true), ("key-3", true)]);
}

#[tokio::test]
async fn weak_reused_and_late_are_refused() {
    let mut stand = Stand::new();
    let mut materials = stand.keys.materials.clone();
    materials.insert(version(ACCOUNT, 2), b"short".to_vec());
    materials.insert(version(ACCOUNT, 3), key(1));
    materials.insert(version(ACCOUNT, 4), b"a key with spaces in it, and long enough".to_vec());
    stand.bench = countersign_conformance::Bench::new(stand.local.clone(), materials);
    let mut late = create("read", 1);
    late.parameters.insert("expires".to_owned(), json!("2020-01-01T00:00:00Z"));
    assert_eq!(stand.refused(&late).await, "local.expired");
    let mut nobodys = create("read", 1);
    nobodys.parameters.insert("owner".to_owned(), json!("dana@example.com"));
    assert_eq!(stand.refused(&nobodys).await, "call.wrong_type");
    let mut nobodys = create("read", 1);
    nobodys.parameters.insert("purpose".to_owned(), json!(""));
    assert_eq!(stand.refused(&nobodys).await, "local.empty_attribute");
    stand.done(&create("read", 1)).await;
    assert_eq!(stand.refused(&stage(2)).await, "local.weak_key");
    assert_eq!(stand.refused(&stage(3)).await, "local.key_reused");
    assert_eq!(stand.refused(&stage(4)).await, "local.weak_key");
}

#[tokio::test]
async fn what_only_undoes_is_refused_alone_and_leaves_what_came_after() {
    let stand = Stand::new();
    stand.done(&create("read", 1)).await;
    let delete = call("account_delete", ACCOUNT, json!({}));
    assert_eq!(stand.refused(&delete).await, "local.undo_only");
    stand.done(&stand.keys.root()).await;
    assert_eq!(stand.refused(&call("certificate_discard", ROOT, json!({}))).await, "local.undo_only");
}

/// An account goes only when no key of it works, and nobody is given its name again.
#[tokio::test]
async fn a_removed_account_leaves_its_name_taken() {
    let stand = Stand::new();
    let remove = call("account_remove", ACCOUNT, json!({}));
    assert_eq!(stand.refused(&remove).await, "local.no_account");
    stand.done(&create("read", 1)).await;
    assert_eq!(stand.refused(&remove).await, "local.still_enabled");
    stand.done(&on_key("key_disable", 1)).await;
    stand.done(&remove).await;
    assert!(!stand.bench.observe(&remove).await.unwrap().exists);
    assert_eq!(stand.refused(&create("read", 2)).await, "local.removed");
}

/// RFC 5280 section 5: each list has a higher number than the one before, and all that is revoked until then.
#[tokio::test]
async fn a_revoked_certificate_stands_in_a_list_that_its_issuer_signed() {
    let stand = Stand::new();
    let issuing = {
        stand.done(&stand.keys.root()).await;
        stand.done(&stand.keys.issuing()).await
    };
    assert_eq!(stand.refused(&Keys::revoke(None)).await, "local.no_certificate");
    let text = |applied: &Applied, name: &str| applied.outputs[name].as_str().unwrap().to_owned();
    let first = text(&stand.done(&stand.keys.server(1)).await, "serial");
    let second = text(&stand.done(&stand.keys.server(2)).await, "serial");
    assert_eq!(stand.refused(&Keys::revoke(Some("4a"))).await, "local.no_certificate");
    let mut foreign = Keys::revoke(Some(&first));
    foreign.parameters.insert("issuer".to_owned(), json!(ROOT));
    assert_eq!(stand.refused(&foreign).await, "local.wrong_issuer");
    let strange = with_key(Keys::revoke(Some(&first)), "issuer_key", version(ROOT, 1));
    assert_eq!(stand.refused(&strange).await, "local.issuer_key_mismatch");
    let list = || {
        let object = fs::read_to_string(stand.root().join("certificates/localhost.json")).unwrap();
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        object["state"]["list"]["crl"].as_str().unwrap().to_owned()
    };
    let signers = [text(&issuing, "certificate")];
    let names = |serial: &str| crate::revocation::names(&list(), &signers, serial).unwrap();
    assert_eq!(text(&stand.done(&Keys::revoke(Some(&first))).await, "crl_number"), "1");
    assert_eq!((names(&first), names(&second)), (true, false));
    assert_eq!(stand.refused(&Keys::revoke(Some(&first))).await, "local.revoked");
    assert_eq!(text(&stand.done(&Keys::revoke(None)).await, "crl_number"), "2");
    assert_eq!((names(&first), names(&second)), (true, true));
    assert_eq!(crate::revocation::names(&list(), &[], &first), None, "signed by nobody that is trusted");
    let der = rustls::pki_types::CertificateRevocationListDer::from_pem_slice(list().as_bytes()).unwrap();
    let (_, crl) = x509_parser::revocation_list::CertificateRevocationList::from_der(&der).unwrap();
    let reason = crl.iter_revoked_certificates().next().unwrap().reason_code().unwrap().1;
    assert_eq!(reason, x509_parser::x509::ReasonCode::KeyCompromise);
    assert!(crl.next_update().unwrap() > crl.last_update());
}

/// The users of a role take turns: whose password is locked is given the next one.
#[tokio::test]
async fn the_users_of_a_role_take_turns() {
    let stand = Stand::new();
    let user = |applied: &Applied| applied.outputs["username"].as_str().unwrap().to_owned();
    assert_eq!(user(&stand.done(&create_role()).await), "ledger");
    assert_eq!(user(&stand.done(&stage_password(2)).await), "ledger_2");
    assert_eq!(stand.refused(&stage_password(3)).await, "local.no_free_slot");
    assert_eq!(stand.refused(&on_user("password_clear", 2)).await, "local.undo_only");
    stand.done(&on_user("user_lock", 1)).await;
    assert_eq!(user(&stand.done(&stage_password(3)).await), "ledger");
    let slots = stand.bench.observe(&create_role()).await.unwrap().slots;
    let seen: Vec<_> = slots.iter().map(|slot| (slot.id.as_str(), slot.version.clone(), slot.enabled)).collect();
    assert_eq!(seen, [("ledger_2", Some(version(ROLE, 2)), true), ("ledger", Some(version(ROLE, 3)), true)]);
}

/// A replaced password is refused from then on, and a locked user's is not replaced.
#[tokio::test]
async fn a_password_is_replaced_in_its_place() {
    let stand = Stand::new();
    stand.done(&create_role()).await;
    stand.done(&replace_password(1, 2)).await;
    assert_eq!(stand.refused(&replace_password(1, 3)).await, "local.no_key");
    let slots = stand.bench.observe(&create_role()).await.unwrap().slots;
    assert_eq!(slots.iter().map(|slot| slot.version.clone()).collect::<Vec<_>>(), [Some(version(ROLE, 2))]);
    stand.done(&on_user("user_lock", 2)).await;
    assert_eq!(stand.refused(&replace_password(2, 3)).await, "local.locked");
}

#[tokio::test]
async fn a_broken_file_is_said_so_and_not_written_over() {
    let stand = Stand::new();
    stand.done(&create("read", 1)).await;
    let path = stand.root().join("accounts/reporting.json");
    fs::write(&path, "{").unwrap();
    assert_eq!(stand.refused(&stage(2)).await, "local.corrupt");
    assert!(stand.bench.observe(&stage(2)).await.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    let deep = Call { resource: "local/account/a/b".parse().unwrap(), ..create("read", 1) };
    assert_eq!(stand.refused(&deep).await, "local.bad_name");
}

fn pem(applied: &Applied, output: &str) -> Vec<CertificateDer<'static>> {
    let text = applied.outputs.get(output).and_then(|value| value.as_str()).unwrap();
    CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect()
}

fn parse<'a>(der: &'a CertificateDer<'static>) -> X509Certificate<'a> {
    X509Certificate::from_der(der).unwrap().1
}

/// Subject and authority key identifiers.
fn identifiers(certificate: &X509Certificate<'_>) -> (Vec<u8>, Vec<u8>) {
    let (mut subject, mut authority) = (Vec::new(), Vec::new());
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => subject = id.0.to_vec(),
            ParsedExtension::AuthorityKeyIdentifier(id) => authority = id.key_identifier.as_ref().unwrap().0.to_vec(),
            _ => {}
        }
    }
    (subject, authority)
}

#[tokio::test]
async fn a_chain_is_as_the_standards_want_it() {
    let stand = Stand::new();
    let root = stand.done(&stand.keys.root()).await;
    let issuing = stand.done(&stand.keys.issuing()).await;
    let server = stand.done(&stand.keys.server(1)).await;
    assert_eq!(pem(&root, "chain"), pem(&root, "certificate"));
    assert_eq!(pem(&issuing, "chain"), pem(&issuing, "certificate"), "the root is not sent along");
    let both = [pem(&server, "certificate"), pem(&issuing, "certificate")].concat();
    assert_eq!(pem(&server, "chain"), both, "leaf first");

    let ders = [root, issuing, server].map(|applied| pem(&applied, "certificate"));
    let [root, issuing, server] = ders.each_ref().map(|chain| parse(&chain[0]));
    for (below, above) in [(&root, &root), (&issuing, &root), (&server, &issuing)] {
        below.verify_signature(Some(above.public_key())).unwrap();
        assert_eq!(below.issuer(), above.subject());
        assert_eq!(identifiers(below).1, identifiers(above).0);
        assert!(!identifiers(below).0.is_empty());
        assert!(below.validity().not_before >= above.validity().not_before);
        assert!(below.validity().not_after <= above.validity().not_after);
        let serial = below.raw_serial();
        assert!(serial.len() == 20 && serial[0] & 0x80 == 0, "{serial:?}");
    }
    let seconds = server.validity().not_after.timestamp() - server.validity().not_before.timestamp();
    assert_eq!(seconds + 1, 604_800, "both ends belong to it");
    for (ca, length) in [(&root, 1), (&issuing, 0)] {
        let constraints = ca.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(length));
        let usage = ca.key_usage().unwrap().unwrap();
        assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
        assert!(!usage.value.digital_signature());
    }
    assert!(!server.basic_constraints().unwrap().unwrap().value.ca);
    let usage = server.key_usage().unwrap().unwrap();
    assert!(usage.value.digital_signature() && !usage.value.key_encipherment() && !usage.value.key_cert_sign());
    let extended = server.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.server_auth && !extended.client_auth && !extended.any);
    assert_eq!(server.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 2);
}

/// The call with one parameter replaced.
fn but(mut call: Call, name: &str, value: serde_json::Value) -> Call {
    call.parameters.insert(name.to_owned(), value);
    call
}

#[tokio::test]
async fn a_certificate_ends_with_its_issuer() {
    let stand = Stand::new();
    stand.done(&stand.keys.root()).await;
    let issuing = stand.done(&stand.keys.issuing()).await;
    let long = stand.done(&but(stand.keys.server(1), "lifetime_secs", json!(86_400_000))).await;
    assert_eq!(long.outputs.get("not_after"), issuing.outputs.get("not_after"));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_not_signed() {
    let stand = Stand::new();
    let keys = &stand.keys;
    assert_eq!(stand.refused(&keys.issuing()).await, "local.no_issuer");
    let others = with_key(keys.root(), "issuer_key", version(ISSUING, 1));
    assert_eq!(stand.refused(&others).await, "local.not_self_signed");
    stand.done(&keys.root()).await;
    stand.done(&keys.issuing()).await;
    let mut no_issuer = keys.server(1);
    no_issuer.parameters.remove("issuer");
    let cut = keys.server(1).parameters.get("request").unwrap().as_str().unwrap().replace('M', "N");
    let wrong = [
        (no_issuer, "local.wrong_issuer"),
        (with_key(keys.server(1), "issuer_key", version(ROOT, 1)), "local.issuer_key_mismatch"),
        (with_key(keys.server(1), "issuer_key", version(ACCOUNT, 1)), "local.bad_key"),
        (but(keys.server(1), "issuer", json!(SERVER)), "local.wrong_issuer"),
        (but(keys.server(1), "names", json!([])), "local.names"),
        (but(keys.server(1), "names", json!(["under_score"])), "local.names"),
        (but(keys.server(1), "names", json!(["a.*.example"])), "local.names"),
        (but(keys.server(1), "common_name", json!("x")), "local.names"),
        (but(keys.server(1), "profile", json!("ca")), "local.wrong_profile"),
        (but(keys.server(1), "lifetime_secs", json!(0)), "local.lifetime"),
        (but(keys.server(1), "lifetime_secs", json!(60)), "local.lifetime"),
        (but(keys.server(1), "request", json!(cut)), "local.bad_request"),
        (but(keys.issuing(), "common_name", json!("")), "local.names"),
    ];
    for (call, expected) in wrong {
        assert_eq!(stand.refused(&call).await, expected, "{:?}", call.parameters.keys());
    }
    // An issuing CA has path length 0: no CA below it.
    let mut below = but(keys.issuing(), "issuer", json!(ISSUING));
    below.resource = "local/ca/below".parse().unwrap();
    let below = with_key(below, "issuer_key", version(ISSUING, 1));
    assert_eq!(stand.refused(&below).await, "local.path_length");
    assert!(!stand.bench.observe(&keys.server(1)).await.unwrap().exists);
}

#[tokio::test]
async fn a_request_must_be_signed_by_its_own_key() {
    let stand = Stand::new();
    stand.done(&stand.keys.root()).await;
    stand.done(&stand.keys.issuing()).await;
    let call = stand.keys.server(1);
    let pem = call.parameters.get("request").unwrap().as_str().unwrap().to_owned();
    let der = rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut forged = der.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let body: String = base64(&forged);
    let forged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n");
    assert_eq!(stand.refused(&but(call, "request", json!(forged))).await, "local.bad_request");
}

/// RFC 4648, for a forged request: no crate of this one's encodes.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let number = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for at in 0..4 {
            let digit = (number >> (18 - 6 * at)) & 63;
            text.push(if at <= chunk.len() { ALPHABET[digit as usize] as char } else { '=' });
        }
    }
    text
}
