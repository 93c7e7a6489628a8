//! The undo of a change: it brings back what was there, once, and its own failures are told apart.

use countersign_contract::{Connector, Effect, Outcome, RefusalClass, Reversibility};
use countersign_fake::Lie;
use countersign_warrant::{Answer, DoneIntent, Finding};

use crate::Case;
use crate::world::{Tried, World, in_words, standing};

/// The planned undo of the case; none for an irreversible verb.
fn is_reversible(world: &World, case: &Case) -> Tried<bool> {
    let verb = world.connector.manifest().verb(&case.call.verb).ok_or("the verb is not in the manifest")?;
    match (verb.reversibility, &case.undo) {
        (Reversibility::Irreversible, None) => Ok(false),
        (Reversibility::UndoneBy(by), Some(undo)) if undo.verb == by && undo.resource == case.call.resource => Ok(true),
        (said, undo) => Err(format!("the manifest says {said:?}, the case plans {undo:?}")),
    }
}

async fn do_forward(world: &World, case: &Case) -> Tried<DoneIntent> {
    world.do_it(&world.intent(&case.call, case.undo.as_ref())).await
}

/// After the undo the target stands as before.
pub(crate) async fn undone(world: &World, case: &Case) -> Tried {
    if !is_reversible(world, case)? {
        return Ok(());
    }
    let looked_at = world.intent(&case.call, case.undo.as_ref());
    let before = standing(&world.observe(&looked_at).await?);
    let warrant = world.grant_undo(do_forward(world, case).await?).await?;
    let intent = warrant.intent().clone();
    if world.effect(&intent).await? != Effect::NotApplied {
        return Err("the undo's effect is there before its attempt".to_owned());
    }
    let receipt = world.act(warrant).await?;
    match world.record(receipt).await?.answer {
        Answer::Undone(_) => {}
        other => return Err(format!("the undo ended with {other:?}")),
    }
    let after = standing(&world.observe(&looked_at).await?);
    if before != after {
        return Err(format!("before {before:?}, after the undo {after:?}"));
    }
    match world.effect(&intent).await? {
        Effect::Applied(_) => Ok(()),
        other => Err(format!("the undo is done, and the observation says {other:?}")),
    }
}

/// A second undo of the same change changes nothing.
pub(crate) async fn undone_twice(world: &World, case: &Case) -> Tried {
    if !is_reversible(world, case)? {
        return Ok(());
    }
    let done = do_forward(world, case).await?;
    let forward = done.intent().entry.clone();
    let intent = {
        let warrant = world.grant_undo(done).await?;
        let intent = warrant.intent().clone();
        let receipt = world.act(warrant).await?;
        if !matches!(receipt.outcome(), Outcome::Done(_)) {
            return Err(in_words(receipt.outcome()));
        }
        intent
    };
    let once = standing(&world.observe(&intent).await?);
    // The receipt was not recorded, as after a crash; and the target showed an old state to whoever looked.
    let recovered = world.mint.recover(world.fence().run).await.map_err(|error| error.to_string())?;
    let open = recovered.open.into_iter().find(|open| open.intent().entry == intent.entry);
    let open = open.ok_or("the undo is not known as open")?;
    let observed_at = open.believable_at();
    let done = match world.settle(open, Finding::NotApplied { observed_at }).await? {
        Answer::UndoAgain(done) if done.intent().entry == forward => done,
        other => return Err(format!("the finding was answered with {other:?}")),
    };
    let warrant = world.grant_undo(done).await?;
    let receipt = world.act(warrant).await?;
    match receipt.outcome() {
        Outcome::Done(_) => {}
        Outcome::Refused(refusal) if matches!(refusal.class, RefusalClass::Conflict | RefusalClass::NotFound) => {}
        other => return Err(in_words(other)),
    }
    let twice = standing(&world.observe(&intent).await?);
    if once == twice { Ok(()) } else { Err(format!("once gives {once:?}, twice {twice:?}")) }
}

/// The undo was made and its answer lost.
pub(crate) async fn failed_applied(world: &World, case: &Case) -> Tried {
    if !is_reversible(world, case)? {
        return Ok(());
    }
    let warrant = world.grant_undo(do_forward(world, case).await?).await?;
    let intent = warrant.intent().clone();
    let open = world.fail_it(warrant, Lie::Applied).await?;
    match world.effect(&intent).await? {
        Effect::Applied(applied) => match world.settle(open, Finding::Applied(applied)).await? {
            Answer::Undone(_) => Ok(()),
            other => Err(format!("the finding was answered with {other:?}")),
        },
        other => Err(format!("the undo was made, and the observation says {other:?}")),
    }
}

/// The call of the undo was lost: it is granted again, and done.
pub(crate) async fn failed_not_applied(world: &World, case: &Case) -> Tried {
    if !is_reversible(world, case)? {
        return Ok(());
    }
    let warrant = world.grant_undo(do_forward(world, case).await?).await?;
    let intent = warrant.intent().clone();
    let open = world.fail_it(warrant, Lie::NotApplied).await?;
    match world.effect(&intent).await? {
        Effect::NotApplied => {}
        other => return Err(format!("nothing was undone, and the observation says {other:?}")),
    }
    let observed_at = open.believable_at();
    let done = match world.settle(open, Finding::NotApplied { observed_at }).await? {
        Answer::UndoAgain(done) => done,
        other => return Err(format!("the finding was answered with {other:?}")),
    };
    let receipt = world.act(world.grant_undo(done).await?).await?;
    match receipt.outcome() {
        Outcome::Done(_) => Ok(()),
        other => Err(format!("at the second attempt {}", in_words(other))),
    }
}
