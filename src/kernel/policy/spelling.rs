//! Which known word a misspelt one was meant to be.

/// The known word that is nearest to `word`, if at most a third of it, and at least one letter, is wrong.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let nearest = known.iter().map(|candidate| (distance(word, candidate), *candidate)).min()?;
    (nearest.0 <= allowed).then_some(nearest.1)
}

/// How many letters must be added, removed or replaced (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (typed, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = typed + 1;
        for (at, expected) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *expected);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let known = ["control", "id", "reason", "title"];
        assert_eq!(nearest("contol", &known), Some("control"));
        assert_eq!(nearest("ID", &["id"]), None);
        assert_eq!(nearest("reasn", &known), Some("reason"));
        assert_eq!(nearest("severity", &known), None);
    }
}
