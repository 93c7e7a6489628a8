//! Recomputes a whole ledger from its leaves and says what is wrong, and where.
//!
//! With nothing but the leaves and a signed root, a changed byte shows as another root. The hash that a store keeps
//! beside each leaf, and earlier checkpoints, narrow that down to the entry. Memory grows with the open runs; of what
//! is closed, 16 bytes for each run are kept, to know it again.

use countersign_warrant::{Digest, Stamped};

use super::checkpoint::Checkpoint;
use super::note::VerifierKey;
use super::report::{Fault, Faults, Report};
use super::semantics::Semantics;
use super::statement;
use super::tree::{Frontier, leaf_hash};

mod blobs;

pub use blobs::{BlobAnswer, named_blobs};

/// One leaf as a store or an export holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its place, counted from 0.
    pub index: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The leaf hash that was stored when it was sequenced, where it is kept.
    pub stored_hash: Option<Digest>,
}

/// Where blobs are read.
type Blobs<'a> = Box<dyn FnMut(&Digest) -> BlobAnswer + Send + 'a>;

/// A verification under way: leaves go in, in the order of the ledger; a [`Report`] comes out.
pub struct Verifier<'a> {
    checkpoint: Option<Checkpoint>,
    earlier: Vec<Checkpoint>,
    blobs: Option<Blobs<'a>>,
    recent_blobs: blobs::Recent,
    by_bytes: Frontier,
    by_stored: Frontier,
    next: u64,
    signed_roots: Option<(Digest, Digest)>,
    semantics: Semantics,
    clock: Clock,
    counts: Counts,
    faults: Faults,
}

#[derive(Default)]
struct Counts {
    blobs_checked: u64,
    blobs_missing: u64,
}

/// Where stamps go backwards: a hint at moved entries, worth telling only when the root is wrong.
#[derive(Default)]
struct Clock {
    last: Option<Stamped>,
    backwards: Vec<Fault>,
}

impl<'a> Verifier<'a> {
    /// Begins with the signed checkpoint, as its note, and the key of the log.
    pub fn new(note: &str, key: &VerifierKey) -> Self {
        let mut faults = Faults::default();
        let checkpoint = match Checkpoint::open(note, key) {
            Ok(checkpoint) => Some(checkpoint),
            Err(error) => {
                faults.push(Fault::whole(error.code(), with_source(&error)));
                None
            }
        };
        Self {
            checkpoint,
            earlier: Vec::new(),
            blobs: None,
            recent_blobs: blobs::Recent::default(),
            by_bytes: Frontier::default(),
            by_stored: Frontier::default(),
            next: 0,
            signed_roots: None,
            semantics: Semantics::default(),
            clock: Clock::default(),
            counts: Counts::default(),
            faults,
        }
    }

    /// The same, with a checkpoint that the log signed earlier: the tree must begin with it.
    #[must_use]
    pub fn with_earlier(mut self, note: &str, key: &VerifierKey) -> Self {
        match Checkpoint::open(note, key) {
            Ok(earlier) => self.earlier.push(earlier),
            Err(error) => {
                self.faults.push(Fault::whole(error.code(), format!("an earlier one: {}", with_source(&error))));
            }
        }
        self
    }

    /// The same, comparing every blob that an entry names with its digest.
    #[must_use]
    pub fn with_blobs(mut self, blobs: impl FnMut(&Digest) -> BlobAnswer + Send + 'a) -> Self {
        self.blobs = Some(Box::new(blobs));
        self
    }

    /// The next leaf.
    pub fn leaf(&mut self, leaf: &Leaf) {
        self.compare_roots();
        self.check_index(leaf.index);
        let hash = leaf_hash(&leaf.bytes);
        let stored = leaf.stored_hash.unwrap_or(hash);
        self.by_bytes.push(hash);
        self.by_stored.push(stored);
        let entry = statement::decode(&leaf.bytes);
        let id = entry.as_ref().ok().map(|entry| entry.id.clone());
        if stored != hash {
            let message = "the bytes do not have the hash that was stored with them".to_owned();
            self.faults.push(Fault { code: "leaf.hash", index: Some(leaf.index), entry: id, message });
        }
        match entry {
            Ok(mut entry) => {
                entry.index = Some(leaf.index);
                self.entry(entry);
            }
            Err(error) => self.faults.push(Fault::at(leaf.index, error.code(), with_source(&error))),
        }
    }

    fn check_index(&mut self, index: u64) {
        if index > self.next {
            let missing = format!("entries {} to {} are missing before it", self.next, index - 1);
            self.faults.push(Fault::at(index, "ledger.gap", missing));
        } else if index < self.next {
            let message = format!("its index comes again, or late: {} was expected", self.next);
            self.faults.push(Fault::at(index, "ledger.order", message));
        }
        self.next = self.next.max(index.saturating_add(1));
    }

