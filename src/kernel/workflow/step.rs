//! Reads the steps: first what references and proofs need of each, then each whole.

use countersign_contract::{Kind, Part, SecretKind};

use super::codes;
use super::errors::{Errors, Read};
use super::model::{DeprovisionStep, EvidenceStep, PolicyStep, Reference, Step, StepKind, WaitStep};
use super::parameter::{context_value, templates};
use super::scalar;
use super::scope::{Outline, Reach, Scope, Spot, Whose};
use super::table::{Table, each, items, tell_later};
use super::template::whole;
use super::tree::{Content, Node};
use super::{again, condition, delivery, issue, leaves, notify, provision, revoke, rotate, suggest, uses};
use crate::diagnostic::with_article;

/// The step kinds of this version.
pub(super) const KINDS: [&str; 11] =
    ["policy", "provision", "issue", "rotate", "deprovision", "revoke", "uses", "check", "wait", "notify", "evidence"];

/// The step kinds of versions to come.
const LATER_KINDS: [&str; 3] = ["approval", "exception", "gate"];

/// What is known of each step before it is read.
pub(super) fn outlines(nodes: &[Node], whose: Read<Whose<'_>>, errors: &mut Errors<'_>) -> Vec<Outline> {
    let mut outlines: Vec<Outline> = Vec::new();
    for node in nodes {
        let mut found = outline(node, whose, errors);
        if let Ok(id) = &found.id
            && outlines.iter().any(|earlier| earlier.id.as_ref() == Ok(id))
        {
            let message = format!("a step before this one has the id `{id}`, too");
            found.id = Err(errors.tell(codes::DUPLICATE_STEP, &found.at, message, "give each step an id of its own"));
        }
        outlines.push(found);
    }
    outlines
}

fn outline(node: &Node, whose: Read<Whose<'_>>, errors: &mut Errors<'_>) -> Outline {
    let mut table = match Table::of(node, "- id: gate", errors) {
        Ok(table) => table,
        Err(told) => {
            return Outline { id: Err(told), kind: Err(told), fits: Err(told), when: None, at: node.span.clone() };
        }
    };
    let id_node = table.need("id", "gate", errors);
    let id = id_node.and_then(|node| {
        let name = scalar::name(node, errors)?;
        name.parse().map_err(|_| errors.tell(codes::BAD_NAME, &node.span, "this is not a step id", "use letters"))
    });
    let at = id_node.map_or_else(|_| node.span.clone(), |node| node.span.clone());
    let kind = kind(node, errors);
    let fits = kind.and_then(|kind| table.take(kind).map_or(Ok(()), |body| check_fit(body, kind, whose?, errors)));
    let when = condition::outline(node).map(str::to_owned);
    Outline { id, kind, fits, when, at }
}

