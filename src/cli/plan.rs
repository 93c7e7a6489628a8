//! `countersign plan`: every call, verdict and undo of a run, before anything runs.

mod compare;
mod ground;
mod starts;

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_contract::ProbeAnswer;
use countersign_kernel::plan::{self, Act, Asking, Does, LeftOut, Move, Plan, Recipe, Retrying, Telling, Then};
use countersign_kernel::policy;
use countersign_kernel::run::bodies::TriggerKind;
use countersign_warrant::{Decision, Verdict};
use ground::Ground;
use serde_json::json;

use super::Stop;
use super::arguments::Plan as Asked;
use super::policy::shadow_words;
use super::screen::{Screen, called};
use super::stop::{DENIED, DONE};
use super::typed::{folder_flag, quoted};
use crate::clock::{Clock as _, SystemClock};
use crate::serve::reported;

/// What policy says of one act today: beside the plan, outside its digest.
struct Judged {
    id: String,
    decision: Option<Decision>,
}

/// Plans without changing, writing or opening anything.
pub(super) async fn plan(data: Option<PathBuf>, asked: &Asked, screen: &Screen) -> Result<u8, Stop> {
    let ground = Ground::of(data, asked, screen).await?;
    let workflow = ground.workflow(&asked.workflow)?;
    let given: BTreeMap<String, String> = asked.inputs.iter().cloned().collect();
    let trigger = match &asked.event {
        _ if asked.emergency => TriggerKind::Emergency,
        Some(event) => reported(event, workflow)?,
        None => plan::trigger_of(workflow),
    };
    let earlier = match &asked.diff {
        Some(named) => Some(compare::Earlier::load(&ground, &asked.workflow, named).await?),
        None => None,
    };
    let (plan, person) = ground.plan(workflow, trigger, &given).await?;
    let is_asked = matches!(plan.trigger, TriggerKind::Request | TriggerKind::Emergency) || asked.event.is_some();
    let judged = judge(&plan, &ground, is_asked.then_some(person.as_str()));
    let starts = starts::Starts::of(workflow, &plan);
    let digest = plan.digest().map_err(|error| Stop::of("plan.not_canonical", &error))?;
    let denied = judged.iter().any(|one| one.decision.as_ref().is_none_or(|made| made.verdict == Verdict::Deny));
    let verdicts: Vec<_> = judged
        .iter()
        .map(|one| match &one.decision {
            Some(made) => {
                let mut told = json!({"act": one.id, "verdict": made.verdict, "policies": made.policies});
                if let Some(other) = &made.shadow {
                    told["shadow"] = json!(other);
                }
                told
            }
            None => json!({"act": one.id, "verdict": Verdict::Deny, "policies": []}),
        })
        .collect();
    let mut document = json!({"digest": digest, "plan": plan, "starts": starts, "verdicts": verdicts});
    document["assumed"] = json!(ground.is_assumed());
    if let Some(earlier) = &earlier {
        let found = earlier.compared(&plan, &judged);
        document["differences"] = json!(found);
        earlier.tell(&found, screen);
    } else {
        tell(screen, &plan, &starts, &judged);
    }
    screen.document(&document);
    screen.say(format!("\ndigest {digest}"));
    let code = if denied { DENIED } else { DONE };
    if ground.is_assumed() {
        screen.say_wrapped("nothing was looked at: ", "the subject is taken to be as the workflow needs it");
    }
    let Some(path) = ground.folder.filter(|_| is_asked) else { return Ok(code) };
    let mut command = format!("{} run {}", called(), quoted(&plan.workflow.name));
    for (name, value) in &asked.inputs {
        command.push_str(" --input ");
        command.push_str(&quoted(&format!("{name}={value}")));
    }
    if asked.emergency {
        command.push_str(" --emergency");
    }
    if let Some(event) = &asked.event {
        command.push_str(" --event ");
        command.push_str(&quoted(event));
    }
    screen.say(format!("run exactly this:\n  {command} --plan {digest}{}", folder_flag(&path)));
    Ok(code)
}

/// What a run would be now.
pub(super) struct Dry {
    pub(super) plan: Plan,
    /// Each act that policy denies, and why.
    pub(super) denials: Vec<(String, String)>,
}

