//! The question that a test asks of policy: what it says, and for the rest what is plainest.

use std::collections::BTreeMap;

use countersign_contract::{Kind, Manifest, Strategy, Type};
use countersign_warrant::Timestamp;
use serde_json::Value;

use super::ask::{Ask, Said};
use crate::policy::trial::{NOW_MICROS, PERSON, actions_of, plain};
use crate::policy::{MistypedError, Principal, Question, Subject, Term, TermKind};
use crate::run::bodies::TriggerKind;
use crate::workflow::errors::{Errors, Read};
use crate::workflow::tree::Node;
use crate::workflow::{codes, header, scalar, suggest};

/// What is given to all tests is looked at with each of them, and what is wrong with it told once.
pub(super) fn question(node: &Node, ask: &Ask<'_>, errors: &mut Errors<'_>) -> Read<Question> {
    let missing = |errors: &mut Errors<'_>, what: &str, help: &str| {
        errors.tell(codes::MISSING_KEY, &node.owner, format!("`{what}` is missing"), help)
    };
    let Some(action) = &ask.action else { return Err(missing(errors, "ask.action", "say what is asked for")) };
    let (Some(connector), Some(kind)) = (&ask.subject.connector, &ask.subject.kind) else {
        let what = match (&ask.subject.connector, &ask.subject.kind) {
            (None, None) => "ask.subject",
            (None, _) => "ask.subject.connector",
            (Some(_), _) => "ask.subject.kind",
        };
        return Err(missing(errors, what, "write `subject: {connector: local, kind: account}`"));
    };
    let (instance, manifest) = connector.what;
    let Some(declared) = manifest.kind(kind.what).filter(|kind| !kind.is_sink) else {
        let help = suggest::help(kind.what, manifest.kinds.iter().filter(|kind| !kind.is_sink).map(|kind| kind.name));
        let message = format!("`{instance}` has no kind `{}`", scalar::shortened(kind.what));
        return Err(errors.tell_once(codes::UNKNOWN_KIND, kind.at(connector), message, help));
    };
    let asked = action.what;
    if !actions_of(declared).any(|able| able == asked) {
        let message =
            format!("nobody can {asked} the kind `{}` of `{instance}`: no policy is ever asked about it", kind.what);
        let able: Vec<&str> = actions_of(declared).collect();
        let help = format!("ask for what the kind has a verb for: `{}`", able.join("`, `"));
        return Err(errors.tell_once(codes::NO_SUCH_PART, action.at(kind), message, help));
    }
    // WHY: what is asked of a run comes with the certificate that it would have issued.
    let issues = asked == "issue" || (asked == "rotate" && declared.strategies.contains(&Strategy::Reissue));
    let certificate = ask.certificate.clone().filter(|_| issues);
    if issues && certificate.is_none() {
        let help = "write `certificate: {profile: server, lifetime: 7d, names: [localhost]}`";
        return Err(missing(errors, "ask.certificate", help));
    }
    let now = ask.now.unwrap_or(Timestamp::from_micros(NOW_MICROS));
    let mut attributes = plain(declared, now);
    attributes.extend(attributes_of(ask, (manifest, declared, kind), errors)?);
    let resource = header::resource(node, &format!("{instance}/{}/tested", kind.what), errors)?;
    let by_person = ask.by_person.unwrap_or(true);
    Ok(Question {
        principal: if by_person {
            Principal::Person(PERSON.to_owned())
        } else {
            Principal::Workflow("tested".to_owned())
        },
        action: asked.to_owned(),
        subject: Subject {
            resource,
            connector_type: manifest.connector.to_owned(),
            tier: ask.subject.tier.clone().unwrap_or_else(|| "standard".to_owned()),
            team: ask.subject.team.clone().unwrap_or_else(|| "tested".to_owned()),
            attributes,
        },
        verb: ask.verb.clone().unwrap_or_else(|| "tested".to_owned()),
        sink: None,
        trigger: ask.trigger.unwrap_or(TriggerKind::Request),
        inputs: ask.inputs.iter().map(|(name, (term, _))| (name.clone(), term.clone())).collect(),
        facts: ask.facts,
        certificate,
        added: BTreeMap::new(),
        now,
    })
}

/// The attributes that the kind has, each of its type; all errors are told.
fn attributes_of(
    ask: &Ask<'_>,
    (manifest, kind, said): (&Manifest, &Kind, &Said<'_, &str>),
    errors: &mut Errors<'_>,
) -> Read<BTreeMap<String, Term>> {
    let mut attributes = BTreeMap::new();
    let mut told = Ok(());
    for (name, attribute) in &ask.subject.attributes {
        let Some(declared) = kind.attributes.iter().find(|one| one.name == name.as_str()) else {
            let help = suggest::help(name, kind.attributes.iter().map(|one| one.name));
            let mut message =
                format!("`{}/{}` has no attribute `{}`", manifest.connector, kind.name, scalar::shortened(name));
            let mut at = &attribute.node.owner;
            if attribute.is_given && !said.is_given {
                message.push_str(", which is given to all tests");
                at = &said.node.span;
            }
            told = Err(errors.tell_once(codes::UNKNOWN_ATTRIBUTE, at, message, help));
            continue;
        };
        let Some(of) = TermKind::of(declared.kind).filter(|_| !declared.secret) else { continue };
        if let (Type::Word(words), Value::String(word)) = (declared.kind, &attribute.what)
            && !words.contains(&word.as_str())
        {
            let message = format!("`{name}` is never `{}`", scalar::shortened(word));
            let help = suggest::help(word, words.iter().copied());
            told = Err(errors.tell_once(codes::UNKNOWN_WORD, attribute.at(said), message, help));
            continue;
        }
        if let Some(term) = Term::from_json(of, &attribute.what) {
            attributes.insert(name.clone(), term);
        } else {
            let message = MistypedError { name: name.clone(), kind: of }.to_string();
            let help = "give it the type that its manifest says";
            told = Err(errors.tell_once(codes::TYPE_MISMATCH, attribute.at(said), message, help));
        }
    }
    told.map(|()| attributes)
}
