//! A run for each subject of a plan, so many at once: each begins from its stored plan, and goes its own way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use countersign_kernel::plan::{Does, Plan};
use countersign_kernel::run::bodies::{EACH, FactBody, StartedBody, Trigger};
use countersign_warrant::{Blob, Digest, Entry, EntryId, Fence, Journal as _, JournalError, Kind, RunId};
use futures_util::future::join_all;
use serde_json::{Value, json as object};

use super::begin::{new_run_id, whose};
use super::{BeginError, Drive, DriveError, Driven, Held, Runner, json};
use crate::store::RunState;

/// How the run of one subject ended.
enum Ended {
    As {
        run: RunId,
        outcome: &'static str,
    },
    /// Another run holds what it would need.
    Held(RunId),
    /// Too many before it failed.
    NotBegun,
    /// The process was asked to stop.
    Stopped,
}

impl Ended {
    const fn is_done(&self) -> bool {
        matches!(self, Self::As { outcome, .. } if matches!(outcome.as_bytes(), b"done"))
    }

    fn in_words(&self, name: &str) -> String {
        match self {
            Self::As { run, outcome } => format!("{name} ({outcome}, run {run})"),
            Self::Held(by) => format!("{name} (held by run {by})"),
            Self::NotBegun | Self::Stopped => format!("{name} (not begun)"),
        }
    }

    fn to_json(&self, subject: &Value) -> Value {
        match self {
            Self::As { run, outcome } => object!({"subject": subject, "run": run, "outcome": outcome}),
            Self::Held(by) => object!({"subject": subject, "outcome": "held", "by": by}),
            Self::NotBegun | Self::Stopped => object!({"subject": subject, "outcome": "not_begun"}),
        }
    }
}

