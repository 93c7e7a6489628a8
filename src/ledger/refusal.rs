//! What the database's rules say, as the journal's answers.

use countersign_warrant::{Brake, EntryId, JournalError, Timestamp};

use super::member::Member;

/// A broken rule: `code|entry|words`, as the triggers in `migrations` raise it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal<'a> {
    /// `stale`, `repeat`, `held`, `braked`, `unfit`, `forked` or `frozen`; empty for a constraint without words of its own.
    pub(super) code: &'a str,
    /// The entry that broke it; empty where the rule is about no entry.
    pub(super) entry: &'a str,
    words: &'a str,
}

impl<'a> Refusal<'a> {
    pub(super) fn of(message: &'a str) -> Self {
        let mut parts = message.splitn(3, '|');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(code), Some(entry), Some(words)) => Self { code, entry, words },
            _ => Self { code: "", entry: "", words: message },
        }
    }

    /// The answer to the commit that broke the rule.
    pub(super) fn answer(&self, member: &Member) -> JournalError {
        let Some(entry) = self.entry.parse::<EntryId>().ok().or_else(|| member.first().cloned()) else {
            return JournalError::Unavailable { reason: self.words.to_owned() };
        };
        let unfit = |entry: EntryId| JournalError::Unfit { entry, reason: self.words.to_owned() };
        match (self.code, &member.fence) {
            ("stale", Some(fence)) => JournalError::Stale { run: fence.run.clone(), epoch: fence.epoch },
            ("braked", _) => self.braked().unwrap_or_else(|| unfit(entry)),
            ("repeat", _) => JournalError::Taken { entry },
            ("held", _) => {
                let named = self.words.split_once('|').and_then(|(resource, holder)| {
                    Some(JournalError::Held { resource: resource.parse().ok()?, holder: holder.parse().ok()? })
                });
                named.unwrap_or_else(|| unfit(entry))
            }
            _ => unfit(entry),
        }
    }

    /// `word|scope name|until`, the instant in microseconds, or nothing.
    fn braked(&self) -> Option<JournalError> {
        let mut parts = self.words.splitn(3, '|');
        let (word, on, until) = (parts.next()?, parts.next()?, parts.next()?);
        let brake = Brake::WORDS.into_iter().find(|(known, _)| *known == word)?.1;
        let on = if on.trim_end() == "all" { "everything" } else { on };
        Some(JournalError::Braked { brake, on: on.to_owned(), until: until.parse().ok().map(Timestamp::from_micros) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_code_entry_and_words() {
        let read = Refusal::of("held|r1/4|a/b/c|r2");
        assert_eq!((read.code, read.entry, read.words), ("held", "r1/4", "a/b/c|r2"));
        let bare = Refusal::of("CHECK constraint failed: length(leaf) = 32");
        assert_eq!((bare.code, bare.entry), ("", ""));
    }
}
