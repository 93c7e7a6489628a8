//! What was perhaps meant: the known word that is nearest to one that is not known.

use std::collections::BTreeSet;

/// The nearest of the known words, if it is near enough to be meant: a third of its letters, at most four, may differ.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count().div_ceil(3)).clamp(1, 4);
    let far = |one: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &one.to_lowercase());
    // WHY: a thousand subjects are compared in full only where their lengths allow it.
    let likely = known.into_iter().filter(|one| one.len().abs_diff(word.len()) <= limit);
    likely.map(|one| (far(one), one)).filter(|(far, _)| *far <= limit).min().map(|(_, one)| one)
}

/// `did you mean ...?`, else some of what there is, else the other help.
pub(super) fn help<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone, other: &str) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`? {other}");
    }
    // WHY: who gives the last part of a name means the whole one.
    let ends: BTreeSet<&str> = known.into_iter().filter(|one| one.rsplit('/').next() == Some(word)).collect();
    let some: Vec<&str> = ends.into_iter().take(4).collect();
    if some.is_empty() { other.to_owned() } else { format!("did you mean `{}`? {other}", some.join("` or `")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_one_is_meant_and_the_last_part_of_a_name_is_enough() {
        let known = ["local/account/reporting", "local/account/nightly", "local/role/ledger"];
        assert_eq!(nearest("local/acount/reporting", known), Some("local/account/reporting"));
        assert_eq!(nearest("LOCAL/role/ledgr", known), Some("local/role/ledger"));
        assert_eq!(nearest("aws/user/backup", known), None);
        assert_eq!(help("nightly", known, "see all"), "did you mean `local/account/nightly`? see all");
        assert_eq!(help("x", known, "see all"), "see all");
    }
}
