//! Where hashes and entries stand in a published log, and in which bytes (C2SP tlog-tiles).
//!
//! A hash tile holds up to 256 consecutive roots of complete subtrees of `256^level` leaves, 32 bytes each; an entry
//! bundle holds up to 256 leaves, each after its length as two big-endian bytes. A full tile or bundle never changes.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::str::FromStr;

use countersign_warrant::Digest;

use super::tree::root_of;

/// How many hashes or leaves a full tile has.
pub const TILE_WIDTH: u64 = 256;

/// The level of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The leaves themselves: an entry bundle.
    Entries,
    /// Roots of complete subtrees of `256^level` leaves; 0 to 63.
    Hashes(u8),
}

/// One tile or entry bundle: `tile/<level>/<index>[.p/<width>]`, `tile/entries/<index>[.p/<width>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Its level.
    pub level: Level,
    /// Its place in the level.
    pub index: u64,
    /// How many hashes or leaves it has: 1 to 256; below 256 it is partial.
    pub width: u16,
}

/// A text that is not the path of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile")]
pub struct ParseTileError(String);

/// Bytes that are not an entry bundle, or leaves that do not fit into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bundle has 1 to 256 leaves of at most 65535 bytes, each after its length")]
pub struct BundleError;

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Entries => f.write_str("tile/entries/")?,
            Level::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        f.write_str(&index_path(self.index))?;
        if u64::from(self.width) < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for Tile {
    type Err = ParseTileError;
    fn from_str(text: &str) -> Result<Self, ParseTileError> {
        parse(text).filter(|tile| tile.to_string() == text).ok_or_else(|| ParseTileError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Tile> {
    let (level, place) = text.strip_prefix("tile/")?.split_once('/')?;
    let level = match level {
        "entries" => Level::Entries,
        number => Level::Hashes(number.parse().ok().filter(|level| *level < 64)?),
    };
    let (digits, width) = match place.split_once(".p/") {
        Some((digits, width)) => (digits, width.parse().ok().filter(|width| (1..256).contains(width))?),
        None => (place, 256),
    };
    let digits: String = digits.split('/').map(|part| part.strip_prefix('x').unwrap_or(part)).collect();
    Some(Tile { level, index: digits.parse().ok()?, width })
}

fn index_path(index: u64) -> String {
    let digits = index.to_string();
    let padded = format!("{digits:0>width$}", width = digits.len().div_ceil(3) * 3);
    let mut path = String::new();
    for at in (0..padded.len()).step_by(3) {
        let (mark, end) = if at + 3 < padded.len() { ("x", "/") } else { ("", "") };
        let _ = write!(path, "{mark}{}{end}", &padded[at..at + 3]);
    }
    path
}

impl Tile {
    /// The leaves that stand under each of its hashes, in order; for an entry bundle one leaf each. `None` where they
    /// would lie beyond the largest tree.
    pub fn spans(&self) -> Option<Vec<Range<u64>>> {
        let leaves = match self.level {
            Level::Entries => 1,
            Level::Hashes(level) => TILE_WIDTH.checked_pow(level.into())?,
        };
        let first = self.index.checked_mul(TILE_WIDTH)?;
        (first..first.checked_add(self.width.into())?)
            .map(|place| Some(place.checked_mul(leaves)?..place.checked_add(1)?.checked_mul(leaves)?))
            .collect()
    }
}

/// The tiles and bundles that a log must have written before it publishes `size` leaves, when those of `earlier`
/// leaves are written: bundles first, then hashes from level 0 up.
pub fn tiles_between(earlier: u64, size: u64) -> Vec<Tile> {
    let mut tiles = between(Level::Entries, earlier, size);
    let (mut level, mut old, mut new) = (0, earlier, size);
    while new > 0 {
        tiles.extend(between(Level::Hashes(level), old, new));
        (level, old, new) = (level + 1, old / TILE_WIDTH, new / TILE_WIDTH);
    }
    tiles
}

fn between(level: Level, old: u64, new: u64) -> Vec<Tile> {
    if new <= old {
        return Vec::new();
    }
    let width_of = |index: u64| u16::try_from((new - index * TILE_WIDTH).min(TILE_WIDTH)).unwrap_or(256);
    (old / TILE_WIDTH..new.div_ceil(TILE_WIDTH)).map(|index| Tile { level, index, width: width_of(index) }).collect()
}

/// The bytes of a hash tile, from the leaf hashes under it.
///
/// # Errors
/// What `leaf` answers.
pub fn hash_tile<E>(tile: &Tile, mut leaf: impl FnMut(u64) -> Result<Digest, E>) -> Result<Vec<u8>, E> {
    let mut bytes = Vec::new();
    for span in tile.spans().unwrap_or_default() {
        bytes.extend_from_slice(root_of(span, &mut leaf)?.as_bytes());
    }
    Ok(bytes)
}

/// The bytes of an entry bundle.
///
/// # Errors
/// When there are none or more than 256 leaves, or one has more than 65,535 bytes.
pub fn encode_bundle<L: AsRef<[u8]>>(leaves: &[L]) -> Result<Vec<u8>, BundleError> {
    if leaves.is_empty() || leaves.len() > 256 {
        return Err(BundleError);
    }
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u16::try_from(leaf.as_ref().len()).map_err(|_| BundleError)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf.as_ref());
    }
    Ok(bytes)
}

/// The leaves of an entry bundle of that width.
///
/// # Errors
/// When the bytes hold fewer or more leaves.
pub fn decode_bundle(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let mut leaves = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(BundleError)?;
        let (leaf, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(BundleError)?;
        leaves.push(leaf);
        bytes = rest;
    }
    if leaves.len() == usize::from(width) { Ok(leaves) } else { Err(BundleError) }
}
