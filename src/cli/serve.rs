//! `countersign serve`: runs what is due, until it is asked to stop.

mod events;
mod settings;
mod teller;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::Stop;
use super::arguments::Serve;
use super::screen::Screen;
use super::session::open;
use super::signals::Signals;
use super::stop::DONE;
use crate::Installation;
use crate::api::{Listener, Socket, Vitals};
use crate::serve::{Heart, Said, Server};
use crate::settings::Heartbeat;
use crate::telemetry::Telemetry;
use settings::{InForce, hangups};
use teller::Teller;

/// How long callers who were not answered are waited for at the end.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Serves.
pub(super) async fn serve(
    data: Option<PathBuf>,
    asked: &Serve,
    (screen, telemetry): (&Screen, &Telemetry),
) -> Result<u8, Stop> {
    // WHY: before the folder is opened: unheard, that signal ends a process.
    let hangups = hangups();
    let installation = Arc::new(open(data, "serve", screen).await?);
    telemetry.settle(&installation.settings.log);
    let signals = Signals::listen();
    let (heartbeat, wanted) = watch::channel(installation.settings.heartbeat.clone());
    let (said, told) = mpsc::unbounded_channel();
    let in_force = InForce {
        path: installation.folder.settings_path(),
        settings: installation.settings.clone(),
        telemetry: telemetry.clone(),
        heartbeat,
        said: said.clone(),
        screen: screen.clone(),
    };
    let inside = Inside { signals, hangups, in_force, wanted, said, told };
    let served = serve_in(&installation, asked, screen, inside).await;
    let open = installation.store.open_runs().await.map(|open| open.len());
    if let Some(installation) = Arc::into_inner(installation) {
        installation.close().await;
    }
    served?;
    let open = match open? {
        0 => "no run is open".to_owned(),
        1 => "1 run is open, and goes on with the next command".to_owned(),
        open => format!("{open} runs are open, and go on with the next command"),
    };
    screen.say(format!("stopped at a safe point; {open}"));
    Ok(DONE)
}

/// What is heard while it serves.
struct Inside {
    signals: Signals,
    hangups: Option<Signal>,
    in_force: InForce,
    /// How heartbeats are wanted.
    wanted: watch::Receiver<Option<Heartbeat>>,
    said: mpsc::UnboundedSender<Said>,
    told: mpsc::UnboundedReceiver<Said>,
}

/// Serves in an opened folder, until everything that shares it has ended.
async fn serve_in(
    installation: &Arc<Installation>,
    asked: &Serve,
    screen: &Screen,
    inside: Inside,
) -> Result<(), Stop> {
    let Inside { signals, hangups, in_force, wanted, said, mut told } = inside;
    let (entries, mut committed) = mpsc::unbounded_channel();
    let server = Server::new(Arc::clone(installation), (entries, said.clone()), signals.asked()).await?;
    let vitals = Vitals::new(Arc::clone(&installation.ledger), Arc::clone(&installation.clock), server.pulse());
    // What cannot be had is told before the work begins.
    let listener = match asked.listen {
        Some(address) => Some(Listener::bind(address).await?),
        None => None,
    };
    let socket = Socket::bind(&installation.folder)?;
    let (over, is_over) = watch::channel(false);
    let mut beside = JoinSet::new();
    let mut teller = Teller::new((screen.clone(), asked.entries), installation.store.clone(), vitals.clone());
    if let Some(listener) = listener {
        teller.listening(listener.address());
        beside.spawn(listener.answer(vitals, is_over.clone()));
    }
    beside.spawn(socket.answer(server.handle(), is_over.clone()));
    let heart = Heart {
        catalog: Arc::clone(&installation.catalog),
        ledger: Arc::clone(&installation.ledger),
        clock: Arc::clone(&installation.clock),
        pulse: server.pulse(),
        said,
    };
    beside.spawn(heart.beat(wanted, is_over.clone()));
    if let Some(hangups) = hangups {
        beside.spawn(in_force.follow(hangups, is_over));
    }
    let telling = tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(entry) = committed.recv() => teller.entry(&entry).await,
                Some(said) = told.recv() => teller.said(&said),
                else => break,
            }
        }
    });
    let ended = signals.over(Box::pin(server.serve())).await?;
    // WHY: whoever still waits for an answer gets one: that the server ends.
    over.send_replace(true);
    let _ = tokio::time::timeout(ANSWERED_WITHIN, beside.join_all()).await;
    // WHY: a teller that panicked has nothing more to tell.
    let _ = telling.await;
    Ok(ended?)
}
