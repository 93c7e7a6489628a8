//! Bytes to text: what cannot be read as a workflow at all.

use super::codes;
use crate::diagnostic::Diagnostic;

/// The longest workflow file, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// The file's text, or why there is none.
pub(super) fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    let whole = |code, message: String, help: &str| {
        Err(Box::new(Diagnostic::error(code, file, "", 0..0).message(message).help(help)))
    };
    if bytes.len() > FILE_BYTES_MAX {
        let message = format!("the file is longer than {} MiB", FILE_BYTES_MAX >> 20);
        return whole(codes::TOO_LONG, message, "a workflow is one file of a few hundred lines");
    }
    if is_wide(bytes) {
        let message = "the file is UTF-16 or UTF-32".to_owned();
        return whole(codes::UTF16, message, "save it as UTF-8");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => {
            whole(codes::EMPTY, "the file is empty".to_owned(), "start with `apiVersion: countersign/v1`")
        }
        Ok(text) => match reordered(text) {
            Some(at) => {
                let found = Diagnostic::error(codes::REORDERED, file, text, at);
                Err(Box::new(found.message(REORDERED.0).help(REORDERED.1)))
            }
            None => Ok(text),
        },
        Err(wrong) => {
            let readable = bytes.get(..wrong.valid_up_to()).unwrap_or_default();
            let text = std::str::from_utf8(readable).unwrap_or_default();
            let found = Diagnostic::error(codes::NOT_UTF8, file, text, text.len()..text.len());
            Err(Box::new(found.message("this byte is not UTF-8").help("save the file as UTF-8")))
        }
    }
}

/// What is wrong with a text that is shown in another order than it is read, and the way out.
pub(crate) const REORDERED: (&str, &str) = (
    "this character is not seen, and shows what follows in another order",
    "remove it: write text in the order in which it is read",
);

/// Where the first character stands that changes the direction in which the text around it is shown (Unicode UAX 9: the
/// explicit embeddings, overrides and isolates).
pub(crate) fn reordered(text: &str) -> Option<std::ops::Range<usize>> {
    let (at, found) =
        text.char_indices().find(|(_, c)| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))?;
    Some(at..at + found.len_utf8())
}

/// A byte order mark of UTF-16 or UTF-32, or ASCII with a zero byte beside each character.
pub(crate) fn is_wide(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => true,
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => false,
    }
}
