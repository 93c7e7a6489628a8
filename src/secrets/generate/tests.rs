#![allow(clippy::unwrap_used)]

use countersign_kernel::workflow::model::{Alphabet, CharacterClass, Generate};
use proptest::prelude::*;

use super::*;

const ALPHABETS: [Alphabet; 4] = [Alphabet::UrlSafe, Alphabet::Alphanumeric, Alphabet::Hex, Alphabet::Printable];
const CLASSES: [CharacterClass; 4] =
    [CharacterClass::Lower, CharacterClass::Upper, CharacterClass::Digit, CharacterClass::Symbol];

fn rule(length: u32, alphabet: Alphabet, require: &[CharacterClass]) -> Result<TextRule, TextRuleError> {
    let asked = Generate { length, alphabet, require: require.to_vec(), lifetime_secs: None };
    TextRule::new(asked.length as usize, asked.alphabet.characters(), &asked.required_characters())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_keeps_its_rule(
        length in 8u32..200,
        alphabet in prop::sample::select(ALPHABETS.to_vec()),
        require in prop::sample::subsequence(CLASSES.to_vec(), 0..=4),
    ) {
        match rule(length, alphabet, &require) {
            Err(error) => {
                let all = alphabet.characters();
                let lacking = require.iter().any(|class| !all.chars().any(|one| class.holds(one)));
                prop_assert!(lacking, "{error}");
            }
            Ok(rule) => {
                let made = text(&rule).unwrap().expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                prop_assert_eq!(made.len(), length as usize);
                prop_assert!(made.chars().all(|one| alphabet.characters().contains(one)));
                prop_assert!(require.iter().all(|class| made.chars().any(|one| class.holds(one))));
            }
        }
    }
}

/// Chi-square of how often each of `alphabet` was drawn.
fn chi_square(drawn: &[u8], alphabet: &[u8]) -> f64 {
    let mut seen = [0; 256];
    for byte in drawn {
        seen[usize::from(*byte)] += 1;
    }
    let expected = count(drawn.len()) / count(alphabet.len());
    let off = |byte: &u8| count(seen[usize::from(*byte)]) - expected;
    alphabet.iter().map(|byte| off(byte).powi(2) / expected).sum()
}

#[test]
fn characters_are_drawn_evenly() {
    for alphabet in [Alphabet::Printable, Alphabet::Alphanumeric, Alphabet::Hex] {
        let characters = alphabet.characters().as_bytes();
        let rule = rule(1000, alphabet, &[]).unwrap();
        let drawn: Vec<u8> = (0..100).flat_map(|_| text(&rule).unwrap().expose(<[u8]>::to_vec)).collect();
        // Mean n - 1, deviation sqrt(2 (n - 1)): eight deviations do not happen by chance.
        let free = count(characters.len() - 1);
        let bound = free + 8.0 * (2.0 * free).sqrt();
        let found = chi_square(&drawn, characters);
        assert!(found < bound, "{alphabet:?}: {found} of at most {bound}");
        // The measure sees what a plain remainder would do: with 88 characters, three of the first 80 for two others.
        if 256 % characters.len() != 0 {
            let biased: Vec<u8> = (0..100_000).map(|n| characters[n % 256 % characters.len()]).collect();
            assert!(chi_square(&biased, characters) > bound, "{alphabet:?}");
        }
    }
}

#[test]
fn a_required_class_does_not_make_a_position_special() {
    // Of the texts of `ab` with an `a`, all are equally likely: the first character is `a` in 128 of 255.
    let rule = TextRule::new(8, "ab", &["a".to_owned()]).unwrap();
    let firsts = (0..4000).filter(|_| text(&rule).unwrap().expose(|bytes| bytes[0]) == b'a').count();
    assert!((1808..2208).contains(&firsts), "{firsts} of 4000, expected 2008, deviation 32");
}

#[test]
fn two_texts_differ() {
    let rule = rule(16, Alphabet::Hex, &[]).unwrap();
    let made: std::collections::BTreeSet<Vec<u8>> =
        (0..1000).map(|_| text(&rule).unwrap().expose(<[u8]>::to_vec)).collect();
    assert_eq!(made.len(), 1000);
}

#[test]
fn a_rule_that_no_text_keeps_is_refused() {
    assert_eq!(rule(7, Alphabet::Hex, &[]), Err(TextRuleError::Length(7)));
    assert_eq!(rule(1025, Alphabet::Hex, &[]), Err(TextRuleError::Length(1025)));
    let upper = [CharacterClass::Digit, CharacterClass::Upper];
    assert_eq!(rule(32, Alphabet::Hex, &upper), Err(TextRuleError::Class(2)));
    for wrong in ["", "a", "aba", "\u{e9}b"] {
        assert_eq!(TextRule::new(8, wrong, &[]), Err(TextRuleError::Alphabet), "{wrong}");
    }
    let wide: String = (0x21u8..0x7f).map(char::from).collect();
    let each: Vec<String> = wide.chars().take(8).map(String::from).collect();
    assert_eq!(TextRule::new(8, &wide, &each), Err(TextRuleError::Rare));
}

#[test]
fn a_verifier_is_given_only_where_nobody_can_guess() {
    let verified = |length, alphabet, require: &[CharacterClass]| {
        let rule = rule(length, alphabet, require).unwrap();
        let material = text(&rule).unwrap();
        let found = verifier(&rule, &material);
        assert!(found.as_ref().is_none_or(|found| *found == material.expose(|bytes| Digest::of(bytes).to_string())));
        found.is_some()
    };
    assert!(verified(64, Alphabet::Hex, &[]));
    assert!(!verified(63, Alphabet::Hex, &[]));
    assert!(verified(43, Alphabet::UrlSafe, &CLASSES));
    assert!(!verified(42, Alphabet::UrlSafe, &[]));
    // 2^256 texts, of which some miss a digit or a letter.
    assert!(!verified(64, Alphabet::Hex, &[CharacterClass::Digit, CharacterClass::Lower]));
}
