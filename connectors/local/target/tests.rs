//! The endpoint over TLS, its client, and what the probes make of them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use countersign_contract::{Applied, ProbeAnswer, clock};
use serde_json::json;

use super::{Client, ClientConfig, Counts, Target, TargetConfig};
use crate::fixture::{
    ACCOUNT, ISSUER, Keys, SERVER, Stand, WEBHOOK, create, create_webhook, key, on_key, on_public_key, on_secret,
    stage, stage_secret, version,
};

fn text<'a>(applied: &'a Applied, output: &str) -> &'a str {
    applied.outputs.get(output).and_then(|value| value.as_str()).unwrap()
}

/// Puts certificate and key where the endpoint reads them, behind a link that is swapped.
fn deliver(stand: &Stand, signed: &Applied, number: u32) {
    let folder = stand.folder.path().join(format!("delivery-{number}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("certificate.pem"), text(signed, "chain")).unwrap();
    fs::write(folder.join("key.pem"), stand.keys.materials.get(&version(SERVER, number)).unwrap()).unwrap();
    let staged = stand.folder.path().join("staged");
    symlink(&folder, &staged).unwrap();
    fs::rename(staged, stand.folder.path().join("tls")).unwrap();
}

/// A stand whose endpoint serves, with an account of that level.
async fn serving(level: &str) -> (Stand, Target) {
    let stand = Stand::new();
    let root = stand.done(&stand.keys.root()).await;
    fs::write(stand.anchor(), text(&root, "certificate")).unwrap();
    stand.done(&stand.keys.issuing()).await;
    deliver(&stand, &stand.done(&stand.keys.server(1)).await, 1);
    stand.done(&create(level, 1)).await;
    let target = start(&stand).await;
    stand.endpoint.set(Some(target.addr()));
    (stand, target)
}

async fn start(stand: &Stand) -> Target {
    let certificate = stand.folder.path().join("tls");
    let config = TargetConfig { root: stand.root(), certificate, addr: "127.0.0.1:0".parse().unwrap() };
    Target::start(config).await.unwrap()
}

async fn answer(stand: &Stand, probe: &str, number: u32) -> (ProbeAnswer, String) {
    let subject = if probe == "served" { SERVER } else { ACCOUNT };
    let result = stand.probe(probe, subject, number, Some(key(number))).await;
    (result.answer, result.code)
}

fn is(answer: ProbeAnswer, code: &str) -> (ProbeAnswer, String) {
    (answer, code.to_owned())
}

/// beh:G13
#[tokio::test]
async fn a_sender_signs_with_both_secrets_until_one_is_disabled() {
    let (stand, target) = serving("read").await;
    let signed = async |number: u32| {
        let result = stand.probe("signed", WEBHOOK, number, Some(key(number + 8))).await;
        (result.answer, result.code)
    };
    assert_eq!(signed(1).await, is(ProbeAnswer::Unknown, "local.unexpected_answer"), "there is no such sender");
    stand.done(&create_webhook()).await;
    assert_eq!(signed(1).await, is(ProbeAnswer::Accepted, "local.signed"));
    assert_eq!(signed(2).await, is(ProbeAnswer::Refused, "local.unsigned"));
    stand.done(&stage_secret(2)).await;
    for number in [1, 2] {
        assert_eq!(signed(number).await, is(ProbeAnswer::Accepted, "local.signed"));
    }
    assert_eq!(stand.refused(&stage_secret(3)).await, "local.no_free_slot", "a rotation is on the way");
    stand.done(&on_secret("secret_disable", 1)).await;
    assert_eq!(signed(1).await, is(ProbeAnswer::Refused, "local.unsigned"));
    assert_eq!(signed(2).await, is(ProbeAnswer::Accepted, "local.signed"));
    target.stop().await;
    assert_eq!(signed(1).await, is(ProbeAnswer::Unknown, "local.unreachable"), "beh:R9 silence is no proof");
}

/// What a reader of the list finds, and not what the directory says of itself, proves a revocation.
#[tokio::test]
async fn a_certificate_is_revoked_when_the_list_says_so() {
    let (stand, target) = serving("read").await;
    let renewed = stand.done(&stand.keys.server(2)).await;
    let revoked = async |serial: &str| {
        let probe = crate::fixture::question("revoked", SERVER, 2, [("serial".to_owned(), json!(serial))].into());
        let result = countersign_contract::Connector::probe(&*stand.local, &probe, None).await;
        (result.answer, result.code)
    };
    let serial = text(&renewed, "serial");
    assert_eq!(revoked(serial).await, is(ProbeAnswer::Refused, "local.not_revoked"));
    assert_eq!(revoked("4a").await, is(ProbeAnswer::Unknown, "local.no_certificate"));
    stand.done(&Keys::revoke(Some(serial))).await;
    assert_eq!(revoked(serial).await, is(ProbeAnswer::Accepted, "local.revoked"));
    let path = stand.root().join("certificates/localhost.json");
    let file = fs::read_to_string(&path).unwrap();
    fs::write(&path, file.replace("BEGIN X509 CRL", "BEGIN NOTHING")).unwrap();
    assert_eq!(revoked(serial).await, is(ProbeAnswer::Unknown, "local.unexpected_answer"));
    target.stop().await;
    assert_eq!(revoked(serial).await, is(ProbeAnswer::Unknown, "local.unreachable"));
}

/// beh:G12
#[tokio::test]
async fn tokens_are_verified_by_the_published_keys_and_only_those() {
    let (stand, target) = serving("read").await;
    let verified = async |number: u32| {
        let key = stand.keys.materials.get(&version(ISSUER, number)).cloned();
        let result = stand.probe("token_verified", ISSUER, number, key).await;
        (result.answer, result.code)
    };
    assert_eq!(verified(1).await, is(ProbeAnswer::Unknown, "local.unexpected_answer"), "there is no such issuer");
    stand.done(&stand.keys.create_issuer()).await;
    assert_eq!(verified(1).await, is(ProbeAnswer::Accepted, "local.verified"));
    assert_eq!(verified(2).await, is(ProbeAnswer::Refused, "local.unverified"));
    let published = stand.done(&stand.keys.publish(2)).await;
    for number in [1, 2] {
        assert_eq!(verified(number).await, is(ProbeAnswer::Accepted, "local.verified"));
    }
    let pem = fs::read(stand.anchor()).unwrap();
    let client = crate::https::client(&pem, target.addr()).unwrap();
    let set = async || {
        let answer = crate::https::get(&client, target.addr(), "/v1/jwks/sessions").await;
        answer.unwrap_or_else(|_| panic!("no answer")).body["keys"].as_array().unwrap().clone()
    };
    assert_eq!(set().await.len(), 2);
    assert_eq!(set().await[1]["kid"].as_str(), Some(text(&published, "kid")));
    assert!(set().await.iter().all(|key| key.get("d").is_none() && key["use"] == "sig"));
    assert_eq!(stand.refused(&stand.keys.publish(3)).await, "local.no_free_slot", "a rotation is on the way");
    stand.done(&on_public_key("key_withdraw", 1)).await;
    assert_eq!(verified(1).await, is(ProbeAnswer::Refused, "local.unverified"));
    assert_eq!(verified(2).await, is(ProbeAnswer::Accepted, "local.verified"));
    assert_eq!(set().await.len(), 1);
    let without = stand.probe("token_verified", ISSUER, 2, None).await;
    assert_eq!((without.answer, without.code), is(ProbeAnswer::Unknown, "local.no_material"));
    let text = stand.probe("token_verified", ISSUER, 2, Some(key(1))).await;
    assert_eq!((text.answer, text.code), is(ProbeAnswer::Unknown, "local.bad_key"));
    target.stop().await;
    assert_eq!(verified(1).await, is(ProbeAnswer::Unknown, "local.unreachable"), "beh:R9 silence is no proof");
}

#[tokio::test]
async fn the_endpoint_takes_enabled_keys_and_only_those() {
    let (stand, target) = serving("read").await;
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Accepted, "local.accepted"));
    assert_eq!(answer(&stand, "login", 2).await, is(ProbeAnswer::Refused, "local.refused"));
    stand.done(&stage(2)).await;
    assert_eq!(answer(&stand, "login", 2).await, is(ProbeAnswer::Accepted, "local.accepted"));
    stand.done(&on_key("key_disable", 1)).await;
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Refused, "local.refused"));
    assert_eq!(answer(&stand, "can_administer", 2).await, is(ProbeAnswer::Refused, "local.forbidden"));
    assert_eq!(answer(&stand, "can_administer", 1).await, is(ProbeAnswer::Unknown, "local.refused"));
    let other = stand.probe("login", "local/account/other", 2, Some(key(2))).await;
    assert_eq!((other.answer, other.code), is(ProbeAnswer::Unknown, "local.other_principal"));
    target.stop().await;
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Unknown, "local.unreachable"), "no proof");
    stand.endpoint.set(None);
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Unknown, "local.no_endpoint"));
}

