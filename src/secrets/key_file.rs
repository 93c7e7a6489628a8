//! How a key stands in its file: `countersign-key-v1 <name> <generation> <64 hex digits>` and a line feed. The name is
//! in it, so that a file under another's name is noticed.

use zeroize::Zeroizing;

use super::{NoRandomness, fill_random};

const FORMAT: &[u8] = b"countersign-key-v1";

/// 256 secret bits, boxed from birth and wiped when dropped.
pub(super) struct KeyBytes(Box<Zeroizing<[u8; 32]>>);

impl KeyBytes {
    pub(super) fn random() -> Result<Self, NoRandomness> {
        let mut bytes = Self(Box::default());
        fill_random(bytes.0.as_mut_slice())?;
        Ok(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A key as its file holds it.
pub(super) struct KeyFile {
    pub(super) generation: u32,
    pub(super) key: KeyBytes,
}

impl KeyFile {
    /// Reads a file's bytes; `None` when they are not the key `name`.
    pub(super) fn parse(name: &str, bytes: &[u8]) -> Option<Self> {
        let mut words = bytes.strip_suffix(b"\n")?.split(|byte| *byte == b' ');
        let heads = words.next()? == FORMAT && words.next()? == name.as_bytes();
        let generation = words.next().and_then(|word| std::str::from_utf8(word).ok())?.parse().ok()?;
        let digits = words.next()?;
        if !heads || generation == 0 || digits.len() != 64 || words.next().is_some() {
            return None;
        }
        let mut key = KeyBytes(Box::default());
        for (byte, pair) in key.0.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Some(Self { generation, key })
    }

    /// The file's bytes.
    pub(super) fn text(&self, name: &str) -> Zeroizing<Vec<u8>> {
        let head = format!("{} {name} {} ", String::from_utf8_lossy(FORMAT), self.generation);
        let mut text = Zeroizing::new(Vec::with_capacity(head.len() + 65));
        text.extend_from_slice(head.as_bytes());
        for byte in self.key.bytes() {
            text.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        text.push(b'\n');
        text
    }
}

/// Without a table: which digit it is must not show in what is read from memory.
fn digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_as_what_was_written_and_only_under_its_name() {
        let file = KeyFile { generation: 3, key: KeyBytes::random().unwrap() };
        let text = file.text("sealing");
        assert_eq!(text.len(), text.capacity());
        let read = KeyFile::parse("sealing", &text).unwrap();
        assert_eq!((read.generation, read.key.bytes()), (3, file.key.bytes()));
        assert!(KeyFile::parse("person", &text).is_none());
        let whole = String::from_utf8(text.to_vec()).unwrap();
        let cut = whole.get(..whole.len() - 2).unwrap();
        for wrong in [whole.trim_end(), cut, &whole.replace(" 3 ", " 0 "), &whole.to_uppercase(), "", "\n"] {
            assert!(KeyFile::parse("sealing", wrong.as_bytes()).is_none(), "{}", wrong.len());
        }
    }
}
