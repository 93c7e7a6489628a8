//! What the tests of this crate share: an instance in a temporary folder, its calls, keys and requests.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_conformance::Bench;
use countersign_contract::{Applied, Call, Connector, Outcome, Probe, ProbeResult, ResourceName, VersionId};
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Endpoint, LIMITS, Local, LocalConfig};

pub(crate) const ACCOUNT: &str = "local/account/reporting";
const DANA: &str = "p_5bdcc146bf60754e6a042426089575c7";
const LEE: &str = "p_0b0ac146bf60754e6a042426089575c7";
pub(crate) const ROLE: &str = "local/role/ledger";
pub(crate) const WEBHOOK: &str = "local/webhook/orders";
pub(crate) const ISSUER: &str = "local/jwks/sessions";
pub(crate) const ROOT: &str = "local/ca/root";
pub(crate) const ISSUING: &str = "local/ca/issuing";
pub(crate) const SERVER: &str = "local/certificate/localhost";

pub(crate) fn version(subject: &str, number: u32) -> VersionId {
    format!("{subject}@{number}").parse().unwrap()
}

/// The key of that version of the account.
pub(crate) fn key(number: u32) -> Vec<u8> {
    format!("canary-{number}-ABCDEFGHIJKLMNOPQRSTUVWXYZ012345").into_bytes()
}

pub(crate) fn call(verb: &str, resource: &str, parameters: Value) -> Call {
    Call {
        connector: "local".to_owned(),
        verb: verb.to_owned(),
        resource: resource.parse().unwrap(),
        parameters: serde_json::from_value(parameters).unwrap(),
        materials: BTreeMap::new(),
        limits: LIMITS,
    }
}

pub(crate) fn with_key(mut call: Call, name: &str, version: VersionId) -> Call {
    call.materials.insert(name.to_owned(), version);
    call
}

pub(crate) fn create(level: &str, number: u32) -> Call {
    let parameters = json!({
        "owner": DANA, "backup": LEE, "purpose": "reads figures", "expires": "2999-01-01T00:00:00Z", "level": level,
    });
    with_key(call("account_create", ACCOUNT, parameters), "key", version(ACCOUNT, number))
}

pub(crate) fn stage(number: u32) -> Call {
    with_key(call("key_stage", ACCOUNT, json!({})), "key", version(ACCOUNT, number))
}

/// `key_enable`, `key_disable`, `key_remove` of that version.
pub(crate) fn on_key(verb: &str, number: u32) -> Call {
    call(verb, ACCOUNT, json!({"version": version(ACCOUNT, number)}))
}

pub(crate) fn create_role() -> Call {
    let parameters = json!({"owner": DANA, "backup": LEE, "purpose": "keeps the ledger"});
    with_key(call("role_create", ROLE, parameters), "password", version(ROLE, 1))
}

pub(crate) fn stage_password(number: u32) -> Call {
    with_key(call("password_stage", ROLE, json!({})), "password", version(ROLE, number))
}

pub(crate) fn replace_password(old: u32, new: u32) -> Call {
    let parameters = json!({"replaces": version(ROLE, old)});
    with_key(call("password_replace", ROLE, parameters), "password", version(ROLE, new))
}

/// `user_lock`, `user_unlock`, `password_clear` of that version.
pub(crate) fn on_user(verb: &str, number: u32) -> Call {
    call(verb, ROLE, json!({"version": version(ROLE, number)}))
}

pub(crate) fn create_webhook() -> Call {
    let parameters = json!({"owner": DANA, "backup": LEE, "purpose": "tells the shop of orders"});
    with_key(call("webhook_create", WEBHOOK, parameters), "secret", version(WEBHOOK, 1))
}

pub(crate) fn stage_secret(number: u32) -> Call {
    with_key(call("secret_stage", WEBHOOK, json!({})), "secret", version(WEBHOOK, number))
}

/// `secret_enable`, `secret_disable`, `secret_remove` of that version.
pub(crate) fn on_secret(verb: &str, number: u32) -> Call {
    call(verb, WEBHOOK, json!({"version": version(WEBHOOK, number)}))
}

/// `key_withdraw`, `key_republish`, `key_forget` of that version.
pub(crate) fn on_public_key(verb: &str, number: u32) -> Call {
    call(verb, ISSUER, json!({"version": version(ISSUER, number)}))
}

/// Key pairs for the CA's subjects, their requests, and all material by version.
pub(crate) struct Keys {
    pub(crate) materials: BTreeMap<VersionId, Vec<u8>>,
    requests: BTreeMap<VersionId, String>,
}

impl Keys {
    /// One pair for each subject, one more for the server, three for the issuer of tokens; four keys of the account, four passwords of the role and
    /// four secrets of the webhook.
    pub(crate) fn new() -> Self {
        let mut keys = Self { materials: BTreeMap::new(), requests: BTreeMap::new() };
        keys.materials.extend((1..=4).map(|number| (version(ACCOUNT, number), key(number))));
        keys.materials.extend((1..=4).map(|number| (version(ROLE, number), key(number + 4))));
        keys.materials.extend((1..=4).map(|number| (version(WEBHOOK, number), key(number + 8))));
        for number in 1..=3 {
            keys.add(version(ISSUER, number), &rcgen::PKCS_ECDSA_P256_SHA256);
        }
        keys.add(version(ROOT, 1), &rcgen::PKCS_ECDSA_P384_SHA384);
        keys.add(version(ISSUING, 1), &rcgen::PKCS_ECDSA_P256_SHA256);
        keys.add(version(SERVER, 1), &rcgen::PKCS_ECDSA_P256_SHA256);
        keys.add(version(SERVER, 2), &rcgen::PKCS_ED25519);
        keys
    }

