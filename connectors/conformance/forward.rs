//! A forward change: done, failed, repeated, refused.

use std::collections::BTreeSet;

use countersign_contract::{Call, Connector, Effect, Eyes, Outcome, RefusalClass, ResourceName, Scope};
use countersign_fake::Lie;
use countersign_warrant::{Answer, Finding};

use crate::Case;
use crate::world::{Tried, World, in_words, standing};

/// Done: the receipt says what the manifest promises, and an observation says the same.
pub(crate) async fn done(world: &World, case: &Case) -> Tried {
    let intent = world.intent(&case.call, case.undo.as_ref());
    if world.effect(&intent).await? != Effect::NotApplied {
        return Err("the effect is there before the attempt".to_owned());
    }
    let done = world.do_it(&intent).await?;
    let verb = world.connector.manifest().verb(&case.call.verb).ok_or("the verb is not in the manifest")?;
    let given: BTreeSet<&str> = done.applied().outputs.keys().map(String::as_str).collect();
    let promised: BTreeSet<&str> = verb.outputs.iter().copied().collect();
    if given != promised {
        return Err(format!("the outputs are {given:?}, the manifest promises {promised:?}"));
    }
    match world.effect(&intent).await? {
        Effect::Applied(applied) if applied == *done.applied() => {}
        other => return Err(format!("the receipt says {:?}, the observation {other:?}", done.applied())),
    }
    let observation = world.observe(&intent).await?;
    let listed = list_all(world).await?.contains(&case.call.resource);
    if listed != observation.exists {
        return Err(format!("observed there: {}, listed: {listed}", observation.exists));
    }
    Ok(())
}

/// All names, page by page.
async fn list_all(world: &World) -> Tried<BTreeSet<ResourceName>> {
    let mut names = BTreeSet::new();
    let mut from = None;
    loop {
        let page = world.connector.list(&Scope { kind: None }, Eyes::open(), from).await;
        let page = page.map_err(|error| format!("not listed: {error}"))?;
        if page.resources.iter().any(|name| !names.insert(name.clone())) {
            return Err("a name is listed twice".to_owned());
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(names),
        }
    }
}

/// The change was made and the answer lost: observation finds it, with what the receipt would have carried.
pub(crate) async fn failed_applied(world: &World, case: &Case) -> Tried {
    let intent = world.intent(&case.call, case.undo.as_ref());
    let open = world.fail_it(world.grant(&intent).await?, Lie::Applied).await?;
    match world.effect(&intent).await? {
        Effect::Applied(applied) => match world.settle(open, Finding::Applied(applied)).await? {
            Answer::Done(_) => Ok(()),
            other => Err(format!("the finding was answered with {other:?}")),
        },
        other => Err(format!("the change was made, and the observation says {other:?}")),
    }
}

/// The call was lost: observation finds nothing, and after the deadline the next attempt is done.
pub(crate) async fn failed_not_applied(world: &World, case: &Case) -> Tried {
    let intent = world.intent(&case.call, case.undo.as_ref());
    let open = world.fail_it(world.grant(&intent).await?, Lie::NotApplied).await?;
    match world.effect(&intent).await? {
        Effect::NotApplied => {}
        other => return Err(format!("nothing was changed, and the observation says {other:?}")),
    }
    let observed_at = open.believable_at();
    let retry = match world.settle(open, Finding::NotApplied { observed_at }).await? {
        Answer::Retry(retry) => retry,
        other => return Err(format!("the finding was answered with {other:?}")),
    };
    let receipt = world.act(world.grant_retry(retry).await?).await?;
    match receipt.outcome() {
        Outcome::Done(_) => Ok(()),
        other => Err(format!("at the second attempt {}", in_words(other))),
    }
}

/// The same intent twice: the same answer, or a conflict; never a second effect.
pub(crate) async fn repeated(world: &World, case: &Case) -> Tried {
    let intent = world.intent(&case.call, case.undo.as_ref());
    let first = world.act(world.grant(&intent).await?).await?;
    let once = standing(&world.observe(&intent).await?);
    let second = world.act(world.grant(&intent).await?).await?;
    match (first.outcome(), second.outcome()) {
        (Outcome::Done(first), Outcome::Done(second)) if first == second => {}
        (Outcome::Done(_), Outcome::Refused(refusal)) if refusal.class == RefusalClass::Conflict => {}
        (first, second) => return Err(format!("first {}, then {}", in_words(first), in_words(second))),
    }
    let twice = standing(&world.observe(&intent).await?);
    if once != twice {
        return Err(format!("once gives {once:?}, twice {twice:?}"));
    }
    Ok(())
}

/// What no verb takes is refused for good, and changes nothing.
pub(crate) async fn refused_calls(world: &World, case: &Case) -> Tried {
    let mut wrong = vec![
        Call { verb: "no_such_verb".to_owned(), ..case.call.clone() },
        with_parameter(&case.call, "no_such_parameter"),
    ];
    let verb = world.connector.manifest().verb(&case.call.verb).ok_or("the verb is not in the manifest")?;
    for name in verb.parameters.iter().filter(|parameter| parameter.required).map(|parameter| parameter.name) {
        let mut call = case.call.clone();
        call.parameters.remove(name);
        call.materials.retain(|given, _| given != name && !given.starts_with(&format!("{name}.")));
        wrong.push(call);
    }
    let before = world.observe(&world.intent(&case.call, None)).await?;
    for call in wrong {
        let intent = world.intent(&call, None);
        let receipt = world.act(world.grant(&intent).await?).await?;
        match receipt.outcome() {
            Outcome::Refused(refusal) if refusal.class == RefusalClass::Permanent && !refusal.code.is_empty() => {}
            other => return Err(format!("of `{}` with {:?} {}", call.verb, call.parameters.keys(), in_words(other))),
        }
        if world.observe(&intent).await? != before {
            return Err(format!("a refused `{}` changed something", call.verb));
        }
    }
    Ok(())
}

fn with_parameter(call: &Call, name: &str) -> Call {
    let mut call = call.clone();
    call.parameters.insert(name.to_owned(), serde_json::Value::Bool(true));
    call
}