    fn entry(&mut self, entry: Stamped) {
        if let Some(last) = self.clock.last.as_ref().filter(|last| last.at > entry.at)
            && self.clock.backwards.len() < 16
        {
            let message = format!("it was stamped before `{}`, which stands before it", last.id);
            self.clock.backwards.push(Fault::of(&entry, "entry.moved", message));
        }
        self.check_blobs(&entry);
        self.faults.extend(self.semantics.entry(&entry));
        self.clock.last = Some(entry);
    }

    fn check_blobs(&mut self, entry: &Stamped) {
        let Some(blobs) = self.blobs.as_mut() else { return };
        for digest in named_blobs(entry) {
            if self.recent_blobs.knows(&digest) {
                continue;
            }
            match blobs(&digest) {
                BlobAnswer::Found(bytes) if Digest::of(&bytes) == digest => {
                    self.counts.blobs_checked += 1;
                    self.recent_blobs.note(digest);
                }
                BlobAnswer::Found(_) => {
                    let message = format!("the bytes stored for `{digest}` have another digest");
                    self.faults.push(Fault::of(entry, "blob.digest", message));
                }
                // INVARIANT: inv:I3 sealed bytes, plans and the basis of decisions stay; nothing erases them yet.
                BlobAnswer::Missing => {
                    self.counts.blobs_missing += 1;
                    self.faults.push(Fault::of(
                        entry,
                        "blob.missing",
                        format!("the bytes of `{digest}` are not stored"),
                    ));
                }
            }
        }
    }

    /// Compares the roots over the leaves so far with every checkpoint of just that size.
    fn compare_roots(&mut self) {
        let size = self.by_bytes.size();
        let signed_here = self.checkpoint.as_ref().is_some_and(|signed| signed.size == size);
        let (here, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.earlier).into_iter().partition(|earlier| earlier.size == size);
        self.earlier = later;
        if !signed_here && here.is_empty() {
            return;
        }
        let root = self.by_bytes.root();
        if here.iter().any(|earlier| earlier.root != root) {
            let message = format!("the first {size} entries are not those that an earlier checkpoint signed");
            self.faults.push(Fault::whole("checkpoint.forked", message));
        }
        if signed_here {
            self.signed_roots = Some((root, self.by_stored.root()));
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        self.compare_roots();
        let size = self.by_bytes.size();
        self.compare_with_checkpoint(size);
        for earlier in std::mem::take(&mut self.earlier) {
            let message = format!("an earlier checkpoint signed {} entries, and only {size} are there", earlier.size);
            self.faults.push(Fault::whole("checkpoint.smaller", message));
        }
        self.faults.extend(self.semantics.finish());
        Report {
            size,
            root: self.by_bytes.root(),
            checkpoint: self.checkpoint,
            runs: self.semantics.runs(),
            open_runs: self.semantics.open_runs(),
            open_intents: self.semantics.open_intents(),
            blobs_checked: self.counts.blobs_checked,
            blobs_missing: self.counts.blobs_missing,
            faults_total: self.faults.total(),
            faults: self.faults.into_kept(),
        }
    }

    fn compare_with_checkpoint(&mut self, size: u64) {
        let Some(signed) = self.checkpoint.clone() else { return };
        if size < signed.size {
            let message = format!("{} entries are signed, and only {size} are there", signed.size);
            self.faults.push(Fault::whole("ledger.cut_off", message));
        } else if size > signed.size {
            let message =
                format!("from here on nothing is under a signature: {} of {size} entries", size - signed.size);
            self.faults.push(Fault::at(signed.size, "ledger.unsigned", message));
        }
        let Some((root, stored_root)) = self.signed_roots.filter(|(root, _)| *root != signed.root) else { return };
        let named = if stored_root == signed.root && stored_root != root {
            "the stored hashes have the signed root, so that the entries with another hash were changed"
        } else {
            "entries were changed, moved, left out or put in"
        };
        let message = format!("the root over {} entries is not the signed one: {named}", signed.size);
        self.faults.push(Fault::whole("root.mismatch", message));
        self.faults.extend(std::mem::take(&mut self.clock.backwards));
    }
}

/// Verifies a ledger whose leaves are at hand.
pub fn verify<'l>(leaves: impl IntoIterator<Item = &'l Leaf>, note: &str, key: &VerifierKey) -> Report {
    let mut verifier = Verifier::new(note, key);
    leaves.into_iter().for_each(|leaf| verifier.leaf(leaf));
    verifier.finish()
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
