//! Rows on their way into a batch: one JSON array of arrays for each table.

use serde::Serialize;

/// The tables that a commit writes beside entries and blobs; the columns of `batches` in `migrations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Runs,
    Holds,
    Subjects,
    Intents,
    Settlements,
    Demotions,
    Sealings,
    Promotions,
    Turns,
    Closures,
    Activations,
    Brakes,
}

const TABLES: usize = Table::Brakes as usize + 1;

/// The rows of one commit, or of a whole batch.
#[derive(Debug, Default)]
pub(super) struct Rows([Vec<u8>; TABLES]);

impl Rows {
    /// Adds one row: a tuple of what stands in its columns.
    pub(super) fn push<T: Serialize>(&mut self, table: Table, row: &T) -> Result<(), serde_json::Error> {
        let rows = &mut self.0[table as usize];
        rows.push(b',');
        serde_json::to_writer(rows, row)
    }

    /// Adds all rows of another commit.
    pub(super) fn append(&mut self, other: &Self) {
        for (rows, more) in self.0.iter_mut().zip(&other.0) {
            rows.extend_from_slice(more);
        }
    }

    /// The rows of a table as JSON text; nothing where there are none.
    pub(super) fn take(&mut self, table: Table) -> Option<String> {
        let mut rows = std::mem::take(&mut self.0[table as usize]);
        *rows.first_mut()? = b'[';
        rows.push(b']');
        String::from_utf8(rows).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_many_commits_are_one_array() {
        let (mut one, mut two) = (Rows::default(), Rows::default());
        one.push(Table::Holds, &("a/b/c", "r\"1")).unwrap();
        two.push(Table::Holds, &("a/b/d", 7)).unwrap();
        one.append(&two);
        assert_eq!(one.take(Table::Holds).unwrap(), r#"[["a/b/c","r\"1"],["a/b/d",7]]"#);
        assert_eq!(one.take(Table::Runs), None);
    }
}
