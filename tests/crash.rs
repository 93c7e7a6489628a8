//! Crash safety (rel:T1, rel:T2, rel:F1, rel:F3, rel:F4): the built binary, killed at every crash point of every
//! shipped workflow, and again while it recovers; and every call and question of a run failing in every way.
//!
//! The oracle reads the target's own state and the ledger only. `COUNTERSIGN_CRASH_ALL=1` runs every double crash
//! instead of a sample; `COUNTERSIGN_CRASH_SEED` draws another sample; `COUNTERSIGN_KILL_SECS=600` kills at random for longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "crash/answers.rs"]
mod answers;
#[path = "crash/command.rs"]
mod command;
#[path = "crash/controls.rs"]
mod controls;
#[path = "crash/faults.rs"]
mod faults;
#[path = "crash/folder.rs"]
mod folder;
#[path = "crash/kills.rs"]
mod kills;
#[path = "crash/ledger.rs"]
mod ledger;
#[path = "crash/matrix.rs"]
mod matrix;
#[path = "crash/oracle.rs"]
mod oracle;
#[path = "crash/random.rs"]
mod random;
#[path = "crash/recovery.rs"]
mod recovery;
#[path = "crash/serve.rs"]
mod serve;
#[path = "crash/target.rs"]
mod target;
#[path = "crash/watch.rs"]
mod watch;
#[path = "crash/workflows.rs"]
mod workflows;
