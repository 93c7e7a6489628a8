//! What `countersign explain` says of a code: what it means, why it is so, and an example that brings it about beside
//! the mended one.
//!
//! An example is a change of a whole file that is good as it stands, so that tests can read both.

/// The page of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The code, such as `workflow.unknown_key`.
    pub code: &'static str,
    /// What is wrong, as a sentence.
    pub meaning: &'static str,
    /// Why that is not taken, and what to do.
    pub why: &'static str,
    /// What brings it about.
    pub example: Example,
}

/// A wrong text beside the mended one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// One change of a good file.
    Change {
        /// The good file.
        base: &'static str,
        /// A part of it that stands in it once.
        mended: &'static str,
        /// What makes it wrong when it stands there instead.
        wrong: &'static str,
    },
    /// Something that no text shows: the bytes of a whole file, or several files.
    Told {
        /// What is wrong, in words.
        wrong: &'static str,
        /// What is right, in words.
        mended: &'static str,
    },
}

impl Page {
    /// The page of a code that no text shows by itself.
    pub const fn told(
        code: &'static str,
        meaning: &'static str,
        why: &'static str,
        wrong: &'static str,
        mended: &'static str,
    ) -> Self {
        Self { code, meaning, why, example: Example::told(wrong, mended) }
    }
}

impl Example {
    /// A change of a good file.
    pub const fn change(base: &'static str, mended: &'static str, wrong: &'static str) -> Self {
        Self::Change { base, mended, wrong }
    }

    /// Something that no text shows.
    pub const fn told(wrong: &'static str, mended: &'static str) -> Self {
        Self::Told { wrong, mended }
    }

    /// The whole files, the wrong one first; `None` for what no text shows.
    pub fn files(&self) -> Option<(String, &'static str)> {
        match self {
            Self::Change { base, mended, wrong } => Some((base.replacen(mended, wrong, 1), base)),
            Self::Told { .. } => None,
        }
    }

    /// What a person is shown, the wrong one first: the lines that differ, with one line around them.
    pub fn shown(&self) -> (String, String) {
        match self {
            Self::Told { wrong, mended } => ((*wrong).to_owned(), (*mended).to_owned()),
            Self::Change { base, mended, wrong } => {
                let at = base.find(mended).unwrap_or_default();
                let changed = base.replacen(mended, wrong, 1);
                (lines(&changed, at, wrong.len()), lines(base, at, mended.len()))
            }
        }
    }
}

/// The lines of a part of a text, with one line before and one after them, moved to the left as far as they go.
fn lines(text: &str, at: usize, length: usize) -> String {
    let line_of = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count();
    let (first, last) = (line_of(at), line_of(at + length.saturating_sub(1)));
    let shown = text.lines().skip(first.saturating_sub(1)).take(last + 2 - first.saturating_sub(1));
    let shown: Vec<&str> = shown.filter(|line| !line.trim().is_empty()).collect();
    let indent = shown.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    shown.iter().map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_the_lines_around_it() {
        let example = Example::change("a:\n  b: 1\n  c: 2\n  d: 3\n", "c: 2", "c: x\n  e: 4");
        assert_eq!(example.shown(), ("b: 1\nc: x\ne: 4\nd: 3".to_owned(), "b: 1\nc: 2\nd: 3".to_owned()));
        let first = Example::change("a: 1\nb: 2\n", "a: 1", "a: x");
        assert_eq!(first.shown(), ("a: x\nb: 2".to_owned(), "a: 1\nb: 2".to_owned()));
        assert_eq!(first.files(), Some(("a: x\nb: 2\n".to_owned(), "a: 1\nb: 2\n")));
    }
}
