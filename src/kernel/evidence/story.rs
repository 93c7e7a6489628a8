//! A credential's life in words, entry by entry.

use std::collections::BTreeMap;

use countersign_contract::ProbeAnswer;
use countersign_warrant::{
    Decision, DecisionBody, DecodeEntryError, Digest, EntryId, Finding, FindingBody, Intent, IntentBody, Kind, Moment,
    Origin, Outcome, ReceiptBody, ResourceName, RunId, Stamped, Timestamp, Verdict,
};
use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::with_article;
use crate::run::bodies::{
    BrakeBody, BrakeKind, BrakeScope, ClosedBody, EACH, FactBody, NOTICE, NotDueBody, NoticeBody, ProbeBody,
    SkippedBody, Stage, StartedBody, TIMEOUT, TriggerKind, VersionBody, WINDOW, Wait, WaitBody,
};

/// One sentence of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When the entry was committed.
    pub at: Timestamp,
    /// The entry that says it.
    pub entry: EntryId,
    /// The sentence: lower case, no full stop.
    pub text: String,
    /// The digest of the words that a person gave with it.
    pub reason: Option<Digest>,
}

/// The digest of the words that the entry's person gave: what a run that needed one is to do, or what became of an intent.
pub fn reason_of(entry: &Stamped) -> Option<Digest> {
    match entry.kind {
        Kind::Wait => match entry.decode::<WaitBody>().ok()?.wait {
            Wait::Answered { reason, .. } => Some(reason),
            _ => None,
        },
        Kind::Finding => match entry.decode::<FindingBody>().ok()?.finding {
            Finding::Declared { reason, .. } => Some(reason),
            _ => None,
        },
        Kind::Brake => Some(entry.decode::<BrakeBody>().ok()?.reason),
        _ => None,
    }
}

/// An intent that waits for its answer in the story.
struct Pending {
    intent: Intent,
    at: Timestamp,
    policies: Vec<String>,
}

/// A story under way.
struct Story<'s> {
    subject: &'s ResourceName,
    /// Runs that hold the resource; true where it is their own subject.
    runs: BTreeMap<RunId, bool>,
    allows: BTreeMap<EntryId, Vec<String>>,
    pending: BTreeMap<EntryId, Pending>,
}

/// Tells what the entries, in the order of the ledger, say of `subject`: all of its own runs; for a sink, what was
/// delivered to it. Entries of other resources are passed over.
pub fn story<'e>(subject: &ResourceName, entries: impl IntoIterator<Item = &'e Stamped>) -> Vec<Line> {
    let mut story = Story { subject, runs: BTreeMap::new(), allows: BTreeMap::new(), pending: BTreeMap::new() };
    let mut lines: Vec<Line> = entries.into_iter().filter_map(|entry| story.line(entry)).collect();
    lines.extend(story.pending.into_values().map(|pending| Line {
        at: pending.at,
        text: format!("{} is recorded, and has no answer yet", call(&pending.intent)),
        entry: pending.intent.entry,
        reason: None,
    }));
    lines
}

