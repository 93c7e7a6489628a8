//! Bytes that nobody wrote in good faith end in coded errors, quickly, and never in a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::known::with_known;
use crate::diagnostic::Diagnostic;
use crate::workflow::{FILE_BYTES_MAX, codes, parse};

const BASE: &str = include_str!("../../../../workflows/rotate-reporting-key.yaml");

fn refused(bytes: &[u8]) -> Vec<Diagnostic> {
    let found = with_known(|known| parse("f.yaml", bytes, known)).unwrap_err();
    assert!(!found.is_empty());
    for one in &found {
        assert!(codes::ALL.iter().any(|(code, _)| *code == one.code), "{one:?}");
        assert!(!one.message.is_empty() && !one.help.is_empty(), "{one:?}");
        assert!(!one.message.ends_with('.') && one.line > 0 && one.column > 0, "{one:?}");
    }
    found
}

/// A file of so many steps, each of which refers to one that is not there.
fn steps(count: usize) -> Vec<u8> {
    let head = BASE.split_inclusive("steps:\n").next().unwrap_or_default();
    (0..count)
        .fold(head.to_owned(), |text, n| {
            text + &format!(
                "  - id: s{n:060}\n    evidence: {{attach: [\"${{{{ steps.t{n:060}.x }}}}\"], retain: 7y}}\n"
            )
        })
        .into_bytes()
}

#[test]
fn what_is_too_much_is_refused_quickly_and_by_name() {
    let laughs: String = (0..9).fold("a0: &a0 [lol, lol]\n".to_owned(), |text, n| {
        let next = n + 1;
        text + &format!("a{next}: &a{next} [*a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}]\n")
    });
    let wide: Vec<u8> = BASE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide.iter().copied()).collect();
    let unknown = |count: usize| (0..count).fold(String::new(), |text, n| text + "k" + &n.to_string() + ": 1\n");
    let cases: [(&str, Vec<u8>, &str); 17] = [
        ("10,000 nested lists", "[".repeat(10_000).into_bytes(), codes::TOO_DEEP),
        ("the same in blocks", "- ".repeat(10_000).into_bytes(), codes::TOO_DEEP),
        ("nested mappings", format!("a: {}1{}", "{b: ".repeat(40), "}".repeat(40)).into_bytes(), codes::TOO_DEEP),
        ("billion laughs", laughs.into_bytes(), codes::ANCHOR),
        ("10 MB", BASE.repeat(8_000).into_bytes(), codes::TOO_LONG),
        ("one byte too long", vec![b'#'; FILE_BYTES_MAX + 1], codes::TOO_LONG),
        ("UTF-16 with a mark", marked, codes::UTF16),
        ("UTF-16 without one", wide, codes::UTF16),
        ("invalid UTF-8", [BASE.as_bytes(), &[0xc3, 0x28]].concat(), codes::NOT_UTF8),
        ("nothing", Vec::new(), codes::EMPTY),
        ("space", b"\xef\xbb\xbf \n\n".to_vec(), codes::EMPTY),
        ("many values", "- a\n".repeat(30_000).into_bytes(), codes::TOO_MANY_VALUES),
        ("1,900 steps", steps(1_900), codes::OUT_OF_RANGE),
        ("256 steps that refer to none", steps(256), codes::UNKNOWN_REFERENCE),
        (
            "40,000 references",
            BASE.replace("soak: 2s", &format!("soak: {}", "${{ a.b }}".repeat(40_000))).into_bytes(),
            codes::REFERENCE_NOT_HERE,
        ),
        (
            "40,000 more",
            BASE.replace("path: reporting", &format!("path: {}", "${{ inputs.b }}".repeat(40_000))).into_bytes(),
            codes::UNKNOWN_REFERENCE,
        ),
        ("9,000 unknown keys", unknown(9_000).into_bytes(), codes::UNKNOWN_KEY),
    ];
    for (name, bytes, code) in cases {
        let began = Instant::now();
        let found = refused(&bytes);
        // WHY: 100 ms is the promise for a release build; this one is not optimised, and the machine is shared.
        assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
        assert!(found.iter().any(|one| one.code == code), "{name}: {found:?}");
        assert!(found.len() <= 101, "{name}: {}", found.len());
    }
    assert_eq!(refused(unknown(200).as_bytes()).last().unwrap().code, codes::TOO_MANY_ERRORS);
}

#[test]
fn a_file_cut_anywhere_before_its_last_line_is_refused() {
    let last = BASE.trim_end().rfind('\n').unwrap();
    for cut in (0..last).filter(|cut| BASE.is_char_boundary(*cut)) {
        refused(&BASE.as_bytes()[..cut]);
    }
}

#[test]
fn nothing_in_a_message_steers_a_terminal() {
    let text = BASE.replace("kind: account", "kind: \"a\\e[31m\\x07\"");
    let found = refused(text.as_bytes());
    assert!(found.iter().all(|one| !one.message.contains(['\u{1b}', '\u{7}'])), "{found:?}");
}

#[test]
fn a_byte_order_mark_and_other_line_ends_are_taken() {
    let windows = BASE.replace('\n', "\r\n");
    assert!(with_known(|known| parse("f.yaml", windows.as_bytes(), known)).is_ok());
    let found = refused(windows.replace("soak: 2s", "soke: 2s").as_bytes());
    assert_eq!((found[0].line, found[0].column), (37, 7), "{found:?}");
    let text = format!("\u{feff}{BASE}");
    assert!(with_known(|known| parse("f.yaml", text.as_bytes(), known)).is_ok());
    let found = refused(text.replace("soak: 2s", "soke: 2s").as_bytes());
    assert_eq!((found[0].line, found[0].column), (37, 7), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        refused(&bytes);
    }

    #[test]
    fn random_yaml_never_panics(text in "[a-z:\\-\\[\\]{}\"'&*!|>#$ \n\t0-9]{0,300}") {
        refused(text.as_bytes());
    }

    /// One mutation of a good file: it is still read, or it is refused with known codes and with places in the text.
    #[test]
    fn mutated_files_never_panic(at in 0..BASE.len(), with in "[a-z:\\-\\[\\]{}\"'&*!|>#$ \n\t0-9é]{0,3}", cut in 0..6usize) {
        let end = (at + cut).min(BASE.len());
        prop_assume!(BASE.is_char_boundary(at) && BASE.is_char_boundary(end));
        let text = format!("{}{with}{}", &BASE[..at], &BASE[end..]);
        if let Err(found) = with_known(|known| parse("f.yaml", text.as_bytes(), known)) {
            prop_assert!(!found.is_empty());
            for one in found {
                prop_assert!(text.get(one.offset..one.offset + one.length).is_some(), "{one:?}");
            }
        }
    }
}
