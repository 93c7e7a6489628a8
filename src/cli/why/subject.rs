//! One subject: its last run, what is due next and by which rule, and what would hold it now.

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_kernel::plan;
use countersign_kernel::run::bodies::{ClosedBody, NotDueBody, TriggerKind};
use countersign_kernel::schedule::{CatchUp, Schedule};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{EntryId, Kind, ResourceName, RunId, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::cli::Stop;
use crate::cli::house::House;
use crate::cli::plan::dry;
use crate::cli::screen::Screen;
use crate::cli::spans::{away, instant, secs_between, span};
use crate::cli::standing::{Standing, Standings};
use crate::cli::status::nothing;
use crate::cli::stop::DONE;
use crate::cli::tell::seconds;
use crate::scheduler::{Due, Renewal};
use crate::store::{DueKind, RunState};

/// How the last run stands, and why.
#[derive(Serialize)]
struct Last {
    run: RunId,
    workflow: String,
    state: &'static str,
    outcome: Option<&'static str>,
    message: Option<String>,
    at: Timestamp,
}

/// One trigger of one workflow, and the rule that it follows.
#[derive(Serialize)]
struct Rule {
    workflow: String,
    /// `schedule`, `expiry`, `event` or `request`.
    trigger: &'static str,
    /// When its run is due; null of one that the clock does not start.
    at: Option<Timestamp>,
    /// Why then.
    message: String,
}

/// What would hold a run that began now.
#[derive(Serialize)]
struct Hindrance {
    /// `stuck`, `held` and so on, as `status` says them; `window`, `plan`, `policy`, `sink`, `set`, `nothing_for_it`.
    kind: String,
    message: String,
    next: Option<String>,
}

/// The last trigger that had nothing to do, where nothing has run since.
#[derive(Serialize)]
struct NotDue {
    entry: EntryId,
    at: Timestamp,
    code: String,
    workflow: String,
    #[serde(skip)]
    came_to: &'static str,
}

/// Explains one subject.
pub(super) async fn explain(
    house: &House,
    (path, subject): (PathBuf, &ResourceName),
    no_look: bool,
    screen: &Screen,
) -> Result<u8, Stop> {
    let standing = Standings::gather(house).await?.of(subject).await?;
    let last = last(house, subject).await?;
    if last.is_none() && standing.workflows.is_empty() && standing.current.is_none() {
        return Err(nothing(house, subject.as_str()).await);
    }
    let not_due = not_due(house, subject).await?;
    let mut rules = Vec::new();
    for name in &standing.workflows {
        if let Some(workflow) = house.workflow(name) {
            rules.extend(rules_of(house, workflow).await?);
        }
    }
    rules.sort_by_key(|rule| rule.at.unwrap_or(Timestamp::from_micros(i64::MAX)));
    let mut holding = hindrances(house, &standing);
    if !no_look {
        holding.extend(planned(house, path, &standing, screen).await?);
    }
    screen.document(&json!({
        "subject": subject,
        "last": last,
        "not_due": not_due,
        "due": standing.due,
        "rules": rules,
        "window": standing.window,
        "holding": holding,
        "looked": !no_look,
    }));
    screen.say(subject.as_str());
    let line = |first: &str, text: &str| screen.say_wrapped(&format!("  {first:<9} "), text);
    match &last {
        Some(last) => tell_last(house, last, &line),
        None => line("last run", "none"),
    }
    if let Some(not_due) = &not_due {
        let at = away(house.now, not_due.at);
        line(
            "since",
            &format!(
                "a trigger of {} {} ({}), {at}: entry {}",
                not_due.workflow, not_due.came_to, not_due.code, not_due.entry
            ),
        );
    }
    match &standing.due {
        Some(due) => line(
            "next due",
            &format!("{}, by {} of {}", instant(house.now, due.at, &due.local), due.trigger.as_str(), due.workflow),
        ),
        None => line("next due", "nothing by the clock"),
    }
    for rule in &rules {
        line("rule", &format!("{}: {}", rule.workflow, rule.message));
    }
    if holding.is_empty() {
        let looked = if no_look { ", as far as is known without a look at its target" } else { "" };
        line("held by", &format!("nothing: a run that begins now goes its way{looked}"));
    }
    for one in &holding {
        line("held by", &format!("{}: {}", one.kind.replace('_', " "), one.message));
        if let Some(next) = &one.next {
            line("", &format!("next: {next}"));
        }
    }
    Ok(DONE)
}

fn tell_last(house: &House, last: &Last, line: &impl Fn(&str, &str)) {
    let how = last.outcome.unwrap_or(last.state);
    line("last run", &format!("{} of {}: {how}, {}", last.run, last.workflow, away(house.now, last.at)));
    if let Some(message) = &last.message {
        line("", message);
    }
    line("", &format!("`countersign why {}` says why", last.run));
}

async fn last(house: &House, subject: &ResourceName) -> Result<Option<Last>, Stop> {
    let store = &house.reading.store;
    let Some(run) = store.runs_of_subject(subject, 1).await?.into_iter().next() else { return Ok(None) };
    let closed = store.entries_of_kind(&run.id, Kind::Closed).await?;
    let message =
        closed.last().map(countersign_warrant::Stamped::decode::<ClosedBody>).transpose()?.map(|body| body.message);
    let (outcome, at) = match run.state {
        RunState::Closed { outcome, at } => (Some(outcome.as_str()), at),
        _ => (None, run.started_at),
    };
    Ok(Some(Last { state: run.state.as_str(), run: run.id, workflow: run.workflow, outcome, message, at }))
}

async fn not_due(house: &House, subject: &ResourceName) -> Result<Option<NotDue>, Stop> {
    let entries = house.reading.store.entries_of_subject(subject).await?;
    let Some(entry) = entries.last().filter(|entry| entry.kind == Kind::NotDue) else { return Ok(None) };
    let body: NotDueBody = entry.decode()?;
    let came_to = body.came_to();
    Ok(Some(NotDue { entry: entry.id.clone(), at: entry.at, code: body.code, workflow: body.workflow, came_to }))
}

async fn rules_of(house: &House, workflow: &Workflow) -> Result<Vec<Rule>, Stop> {
    let mut rules = Vec::new();
    let mut rule = |trigger, at, message| {
        rules.push(Rule { workflow: workflow.metadata.name.clone(), trigger, at, message });
    };
    if let (Some(schedule), Some(subject)) = (&workflow.triggers.schedule, house.subject_of(workflow)) {
        let rows = house.reading.store.due_of(&workflow.metadata.name).await?;
        let row = rows.into_iter().find(|row| row.kind == DueKind::Schedule);
        let (instant, at) = if let Some(row) = &row {
            (row.instant, row.parked.or(row.at))
        } else {
            let next = schedule.next_after(house.now);
            (next, next.map(|next| schedule.due(subject.as_str(), next)))
        };
        rule("schedule", at, scheduled(house, schedule, (instant, at)));
    }
    if workflow.triggers.expiry.is_some() {
        let (at, message) = renewed(house, workflow).await?;
        rule("expiry", at, message);
    }
    if !workflow.triggers.events.is_empty() {
        rule("event", None, format!("whenever somebody reports {}", workflow.triggers.events.join(", ")));
    }
    if workflow.triggers.request.is_some() {
        rule("request", None, "whenever somebody asks for it".to_owned());
    }
    Ok(rules)
}

fn scheduled(house: &House, schedule: &Schedule, (instant, at): (Option<Timestamp>, Option<Timestamp>)) -> String {
    let rule = format!("schedule `{}` of {}", schedule.cron.as_str(), schedule.zone_name);
    let catch_up = match schedule.catch_up {
        CatchUp::Once => "one run stands for instants that are missed",
        CatchUp::Skip => "instants that are missed are left out",
        CatchUp::All => "each instant that is missed runs later",
    };
    let (Some(instant), Some(at)) = (instant, at) else {
        return format!("{rule}: no instant is to come, or a run of its own is under way; {catch_up}");
    };
    let part = secs_between(instant, at);
    let jitter = match schedule.jitter_ms {
        // WHY: what was moved, by a limit or after a failure, is no part of the jitter any more.
        ms if ms == 0 || part > ms / 1000 => String::new(),
        ms => format!(", and {} of its jitter of {}", span(part), span(ms / 1000)),
    };
    let overdue = if at < house.now { format!(", {}", away(house.now, at)) } else { String::new() };
    format!("{rule}: its instant {}{jitter}{overdue}; {catch_up}", schedule.civil(instant))
}

async fn renewed(house: &House, workflow: &Workflow) -> Result<(Option<Timestamp>, String), Stop> {
    let Some(expiry) = workflow.triggers.expiry else { return Ok((None, String::new())) };
    let part = format!("{}/{}", expiry.numerator, expiry.denominator);
    let persons = house.reading.persons(workflow, &BTreeMap::new())?;
    let Ok(Some(renewal)) = Renewal::of(&house.reading.store, workflow, &persons, house.now).await else {
        return Ok((None, format!("expiry at {part} of a lifetime: no version with an end is in use")));
    };
    let lifetime = span(secs_between(renewal.since, renewal.expires_at));
    let rule = format!(
        "expiry at {part} of the {lifetime} that {} was given, from {} to {}",
        renewal.version,
        seconds(&renewal.since.to_string()),
        seconds(&renewal.expires_at.to_string())
    );
    Ok(match renewal.due {
        Due::Now => (Some(renewal.falls_due), format!("{rule}: due {}", away(house.now, renewal.falls_due))),
        Due::NotYet { code: "expiry.backing_off", at } => {
            (Some(at), format!("{rule}: due, and tried again {} after a run that was not done", away(house.now, at)))
        }
        Due::NotYet { at, .. } => (Some(at), rule),
        Due::UnderWay(run) => (None, format!("{rule}: run {run} is under way for it")),
    })
}

/// What rows and the clock say; nothing is looked at.
fn hindrances(house: &House, standing: &Standing) -> Vec<Hindrance> {
    let word = |kind: &crate::cli::standing::Block| json!(kind.kind).as_str().map(str::to_owned).unwrap_or_default();
    let mut found: Vec<Hindrance> = standing
        .blocked
        .iter()
        .map(|block| Hindrance { kind: word(block), message: block.message.clone(), next: block.next.clone() })
        .collect();
    if let Err(stop) = &house.active {
        let message = format!("{} [{}]", stop.message, stop.code);
        found.push(Hindrance { kind: "set".to_owned(), message, next: stop.help.clone() });
    } else if standing.workflows.is_empty() {
        let message = "no activated workflow is for it".to_owned();
        found.push(Hindrance { kind: "nothing_for_it".to_owned(), message, next: None });
    }
    if let Some(window) = standing.window.as_ref().filter(|window| !window.is_open) {
        let message = format!(
            "shut; a run that begins now asks policy, and waits until {} to change anything",
            instant(house.now, window.opens_at, &window.opens_local)
        );
        found.push(Hindrance { kind: "window".to_owned(), message, next: None });
    }
    found
}

/// What planning its next run says: that it cannot be planned, that policy denies it, or that a sink of it is held.
async fn planned(house: &House, path: PathBuf, standing: &Standing, screen: &Screen) -> Result<Vec<Hindrance>, Stop> {
    let due = standing.due.as_ref();
    let name = due.map(|due| &due.workflow).or(standing.workflows.first());
    let Some((name, workflow)) = name.and_then(|name| Some((name, house.workflow(name)?))) else {
        return Ok(Vec::new());
    };
    if house.subject_of(workflow).as_ref() != Some(&standing.subject) {
        return Ok(Vec::new());
    }
    let trigger = match due.map(|due| due.trigger) {
        Some(DueKind::Schedule) => TriggerKind::Schedule,
        Some(DueKind::Expiry) => TriggerKind::Expiry,
        None => plan::trigger_of(workflow),
    };
    let next = Some(format!("`countersign plan {name}` shows all of it"));
    let dry = match dry(path, (name, Some(trigger)), screen).await {
        Ok(dry) => dry,
        Err(stop) => {
            let message = format!("{name} cannot be planned now [{}]: {}", stop.code, stop.message);
            let next = stop.help.or(next);
            return Ok(vec![Hindrance { kind: "plan".to_owned(), message, next }]);
        }
    };
    let mut found = Vec::new();
    for (act, words) in &dry.denials {
        let message = format!("{name} would be denied at {act}: {words}");
        found.push(Hindrance { kind: "policy".to_owned(), message, next: next.clone() });
    }
    for resource in dry.plan.resources.iter().filter(|resource| **resource != standing.subject) {
        if let Some(run) = house.reading.store.holder(resource).await? {
            let message = format!("{resource}, which it delivers to, is held by run {run}");
            let next = Some(format!("`countersign why {run}` says until when"));
            found.push(Hindrance { kind: "sink".to_owned(), message, next });
        }
    }
    Ok(found)
}
