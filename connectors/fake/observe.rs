//! Listing and probing the fake.

use countersign_contract::{Cursor, Material, Page, Probe, ProbeAnswer, ProbeResult, Scope};

use crate::Fake;

/// How many names one page has: few, so that paging is always tried.
const PAGE: usize = 2;

impl Fake {
    pub(crate) fn list_all(&self, scope: &Scope, from: Option<&Cursor>) -> Page {
        let names = self.target.names();
        let wanted = |kind: &str| scope.kind.as_deref().is_none_or(|only| only == kind);
        let after = |name: &str| from.is_none_or(|cursor| name > cursor.0.as_str());
        let mut resources: Vec<_> =
            names.into_iter().filter(|name| wanted(name.kind()) && after(name.as_str())).collect();
        let more = resources.len() > PAGE;
        resources.truncate(PAGE);
        let next = if more { resources.last().map(|name| Cursor(name.as_str().to_owned())) } else { None };
        Page { resources, next }
    }

    pub(crate) fn answer(&self, probe: &Probe, material: Option<&Material>) -> ProbeResult {
        let (answer, code, message) = match material {
            Some(key) if self.target.accepts(&probe.subject, key) => {
                (ProbeAnswer::Accepted, "fake.accepted", "the target accepts the key")
            }
            Some(_) => (ProbeAnswer::Refused, "fake.refused", "the target refuses the key"),
            None => (ProbeAnswer::Unknown, "fake.no_material", "the probe needs a key"),
        };
        ProbeResult { answer, code: code.to_owned(), message: message.to_owned() }
    }
}

/// An answer that a test commands.
pub(crate) fn commanded(answer: ProbeAnswer) -> ProbeResult {
    ProbeResult { answer, code: "fake.commanded".to_owned(), message: "it was commanded".to_owned() }
}
