//! Every way in which a case is tried.

use crate::world::{Tried, World};
use crate::{Case, Fixture, canary, forward, interrupted, reverse};

/// Tries one case in every way; each on a fixture of its own.
pub(crate) async fn tries(fixture: &(dyn Fn() -> Fixture + Sync), case: &Case) -> Vec<(&'static str, Tried)> {
    macro_rules! on_fresh {
        ($name:literal, $check:path) => {
            ($name, Box::pin(async { $check(&World::new(fixture(), case).await?, case).await }).await)
        };
    }
    let mut tried = vec![
        on_fresh!("done", forward::done),
        on_fresh!("failed, applied", forward::failed_applied),
        on_fresh!("failed, not applied", forward::failed_not_applied),
        on_fresh!("repeated", forward::repeated),
        on_fresh!("refused calls", forward::refused_calls),
        on_fresh!("overrun", interrupted::overrun),
        on_fresh!("material", canary::no_material),
        on_fresh!("undone", reverse::undone),
        on_fresh!("undone twice", reverse::undone_twice),
        on_fresh!("undo failed, applied", reverse::failed_applied),
        on_fresh!("undo failed, not applied", reverse::failed_not_applied),
    ];
    let cancelled =
        |polls| Box::pin(async move { interrupted::cancelled(&World::new(fixture(), case).await?, case, polls).await });
    let (never, once, twice, thrice) = tokio::join!(cancelled(0), cancelled(1), cancelled(2), cancelled(3));
    tried.extend([never, once, twice, thrice].map(|result| ("cancelled", result)));
    tried
}