/// Plans what the clock, or whoever asks, would start now, and writes nothing. Targets are looked at.
pub(super) async fn dry(
    data: PathBuf,
    (workflow, trigger): (&str, Option<TriggerKind>),
    screen: &Screen,
) -> Result<Dry, Stop> {
    let asked = Asked {
        emergency: false,
        workflow: workflow.to_owned(),
        inputs: Vec::new(),
        event: None,
        files: None,
        settings: None,
        diff: None,
    };
    let ground = Ground::of(Some(data), &asked, screen).await?;
    let found = ground.workflow(workflow)?;
    let kind = trigger.unwrap_or_else(|| plan::trigger_of(found));
    let (plan, person) = ground.plan(found, kind, &BTreeMap::new()).await?;
    let judged = judge(&plan, &ground, (kind == TriggerKind::Request).then_some(person.as_str()));
    let is_denied = |one: &&Judged| one.decision.as_ref().is_none_or(|made| made.verdict == Verdict::Deny);
    let denials = judged.iter().filter(is_denied).map(|one| (one.id.clone(), verdict_words(Some(one)))).collect();
    Ok(Dry { plan, denials })
}

fn judge(plan: &Plan, ground: &Ground, asked_by: Option<&str>) -> Vec<Judged> {
    let now = SystemClock.now();
    let asking = Asking { asked_by, started_at: now, now };
    let manifests = ground.catalog.manifests();
    let judge = |of: &Plan, prefix: &str| -> Vec<Judged> {
        let manifest = manifests.get(of.subject.resource.connector());
        let judge_one = |(planned, act): (&Move, &Act)| {
            let question = manifest.map(|found| plan::question(of, planned, act, asking, found));
            let decision = question.map(|question| policy::judge(&ground.set.policies, &question).decision);
            Judged { id: format!("{prefix}{}", planned.id), decision }
        };
        of.acts().map(judge_one).collect()
    };
    let of_each = plan.moves.iter().flat_map(|planned| match &planned.does {
        Does::Each { runs, .. } => runs.as_slice(),
        _ => &[],
    });
    let of_each = of_each.flat_map(|one| judge(one, &format!("{} ", one.subject.resource)));
    judge(plan, "").into_iter().chain(of_each).collect()
}

/// What is said of a move.
#[derive(PartialEq, Eq)]
struct Line {
    /// The number of the move in its plan, from 0.
    at: usize,
    /// What stands before the text, and before its first line only.
    first: String,
    text: String,
}

/// Subjects whose runs are alike but for the subject's name: every call, verdict and undo of one of them, for all.
struct Alike {
    shape: Vec<Line>,
    shown: Vec<Line>,
    subjects: Vec<String>,
}

/// The run of each subject whole; those that are alike are shown once.
fn tell_each(screen: &Screen, runs: &[Plan], left_out: &[LeftOut], judged: &[Judged]) {
    let mut groups: Vec<Alike> = Vec::new();
    for one in runs {
        let (subject, name) = (one.subject.resource.to_string(), one.subject.resource.name());
        let shown = lines(one, &format!("{subject} "), judged);
        let unnamed = |line: &Line| Line { text: line.text.replace(name, "\0"), first: line.first.clone(), ..*line };
        let shape: Vec<Line> = shown.iter().map(unnamed).collect();
        match groups.iter_mut().find(|alike| alike.shape == shape) {
            Some(alike) => alike.subjects.push(subject),
            None => groups.push(Alike { shape, shown, subjects: vec![subject] }),
        }
    }
    for alike in groups {
        let all = match alike.subjects.len() {
            1 => "       for  ".to_owned(),
            many => format!("       for each of {many}, as for the first  "),
        };
        screen.say_wrapped(&all, &alike.subjects.join(", "));
        for line in &alike.shown {
            screen.say_wrapped(&format!("       {}", line.first), &line.text);
        }
    }
    for left in left_out {
        screen.say_wrapped(&format!("       {}  ", left.subject), &format!("NOT planned: {}", left.message));
    }
}

