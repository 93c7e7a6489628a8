//! The values that policies see.

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Kind, Type};
use countersign_warrant::Timestamp;
use serde_json::Value;

use super::schema;
use crate::workflow::model::InputKind;

/// A public, typed value of an attribute or an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A Cedar `String`.
    Text(String),
    /// A Cedar `Long`.
    Integer(i64),
    /// A Cedar `Bool`.
    Boolean(bool),
    /// A Cedar `datetime`: milliseconds; what is finer is cut off.
    Instant(Timestamp),
    /// A Cedar `Set<String>`.
    Texts(BTreeSet<String>),
}

/// The type of a [`Term`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermKind {
    /// A Cedar `String`.
    Text,
    /// A Cedar `Long`.
    Integer,
    /// A Cedar `Bool`.
    Boolean,
    /// A Cedar `datetime`.
    Instant,
    /// A Cedar `Set<String>`.
    Texts,
}

/// A value is not of its declared type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not {}", .kind.words())]
pub struct MistypedError {
    /// The attribute.
    pub name: String,
    /// What it is declared as.
    pub kind: TermKind,
}

impl MistypedError {
    /// `policy.mistyped`.
    pub const fn code(&self) -> &'static str {
        "policy.mistyped"
    }
}

impl TermKind {
    /// How a manifest's type looks to policies; `None` for a type that they do not see.
    pub const fn of(kind: Type) -> Option<Self> {
        match kind {
            Type::Text | Type::Person | Type::Word(_) => Some(Self::Text),
            Type::Integer => Some(Self::Integer),
            Type::Boolean => Some(Self::Boolean),
            Type::Instant => Some(Self::Instant),
            Type::Texts => Some(Self::Texts),
            Type::Fields => None,
        }
    }

    /// How an input of a workflow looks to policies.
    pub(crate) const fn of_declared(kind: &InputKind) -> Self {
        match kind {
            InputKind::Text { .. } | InputKind::Word(_) | InputKind::Person => Self::Text,
            InputKind::Integer { .. } => Self::Integer,
            InputKind::Boolean => Self::Boolean,
        }
    }

    /// The type's name in a Cedar schema.
    pub const fn cedar(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::Integer => "Long",
            Self::Boolean => "Bool",
            Self::Instant => "datetime",
            Self::Texts => "Set<String>",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Instant => "an RFC 3339 instant",
            Self::Texts => "a list of texts",
        }
    }
}

impl Term {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Its type.
    pub const fn kind(&self) -> TermKind {
        match self {
            Self::Text(_) => TermKind::Text,
            Self::Integer(_) => TermKind::Integer,
            Self::Boolean(_) => TermKind::Boolean,
            Self::Instant(_) => TermKind::Instant,
            Self::Texts(_) => TermKind::Texts,
        }
    }

    /// A JSON value read as `kind`; `None` when it is not one.
    pub fn from_json(kind: TermKind, value: &Value) -> Option<Self> {
        match kind {
            TermKind::Text => value.as_str().map(Self::text),
            TermKind::Integer => value.as_i64().map(Self::Integer),
            TermKind::Boolean => value.as_bool().map(Self::Boolean),
            TermKind::Instant => value.as_str()?.parse().ok().map(Self::Instant),
            TermKind::Texts => value
                .as_array()?
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .map(Self::Texts),
        }
    }

    /// The value of an input, whose JSON form tells its type: a text, a whole number, true or false.
    pub fn of_input(value: &Value) -> Option<Self> {
        [TermKind::Text, TermKind::Integer, TermKind::Boolean].into_iter().find_map(|kind| Self::from_json(kind, value))
    }

    /// Those of `values` that are public attributes of `kind`, typed as its manifest says; nulls count as left out.
    ///
    /// # Errors
    /// When a value is not of its attribute's type.
    pub fn attributes(kind: &Kind, values: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Self>, MistypedError> {
        let mut terms = BTreeMap::new();
        for (attribute, as_kind) in schema::seen(kind) {
            let Some(value) = values.get(attribute.name) else { continue };
            if value.is_null() {
                continue;
            }
            let wrong = || MistypedError { name: attribute.name.to_owned(), kind: as_kind };
            terms.insert(attribute.name.to_owned(), Self::from_json(as_kind, value).ok_or_else(wrong)?);
        }
        Ok(terms)
    }
}