#[tokio::test]
async fn our_own_questions_are_no_sign_that_a_client_has_the_key() {
    let (stand, _target) = serving("read").await;
    stand.done(&stage(2)).await;
    for probe in ["login", "can_administer"] {
        assert_ne!(answer(&stand, probe, 2).await.0, ProbeAnswer::Unknown);
        assert_eq!(answer(&stand, "key_used", 2).await, is(ProbeAnswer::Unknown, "local.not_seen_yet"), "{probe}");
    }
    assert_eq!(stand.key_used(2, "1970-01-01T00:00:00Z").await.code, "local.not_seen_yet");
    let client = client_with(&stand, 2);
    until(&client, |counts| counts.accepted > 0).await;
    assert_eq!(answer(&stand, "key_used", 2).await, is(ProbeAnswer::Accepted, "local.key_used"));
    drop(client);
}

#[tokio::test]
async fn a_use_before_the_delivery_does_not_count() {
    let (stand, _target) = serving("read").await;
    stand.done(&stage(2)).await;
    let client = client_with(&stand, 2);
    until(&client, |counts| counts.accepted > 0).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let since = clock::now().to_string();
    assert_eq!(stand.key_used(2, &since).await.code, "local.not_seen_yet");
    assert_eq!(stand.key_used(2, "+1s").await.code, "local.bad_instant", "a rule is the planner's");
    let _client = client_with(&stand, 2);
    for _ in 0..500 {
        if stand.key_used(2, &since).await.answer == ProbeAnswer::Accepted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the client's call is not seen");
}

/// A client that calls with the key of that version.
fn client_with(stand: &Stand, number: u32) -> Client {
    let key_file = stand.folder.path().join("key");
    fs::write(&key_file, key(number)).unwrap();
    let every = Duration::from_millis(5);
    Client::start(ClientConfig { endpoint: stand.endpoint.clone(), key_file, trust_anchor: stand.anchor(), every })
}

#[tokio::test]
async fn an_expired_account_is_refused_and_an_admin_administers() {
    let (stand, _target) = serving("admin").await;
    assert_eq!(answer(&stand, "can_administer", 1).await, is(ProbeAnswer::Accepted, "local.permitted"));
    let path = stand.root().join("accounts/reporting.json");
    let file = fs::read_to_string(&path).unwrap().replace("2999-01-01", "2020-01-01");
    fs::write(&path, file).unwrap();
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Refused, "local.refused"));
    fs::write(&path, "{").unwrap();
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Unknown, "local.unexpected_answer"));
}

