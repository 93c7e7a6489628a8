//! What a row of the scheduler comes to: a run, or an entry that says why not; and then the row goes on.

use std::collections::BTreeMap;

use countersign_contract::failpoint;
use countersign_kernel::run::bodies::{NotDueBody, Trigger, TriggerKind};
use countersign_kernel::schedule::CatchUp;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{JournalError, RunId, Timestamp};
use serde_json::Value;

use super::{Current, LEDGER_GONE, Said, ServeError};
use crate::Installation;
use crate::runner::{BeginError, Begun, Held, Request};
use crate::scheduler::{Due, Look, Renewal, again, defaults, look, next_notice, trigger_of};
use crate::store::{DueKind, DueRow, StoredBrake};
use crate::telemetry::with_causes;

/// What came of a row.
pub(super) struct Begin {
    /// The run to be driven.
    pub(super) run: Option<RunId>,
    /// What there is to tell.
    pub(super) said: Option<Said>,
}

const NOTHING: Begin = Begin { run: None, said: None };

/// How long a run that a limit without a known end keeps from beginning waits for another look, in milliseconds.
const LIMIT_MS: u64 = 20_000;

/// A run that is to be begun, and its row afterwards.
struct Wanted<'a> {
    workflow: &'a Workflow,
    inputs: BTreeMap<String, Value>,
    trigger: Trigger,
    row: DueRow,
    then: DueRow,
    /// Whether it waits for the end of its own workflow's run, where one is under way.
    in_turn: bool,
}

pub(super) async fn begin(
    installation: &Installation,
    current: &Current,
    row: DueRow,
    now: Timestamp,
) -> Result<Begin, ServeError> {
    let found = current.active.set.workflows.get(&row.workflow);
    // WHY: a row of a workflow that is current no more goes with the next arrangement, and must not be looked at till then.
    let Some(workflow) = found else { return go_on((installation, current), &row, never(&row)).await };
    match row.kind {
        DueKind::Schedule => scheduled(installation, current, workflow, row, now).await,
        DueKind::Expiry => renewed(installation, current, workflow, row, now).await,
    }
}

async fn scheduled(
    installation: &Installation,
    current: &Current,
    workflow: &Workflow,
    row: DueRow,
    now: Timestamp,
) -> Result<Begin, ServeError> {
    let Some(schedule) = &workflow.triggers.schedule else {
        return go_on((installation, current), &row, never(&row)).await;
    };
    match look(schedule, &row, now) {
        Look::Later(later) => go_on((installation, current), &row, later).await,
        Look::Over(over) => go_on((installation, current), &row, over).await,
        Look::Skip(then) => {
            let trigger = trigger_of(row.instant.unwrap_or(now));
            let why = ("schedule.skipped", "nobody looked when it was due, and the workflow says `catch_up: skip`");
            not_begun((installation, current), (&row, then), trigger, why, now).await
        }
        Look::Start { instant, then } => {
            let persons = installation.persons(workflow, &BTreeMap::new());
            let inputs = defaults(workflow, &persons).map_err(|source| no_subject(workflow, source))?;
            let in_turn = schedule.catch_up == CatchUp::All;
            let wanted = Wanted { workflow, inputs, trigger: trigger_of(instant), row, then, in_turn };
            start(installation, current, wanted, now).await
        }
    }
}

async fn renewed(
    installation: &Installation,
    current: &Current,
    workflow: &Workflow,
    row: DueRow,
    now: Timestamp,
) -> Result<Begin, ServeError> {
    let persons = installation.persons(workflow, &BTreeMap::new());
    let renewal = Renewal::of(&installation.store, workflow, &persons, now).await?;
    // A version that comes into use, or a run that ends, has the row looked at again.
    let Some(renewal) = renewal else { return go_on((installation, current), &row, never(&row)).await };
    match renewal.due {
        Due::UnderWay(_) => go_on((installation, current), &row, never(&row)).await,
        Due::NotYet { at, .. } => {
            go_on((installation, current), &row, DueRow { at: Some(at), tried: 0, parked: None, ..row.clone() }).await
        }
        Due::Now => {
            let then = never(&row);
            let wanted =
                Wanted { workflow, inputs: renewal.inputs, trigger: renewal.trigger, row, then, in_turn: false };
            start(installation, current, wanted, now).await
        }
    }
}

