//! A whole engine over a target in memory: real ledger, real policy, real delivery, and faults on command.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign_connector_files::Files;
use countersign_contract::{Connector, Eyes, Limits, Observation, Subject};
use countersign_fake::Fake;
use countersign_kernel::run::bodies::{Trigger, TriggerKind};
use countersign_warrant::{DecisionBody, Digest, Mint, RunId, Stamped, Timestamp};
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc, watch};
use zeroize::Zeroizing;

use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::folder::Folder;
use crate::ledger::{Ledger, LedgerKey, LedgerOptions};
use crate::runner::{BeginError, Begun, Driven, Parts, Request, Runner, Shared};
use crate::scheduler::{CheckedSet, FileSet, SetFile};
use crate::secrets::{Keys, Maker, Opener};
use crate::settings::Settings;
use crate::store::{Store, StoredVersion};

pub(super) const SUBJECT: &str = "fake/account/jobs";
/// Long enough for a flush on a busy machine, short enough to wait for.
const LIMITS: Limits = Limits { duration_ms: 400, lateness_ms: 0 };

pub(super) const PROVISION: &str = include_str!("provision.yaml");
pub(super) const ROTATE: &str = include_str!("rotate.yaml");

/// The rotation by another name, with a key more for its step.
fn rotate_with(rotate: &str, name: &str, key: &str) -> String {
    let text = rotate.replace("{name: rotate,", &format!("{{name: {name},"));
    text.replace("  - id: rotate\n", &format!("  - id: rotate\n    {key}\n"))
}

/// What is looked for after the delivery, before the soak.
const ADOPTED: &str = "      adopted: [{connector: fake, probe: login, within: 59m}]\n      soak:";

const POLICY: &str = r#"
@id("tests-may") @reason("this is a test")
permit (principal, action, resource);
"#;

/// The machine's clock, or one that runs ahead of it.
#[derive(Default)]
pub(super) struct Ahead(AtomicU64);

