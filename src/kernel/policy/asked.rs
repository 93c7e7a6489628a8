//! A question in Cedar's terms, and its two canonical JSON forms: entities and request, as Cedar's own JSON interface
//! reads them.
//!
//! Live and in replay the same value is built, so that both go the same way from here on.

use std::collections::BTreeMap;

use countersign_warrant::Timestamp;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::question::{Certificate, Facts, Principal, Question, key_word, profile_word};
use super::{Circumstances, Subject, Term, schema};
use crate::run::bodies::TriggerKind;

/// An entity's type and id. Members stand in the order of their names, here and below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Uid {
    pub(super) id: String,
    /// The qualified type name.
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// The resource as Cedar's JSON has an entity.
#[derive(Serialize)]
struct Resource<'a> {
    attrs: &'a BTreeMap<String, Node>,
    parents: [Uid; 0],
    uid: &'a Uid,
}

/// The request as Cedar's JSON has it.
#[derive(Serialize)]
struct Request<'a> {
    action: &'a Uid,
    context: &'a BTreeMap<String, Node>,
    principal: &'a Uid,
    resource: &'a Uid,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Term(Term),
    Entity(Uid),
    Record(BTreeMap<String, Node>),
}

/// What Cedar is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) principal: Uid,
    pub(super) action: Uid,
    pub(super) resource: Uid,
    /// Of the resource.
    pub(super) attributes: BTreeMap<String, Node>,
    pub(super) context: BTreeMap<String, Node>,
}

impl Asked {
    /// The question in Cedar's terms.
    pub(super) fn of(question: &Question) -> Self {
        let (principal, name) = match &question.principal {
            Principal::Person(id) => ("Countersign::Person", id),
            Principal::Workflow(name) => ("Countersign::Workflow", name),
        };
        Self {
            principal: Uid::new(principal, name),
            action: Uid::new("Countersign::Action", &question.action),
            resource: Uid::of_subject(&question.subject),
            attributes: attributes(&question.subject),
            context: context(question),
        }
    }

    /// A condition's circumstances in Cedar's terms.
    pub(super) fn at_planning(given: &Circumstances) -> Self {
        let [inputs, lengths] = inputs(&given.inputs);
        Self {
            principal: Uid::new("Countersign::Workflow", &given.workflow),
            action: Uid::new("Countersign::Action", schema::PLAN),
            resource: Uid::of_subject(&given.subject),
            attributes: attributes(&given.subject),
            context: BTreeMap::from([
                ("trigger".to_owned(), text(given.trigger.as_str())),
                ("inputs".to_owned(), inputs),
                ("length_of".to_owned(), lengths),
                ("facts".to_owned(), facts(&given.facts)),
            ]),
        }
    }

    /// The canonical JSON of the entities (the resource with its attributes, the one entity that has any) and of the
    /// request, in this order.
    pub(super) fn json(&self) -> Result<[Vec<u8>; 2], serde_json::Error> {
        let resource = Resource { attrs: &self.attributes, parents: [], uid: &self.resource };
        let request = Request {
            action: &self.action,
            context: &self.context,
            principal: &self.principal,
            resource: &self.resource,
        };
        // WHY: canonical JSON (RFC 8785) sorts members by UTF-16, which for names of ASCII is the order that ours have: the
        // plain writer gives the same bytes in a third of the time.
        if is_plain(&self.attributes) && is_plain(&self.context) {
            return Ok([serde_json::to_vec(&[resource])?, serde_json::to_vec(&request)?]);
        }
        Ok([serde_json_canonicalizer::to_vec(&[resource])?, serde_json_canonicalizer::to_vec(&request)?])
    }

    /// The value whose JSON forms these are; `None` when they are not what [`Asked`] writes.
    pub(super) fn from_json(entities: &Value, request: &Value) -> Option<Self> {
        let [resource] = entities.as_array()?.as_slice() else { return None };
        let asked = Self {
            principal: Uid::from_json(request.get("principal")?)?,
            action: Uid::from_json(request.get("action")?)?,
            resource: Uid::from_json(request.get("resource")?)?,
            attributes: record(resource.get("attrs")?)?,
            context: record(request.get("context")?)?,
        };
        (Uid::from_json(resource.get("uid")?)? == asked.resource).then_some(asked)
    }
}

impl Asked {
    /// True where an emergency started the run: then the policies for emergencies count.
    pub(super) fn is_emergency(&self) -> bool {
        let word = TriggerKind::Emergency.as_str();
        matches!(self.context.get("trigger"), Some(Node::Term(Term::Text(text))) if text.as_str() == word)
    }
}

fn attributes(subject: &Subject) -> BTreeMap<String, Node> {
    let resource = &subject.resource;
    let own = subject.attributes.iter().map(|(name, term)| (name.clone(), exact(term)));
    let mut attributes: BTreeMap<String, Node> = own.collect();
    // WHY: after the subject's own, so that none of them can pass for one of these.
    attributes.extend([
        ("connector".to_owned(), text(resource.connector())),
        ("kind".to_owned(), text(resource.kind())),
        ("name".to_owned(), text(resource.name())),
        ("team".to_owned(), Node::Entity(Uid::new("Countersign::Team", &subject.team))),
        ("tier".to_owned(), text(&subject.tier)),
    ]);
    attributes
}

/// The inputs, and how many characters those have that are text.
fn inputs(inputs: &BTreeMap<String, Term>) -> [Node; 2] {
    let lengths = inputs.iter().filter_map(|(name, term)| {
        let Term::Text(text) = term else { return None };
        Some((name.clone(), count(text.chars().count())))
    });
    let values = inputs.iter().map(|(name, term)| (name.clone(), exact(term)));
    [Node::Record(values.collect()), Node::Record(lengths.collect())]
}

