//! Reads tests of policies (`*.test.yaml`): the same strict text as workflows, and the same errors.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Manifest, Strategy};
use countersign_warrant::{Timestamp, Verdict};
use serde_json::Value;

use super::codes;
use super::errors::{Errors, Read};
use super::header;
use super::issue::KEYS;
use super::model::{KeyAlgorithm, Profile};
use super::table::{Table, each, items, named};
use super::tree::{Content, Node};
use super::{Known, scalar, suggest, text, tree};
use crate::diagnostic::Diagnostic;
use crate::policy::trial::{NOW_MICROS, PERSON, Trial, actions_of, plain};
use crate::policy::{Certificate, Facts, Principal, Question, Subject, Term};
use crate::run::bodies::TriggerKind;

const ACTIONS: [(&str, &str); 5] = [
    ("provision", "provision"),
    ("issue", "issue"),
    ("rotate", "rotate"),
    ("deprovision", "deprovision"),
    ("revoke", "revoke"),
];
const TRIGGERS: [(&str, TriggerKind); 4] = [
    ("request", TriggerKind::Request),
    ("schedule", TriggerKind::Schedule),
    ("expiry", TriggerKind::Expiry),
    ("event", TriggerKind::Event),
];
const PROFILES: [(&str, Profile); 2] = [("ca", Profile::Ca), ("server", Profile::Server)];
const VERDICTS: [(&str, Verdict); 2] = [("allow", Verdict::Allow), ("deny", Verdict::Deny)];
/// What an instant looks like.
const INSTANT: &str = "an instant of RFC 3339, such as `2026-06-01T00:00:00Z`";
const ASKERS: [(&str, bool); 2] = [("person", true), ("workflow", false)];

/// What is asked, as far as it is said.
#[derive(Clone, Default)]
struct Ask {
    action: Option<&'static str>,
    subject: Option<(String, String)>,
    by_person: Option<bool>,
    tier: Option<String>,
    team: Option<String>,
    verb: Option<String>,
    trigger: Option<TriggerKind>,
    now: Option<Timestamp>,
    attributes: BTreeMap<String, Value>,
    inputs: BTreeMap<String, Value>,
    facts: BTreeMap<String, Value>,
    certificate: Option<Certificate>,
}

/// Reads one file of tests. `file` is what the errors call it.
///
/// # Errors
/// Every error of the file, in the order of its text.
pub fn parse_trials(file: &str, bytes: &[u8], known: &Known<'_>) -> Result<Vec<Trial>, Vec<Diagnostic>> {
    let text = text::text_of(file, bytes).map_err(|found| vec![*found])?;
    let mut errors = Errors::new(file, text);
    let read = tree::tree_of(&mut errors).and_then(|root| trials(file, &root, known, &mut errors));
    let found = errors.into_diagnostics();
    match read {
        Ok(trials) if found.is_empty() => Ok(trials),
        Ok(_) | Err(_) => Err(found),
    }
}

