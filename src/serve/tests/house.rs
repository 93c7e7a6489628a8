//! A data folder with its own workflows, a server on it, and the clock that both go by.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_kernel::run::bodies::{SCHEDULED, StartedBody};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{Kind, RunId, Timestamp};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::clock::{Clock as _, SettableClock};
use crate::scheduler::{FileSet, SetFile};
use crate::serve::{Handle, Said, ServeError, Server, activate};
use crate::{Installation, known};

/// Longer than a busy machine needs for all that falls due at one instant.
const PATIENCE: Duration = Duration::from_mins(2);

const POLICY: &str = r#"
@id("tests-may") @reason("this is a test")
permit (principal, action, resource);
"#;

/// A run that was begun, as the ledger tells it.
#[derive(Debug, Clone)]
pub(super) struct Began {
    pub(super) workflow: String,
    /// The instant of its schedule.
    pub(super) instant: Timestamp,
    pub(super) team: Option<String>,
    pub(super) at: Timestamp,
    /// When it closed.
    pub(super) closed: Option<Timestamp>,
}

/// A server at work.
struct Serving {
    handle: Handle,
    stop: watch::Sender<bool>,
    said: mpsc::UnboundedReceiver<Said>,
    task: JoinHandle<Result<(), ServeError>>,
}

pub(super) struct House {
    held: TempDir,
    pub(super) clock: Arc<SettableClock>,
    installation: Option<Arc<Installation>>,
    serving: Option<Serving>,
    /// The workflows that are current, by name.
    pub(super) workflows: BTreeMap<String, Workflow>,
}

impl House {
    /// A folder of that hour, with more in its settings, in which these workflows are current; nobody serves yet.
    pub(super) async fn new(at: &str, settings: &str, workflows: &[(String, String)]) -> Self {
        let held = tempfile::tempdir().unwrap();
        let clock = Arc::new(SettableClock::new(at.parse().unwrap()));
        let mut house = Self { held, clock, installation: None, serving: None, workflows: BTreeMap::new() };
        house.open().await;
        let path = house.installation().folder.settings_path();
        house.close().await;
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n{settings}\n")).unwrap();
        house.open().await;
        let file = |path: String, text: &str| SetFile { path, bytes: text.as_bytes().to_vec() };
        let files = FileSet {
            workflows: workflows.iter().map(|(name, text)| file(format!("{name}.yaml"), text)).collect(),
            policies: vec![file("tests.cedar".to_owned(), POLICY)],
            ..FileSet::default()
        };
        let checked = files.check(&known(&house.installation().catalog)).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let by = house.installation().asker().await.unwrap();
        activate(house.installation(), (&files, &checked), by, None).await.unwrap();
        house.workflows = checked.workflows;
        house
    }

    fn path(&self) -> PathBuf {
        self.held.path().join("data")
    }

    pub(super) fn installation(&self) -> &Arc<Installation> {
        self.installation.as_ref().unwrap()
    }

    async fn open(&mut self) {
        let opened = Installation::create_with_clock(&self.path(), "test", Arc::clone(&self.clock) as _).await;
        self.installation = Some(Arc::new(opened.unwrap_or_else(|error| panic!("{error}"))));
    }

    async fn close(&mut self) {
        let installation = self.installation.take().unwrap();
        Arc::into_inner(installation).unwrap().close().await;
    }

    /// A process begins to serve.
    pub(super) async fn serve(&mut self) {
        if self.installation.is_none() {
            self.open().await;
        }
        let (stop, stopped) = watch::channel(false);
        let (said, told) = mpsc::unbounded_channel();
        let (entries, _) = mpsc::unbounded_channel();
        let server = Server::new(Arc::clone(self.installation()), (entries, said), stopped).await.unwrap();
        self.serving = Some(Serving { handle: server.handle(), stop, said: told, task: tokio::spawn(server.serve()) });
        assert!(matches!(self.hears().await, Said::Serving { .. }));
    }