#[tokio::test]
async fn a_replaced_certificate_is_taken_up() {
    let (stand, _target) = serving("read").await;
    assert_eq!(answer(&stand, "served", 1).await, is(ProbeAnswer::Accepted, "local.served"));
    let renewed = stand.done(&stand.keys.server(2)).await;
    assert_eq!(answer(&stand, "served", 2).await, is(ProbeAnswer::Refused, "local.other_certificate"));
    deliver(&stand, &renewed, 2);
    assert_eq!(answer(&stand, "served", 2).await, is(ProbeAnswer::Accepted, "local.served"));
    fs::write(stand.folder.path().join("delivery-2/certificate.pem"), "broken").unwrap();
    assert_eq!(answer(&stand, "served", 2).await, is(ProbeAnswer::Accepted, "local.served"), "the last good one");
    fs::remove_file(stand.anchor()).unwrap();
    assert_eq!(answer(&stand, "served", 2).await, is(ProbeAnswer::Unknown, "local.no_trust_anchor"));
}

#[tokio::test]
async fn nothing_is_answered_before_a_certificate_is_there() {
    let stand = Stand::new();
    let root = stand.done(&stand.keys.root()).await;
    fs::write(stand.anchor(), text(&root, "certificate")).unwrap();
    stand.done(&stand.keys.issuing()).await;
    stand.done(&create("read", 1)).await;
    let open = TargetConfig { root: stand.root(), certificate: "tls".into(), addr: "0.0.0.0:0".parse().unwrap() };
    assert!(Target::start(open).await.is_err(), "only on the loopback");
    let target = start(&stand).await;
    stand.endpoint.set(Some(target.addr()));
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Unknown, "local.unreachable"));
    deliver(&stand, &stand.done(&stand.keys.server(1)).await, 1);
    assert_eq!(answer(&stand, "login", 1).await, is(ProbeAnswer::Accepted, "local.accepted"));
}

/// Waits until the counts are so, for at most five seconds.
async fn until(client: &Client, so: impl Fn(Counts) -> bool) -> Counts {
    for _ in 0..500 {
        if so(client.counts()) {
            return client.counts();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the client counts {:?}", client.counts());
}

#[tokio::test]
async fn a_client_is_never_refused_while_its_key_is_rotated() {
    let (stand, _target) = serving("read").await;
    let key_file = stand.folder.path().join("key");
    let client = Client::start(ClientConfig {
        endpoint: stand.endpoint.clone(),
        key_file: key_file.clone(),
        trust_anchor: stand.anchor(),
        every: Duration::from_millis(5),
    });
    until(&client, |counts| counts.unreachable > 0).await;
    fs::write(&key_file, [key(1).as_slice(), b"\n"].concat()).unwrap();
    until(&client, |counts| counts.accepted > 3).await;
    stand.done(&stage(2)).await;
    fs::write(stand.folder.path().join("next"), key(2)).unwrap();
    fs::rename(stand.folder.path().join("next"), &key_file).unwrap();
    while answer(&stand, "key_used", 2).await.0 != ProbeAnswer::Accepted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let adopted = client.counts();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stand.done(&on_key("key_disable", 1)).await;
    stand.done(&on_key("key_remove", 1)).await;
    let rotated = until(&client, |counts| counts.accepted > adopted.accepted + 3).await;
    assert_eq!(rotated.refused, 0, "{rotated:?}");
    stand.done(&on_key("key_disable", 2)).await;
    until(&client, |counts| counts.refused > 0).await;
    let seen = stand.bench.observe(&stage(2)).await.unwrap();
    assert!(seen.slots.iter().all(|slot| slot.last_used.is_some()), "{}", json!(seen.slots));
}
