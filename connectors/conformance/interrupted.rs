//! An attempt that is cut off, or comes too late.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use countersign_contract::{Connector, Effect, Limits, Outcome, RefusalClass, clock};

use crate::Case;
use crate::world::{Tried, World, in_words};

/// The time that a cancelled attempt has, in milliseconds.
const DURATION_MS: u64 = 120;

/// After the deadline nothing is begun, and the target is as it was.
pub(crate) async fn overrun(world: &World, case: &Case) -> Tried {
    let intent = world.intent(&case.call, case.undo.as_ref());
    let before = world.observe(&intent).await?;
    world.journal.shift_clock(-3_600_000);
    let receipt = world.act(world.grant(&intent).await?).await?;
    match receipt.outcome() {
        Outcome::Refused(refusal) if refusal.class == RefusalClass::Transient => {}
        other => return Err(format!("an hour after the deadline {}", in_words(other))),
    }
    if world.observe(&intent).await? != before {
        return Err("something was changed after the deadline".to_owned());
    }
    Ok(())
}

/// An attempt whose future is dropped after so many polls: from the deadline on it is known whether it was applied, and that stays so.
pub(crate) async fn cancelled(world: &World, case: &Case, polls: u32) -> Tried {
    let mut intent = world.intent(&case.call, case.undo.as_ref());
    let lateness_ms = intent.call.limits.lateness_ms;
    intent.call.limits = Limits { duration_ms: DURATION_MS, lateness_ms };
    let warrant = world.grant(&intent).await?;
    let deadline = warrant.deadline();
    let completed = {
        let hands = world.hands(&intent);
        let mut attempt = pin!(world.connector.act(warrant, hands));
        let mut context = Context::from_waker(Waker::noop());
        let mut completed = false;
        for _ in 0..polls {
            completed = matches!(attempt.as_mut().poll(&mut context), Poll::Ready(_));
            if completed {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        completed
    };
    let lost = world.mint.lost();
    if lost.contains(&intent.entry) == completed {
        return Err(format!("completed: {completed}, lost warrants: {lost:?}"));
    }
    sleep_until(deadline.plus_millis(lateness_ms)).await;
    let found = world.effect(&intent).await?;
    if found == Effect::Unclear {
        return Err("after the deadline it is not known whether the change was made".to_owned());
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    let later = world.effect(&intent).await?;
    if found != later {
        return Err(format!("after the deadline {found:?}, later {later:?}"));
    }
    Ok(())
}

async fn sleep_until(at: countersign_contract::Timestamp) {
    let micros = u64::try_from(at.micros().saturating_sub(clock::now().micros())).unwrap_or(0);
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