    /// Where it takes orders.
    pub(super) fn handle(&self) -> Handle {
        self.serving.as_ref().unwrap().handle.clone()
    }

    /// It ends, and the folder is given back.
    pub(super) async fn stop(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.stop.send_replace(true);
        serving.task.await.unwrap().unwrap();
        self.close().await;
    }

    /// What the server tells next.
    pub(super) async fn hears(&mut self) -> Said {
        let told = &mut self.serving.as_mut().unwrap().said;
        tokio::time::timeout(PATIENCE, told.recv()).await.expect("it says something").expect("it serves")
    }

    /// Waits until nothing is left to do at this instant; how long that took.
    pub(super) async fn settle(&self) -> Duration {
        let began = Instant::now();
        while !self.is_settled().await {
            assert!(began.elapsed() < PATIENCE, "not settled at {}", self.clock.now());
            assert!(!self.serving.as_ref().unwrap().task.is_finished(), "it serves no more");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        began.elapsed()
    }

    async fn is_settled(&self) -> bool {
        let (store, now) = (&self.installation().store, self.clock.now());
        store.due(now, 1).await.unwrap().is_empty()
            && store.due_runs(now, 1).await.unwrap().is_empty()
            && store.open_by_workflow().await.unwrap().iter().all(|open| open.state != "running")
    }

    /// Goes from one instant at which there is something to do to the next, up to `end`. The clock stops at whole multiples of
    /// `grain`, so that what falls due between two of them is taken as one.
    pub(super) async fn go_on_until(&self, end: Timestamp, grain: Duration) -> usize {
        let mut stops = 0;
        loop {
            self.settle().await;
            let (store, now) = (&self.installation().store, self.clock.now());
            let row = store.due_after(now, 1).await.unwrap().into_iter().next().and_then(|row| row.at);
            let next = [row, store.next_wake(now).await.unwrap()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            let grain = i64::try_from(grain.as_micros()).unwrap().max(1);
            let rounded = Timestamp::from_micros((next.micros() + grain - 1).div_euclid(grain) * grain).min(end);
            self.advance_to(rounded);
            stops += 1;
        }
        self.advance_to(end);
        self.settle().await;
        stops
    }

    pub(super) fn advance_to(&self, to: Timestamp) {
        let left = u64::try_from(to.micros() - self.clock.now().micros()).unwrap();
        self.clock.advance(Duration::from_micros(left));
    }

    /// How many entries of a kind there are.
    pub(super) async fn count(&self, kind: Kind) -> usize {
        self.stamps(kind).await.len()
    }

    /// When those of a kind were written.
    pub(super) async fn stamps(&self, kind: Kind) -> Vec<Timestamp> {
        self.entries().await.iter().filter(|entry| entry.kind == kind).map(|entry| entry.at).collect()
    }

    async fn entries(&self) -> Vec<countersign_warrant::Stamped> {
        let stored = self.installation().store.entries_from(0, u32::MAX).await.unwrap();
        stored.iter().map(|entry| entry.stamped().unwrap()).collect()
    }

    /// Every run of a schedule, in the order in which they were begun.
    pub(super) async fn began(&self) -> Vec<Began> {
        let (mut all, mut places) = (Vec::<Began>::new(), BTreeMap::<RunId, usize>::new());
        for entry in self.entries().await {
            let Some(run) = entry.id.run() else { continue };
            match entry.kind {
                Kind::Started => {
                    let body: StartedBody = entry.decode().unwrap();
                    let key = body.trigger.idempotency_key.unwrap();
                    let instant = key.strip_prefix(SCHEDULED).unwrap().parse().unwrap();
                    places.insert(run, all.len());
                    let StartedBody { workflow, team, .. } = body;
                    all.push(Began { workflow, instant, team, at: entry.at, closed: None });
                }
                Kind::Closed => {
                    let place = places.get(&run).copied().unwrap();
                    all[place].closed = Some(entry.at);
                }
                _ => {}
            }
        }
        all
    }
}
