//! A Rust file as tokens and comments, its test items left out of the tokens.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One token: an identifier, a literal, a delimiter, or punctuation (`::` is one).
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// One Rust file.
pub(crate) struct Source {
    pub(crate) path: String,
    /// Test code altogether.
    pub(crate) is_test: bool,
    /// Without test items and doc comments.
    pub(crate) tokens: Vec<Token>,
    /// Line and text of what is comment, doc comments included; test items too.
    pub(crate) comments: Vec<(usize, String)>,
    /// How many lines there are, test items apart.
    pub(crate) lines: usize,
    pub(crate) first_line: String,
    /// Modules in files of their own that are compiled for tests only.
    pub(crate) test_modules: Vec<String>,
}

/// A path as it is named, `use` groups spread out: `crate`, `store`, `Row`.
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// How many `mod` blocks of the file it stands in.
    pub(crate) depth: usize,
}

impl Named {
    pub(crate) fn starts_with(&self, path: &str) -> bool {
        let wanted: Vec<_> = path.split("::").collect();
        self.segments.len() >= wanted.len() && self.segments.iter().zip(wanted).all(|(a, b)| a == b)
    }

    pub(crate) fn ends_with(&self, path: &str) -> bool {
        let wanted: Vec<_> = path.split("::").collect();
        self.segments.len() >= wanted.len() && self.segments.iter().rev().zip(wanted.iter().rev()).all(|(a, b)| a == b)
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.segments.join("::"))
    }
}

