//! What is wrong with a certificate or a request.

use std::fmt;

use serde::Serialize;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable code, such as `x509.signature`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// Faults under collection.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn push(&mut self, code: &'static str, message: impl Into<String>) {
        self.0.push(Fault { code, message: message.into() });
    }

    /// Notes the fault unless `holds`.
    pub(super) fn unless(&mut self, holds: bool, code: &'static str, message: impl Into<String>) {
        if !holds {
            self.push(code, message);
        }
    }

    /// `facts`, when there is no fault.
    pub(super) fn or<T>(self, facts: T) -> Result<T, Vec<Fault>> {
        if self.0.is_empty() { Ok(facts) } else { Err(self.0) }
    }
}

/// A single fault that leaves nothing more to judge.
pub(super) fn only(code: &'static str, message: impl Into<String>) -> Vec<Fault> {
    vec![Fault { code, message: message.into() }]
}
