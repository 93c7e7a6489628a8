//! What the built binary does, one module per capability. Each test has a data folder of its own, and stops what it
//! starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "main/adopt.rs"]
mod adopt;
#[path = "main/brakes.rs"]
mod brakes;
#[path = "main/broken.rs"]
mod broken;
#[path = "main/canary.rs"]
mod canary;
#[path = "main/doctor.rs"]
mod doctor;
#[path = "main/each.rs"]
mod each;
#[path = "main/emergency.rs"]
mod emergency;
#[path = "main/explain.rs"]
mod explain;
#[path = "main/fallback.rs"]
mod fallback;
#[path = "main/fmt.rs"]
mod fmt;
#[path = "main/folder.rs"]
mod folder;
#[path = "main/full_disk.rs"]
mod full_disk;
#[path = "main/heartbeat.rs"]
mod heartbeat;
#[path = "main/help.rs"]
mod help;
#[path = "main/init.rs"]
mod init;
#[path = "../src/kernel/workflow/schema/tests/judge.rs"]
mod judge;
#[path = "main/lint.rs"]
mod lint;
#[path = "main/lint_formats.rs"]
mod lint_formats;
#[path = "main/logged.rs"]
mod logged;
#[path = "main/needles.rs"]
mod needles;
#[path = "main/notify.rs"]
mod notify;
#[path = "main/observe.rs"]
mod observe;
#[path = "main/offboard.rs"]
mod offboard;
#[path = "main/operator.rs"]
mod operator;
#[path = "main/persons.rs"]
mod persons;
#[path = "main/plan.rs"]
mod plan;
#[path = "main/policy.rs"]
mod policy;
#[path = "main/quickstart.rs"]
mod quickstart;
#[path = "main/revoke.rs"]
mod revoke;
#[path = "main/run.rs"]
mod run;
#[path = "main/serve.rs"]
mod serve;
#[path = "main/serve_hurt.rs"]
mod serve_hurt;
#[path = "main/serve_settings.rs"]
mod serve_settings;
#[path = "main/shells.rs"]
mod shells;
#[path = "main/signals.rs"]
mod signals;
#[path = "main/status.rs"]
mod status;
#[path = "main/steady.rs"]
mod steady;
#[path = "main/steps.rs"]
mod steps;
#[path = "main/strategies.rs"]
mod strategies;
#[path = "main/stuck.rs"]
mod stuck;
#[path = "main/timeouts.rs"]
mod timeouts;
#[path = "main/verify.rs"]
mod verify;
#[path = "main/why.rs"]
mod why;
#[path = "main/windows.rs"]
mod windows;
