//! Bytes to the text of a policy file: what cannot be read as one at all, or would use the reader up.

use crate::diagnostic::Diagnostic;
use crate::workflow::{REORDERED, is_wide, reordered};

/// The longest policy file, in bytes.
const FILE_BYTES_MAX: usize = 256 << 10;

/// Policies of one file at most. Cedar keeps some 7 KiB for each while it reads them.
const POLICIES_MAX: usize = 1000;

/// Brackets in brackets at most. Cedar's parser calls itself for each, with some 55 KiB of the stack in a build that is
/// not optimised, and a thread of ours may have 2 MiB.
const DEPTH_MAX: usize = 24;

/// `if`s of one policy at most, each of which may stand in another one.
const CHOICES_MAX: usize = 100;

/// Attributes of attributes, and calls on what calls answer, at most: `context.a.b` has two.
const CHAIN_MAX: usize = 64;

/// Terms that one policy joins by `&&`, `||`, `+`, `-` or `*`, at most: each stands within the next.
const TERMS_MAX: usize = 64;

/// Commas of one policy at most: a set of so many values is no longer read by anybody.
const LISTED_MAX: usize = 2000;

/// KiB of the stack that one policy may need; a bracket, an `if`, an attribute and a term need about so many each in a
/// build that is not optimised.
const STACK_MAX: usize = 1600;
const STACK_OF: [usize; 4] = [55, 14, 12, 20];

/// The file's text, or why there is none.
///
/// # Errors
/// `policy.not_utf8`, `policy.too_long`, `policy.reordered`, `policy.too_deep`.
pub fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    if bytes.len() > FILE_BYTES_MAX {
        let found = Diagnostic::error("policy.too_long", file, "", 0..0);
        let message = format!("the file is longer than {} KiB", FILE_BYTES_MAX >> 10);
        return Err(Box::new(found.message(message).help("policies are read by people: split the file")));
    }
    if is_wide(bytes) {
        let found = Diagnostic::error("policy.not_utf8", file, "", 0..0);
        return Err(Box::new(found.message("the file is UTF-16 or UTF-32").help("save it as UTF-8")));
    }
    let text = std::str::from_utf8(bytes).map_err(|wrong| {
        let readable = bytes.get(..wrong.valid_up_to()).unwrap_or_default();
        let text = std::str::from_utf8(readable).unwrap_or_default();
        let found = Diagnostic::error("policy.not_utf8", file, text, text.len()..text.len());
        Box::new(found.message("this byte is not UTF-8").help("save the file as UTF-8"))
    })?;
    if let Some(at) = reordered(text) {
        let found = Diagnostic::error("policy.reordered", file, text, at);
        return Err(Box::new(found.message(REORDERED.0).help(REORDERED.1)));
    }
    if policies(text) > POLICIES_MAX {
        let found = Diagnostic::error("policy.too_long", file, text, 0..0);
        let message = format!("the file has more than {POLICIES_MAX} policies");
        return Err(Box::new(found.message(message).help("policies are read by people: split the file")));
    }
    match too_deep(text) {
        Some((at, what)) => {
            let found = Diagnostic::error("policy.too_deep", file, text, at..at + 1);
            Err(Box::new(found.message(what).help("write it as several policies: each of them must hold")))
        }
        None => Ok(text),
    }
}

/// How many policies end in the text.
fn policies(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut count, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = after_comment(bytes, at),
            b';' => count += 1,
            _ => {}
        }
        at += 1;
    }
    count
}

