//! Progress of runs: a line for each entry, and on a terminal what is being waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_kernel::run::bodies::StartedBody;
use countersign_warrant::{Kind, RunId, Stamped};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::{mpsc, oneshot};

use super::screen::Screen;
use super::tell;

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
    pub(super) fn start(screen: &Screen) -> Self {
        let (sender, mut entries) = mpsc::unbounded_channel::<Stamped>();
        let (barriers, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
        let bar = spinner(screen);
        let (own_bar, own_screen) = (bar.clone(), screen.clone());
        let teller = tokio::spawn(async move {
            let mut names = Names::default();
            loop {
                // WHY: biased, so that a barrier is answered only when every entry before it is told.
                tokio::select! {
                    biased;
                    entry = entries.recv() => match entry {
                        Some(entry) => tell_one(&entry, &mut names, own_bar.as_ref(), &own_screen),
                        None => break,
                    },
                    Some(told) = asked.recv() => drop(told.send(())),
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
        beside(self.bar.as_ref(), || self.screen.say(line));
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
    if let Some(bar) = bar {
        bar.set_message(waiting_for(entry));
    }
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

fn waiting_for(entry: &Stamped) -> String {
    match entry.kind {
        Kind::Intent => "waiting for the target ...",
        Kind::Wait => "soaking: old and new both work ...",
        Kind::Closed => "",
        _ => "going on ...",
    }
    .to_owned()
}
