//! The pages of `explain`: each code has one, its wrong example answers with exactly that code, its mended one with
//! none.

use std::collections::BTreeSet;

use super::known::with_known;
use crate::page::Example;
use crate::workflow::{Member, check_set, codes, parse};

fn codes_of(bytes: &[u8]) -> BTreeSet<&'static str> {
    let read = with_known(|known| parse("page.yaml", bytes, known));
    read.err().unwrap_or_default().iter().map(|one| one.code).collect()
}

/// The files that no text shows, by code: the wrong one, and the mended one.
fn told(code: &str) -> (Vec<u8>, Vec<u8>) {
    let good = include_str!("../codes/rotate.yaml");
    let latin = || good.replace("payments service", "caf\u{e9}").chars().map(|c| u8::try_from(c).unwrap()).collect();
    let wrong: Vec<u8> = match code {
        codes::NOT_UTF8 => latin(),
        codes::UTF16 => good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        codes::REORDERED => good.replace("the payments", "the \u{202e}payments").into_bytes(),
        codes::EMPTY => b" \n\n".to_vec(),
        codes::TOO_LONG => vec![b'#'; 10 << 20],
        codes::TOO_DEEP => vec![b'['; 10_000],
        codes::TOO_MANY_VALUES => "- a\n".repeat(30_000).into_bytes(),
        other => panic!("`{other}` has no example that a test could read"),
    };
    (wrong, good.as_bytes().to_vec())
}

#[test]
fn each_example_answers_with_its_code_and_its_mended_one_with_none() {
    for page in codes::pages() {
        if matches!(page.code, codes::DUPLICATE_NAME | codes::TOO_MANY_ERRORS) {
            continue;
        }
        let (wrong, mended) = match page.example {
            Example::Change { base, mended, wrong } => {
                assert_eq!(base.matches(mended).count(), 1, "{}: `{mended}` stands in the good file once", page.code);
                (base.replacen(mended, wrong, 1).into_bytes(), base.as_bytes().to_vec())
            }
            Example::Told { .. } => told(page.code),
        };
        assert_eq!(codes_of(&wrong), BTreeSet::from([page.code]), "{}", String::from_utf8_lossy(&wrong));
        assert_eq!(codes_of(&mended), BTreeSet::new(), "{}", page.code);
    }
}

#[test]
fn two_codes_need_more_than_one_error_or_file() {
    let unknown = (0..200).fold(String::new(), |text, n| text + &format!("k{n}: 1\n"));
    assert_eq!(codes_of(unknown.as_bytes()).last(), Some(&codes::UNKNOWN_KEY));
    assert!(codes_of(unknown.as_bytes()).contains(codes::TOO_MANY_ERRORS));
    let text = include_str!("../codes/rotate.yaml");
    let workflow = with_known(|known| parse("a.yaml", text.as_bytes(), known)).unwrap();
    let member = |file| Member { file, bytes: text.as_bytes(), workflow: &workflow };
    let codes: Vec<&str> = check_set(&[member("a.yaml"), member("b.yaml")]).iter().map(|one| one.code).collect();
    assert_eq!(codes, [codes::DUPLICATE_NAME]);
    assert_eq!(check_set(&[member("a.yaml")]), []);
}

#[test]
fn every_page_is_whole_and_shows_what_differs() {
    let mut seen = BTreeSet::new();
    for page in codes::pages() {
        assert!(seen.insert(page.code), "`{}` has two pages", page.code);
        assert!(page.meaning.ends_with('.') && page.why.ends_with('.') && page.why.len() > 40, "{}", page.code);
        let (wrong, mended) = page.example.shown();
        assert!(!wrong.is_empty() && !mended.is_empty() && wrong != mended, "{}", page.code);
        assert!(wrong.lines().count().max(mended.lines().count()) <= 18, "{}: {wrong}", page.code);
    }
}