fn context(question: &Question) -> BTreeMap<String, Node> {
    let [inputs, lengths] = inputs(&question.inputs);
    let added = question.added.iter().map(|(name, words)| (name.clone(), text(words)));
    let mut context: BTreeMap<String, Node> = BTreeMap::from([
        ("verb".to_owned(), text(&question.verb)),
        ("trigger".to_owned(), text(question.trigger.as_str())),
        ("length_of".to_owned(), lengths),
        ("inputs".to_owned(), inputs),
        ("facts".to_owned(), facts(&question.facts)),
        ("added".to_owned(), Node::Record(added.collect())),
        ("now".to_owned(), instant(question.now)),
    ]);
    context.extend(question.sink.iter().map(|sink| ("sink".to_owned(), text(sink.as_str()))));
    context.extend(question.certificate.iter().map(|it| ("certificate".to_owned(), certificate(it))));
    context
}

fn facts(facts: &Facts) -> Node {
    let exists = facts.exists.map(|exists| ("exists".to_owned(), Node::Term(Term::Boolean(exists))));
    let live = facts.live_versions.map(|live| ("live_versions".to_owned(), Node::Term(Term::Integer(live.into()))));
    let oldest = facts.oldest_created_at.map(|at| ("oldest_created_at".to_owned(), instant(at)));
    let expires = facts.expires_at.map(|at| ("expires_at".to_owned(), instant(at)));
    Node::Record(exists.into_iter().chain(live).chain(oldest).chain(expires).collect())
}

fn certificate(it: &Certificate) -> Node {
    let lifetime = Term::Integer(i64::try_from(it.lifetime_secs).unwrap_or(i64::MAX));
    let mut fields = BTreeMap::from([
        ("profile".to_owned(), text(profile_word(it.profile))),
        ("lifetime_secs".to_owned(), exact(&lifetime)),
        ("names".to_owned(), Node::Term(Term::Texts(it.names.clone()))),
        ("key".to_owned(), text(key_word(it.key))),
    ]);
    fields.extend(it.issuer.iter().map(|issuer| ("issuer".to_owned(), text(issuer.as_str()))));
    Node::Record(fields)
}

/// The term, or, for a whole number that canonical JSON (RFC 8785) would round, its digits as a text.
// WHY: the rounded number would be judged in a replay. A text where a number belongs does not fit the schema: a deny.
fn exact(term: &Term) -> Node {
    const LARGEST: u64 = (1 << 53) - 1;
    match term {
        Term::Integer(number) if number.unsigned_abs() > LARGEST => text(&number.to_string()),
        _ => Node::Term(term.clone()),
    }
}

fn text(text: &str) -> Node {
    Node::Term(Term::text(text))
}

fn instant(at: Timestamp) -> Node {
    Node::Term(Term::Instant(at))
}

fn count(count: usize) -> Node {
    Node::Term(Term::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// An instant as Cedar's `datetime` reads it: milliseconds, cut off.
pub(super) fn datetime(at: Timestamp) -> String {
    let millis = at.micros().div_euclid(1000);
    format!("{:.3}", jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

impl Uid {
    fn of_subject(subject: &Subject) -> Self {
        Self::new(&schema::entity_type(&subject.connector_type, subject.resource.kind()), subject.resource.as_str())
    }

    fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_owned() }
    }

    fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object().filter(|members| members.len() == 2)?;
        Some(Self::new(members.get("type")?.as_str()?, members.get("id")?.as_str()?))
    }
}

/// True when every member's name is ASCII.
fn is_plain(record: &BTreeMap<String, Node>) -> bool {
    record.iter().all(|(name, node)| name.is_ascii() && !matches!(node, Node::Record(fields) if !is_plain(fields)))
}

fn record(value: &Value) -> Option<BTreeMap<String, Node>> {
    value.as_object()?.iter().map(|(name, value)| Some((name.clone(), Node::from_json(value)?))).collect()
}

impl Node {
    fn from_json(value: &Value) -> Option<Self> {
        let term = match value {
            Value::String(text) => Term::text(text),
            Value::Number(number) => Term::Integer(number.as_i64()?),
            Value::Bool(boolean) => Term::Boolean(*boolean),
            Value::Array(_) => Term::from_json(super::TermKind::Texts, value)?,
            Value::Object(members) => {
                if let Some(uid) = members.get("__entity") {
                    return Uid::from_json(uid).map(Self::Entity);
                }
                let Some(extension) = members.get("__extn") else { return record(value).map(Self::Record) };
                Term::from_json(super::TermKind::Instant, extension.get("arg")?)?
            }
            Value::Null => return None,
        };
        Some(Self::Term(term))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Term(Term::Text(text)) => serializer.serialize_str(text),
            Self::Term(Term::Integer(number)) => serializer.serialize_i64(*number),
            Self::Term(Term::Boolean(boolean)) => serializer.serialize_bool(*boolean),
            Self::Term(Term::Instant(at)) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(
                    "__extn",
                    &BTreeMap::from([("arg", datetime(*at)), ("fn", "datetime".to_owned())]),
                )?;
                map.end()
            }
            Self::Term(Term::Texts(texts)) => {
                let mut seq = serializer.serialize_seq(Some(texts.len()))?;
                texts.iter().try_for_each(|text| seq.serialize_element(text))?;
                seq.end()
            }
            Self::Entity(uid) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("__entity", uid)?;
                map.end()
            }
            Self::Record(fields) => serializer.collect_map(fields),
        }
    }
}
