//! Looking for secrets in whatever a process leaves behind, in every form in which they could be there.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many bytes of a form are compared first.
const HEAD: usize = 8;

/// The shortest part of a secret that is looked for.
const PART_MIN: usize = 16;

/// What is looked for.
pub(crate) struct Needles {
    by_head: HashMap<[u8; HEAD], Vec<(String, Vec<u8>)>>,
}

impl Needles {
    /// Every form of both halves of every secret: a whole one holds both.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut needles = Self { by_head: HashMap::new() };
        for (name, secret) in secrets {
            assert!(secret.len() >= 2 * PART_MIN, "{name} has only {} bytes", secret.len());
            let (first, second) = secret.split_at(secret.len() / 2);
            for (half, part) in [("first half", first), ("second half", second)] {
                for (form, bytes) in forms(part) {
                    needles.add(format!("{name}, {half}, {form}"), bytes);
                }
            }
        }
        needles
    }

    /// These very bytes.
    pub(crate) fn add(&mut self, name: String, bytes: Vec<u8>) {
        let head: [u8; HEAD] = bytes[..HEAD].try_into().unwrap();
        self.by_head.entry(head).or_default().push((name, bytes));
    }

    /// What of it is in these bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for (at, window) in bytes.windows(HEAD).enumerate() {
            let head: [u8; HEAD] = window.try_into().unwrap();
            for (name, needle) in self.by_head.get(&head).into_iter().flatten() {
                if bytes[at..].starts_with(needle) {
                    found.push(name.as_str());
                }
            }
        }
        found
    }
}

/// The forms in which bytes may have been written down.
pub(crate) fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let each = |write: &dyn Fn(&mut String, u8)| {
        let mut text = String::new();
        for byte in secret {
            write(&mut text, *byte);
        }
        text.into_bytes()
    };
    let hex = each(&|text, byte| write!(text, "{byte:02x}").unwrap());
    let mut forms = vec![
        ("raw", secret.to_vec()),
        ("reversed", secret.iter().rev().copied().collect()),
        ("hex", hex.clone()),
        ("HEX", hex.to_ascii_uppercase()),
        ("hex reversed", hex.iter().rev().copied().collect()),
        ("percent", each(&|text, byte| write!(text, "%{byte:02x}").unwrap())),
        ("PERCENT", each(&|text, byte| write!(text, "%{byte:02X}").unwrap())),
        ("percent where needed", each(&percent)),
        ("json escaped", each(&|text, byte| write!(text, "\\u{byte:04x}").unwrap())),
        ("byte list", each(&|text, byte| write!(text, "{byte}, ").unwrap())),
        ("byte list, dense", each(&|text, byte| write!(text, "{byte},").unwrap())),
        ("rust escaped", secret.escape_ascii().to_string().into_bytes()),
        ("utf-16le", secret.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("utf-16be", secret.iter().flat_map(|byte| [0, *byte]).collect()),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        let quoted = serde_json::to_string(text).unwrap();
        forms.push(("json", quoted.as_bytes()[1..quoted.len() - 1].to_vec()));
    }
    for (name, engine) in [("base64", &STANDARD_NO_PAD), ("base64url", &URL_SAFE_NO_PAD)] {
        for offset in 0..3 {
            forms.push((name, base64(secret, offset, engine)));
        }
    }
    forms
}

fn percent(text: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        text.push(char::from(byte));
    } else {
        write!(text, "%{byte:02X}").unwrap();
    }
}

/// The letters that stand for these bytes alone when so many bytes, and any others, stand around them.
fn base64(secret: &[u8], offset: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let text = engine.encode([&vec![0; offset][..], secret].concat());
    let first = (offset * 8).div_ceil(6);
    let last = (offset + secret.len()) * 8 / 6;
    text.as_bytes()[first..last].to_vec()
}

#[test]
fn every_form_is_found_in_the_middle_of_anything() {
    let secret: Vec<u8> = (0..48_u8).map(|at| at.wrapping_mul(37) ^ 0xb5).collect();
    let text = b"v1-AB\"C_dEfGhIjKl\nMnOpQrStUvWxYz/0123456789+xyz%".to_vec();
    let needles = Needles::of([("binary", &secret[..]), ("text", &text[..])]);
    for secret in [&secret, &text] {
        for (form, bytes) in forms(secret) {
            let log = [b"2026-11-23T22:00:00Z TRACE key=".as_slice(), &bytes, b" sent\n"].concat();
            assert!(needles.found_in(&log).len() >= 2, "{form} is overlooked");
        }
        // Whatever stands before and after it.
        for before in 0..4 {
            let around = [&vec![0xc3; before][..], secret, &[0x5a; 5]].concat();
            let plain = base64::engine::general_purpose::STANDARD.encode(&around);
            assert!(needles.found_in(plain.as_bytes()).len() >= 2, "base64 after {before} bytes is overlooked");
        }
    }
    assert_eq!(needles.found_in(&[0; 4096]), Vec::<&str>::new());
    assert_eq!(needles.found_in(b"nothing of it: v1-AB\"C_dEfG, cut short"), Vec::<&str>::new());
}
