//! Changes bytes as chance has it; the same chance for the same seed.

/// What a mutation may put in, beside single bytes.
const TOKENS: [&str; 24] = [
    "${{ ",
    " }}",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\n",
    "&a ",
    "*a",
    "!t ",
    "<<",
    "#",
    "\u{202e}",
    "\u{0}",
    "@id(\"x\")",
    "9223372036854775807",
    "-1",
    "null",
    "\u{1f600}",
    "/*",
];

/// How often a piece is repeated, and how long what comes of it may be: nesting and length are where readers fail.
const REPEATED: usize = 2000;
const LENGTH_MAX: usize = 256 * 1024;

/// A source of mutations (xorshift64).
pub(crate) struct Mutator(u64);

impl Mutator {
    /// Mutations of a target's own.
    pub(crate) fn new(target: &str) -> Self {
        let mix = |state: u64, byte| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Self(target.bytes().fold(0x9e37_79b9_7f4a_7c15, mix))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }

    /// One to four changes of the bytes; `other` is another file of the corpus.
    pub(crate) fn change(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(changed.len() + 1);
            let end = (at + 1 + self.below(24)).min(changed.len()).max(at);
            match self.below(8) {
                0 if at < changed.len() => changed[at] ^= 1 << self.below(8),
                1 if at < changed.len() => changed[at] = u8::try_from(self.below(256)).unwrap(),
                2 => drop(changed.drain(at..end)),
                3 => {
                    let twice = changed[at..end].to_vec();
                    changed.splice(at..at, twice);
                }
                4 => changed.truncate(at),
                5 => {
                    let from = self.below(other.len() + 1);
                    let piece = other[from..(from + 40).min(other.len())].to_vec();
                    changed.splice(at..end, piece);
                }
                6 => {
                    let piece = &changed[at..end];
                    let room = LENGTH_MAX.saturating_sub(changed.len()) / piece.len().max(1);
                    let many = piece.repeat(REPEATED.min(room));
                    changed.splice(at..at, many);
                }
                _ => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    changed.splice(at..at, token.bytes());
                }
            }
        }
        changed
    }
}