async fn start(
    installation: &Installation,
    current: &Current,
    wanted: Wanted<'_>,
    now: Timestamp,
) -> Result<Begin, ServeError> {
    let Wanted { workflow, inputs, trigger, row, then, in_turn } = wanted;
    let request = Request {
        workflow,
        activation: current.active.entry.clone(),
        inputs,
        persons: installation.persons(workflow, &BTreeMap::new()),
        trigger: trigger.clone(),
        named: None,
        given: None,
    };
    failpoint::hit("serve.before_begin");
    // CRASH: the run first, its row after it: whoever comes here again finds the run by its key, and begins no second one.
    match current.runner.begin(request).await {
        Ok(Begun::Started(run) | Begun::Known(run)) => {
            failpoint::hit("serve.before_row");
            move_row((installation, current), row, then).await?;
            Ok(Begin { run: Some(run), said: None })
        }
        Ok(Begun::Coalesced(holder)) => {
            let held_by = installation.store.run(&holder).await?;
            if in_turn && held_by.is_some_and(|held| held.workflow == row.workflow) {
                // Each instant has a run, one after the other: this one's begins when that one has ended.
                return go_on((installation, current), &row, never(&row)).await;
            }
            let message = format!("run {holder} holds what it would need");
            // A renewal is not over: it is looked at again in a while.
            let then = if trigger.kind == TriggerKind::Expiry { again(&row, &then, now).0 } else { then };
            not_begun((installation, current), (&row, then), trigger, ("run.held", &message), now).await
        }
        Err(BeginError::Journal(JournalError::Braked { brake, on, until })) => {
            braked((installation, current), row, trigger, Held { brake, on, until }, now).await
        }
        Err(error) if LEDGER_GONE.contains(&error.code()) => Err(lost(error)),
        Err(error) => {
            let (next, _) = again(&row, &then, now);
            // WHY: what is there may change by itself where it could not be read; a plan that does not fit waits for a person.
            let is_passing = matches!(error, BeginError::Inventory(_)) || trigger.kind == TriggerKind::Expiry;
            let then = if is_passing { next } else { then };
            not_begun((installation, current), (&row, then), trigger, (error.code(), &with_causes(&error)), now).await
        }
    }
}

/// A brake or a limit keeps the run from beginning: the row waits, and what it is about is told once.
async fn braked(
    (installation, current): Ground<'_>,
    row: DueRow,
    trigger: Trigger,
    held: Held,
    now: Timestamp,
) -> Result<Begin, ServeError> {
    // What a person has to lift wakes the row then.
    let at = held.may_pass().then(|| held.until.unwrap_or_else(|| now.plus_millis(LIMIT_MS)));
    let then = DueRow { at, tried: row.tried + 1, parked: row.parked.or(row.at), ..row.clone() };
    let begin = if row.tried > 0 {
        go_on((installation, current), &row, then.clone()).await?
    } else {
        let message = format!("{} on {}", held.brake.in_words(), held.on);
        not_begun((installation, current), (&row, then.clone()), trigger, (held.brake.code(), &message), now).await?
    };
    // WHY: whoever lifted the brake before the row was parked has woken nothing; whoever lifts it after this look wakes the row.
    let is_on = |brake: &StoredBrake| brake.scope.to_string() == held.on;
    if then.at.is_none() && !installation.store.brakes(installation.clock.now()).await?.iter().any(is_on) {
        let woken = DueRow { at: then.parked, parked: None, ..then.clone() };
        go_on((installation, current), &then, woken).await?;
    }
    Ok(begin)
}

/// What a row is looked at with.
type Ground<'a> = (&'a Installation, &'a Current);

/// The row goes on, with the next notice of it.
async fn move_row((installation, current): Ground<'_>, row: DueRow, to: DueRow) -> Result<(), ServeError> {
    let workflow = current.active.set.workflows.get(&row.workflow);
    let notices = workflow.and_then(|workflow| workflow.notices.as_ref());
    let to = DueRow { notice_at: next_notice(notices, to.at, installation.clock.now()), ..to };
    Ok(installation.ledger.move_due(row, to).await?)
}

/// The row goes on, and nothing is told.
async fn go_on(ground: Ground<'_>, row: &DueRow, to: DueRow) -> Result<Begin, ServeError> {
    move_row(ground, row.clone(), to).await?;
    Ok(NOTHING)
}

/// The row goes on, after an entry that says why no run was begun.
// CRASH: the entry first: a row that went on without it would be a trigger of which nobody knows what became.
async fn not_begun(
    (installation, current): Ground<'_>,
    (row, then): (&DueRow, DueRow),
    trigger: Trigger,
    (code, message): (&str, &str),
    now: Timestamp,
) -> Result<Begin, ServeError> {
    let body = NotDueBody {
        workflow: row.workflow.clone(),
        subject: row.subject.clone(),
        trigger,
        code: code.to_owned(),
        due_at: then.at,
    };
    installation.ledger.append_not_due(&body, now).await?;
    let said = Said::NotBegun {
        workflow: row.workflow.clone(),
        code: code.to_owned(),
        message: message.to_owned(),
        again: then.at,
    };
    move_row((installation, current), row.clone(), then).await?;
    Ok(Begin { run: None, said: Some(said) })
}

/// The row where nothing of it happens until something else does.
fn never(row: &DueRow) -> DueRow {
    DueRow { at: None, tried: 0, parked: None, ..row.clone() }
}

fn no_subject(workflow: &Workflow, source: countersign_kernel::plan::PlanError) -> ServeError {
    ServeError::NoSubject { workflow: workflow.metadata.name.clone(), source }
}

fn lost(error: BeginError) -> ServeError {
    match error {
        BeginError::Journal(source) => ServeError::Journal(source),
        other => ServeError::Journal(JournalError::Unavailable { reason: with_causes(&other) }),
    }
}
