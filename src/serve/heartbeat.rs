//! The heartbeat: a webhook hears, again and again, that the work is really done. Whoever waits for it is alarmed by its absence,
//! which no process that has died could tell.

use std::sync::Arc;
use std::time::Duration;

use countersign_warrant::Timestamp;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::{Beat, Pulse, Said, Unready};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::runner;
use crate::settings::Heartbeat;

/// How soon a heartbeat that was withheld is thought of again.
const AGAIN: Duration = Duration::from_secs(2);

/// How soon the first one is thought of again.
const SOON: Duration = Duration::from_millis(200);

/// What is later than this is overdue, in milliseconds.
const OVERDUE_MS: i64 = 60_000;

/// What sends heartbeats.
pub struct Heart {
    /// Whose webhooks are called.
    pub catalog: Arc<Catalog>,
    /// What has to take entries.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What shows that the loop goes round.
    pub pulse: Pulse,
    /// Hears what became of each.
    pub said: mpsc::UnboundedSender<Said>,
}

impl Heart {
    /// Sends heartbeats as `wanted` says, for as long as somebody may change that, until `stop` turns true.
    pub async fn beat(self, mut wanted: watch::Receiver<Option<Heartbeat>>, mut stop: watch::Receiver<bool>) {
        loop {
            let heartbeat = wanted.borrow_and_update().clone();
            let rest = async {
                match &heartbeat {
                    Some(heartbeat) => tokio::time::sleep(self.once(heartbeat).await).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = rest => {}
                // WHY: where nobody can change it any more, it is as it was.
                Ok(()) = wanted.changed() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One heartbeat; how long to rest after it.
    async fn once(&self, heartbeat: &Heartbeat) -> Duration {
        let every = Duration::from_millis(heartbeat.every_ms);
        let (beat, rest) = match self.body().await {
            // The first one waits for the first round.
            Err(Unready::Starting) => return every.min(SOON),
            Err(why) => (Beat::Withheld(why), every.min(AGAIN)),
            Ok(body) => (self.send(&heartbeat.webhook, &body).await, every),
        };
        // WHY: nobody listening is no fault of the work.
        let _ = self.said.send(Said::Heartbeat(beat));
        rest
    }

    /// What is told; nothing while the work is not done.
    // INVARIANT: beh:T8 a process whose loop hangs, or whose ledger takes nothing, sends no heartbeat.
    async fn body(&self) -> Result<serde_json::Value, Unready> {
        self.pulse.confirm(&self.ledger, &*self.clock).await?;
        let (store, now) = (self.ledger.store(), self.clock.now());
        let late = Timestamp::from_micros(now.micros() - OVERDUE_MS * 1000);
        let overdue = store.overdue(late).await.map_err(Unready::of_store)?;
        let open = store.open_by_workflow().await.map_err(Unready::of_store)?;
        let overdue: u64 = overdue.iter().map(|(_, number)| number).sum();
        let stuck: u64 = open.iter().filter(|open| open.state == "stuck").map(|open| open.number).sum();
        Ok(json!({"at": now, "overdue": overdue, "stuck": stuck}))
    }

    async fn send(&self, webhook: &str, body: &serde_json::Value) -> Beat {
        let told = match self.catalog.webhooks().get(webhook) {
            Some(called) => {
                let now = self.clock.now();
                runner::tell(called, &format!("heartbeat-{}", now.micros()), now, body).await
            }
            None => Err("settings name no such webhook any more".to_owned()),
        };
        match told {
            Ok(()) => Beat::Taken,
            Err(reason) => Beat::Failed { webhook: webhook.to_owned(), reason },
        }
    }
}
