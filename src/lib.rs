//! Countersign: a secrets and identity lifecycle orchestrator, in which no credential changes without a matching
//! compliance record.
//!
//! A trigger becomes a plan, the plan is judged, and each change of the outside world needs a warrant, which exists
//! only after one commit has durably stored the decision and the exact intent:
//!
//! ```text
//! trigger --> plan --> policy --> warrant --> act --> receipt --> evidence
//! request     kernel   kernel     runner      connector  runner   ledger
//! ```
//!
//! | room | what it is |
//! |---|---|
//! | `warrant` (crate) | intent, decision, warrant, receipt, mint, journal port: the whole trust argument |
//! | `kernel` (crate) | workflow, schedule, plan, policy, run, evidence, x509: pure functions |
//! | [`inventory`] | observes through connectors: facts for plans |
//! | [`runner`] | the only room with hands: carries out a run's commands |
//! | [`serve`] | the loop of one machine: has what is due begun and carried on |
//! | [`scheduler`] | which set is current, what is due |
//! | [`ledger`] | the one journal: commit pipeline, tree, signer |
//! | [`store`] | opening the database, and typed reads |
//! | [`secrets`] | makes, seals and opens material |
//! | [`catalog`] | the one file that names every connector |
//! | [`api`] | the HTTP interface of a process that serves, on the folder's socket; what those see who watch over it |
//! | [`cli`] | one file per command |
//! | [`folder`], [`settings`], [`telemetry`], [`clock`] | the data folder and its lock; its settings; what is logged; the time |
//!
//! What is absent, on purpose: no room but the runner calls `act`; no room but the ledger writes; nothing watches
//! files; starting the process is never a trigger.

pub mod api;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod folder;
mod installation;
pub mod inventory;
pub mod ledger;
pub mod runner;
pub mod scheduler;
pub mod secrets;
pub mod serve;
pub mod settings;
pub mod store;
pub mod telemetry;

use std::sync::Arc;

use countersign_kernel::policy::PolicySet;
use countersign_kernel::workflow::Known;
use countersign_warrant::{Mint, Stamped};
pub use installation::{Installation, KeysSeen, OpenError, Reading};
use runner::{Parts, Runner};
use secrets::{Maker, Opener};
use tokio::sync::{mpsc, watch};

/// What workflows may name, under these connectors and places.
pub fn known(catalog: &catalog::Catalog) -> Known<'_> {
    Known {
        connectors: catalog.manifests(),
        places: catalog.places().clone(),
        freezes: catalog.freezes().clone(),
        webhooks: catalog.webhooks().keys().cloned().collect(),
        own: catalog.own(),
        settings: catalog.settings().to_owned(),
    }
}

/// Wires the rooms together around the one mint of this process.
// INVARIANT: inv:I1 the only `Mint::new`; its mark opens material to its own warrants alone.
pub fn runner(
    installation: &Installation,
    policies: Arc<PolicySet>,
    told: Option<mpsc::UnboundedSender<Stamped>>,
    stop: watch::Receiver<bool>,
) -> Runner {
    let (mint, mark) = Mint::new(Arc::clone(&installation.ledger));
    Runner::new(Parts {
        mint,
        store: installation.store.clone(),
        catalog: Arc::clone(&installation.catalog),
        maker: Maker::new(Arc::clone(&installation.keys)),
        opener: Opener::new(mark, Arc::clone(&installation.keys)),
        policies,
        clock: Arc::clone(&installation.clock),
        shared: Arc::clone(&installation.shared),
        told,
        stop,
    })
}
