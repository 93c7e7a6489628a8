//! Why a run may start, and what a request brings along.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schedule::Schedule;

/// The triggers that the workflow takes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Triggers {
    /// A person or an agent asks.
    pub request: Option<RequestTrigger>,
    /// The current version comes near its end.
    pub expiry: Option<ExpiryTrigger>,
    /// An instant of the schedule has come.
    pub schedule: Option<Schedule>,
    /// Somebody reported one of these events, such as `leak.reported`.
    pub events: Vec<String>,
}

/// What a request brings along.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestTrigger {
    /// Typed inputs, by name.
    pub inputs: BTreeMap<String, Input>,
}

/// One typed input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: InputKind,
    /// For a person who is asked for it.
    pub about: Option<String>,
    /// Taken when the request does not name it; without one the input must be given.
    pub default: Option<Value>,
}

/// The type of an input, with its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// Text of so many characters.
    Text {
        /// At least.
        min_length: u32,
        /// At most.
        max_length: u32,
    },
    /// One of these words.
    Word(Vec<String>),
    /// A person: given as an e-mail address, and from the plan on an opaque id.
    Person,
    /// A whole number.
    Integer {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
    },
    /// True or false.
    Boolean,
}

/// When a version counts as due: at this fraction of its lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryTrigger {
    /// Numerator, at least 1.
    pub numerator: u32,
    /// Denominator, greater than the numerator.
    pub denominator: u32,
}

impl ExpiryTrigger {
    /// That part of a time.
    pub fn of(self, ms: u64) -> u64 {
        let part = u128::from(ms) * u128::from(self.numerator) / u128::from(self.denominator.max(1));
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}
