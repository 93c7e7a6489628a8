//! Reads `generate`: how a secret text, or a key pair, is made.

use countersign_contract::SecretKind;

use super::codes;
use super::errors::{Errors, Read};
use super::issue::KEYS;
use super::model::{Alphabet, CharacterClass, Generate, Generated};
use super::scalar;
use super::scope::Scope;
use super::table::{Table, items};
use super::tree::Node;

const ALPHABETS: [(&str, Alphabet); 4] = [
    ("url_safe", Alphabet::UrlSafe),
    ("alphanumeric", Alphabet::Alphanumeric),
    ("hex", Alphabet::Hex),
    ("printable", Alphabet::Printable),
];

const CLASSES: [(&str, CharacterClass); 4] = [
    ("lower", CharacterClass::Lower),
    ("upper", CharacterClass::Upper),
    ("digit", CharacterClass::Digit),
    ("symbol", CharacterClass::Symbol),
];

/// Reads `generate`, as the subject's kind has it.
pub(super) fn generate(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Generated> {
    // WHY: of an unknown kind, what is written tells what is meant, so that it is not told as wrong.
    let is_pair = match scope.whose {
        Ok(whose) => whose.kind.secret.is_some_and(|secret| secret.kind == SecretKind::KeyPair),
        Err(_) => node.has("key"),
    };
    if is_pair { key_pair(node, errors) } else { text(node, errors).map(Generated::Text) }
}

/// Reads `{key, lifetime}`.
fn key_pair(node: &Node, errors: &mut Errors<'_>) -> Read<Generated> {
    let mut table = Table::of(node, "{key: p256, lifetime: 90d}", errors)?;
    let key = table.need("key", "p256", errors).and_then(|node| scalar::word(node, &KEYS, &[], errors));
    let lifetime_secs = table.take("lifetime").map(|node| scalar::some_secs(node, errors)).transpose();
    table.done(&[], errors)?;
    Ok(Generated::KeyPair { key: key?, lifetime_secs: lifetime_secs? })
}

/// Reads `{length, alphabet, require, lifetime}`.
fn text(node: &Node, errors: &mut Errors<'_>) -> Read<Generate> {
    let mut table = Table::of(node, "{length: 43, alphabet: url_safe}", errors)?;
    let length = table.need("length", "43", errors).and_then(|node| scalar::count(node, 8..=1024, errors));
    let alphabet =
        table.need("alphabet", "url_safe", errors).and_then(|node| scalar::word(node, &ALPHABETS, &[], errors));
    let require = table.take("require").map_or(Ok(Vec::new()), |node| classes(node, alphabet, errors));
    let lifetime_secs = table.take("lifetime").map(|node| scalar::some_secs(node, errors)).transpose();
    table.done(&[], errors)?;
    Ok(Generate { length: length?, alphabet: alphabet?, require: require?, lifetime_secs: lifetime_secs? })
}

fn classes(node: &Node, alphabet: Read<Alphabet>, errors: &mut Errors<'_>) -> Read<Vec<CharacterClass>> {
    let mut classes = Vec::new();
    let mut told = Ok(());
    for item in items(node, "[lower, digit]", errors)? {
        match scalar::word(item, &CLASSES, &[], errors) {
            Ok(class) if alphabet.is_ok_and(|alphabet| !has(alphabet, class)) => {
                let message = "the alphabet has no character of this class";
                let help = "leave it out, or take another alphabet; `printable` has all classes";
                told = Err(errors.tell(codes::IMPOSSIBLE_CLASS, &item.span, message, help));
            }
            Ok(class) if classes.contains(&class) => {
                let message = "this class stands in the list twice";
                told =
                    Err(errors.tell(codes::IMPOSSIBLE_CLASS, &item.span, message, "one character of each is required"));
            }
            Ok(class) => classes.push(class),
            Err(because) => told = Err(because),
        }
    }
    told.map(|()| classes)
}

/// Whether the alphabet has characters of the class.
const fn has(alphabet: Alphabet, class: CharacterClass) -> bool {
    match alphabet {
        Alphabet::UrlSafe | Alphabet::Printable => true,
        Alphabet::Alphanumeric => !matches!(class, CharacterClass::Symbol),
        Alphabet::Hex => matches!(class, CharacterClass::Lower | CharacterClass::Digit),
    }
}
