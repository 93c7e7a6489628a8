//! `countersign serve`: runs what is due, until it is asked to stop.

mod teller;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
use crate::serve::Server;
use teller::Teller;

/// How long callers who were not answered are waited for at the end.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// Serves.
pub(super) async fn serve(data: Option<PathBuf>, asked: &Serve, screen: &Screen) -> Result<u8, Stop> {
    let installation = Arc::new(open(data, "serve", screen).await?);
    let signals = Signals::listen();
    let served = serve_in(&installation, asked, screen, signals).await;
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

/// Serves in an opened folder, until everything that shares it has ended.
async fn serve_in(
    installation: &Arc<Installation>,
    asked: &Serve,
    screen: &Screen,
    signals: Signals,
) -> Result<(), Stop> {
    let (entries, mut committed) = mpsc::unbounded_channel();
    let (said, mut told) = mpsc::unbounded_channel();
    let server = Server::new(Arc::clone(installation), (entries, said), signals.asked()).await?;
    let vitals = Vitals::new(Arc::clone(&installation.ledger), Arc::clone(&installation.clock), server.pulse());
    // What cannot be had is told before the work begins.
    let listener = match asked.listen {
        Some(address) => Some(Listener::bind(address).await?),
        None => None,
    };
    let socket = Socket::bind(&installation.folder)?;
    let (over, is_over) = watch::channel(false);
    let mut beside = JoinSet::new();
    if let Some(listener) = listener {
        screen.say(format!("watched over at http://{}/metrics", listener.address()));
        beside.spawn(listener.answer(vitals.clone(), is_over.clone()));
    }
    beside.spawn(socket.answer(server.handle(), is_over));
    let mut teller = Teller::new((screen.clone(), asked.entries), installation.store.clone(), vitals);
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
