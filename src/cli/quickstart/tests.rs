//! A tour that goes wrong, and the next one; a renewal that is refused, and the next one.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use countersign_kernel::run::bodies::{NotDueBody, RunOutcome};
use countersign_warrant::{Kind, Timestamp};
use tempfile::TempDir;

use super::stage::Next;
use super::*;
use crate::cli::stop::DENIED;
use crate::clock::{Clock, SystemClock};
use crate::runner;
use crate::runner::Driven;
use crate::scheduler::FileSet;

const QUIET: Screen = Screen { json: true, live: false, width: 100, kept: None };

const PROVISION: &Stage = &TOUR[0];
const DAY_MS: u64 = 86_400_000;

/// The machine's clock, days ahead: it goes on, so that waits end.
struct DaysAhead(u64);

impl Clock for DaysAhead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0 * DAY_MS)
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }

    fn since_boot(&self) -> std::time::Duration {
        SystemClock.since_boot()
    }
}

struct Tour {
    installation: Installation,
    active: Active,
    _folder: TempDir,
}

impl Tour {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let installation = set_up(&folder.path().join("data"), &QUIET).await.unwrap();
        let active = Active::load(&installation.store, &known(&installation.catalog)).await.unwrap();
        Self { installation, active, _folder: folder }
    }

    /// A session under the activated policies, or under none: then everything is denied.
    async fn session(&self, permitted: bool) -> Session<'_> {
        let none = FileSet { workflows: self.active.files.workflows.clone(), ..FileSet::default() };
        let none = none.check(&known(&self.installation.catalog)).unwrap();
        let policies = Arc::clone(if permitted { &self.active.set.policies } else { &none.policies });
        let runner = runner(&self.installation, policies, None, watch::channel(false).1);
        let asker = self.installation.asker().await.unwrap();
        Session { runner, installation: &self.installation, asker, driven: BTreeMap::new() }
    }

    async fn next(&self) -> Next {
        stage::next_of(&self.installation.store, PROVISION).await.unwrap()
    }

    /// One look at what is due, some days from now.
    async fn renew(&mut self, permitted: bool, days: u64) -> (Vec<RunId>, Toured, BTreeMap<RunId, Driven>) {
        self.installation.clock = Arc::new(DaysAhead(days));
        let progress = Progress::start(&QUIET, None);
        let mut session = self.session(permitted).await;
        let mut toured = Toured::default();
        let runs = renewals::take(&mut session, &self.active, &progress, &mut toured).await.unwrap();
        (runs, toured, session.driven)
    }

    async fn last_not_due(&self) -> NotDueBody {
        let subject = "local/account/reporting".parse().unwrap();
        let entries = self.installation.store.entries_of_subject(&subject).await.unwrap();
        entries.iter().rfind(|entry| entry.kind == Kind::NotDue).unwrap().decode().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_failed_is_asked_for_again() {
    let tour = Tour::new().await;
    let progress = Progress::start(&QUIET, None);
    let key = PROVISION.key;
    assert_eq!(tour.next().await, Next::Ask(key.to_owned()));
    // The client's folder is no folder: the delivery is refused, and the account is deleted again.
    let place = tour.installation.folder.root().join("places/client/reporting");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, "in the way").unwrap();
    let mut session = tour.session(true).await;
    let failed = stage::take(&mut session, &tour.active, PROVISION, &progress).await.unwrap_err();
    assert_eq!((failed.exit, failed.message.as_str()), (FAILED, "`provision-account` ended undone"));
    assert_eq!(tour.next().await, Next::Ask(format!("{key}-1")));
    // Denied because of a policy that is mended later.
    let mut strict = tour.session(false).await;
    let denied = stage::take(&mut strict, &tour.active, PROVISION, &progress).await.unwrap_err();
    assert_eq!(denied.exit, DENIED);
    assert_eq!(tour.next().await, Next::Ask(format!("{key}-2")));
    // Mended: quickstart goes on there, and asks for nothing after that.
    std::fs::remove_file(&place).unwrap();
    let run = stage::take(&mut session, &tour.active, PROVISION, &progress).await.unwrap();
    assert_eq!(tour.next().await, Next::Answered(run.clone(), RunOutcome::Done));
    let mut next = tour.session(true).await;
    assert_eq!(stage::take(&mut next, &tour.active, PROVISION, &progress).await.unwrap(), run);
    assert!(next.driven.is_empty(), "what an earlier command did is not told as done now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_was_denied_is_tried_again_after_a_pause() {
    let mut tour = Tour::new().await;
    let progress = Progress::start(&QUIET, None);
    stage::take(&mut tour.session(true).await, &tour.active, PROVISION, &progress).await.unwrap();
    let (runs, toured, _) = tour.renew(true, 0).await;
    assert_eq!((runs.len(), toured.exit), (0, 0));
    assert_eq!(tour.last_not_due().await.code, "expiry.not_due");
    let (runs, toured, driven) = tour.renew(false, 70).await;
    assert_eq!(driven.values().collect::<Vec<_>>(), [&Driven::Over(RunOutcome::Denied)]);
    assert_eq!((runs.len(), toured.exit), (1, DENIED));
    let key = |run: &crate::store::StoredRun| run.trigger_key.clone().unwrap();
    let denied = tour.installation.store.run(&runs[0]).await.unwrap().unwrap();
    assert_eq!(key(&denied), "expiry-local/account/reporting@1-0");
    // The ledger's own stamps are of today, so the pause is long over. No authority is there yet: the new key cannot be
    // tried, and is taken back.
    let (runs, toured, driven) = tour.renew(true, 70).await;
    assert_eq!(driven.values().collect::<Vec<_>>(), [&Driven::Over(RunOutcome::Undone)]);
    assert_eq!((runs.len(), toured.exit), (1, FAILED));
    let undone = tour.installation.store.run(&runs[0]).await.unwrap().unwrap();
    assert_eq!(key(&undone), "expiry-local/account/reporting@1-1");
}
