//! One run: why it began, what decided each turn that it took, and what comes next.

use std::sync::Arc;

use countersign_kernel::evidence::story::{reason_of, why};
use countersign_kernel::plan::Plan;
use countersign_kernel::run::bodies::{
    BrakeKind, FactBody, PersonAnswer, ProbeBody, SkippedBody, StartedBody, Wait, WaitBody,
};
use countersign_kernel::run::{Run, State};
use countersign_warrant::{
    DecisionBody, DecodeEntryError, EntryId, IntentBody, Kind, Moment, Outcome, ReceiptBody, ResourceName, RunId,
    Stamped, Timestamp, Verdict,
};
use serde::Serialize;
use serde_json::json;

use crate::cli::Stop;
use crate::cli::house::House;
use crate::cli::names::Names;
use crate::cli::plan::in_words;
use crate::cli::reasons::Reasons;
use crate::cli::screen::Screen;
use crate::cli::spans::{glued, instant, local};
use crate::cli::standing::Braked;
use crate::cli::status::nothing;
use crate::cli::stop::DONE;
use crate::cli::tell::text;
use crate::store::{RunState, StoredRun};

/// One reason, and the entry that holds it.
#[derive(Debug, Serialize)]
struct Because {
    entry: EntryId,
    at: Timestamp,
    /// `policy`, `window`, `wait`, `person`, `drift`, `retry`, `timeout`, `target`, `probe`, `skipped`, `each`, `notice`, `end`.
    about: &'static str,
    message: String,
}

/// What comes next.
#[derive(Debug, Serialize)]
struct Next {
    message: String,
    /// When, where it is an instant that is waited for.
    at: Option<Timestamp>,
    /// The answers that a person can give now.
    answers: Vec<PersonAnswer>,
}

/// Explains one run.
pub(super) async fn explain(house: &House, id: &RunId, screen: &Screen) -> Result<u8, Stop> {
    let store = &house.reading.store;
    let Some(stored) = store.run(id).await? else { return Err(nothing(house, id.as_str()).await) };
    let entries = store.entries_of_run(id).await?;
    let began: Option<StartedBody> = entries.first().map(Stamped::decode).transpose()?;
    let reasons = Reasons::load(store, &entries).await?;
    let because = because(&entries, &reasons)?;
    let folded = fold(house, &stored, &entries).await?;
    let mut next = next(house, &stored, folded.as_ref());
    let resources = began.as_ref().map(|began| began.resources.clone()).unwrap_or_default();
    let trigger = began.as_ref().map(|began| began.trigger.clone());
    if outcome(&stored).is_none() {
        for one in Braked::load(store, house.now).await? {
            // WHY: what was under way before its subject was quarantined goes on.
            let goes_on = one.brake.brake == BrakeKind::Quarantined;
            if !goes_on && resources.iter().any(|resource| one.brake.meets(resource, &stored.subject)) {
                let words = one.in_words(house.now);
                next.message = format!("{words}; {} lifts it; then: {}", one.lift(), next.message);
            }
        }
    }
    screen.document(&json!({
        "run": id,
        "workflow": stored.workflow,
        "subject": stored.subject,
        "plan": stored.plan,
        "state": stored.state.as_str(),
        "outcome": outcome(&stored),
        "started_at": stored.started_at,
        "trigger": trigger,
        "resources": resources,
        "reasons": because,
        "next": next,
    }));
    let names = Names::load(store).await?;
    let line = |first: &str, text: &str| screen.say_wrapped(&format!("  {first:<8} "), &names.spelt(text));
    screen.say_wrapped(&format!("run {id}: "), &format!("{} on {}", stored.workflow, stored.subject));
    line("began", &instant(house.now, stored.started_at, &local(stored.started_at)));
    if let Some(trigger) = &trigger {
        line("because", &why(trigger));
    }
    line("holds", &held(&stored, &resources));
    if !because.is_empty() {
        screen.say("");
        screen.say_wrapped("", "what made it what it is, by the numbers of its entries");
    }
    for one in &because {
        let number = one.entry.number().unwrap_or_default();
        screen.say_wrapped(&format!("  {:>4}  {:<8} ", format!("/{number}"), one.about), &names.spelt(&one.message));
    }
    screen.say("");
    line("stands", outcome(&stored).unwrap_or(stored.state.as_str()));
    line("next", &next.message);
    Ok(DONE)
}