impl Story<'_> {
    fn line(&mut self, entry: &Stamped) -> Option<Line> {
        let text = match self.text(entry) {
            Ok(text) => text?,
            Err(_) => format!("{} entry that cannot be read", with_article(entry.kind.as_str())),
        };
        Some(Line { at: entry.at, entry: entry.id.clone(), text, reason: reason_of(entry) })
    }

    fn text(&mut self, entry: &Stamped) -> Result<Option<String>, DecodeEntryError> {
        if let Some(run) = entry.id.run()
            && entry.kind == Kind::Started
        {
            return Ok(self.started(run, &entry.decode()?));
        }
        let own = match entry.id.run() {
            Some(run) => match self.runs.get(&run) {
                Some(own) => *own,
                None => return Ok(None),
            },
            None => true,
        };
        match entry.kind {
            Kind::Intent => self.intent(entry).map(|()| None),
            Kind::Receipt => Ok(self.receipt(entry.decode()?)),
            Kind::Finding => Ok(self.finding(entry.decode()?)),
            Kind::Decision => Ok(self.decision(entry, entry.decode()?).filter(|_| own)),
            Kind::NotDue => Ok(self.not_due(&entry.decode()?)),
            Kind::Notice => Ok(self.notice(&entry.decode()?)),
            Kind::Brake => Ok(self.brake(&entry.decode()?)),
            _ if own => own_entry(entry),
            _ => Ok(None),
        }
    }

    fn started(&mut self, run: RunId, body: &StartedBody) -> Option<String> {
        let own = body.subject == *self.subject;
        if !own && !body.resources.contains(self.subject) {
            return None;
        }
        let text = format!("run `{run}` of workflow `{}` began: {}", body.workflow, why(&body.trigger));
        self.runs.insert(run, own);
        own.then_some(text)
    }

    fn decision(&mut self, entry: &Stamped, body: DecisionBody) -> Option<String> {
        let DecisionBody { step, moment, decision } = body;
        match (decision.verdict, moment) {
            (Verdict::Allow, Moment::Act) => {
                let shadow = decision.shadow.is_some().then(|| shadow(&decision));
                self.allows.insert(entry.id.clone(), decision.policies);
                shadow.map(|words| format!("policy allowed it right before `{step}`{words}"))
            }
            (Verdict::Allow, Moment::Policy) => {
                Some(format!("policy allowed it at step `{step}`{}{}", by(&decision.policies), shadow(&decision)))
            }
            (Verdict::Deny, _) => {
                Some(format!("policy denied it at step `{step}`: {}{}", because(&decision), shadow(&decision)))
            }
        }
    }

    fn intent(&mut self, entry: &Stamped) -> Result<(), DecodeEntryError> {
        let IntentBody { decision, intent, .. } = entry.decode()?;
        let policies = decision.and_then(|decision| self.allows.remove(&decision)).unwrap_or_default();
        if intent.subject == *self.subject || intent.call.resource == *self.subject {
            self.pending.insert(entry.id.clone(), Pending { intent, at: entry.at, policies });
        }
        Ok(())
    }

    fn receipt(&mut self, body: ReceiptBody) -> Option<String> {
        let pending = self.pending.remove(&body.intent)?;
        let what = call(&pending.intent);
        Some(match body.outcome {
            Outcome::Done(_) => {
                format!("{what}: done; recorded before as `{}`{}", body.intent, by(&pending.policies))
            }
            Outcome::Refused(refusal) => format!("{what}: refused, nothing was changed: {}", refusal.message),
            Outcome::Indeterminate(doubt) => {
                let text = format!("{what}: not known whether it happened: {}", doubt.message);
                self.pending.insert(body.intent, pending);
                text
            }
        })
    }

    fn finding(&mut self, body: FindingBody) -> Option<String> {
        let pending = self.pending.remove(&body.intent)?;
        let what = call(&pending.intent);
        Some(match body.finding {
            Finding::Applied(_) => {
                format!("{what}: found done; recorded before as `{}`{}", body.intent, by(&pending.policies))
            }
            Finding::NotApplied { .. } => format!("{what}: found not done"),
            Finding::Declared { by, .. } => format!("{what}: not found out; `{by}` answers for it"),
        })
    }

    fn not_due(&self, body: &NotDueBody) -> Option<String> {
        let due = body.due_at.map(|at| format!("; due at {at}")).unwrap_or_default();
        let text = format!("workflow `{}` {} (`{}`){due}", body.workflow, body.came_to(), body.code);
        (body.subject == *self.subject).then_some(text)
    }

    fn notice(&self, body: &NoticeBody) -> Option<String> {
        let told = match &body.reason {
            None => format!("`{}` was told", body.to),
            Some(reason) => format!("`{}` could not be told ({reason})", body.to),
        };
        (body.subject == *self.subject).then(|| format!("{told} that `{}` is due at {}", body.workflow, body.due_at))
    }

    fn brake(&self, body: &BrakeBody) -> Option<String> {
        let is_met = match &body.scope {
            BrakeScope::All => true,
            BrakeScope::Connector(name) => self.subject.connector() == name,
            BrakeScope::Subject(name) => name == self.subject,
        };
        is_met.then(|| format!("{}: {}", body.scope, brake_words(body)))
    }
}

/// A brake in words, without its place.
fn brake_words(body: &BrakeBody) -> String {
    let by = body.by.as_ref().map(|by| format!(" by `{by}`")).unwrap_or_default();
    let until = body.until.map(|until| format!(" until {until}")).unwrap_or_default();
    match (body.brake, body.lifted) {
        (BrakeKind::Paused, false) => format!("paused{by}{until}"),
        (BrakeKind::Paused, true) => format!("paused no more{by}"),
        (BrakeKind::CircuitOpen, false) => format!("left alone, after too many failures{until}"),
        (BrakeKind::CircuitOpen, true) => format!("no more left alone{by}"),
        (BrakeKind::Quarantined, false) => format!("quarantined{by}: it takes no trigger"),
        (BrakeKind::Quarantined, true) => format!("out of quarantine{by}"),
    }
}

fn own_entry(entry: &Stamped) -> Result<Option<String>, DecodeEntryError> {
    Ok(Some(match entry.kind {
        Kind::Version => version(&entry.decode()?),
        Kind::Fact => {
            let body: FactBody = entry.decode()?;
            let holds = if body.holds { "as planned" } else { "not as planned" };
            match body.about.as_str() {
                WINDOW if body.holds => format!("step `{}` is in its window", body.step),
                WINDOW => format!("the windows of step `{}` are closed", body.step),
                TIMEOUT => format!("step `{}` took longer than its timeout", body.step),
                NOTICE => {
                    let to = body.facts.get("to").and_then(Value::as_str).unwrap_or("?");
                    format!("`{to}` was {}told", if body.holds { "" } else { "not " })
                }
                EACH => each(&body),
                about => format!("{about} observed, {holds}"),
            }
        }
        Kind::Probe => probe(&entry.decode()?),
        Kind::Wait => match entry.decode::<WaitBody>()?.wait {
            Wait::Until { at } => format!("waits until {at}"),
            Wait::Over => "the wait is over".to_owned(),
            Wait::Person { code, message } => format!("needs a person (`{code}`): {message}"),
            Wait::Answered { answer, by, .. } => format!("`{by}` answered: {}", answer.as_str()),
        },
        Kind::Skipped => {
            let body: SkippedBody = entry.decode()?;
            format!("step `{}` did not run (`{}`)", body.step, body.code)
        }
        Kind::Closed => {
            let body: ClosedBody = entry.decode()?;
            format!("the run ended {} (`{}`): {}", body.outcome.as_str(), body.code, body.message)
        }
        _ => return Ok(None),
    }))
}