impl Runner {
    /// Begins and drives them, or carries on what was begun before; then writes down how each ended.
    pub(super) async fn each(&self, drive: &mut Drive, entry: EntryId) -> Result<(), DriveError> {
        let plan = std::sync::Arc::clone(&drive.run.plan);
        let planned = plan.moves.get(drive.run.cursor.at);
        let Some((planned, Does::Each { runs, left_out, together, stop_after })) = planned.map(|at| (at, &at.does))
        else {
            return Err(DriveError::NoEntries);
        };
        let (next, failed) = (AtomicUsize::new(0), AtomicU32::new(0));
        let parent = (&drive.run.id, &drive.run.started);
        let lane = || async {
            let mut ended = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(of_one) = runs.get(at) else { break };
                let is_over = failed.load(Ordering::SeqCst) >= *stop_after;
                let one = Box::pin(self.one(parent, at, of_one, is_over)).await;
                // WHY: what keeps one from going on keeps the others from beginning.
                let one = one.inspect_err(|_| failed.store(*stop_after, Ordering::SeqCst))?;
                if !one.is_done() {
                    failed.fetch_add(1, Ordering::SeqCst);
                }
                ended.push((at, one));
            }
            Ok::<_, DriveError>(ended)
        };
        let lanes = join_all((0..*together).map(|_| lane())).await;
        let mut ended: Vec<(usize, Ended)> =
            lanes.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        if ended.iter().any(|(_, one)| matches!(one, Ended::Stopped)) {
            return Ok(());
        }
        ended.sort_by_key(|(at, _)| *at);
        let done = ended.iter().filter(|(_, one)| one.is_done()).count();
        let holds = done == runs.len() && left_out.is_empty();
        let subject = |at: usize| object!(runs.get(at).map(|plan| &plan.subject.resource));
        let rows: Vec<Value> = ended.iter().map(|(at, one)| one.to_json(&subject(*at))).collect();
        let mut facts = BTreeMap::from([("runs".to_owned(), Value::Array(rows))]);
        if !left_out.is_empty() {
            facts.insert("left_out".to_owned(), object!(left_out));
        }
        if !holds {
            let all = runs.len() + left_out.len();
            let not: Vec<String> = ended
                .iter()
                .filter(|(_, one)| !one.is_done())
                .map(|(at, one)| one.in_words(runs.get(*at).map_or("?", |plan| plan.subject.resource.name())))
                .chain(left_out.iter().map(|left| format!("{} (not planned: {})", left.subject.name(), left.message)))
                .collect();
            let reason = format!("{done} of {all} subjects are done; not {}", not.join(", "));
            facts.insert("reason".to_owned(), Value::String(reason));
        }
        let body = FactBody { step: planned.step.clone(), about: EACH.to_owned(), holds, facts };
        self.write(drive, entry, Kind::Fact, &body).await
    }

    /// One subject's run, from wherever it is to its end.
    async fn one(
        &self,
        parent: (&RunId, &StartedBody),
        at: usize,
        plan: &Plan,
        is_over: bool,
    ) -> Result<Ended, DriveError> {
        let key = format!("{}{at}", Trigger::part_of_prefix(parent.0));
        let known = self.store.run_by_trigger(&parent.1.workflow, &key).await.map_err(DriveError::Store)?;
        let run = match known {
            Some(known) => {
                if let RunState::Closed { outcome, .. } = known.state {
                    return Ok(Ended::As { run: known.id, outcome: outcome.as_str() });
                }
                known.id
            }
            None if is_over => return Ok(Ended::NotBegun),
            None if *self.stop.borrow() => return Ok(Ended::Stopped),
            None => match self.start_one_in_time(parent.1, key, plan).await? {
                Some(Ok(run)) => run,
                Some(Err(holder)) => return Ok(Ended::Held(holder)),
                None => return Ok(Ended::Stopped),
            },
        };
        Ok(match self.drive(&run).await? {
            Driven::Over(outcome) => Ended::As { run, outcome: outcome.as_str() },
            Driven::Stuck(_) => Ended::As { run, outcome: "stuck" },
            // What holds one holds the whole, until it is lifted.
            Driven::Held(held) => return Err(DriveError::Journal(held.into_error())),
            // A run that is driven here is stayed with.
            Driven::Stopped | Driven::Waiting { .. } => Ended::Stopped,
        })
    }

    /// As [`Runner::start_one`], as soon as limits permit it; nothing where the process is asked to stop before.
    async fn start_one_in_time(
        &self,
        parent: &StartedBody,
        key: String,
        plan: &Plan,
    ) -> Result<Option<Result<RunId, RunId>>, DriveError> {
        loop {
            match self.start_one(parent, key.clone(), plan).await {
                Err(error) => match Held::of(error) {
                    Ok(held) if held.may_pass() => {
                        if !self.sleep_until(held.again(self.clock.now())).await? {
                            return Ok(None);
                        }
                    }
                    Ok(held) => return Err(DriveError::Journal(held.into_error())),
                    Err(error) => return Err(error),
                },
                Ok(begun) => return Ok(Some(begun)),
            }
        }
    }

    /// Starts the run of a stored plan; the inner error is the run that holds what it needs.
    async fn start_one(
        &self,
        parent: &StartedBody,
        key: String,
        plan: &Plan,
    ) -> Result<Result<RunId, RunId>, DriveError> {
        let bytes = plan.to_bytes().map_err(|error| DriveError::Begin(BeginError::Canonical(error)))?;
        let (team, service) = whose(plan);
        let body = StartedBody {
            plan: Digest::of(&bytes),
            subject: plan.subject.resource.clone(),
            resources: plan.resources.clone(),
            trigger: Trigger { idempotency_key: Some(key), ..parent.trigger.clone() },
            team,
            service,
            ..parent.clone()
        };
        let run = new_run_id(self.clock.now()).map_err(DriveError::Begin)?;
        let entry = Entry::new(EntryId::of_run(&run, 0), Kind::Started, json(&body)).map_err(DriveError::Entry)?;
        let entry = entry.with_blobs(vec![Blob::new(bytes)]);
        match self.ledger.commit(Fence { run: run.clone(), epoch: 1 }, vec![entry]).await {
            Ok(stamped) => {
                if let Some(told) = &self.told {
                    // WHY: nobody listening is no fault of the run.
                    for entry in stamped {
                        let _ = told.send(entry);
                    }
                }
                Ok(Ok(run))
            }
            Err(JournalError::Held { holder, .. }) => Ok(Err(holder)),
            Err(error) => Err(DriveError::Journal(error)),
        }
    }
}
