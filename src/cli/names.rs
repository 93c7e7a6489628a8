//! The names behind opaque ids, for a person's screen: JSON, entries and evidence keep the ids.

use std::collections::BTreeMap;

use crate::store::{ReadStoreError, Store};

/// `p_` and so many hex digits.
const DIGITS: usize = 32;

/// So many digits tell persons apart on a screen.
const SHOWN: usize = 8;

/// The names that were entered and not erased, by id.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Everybody's.
    pub(super) async fn load(store: &Store) -> Result<Self, ReadStoreError> {
        Ok(Self(store.persons().await?.into_iter().collect()))
    }

    /// The text with the name before each id that has one: `dana@example.com (p_5bdcc146)`.
    pub(super) fn spelt(&self, text: &str) -> String {
        let mut spelt = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("p_") {
            let (before, found) = rest.split_at(at);
            spelt.push_str(before);
            let id = found.get(..2 + DIGITS).unwrap_or(found);
            let taken = if let (Some(name), Some(short)) = (self.0.get(id), id.get(..2 + SHOWN)) {
                spelt.extend([name, " (", short, ")"]);
                id.len()
            } else {
                spelt.push_str("p_");
                2
            };
            rest = found.get(taken..).unwrap_or_default();
        }
        spelt + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ids_get_their_name_and_nothing_else_changes() {
        let id = "p_5bdcc146bf60754e6a042426089575c7";
        let names = Names(BTreeMap::from([(id.to_owned(), "dana@example.com".to_owned())]));
        assert_eq!(
            names.spelt(&format!("`{id}` asked; {id}")),
            "`dana@example.com (p_5bdcc146)` asked; dana@example.com (p_5bdcc146)"
        );
        for text in ["", "p_", "up_to p_5bdcc146", "`p_5bdcc146bf60754e6a042426089575c8`", "p_p_\u{e9}"] {
            assert_eq!(names.spelt(text), text);
        }
    }
}
