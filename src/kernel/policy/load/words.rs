//! Words that a value never is: `context.trigger == "evnt"` can be read, and would never hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use cedar_policy::Policy;
use countersign_contract::{Kind, Manifest, Type};
use serde_json::Value;

use crate::policy::question::{key_word, profile_word};
use crate::policy::schema::seen;
use crate::run::bodies::TriggerKind;
use crate::workflow::model::{KeyAlgorithm, Profile};

/// The words that are known where policies are checked.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct Words {
    /// What values can be that are one of a few words, by path: `context.trigger`, `resource.level`.
    values: BTreeMap<String, BTreeSet<String>>,
    /// Which of them a condition's own workflow can have.
    here: BTreeMap<String, BTreeSet<String>>,
    /// Whether the controls are those that frameworks have.
    pub(super) controls: bool,
}

/// A word that its value never is.
pub(in crate::policy) struct Foreign {
    /// The path of the value.
    pub(in crate::policy) path: String,
    pub(in crate::policy) word: String,
    /// What it can be.
    pub(in crate::policy) known: Vec<String>,
}

impl Foreign {
    /// Where the word stands in the text of a policy or a condition: after its path, else anywhere.
    pub(in crate::policy) fn place(&self, text: &str) -> Option<Range<usize>> {
        let literal = format!("\"{}\"", self.word);
        let after = text.find(self.path.as_str()).unwrap_or_default();
        let found = text.get(after..).and_then(|rest| rest.find(&literal)).map(|at| after + at);
        found.or_else(|| text.find(&literal)).map(|at| at..at + literal.len())
    }
}

/// What a tree says of the comparisons in it.
#[derive(Clone, Copy)]
enum Says {
    /// They must hold.
    Holds,
    /// They must not.
    HoldsNot,
}

impl Words {
    /// Those of requests that these connector instances can be asked about.
    pub(in crate::policy) fn of_manifests(manifests: &BTreeMap<String, &Manifest>) -> Self {
        let kinds = || manifests.values().flat_map(|it| &it.kinds).filter(|kind| !kind.is_sink);
        let mut words = Self::of(kinds());
        let verbs: BTreeSet<String> =
            manifests.values().flat_map(|it| &it.verbs).map(|verb| verb.name.to_owned()).collect();
        words.values.insert("resource.kind".to_owned(), kinds().map(|kind| kind.name.to_owned()).collect());
        words.values.insert("resource.connector".to_owned(), manifests.keys().cloned().collect());
        words.values.insert("context.verb".to_owned(), verbs);
        words.values.retain(|_, known| !known.is_empty());
        words
    }

