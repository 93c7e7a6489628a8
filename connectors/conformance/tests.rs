//! The fake keeps every promise; and a connector that breaks one is found.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_contract::{
    BoxFuture, Call, Connector, Cursor, Eyes, Hands, Limits, Manifest, Material, Observation, ObserveError, Page,
    Probe, ProbeResult, Receipt, Scope, Subject, VersionId, Warrant,
};
use countersign_fake::Fake;
use serde_json::json;

use crate::{Case, Fixture, Report, examine};

const LIMITS: Limits = Limits { duration_ms: 5_000, lateness_ms: 0 };

fn key(number: u32) -> Vec<u8> {
    format!("canary-{number}-0123456789abcdef0123456789abcdef").into_bytes()
}

fn call(verb: &str, version: u32) -> Call {
    let subject = "fake/account/reporting";
    let version: VersionId = format!("{subject}@{version}").parse().unwrap();
    let mut parameters = BTreeMap::new();
    let mut materials = BTreeMap::new();
    match verb {
        "delete" => {}
        "create" => {
            parameters.insert("owner".to_owned(), json!("dana"));
            materials.insert("key".to_owned(), version);
        }
        "stage" => drop(materials.insert("key".to_owned(), version)),
        _ => drop(parameters.insert("version".to_owned(), json!(version.to_string()))),
    }
    let resource = subject.parse().unwrap();
    Call { connector: "fake".to_owned(), verb: verb.to_owned(), resource, parameters, materials, limits: LIMITS }
}

fn cases() -> Vec<Case> {
    let materials = |numbers: &[u32]| {
        numbers.iter().map(|n| (format!("fake/account/reporting@{n}").parse().unwrap(), key(*n))).collect()
    };
    let case = |name, before: Vec<Call>, call, undo| Case { name, before, call, undo, materials: materials(&[1, 2]) };
    vec![
        case("create", vec![], call("create", 1), Some(call("delete", 1))),
        case("stage", vec![call("create", 1)], call("stage", 2), Some(call("remove", 2))),
        case("disable", vec![call("create", 1)], call("disable", 1), Some(call("enable", 1))),
        case("enable", vec![call("create", 1), call("disable", 1)], call("enable", 1), Some(call("disable", 1))),
        case("remove", vec![call("create", 1), call("stage", 2)], call("remove", 1), None),
    ]
}

fn fixture_of(connector: Arc<dyn Connector>) -> Fixture {
    Fixture { connector, folder: None, delivers: false, keep: Box::new(()) }
}

#[tokio::test]
async fn the_fake_conforms() {
    let report = examine(&|| fixture_of(Arc::new(Fake::new(LIMITS))), &cases()).await;
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
    assert_eq!(report.checks, 1 + 5 * 15);
}

/// One broken promise.
#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    ForgetsEntries,
    ShowsMaterial,
    LosesAVerb,
    ProvesNothing,
    ProvesWithoutAKey,
    ListsNothing,
    ChangesEachTime,
}

struct Flawed {
    inner: Fake,
    manifest: Manifest,
    flaw: Flaw,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        let inner = Fake::new(LIMITS);
        let mut manifest = inner.manifest().clone();
        if flaw == Flaw::LosesAVerb {
            manifest.verbs.retain(|verb| verb.name != "delete");
        }
        if flaw == Flaw::ProvesNothing {
            manifest.kinds[0].liveness = None;
        }
        if flaw == Flaw::ProvesWithoutAKey {
            manifest.probes[0].needs_material = false;
        }
        Self { inner, manifest, flaw }
    }
}

impl Connector for Flawed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        let nothing = Scope { kind: Some("nothing".to_owned()) };
        match self.flaw {
            Flaw::ListsNothing => Box::pin(async move { self.inner.list(&nothing, eyes, from).await }),
            _ => self.inner.list(scope, eyes, from),
        }
    }

    fn observe<'a>(&'a self, subject: &'a Subject, eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        Box::pin(async move {
            let mut seen = self.inner.observe(subject, eyes).await?;
            match self.flaw {
                Flaw::ForgetsEntries => seen.applied.clear(),
                Flaw::ShowsMaterial => {
                    seen.attributes.insert("note".to_owned(), json!(String::from_utf8(key(1)).unwrap()));
                }
                Flaw::ChangesEachTime => {
                    seen.attributes.insert("acts".to_owned(), json!(self.inner.acts()));
                }
                Flaw::LosesAVerb | Flaw::ListsNothing | Flaw::ProvesNothing | Flaw::ProvesWithoutAKey => {}
            }
            Ok(seen)
        })
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        self.inner.probe(probe, material)
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        self.inner.act(warrant, hands)
    }
}

async fn examine_flawed(flaw: Flaw) -> Report {
    examine(&move || fixture_of(Arc::new(Flawed::new(flaw))), &cases()).await
}

#[tokio::test]
async fn a_broken_promise_is_found() {
    let expected: [(Flaw, &[&str]); 7] = [
        (Flaw::ForgetsEntries, &["done", "failed, applied", "undo failed, applied"]),
        (Flaw::ShowsMaterial, &["material"]),
        (Flaw::LosesAVerb, &["manifest"]),
        (Flaw::ProvesNothing, &["manifest"]),
        (Flaw::ProvesWithoutAKey, &["manifest"]),
        (Flaw::ListsNothing, &["done"]),
        (Flaw::ChangesEachTime, &["repeated", "overrun", "refused calls", "undone", "undone twice"]),
    ];
    for (flaw, checks) in expected {
        let report = examine_flawed(flaw).await;
        for check in checks {
            assert!(report.failures.iter().any(|failure| failure.check == *check), "{check}: {:#?}", report.failures);
        }
    }
}
