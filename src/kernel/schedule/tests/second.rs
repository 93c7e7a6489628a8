//! The instants of cron texts beside those of an implementation in another language, over the years in which clocks change and
//! 32 bits of seconds end: rel:F22.
//!
//! `tests/cron/generate.py` made the table, and says where that implementation reads a text otherwise. Its time zones are those
//! of release 2026f of the IANA database, as are the ones that are built in: a zone whose rules have changed since shows here by
//! its name, and the table is to be made again.

use std::fmt::Write as _;

use super::*;

const TABLE: &str = include_str!("../../../../tests/cron/instants.txt");

/// A line of the table.
struct Line<'a> {
    cron: &'a str,
    zone: &'a str,
    years: (i16, i16),
    count: usize,
    hash: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let fields: Vec<&str> = line.split('\t').collect();
        let [cron, zone, years, count, hash] = fields.as_slice() else { panic!("{line}") };
        let (first, last) = years.split_once('-').unwrap();
        let years = (first.parse().unwrap(), last.parse().unwrap());
        Self { cron, zone, years, count: count.parse().unwrap(), hash }
    }

    /// How many instants we have in those years, and the hash of them.
    fn ours(&self) -> (usize, String) {
        let schedule = schedule(self.cron, self.zone);
        let year = |year: i16| at(&format!("{year}-01-01T00:00:00Z"));
        let (start, end) = (year(self.years.0), year(self.years.1));
        let mut text = String::new();
        let mut count = 0;
        let before = Timestamp::from_micros(start.micros() - 1);
        let all = std::iter::successors(schedule.next_after(before), |one| schedule.next_after(*one));
        for instant in all.take_while(|one| *one < end) {
            writeln!(text, "{}", instant.micros() / 1_000_000).unwrap();
            count += 1;
        }
        let hash = Sha256::digest(text.as_bytes());
        let mut hex = String::new();
        for byte in hash.iter().take(8) {
            write!(hex, "{byte:02x}").unwrap();
        }
        (count, hex)
    }
}

#[test]
fn rel_f22_the_instants_of_twenty_years_in_forty_zones_are_those_of_another_language() {
    let lines: Vec<Line<'_>> = TABLE.lines().filter(|line| !line.starts_with('#')).map(Line::read).collect();
    let zones: std::collections::BTreeSet<&str> = lines.iter().map(|line| line.zone).collect();
    let crons: std::collections::BTreeSet<&str> = lines.iter().map(|line| line.cron).collect();
    assert_eq!(zones, std::collections::BTreeSet::from(ZONES));
    assert_eq!((crons.len(), lines.len()), (32, 1280));
    let differ: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (count, hash) = line.ours();
            let is_same = count == line.count && hash == line.hash;
            (!is_same).then(|| format!("{} in {}: {count} and not {}", line.cron, line.zone, line.count))
        })
        .collect();
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    println!("{} instants", lines.iter().map(|line| line.count).sum::<usize>());
}
