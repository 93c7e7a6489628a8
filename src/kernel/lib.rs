//! The kernel: workflows, schedules, plans, policy, runs, evidence and certificates as pure functions.
//!
//! It must never name a runtime, a database, a network, a file, a clock or randomness: what is read comes in as a
//! value, what is to be done goes out as one.

pub mod diagnostic;
pub mod evidence;
pub mod page;
pub mod plan;
pub mod policy;
pub mod run;
pub mod schedule;
pub mod workflow;
pub mod x509;
