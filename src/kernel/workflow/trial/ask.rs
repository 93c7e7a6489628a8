//! What a test asks, as far as the file says it.

use std::collections::BTreeMap;
use std::ops::Range;

use countersign_contract::Manifest;
use countersign_warrant::Timestamp;
use serde_json::Value;

use crate::policy::{Certificate, Facts, Term};
use crate::run::bodies::TriggerKind;
use crate::workflow::errors::{Errors, Read};
use crate::workflow::issue::KEYS;
use crate::workflow::model::{KeyAlgorithm, Profile};
use crate::workflow::table::{Table, each, items, named};
use crate::workflow::tree::{Content, Node};
use crate::workflow::{Known, codes, header, scalar, suggest};

pub(in crate::workflow) const ACTIONS: [(&str, &str); 5] = [
    ("provision", "provision"),
    ("issue", "issue"),
    ("rotate", "rotate"),
    ("deprovision", "deprovision"),
    ("revoke", "revoke"),
];
pub(in crate::workflow) const TRIGGERS: [(&str, TriggerKind); 5] = [
    ("request", TriggerKind::Request),
    ("schedule", TriggerKind::Schedule),
    ("expiry", TriggerKind::Expiry),
    ("event", TriggerKind::Event),
    ("emergency", TriggerKind::Emergency),
];
pub(in crate::workflow) const PROFILES: [(&str, Profile); 2] = [("ca", Profile::Ca), ("server", Profile::Server)];
pub(in crate::workflow) const ASKERS: [(&str, bool); 2] = [("person", true), ("workflow", false)];

/// Live versions of a fact at most.
pub(in crate::workflow) const LIVE_MAX: u32 = u32::MAX;

/// Something that the file says.
#[derive(Clone)]
pub(super) struct Said<'n, T> {
    pub(super) what: T,
    pub(super) node: &'n Node,
    /// True where it is given to all tests of the file.
    pub(super) is_given: bool,
}

impl<T> Said<'_, T> {
    /// The place to mark when this and `other` do not go together: this one, unless only the other is the test's own.
    pub(super) fn at<'s, U>(&'s self, other: &'s Said<'_, U>) -> &'s Range<usize> {
        if self.is_given && !other.is_given { &other.node.span } else { &self.node.span }
    }
}

/// Inputs, each with the place of its name.
pub(super) type Inputs = BTreeMap<String, (Term, Range<usize>)>;

/// What is asked.
#[derive(Clone, Default)]
pub(super) struct Ask<'n> {
    pub(super) action: Option<Said<'n, &'static str>>,
    pub(super) subject: SubjectSaid<'n>,
    pub(super) by_person: Option<bool>,
    pub(super) verb: Option<String>,
    pub(super) trigger: Option<TriggerKind>,
    pub(super) now: Option<Timestamp>,
    pub(super) inputs: Inputs,
    pub(super) facts: Facts,
    pub(super) certificate: Option<Certificate>,
}

/// On which subject.
#[derive(Clone, Default)]
pub(super) struct SubjectSaid<'n> {
    pub(super) connector: Option<Said<'n, (&'n str, &'n Manifest)>>,
    pub(super) kind: Option<Said<'n, &'n str>>,
    pub(super) tier: Option<String>,
    pub(super) team: Option<String>,
    pub(super) attributes: BTreeMap<String, Said<'n, Value>>,
}