fn tell(screen: &Screen, plan: &Plan, starts: &starts::Starts, judged: &[Judged]) {
    screen.say_wrapped(&format!("{}: ", plan.workflow.name), &plan.workflow.purpose);
    starts.tell(screen);
    if plan.subject.own {
        screen.say_wrapped(
            "  self    ",
            "Countersign itself works with this credential; the old one works until the new one has",
        );
    }
    let held: Vec<String> = plan.resources.iter().map(ToString::to_string).collect();
    screen.say_wrapped("  holds   ", &held.join(", "));
    for consumer in &plan.consumers {
        let then = match consumer.then {
            Then::Unchanged => "stays as it is",
            Then::Renewed => "gets the new one",
            Then::Ended => "is refused with it from then on",
        };
        screen.say_wrapped("  read by ", &format!("{}, which has {}: {then}", consumer.sink, consumer.version));
    }
    for (name, value) in &plan.inputs {
        screen.say(format!("  input   {name} = {}", plan::hole::as_text(value)));
    }
    screen.say("");
    for line in lines(plan, "", judged) {
        screen.say_wrapped(&line.first, &line.text);
        if let Some(Does::Each { runs, left_out, .. }) = plan.moves.get(line.at).map(|planned| &planned.does) {
            tell_each(screen, runs, left_out, judged);
        }
    }
    for (step, ms) in &plan.timeouts {
        screen.say_wrapped("  timeout  ", &format!("{step} fails when it takes longer than {}", duration(*ms)));
    }
    for skipped in &plan.skipped {
        let text = format!("{}, as this does not hold: {}", skipped.step, skipped.when);
        screen.say_wrapped("  skipped  ", &text);
    }
}

/// The moves of a plan, line by line; `prefix` stands before their ids among the judged.
fn lines(plan: &Plan, prefix: &str, judged: &[Judged]) -> Vec<Line> {
    let widest = plan.moves.iter().map(|planned| planned.id.as_str().len()).max().unwrap_or_default();
    let (mut pivoted, mut for_failure) = (false, false);
    let mut lines = Vec::new();
    for (at, planned) in plan.moves.iter().enumerate() {
        let mut say = |first: &str, text: String| lines.push(Line { at, first: first.to_owned(), text });
        let only = planned.on_failure.as_ref().map(|step| format!("only if {step} fails: ")).unwrap_or_default();
        let first = format!("{:>3}  {:<widest$}  ", at + 1, planned.id.as_str());
        say(&first, format!("{only}{}", in_words(planned)));
        let Does::Act(act) = &planned.does else { continue };
        let verdict = judged.iter().find(|one| one.id.strip_prefix(prefix) == Some(planned.id.as_str()));
        say("       policy    ", verdict_words(verdict));
        // What is for a failure begins anew: the failed step was taken back.
        if planned.on_failure.is_some() != for_failure {
            (pivoted, for_failure) = (false, planned.on_failure.is_some());
        }
        say("       undo      ", undo_words(act, pivoted));
        pivoted |= act.pivot;
        if let Some(retry) = act.retry {
            say("       retry     ", retry_words(retry));
        }
        if let Some(words) = &act.downtime {
            say("       downtime  ", words.clone());
        }
    }
    lines
}

/// What takes an act back, when it is done and a later move fails.
fn undo_words(act: &Act, pivoted: bool) -> String {
    match &act.undo {
        _ if act.pivot => "none from here on: this is the point of no return".to_owned(),
        _ if pivoted => "none: after the point of no return a failure needs a person".to_owned(),
        Some(undo) => format!("{} {}", undo.verb, undo.resource),
        None => "none: a failure from here on needs a person".to_owned(),
    }
}

fn retry_words(retry: Retrying) -> String {
    let times = if retry.times == 1 { "once more".to_owned() } else { format!("{} times more", retry.times) };
    let first = duration(retry.wait_ms);
    format!("{times} while it is throttled or cannot be done for a time, first after {first}, then after twice as long")
}

fn verdict_words(judged: Option<&Judged>) -> String {
    let made = judged.and_then(|one| one.decision.as_ref());
    let failed = made.and_then(policy::failed_evaluation);
    let words = match made {
        Some(made) if made.verdict == Verdict::Allow => format!("allow by {}", made.policies.join(", ")),
        Some(_) if failed.is_some() => format!("DENY: {}", failed.unwrap_or_default()),
        Some(made) if made.policies.is_empty() => "DENY: no policy permits it".to_owned(),
        Some(made) => format!("DENY by {}: {}", made.policies.join(", "), made.reasons.join("; ")),
        None => "DENY: an attribute is not of its type".to_owned(),
    };
    match made.and_then(|made| made.shadow.as_ref()) {
        Some(other) => format!("{words} (in shadow: {})", shadow_words(other)),
        None => words,
    }
}

