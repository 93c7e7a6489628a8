//! Tests of policies: questions with the answers that their authors expect, and what no test speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use countersign_contract::{Kind, Strategy, Type};
use countersign_warrant::{Decision, ResourceName, Timestamp, Verdict};

use super::asked::Asked;
use super::judge::Prepared;
use super::{
    Certificate, Facts, PolicySet, Principal, Question, Subject, Term, Vocabulary, failed_evaluation, judge, schema,
};
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{KeyAlgorithm, Profile};

mod unknown;

pub use unknown::unknown_names;

/// One test: a question, and what must be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// In the author's words.
    pub name: String,
    /// The file that it stands in, and the line.
    pub place: (String, usize),
    /// What is asked.
    pub question: Question,
    /// The answer that is expected.
    pub expect: Verdict,
    /// The ids of the policies that must decide, where the author says so, each with its place in the file.
    pub by: Option<BTreeMap<String, Range<usize>>>,
    /// The answer with the policies in shadow in force, where the author says so.
    pub shadow: Option<Verdict>,
    /// The place of each input's name in the file.
    pub inputs_at: BTreeMap<String, Range<usize>>,
}

/// How one test went.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried<'a> {
    /// The test.
    pub trial: &'a Trial,
    /// What was answered.
    pub decision: Decision,
    /// What differs from what is expected; `None` when nothing does.
    pub wrong: Option<String>,
}

/// How all of them went.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdicts<'a> {
    /// In the order of the files.
    pub tried: Vec<Tried<'a>>,
    /// Policies that decide no test: nobody would see them change.
    pub unreached: Vec<String>,
    /// Policies that decide a test, and none that would be answered otherwise without them: others say the same.
    pub redundant: Vec<String>,
    /// Actions on kinds that a bare question is allowed, though no test expects an allow there.
    pub accidents: Vec<Accident>,
}

/// A bare question (every attribute at its plainest) that is allowed, with nobody having said that it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accident {
    /// The action.
    pub action: String,
    /// The kind, as `connector/kind`.
    pub kind: String,
    /// The policies that allow it.
    pub by: Vec<String>,
}

impl Verdicts<'_> {
    /// How many things are not as they should be: tests that failed, policies that no test needs, allows by accident.
    pub fn faults(&self) -> usize {
        let wrong = self.tried.iter().filter(|tried| tried.wrong.is_some()).count();
        wrong + self.unreached.len() + self.redundant.len() + self.accidents.len()
    }
}

/// Asks every question, and looks for what none of them speaks of.
pub fn try_all<'a>(set: &PolicySet, trials: &'a [Trial], vocabulary: &Vocabulary<'_>) -> Verdicts<'a> {
    let tried: Vec<Tried<'_>> = trials.iter().map(|trial| try_one(set, trial)).collect();
    let (mut unreached, mut redundant) = (Vec::new(), Vec::new());
    for id in set.ids() {
        let mut decided = tried.iter().filter(|tried| deciding(tried).any(|by| *by == id)).peekable();
        if decided.peek().is_none() {
            unreached.push(id);
        } else if !decided.any(|tried| is_needed(set, tried, &id)) {
            redundant.push(id);
        }
    }
    let expected: BTreeSet<(&str, String)> = trials
        .iter()
        .filter(|trial| trial.expect == Verdict::Allow)
        .map(|trial| (trial.question.action.as_str(), kind_of(&trial.question.subject.resource)))
        .collect();
    let mut accidents = Vec::new();
    for (action, resource, kind, connector_type) in pairs(vocabulary) {
        let decision = judge(set, &bare(action, &resource, kind, connector_type)).decision;
        let kind = kind_of(&resource);
        if decision.verdict == Verdict::Allow && !expected.contains(&(action, kind.clone())) {
            accidents.push(Accident { action: action.to_owned(), kind, by: decision.policies });
        }
    }
    Verdicts { tried, unreached, redundant, accidents }
}

/// The policies that decided, and those in shadow that would have where the test says what they would.
fn deciding<'a>(tried: &'a Tried<'_>) -> impl Iterator<Item = &'a String> {
    let shadow = tried.decision.shadow.iter().filter(|_| tried.trial.shadow.is_some());
    tried.decision.policies.iter().chain(shadow.flat_map(|other| &other.policies))
}

/// Whether the answer would be another one without that policy.
fn is_needed(set: &PolicySet, tried: &Tried<'_>, id: &str) -> bool {
    let decision = &tried.decision;
    let other = decision.shadow.as_ref().filter(|other| other.policies.iter().any(|by| by == id));
    let verdict = other.map_or(decision.verdict, |other| other.verdict);
    let asked = Asked::of(&tried.trial.question);
    Prepared::of(set, &asked).and_then(|prepared| prepared.without(set, id)).is_ok_and(|without| without != verdict)
}

