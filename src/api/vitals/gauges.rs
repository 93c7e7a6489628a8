//! What there is at this moment: asked of the store, of the ledger and of the loop with each scrape.

use std::collections::BTreeMap;

use countersign_kernel::run::bodies::BrakeKind;
use countersign_warrant::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::Workflows;
use crate::ledger::Extent;
use crate::serve::Pulse;
use crate::store::{LiveVersions, OpenRuns, ReadStoreError, Store, StoredBrake};

/// What is later than this is overdue, in milliseconds.
const OVERDUE_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Team {
    team: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateOfTeam {
    state: String,
    team: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

type Float = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The answers.
pub(super) struct Gauges {
    now: Timestamp,
    open: Vec<OpenRuns>,
    overdue: Vec<(String, u64)>,
    versions: Vec<LiveVersions>,
    brakes: Vec<StoredBrake>,
    due_rows: u64,
    next: Option<Timestamp>,
    extent: Extent,
    /// When the first entry was stamped that no signed checkpoint covers.
    unsigned: Option<Timestamp>,
    round: Option<Timestamp>,
    owners: std::sync::Arc<Workflows>,
}

impl Gauges {
    pub(super) async fn ask(
        store: &Store,
        extent: Extent,
        pulse: &Pulse,
        now: Timestamp,
    ) -> Result<Self, ReadStoreError> {
        let row = store.due_after(now, 1).await?.into_iter().next().and_then(|row| row.at);
        let unsigned = if extent.signed < extent.committed { store.stamp_of(extent.signed).await? } else { None };
        Ok(Self {
            now,
            open: store.open_by_workflow().await?,
            overdue: store.overdue(Timestamp::from_micros(now.micros() - OVERDUE_MS * 1000)).await?,
            versions: store.versions_by_kind(now).await?,
            brakes: store.brakes(now).await?,
            due_rows: store.due_count().await?,
            next: row.into_iter().chain(store.next_wake(now).await?).min(),
            extent,
            unsigned,
            round: pulse.last_round(),
            owners: pulse.owners(),
        })
    }

    fn team(&self, workflow: &str) -> String {
        self.owners.get(workflow).map_or("unknown", |owner| owner.team.as_str()).to_owned()
    }

    pub(super) fn registry(&self, ready: bool) -> Registry {
        let mut registry = Registry::with_prefix("countersign");
        self.of_the_loop(&mut registry, ready);
        self.of_runs(&mut registry);
        self.of_credentials(&mut registry);
        self.of_brakes(&mut registry);
        self.of_the_ledger(&mut registry);
        registry
    }

    fn of_the_loop(&self, registry: &mut Registry, ready: bool) {
        let mut one = |name: &str, help: &str, value: f64| registry.register(name, help, ConstGauge::new(value));
        one("ready", "1 while it does its work, as /readyz says", f64::from(u8::from(ready)));
        one("due_triggers", "Triggers that the clock starts", number(self.due_rows));
        if let Some(round) = self.round {
            one("loop_round_timestamp_seconds", "When the loop last went round", seconds(round));
        }
        if let Some(next) = self.next {
            one("next_due_timestamp_seconds", "When something is to be done next", seconds(next));
        }
        let overdue = Family::<Team, Float>::default();
        for owner in self.owners.values() {
            // WHY: an alert needs the zero, too.
            drop(overdue.get_or_create(&Team { team: owner.team.clone() }));
        }
        for (workflow, late) in &self.overdue {
            overdue.get_or_create(&Team { team: self.team(workflow) }).inc_by(number(*late));
        }
        registry.register("overdue", "Triggers and waiting runs that are a minute late, by owning team", overdue);
    }

    fn of_runs(&self, registry: &mut Registry) {
        let (runs, oldest) = (Family::<StateOfTeam, Float>::default(), Family::<State, Float>::default());
        let mut ages: BTreeMap<&str, f64> = ["running", "waiting", "stuck"].map(|state| (state, 0.0)).into();
        for owner in self.owners.values() {
            for state in ages.keys() {
                drop(runs.get_or_create(&StateOfTeam { state: (*state).to_owned(), team: owner.team.clone() }));
            }
        }
        for open in &self.open {
            let team = self.team(&open.workflow);
            runs.get_or_create(&StateOfTeam { state: open.state.clone(), team }).inc_by(number(open.number));
            let age = ages.entry(&open.state).or_default();
            *age = age.max(self.age(open.oldest));
        }
        for (state, age) in ages {
            oldest.get_or_create(&State { state: state.to_owned() }).set(age);
        }
        registry.register(
            "open_runs",
            "Runs that are open, by state and owning team; `stuck` ones need a person",
            runs,
        );
        registry.register("open_run_oldest_seconds", "Since when the oldest open run is, by state", oldest);
    }

    fn of_credentials(&self, registry: &mut Registry) {
        let [valid, ended, oldest, first_end] = [(); 4].map(|()| Family::<Kind, Float>::default());
        for versions in &self.versions {
            let kind = Kind { kind: versions.kind.clone() };
            valid.get_or_create(&kind).set(number(versions.valid));
            ended.get_or_create(&kind).set(number(versions.ended));
            oldest.get_or_create(&kind).set(versions.oldest.map_or(0.0, |at| self.age(at)));
            if let Some(at) = versions.first_end {
                first_end.get_or_create(&kind).set(seconds(at));
            }
        }
        registry.register("credentials", "Credentials in use that have not ended, by the subjects' kind", valid);
        registry.register("credentials_ended", "Credentials that ended, and that nothing has replaced", ended);
        registry.register("credential_oldest_seconds", "The age of the oldest credential that has not ended", oldest);
        registry.register("credential_first_end_timestamp_seconds", "When the first of them ends", first_end);
    }

    fn of_brakes(&self, registry: &mut Registry) {
        let brakes = Family::<Code, Float>::default();
        for brake in [BrakeKind::Paused, BrakeKind::CircuitOpen, BrakeKind::Quarantined] {
            let on = self.brakes.iter().filter(|one| one.brake == brake).count();
            brakes.get_or_create(&Code { code: brake.as_str().to_owned() }).set(number(on as u64));
        }
        registry.register(
            "brakes",
            "Brakes that are on, by what they are; `quarantined` ones are of a subject each",
            brakes,
        );
    }

    fn of_the_ledger(&self, registry: &mut Registry) {
        let mut one = |name: &str, help: &str, value: f64| registry.register(name, help, ConstGauge::new(value));
        let Extent { committed, signed } = self.extent;
        one("ledger_entries", "Entries of the ledger", number(committed));
        one(
            "ledger_unsigned_entries",
            "Entries that no signed checkpoint covers",
            number(committed.saturating_sub(signed)),
        );
        let age = self.unsigned.map_or(0.0, |at| self.age(at));
        one("ledger_unsigned_seconds", "The age of the oldest of them", age);
    }

    fn age(&self, since: Timestamp) -> f64 {
        seconds(Timestamp::from_micros(self.now.micros().saturating_sub(since.micros()).max(0)))
    }
}

/// Seconds since 1970.
#[allow(clippy::cast_precision_loss, reason = "exact to the microsecond for two centuries")]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.micros() as f64 / 1e6
}

#[allow(clippy::cast_precision_loss, reason = "nobody has that many")]
fn number(count: u64) -> f64 {
    count as f64
}