impl Source {
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path} is no Rust: {error}"));
        let mut reading = Reading::of(text);
        reading.blank(&stream);
        reading.flatten(stream);
        let comments = String::from_utf8_lossy(&reading.comments).into_owned();
        let comments = (1..).zip(comments.lines().map(|line| line.trim().to_owned()));
        Self {
            path: path.to_owned(),
            is_test: is_test(path),
            tokens: reading.tokens,
            comments: comments.filter(|(_, line)| !line.is_empty()).collect(),
            lines: text.lines().count() - reading.test_lines,
            test_modules: reading.test_modules,
            first_line: text.lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// Every path that the tokens name.
    pub(crate) fn paths(&self) -> Vec<Named> {
        let mut found = Vec::new();
        let (mut braces, mut mods): (usize, Vec<usize>) = (0, Vec::new());
        for at in 0..self.tokens.len() {
            match self.at(at) {
                "{" => {
                    braces += 1;
                    if at >= 2 && self.at(at - 2) == "mod" {
                        mods.push(braces);
                    }
                }
                "}" => {
                    if mods.last() == Some(&braces) {
                        mods.pop();
                    }
                    braces -= 1;
                }
                text if is_word(text) && !self.continues_a_path(at) => {
                    let before = found.len();
                    self.spread(at, &[], &mut found);
                    found[before..].iter_mut().for_each(|named: &mut Named| named.depth = mods.len());
                }
                _ => {}
            }
        }
        found
    }

    /// Where these tokens stand one after the other: the index of the first, and its line.
    pub(crate) fn find(&self, wanted: &[&str]) -> Vec<(usize, usize)> {
        let windows = self.tokens.windows(wanted.len()).enumerate();
        let same = |window: &[Token]| window.iter().zip(wanted).all(|(token, text)| token.text == *text);
        windows.filter(|(_, window)| same(window)).map(|(at, window)| (at, window[0].line)).collect()
    }

    /// The token at `at`; the empty text beyond the end.
    pub(crate) fn at(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// Where the first of these tokens stands from `from` on; the end if none does.
    pub(crate) fn seek(&self, from: usize, wanted: &[&str]) -> usize {
        (from..self.tokens.len()).find(|&at| wanted.contains(&self.at(at))).unwrap_or(self.tokens.len())
    }

    /// The index after the delimiter that closes the one at `open`.
    pub(crate) fn after_group(&self, open: usize) -> usize {
        let mut depth = 0;
        for at in open..self.tokens.len() {
            match self.at(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }

    fn continues_a_path(&self, at: usize) -> bool {
        at >= 2 && self.at(at - 1) == "::" && (is_word(self.at(at - 2)) || self.at(at - 2) == ">")
    }

    /// Reads the path that begins at `at`; answers with the index after it.
    fn spread(&self, at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
        let line = self.tokens[at].line;
        let mut segments = before.to_vec();
        segments.push(self.at(at).to_owned());
        let mut at = at + 1;
        while self.at(at) == "::" {
            match self.at(at + 1) {
                "{" => {
                    let end = self.after_group(at + 1);
                    let mut inner = at + 2;
                    while inner + 1 < end {
                        let word = is_word(self.at(inner)) || self.at(inner) == "*";
                        inner = if word { self.spread(inner, &segments, found) } else { inner + 1 };
                        inner += if self.at(inner) == "as" { 2 } else { 0 };
                    }
                    return end;
                }
                "<" => at = self.after_angles(at + 1),
                next if is_word(next) || next == "*" => {
                    segments.push(next.to_owned());
                    at += 2;
                }
                _ => break,
            }
        }
        found.push(Named { segments, line, depth: 0 });
        at
    }

    fn after_angles(&self, open: usize) -> usize {
        let mut depth = 0;
        for at in open..self.tokens.len() {
            match self.at(at) {
                "<" => depth += 1,
                ">" if self.at(at - 1) != "-" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }
}

pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_test(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("tests/") || path.contains("/tests/") || file == "tests.rs" || file.ends_with("_tests.rs")
}

struct Reading {
    tokens: Vec<Token>,
    test_lines: usize,
    test_modules: Vec<String>,
    comments: Vec<u8>,
}

impl Reading {
    fn of(text: &str) -> Self {
        Self { tokens: Vec::new(), test_lines: 0, test_modules: Vec::new(), comments: text.as_bytes().to_vec() }
    }

    /// Wipes the code, so that what is left is comments.
    fn blank(&mut self, stream: &TokenStream) {
        let start = |tree: &TokenTree| tree.span().byte_range().start;
        let mut trees = stream.clone().into_iter().peekable();
        while let Some(tree) = trees.next() {
            // The tokens of a doc comment all stand at the comment's own place.
            let mut is_doc = false;
            while trees.next_if(|next| start(next) == start(&tree)).is_some() {
                is_doc = true;
            }
            match tree {
                _ if is_doc => {}
                TokenTree::Group(group) => {
                    self.wipe(group.span_open().byte_range());
                    self.wipe(group.span_close().byte_range());
                    self.blank(&group.stream());
                }
                other => self.wipe(other.span().byte_range()),
            }
        }
    }

    fn wipe(&mut self, range: std::ops::Range<usize>) {
        self.comments[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }

    fn flatten(&mut self, stream: TokenStream) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match attribute(&trees, at) {
                Some((next, text)) if text.starts_with("doc=") => at = next,
                Some((_, text)) if text == "cfg(test)" => at = self.skip_item(&trees, at),
                _ => {
                    self.push(&trees, at);
                    at += 1;
                }
            }
        }
    }

    /// Leaves out the item whose attributes begin at `at`.
    fn skip_item(&mut self, trees: &[TokenTree], at: usize) -> usize {
        let first = trees[at].span().start().line;
        let mut end = at;
        while let Some((next, _)) = attribute(trees, end) {
            end = next;
        }
        while end < trees.len() {
            let last = match &trees[end] {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(mark) => matches!(mark.as_char(), ';' | ','),
                _ => false,
            };
            end += 1;
            if last {
                break;
            }
        }
        if let [.., keyword, TokenTree::Ident(name), TokenTree::Punct(_)] = &trees[at..end]
            && keyword.to_string() == "mod"
        {
            self.test_modules.push(name.to_string());
        }
        self.test_lines += trees[end - 1].span().end().line + 1 - first;
        end
    }

    fn push(&mut self, trees: &[TokenTree], at: usize) {
        match &trees[at] {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                self.token(open, group.span_open().start().line);
                self.flatten(group.stream());
                self.token(close, group.span_close().start().line);
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => {
                let second = at > 0
                    && matches!(&trees[at - 1], TokenTree::Punct(first)
                        if first.as_char() == ':' && first.spacing() == Spacing::Joint);
                match self.tokens.last_mut() {
                    Some(last) if second && last.text == ":" => "::".clone_into(&mut last.text),
                    _ => self.token(":", mark.span().start().line),
                }
            }
            other => self.token(&other.to_string(), other.span().start().line),
        }
    }

    fn token(&mut self, text: &str, line: usize) {
        self.tokens.push(Token { text: text.to_owned(), line });
    }
}

/// The attribute at `at`: the index after it, and its text without blanks.
fn attribute(trees: &[TokenTree], at: usize) -> Option<(usize, String)> {
    let is = |at: usize, wanted: char| matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.as_char() == wanted);
    if !is(at, '#') {
        return None;
    }
    let at = at + if is(at + 1, '!') { 2 } else { 1 };
    match trees.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            Some((at + 1, group.stream().to_string().split_whitespace().collect()))
        }
        _ => None,
    }
}
