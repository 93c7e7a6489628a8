//! The suite that every connector must pass.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use countersign_conformance::{Case, Fixture, examine};
use countersign_contract::{Call, Connector};
use serde_json::json;

use crate::fixture::{
    ACCOUNT, ISSUER, Keys, ROLE, WEBHOOK, call, create, create_role, create_webhook, local_in, on_key, on_public_key,
    on_secret, on_user, replace_password, stage, stage_password, stage_secret,
};
use crate::{Endpoint, Local, LocalConfig};

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
async fn local_conforms() {
    let fixture = || {
        let folder = tempfile::tempdir().unwrap();
        let connector = Arc::new(local_in(&folder, &Endpoint::default()));
        let path = folder.path().to_owned();
        Fixture { connector, folder: Some(path), delivers: false, keep: Box::new(folder) }
    };
    let keys = Keys::new();
    let case = |name, before: Vec<Call>, call: Call, undo: Option<Call>| Case {
        name,
        before,
        call,
        undo,
        materials: keys.materials.clone(),
    };
    let discard = |signed: &Call| Some(call("certificate_discard", signed.resource.as_str(), json!({})));
    let delete = call("account_delete", ACCOUNT, json!({}));
    let created = || create("read", 1);
    let disabled = || vec![created(), on_key("key_disable", 1)];
    let (root, issuing, server) = (keys.root(), keys.issuing(), keys.server(1));
    let issuer = keys.create_issuer();
    let cases = [
        case("create", vec![], created(), Some(delete)),
        case("stage", vec![created()], stage(2), Some(on_key("key_remove", 2))),
        case("disable", vec![created()], on_key("key_disable", 1), Some(on_key("key_enable", 1))),
        case("enable", disabled(), on_key("key_enable", 1), Some(on_key("key_disable", 1))),
        case("remove", disabled(), on_key("key_remove", 1), None),
        case("remove an account", disabled(), call("account_remove", ACCOUNT, json!({})), None),
        case("create a role", vec![], create_role(), Some(call("role_delete", ROLE, json!({})))),
        case("stage a password", vec![create_role()], stage_password(2), Some(on_user("password_clear", 2))),
        case("lock a user", vec![create_role()], on_user("user_lock", 1), Some(on_user("user_unlock", 1))),
        case(
            "unlock a user",
            vec![create_role(), on_user("user_lock", 1)],
            on_user("user_unlock", 1),
            Some(on_user("user_lock", 1)),
        ),
        case("replace a password", vec![create_role()], replace_password(1, 2), Some(replace_password(2, 1))),
        case("create a webhook", vec![], create_webhook(), Some(call("webhook_delete", WEBHOOK, json!({})))),
        case("stage a secret", vec![create_webhook()], stage_secret(2), Some(on_secret("secret_remove", 2))),
        case(
            "disable a secret",
            vec![create_webhook()],
            on_secret("secret_disable", 1),
            Some(on_secret("secret_enable", 1)),
        ),
        case(
            "remove a secret",
            vec![create_webhook(), on_secret("secret_disable", 1)],
            on_secret("secret_remove", 1),
            None,
        ),
        case("create an issuer", vec![], issuer.clone(), Some(call("jwks_delete", ISSUER, json!({})))),
        case("publish a key", vec![issuer.clone()], keys.publish(2), Some(on_public_key("key_forget", 2))),
        case(
            "withdraw a key",
            vec![issuer.clone()],
            on_public_key("key_withdraw", 1),
            Some(on_public_key("key_republish", 1)),
        ),
        case("forget a key", vec![issuer, on_public_key("key_withdraw", 1)], on_public_key("key_forget", 1), None),
        case("sign a root", vec![], root.clone(), discard(&root)),
        case("sign an issuing CA", vec![root.clone()], issuing.clone(), discard(&issuing)),
        case("sign a server", vec![root.clone(), issuing.clone()], server.clone(), discard(&server)),
        case("revoke", vec![root.clone(), issuing.clone(), server.clone()], Keys::revoke(None), None),
        case("sign again", vec![root, issuing, server.clone()], keys.server(2), discard(&server)),
    ];
    let report = Box::pin(examine(&fixture, &cases)).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
}

#[test]
fn limits_can_be_set() {
    let limits = countersign_contract::Limits { duration_ms: 50, lateness_ms: 0 };
    let config = LocalConfig {
        root: "local".into(),
        endpoint: Endpoint::default(),
        trust_anchor: "ca.pem".into(),
        limits,
        operator: None,
    };
    let local = Local::new(config);
    assert!(local.manifest().verbs.iter().all(|verb| verb.limits == limits));
}
