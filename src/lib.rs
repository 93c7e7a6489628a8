//! x
pub mod clock;
pub mod folder;
pub mod secrets;
pub mod settings;
pub mod telemetry;