/// How the runs for each subject ended, each by its name.
fn each(body: &FactBody) -> String {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    let rows = |name: &str| body.facts.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let runs = rows("runs").into_iter().map(|row| {
        let run = row.get("run").and_then(Value::as_str).map(|run| format!(" by run `{run}`")).unwrap_or_default();
        format!("`{}` {}{run}", text(&row, "subject"), text(&row, "outcome").replace('_', " "))
    });
    let left = rows("left_out").into_iter().map(|row| format!("`{}` not planned", text(&row, "subject")));
    let all: Vec<String> = runs.chain(left).collect();
    if all.is_empty() { "no subject was selected".to_owned() } else { format!("for each: {}", all.join(", ")) }
}

fn version(body: &VersionBody) -> String {
    let number = body.version.number;
    match body.stage {
        Stage::Pending if body.sealed.as_ref().is_some_and(|sealed| sealed.given) => {
            format!("version {number} was made elsewhere, and is sealed as it was given")
        }
        Stage::Pending => format!("version {number} sealed before its first use"),
        stage => {
            let until = body.expires_at.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("version {number} is {}{until}", stage.as_str())
        }
    }
}

fn probe(body: &ProbeBody) -> String {
    let of = body.probe.version.as_ref().map(|version| format!(" with version {}", version.number));
    let answer = match body.result.answer {
        ProbeAnswer::Accepted => "accepted",
        ProbeAnswer::Refused => "refused by the target",
        ProbeAnswer::Unknown => "no answer of the target",
    };
    let holds = if body.holds { "as planned" } else { "not as planned" };
    format!("probe `{}`{}: {answer}, {holds}", body.probe.name, of.unwrap_or_default())
}

/// Why a run began, in words.
pub fn why(trigger: &crate::run::bodies::Trigger) -> String {
    let of = trigger.part_of().map(|run| format!(", for each of many by run `{run}`")).unwrap_or_default();
    let why = match (trigger.kind, &trigger.asked_by) {
        (TriggerKind::Request, Some(asker)) => format!("`{asker}` asked for it"),
        (TriggerKind::Request, None) => "it was asked for".to_owned(),
        (TriggerKind::Emergency, Some(asker)) => format!("`{asker}` asked for it, as an emergency"),
        (TriggerKind::Emergency, None) => "it was asked for, as an emergency".to_owned(),
        (TriggerKind::Schedule, _) => "its schedule said so".to_owned(),
        (TriggerKind::Event, _) => {
            format!("`{}` was reported", trigger.event.as_deref().unwrap_or("an event"))
        }
        (TriggerKind::Expiry, _) => "the current version came near its end".to_owned(),
    };
    format!("{why}{of}")
}

/// The call in words: verb, the versions whose material it takes, resource.
fn call(intent: &Intent) -> String {
    let undo = if matches!(intent.origin, Origin::Undo(_)) { "undo " } else { "" };
    let mut versions: Vec<String> = intent.call.materials.values().map(ToString::to_string).collect();
    versions.sort();
    versions.dedup();
    let with = if versions.is_empty() { String::new() } else { format!(" with `{}`", versions.join("`, `")) };
    let again = if intent.attempt > 1 { format!(", attempt {}", intent.attempt) } else { String::new() };
    format!("{undo}`{}` on `{}`{with}{again}", intent.call.verb, intent.call.resource)
}

fn by(policies: &[String]) -> String {
    if policies.is_empty() { String::new() } else { format!(", allowed by `{}`", policies.join("`, `")) }
}

/// What policies in shadow would have answered.
fn shadow(decision: &Decision) -> String {
    decision.shadow.as_ref().map_or_else(String::new, |other| {
        let verdict = if other.verdict == Verdict::Allow { "allowed" } else { "denied" };
        format!("; in shadow it would be {verdict} by `{}`", other.policies.join("`, `"))
    })
}

fn because(decision: &Decision) -> String {
    let reasons: Vec<&str> = decision.reasons.iter().chain(&decision.errors).map(String::as_str).collect();
    let by = if decision.policies.is_empty() {
        format!("`{}`", decision.code)
    } else {
        format!("`{}` by `{}`", decision.code, decision.policies.join("`, `"))
    };
    if reasons.is_empty() { by } else { format!("{by}: {}", reasons.join("; ")) }
}
