//! Texts of the binary with what differs from run to run taken out, so that they can be compared.

use regex::Regex;

/// Replaces instants, run ids, opaque persons, digests and counters by words; run ids are numbered as they come.
pub(crate) fn steady(text: &str) -> String {
    let mut runs: Vec<String> = Vec::new();
    let mut out = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '.' | '-') {
            word.push(letter);
        } else {
            out.push_str(&replaced(&std::mem::take(&mut word), &mut runs));
            out.push(letter);
        }
    }
    out.pop();
    nobody(&out)
}

/// Replaces how long something is by a word, and what a clock on a wall shows; columns that follow from them shrink.
pub(crate) fn without_spans(text: &str) -> String {
    let spans = Regex::new(r"\b\d+ (d|h|min|s)( \d+ (h|min|s))?\b").unwrap();
    let clocks = Regex::new(r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d").unwrap();
    let columns = Regex::new(r"(\S) {3,}").unwrap();
    let text = spans.replace_all(text, "SPAN");
    columns.replace_all(&clocks.replace_all(&text, "CLOCK"), "$1  ").into_owned()
}

/// The same without the breaks that follow from the length of a name: lines that go on stand behind what they go on.
pub(crate) fn unwrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let rest = line.trim_start();
        if line.len() - rest.len() >= 9 && !rest.starts_with('|') && !rest.starts_with("holds ") {
            out.push(' ');
            out.push_str(rest);
        } else {
            out.push('\n');
            out.push_str(line);
        }
    }
    // A break may have taken one of two spaces.
    out.trim_start().replace("  [", " [") + "\n"
}

/// Whoever runs the tests is somebody else everywhere: the word before `(PERSON)`, unless it is an address.
fn nobody(text: &str) -> String {
    let mut parts = text.split(" (PERSON)").peekable();
    let mut out = String::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            out.push_str(part);
            break;
        }
        let at = part.rfind(|letter: char| letter.is_whitespace() || letter == '`').map_or(0, |at| at + 1);
        let (before, name) = part.split_at(at);
        let name = if name.contains('@') { name } else { "SOMEBODY" };
        out.extend([before, name, " (PERSON)"]);
    }
    out
}

fn replaced(word: &str, runs: &mut Vec<String>) -> String {
    let bytes = word.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_run = bytes.len() == 29 && bytes[0] == b'r' && (1..9).all(digit) && bytes[9] == b'-' && bytes[16] == b'-';
    if is_run {
        if !runs.iter().any(|known| known == word) {
            runs.push(word.to_owned());
        }
        let number = runs.iter().position(|known| known == word).unwrap_or_default() + 1;
        return format!("RUN{number}");
    }
    if word.len() >= 20 && (0..4).all(digit) && bytes[10] == b'T' && word.ends_with('Z') {
        return "INSTANT".to_owned();
    }
    if word.starts_with("p_") && matches!(word.len(), 10 | 34) {
        return "PERSON".to_owned();
    }
    let hex = word.bytes().rev().take_while(u8::is_ascii_hexdigit).count();
    if hex >= 16 {
        return format!("{}HEX", &word[..word.len() - hex]);
    }
    word.to_owned()
}

#[test]
fn only_what_differs_is_taken_out() {
    let text = "2026-11-23T22:25:10Z  run `r20261123-222510-0a20955b01b4` [r20261123-222510-0a20955b01b4/7] by \
                `p_8132356f29d6393961ccbe10815eb0fe`, not-due:rotate-1795472713217392, r20261123-222510-2d5a453701b4; 90d";
    let wanted = "INSTANT  run `RUN1` [RUN1/7] by `PERSON`, not-due:rotate-HEX, RUN2; 90d";
    assert_eq!(steady(text), wanted);
    let text = "`root (p_8132356f)` asked; owner = dana@example.com (p_8132356f), and that is all";
    let wanted = "`SOMEBODY (PERSON)` asked; owner = dana@example.com (PERSON), and that is all";
    assert_eq!(steady(text), wanted);
}
