//! The requirements of PCI DSS v4.0.1, by number; those of its appendices are not among them.

use super::number;

/// How many requirements stand below each one of PCI DSS v4.0.1: `8.6.1` to `8.6.3` below `8.6`. Nothing stands below others.
const REQUIREMENTS: [(&str, u32); 101] = [
    ("", 12),
    ("1", 5),
    ("1.1", 2),
    ("1.2", 8),
    ("1.3", 3),
    ("1.4", 5),
    ("1.5", 1),
    ("2", 3),
    ("2.1", 2),
    ("2.2", 7),
    ("2.3", 2),
    ("3", 7),
    ("3.1", 2),
    ("3.2", 1),
    ("3.3", 3),
    ("3.3.1", 3),
    ("3.4", 2),
    ("3.5", 1),
    ("3.5.1", 3),
    ("3.6", 1),
    ("3.6.1", 4),
    ("3.7", 9),
    ("4", 2),
    ("4.1", 2),
    ("4.2", 2),
    ("4.2.1", 2),
    ("5", 4),
    ("5.1", 2),
    ("5.2", 3),
    ("5.2.3", 1),
    ("5.3", 5),
    ("5.3.2", 1),
    ("5.4", 1),
    ("6", 5),
    ("6.1", 2),
    ("6.2", 4),
    ("6.2.3", 1),
    ("6.3", 3),
    ("6.4", 3),
    ("6.5", 6),
    ("7", 3),
    ("7.1", 2),
    ("7.2", 6),
    ("7.2.5", 1),
    ("7.3", 3),
    ("8", 6),
    ("8.1", 2),
    ("8.2", 8),
    ("8.3", 11),
    ("8.3.10", 1),
    ("8.4", 3),
    ("8.5", 1),
    ("8.6", 3),
    ("9", 5),
    ("9.1", 2),
    ("9.2", 4),
    ("9.2.1", 1),
    ("9.3", 4),
    ("9.3.1", 1),
    ("9.4", 7),
    ("9.4.1", 2),
    ("9.4.5", 1),
    ("9.5", 1),
    ("9.5.1", 3),
    ("9.5.1.2", 1),
    ("10", 7),
    ("10.1", 2),
    ("10.2", 2),
    ("10.2.1", 7),
    ("10.3", 4),
    ("10.4", 3),
    ("10.4.1", 1),
    ("10.4.2", 1),
    ("10.5", 1),
    ("10.6", 3),
    ("10.7", 3),
    ("11", 6),
    ("11.1", 2),
    ("11.2", 2),
    ("11.3", 2),
    ("11.3.1", 3),
    ("11.3.2", 1),
    ("11.4", 7),
    ("11.5", 2),
    ("11.5.1", 1),
    ("11.6", 1),
    ("12", 10),
    ("12.1", 4),
    ("12.2", 1),
    ("12.3", 4),
    ("12.4", 2),
    ("12.4.2", 1),
    ("12.5", 3),
    ("12.5.2", 1),
    ("12.6", 3),
    ("12.6.3", 2),
    ("12.7", 1),
    ("12.8", 5),
    ("12.9", 2),
    ("12.10", 7),
    ("12.10.4", 1),
];

/// `8`, `8.6`, `8.6.3`.
pub(super) fn has(id: &str) -> bool {
    let (above, last) = id.rsplit_once('.').unwrap_or(("", id));
    number(last).is_some_and(|last| last <= below(above))
}

/// How many requirements stand below one; below nothing stand the twelve.
fn below(requirement: &str) -> u32 {
    REQUIREMENTS.iter().find(|(name, _)| *name == requirement).map_or(0, |(_, below)| *below)
}

/// What stands below the part of it that is there.
pub(super) fn help(id: &str) -> String {
    let mut above = id;
    while !has(above) {
        let Some((shorter, _)) = above.rsplit_once('.') else {
            return "the requirements are `1` to `12`, with numbers below them, such as `8.6.3`".to_owned();
        };
        above = shorter;
    }
    match below(above) {
        0 => format!("nothing stands below `{above}`: did you mean `pci-dss-4.0.1:{above}`?"),
        1 => format!("below `{above}` there is only `{above}.1`"),
        most => format!("below `{above}` there are `{above}.1` to `{above}.{most}`"),
    }
}
