//! The one evaluation.

use std::collections::BTreeSet;

use cedar_policy::{AuthorizationError, Context, Entities, Entity, EntityId, EntityUid, Request, RestrictedExpression};
use countersign_warrant::{Allowed, Basis, Blob, Control, ControlResult, Decision, EntryId, Intent, Shadow, Verdict};

use super::asked::{Asked, Node, Uid, datetime};
use super::load::{PolicySet, Slice};
use super::{Question, Term, about, misfit};

/// A decision, and the bytes that its digests name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The answer.
    pub decision: Decision,
    /// Policies, schema, entities, request; in this order.
    pub blobs: Vec<Blob>,
}

/// Answers the question. Never fails: whatever goes wrong is a deny with the code `policy.error`.
// INVARIANT: inv:I8 every path asks here; there is no other evaluation.
pub fn judge(set: &PolicySet, question: &Question) -> Judgement {
    judge_asked(set, &Asked::of(question))
}

/// Judges the question, and ties an allow to the intent that it is about. The decision's blobs come along.
///
/// # Errors
/// The judgement, when it is a deny; a deny with the code `policy.error` when the question is about something else than
/// the intent.
// INVARIANT: inv:I4 the only place where an `Allowed` comes into being.
pub fn allow(
    set: &PolicySet,
    question: &Question,
    intent: Intent,
    decision_entry: EntryId,
) -> Result<(Allowed, Vec<Blob>), Box<Judgement>> {
    let mut judgement = judge(set, question);
    if let Some(difference) = about::difference(set, question, &intent) {
        judgement.decision = Decision {
            verdict: Verdict::Deny,
            code: "policy.error".to_owned(),
            policies: Vec::new(),
            reasons: Vec::new(),
            errors: vec![format!("the question is not about this intent: {difference}")],
            shadow: None,
            ..judgement.decision
        };
        return Err(Box::new(judgement));
    }
    match Allowed::judged(intent, judgement.decision.clone(), decision_entry) {
        Ok(allowed) => Ok((allowed, judgement.blobs)),
        Err(_) => Err(Box::new(judgement)),
    }
}

pub(super) fn judge_asked(set: &PolicySet, asked: &Asked) -> Judgement {
    let (entities, request, unwritten) = match asked.json() {
        Ok([entities, request]) => (entities, request, None),
        Err(error) => (Vec::new(), Vec::new(), Some(error.to_string())),
    };
    let [policies, schema] = set.blobs();
    let blobs = vec![policies, schema, Blob::new(entities), Blob::new(request)];
    let basis = Basis {
        policies: blobs[0].digest(),
        schema: blobs[1].digest(),
        entities: blobs[2].digest(),
        request: blobs[3].digest(),
    };
    let decision = match unwritten {
        Some(error) => denied_by_error(error, basis),
        None => match Prepared::of(set, asked) {
            Ok(prepared) => prepared.decide(set, basis),
            Err(error) => denied_by_error(error, basis),
        },
    };
    Judgement { decision, blobs }
}

/// Nothing was evaluated: no policy decided, and no control says anything.
fn denied_by_error(error: String, basis: Basis) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        code: "policy.error".to_owned(),
        policies: Vec::new(),
        reasons: Vec::new(),
        errors: vec![error],
        controls: Vec::new(),
        basis,
        shadow: None,
    }
}

/// What the policies of one slice answer.
struct Answer {
    verdict: Verdict,
    code: &'static str,
    /// The policies that decided.
    determining: BTreeSet<String>,
    /// Those that Cedar lists as matching, and those that could not be evaluated.
    listed: BTreeSet<String>,
    erring: BTreeSet<String>,
    errors: Vec<String>,
}

impl Answer {
    fn reasons(&self, slice: &Slice) -> Vec<String> {
        self.determining.iter().filter_map(|id| Some(slice.rules.get(id)?.reason.clone())).collect()
    }
}

/// Everything of one evaluation, in Cedar's own values, and fitting the schema.
pub(super) struct Prepared<'a> {
    pub(super) slice: &'a Slice,
    principal: EntityUid,
    resource: EntityUid,
    request: Request,
    entities: Entities,
}

impl<'a> Prepared<'a> {
    pub(super) fn of(set: &'a PolicySet, asked: &Asked) -> Result<Self, String> {
        let unfit = || format!("no policy can be about the action `{}` on `{}`", asked.action.id, asked.resource.kind);
        let slice = set.slice(&asked.action.id, &asked.resource.kind).ok_or_else(unfit)?;
        let slice = slice.emergency.as_deref().filter(|_| asked.is_emergency()).unwrap_or(slice);
        let (principal, action) = (uid(set, &asked.principal)?, uid(set, &asked.action)?);
        let resource = uid(set, &asked.resource)?;
        let attributes = asked.attributes.iter().map(|(name, node)| Ok((name.clone(), expression(set, node)?)));
        let attributes = attributes.collect::<Result<_, String>>()?;
        let entity = Entity::new(resource.clone(), attributes, std::collections::HashSet::new())
            .map_err(|error| error.to_string())?;
        let entities =
            Entities::from_entities([entity], Some(&set.schema)).map_err(|error| misfit::of_attributes(&error))?;
        let context = asked.context.iter().map(|(name, node)| Ok((name.clone(), expression(set, node)?)));
        let context = context.collect::<Result<Vec<_>, String>>()?;
        let context = Context::from_pairs(context).map_err(|error| error.to_string())?;
        let request = Request::new(principal.clone(), action.clone(), resource.clone(), context, Some(&set.schema))
            .map_err(|_| misfit::of_context(set, asked, [&principal, &action, &resource]))?;
        Ok(Self { slice, principal, resource, request, entities })
    }