    /// Those of requests about subjects of these kinds.
    pub(in crate::policy) fn of<'a>(kinds: impl Iterator<Item = &'a Kind>) -> Self {
        let triggers = [
            TriggerKind::Request,
            TriggerKind::Schedule,
            TriggerKind::Expiry,
            TriggerKind::Event,
            TriggerKind::Emergency,
        ];
        let keys = [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519];
        let mut words = BTreeMap::from([
            ("context.trigger".to_owned(), triggers.map(|trigger| trigger.as_str().to_owned()).into()),
            ("context.certificate.key".to_owned(), keys.map(|key| key_word(key).to_owned()).into()),
            (
                "context.certificate.profile".to_owned(),
                [Profile::Ca, Profile::Server].map(|profile| profile_word(profile).to_owned()).into(),
            ),
        ]);
        let mut open = BTreeSet::new();
        for (attribute, _) in kinds.flat_map(seen) {
            let path = format!("resource.{}", attribute.name);
            match attribute.kind {
                Type::Word(known) => {
                    words.entry(path).or_insert_with(BTreeSet::new).extend(known.iter().map(ToString::to_string));
                }
                _ => drop(open.insert(path)),
            }
        }
        // WHY: two kinds may each have an attribute of that name, and one of them takes any text.
        words.retain(|path, _| !open.contains(path));
        Self { values: words, here: BTreeMap::new(), controls: true }
    }

    /// Those of a condition, in whose workflow a value is one of fewer words.
    pub(in crate::policy) fn of_workflow(
        kind: &Kind,
        all: BTreeMap<String, BTreeSet<String>>,
        here: BTreeMap<String, BTreeSet<String>>,
    ) -> Self {
        let mut words = Self::of(std::iter::once(kind));
        words.values.extend(all);
        Self { here, ..words }
    }

    /// What a condition needs to be so, and never is in its own workflow.
    pub(in crate::policy) fn never_here(&self, policy: &Policy) -> Option<Foreign> {
        let tree = policy.to_json().ok()?;
        self.never(tree.get("conditions")?, Says::Holds)
    }

    // WHY: what must not be so, and never is, is a condition that holds: an author may guard against what is not there yet.
    fn never(&self, tree: &Value, says: Says) -> Option<Foreign> {
        match tree {
            Value::Object(members) => members.iter().find_map(|(name, value)| match (name.as_str(), says) {
                ("!", Says::Holds) => self.never(value, Says::HoldsNot),
                ("!", Says::HoldsNot) => self.never(value, Says::Holds),
                ("==" | "contains", Says::Holds) | ("!=", Says::HoldsNot) => {
                    let (left, right) = (value.get("left")?, value.get("right")?);
                    self.none_of(left, right).or_else(|| self.none_of(right, left))
                }
                _ => self.never(value, says),
            }),
            Value::Array(items) => items.iter().find_map(|item| self.never(item, says)),
            _ => None,
        }
    }

    /// The first of the words, where the value is none of them.
    fn none_of(&self, value: &Value, with: &Value) -> Option<Foreign> {
        let (path, known) = self.here.get_key_value(&path(value)?)?;
        let words = texts(with);
        let word = words.first().filter(|_| words.iter().all(|word| !known.contains(*word)))?;
        Some(Foreign { path: path.clone(), word: (*word).to_owned(), known: known.iter().cloned().collect() })
    }

    /// What the policy compares with one of these values, and the value never is: the first such word of each value.
    pub(super) fn foreign(&self, policy: &Policy) -> Vec<Foreign> {
        let mut found = Vec::new();
        if let Some(conditions) = policy.to_json().ok().as_ref().and_then(|tree| tree.get("conditions")) {
            self.look(conditions, &mut found);
        }
        found
    }

    /// Goes through a tree of Cedar's JSON policy format (<https://docs.cedarpolicy.com/policies/json-format.html>).
    fn look(&self, tree: &Value, found: &mut Vec<Foreign>) {
        match tree {
            Value::Object(members) => {
                for (name, value) in members {
                    if let ("==" | "!=" | "contains", Some(left), Some(right)) =
                        (name.as_str(), value.get("left"), value.get("right"))
                    {
                        self.compare(left, right, found);
                        self.compare(right, left, found);
                    }
                    self.look(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item, found)),
            _ => {}
        }
    }

    fn compare(&self, value: &Value, with: &Value, found: &mut Vec<Foreign>) {
        let Some((path, known)) = path(value).and_then(|path| self.values.get_key_value(&path)) else { return };
        let first = texts(with).into_iter().find(|word| !known.contains(*word));
        if let Some(word) = first.filter(|_| found.iter().all(|other| other.path != *path)) {
            let known = known.iter().cloned().collect();
            found.push(Foreign { path: path.clone(), word: word.to_owned(), known });
        }
    }
}

/// `context.certificate.key` for the tree of that expression.
fn path(tree: &Value) -> Option<String> {
    if let Some(variable) = tree.get("Var") {
        return variable.as_str().map(str::to_owned);
    }
    let access = tree.get(".")?;
    Some(format!("{}.{}", path(access.get("left")?)?, access.get("attr")?.as_str()?))
}

/// The text, or the texts of the set, that stand there as they are.
fn texts(tree: &Value) -> Vec<&str> {
    match (tree.get("Value"), tree.get("Set").and_then(Value::as_array)) {
        (Some(Value::String(text)), _) => vec![text],
        (_, Some(items)) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