/// A move, as a person says it.
pub(super) fn in_words(planned: &Move) -> String {
    match &planned.does {
        Does::Judge { covers, .. } => {
            let covered: Vec<&str> = covers.iter().map(countersign_warrant::StepId::as_str).collect();
            format!("judge {}", covered.join(", "))
        }
        Does::Check { .. } => "observe again; stop if anything has changed".to_owned(),
        Does::Seal { version, recipe: Recipe::Given } => format!("seal {version} as it is given, store it"),
        Does::Seal { version, .. } => format!("make {version}, seal it, store it"),
        Does::Act(act) => {
            let with: Vec<String> = act.call.materials.values().map(ToString::to_string).collect();
            let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
            format!("CALL {} {}{}{with}", act.call.verb, act.call.resource, which(planned, act))
        }
        Does::Examine(wanted) => {
            let names = wanted.common_name.clone().into_iter().chain(wanted.names.clone()).collect::<Vec<_>>();
            format!("judge the issued certificate: {}, at most {} s", names.join(", "), wanted.lifetime_secs)
        }
        Does::Probe { probe, expect, within_ms, .. } => {
            let answer = match expect {
                ProbeAnswer::Accepted => "accepted",
                ProbeAnswer::Refused => "refused by the target itself",
                ProbeAnswer::Unknown => "unknown",
            };
            let version = probe.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let within =
                if *within_ms == 0 { "at once".to_owned() } else { format!("within {}", duration(*within_ms)) };
            format!("ask {}{version}: must be {answer}, {within}", probe.name)
        }
        Does::Activate { version, previous, .. } => match previous {
            Some(old) => format!("{version} is current, {old} previous"),
            None => format!("{version} is current"),
        },
        Does::StepDown { version } => format!("{version} is current no more"),
        Does::Retire { version } => format!("{version} is retired"),
        Does::Window { windows } => format!("wait for the window {windows}"),
        Does::Each { runs, left_out, together, stop_after } => {
            let all = match runs.len() + left_out.len() {
                1 => "1 subject".to_owned(),
                all => format!("{all} subjects"),
            };
            let failed =
                if *stop_after == 1 { "one has failed".to_owned() } else { format!("{stop_after} have failed") };
            format!("a run for each of {all}, {together} at a time; none begins after {failed}")
        }
        Does::Wait { ms } if planned.action == "deprovision" => {
            format!("wait {}; it can still be enabled again", duration(*ms))
        }
        Does::Wait { ms } if planned.action == "wait" => format!("wait {}", duration(*ms)),
        Does::Wait { ms } if planned.id.as_str().ends_with(".propagate") => {
            format!("wait {}; everybody has the new key before it signs", duration(*ms))
        }
        Does::Wait { ms } => format!("wait {}; old and new both work", duration(*ms)),
        Does::Notify { to, on, .. } => format!("tell {to}{}", when(*on)),
        Does::Evidence { .. } => "bind the run's entries to a signed checkpoint".to_owned(),
    }
}

/// Which certificate is revoked, and why: nothing takes that back.
fn which(planned: &Move, act: &Act) -> String {
    let text = |name: &str| act.call.parameters.get(name).and_then(serde_json::Value::as_str).unwrap_or("?");
    match planned.action.as_str() {
        "revoke" => format!(", serial {}, for {}", text("serial"), text("reason")),
        _ => match ["version", "replaces"].into_iter().find(|name| act.call.parameters.contains_key(*name)) {
            Some(name @ "replaces") => format!(", in the place of {}", text(name)),
            Some(name) if act.call.materials.is_empty() => format!(", version {}", version_number(text(name))),
            _ => String::new(),
        },
    }
}

/// The number of a version: whose it is stands before it.
fn version_number(version: &str) -> &str {
    version.rsplit_once('@').map_or(version, |(_, number)| number)
}

/// When somebody is told, after whom.
const fn when(on: Telling) -> &'static str {
    match on {
        Telling::Done => "",
        Telling::Failure => ", only when the run has failed by then",
        Telling::Always => ", also when the run has failed by then",
    }
}

/// Milliseconds, as a person says them.
fn duration(ms: u64) -> String {
    match ms {
        0 => "0 s".to_owned(),
        ms if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_their_largest_whole_unit() {
        let said = [0, 50, 1500, 2000, 90_000, 120_000, 86_400_000].map(duration);
        assert_eq!(said, ["0 s", "50 ms", "1500 ms", "2 s", "90 s", "2 min", "24 h"]);
    }
}