fn outcome(run: &StoredRun) -> Option<&'static str> {
    match run.state {
        RunState::Closed { outcome, .. } => Some(outcome.as_str()),
        _ => None,
    }
}

fn held(run: &StoredRun, resources: &[ResourceName]) -> String {
    let all: Vec<&str> = resources.iter().map(ResourceName::as_str).collect();
    let until = if outcome(run).is_some() { "let go of at its end" } else { "until it is closed" };
    format!("{}; {until}", all.join(", "))
}

/// The run as its entries tell it; `None` where its plan is not at hand.
async fn fold(house: &House, stored: &StoredRun, entries: &[Stamped]) -> Result<Option<Run>, Stop> {
    let bytes = house.reading.store.blob(&stored.plan).await?;
    let Some(plan) = bytes.and_then(|bytes| Plan::from_bytes(bytes.bytes()).ok()) else { return Ok(None) };
    Run::fold(entries, Arc::new(plan)).map_err(|error| Stop::of("store.corrupt", &error))
}

/// The entries that turned the run, in order. What policy allows at one step by the same policies is one reason.
fn because(entries: &[Stamped], reasons: &Reasons) -> Result<Vec<Because>, DecodeEntryError> {
    let mut found: Vec<Because> = Vec::new();
    let mut allowed: Option<(Vec<String>, usize)> = None;
    for entry in entries {
        let Some(about) = about(entry)? else { continue };
        let mut push = |message: String| {
            found.push(Because { entry: entry.id.clone(), at: entry.at, about, message });
        };
        if entry.kind == Kind::Decision {
            let DecisionBody { step, decision, .. } = entry.decode()?;
            if decision.verdict == Verdict::Allow && decision.shadow.is_none() {
                match &allowed {
                    Some((policies, at)) if *policies == decision.policies => {
                        if let Some(one) = found.get_mut(*at) {
                            one.message = one.message.replacen(" by ", &format!(", {step} by "), 1);
                        }
                    }
                    _ => {
                        push(format!("allow {step} by {}", decision.policies.join(", ")));
                        allowed = Some((decision.policies, found.len() - 1));
                    }
                }
                continue;
            }
        }
        allowed = None;
        let words = match entry.kind {
            Kind::Skipped => {
                let body: SkippedBody = entry.decode()?;
                Some(format!("{} did not run ({})", body.step, body.code))
            }
            Kind::Intent => {
                let body: IntentBody = entry.decode()?;
                let call = &body.intent.call;
                Some(format!("{} {}, attempt {}", call.verb, call.resource, body.intent.attempt))
            }
            _ => text(entry),
        };
        if let Some(words) = words {
            push(format!("{words}{}", reasons.told(reason_of(entry).as_ref())));
        }
    }
    Ok(found)
}

/// What an entry that turned the run is about; `None` of one that only goes as planned.
fn about(entry: &Stamped) -> Result<Option<&'static str>, DecodeEntryError> {
    Ok(match entry.kind {
        Kind::Decision => {
            let DecisionBody { moment, decision, .. } = entry.decode()?;
            let is_told = decision.verdict == Verdict::Deny || moment == Moment::Policy || decision.shadow.is_some();
            is_told.then_some("policy")
        }
        Kind::Intent => (entry.decode::<IntentBody>()?.intent.attempt > 1).then_some("retry"),
        Kind::Receipt => (!matches!(entry.decode::<ReceiptBody>()?.outcome, Outcome::Done(_))).then_some("target"),
        Kind::Finding => Some("target"),
        Kind::Probe => (!entry.decode::<ProbeBody>()?.holds).then_some("probe"),
        Kind::Fact => {
            let body: FactBody = entry.decode()?;
            match (body.about.as_str(), body.holds) {
                ("window", _) => Some("window"),
                ("each", _) => Some("each"),
                ("timeout", _) => Some("timeout"),
                ("notice", _) => Some("notice"),
                (_, true) => None,
                ("certificate", false) => Some("target"),
                (_, false) => Some("drift"),
            }
        }
        Kind::Wait => match entry.decode::<WaitBody>()?.wait {
            Wait::Over => None,
            Wait::Until { .. } => Some("wait"),
            Wait::Person { .. } | Wait::Answered { .. } => Some("person"),
        },
        Kind::Skipped => Some("skipped"),
        Kind::Closed => Some("end"),
        _ => None,
    })
}

