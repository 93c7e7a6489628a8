//! Progress of runs: a line for each entry, and on a terminal what is being waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::plan::Plan;
use countersign_kernel::run::Run;
use countersign_kernel::run::bodies::{StartedBody, Wait, WaitBody};
use countersign_warrant::{Kind, RunId, Stamped, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::{mpsc, oneshot};

use super::plan::in_words;
use super::screen::Screen;
use super::spans::{GLUE, away, local, secs_between};
use super::tell;
use crate::clock::{Clock as _, SystemClock};
use crate::store::Store;

/// How often the time that is left is counted anew.
const COUNTED_EVERY: Duration = Duration::from_millis(500);

/// Tells entries as they are committed, until the sender is gone.
pub(super) struct Progress {
    sender: mpsc::UnboundedSender<Stamped>,
    barriers: mpsc::UnboundedSender<oneshot::Sender<()>>,
    teller: tokio::task::JoinHandle<()>,
    bar: Option<ProgressBar>,
    screen: Screen,
}

impl Progress {
    /// Begins to tell.
    ///
    /// With a store, a wait is told by the move of the plan that it is for.
    pub(super) fn start(screen: &Screen, store: Option<&Store>) -> Self {
        let (sender, mut entries) = mpsc::unbounded_channel::<Stamped>();
        let (barriers, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
        let bar = spinner(screen);
        let (own_bar, own_screen, store) = (bar.clone(), screen.clone(), store.cloned());
        let teller = tokio::spawn(async move {
            let mut names = Names::default();
            let mut awaited = Awaited::Words("looking at the target ...");
            let mut tick = tokio::time::interval(COUNTED_EVERY);
            loop {
                // WHY: biased, so that a barrier is answered only when every entry before it is told.
                tokio::select! {
                    biased;
                    entry = entries.recv() => match entry {
                        Some(entry) => {
                            tell_one(&entry, &mut names, own_bar.as_ref(), &own_screen);
                            if own_bar.is_some() {
                                awaited = Awaited::after(&entry, store.as_ref()).await;
                            }
                        }
                        None => break,
                    },
                    Some(told) = asked.recv() => drop(told.send(())),
                    _ = tick.tick(), if own_bar.is_some() => {}
                }
                if let Some(bar) = &own_bar {
                    // WHY: what is as long as the line, or padded to it, leaves a copy where a terminal is made narrower.
                    let room = own_screen.columns().saturating_sub(3);
                    bar.set_message(awaited.words(SystemClock.now()).chars().take(room).collect::<String>());
                }
            }
            if let Some(bar) = own_bar {
                bar.finish_and_clear();
            }
        });
        Self { sender, barriers, teller, bar, screen: screen.clone() }
    }

    /// Where to send entries.
    pub(super) fn sender(&self) -> mpsc::UnboundedSender<Stamped> {
        self.sender.clone()
    }

    /// Says a line of its own, after everything that was committed so far.
    pub(super) async fn say(&self, line: &str) {
        self.settle().await;
        beside(self.bar.as_ref(), || self.screen.say_wrapped("", line));
    }

    /// Waits until everything that was committed so far is told.
    async fn settle(&self) {
        let (told, settled) = oneshot::channel();
        if self.barriers.send(told).is_ok() {
            // WHY: a teller that is gone has nothing left to tell.
            let _ = settled.await;
        }
    }

    /// Tells what is left. Every other sender must be gone.
    pub(super) async fn finish(self) {
        drop(self.sender);
        // WHY: a teller that panicked has nothing more to tell, and the command's end is told anyway.
        let _ = self.teller.await;
    }
}

/// The subjects of runs that one run has for each of them: their lines come mixed.
#[derive(Default)]
struct Names(BTreeMap<RunId, String>);

impl Names {
    /// The words before an entry's own.
    fn before(&mut self, entry: &Stamped) -> String {
        let Some(run) = entry.id.run() else { return String::new() };
        if entry.kind == Kind::Started
            && let Ok(body) = entry.decode::<StartedBody>()
            && body.trigger.part_of().is_some()
        {
            self.0.insert(run.clone(), body.subject.name().to_owned());
        }
        self.0.get(&run).map_or_else(String::new, |name| format!("[{name}] "))
    }
}

fn tell_one(entry: &Stamped, names: &mut Names, bar: Option<&ProgressBar>, screen: &Screen) {
    let before = names.before(entry);
    let Some(text) = tell::text(entry) else { return };
    let text = format!("{before}{text}");
    beside(bar, || screen.say_wrapped(&format!("  {:<9}", entry.kind.as_str()), &text));
}

/// Says lines on standard output while the spinner, which stands on standard error, is out of their way.
fn beside(bar: Option<&ProgressBar>, say: impl FnOnce()) {
    match bar {
        Some(bar) => bar.suspend(say),
        None => say(),
    }
}

fn spinner(screen: &Screen) -> Option<ProgressBar> {
    if !screen.live {
        return None;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}

/// What a run waits for, as far as its last entry tells.
#[derive(Debug, PartialEq, Eq)]
enum Awaited {
    Words(&'static str),
    /// The end of a step's wait.
    Until(String, Timestamp),
}

impl Awaited {
    async fn after(entry: &Stamped, store: Option<&Store>) -> Self {
        match entry.kind {
            Kind::Intent => Self::Words("waiting for the target ..."),
            Kind::Wait => match entry.decode::<WaitBody>() {
                Ok(WaitBody { step, wait: Wait::Until { at } }) => {
                    let planned = match (store, entry.id.run()) {
                        (Some(store), Some(run)) => planned(store, &run).await,
                        _ => None,
                    };
                    Self::Until(planned.unwrap_or_else(|| step.to_string()), at)
                }
                _ => Self::Words("going on ..."),
            },
            Kind::Closed => Self::Words(""),
            _ => Self::Words("going on ..."),
        }
    }

    // WHY: how long is said first: a narrow terminal cuts the end off.
    fn words(&self, now: Timestamp) -> String {
        match self {
            Self::Words(words) => (*words).to_owned(),
            Self::Until(what, at) => {
                let clock = local(*at);
                // A day and a time, or the time of today alone.
                let shown = if secs_between(now, *at) < 86_400 { clock.get(15..23) } else { clock.get(..20) };
                let words = format!("goes on {}, at {}: {what}", away(now, *at), shown.unwrap_or(&clock));
                words.replace(GLUE, " ")
            }
        }
    }
}

/// The move at which a run stands, in words.
async fn planned(store: &Store, run: &RunId) -> Option<String> {
    let stored = store.run(run).await.ok()??;
    let plan = store.blob(&stored.plan).await.ok()??;
    let plan = Plan::from_bytes(plan.bytes()).ok()?;
    let entries = store.entries_of_run(run).await.ok()?;
    let run = Run::fold(&entries, Arc::new(plan)).ok()??;
    run.current().map(in_words)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_says_how_long_what_for_and_until_when() {
        let now: Timestamp = "2026-12-03T08:00:00Z".parse().unwrap();
        let soak = Awaited::Until("wait 90 s; old and new both work".to_owned(), now.plus_millis(90_000));
        let words = soak.words(now);
        assert!(words.starts_with("goes on in 1 min 30 s, at "), "{words}");
        assert!(words.ends_with(":01:30: wait 90 s; old and new both work"), "{words}");
        let window = Awaited::Until("wait for the window".to_owned(), now.plus_millis(3 * 86_400_000));
        assert!(window.words(now).starts_with("goes on in 3 d, at Sun 2026-12-06 "), "{}", window.words(now));
    }
}