    fn add(&mut self, version: VersionId, algorithm: &'static SignatureAlgorithm) {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let request = CertificateParams::default().serialize_request(&pair).unwrap().pem().unwrap();
        self.materials.insert(version.clone(), pair.serialize_der());
        self.requests.insert(version, request);
    }

    pub(crate) fn create_issuer(&self) -> Call {
        let attributes = json!({"owner": DANA, "backup": LEE, "purpose": "signs sessions"});
        self.publishing("jwks_create", 1, attributes)
    }

    pub(crate) fn publish(&self, number: u32) -> Call {
        self.publishing("key_publish", number, json!({}))
    }

    fn publishing(&self, verb: &str, number: u32, mut parameters: Value) -> Call {
        let version = version(ISSUER, number);
        parameters["request"] = json!(self.requests.get(&version).unwrap());
        parameters["version"] = json!(version);
        call(verb, ISSUER, parameters)
    }

    pub(crate) fn root(&self) -> Call {
        let parameters = json!({"profile": "ca", "common_name": "Root", "lifetime_secs": 86_400_000, "names": []});
        self.sign(ROOT, 1, version(ROOT, 1), parameters)
    }

    pub(crate) fn issuing(&self) -> Call {
        let parameters = json!({"profile": "ca", "common_name": "Issuing", "lifetime_secs": 8_640_000, "issuer": ROOT});
        self.sign(ISSUING, 1, version(ROOT, 1), parameters)
    }

    pub(crate) fn server(&self, number: u32) -> Call {
        let parameters = json!({
            "profile": "server", "names": ["localhost", "127.0.0.1"], "lifetime_secs": 604_800, "issuer": ISSUING,
        });
        self.sign(SERVER, number, version(ISSUING, 1), parameters)
    }

    /// The revocation of the server's certificate of that serial, or of the last one.
    pub(crate) fn revoke(serial: Option<&str>) -> Call {
        let mut parameters = json!({"issuer": ISSUING, "reason": "key_compromise"});
        if let Some(serial) = serial {
            parameters["serial"] = json!(serial);
        }
        with_key(call("certificate_revoke", SERVER, parameters), "issuer_key", version(ISSUING, 1))
    }

    fn sign(&self, subject: &str, number: u32, issuer_key: VersionId, mut parameters: Value) -> Call {
        parameters["request"] = json!(self.requests.get(&version(subject, number)).unwrap());
        with_key(call("certificate_sign", subject, parameters), "issuer_key", issuer_key)
    }
}

/// An instance on the bench.
pub(crate) struct Stand {
    pub(crate) folder: TempDir,
    pub(crate) local: Arc<Local>,
    pub(crate) endpoint: Endpoint,
    pub(crate) keys: Keys,
    pub(crate) bench: Bench,
}

impl Stand {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::default();
        let local = Arc::new(local_in(&folder, &endpoint));
        let keys = Keys::new();
        let bench = Bench::new(Arc::clone(&local) as Arc<dyn Connector>, keys.materials.clone());
        Self { folder, local, endpoint, keys, bench }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("local")
    }

    /// The trust anchor's path.
    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(crate) async fn done(&self, call: &Call) -> Applied {
        match self.bench.act(call).await.unwrap() {
            Outcome::Done(applied) => applied,
            other => panic!("`{}` ended with {other:?}", call.verb),
        }
    }

    /// The code of the refusal.
    pub(crate) async fn refused(&self, call: &Call) -> String {
        match self.bench.act(call).await.unwrap() {
            Outcome::Refused(refusal) => refusal.code,
            other => panic!("`{}` ended with {other:?}", call.verb),
        }
    }

    pub(crate) async fn probe(&self, name: &str, subject: &str, number: u32, key: Option<Vec<u8>>) -> ProbeResult {
        let probe = question(name, subject, number, BTreeMap::new());
        self.local.probe(&probe, key.map(countersign_contract::Material::new)).await
    }

    /// Whether that version's key was used, at `since` or later.
    pub(crate) async fn key_used(&self, number: u32, since: &str) -> ProbeResult {
        let probe = question("key_used", ACCOUNT, number, BTreeMap::from([("since".to_owned(), json!(since))]));
        self.local.probe(&probe, None).await
    }
}

pub(crate) fn question(name: &str, subject: &str, number: u32, parameters: BTreeMap<String, Value>) -> Probe {
    let subject: ResourceName = subject.parse().unwrap();
    let version = Some(VersionId { subject: subject.clone(), number });
    Probe { name: name.to_owned(), subject, version, parameters }
}

pub(crate) fn local_in(folder: &TempDir, endpoint: &Endpoint) -> Local {
    Local::new(LocalConfig {
        root: folder.path().join("local"),
        endpoint: endpoint.clone(),
        trust_anchor: folder.path().join("ca.pem"),
        limits: LIMITS,
        operator: None,
    })
}