/// Where brackets, or choices, are too many, and which of them. Strings and comments do not count.
pub(super) fn too_deep(text: &str) -> Option<(usize, &'static str)> {
    let (mut choices, mut terms, mut listed) = (0_usize, 0_usize, 0_usize);
    // Of each bracket that is open, how long the chain is within it.
    let mut chains = vec![0_usize];
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = after_comment(bytes, at);
            }
            b'.' => chains.last_mut().into_iter().for_each(|chain| *chain += 1),
            b',' => {
                listed += 1;
                chains.last_mut().into_iter().for_each(|chain| *chain = 0);
            }
            b'=' | b'<' | b'>' => chains.last_mut().into_iter().for_each(|chain| *chain = 0),
            b'&' | b'|' | b'+' | b'-' | b'*' => {
                // `&&` and `||` are one each.
                at += usize::from(matches!(byte, b'&' | b'|') && bytes.get(at + 1) == Some(byte));
                terms += 1;
                chains.last_mut().into_iter().for_each(|chain| *chain = 0);
            }
            b'(' | b'[' | b'{' => {
                // `context["a"]` is an attribute like `context.a`.
                let is_index = *byte == b'[' && is_value_before(bytes, at);
                chains.last_mut().into_iter().for_each(|chain| *chain += usize::from(is_index));
                chains.push(0);
            }
            b')' | b']' | b'}' if chains.len() > 1 => drop(chains.pop()),
            b';' => (choices, terms, listed, chains) = (0, 0, 0, vec![0]),
            _ if is_choice(bytes, at) => choices += 1,
            _ => {}
        }
        let (depth, chain) = (chains.len() - 1, chains.last().copied().unwrap_or_default());
        if depth > DEPTH_MAX {
            return Some((at, "brackets stand in brackets, more than 24 deep"));
        }
        if chain > CHAIN_MAX {
            return Some((at, "attributes stand in attributes, more than 64 deep"));
        }
        if choices > CHOICES_MAX {
            return Some((at, "one policy has more than 100 times `if`"));
        }
        if listed > LISTED_MAX {
            return Some((at, "one policy lists more than 2000 values"));
        }
        if terms > TERMS_MAX {
            return Some((at, "one policy joins more than 64 terms"));
        }
        let counts = [depth, choices, chains.iter().sum(), terms];
        if counts.iter().zip(STACK_OF).map(|(count, of)| count * of).sum::<usize>() > STACK_MAX {
            return Some((at, "one policy has too many brackets, terms and `if` in one another"));
        }
        at += 1;
    }
    None
}

/// The end of the line that a comment fills from `at` on.
fn after_comment(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at)
}

/// The last byte of the string that begins at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' => return end,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// Whether a value ends right before `at`.
fn is_value_before(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default().trim_ascii_end().last();
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b')' | b']' | b'"'))
}