/// Reads what is asked, over what was asked already.
pub(super) fn ask<'n>(
    node: &'n Node,
    over: &Ask<'n>,
    is_given: bool,
    known: &Known<'n>,
    errors: &mut Errors<'_>,
) -> Read<Ask<'n>> {
    let mut table = Table::of(node, "{action: rotate, subject: {connector: local, kind: account}}", errors)?;
    let action = table
        .take("action")
        .map(|node| scalar::word(node, &ACTIONS, &[], errors).map(|what| Said { what, node, is_given }));
    let subject = table.take("subject").map(|node| subject(node, &over.subject, is_given, known, errors));
    let by = table.take("by").map(|node| scalar::word(node, &ASKERS, &[], errors));
    let verb = table.take("verb").map(|node| verb(node, known, errors));
    let trigger = table.take("trigger").map(|node| scalar::word(node, &TRIGGERS, &[], errors));
    let now = table.take("now").map(|node| instant(node, errors));
    let inputs = table.take("inputs").map_or(Ok(Inputs::new()), |node| inputs(node, errors));
    let facts = table.take("facts").map_or(Ok(over.facts), |node| facts(node, over.facts, errors));
    let certificate = table.take("certificate").map(|node| certificate(node, errors));
    table.done(&[], errors)?;
    let mut all = over.inputs.clone();
    all.extend(inputs?);
    Ok(Ask {
        action: action.transpose()?.or_else(|| over.action.clone()),
        subject: subject.transpose()?.unwrap_or_else(|| over.subject.clone()),
        by_person: by.transpose()?.or(over.by_person),
        verb: verb.transpose()?.or_else(|| over.verb.clone()),
        trigger: trigger.transpose()?.or(over.trigger),
        now: now.transpose()?.or(over.now),
        inputs: all,
        facts: facts?,
        certificate: certificate.transpose()?.or_else(|| over.certificate.clone()),
    })
}

fn subject<'n>(
    node: &'n Node,
    over: &SubjectSaid<'n>,
    is_given: bool,
    known: &Known<'n>,
    errors: &mut Errors<'_>,
) -> Read<SubjectSaid<'n>> {
    let mut table = Table::of(node, "{connector: local, kind: account, attributes: {..}}", errors)?;
    let connector = table
        .take("connector")
        .map(|node| header::connector(node, known, errors).map(|what| Said { what, node, is_given }));
    let kind = table.take("kind").map(|node| scalar::text(node, errors).map(|what| Said { what, node, is_given }));
    let tier = table.take("tier").map(|node| scalar::name(node, errors).map(str::to_owned));
    let team = table.take("team").map(|node| scalar::name(node, errors).map(str::to_owned));
    let attributes = table.take("attributes").map_or(Ok(Vec::new()), |node| values(node, errors));
    table.done(&[], errors)?;
    let mut all = over.attributes.clone();
    all.extend(attributes?.into_iter().map(|(name, node, what)| (name.to_owned(), Said { what, node, is_given })));
    Ok(SubjectSaid {
        connector: connector.transpose()?.or_else(|| over.connector.clone()),
        kind: kind.transpose()?.or_else(|| over.kind.clone()),
        tier: tier.transpose()?.or_else(|| over.tier.clone()),
        team: team.transpose()?.or_else(|| over.team.clone()),
        attributes: all,
    })
}