    pub(super) fn decide(&self, set: &PolicySet, basis: Basis) -> Decision {
        let answer = self.answer(set, self.slice);
        let shadow = self.slice.shadow.as_deref().and_then(|slice| {
            let other = self.answer(set, slice);
            (other.verdict != answer.verdict).then(|| Shadow {
                verdict: other.verdict,
                code: other.code.to_owned(),
                reasons: other.reasons(slice),
                policies: other.determining.into_iter().collect(),
                errors: other.errors,
            })
        });
        Decision {
            verdict: answer.verdict,
            code: answer.code.to_owned(),
            reasons: answer.reasons(self.slice),
            controls: self.controls(&answer.listed, &answer.erring),
            policies: answer.determining.into_iter().collect(),
            errors: answer.errors,
            basis,
            shadow,
        }
    }

    /// The verdict without the policy of that `@id`.
    pub(super) fn without(&self, set: &PolicySet, id: &str) -> Result<Verdict, String> {
        let slice = self.slice.with_shadow();
        let in_shadow = slice.rules.get(id).is_some_and(|rule| rule.is_shadow);
        let others = slice.rules.values().filter(|rule| rule.id != id && (in_shadow || !rule.is_shadow));
        let others = others.map(|rule| (rule.id.clone(), std::sync::Arc::clone(rule))).collect();
        Ok(self.answer(set, &Slice::whole(others)?).verdict)
    }

    // INVARIANT: inv:I4 Cedar skips a policy that errs, so that an erring forbid would allow: any error is a deny.
    fn answer(&self, set: &PolicySet, slice: &Slice) -> Answer {
        let response = set.authorizer.is_authorized(&self.request, slice.policies(&self.resource), &self.entities);
        let diagnostics = response.diagnostics();
        let allowed = response.decision() == cedar_policy::Decision::Allow;
        let listed: BTreeSet<String> = diagnostics.reason().map(|id| AsRef::<str>::as_ref(id).to_owned()).collect();
        let mut errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        errors.sort();
        let erring: BTreeSet<String> = diagnostics.errors().map(|error| erring_policy(error).to_owned()).collect();
        let (verdict, code, determining) = match (allowed, erring.is_empty()) {
            (true, true) => (Verdict::Allow, "policy.allowed", listed.clone()),
            (true, false) => (Verdict::Deny, "policy.error", erring.clone()),
            (false, false) => (Verdict::Deny, "policy.error", listed.union(&erring).cloned().collect()),
            (false, true) if listed.is_empty() => (Verdict::Deny, "policy.no_match", listed.clone()),
            (false, true) => (Verdict::Deny, "policy.forbidden", listed.clone()),
        };
        Answer { verdict, code, determining, listed, erring, errors }
    }

    /// A row for each control of each policy that concerns this action and this type of resource, sorted.
    ///
    /// Cedar lists every forbid that matched, and on allow every permit that did. A policy that erred fails its
    /// controls; a permit that is not listed says nothing of them.
    fn controls(&self, listed: &BTreeSet<String>, erring: &BTreeSet<String>) -> Vec<Control> {
        let mut rows = Vec::new();
        for rule in &self.slice.controlled {
            let is_listed = listed.contains(&rule.id);
            let result = if erring.contains(&rule.id) || (rule.forbids() && is_listed) {
                ControlResult::Fail
            } else if is_listed || (rule.forbids() && rule.takes_in(&self.principal, &self.resource)) {
                ControlResult::Pass
            } else {
                ControlResult::NotApplicable
            };
            let row = |control: &String| Control { control: control.clone(), policy: rule.id.clone(), result };
            rows.extend(rule.controls.iter().map(row));
        }
        rows.sort_by(|a, b| (&a.control, &a.policy).cmp(&(&b.control, &b.policy)));
        rows
    }
}

fn erring_policy(error: &AuthorizationError) -> &str {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id().as_ref(),
    }
}

fn uid(set: &PolicySet, uid: &Uid) -> Result<EntityUid, String> {
    let kind =
        set.types.get(&uid.kind).ok_or_else(|| format!("no connector has subjects of the type `{}`", uid.kind))?;
    Ok(EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(&uid.id)))
}

pub(super) fn expression(set: &PolicySet, node: &Node) -> Result<RestrictedExpression, String> {
    Ok(match node {
        Node::Term(Term::Text(text)) => RestrictedExpression::new_string(text.clone()),
        Node::Term(Term::Integer(number)) => RestrictedExpression::new_long(*number),
        Node::Term(Term::Boolean(boolean)) => RestrictedExpression::new_bool(*boolean),
        Node::Term(Term::Instant(at)) => RestrictedExpression::new_datetime(datetime(*at)),
        Node::Term(Term::Texts(texts)) => {
            RestrictedExpression::new_set(texts.iter().cloned().map(RestrictedExpression::new_string))
        }
        Node::Entity(entity) => RestrictedExpression::new_entity_uid(uid(set, entity)?),
        Node::Record(fields) => {
            let fields = fields.iter().map(|(name, node)| Ok((name.clone(), expression(set, node)?)));
            let fields = fields.collect::<Result<Vec<_>, String>>()?;
            RestrictedExpression::new_record(fields).map_err(|error| error.to_string())?
        }
    })
}