fn is_choice(bytes: &[u8], at: usize) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    bytes.get(at..at + 2) == Some(b"if") && !is_word(at.checked_sub(1)) && !is_word(Some(at + 2))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::load::Words;
    use crate::policy::{PolicySet, Vocabulary};

    fn code(bytes: &[u8]) -> Option<&'static str> {
        text_of("a.cedar", bytes).err().map(|one| one.code)
    }

    fn policy(condition: &str) -> String {
        format!("@id(\"a\") permit (principal, action, resource) when {{ {condition} }};")
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(code(b"// caf\xe9"), Some("policy.not_utf8"));
        let wide: Vec<u8> = "permit".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(code(&wide), Some("policy.not_utf8"));
        assert_eq!(code(&vec![b' '; FILE_BYTES_MAX + 1]), Some("policy.too_long"));
        assert_eq!(code(&vec![b' '; FILE_BYTES_MAX]), None);
    }

    #[test]
    fn attributes_of_attributes_end() {
        let chain = |depth: usize| policy(&format!("context{} == 1 && context.a == 2", ".a".repeat(depth)));
        assert_eq!(code(chain(CHAIN_MAX).as_bytes()), None);
        assert_eq!(code(chain(CHAIN_MAX + 1).as_bytes()), Some("policy.too_deep"));
    }

    /// At the limit the parser answers, on a thread with as little stack as any of ours; beyond it it is not asked.
    #[test]
    fn depth_ends_before_the_stack_does() {
        let nested =
            |open: &str, close: &str, depth: usize| policy(&format!("{}1{}", open.repeat(depth), close.repeat(depth)));
        // `when {` is one bracket.
        for (open, close) in [("(", ")"), ("[", "]"), ("{a: ", "}"), ("context.has(", ")"), ("!(", ")")] {
            let most = nested(open, close, DEPTH_MAX - 1);
            assert_eq!(code(most.as_bytes()), None, "{open}");
            let read = move || PolicySet::load(&[("a.cedar".to_owned(), most)], &Vocabulary::default()).is_err();
            assert!(std::thread::Builder::new().stack_size(2 << 20).spawn(read).unwrap().join().unwrap());
            assert_eq!(code(nested(open, close, DEPTH_MAX).as_bytes()), Some("policy.too_deep"), "{open}");
        }
        let choices =
            |count: usize| policy(&format!("{}true{}", "if true then ".repeat(count), " else true".repeat(count)));
        let most = choices(CHOICES_MAX);
        assert_eq!(code(most.as_bytes()), None);
        let read = move || PolicySet::load(&[("a.cedar".to_owned(), most)], &Vocabulary::default()).is_err();
        assert!(std::thread::Builder::new().stack_size(2 << 20).spawn(read).unwrap().join().unwrap());
        assert_eq!(code(choices(CHOICES_MAX + 1).as_bytes()), Some("policy.too_deep"));
    }

    /// What stands beside one another is within one another for the parser.
    #[test]
    fn terms_end_before_the_stack_does() {
        let joined = |piece: &str, count: usize, end: &str| policy(&format!("{}{end}", piece.repeat(count)));
        let index = |count: usize| policy(&format!("context{} == 1", "[\"a\"]".repeat(count)));
        let call = |count: usize| policy(&format!("[1]{}", ".containsAll([1, 1])".repeat(count)));
        for (most, more) in [
            (joined("true || ", TERMS_MAX, "true"), joined("true || ", TERMS_MAX + 1, "true")),
            (joined("true && ", TERMS_MAX, "true"), joined("true && ", TERMS_MAX + 1, "true")),
            (joined("1 + ", TERMS_MAX, "1 > 0"), joined("1+", TERMS_MAX + 1, "1 > 0")),
            (joined("1 * ", TERMS_MAX, "1 > 0"), joined("1*", TERMS_MAX + 1, "1 > 0")),
            (joined("1 - ", TERMS_MAX, "1 > 0"), joined("1-", TERMS_MAX + 1, "1 > 0")),
            (call(CHAIN_MAX), call(CHAIN_MAX + 1)),
            (index(CHAIN_MAX), index(CHAIN_MAX + 1)),
            (
                policy(&format!("[{}1].contains(1)", "1,".repeat(1990))),
                policy(&format!("[{}1].contains(1)", "1,".repeat(2001))),
            ),
            (
                joined("(", 12, &format!("{}true{}", "if 1 + 1 > 0 then ".repeat(12), " else true".repeat(12)))
                    .replace("true }", &format!("true{} }}", ")".repeat(12))),
                joined("(", 20, &joined("true || ", 40, "true")),
            ),
        ] {
            assert_eq!(code(most.as_bytes()), None, "{most}");
            let read = move || drop(PolicySet::load(&[("a.cedar".to_owned(), most)], &Vocabulary::default()));
            std::thread::Builder::new().stack_size(2 << 20).spawn(read).unwrap().join().unwrap();
            assert_eq!(code(more.as_bytes()), Some("policy.too_deep"), "{more}");
        }
    }

    /// A stored text goes the same way: nobody has looked at it before it is read again.
    #[test]
    fn what_is_read_again_is_looked_at_first() {
        let texts = policy(&format!("{}1 > 0", "1+".repeat(20_000)));
        let found = PolicySet::compile(&[("a.cedar".to_owned(), texts)], "", &Words::default());
        assert_eq!(found.unwrap_err()[0].code, "policy.too_deep");
    }

    #[test]
    fn strings_comments_and_other_words_do_not_count() {
        let many = "(".repeat(100);
        assert_eq!(code(policy(&format!("\"{many}\\\"{many}\" == \"\"")).as_bytes()), None);
        assert_eq!(code(format!("// {many}\n{}", policy("true")).as_bytes()), None);
        assert_eq!(code(policy(&"iffy.if_x && ".repeat(50)).as_bytes()), None);
        assert_eq!(
            code(policy("if true then true else false").repeat(200).as_bytes()),
            None,
            "each policy counts anew"
        );
        assert_eq!(code(b"\"never closed ((("), None);
    }
}