fn next(house: &House, stored: &StoredRun, run: Option<&Run>) -> Next {
    let at_move = run.and_then(Run::current).map(in_words);
    let then = at_move.map(|words| format!(": {words}")).unwrap_or_default();
    let plain = |message: String| Next { message, at: None, answers: Vec::new() };
    match (stored.state, run.map(|run| &run.state)) {
        (RunState::Closed { .. }, _) => {
            plain(format!("nothing: it is over; `countersign why {}` says what is due", stored.subject))
        }
        (RunState::Stuck, _) => waits_for_a_person(stored, run),
        (RunState::Waiting { until }, _) => {
            let message =
                format!("it goes on at {}{then}; {}", instant(house.now, until, &local(until)), driver(house, stored));
            Next { message, at: Some(until), answers: Vec::new() }
        }
        (RunState::Running, Some(State::Open(intent))) => {
            let (verb, resource) = (&intent.call.verb, &intent.call.resource);
            plain(format!(
                "{verb} {resource} has no answer yet: the target is looked at, and says it; {}",
                driver(house, stored)
            ))
        }
        (RunState::Running, Some(State::Undoing(failure))) => {
            plain(format!("what was done is taken back, as {}; {}", failure.message, driver(house, stored)))
        }
        (RunState::Running, state) => {
            let windows = run.and_then(Run::windows).filter(|windows| !windows.is_open(house.now));
            let shut = windows
                .and_then(|windows| windows.opens_at(house.now))
                .map(|opens| format!("; its windows are shut until {}", instant(house.now, opens, &local(opens))));
            let deadline = run.and_then(Run::deadline).map(|at| format!("; it has until {}", glued(&local(at))));
            let what = if matches!(state, Some(State::Ending(_))) { ": it ends".to_owned() } else { then };
            let more = shut.unwrap_or_default() + &deadline.unwrap_or_default();
            plain(format!("it goes on{what}{more}; {}", driver(house, stored)))
        }
    }
}

fn waits_for_a_person(stored: &StoredRun, run: Option<&Run>) -> Next {
    let all = [PersonAnswer::Resume, PersonAnswer::Undo, PersonAnswer::Abandon];
    let taken = all.into_iter().filter(|answer| run.is_none_or(|run| run.refusal(*answer).is_none()));
    let answers: Vec<PersonAnswer> = taken.collect();
    let command = |answer: &PersonAnswer| {
        let reason = if *answer == PersonAnswer::Abandon { " --reason TEXT" } else { "" };
        format!("`countersign {} {}{reason}`", answer.as_str(), stored.id)
    };
    let commands: Vec<String> = answers.iter().map(command).collect();
    let runbook = run.and_then(|run| run.plan.workflow.runbook.clone());
    let runbook = runbook.map(|line| format!("; runbook: {line}")).unwrap_or_default();
    Next { message: format!("a person answers: {}{runbook}", commands.join(", or ")), at: None, answers }
}

/// Who carries it on.
fn driver(house: &House, stored: &StoredRun) -> String {
    let is_driven = stored.lease.as_ref().is_some_and(|lease| lease.until > house.now);
    if house.served {
        return "the process that serves the folder carries it on".to_owned();
    }
    if is_driven {
        return "a command is driving it".to_owned();
    }
    format!("nobody drives it: `countersign serve`, or `countersign run {}`, carries it on", stored.workflow)
}
