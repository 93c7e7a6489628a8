//! Whether a question is about an intent: what was judged must be what is done.

use countersign_warrant::Intent;

use super::question::{Question, profile_word};
use super::{PolicySet, Term, schema};

/// The first thing in which they differ, as a sentence; `None` when the question is about the intent.
// INVARIANT: inv:I4 an allow for one change never serves another.
pub(super) fn difference(set: &PolicySet, question: &Question, intent: &Intent) -> Option<String> {
    let subject = &question.subject.resource;
    let resource = question.sink.as_ref().unwrap_or(subject);
    let named = [
        ("action", question.action.as_str(), intent.action.as_str()),
        ("subject", subject.as_str(), intent.subject.as_str()),
        ("verb", question.verb.as_str(), intent.call.verb.as_str()),
        ("resource", resource.as_str(), intent.call.resource.as_str()),
        ("connector", resource.connector(), intent.call.connector.as_str()),
    ];
    let differing = named.into_iter().find(|(_, asked, meant)| asked != meant);
    differing
        .map(|(what, asked, meant)| format!("its {what} is `{asked}`, not `{meant}`"))
        .or_else(|| values(set, question, intent))
}

/// The requested attributes, and the certificate, where the call takes parameters of these names.
fn values(set: &PolicySet, question: &Question, intent: &Intent) -> Option<String> {
    if question.sink.is_some() {
        return None;
    }
    let parameters = &intent.call.parameters;
    let asked = |name: &str| parameters.get(name).filter(|value| !value.is_null());
    let differs = |name: &str, term: &Term| {
        let value = asked(name)?;
        (Term::from_json(term.kind(), value).as_ref() != Some(term)).then(|| format!("its `{name}` is another"))
    };
    let subject = &question.subject;
    if question.action == "provision" {
        let kind = schema::entity_type(&subject.connector_type, subject.resource.kind());
        let unjudged = set
            .attributes
            .get(&kind)
            .into_iter()
            .flatten()
            .find(|name| asked(name).is_some() && !subject.attributes.contains_key(**name));
        let unjudged = unjudged.map(|name| format!("it says nothing of `{name}`"));
        return unjudged.or_else(|| subject.attributes.iter().find_map(|(name, term)| differs(name, term)));
    }
    let certificate = question.certificate.as_ref()?;
    let lifetime = Term::Integer(i64::try_from(certificate.lifetime_secs).unwrap_or(i64::MAX));
    differs("profile", &Term::text(profile_word(certificate.profile)))
        .or_else(|| differs("names", &Term::Texts(certificate.names.clone())))
        .or_else(|| differs("lifetime_secs", &lifetime))
}
