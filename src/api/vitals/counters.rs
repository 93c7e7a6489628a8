//! What is counted since the process began, as its entries are told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use countersign_kernel::run::bodies::{
    ClosedBody, FactBody, NOTICE, ProbeBody, Stage, TIMEOUT, VersionBody, WINDOW, Wait, WaitBody,
};
use countersign_warrant::{Kind, RunId, Stamped, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::serve::{Owner, Said};

/// Whose each workflow is, by its name.
pub(super) type Workflows = BTreeMap<String, Owner>;

/// Bounds of the histograms, in seconds: from a call to a month's approval.
const BOUNDS: [f64; 10] = [0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    does: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Does {
    does: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Holds {
    taken: String,
}

/// A run that is open, as far as it was seen here.
struct Live {
    state: &'static str,
    since: Timestamp,
    /// When it began; not known of one that was open before.
    began: Option<Timestamp>,
    /// Since when a new version is in use that nobody has been seen with.
    in_use: Option<Timestamp>,
}

#[derive(Default)]
struct Families {
    closed: Family<Closed, Counter>,
    not_begun: Family<Code, Counter>,
    left_open: Family<Code, Counter>,
    held: Family<Code, Counter>,
    stuck: Family<Code, Counter>,
    window_misses: Counter,
    drift: Counter,
    timeouts: Counter,
    clock_steps: Counter,
    notices: Family<Holds, Counter>,
    heartbeats: Family<Sent, Counter>,
    settings: Family<Holds, Counter>,
}

/// All that is counted.
pub(super) struct Counters {
    registry: Registry,
    families: Families,
    took: Family<Does, Histogram>,
    in_state: Family<State, Histogram>,
    adoption: Histogram,
    live: Mutex<BTreeMap<RunId, Live>>,
}

fn histogram() -> Histogram {
    Histogram::new(BOUNDS)
}

impl Counters {
    pub(super) fn new(began: Timestamp) -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let families = Families::default();
        let took = Family::new_with_constructor(histogram as fn() -> Histogram);
        let in_state = Family::new_with_constructor(histogram as fn() -> Histogram);
        let adoption = histogram();
        families.register(&mut registry);
        registry.register("run_seconds", "From a run's start to its end, by what its workflow does", took.clone());
        registry.register("run_state_seconds", "How long a run was in a state that it has left", in_state.clone());
        let help = "From a version's coming into use to a client's being seen with it";
        registry.register("adoption_seconds", help, adoption.clone());
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "Which version this is", prometheus_client::metrics::info::Info::new(version));
        let began = super::gauges::seconds(began);
        registry.register("start_timestamp_seconds", "When the process began", ConstGauge::new(began));
        Self { registry, families, took, in_state, adoption, live: Mutex::default() }
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn said(&self, said: &Said) {
        let families = &self.families;
        let code = |code: &String| Code { code: code.clone() };
        match said {
            Said::Serving { .. } => {}
            Said::NotBegun { code: why, .. } => {
                families.not_begun.get_or_create(&code(why)).inc();
            }
            Said::LeftOpen { code: why, .. } => {
                families.left_open.get_or_create(&code(why)).inc();
            }
            Said::Heartbeat(beat) => {
                let result = beat.as_str().to_owned();
                families.heartbeats.get_or_create(&Sent { result }).inc();
            }
            Said::Settings { code, .. } => {
                families.settings.get_or_create(&taken(code.is_none())).inc();
            }
            Said::Held { code: why, .. } => {
                families.held.get_or_create(&code(why)).inc();
            }
            Said::ClockBehind { .. } | Said::ClockAhead { .. } => {
                families.clock_steps.inc();
            }
        }
    }

    pub(super) fn entry(&self, entry: &Stamped, workflow: &str, owners: &Workflows) {
        let Some(run) = entry.id.run() else { return };
        // WHY: each change is whole by itself, so that what a panicked thread left is, too.
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.kind == Kind::Started {
            let began = Some(entry.at);
            live.insert(run.clone(), Live { state: "running", since: entry.at, began, in_use: None });
        }
        let now = entry.at;
        match entry.kind {
            Kind::Wait => {
                let Ok(WaitBody { wait, .. }) = entry.decode() else { return };
                let state = match &wait {
                    Wait::Until { .. } => "waiting",
                    Wait::Person { .. } => "stuck",
                    Wait::Over | Wait::Answered { .. } => "running",
                };
                if let Wait::Person { code, .. } = wait {
                    self.families.stuck.get_or_create(&Code { code }).inc();
                }
                self.turns(&mut live, &run, state, now);
            }
            Kind::Fact => {
                let Ok(body) = entry.decode::<FactBody>() else { return };
                if body.about == TIMEOUT {
                    self.turns(&mut live, &run, "running", now);
                }
                self.families.fact(&body);
            }
            Kind::Version => {
                let in_use = entry.decode::<VersionBody>().is_ok_and(|body| body.stage == Stage::Current);
                if let (true, Some(live)) = (in_use, live.get_mut(&run)) {
                    live.in_use = Some(now);
                }
            }
            Kind::Probe => {
                let holds = entry.decode::<ProbeBody>().is_ok_and(|body| body.holds);
                if let Some(since) = live.get(&run).and_then(|live| live.in_use).filter(|_| holds) {
                    self.adoption.observe(between(since, now));
                }
            }
            Kind::Intent => {
                if let Some(live) = live.get_mut(&run) {
                    live.in_use = None;
                }
            }
            Kind::Closed => {
                let Ok(body) = entry.decode::<ClosedBody>() else { return };
                let does = owners.get(workflow).map_or("unknown", |owner| owner.does).to_owned();
                if let Some(live) = live.remove(&run) {
                    self.in_state
                        .get_or_create(&State { state: live.state.to_owned() })
                        .observe(between(live.since, now));
                    if let Some(began) = live.began {
                        self.took.get_or_create(&Does { does: does.clone() }).observe(between(began, now));
                    }
                }
                let outcome = body.outcome.as_str().to_owned();
                self.families.closed.get_or_create(&Closed { does, outcome }).inc();
            }
            _ => {}
        }
    }

    /// A run comes into another state. How long it was in one that it came into before the process began is not known.
    fn turns(&self, live: &mut BTreeMap<RunId, Live>, run: &RunId, state: &'static str, now: Timestamp) {
        match live.get_mut(run) {
            Some(live) if live.state != state => {
                self.in_state.get_or_create(&State { state: live.state.to_owned() }).observe(between(live.since, now));
                *live = Live { state, since: now, in_use: None, ..*live };
            }
            Some(live) => live.in_use = None,
            None => drop(live.insert(run.clone(), Live { state, since: now, began: None, in_use: None })),
        }
    }
}

impl Families {
    fn register(&self, registry: &mut Registry) {
        registry.register("runs_closed", "Runs that ended, by what their workflow does, and how", self.closed.clone());
        registry.register(
            "triggers_not_begun",
            "Triggers that began no run, by the code of their entry",
            self.not_begun.clone(),
        );
        registry.register("runs_left_open", "Runs that could not go on for a time, by code", self.left_open.clone());
        registry.register("runs_held", "Runs that a brake or a limit held, by code", self.held.clone());
        registry.register("runs_stuck", "Runs that came to need a person, by code", self.stuck.clone());
        registry.register(
            "window_misses",
            "Changes whose window had closed, or did not come",
            self.window_misses.clone(),
        );
        registry.register("drift_findings", "Subjects that were not as their plan relied on", self.drift.clone());
        registry.register("step_timeouts", "Steps that took longer than they may", self.timeouts.clone());
        registry.register("clock_steps", "How often the wall clock was set back", self.clock_steps.clone());
        registry.register("notices", "Notices to webhooks, by whether they were taken", self.notices.clone());
        registry.register("heartbeats", "Heartbeats that were due, by what became of them", self.heartbeats.clone());
        registry.register(
            "settings_read",
            "How often the settings were read again, by whether all was taken",
            self.settings.clone(),
        );
    }

    fn fact(&self, body: &FactBody) {
        match body.about.as_str() {
            NOTICE => {
                self.notices.get_or_create(&taken(body.holds)).inc();
            }
            TIMEOUT => {
                self.timeouts.inc();
            }
            WINDOW if !body.holds => {
                self.window_misses.inc();
            }
            "subject" if !body.holds => {
                self.drift.inc();
            }
            _ => {}
        }
    }
}

fn taken(taken: bool) -> Holds {
    Holds { taken: taken.to_string() }
}

/// Seconds; stamps never go back by much, and nothing took less than no time.
#[allow(clippy::cast_precision_loss, reason = "a histogram needs no microsecond of a century")]
fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.micros().saturating_sub(from.micros()).max(0) as f64 / 1e6
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests {
    use countersign_warrant::EntryId;
    use prometheus_client::encoding::prometheus_text;
    use serde_json::{Value, json};

    use super::*;

    const RUN: &str = "r20261123-222605-aaaaaaaaaaaa";

    /// What is counted of these entries of one run, each so many seconds after the first.
    fn counted(entries: &[(Kind, i64, Value)]) -> String {
        let counters = Counters::new(Timestamp::from_micros(0));
        let owner = Owner { team: "payments".to_owned(), does: "rotate" };
        let owners = Workflows::from([("w".to_owned(), owner)]);
        let run: RunId = RUN.parse().unwrap();
        for (at, (kind, secs, predicate)) in entries.iter().enumerate() {
            let entry = Stamped {
                id: EntryId::of_run(&run, at as u64),
                kind: *kind,
                at: Timestamp::from_micros(1_795_000_000_000_000 + secs * 1_000_000),
                predicate: predicate.clone(),
                index: None,
            };
            counters.entry(&entry, "w", &owners);
        }
        assert!(counters.live.lock().unwrap().is_empty(), "what is closed is forgotten");
        let mut text = String::new();
        prometheus_text::encode(&mut text, counters.registry()).unwrap();
        text
    }

    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|one| one == format!("countersign_{line}")), "no `{line}` in\n{text}");
    }

    fn fact(about: &str, holds: bool) -> Value {
        json!({"step": "s", "about": about, "holds": holds, "facts": {}})
    }

    fn wait(wait: &Value) -> Value {
        json!({"step": "s", "wait": wait})
    }

    fn closed() -> Value {
        json!({"outcome": "undone", "code": "run.probe_failed", "message": "m"})
    }

    #[test]
    fn each_state_is_timed_from_entry_to_entry() {
        let until = json!({"for": "until", "at": "2027-01-01T00:00:00Z"});
        let person = json!({"for": "person", "code": "run.probe_failed", "message": "m"});
        let text = counted(&[
            (Kind::Started, 0, Value::Null),
            (Kind::Wait, 2, wait(&until)),
            (Kind::Wait, 12, wait(&json!({"for": "over"}))),
            (Kind::Wait, 13, wait(&person)),
            (Kind::Closed, 113, closed()),
        ]);
        has(&text, "run_state_seconds_sum{state=\"running\"} 3.0");
        has(&text, "run_state_seconds_sum{state=\"waiting\"} 10.0");
        has(&text, "run_state_seconds_sum{state=\"stuck\"} 100.0");
        has(&text, "run_seconds_sum{does=\"rotate\"} 113.0");
        has(&text, "runs_stuck_total{code=\"run.probe_failed\"} 1");
        has(&text, "runs_closed_total{does=\"rotate\",outcome=\"undone\"} 1");
    }

    /// What began before the process is counted when it ends, and not timed.
    #[test]
    fn what_began_before_is_not_timed() {
        let text = counted(&[(Kind::Closed, 5, closed())]);
        has(&text, "runs_closed_total{does=\"rotate\",outcome=\"undone\"} 1");
        assert!(!text.contains("run_seconds_sum{"), "{text}");
    }

    #[test]
    fn findings_are_counted_by_what_they_are() {
        let text = counted(&[
            (Kind::Started, 0, Value::Null),
            (Kind::Fact, 1, fact(WINDOW, true)),
            (Kind::Fact, 1, fact(WINDOW, false)),
            (Kind::Fact, 1, fact("subject", true)),
            (Kind::Fact, 1, fact("subject", false)),
            (Kind::Fact, 1, fact(TIMEOUT, false)),
            (Kind::Fact, 1, fact(NOTICE, false)),
            (Kind::Closed, 5, closed()),
        ]);
        for line in [
            "window_misses_total 1",
            "drift_findings_total 1",
            "step_timeouts_total 1",
            "notices_total{taken=\"false\"} 1",
        ] {
            has(&text, line);
        }
    }

    /// A version that comes into use is adopted when a client is seen with it; what a later change proves is no adoption.
    #[test]
    fn adoption_is_timed_until_a_client_is_seen() {
        let version = |stage: &str| json!({"step": "s", "version": "local/account/a@2", "stage": stage, "sealed": null, "expires_at": null});
        let probe = json!({"name": "key_used", "subject": "local/account/a", "version": null, "parameters": {}});
        let seen = json!({"step": "s", "probe": probe, "holds": true, "result": {"answer": "accepted", "code": "c", "message": "m"}});
        let body: Result<ProbeBody, _> = serde_json::from_value(seen.clone());
        assert!(body.is_ok(), "{body:?}");
        let text = counted(&[
            (Kind::Started, 0, Value::Null),
            (Kind::Version, 1, version("pending")),
            (Kind::Probe, 2, seen.clone()),
            (Kind::Version, 3, version("current")),
            (Kind::Probe, 8, seen.clone()),
            (Kind::Intent, 9, Value::Null),
            (Kind::Probe, 20, seen),
            (Kind::Closed, 21, closed()),
        ]);
        has(&text, "adoption_seconds_count 1");
        has(&text, "adoption_seconds_sum 5.0");
    }
}