/// The one kind that a step says.
fn kind(node: &Node, errors: &mut Errors<'_>) -> Read<&'static str> {
    let Content::Map(entries) = &node.content else {
        return Err(errors.wrong_type(node, "a mapping", "write `- id: gate`"));
    };
    let keys = || entries.iter().filter_map(|(key, _)| Some((key, key.content.text()?)));
    if let Some((key, word)) = keys().find(|(_, word)| LATER_KINDS.contains(word)) {
        return Err(tell_later(word, &key.span, errors));
    }
    let said: Vec<&'static str> = KINDS.into_iter().filter(|kind| keys().any(|(_, word)| word == *kind)).collect();
    match said.as_slice() {
        [only] => Ok(only),
        [] => {
            let near = keys()
                .filter(|(_, word)| *word != "id")
                .find_map(|(key, word)| suggest::nearest(word, KINDS).map(|near| (key, near)));
            let at = near.map_or(&node.span, |(key, _)| &key.span);
            let help = near.map_or_else(
                || format!("one of `{}`", KINDS.join("`, `")),
                |(_, near)| format!("did you mean `{near}`?"),
            );
            Err(errors.tell(codes::STEP_KIND, at, "this step says no kind", help))
        }
        [first, second, ..] => {
            let message = format!("this step is both `{first}` and `{second}`");
            Err(errors.tell(codes::STEP_KIND, &node.span, message, "make two steps of it"))
        }
    }
}

/// Reads one step whole.
pub(super) fn step(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Step> {
    let outline = &scope.outlines[scope.here];
    let kind = outline.kind;
    let mut table = Table::of(node, "- id: gate", errors)?;
    let _ = (table.take("id"), table.take("needs"), table.take("on_failure"));
    let when = table.take("when").map(|node| condition::when(node, scope, errors)).transpose();
    let retry = table.take("retry").map(|node| again::retry(node, scope, errors)).transpose();
    let timeout = table.take("timeout").map(|node| Ok((again::timeout(node, scope, errors)?, node))).transpose();
    let leaves = table.take("leaves").map_or(Ok(Vec::new()), |node| leaves::leaves(node, scope, errors));
    let with = table.take("with");
    let body = kind.ok().and_then(|kind| table.take(kind));
    // WHY: a step without a readable kind has been told; which keys belong to it cannot be judged then.
    let done = if kind.is_ok() { table.done(&[], errors) } else { Ok(()) };
    let kind = match (kind?, body) {
        ("policy", Some(node)) => policy(node, scope, errors).map(StepKind::Policy),
        ("provision", Some(node)) => provision::provision(node, scope, errors).map(StepKind::Provision),
        ("issue", Some(node)) => issue::issue(node, scope, errors).map(StepKind::Issue),
        ("rotate", Some(node)) => rotate::rotate(node, scope, errors),
        ("deprovision", Some(node)) => deprovision(node, errors).map(StepKind::Deprovision),
        ("revoke", Some(node)) => revoke::revoke(node, scope, errors).map(StepKind::Revoke),
        ("check", Some(node)) => delivery::check_step(node, scope, errors).map(StepKind::Check),
        ("uses", Some(node)) => uses::uses(node, with, scope, errors).map(StepKind::Uses),
        ("notify", Some(node)) => notify::notify(node, scope, errors).map(StepKind::Notify),
        ("wait", Some(node)) => wait(node, errors).map(StepKind::Wait),
        (_, Some(node)) => evidence(node, scope, errors).map(StepKind::Evidence),
        (_, None) => Err(errors.tell(codes::STEP_KIND, &node.span, "this step says no kind", "add one")),
    };
    let with = match (outline.kind, with) {
        (Ok(kind), Some(node)) if kind != "uses" => {
            let message = format!("{} step has its keys below `{kind}`", with_article(kind));
            Err(errors.tell(
                codes::KEY_NOT_HERE,
                &node.owner,
                message,
                format!("write it below `{kind}`, or take it out"),
            ))
        }
        _ => Ok(()),
    };
    done.and(with)?;
    outline.fits?;
    let (kind, retry, timeout) = (kind?, retry?, timeout?);
    if let Some((ms, node)) = timeout {
        again::prove(node, ms, &kind, retry, errors)?;
    }
    let line = errors.text().get(..node.span.start).unwrap_or_default().matches('\n').count() + 1;
    let after = scope.after.and_then(|after| after.get(scope.here)).into_iter().flatten();
    let after = after.filter_map(|at| scope.outlines.get(*at)?.id.clone().ok()).collect();
    let timeout_ms = timeout.map(|(ms, _)| ms);
    let failed = scope.failed.and_then(|failed| failed.get(scope.here).copied().flatten());
    let on_failure = failed.and_then(|at| scope.outlines.get(at)?.id.clone().ok());
    let (id, leaves) = (outline.id.clone()?, leaves?);
    Ok(Step { id, kind, when: when?, retry, timeout_ms, leaves, after, on_failure, line })
}

/// The action that a policy step judges, as far as it can be read.
pub(super) fn action(node: &Node, errors: &mut Errors<'_>) -> Read<&'static str> {
    let mut table = Table::of(node, "policy: {action: rotate}", errors)?;
    let words = ["provision", "issue", "rotate", "deprovision", "revoke"].map(|word| (word, word));
    let node = table.need("action", "rotate", errors)?;
    scalar::word(node, &words, &[], errors)
}

fn policy(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<PolicyStep> {
    let action = action(node, errors);
    let mut table = Table::of(node, "policy: {action: rotate}", errors)?;
    let _ = table.take("action");
    let place = format!("steps[{}].policy.context", scope.here);
    let context = table.take("context").map_or(Ok(std::collections::BTreeMap::new()), |node| {
        templates(node, (&place, Reach::Plan, false), scope, errors, context_value)
    });
    table.done(&[], errors)?;
    Ok(PolicyStep { action: action?.to_owned(), context: context? })
}

fn deprovision(node: &Node, errors: &mut Errors<'_>) -> Read<DeprovisionStep> {
    let mut table = Table::of(node, "deprovision: {observe: 30d}", errors)?;
    let observe = table.need("observe", "30d", errors).and_then(|node| scalar::duration_ms(node, errors));
    table.done(&[], errors)?;
    Ok(DeprovisionStep { observe_ms: observe? })
}

fn wait(node: &Node, errors: &mut Errors<'_>) -> Read<WaitStep> {
    let mut table = Table::of(node, "wait: {for: 10m}", errors)?;
    let ms = table.need("for", "10m", errors).and_then(|node| scalar::some_ms(node, errors));
    table.done(&["until"], errors)?;
    Ok(WaitStep { ms: ms? })
}

fn evidence(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<EvidenceStep> {
    let mut table = Table::of(node, "evidence: {retain: 7y}", errors)?;
    let attach = table.take("attach").map_or(Ok(Vec::new()), |node| attach(node, scope, errors));
    let retain = table.need("retain", "7y", errors).and_then(|node| scalar::some_secs(node, errors));
    table.done(&[], errors)?;
    Ok(EvidenceStep { attach: attach?, retain_secs: retain? })
}

fn attach(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Vec<Reference>> {
    let mut number = 0..;
    each(items(node, "[\"${{ steps.rotate.version }}\"]", errors)?, |item| {
        let place = format!("steps[{}].evidence.attach[{}]", scope.here, number.next().unwrap_or_default());
        let spot = Spot { at: &item.span, place: &place, reach: Reach::Earlier, takes_secret: false };
        whole(item, spot, scope, errors)
    })
}

/// Refuses a change that the subject's kind has no verbs for, or a certificate for what has no key pair.
fn check_fit(body: &Node, step: &str, whose: Whose<'_>, errors: &mut Errors<'_>) -> Read<()> {
    let parts: &[Part] = match step {
        "provision" => &[Part::Provision],
        "rotate" | "uses" => &[],
        "deprovision" => &[Part::Disable, Part::Deprovision],
        "issue" => &[Part::Issue],
        "revoke" => &[Part::Revoke],
        _ => return Ok(()),
    };
    let is_able = |kind: &&Kind| {
        kind.secret.is_some_and(|secret| step != "issue" || secret.kind == SecretKind::KeyPair)
            && parts.iter().all(|part| kind.verb_for(*part).is_some())
            && (!matches!(step, "rotate" | "uses") || !kind.strategies.is_empty())
    };
    if is_able(&whose.kind) {
        return Ok(());
    }
    let able: Vec<&str> = whose.manifest.kinds.iter().filter(is_able).map(|kind| kind.name).collect();
    let help = match able.as_slice() {
        [] => format!("use another connector: `{}` can do it with none of its kinds", whose.connector),
        [..] => format!("`{}` can do it with `{}`", whose.connector, able.join("`, `")),
    };
    let message = format!("`{}` cannot {step} the kind `{}`", whose.connector, whose.kind.name);
    Err(errors.tell(codes::NO_SUCH_PART, &body.owner, message, help))
}
