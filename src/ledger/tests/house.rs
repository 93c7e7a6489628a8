//! A data folder with a ledger in it, and entries to commit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use countersign_kernel::run::bodies::{
    ClosedBody, FactBody, RunOutcome, SealedBody, Stage, StartedBody, Trigger, TriggerKind, VersionBody,
};
use countersign_warrant::{
    Allowed, Basis, Blob, Call, Decision, Digest, Entry, EntryId, Fence, Intent, Journal as _, Kind, Limits, Mint,
    Origin, ResourceName, RunId, Timestamp, Verdict, VersionId,
};
use serde::Serialize;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::ledger::order::Order;
use crate::ledger::tests::Break;
use crate::ledger::{Ledger, LedgerKey, LedgerOptions, OpenLedgerError};
use crate::store::Store;

pub(super) const ORIGIN: &str = "ledger.example/test";

pub(super) struct House {
    pub(super) folder: TempDir,
    pub(super) ledger: Arc<Ledger>,
}

/// A clock of its own: the time since the first look at it, in 2026.
pub(super) fn now() -> Timestamp {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Timestamp::from_micros(1_795_000_000_000_000 + i64::try_from(BEGUN.elapsed().as_micros()).unwrap())
}

pub(super) fn key(seed: u8) -> LedgerKey {
    LedgerKey::new(ORIGIN, &Zeroizing::new([seed; 32])).unwrap()
}

impl House {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Self::open(&folder, "one").await.unwrap());
        Self { folder, ledger }
    }

    pub(super) async fn open(folder: &TempDir, owner: &str) -> Result<Ledger, OpenLedgerError> {
        let store = Store::open(&folder.path().join("store.db")).await.unwrap();
        let options = LedgerOptions {
            owner: owner.to_owned(),
            lease: Duration::from_secs(30),
            head_file: folder.path().join("ledger.head"),
            clock: Arc::new(now),
        };
        Ledger::open(store, key(7), options).await
    }

    /// Closes the ledger and opens it as another process would.
    pub(super) async fn reopen(self, owner: &str) -> Self {
        self.ledger.close().await.unwrap();
        let ledger = Arc::new(Self::open(&self.folder, owner).await.unwrap());
        Self { folder: self.folder, ledger }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(super) async fn start(&self, run: &str, subject: &str) -> Fence {
        let fence = fence(run, 1);
        self.ledger.commit(fence.clone(), vec![started(run, subject, None)]).await.unwrap();
        fence
    }

    pub(super) fn mint(&self) -> Mint<Ledger> {
        Mint::new(Arc::clone(&self.ledger)).0
    }

    pub(super) async fn breaks(&self, how: Break) {
        self.ledger.ask(|reply| Order::Break(how, reply)).await.unwrap();
    }

    pub(super) async fn batches(&self) -> u64 {
        let count = Arc::new(AtomicU64::default());
        self.breaks(Break::Count(Arc::clone(&count))).await;
        count.load(std::sync::atomic::Ordering::Relaxed)
    }
}

pub(super) fn fence(run: &str, epoch: u64) -> Fence {
    Fence { run: run.parse().unwrap(), epoch }
}

pub(super) fn id(run: &str, number: u64) -> EntryId {
    EntryId::of_run(&run.parse::<RunId>().unwrap(), number)
}

pub(super) fn name(text: &str) -> ResourceName {
    text.parse().unwrap()
}

fn entry<T: Serialize>(id: EntryId, kind: Kind, body: &T) -> Entry {
    Entry::new(id, kind, serde_json::to_value(body).unwrap()).unwrap()
}

fn plan() -> Blob {
    Blob::new(*b"{\"plan\":1}")
}

/// Holds the subject and `files/client/<its name>`.
pub(super) fn started(run: &str, subject: &str, trigger_key: Option<&str>) -> Entry {
    let subject = name(subject);
    let sink = name(&format!("files/client/{}", subject.name()));
    let mut resources = vec![sink, subject.clone()];
    resources.sort();
    let body = StartedBody {
        team: None,
        service: None,
        workflow: "rotate-reporting".to_owned(),
        workflow_digest: Digest::of(b"workflow"),
        plan: plan().digest(),
        activation: "activation:a1".parse().unwrap(),
        subject,
        resources,
        trigger: Trigger {
            kind: TriggerKind::Request,
            asked_by: None,
            idempotency_key: trigger_key.map(ToOwned::to_owned),
            event: None,
        },
    };
    entry(id(run, 0), Kind::Started, &body).with_blobs(vec![plan()])
}

pub(super) fn fact(run: &str, number: u64, about: &str) -> Entry {
    let body =
        FactBody { step: "gate".parse().unwrap(), about: about.to_owned(), holds: true, facts: BTreeMap::default() };
    entry(id(run, number), Kind::Fact, &body)
}

pub(super) fn closed(run: &str, number: u64) -> Entry {
    let body = ClosedBody { outcome: RunOutcome::Done, code: "run.done".to_owned(), message: "done".to_owned() };
    entry(id(run, number), Kind::Closed, &body)
}

pub(super) fn sealed(run: &str, number: u64, subject: &str, version: u32) -> Entry {
    let blob = Blob::new(format!("sealed {subject} {version}").into_bytes());
    let sealed = SealedBody {
        given: false,
        blob: blob.digest(),
        fingerprint: "ab".to_owned(),
        key_generation: 1,
        public: BTreeMap::default(),
    };
    version_entry(run, number, subject, version, Stage::Pending, Some(sealed)).with_blobs(vec![blob])
}

pub(super) fn moved(run: &str, number: u64, subject: &str, version: u32, stage: Stage) -> Entry {
    version_entry(run, number, subject, version, stage, None)
}

fn version_entry(
    run: &str,
    number: u64,
    subject: &str,
    version: u32,
    stage: Stage,
    sealed: Option<SealedBody>,
) -> Entry {
    let body = VersionBody {
        step: "rotate.stage".parse().unwrap(),
        version: VersionId { subject: name(subject), number: version },
        stage,
        sealed,
        expires_at: None,
        counts_from: None,
    };
    entry(id(run, number), Kind::Version, &body)
}

/// An allowed intent on `resource`, its decision at `number`, itself after it.
pub(super) fn allowed(run: &str, number: u64, subject: &str, resource: &str) -> Allowed {
    let digest = Digest::of(b"basis");
    let decision = Decision {
        verdict: Verdict::Allow,
        code: "policy.allowed".to_owned(),
        policies: vec!["allow-all".to_owned()],
        reasons: Vec::new(),
        errors: Vec::new(),
        controls: Vec::new(),
        basis: Basis { policies: digest, schema: digest, entities: digest, request: digest },
        shadow: None,
    };
    let intent = Intent {
        entry: id(run, number + 1),
        step: "rotate.stage".parse().unwrap(),
        action: "rotate".to_owned(),
        subject: name(subject),
        plan: plan().digest(),
        call: Call {
            connector: "local".to_owned(),
            verb: "key_stage".to_owned(),
            resource: name(resource),
            parameters: BTreeMap::default(),
            materials: BTreeMap::default(),
            limits: Limits { duration_ms: 1000, lateness_ms: 0 },
        },
        facts: BTreeMap::default(),
        undo: None,
        attempt: 1,
        origin: Origin::Plan,
    };
    Allowed::judged(intent, decision, id(run, number)).unwrap()
}