impl Ahead {
    pub(super) fn go_on(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0.load(Ordering::SeqCst))
    }

    fn instant(&self) -> Instant {
        SystemClock.instant() + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn since_boot(&self) -> Duration {
        SystemClock.since_boot() + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(super) struct House {
    pub(super) runner: Runner,
    pub(super) fake: Arc<Fake>,
    pub(super) store: Store,
    pub(super) clock: Arc<Ahead>,
    pub(super) set: CheckedSet,
    /// Each entry that the runner committed.
    pub(super) told: Mutex<mpsc::UnboundedReceiver<Stamped>>,
    pub(super) ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    delivered: PathBuf,
    _folder: TempDir,
}

impl House {
    pub(super) async fn new() -> Self {
        Self::of([PROVISION, ROTATE], POLICY).await
    }

    /// With these workflows, which are a provision and a rotation, and these policies.
    pub(super) async fn of(workflows: [&str; 2], policy: &str) -> Self {
        Self::under(workflows, policy, "version = 1").await
    }

    /// Under these settings, as far as runners share what they say.
    pub(super) async fn with_settings(settings: &str) -> Self {
        Self::under([PROVISION, ROTATE], POLICY, settings).await
    }

    async fn under(workflows: [&str; 2], policy: &str, settings: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("data");
        let (folder, lock) = Folder::create(&root, "test", SystemClock.now()).unwrap();
        let keys = Arc::new(Keys::make_missing(&folder, &lock).unwrap());
        let place = root.join("places");
        std::fs::create_dir_all(&place).unwrap();
        let fake = Arc::new(Fake::new(LIMITS));
        let files = Files::with_limits(BTreeMap::from([("client".to_owned(), place.clone())]), LIMITS);
        let instances: BTreeMap<String, Arc<dyn Connector>> = BTreeMap::from([
            ("fake".to_owned(), Arc::clone(&fake) as Arc<dyn Connector>),
            ("files".to_owned(), Arc::new(files) as Arc<dyn Connector>),
        ]);
        let places = BTreeMap::from([("client".to_owned(), "files".to_owned())]);
        let catalog = Arc::new(Catalog::of_instances(instances, places));
        let set = set(&catalog, workflows, policy);
        let clock = Arc::new(Ahead::default());
        let store = Store::open(&root.join("countersign.db")).await.unwrap();
        let ledger = ledger(&store, root.join("head"), Arc::clone(&clock)).await;
        let (mint, mark) = Mint::new(Arc::clone(&ledger));
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = mpsc::unbounded_channel();
        let runner = Runner::new(Parts {
            mint,
            store: store.clone(),
            catalog,
            maker: Maker::new(Arc::clone(&keys)),
            opener: Opener::new(mark, keys),
            policies: Arc::clone(&set.policies),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            shared: Arc::new(Shared::new(&Settings::parse("settings.toml", settings).unwrap())),
            told: Some(tell),
            stop: stopped,
        });
        let (delivered, told) = (place.join("jobs").join("key"), Mutex::new(told));
        Self { runner, fake, store, clock, set, told, ledger, stop, delivered, _folder: temporary }
    }

    /// Asks for a workflow, and drives its run to an end.
    pub(super) async fn run(&self, workflow: &str) -> (RunId, Driven) {
        let run = self.begin(workflow).await;
        let driven = self.runner.drive(&run).await.unwrap();
        (run, driven)
    }

    pub(super) async fn begin(&self, workflow: &str) -> RunId {
        let body = countersign_kernel::run::bodies::ActivationBody {
            workflows: Vec::new(),
            policies: Vec::new(),
            commit: None,
            by: "p_0".to_owned(),
        };
        let activation = self.ledger.append_activation(&body, None, Vec::new()).await.unwrap();
        let trigger = Trigger { kind: TriggerKind::Request, asked_by: None, idempotency_key: None, event: None };
        let workflow = &self.set.workflows[workflow];
        let (inputs, persons) = (BTreeMap::new(), BTreeMap::new());
        let request = Request { workflow, activation, inputs, persons, trigger, named: None, given: None };
        match self.runner.begin(request).await.unwrap() {
            Begun::Started(run) => run,
            other => panic!("{other:?}"),
        }
    }

    /// Asks under a key, as a person does: with the reason as input, and the plan that was looked at.
    pub(super) async fn ask(
        &self,
        workflow: &str,
        key: &str,
        reason: Option<&str>,
        named: Option<Digest>,
    ) -> Result<Begun, BeginError> {
        let trigger =
            Trigger { kind: TriggerKind::Request, asked_by: None, idempotency_key: Some(key.to_owned()), event: None };
        let inputs = reason.map(|reason| ("reason".to_owned(), reason.into())).into_iter().collect();
        let workflow = &self.set.workflows[workflow];
        let activation = "activation:tests".parse().unwrap();
        let persons = BTreeMap::new();
        self.runner.begin(Request { workflow, activation, inputs, persons, trigger, named, given: None }).await
    }

    pub(super) fn ask_to_stop(&self, stop: bool) {
        self.stop.send(stop).unwrap();
    }

    pub(super) async fn entries(&self, run: &RunId) -> Vec<Stamped> {
        self.store.entries_of_run(run).await.unwrap()
    }

    pub(super) async fn versions(&self) -> Vec<StoredVersion> {
        self.store.versions(&SUBJECT.parse().unwrap()).await.unwrap()
    }

    pub(super) async fn target(&self) -> Observation {
        let subject = Subject { resource: SUBJECT.parse().unwrap() };
        self.fake.observe(&subject, Eyes::open()).await.unwrap()
    }

    /// What policy was asked, without the instant.
    pub(super) async fn request(&self, body: &DecisionBody) -> serde_json::Value {
        let blob = self.store.blob(&body.decision.basis.request).await.unwrap().unwrap();
        let mut asked: serde_json::Value = serde_json::from_slice(blob.bytes()).unwrap();
        let now = asked["context"].as_object_mut().unwrap().remove("now");
        assert!(now.is_some(), "the request holds its instant");
        asked
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The folder of the place that keys are delivered to.
    pub(super) fn place(&self) -> PathBuf {
        self.delivered.ancestors().nth(2).unwrap().to_owned()
    }

    /// The key that the client would read now.
    pub(super) fn delivered(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.delivered).ok()
    }
}

fn set(catalog: &Catalog, [provision, rotate]: [&str; 2], policy: &str) -> CheckedSet {
    let file = |path: &str, text: &str| SetFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let files = FileSet {
        workflows: vec![
            file("provision.yaml", provision),
            file("rotate.yaml", rotate),
            file("patient.yaml", &rotate_with(rotate, "patient", "retry: {times: 2, wait: 20ms}")),
            file("hasty.yaml", &rotate_with(rotate, "hasty", "timeout: 250ms")),
            file("weary.yaml", &rotate_with(rotate, "weary", "timeout: 1h\n    retry: {times: 2, wait: 19m}")),
            file(
                "soaking.yaml",
                &rotate.replace("{name: rotate,", "{name: soaking,").replace("soak: 20ms", "soak: 9h"),
            ),
            file("watched.yaml", &rotate_with(rotate, "watched", "timeout: 1h").replace("      soak:", ADOPTED)),
        ],
        policies: vec![file("tests.cedar", policy)],
        ..FileSet::default()
    };
    files.check(&crate::known(catalog)).unwrap()
}

async fn ledger(store: &Store, head_file: PathBuf, clock: Arc<Ahead>) -> Arc<Ledger> {
    let key = LedgerKey::new("countersign.test/runner", &Zeroizing::new([7; 32])).unwrap();
    let options = LedgerOptions {
        owner: "test".to_owned(),
        lease: Duration::from_secs(15),
        head_file,
        clock: Arc::new(move || clock.now()),
    };
    Arc::new(Ledger::open(store.clone(), key, options).await.unwrap())
}