fn try_one<'a>(set: &PolicySet, trial: &'a Trial) -> Tried<'a> {
    let decision = judge(set, &trial.question).decision;
    let decided: BTreeSet<&String> = decision.policies.iter().collect();
    let list = |ids: &BTreeSet<&String>| if ids.is_empty() { "none".to_owned() } else { words(ids.iter().copied()) };
    let expected: Option<BTreeSet<&String>> = trial.by.as_ref().map(|by| by.keys().collect());
    let in_shadow = decision.shadow.iter().find_map(|other| other.errors.first());
    let in_shadow = in_shadow.map(|error| format!("the evaluation failed: {error}"));
    let wrong = if let Some(failed) = failed_evaluation(&decision).or(in_shadow) {
        // WHY: an error is a deny; a test that expects a deny must not pass by it.
        Some(failed)
    } else if decision.verdict != trial.expect {
        let why = if decided.is_empty() { "no policy permits it".to_owned() } else { format!("by {}", list(&decided)) };
        Some(format!("expected {}, got {}: {why}", word(trial.expect), word(decision.verdict)))
    } else if let Some(by) = expected.filter(|by| *by != decided) {
        Some(format!("expected by {}, got {}", list(&by), list(&decided)))
    } else {
        let shadow = decision.shadow.as_ref().map_or(decision.verdict, |other| other.verdict);
        let expected = trial.shadow.filter(|expected| *expected != shadow);
        expected.map(|expected| format!("expected {} in shadow, got {}", word(expected), word(shadow)))
    };
    Tried { trial, decision, wrong }
}

/// The word of a verdict.
pub const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
    }
}

fn words<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    ids.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn kind_of(resource: &ResourceName) -> String {
    format!("{}/{}", resource.connector(), resource.kind())
}

/// The actions that policy is asked about for a kind.
pub(crate) fn actions_of(kind: &Kind) -> impl Iterator<Item = &'static str> {
    schema::actions_of(kind)
}

/// Every action on every kind that has a verb for it.
fn pairs<'a>(vocabulary: &Vocabulary<'a>) -> Vec<(&'static str, ResourceName, &'a Kind, &'static str)> {
    let mut pairs = Vec::new();
    for (instance, manifest) in &vocabulary.manifests {
        for kind in manifest.kinds.iter().filter(|kind| !kind.is_sink) {
            for action in schema::actions_of(kind) {
                let Ok(resource) = format!("{instance}/{}/anything", kind.name).parse() else { continue };
                pairs.push((action, resource, kind, manifest.connector));
            }
        }
    }
    pairs
}

/// Asked by a workflow of no team in particular, with every attribute at its plainest.
fn bare(action: &str, resource: &ResourceName, kind: &Kind, connector_type: &str) -> Question {
    let now = Timestamp::from_micros(NOW_MICROS);
    let issues = action == "issue" || (action == "rotate" && kind.strategies.contains(&Strategy::Reissue));
    let certificate = issues.then(|| Certificate {
        profile: Profile::Server,
        lifetime_secs: 86_400,
        names: BTreeSet::from(["anything.example".to_owned()]),
        key: KeyAlgorithm::P256,
        issuer: None,
    });
    Question {
        principal: Principal::Workflow("anything".to_owned()),
        action: action.to_owned(),
        subject: Subject {
            resource: resource.clone(),
            connector_type: connector_type.to_owned(),
            tier: "standard".to_owned(),
            team: "anybody".to_owned(),
            attributes: plain(kind, now),
        },
        verb: "anything".to_owned(),
        sink: None,
        trigger: TriggerKind::Request,
        inputs: BTreeMap::new(),
        facts: Facts::default(),
        certificate,
        added: BTreeMap::new(),
        now,
    }
}

/// When a question is asked that says no time: the first day of 2026.
pub(crate) const NOW_MICROS: i64 = 1_767_225_600_000_000;

/// The required attributes of a kind, each at its plainest.
pub(crate) fn plain(kind: &Kind, now: Timestamp) -> BTreeMap<String, Term> {
    let required = schema::seen(kind).filter(|(attribute, _)| attribute.required);
    let plain = required.map(|(attribute, _)| {
        let term = match attribute.kind {
            Type::Integer => Term::Integer(1),
            Type::Boolean => Term::Boolean(false),
            Type::Instant => Term::Instant(now.plus_millis(86_400_000)),
            Type::Texts => Term::Texts(BTreeSet::new()),
            Type::Word(words) => Term::text(words.first().copied().unwrap_or_default()),
            Type::Person => Term::text(PERSON),
            Type::Text | Type::Fields => Term::text("anything"),
        };
        (attribute.name.to_owned(), term)
    });
    plain.collect()
}

/// Somebody.
pub(crate) const PERSON: &str = "p_00000000000000000000000000000000";
