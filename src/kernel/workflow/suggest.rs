//! "Did you mean": the nearest known word.

/// How many candidates are compared: names of an author's own may be many, and hostile.
const CANDIDATES_MAX: usize = 50;

/// The candidate that is nearest to `word`, if it is near enough to be meant.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(65).collect();
    if word.len() > 64 {
        return None;
    }
    let limit = word.len().div_ceil(3).min(4);
    candidates
        .into_iter()
        .map(|candidate| (candidate, candidate.chars().take(65).collect::<Vec<char>>()))
        .filter(|(_, letters)| letters.len().abs_diff(word.len()) <= limit)
        .take(CANDIDATES_MAX)
        .map(|(candidate, letters)| (distance(&word, &letters, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The help line for an unknown word: the nearest candidate, else all of them.
pub(super) fn help<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut all: Vec<&str> = candidates.into_iter().collect();
    all.sort_unstable();
    match all.as_slice() {
        [] => "there is none to choose from".to_owned(),
        [only] => format!("only `{only}` can stand here"),
        [..] if all.len() > 16 => format!("one of {} known ones, such as `{}`", all.len(), all[0]),
        [..] => format!("one of `{}`", all.join("`, `")),
    }
}

/// Edit distance with swaps of neighbours counted once (optimal string alignment). Exact up to `limit`: only the cells
/// that near the diagonal are worked out, and anything farther is told as more than `limit`.
fn distance(a: &[char], b: &[char], limit: usize) -> usize {
    let far = limit + 1;
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).map(|column| column.min(far)).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![far; b.len() + 1];
        row[0] = (i + 1).min(far);
        for j in i.saturating_sub(limit)..b.len().min(i + far) {
            let y = &b[j];
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best.min(far);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The time zone whose name is spelt, or written, a little otherwise.
pub(super) fn zone(given: &str) -> Option<String> {
    if let Some((spelt, _)) = crate::schedule::zone(given) {
        return Some(spelt);
    }
    let names = crate::schedule::zone_names();
    let is_like = |name: &&str| name.len().abs_diff(given.len()) <= 2 && name.get(..1) == given.get(..1);
    nearest(given, names.iter().map(String::as_str).filter(is_like)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let known = ["rotate", "provision", "issue"];
        assert_eq!(nearest("roatte", known), Some("rotate"));
        assert_eq!(nearest("provison", known), Some("provision"));
        assert_eq!(nearest("seal", known), None);
        assert_eq!(nearest(&"r".repeat(1000), known), None);
        assert_eq!(nearest("rotate", [&*"r".repeat(1000)]), None);
        assert_eq!(help("seal", known), "one of `issue`, `provision`, `rotate`");
    }

    #[test]
    fn a_swap_counts_once() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        let distance = |a: &str, b: &str, limit| super::distance(&letters(a), &letters(b), limit);
        assert_eq!(distance("ab", "ba", 4), 1);
        assert_eq!(distance("", "abc", 4), 3);
        assert_eq!(distance("kitten", "sitting", 4), 3);
        assert_eq!(distance("kitten", "sitting", 2), 3);
        assert_eq!(distance("kitten", "nothing at all", 2), 3);
    }
}