fn trials(file: &str, root: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Vec<Trial>> {
    let mut table = Table::of(root, "apiVersion: countersign/v1", errors)?;
    let version = header::version_of(&mut table, "PolicyTest", errors);
    let given = table.take("given").map_or(Ok(Ask::default()), |node| ask(node, &Ask::default(), known, errors));
    let tests = table.need("tests", "[{name: .., ask: {..}, expect: allow}]", errors).and_then(|node| {
        let tests = items(node, "[{name: .., ask: {..}, expect: allow}]", errors)?;
        let given = given.clone()?;
        each(tests, |test| trial(file, test, &given, known, errors))
    });
    table.done(&[], errors)?;
    version?;
    given?;
    tests
}

fn trial(file: &str, node: &Node, given: &Ask, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Trial> {
    let mut table = Table::of(node, "{name: .., ask: {..}, expect: allow}", errors)?;
    let name = table.need("name", "a reader may be provisioned", errors);
    let name = name.and_then(|node| scalar::line(node, 200, errors).map(str::to_owned));
    let expect = table
        .need("expect", "deny", errors)
        .and_then(|node| scalar::word(node, &VERDICTS, &["needs approval"], errors));
    let shadow = table.take("shadow").map(|node| scalar::word(node, &VERDICTS, &[], errors));
    let by = table.take("by").map(|node| {
        each(items(node, "[least-privilege-level]", errors)?, |item| scalar::text(item, errors).map(str::to_owned))
    });
    let ask = table.take("ask").map_or_else(|| Ok(given.clone()), |node| self::ask(node, given, known, errors));
    table.done(&[], errors)?;
    let question = question(node, ask?, known, errors);
    let line = errors.text().get(..node.span.start).unwrap_or_default().matches('\n').count() + 1;
    let by = by.transpose()?.map(|ids| ids.into_iter().collect::<BTreeSet<String>>());
    let (expect, shadow) = (expect?, shadow.transpose()?);
    Ok(Trial { name: name?, place: (file.to_owned(), line), question: question?, expect, by, shadow })
}

fn ask(node: &Node, over: &Ask, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Ask> {
    let mut table = Table::of(node, "{action: rotate, subject: {connector: local, kind: account}}", errors)?;
    let mut ask = over.clone();
    let action = table.take("action").map(|node| scalar::word(node, &ACTIONS, &[], errors));
    let subject = table.take("subject").map(|node| subject(node, &mut ask, known, errors));
    let by = table.take("by").map(|node| scalar::word(node, &ASKERS, &[], errors));
    let verb = table.take("verb").map(|node| scalar::text(node, errors).map(str::to_owned));
    let trigger = table.take("trigger").map(|node| scalar::word(node, &TRIGGERS, &["event"], errors));
    let now = table.take("now").map(|node| instant(node, errors));
    let inputs = table.take("inputs").map_or(Ok(Vec::new()), |node| values(node, errors));
    let facts = table.take("facts").map_or(Ok(Vec::new()), |node| values(node, errors));
    let certificate = table.take("certificate").map(|node| certificate(node, errors));
    table.done(&[], errors)?;
    ask.action = action.transpose()?.or(ask.action);
    subject.transpose()?;
    ask.by_person = by.transpose()?.or(ask.by_person);
    ask.verb = verb.transpose()?.or(ask.verb);
    ask.trigger = trigger.transpose()?.or(ask.trigger);
    ask.now = now.transpose()?.or(ask.now);
    ask.inputs.extend(inputs?);
    ask.facts.extend(facts?);
    ask.certificate = certificate.transpose()?.or(ask.certificate);
    Ok(ask)
}

fn subject(node: &Node, ask: &mut Ask, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<()> {
    let mut table = Table::of(node, "{connector: local, kind: account, attributes: {..}}", errors)?;
    let connector = table.take("connector").map(|node| header::connector(node, known, errors).map(|(name, _)| name));
    let kind = table.take("kind").map(|node| scalar::text(node, errors));
    let tier = table.take("tier").map(|node| scalar::name(node, errors).map(str::to_owned));
    let team = table.take("team").map(|node| scalar::name(node, errors).map(str::to_owned));
    let attributes = table.take("attributes").map_or(Ok(Vec::new()), |node| values(node, errors));
    table.done(&[], errors)?;
    let before = ask.subject.take().unwrap_or_default();
    let connector = connector.transpose()?.map_or(before.0, str::to_owned);
    let kind = kind.transpose()?.map_or(before.1, str::to_owned);
    ask.subject = Some((connector, kind));
    ask.tier = tier.transpose()?.or(ask.tier.take());
    ask.team = team.transpose()?.or(ask.team.take());
    ask.attributes.extend(attributes?);
    Ok(())
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

fn question(node: &Node, ask: Ask, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Question> {
    let missing = |errors: &mut Errors<'_>, what: &str, help: &str| {
        errors.tell(codes::MISSING_KEY, &node.owner, format!("`{what}` is missing"), help)
    };
    let Some(action) = ask.action else { return Err(missing(errors, "ask.action", "say what is asked for")) };
    let Some((connector, kind)) = ask.subject.clone() else {
        return Err(missing(errors, "ask.subject", "write `subject: {connector: local, kind: account}`"));
    };
    let Some(manifest) = known.connectors.get(&connector) else {
        return Err(missing(errors, "ask.subject.connector", "name a connector of the settings"));
    };
    let Some(declared) = manifest.kind(&kind).filter(|kind| !kind.is_sink) else {
        let help = suggest::help(&kind, manifest.kinds.iter().filter(|kind| !kind.is_sink).map(|kind| kind.name));
        let message = format!("`{connector}` has no kind `{}`", scalar::shortened(&kind));
        return Err(errors.tell(codes::UNKNOWN_KIND, &node.owner, message, help));
    };
    if !actions_of(declared).any(|able| able == action) {
        let message =
            format!("nobody can {action} the kind `{kind}` of `{connector}`: no policy is ever asked about it");
        return Err(errors.tell(codes::NO_SUCH_PART, &node.owner, message, "ask for what the kind has a verb for"));
    }
    // WHY: what is asked of a run comes with the certificate that it would have issued.
    let issues = action == "issue" || (action == "rotate" && declared.strategies.contains(&Strategy::Reissue));
    let certificate = ask.certificate.clone().filter(|_| issues);
    if issues && certificate.is_none() {
        let help = "write `certificate: {profile: server, lifetime: 7d, names: [localhost]}`";
        return Err(missing(errors, "ask.certificate", help));
    }
    let now = ask.now.unwrap_or(Timestamp::from_micros(NOW_MICROS));
    let mut attributes = plain(declared, now);
    attributes.extend(attributes_of(node, &ask, (manifest, declared), errors)?);
    let facts = facts(node, &ask.facts, errors)?;
    let resource = header::resource(node, &format!("{connector}/{kind}/tested"), errors)?;
    let by_person = ask.by_person.unwrap_or(true);
    Ok(Question {
        principal: if by_person {
            Principal::Person(PERSON.to_owned())
        } else {
            Principal::Workflow("tested".to_owned())
        },
        action: action.to_owned(),
        subject: Subject {
            resource,
            connector_type: manifest.connector.to_owned(),
            tier: ask.tier.unwrap_or_else(|| "standard".to_owned()),
            team: ask.team.unwrap_or_else(|| "tested".to_owned()),
            attributes,
        },
        verb: ask.verb.unwrap_or_else(|| "tested".to_owned()),
        sink: None,
        trigger: ask.trigger.unwrap_or(TriggerKind::Request),
        inputs: ask.inputs.iter().filter_map(|(name, value)| Some((name.clone(), Term::of_input(value)?))).collect(),
        facts,
        certificate,
        added: BTreeMap::new(),
        now,
    })
}

fn attributes_of(
    node: &Node,
    ask: &Ask,
    (manifest, kind): (&Manifest, &countersign_contract::Kind),
    errors: &mut Errors<'_>,
) -> Read<BTreeMap<String, Term>> {
    if let Some(unknown) =
        ask.attributes.keys().find(|name| !kind.attributes.iter().any(|one| one.name == name.as_str()))
    {
        let help = suggest::help(unknown, kind.attributes.iter().map(|one| one.name));
        let message =
            format!("`{}/{}` has no attribute `{}`", manifest.connector, kind.name, scalar::shortened(unknown));
        return Err(errors.tell(codes::UNKNOWN_ATTRIBUTE, &node.owner, message, help));
    }
    Term::attributes(kind, &ask.attributes).map_err(|error| {
        errors.tell(codes::TYPE_MISMATCH, &node.owner, error.to_string(), "give it the type that its manifest says")
    })
}

fn facts(node: &Node, given: &BTreeMap<String, Value>, errors: &mut Errors<'_>) -> Read<Facts> {
    let names = ["exists", "live_versions", "oldest_created_at", "expires_at"];
    if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
        let message = format!("there is no fact `{}`", scalar::shortened(unknown));
        return Err(errors.tell(codes::UNKNOWN_KEY, &node.owner, message, suggest::help(unknown, names)));
    }
    let mut facts = Facts::default();
    for (name, value) in given {
        let at = || value.as_str().and_then(|at| at.parse().ok());
        let (is_read, wanted) = match name.as_str() {
            "exists" => {
                facts.exists = value.as_bool();
                (facts.exists.is_some(), "true or false")
            }
            "live_versions" => {
                facts.live_versions = value.as_u64().and_then(|live| u32::try_from(live).ok());
                (facts.live_versions.is_some(), "a whole number from 0 on")
            }
            "oldest_created_at" => {
                facts.oldest_created_at = at();
                (facts.oldest_created_at.is_some(), INSTANT)
            }
            _ => {
                facts.expires_at = at();
                (facts.expires_at.is_some(), INSTANT)
            }
        };
        if !is_read {
            let message = format!("the fact `{name}` has another type");
            return Err(errors.tell(codes::TYPE_MISMATCH, &node.owner, message, format!("write {wanted}")));
        }
    }
    Ok(facts)
}

fn instant(node: &Node, errors: &mut Errors<'_>) -> Read<Timestamp> {
    let text = scalar::text(node, errors)?;
    text.parse().map_err(|_| {
        let message = format!("`{}` is not an instant", scalar::shortened(text));
        errors.tell(codes::BAD_INSTANT, &node.span, message, "write RFC 3339, such as `2026-06-01T00:00:00Z`")
    })
}

/// Named values: text, whole numbers, true or false, lists of texts.
fn values(node: &Node, errors: &mut Errors<'_>) -> Read<Vec<(String, Value)>> {
    let mut values = Vec::new();
    for (name, _, value) in named(node, "{name: value}", errors)? {
        let value = match &value.content {
            Content::Text(text) => Value::from(text.as_str()),
            Content::Integer(number) => Value::from(*number),
            Content::Boolean(boolean) => Value::from(*boolean),
            Content::List(texts) => Value::Array(each(texts, |text| scalar::text(text, errors).map(Value::from))?),
            _ => return Err(errors.wrong_type(value, "text, a whole number, true or false", "write one of these")),
        };
        values.push((name.to_owned(), value));
    }
    Ok(values)
}
