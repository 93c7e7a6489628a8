//! Reads single values: text, words, numbers, durations, names.

use std::ops::RangeInclusive;

use super::codes;
use super::errors::{Errors, Read};
use super::suggest;
use super::table::tell_later;
use super::tree::{Content, Node};

/// The largest whole number that canonical JSON keeps exact (RFC 8785 section 3.2.2.3).
pub(super) const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A hundred years: no duration is longer.
const DURATION_MS_MAX: u64 = 100 * 365 * 86_400_000;

/// Text without references.
pub(super) fn text<'n>(node: &'n Node, errors: &mut Errors<'_>) -> Read<&'n str> {
    let Content::Text(text) = &node.content else {
        let help = match node.content {
            Content::Null => "write something after it, or leave it out",
            _ => "put quotes around it if text is meant",
        };
        return Err(errors.wrong_type(node, "text", help));
    };
    if text.trim().is_empty() {
        return Err(errors.tell(
            codes::EMPTY_VALUE,
            &node.span,
            "this text is empty",
            "write something, or leave it out",
        ));
    }
    if text.contains("${{") {
        let message = "only plain text can stand here, no `${{ }}`";
        return Err(errors.tell(codes::REFERENCE_NOT_HERE, &node.span, message, "write the value itself"));
    }
    Ok(text)
}

/// Text of at most so many characters, on one line.
pub(super) fn line<'n>(node: &'n Node, length_max: usize, errors: &mut Errors<'_>) -> Read<&'n str> {
    let text = text(node, errors)?;
    if text.chars().count() > length_max || text.trim_end().contains(char::is_control) {
        let message = format!("expected one line of at most {length_max} characters");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, "make it shorter"));
    }
    Ok(text.trim_end())
}

/// One of the words; those in `later` are of a version to come.
pub(super) fn word<T: Copy>(
    node: &Node,
    words: &[(&'static str, T)],
    later: &[&str],
    errors: &mut Errors<'_>,
) -> Read<T> {
    let given = text(node, errors)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == given) {
        return Ok(*meaning);
    }
    if later.contains(&given) {
        return Err(tell_later(given, &node.span, errors));
    }
    let help = suggest::help(given, words.iter().map(|(word, _)| *word));
    Err(errors.tell(codes::UNKNOWN_WORD, &node.span, format!("`{}` cannot stand here", shortened(given)), help))
}

/// A whole number within bounds.
pub(super) fn integer(node: &Node, bounds: RangeInclusive<i64>, errors: &mut Errors<'_>) -> Read<i64> {
    let Content::Integer(number) = node.content else {
        return Err(errors.wrong_type(node, "a whole number", "write digits, without quotes"));
    };
    if bounds.contains(&number) {
        return Ok(number);
    }
    let message = format!("{number} is out of bounds");
    let help = format!("from {} to {}", bounds.start(), bounds.end());
    Err(errors.tell(codes::OUT_OF_RANGE, &node.span, message, help))
}

/// A count within bounds.
pub(super) fn count(node: &Node, bounds: RangeInclusive<u32>, errors: &mut Errors<'_>) -> Read<u32> {
    let number = integer(node, i64::from(*bounds.start())..=i64::from(*bounds.end()), errors)?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A name of letters, digits, `-` and `_` that begins with a letter; 64 characters at most.
pub(super) fn name<'n>(node: &'n Node, errors: &mut Errors<'_>) -> Read<&'n str> {
    let text = text(node, errors)?;
    if is_name(text) {
        return Ok(text);
    }
    let help = "letters, digits, `-` and `_`, a letter first, 64 characters at most";
    Err(errors.tell(codes::BAD_NAME, &node.span, format!("`{}` is not a name", shortened(text)), help))
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// True for an e-mail address of one person.
pub(crate) fn is_address(text: &str) -> bool {
    let is_atom =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&b));
    text.len() <= 254
        && text.split_once('@').is_some_and(|(who, host)| {
            is_atom(who) && is_atom(host) && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..")
        })
}

/// A person, named by an e-mail address.
pub(super) fn person<'n>(node: &'n Node, errors: &mut Errors<'_>) -> Read<&'n str> {
    let text = text(node, errors)?;
    if is_address(text) {
        return Ok(text);
    }
    let message = format!("`{}` is not an e-mail address", shortened(text));
    Err(errors.tell(codes::BAD_PERSON, &node.span, message, "name one person, such as `dana@example.com`"))
}

/// A duration in milliseconds.
pub(super) fn duration_ms(node: &Node, errors: &mut Errors<'_>) -> Read<u64> {
    if !matches!(node.content, Content::Text(_)) {
        return Err(errors.wrong_type(node, "a duration", "write a number and a unit, such as `10s`, `96h` or `30d`"));
    }
    let given = text(node, errors)?;
    match parse_duration_ms(given) {
        Some(ms) if ms <= DURATION_MS_MAX => Ok(ms),
        Some(_) => {
            Err(errors.tell(codes::OUT_OF_RANGE, &node.span, format!("`{given}` is too long"), "at most `100y`"))
        }
        None => {
            let message = format!("`{}` is not a duration", shortened(given));
            let help = "write a whole number and one unit: ms, s, m, h, d, y (365 days)";
            Err(errors.tell(codes::BAD_DURATION, &node.span, message, help))
        }
    }
}

/// A duration longer than nothing, in milliseconds.
pub(super) fn some_ms(node: &Node, errors: &mut Errors<'_>) -> Read<u64> {
    let ms = duration_ms(node, errors)?;
    if ms > 0 {
        return Ok(ms);
    }
    Err(errors.tell(codes::OUT_OF_RANGE, &node.span, "this duration is nothing", "at least `1ms`"))
}

/// A duration of whole seconds, at least one.
pub(super) fn some_secs(node: &Node, errors: &mut Errors<'_>) -> Read<u64> {
    let ms = duration_ms(node, errors)?;
    if ms > 0 && ms % 1000 == 0 {
        return Ok(ms / 1000);
    }
    Err(errors.tell(codes::OUT_OF_RANGE, &node.span, "expected whole seconds, at least one", "such as `90d`"))
}

/// `50ms 10s 5m 96h 30d 7y` in milliseconds; a year has 365 days.
pub(super) fn parse_duration_ms(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "y" => 365 * 86_400_000,
        _ => return None,
    };
    if number.len() > 1 && number.starts_with('0') {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(number.saturating_mul(unit_ms))
}

/// The beginning of a text, for a message.
pub(super) fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['\u{2026}']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit() {
        for (text, ms) in [
            ("50ms", Some(50)),
            ("0s", Some(0)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("96h", Some(345_600_000)),
            ("30d", Some(2_592_000_000)),
            ("7y", Some(220_752_000_000)),
            ("99999999999999999999d", None),
            ("1h30m", None),
            ("010s", None),
            ("-1s", None),
            ("1.5h", None),
            ("s", None),
            ("5", None),
            ("", None),
            ("5 s", None),
        ] {
            assert_eq!(parse_duration_ms(text), ms, "{text}");
        }
    }
}
