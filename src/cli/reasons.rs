//! The words of persons who answered a run: entries hold their digest, a blob beside them the words.

use std::collections::BTreeMap;

use countersign_kernel::evidence::story::reason_of;
use countersign_warrant::{Digest, Stamped};

use crate::store::{ReadStoreError, Store};

/// The reasons that entries name, by digest; those that are no longer there were erased.
pub(super) struct Reasons(BTreeMap<Digest, String>);

impl Reasons {
    /// Those of these entries.
    pub(super) async fn load(store: &Store, entries: &[Stamped]) -> Result<Self, ReadStoreError> {
        let mut words = BTreeMap::new();
        for digest in entries.iter().filter_map(reason_of) {
            if let Some(blob) = store.blob(&digest).await? {
                words.insert(digest, String::from_utf8_lossy(blob.bytes()).into_owned());
            }
        }
        Ok(Self(words))
    }

    /// The words; `None` where they were erased.
    pub(super) fn of(&self, digest: &Digest) -> Option<&str> {
        self.0.get(digest).map(String::as_str)
    }

    /// What is told beside who answered; nothing where nobody did.
    pub(super) fn told(&self, digest: Option<&Digest>) -> String {
        match digest.map(|digest| self.of(digest)) {
            None => String::new(),
            // WHY: on one line, whatever its own look was: no words of a person look like a line of ours.
            Some(Some(words)) => {
                format!(", with the reason: {}", words.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Some(None) => ", with a reason that was erased".to_owned(),
        }
    }
}