/// A verb of one of the connectors.
fn verb(node: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<String> {
    let text = scalar::text(node, errors)?;
    let verbs = known.connectors.values().flat_map(|manifest| &manifest.verbs).map(|verb| verb.name);
    let verbs: std::collections::BTreeSet<&str> = verbs.collect();
    if verbs.contains(text) {
        return Ok(text.to_owned());
    }
    let message = format!("no connector has a verb `{}`", scalar::shortened(text));
    Err(errors.tell(codes::UNKNOWN_VERB, &node.span, message, suggest::help(text, verbs.iter().copied())))
}

fn certificate(node: &Node, errors: &mut Errors<'_>) -> Read<Certificate> {
    let mut table = Table::of(node, "{profile: server, lifetime: 7d, names: [localhost]}", errors)?;
    let profile =
        table.need("profile", "server", errors).and_then(|node| scalar::word(node, &PROFILES, &["client"], errors));
    let lifetime = table.need("lifetime", "7d", errors).and_then(|node| scalar::some_secs(node, errors));
    let names = table.take("names").map_or(Ok(Vec::new()), |node| {
        each(items(node, "[localhost]", errors)?, |item| scalar::text(item, errors).map(str::to_owned))
    });
    let key = table.take("key").map_or(Ok(KeyAlgorithm::P256), |node| scalar::word(node, &KEYS, &[], errors));
    let issuer = table.take("issuer").map(|node| header::resource(node, scalar::text(node, errors)?, errors));
    table.done(&[], errors)?;
    Ok(Certificate {
        profile: profile?,
        lifetime_secs: lifetime?,
        names: names?.into_iter().collect(),
        key: key?,
        issuer: issuer.transpose()?,
    })
}

fn facts(node: &Node, over: Facts, errors: &mut Errors<'_>) -> Read<Facts> {
    let mut table = Table::of(node, "{exists: true, live_versions: 1}", errors)?;
    let exists = table.take("exists").map(|node| boolean(node, errors));
    let live = table.take("live_versions").map(|node| scalar::count(node, 0..=LIVE_MAX, errors));
    let oldest = table.take("oldest_created_at").map(|node| instant(node, errors));
    let expires = table.take("expires_at").map(|node| instant(node, errors));
    table.done(&[], errors)?;
    Ok(Facts {
        exists: exists.transpose()?.or(over.exists),
        live_versions: live.transpose()?.or(over.live_versions),
        oldest_created_at: oldest.transpose()?.or(over.oldest_created_at),
        expires_at: expires.transpose()?.or(over.expires_at),
    })
}

fn boolean(node: &Node, errors: &mut Errors<'_>) -> Read<bool> {
    match node.content {
        Content::Boolean(boolean) => Ok(boolean),
        _ => Err(errors.wrong_type(node, "true or false", "write one of these, without quotes")),
    }
}

fn instant(node: &Node, errors: &mut Errors<'_>) -> Read<Timestamp> {
    let text = scalar::text(node, errors)?;
    text.parse().map_err(|_| {
        let message = format!("`{}` is not an instant", scalar::shortened(text));
        errors.tell(codes::BAD_INSTANT, &node.span, message, "write RFC 3339, such as `2026-06-01T00:00:00Z`")
    })
}

/// Inputs: text, whole numbers, true or false.
fn inputs(node: &Node, errors: &mut Errors<'_>) -> Read<Inputs> {
    let mut inputs = Inputs::new();
    let mut told = Ok(());
    for (name, _, value) in named(node, "{name: value}", errors)? {
        if let Some(term) = single(value).as_ref().and_then(Term::of_input) {
            inputs.insert(name.to_owned(), (term, value.owner.clone()));
        } else {
            let wanted = "text, a whole number, true or false";
            told = Err(errors.wrong_type(value, wanted, "write one of these: inputs are nothing else"));
        }
    }
    told.map(|()| inputs)
}

/// Attributes: the same, and lists of texts.
fn values<'n>(node: &'n Node, errors: &mut Errors<'_>) -> Read<Vec<(&'n str, &'n Node, Value)>> {
    let mut values = Vec::new();
    let mut told = Ok(());
    for (name, _, value) in named(node, "{name: value}", errors)? {
        let read = match (&value.content, single(value)) {
            (_, Some(value)) => Ok(value),
            (Content::List(texts), _) => {
                each(texts, |text| scalar::text(text, errors).map(Value::from)).map(Value::Array)
            }
            _ => Err(errors.wrong_type(value, "text, a whole number, true or false", "write one of these")),
        };
        match read {
            Ok(read) => values.push((name, value, read)),
            Err(because) => told = Err(because),
        }
    }
    told.map(|()| values)
}

fn single(node: &Node) -> Option<Value> {
    match &node.content {
        Content::Text(text) => Some(Value::from(text.as_str())),
        Content::Integer(number) => Some(Value::from(*number)),
        Content::Boolean(boolean) => Some(Value::from(*boolean)),
        _ => None,
    }
}
