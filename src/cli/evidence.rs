//! `countersign evidence`: a credential's story, and the verification of the whole ledger.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_contract::file;
use countersign_kernel::evidence::note::VerifierKey;
use countersign_kernel::evidence::report::{FAULTS_MAX, Fault, Report};
use countersign_kernel::evidence::story::story;
use countersign_kernel::evidence::tree::{Frontier, leaf_hash};
use countersign_kernel::evidence::verify::{BlobAnswer, Leaf, Verifier, named_blobs};
use countersign_warrant::{Digest, ResourceName};
use serde_json::json;

use super::Stop;
use super::arguments::Evidence;
use super::names::Names;
use super::reasons::Reasons;
use super::screen::{Screen, counted};
use super::stop::{BAD_INPUT, DONE, HEAD_MISSING, LEDGER};
use super::tell::seconds;
use crate::Reading;
use crate::folder::Folder;
use crate::store::{Store, StoredCheckpoint, StoredEntry};

/// How many leaves are read at once.
const PAGE: u32 = 1000;

/// Reads or verifies.
pub(super) async fn evidence(data: Option<PathBuf>, asked: &Evidence, screen: &Screen) -> Result<u8, Stop> {
    let path = Folder::resolve(data)?;
    let reading = Reading::open(&path).await?;
    match asked {
        Evidence::Show { subject } => show(&reading.store, subject, screen).await,
        Evidence::Checkpoint => {
            let latest = newest(&reading).await?;
            screen.document(&json!({"size": latest.size, "root": latest.root, "note": latest.note}));
            screen.say(latest.note.trim_end_matches('\n'));
            Ok(DONE)
        }
        Evidence::Verify { checkpoint } => {
            let earlier = checkpoint.as_deref().map(|path| file::read_text(path, file::SMALL)).transpose();
            let earlier = earlier.map_err(|error| {
                let path = checkpoint.as_deref().unwrap_or(Path::new("")).display().to_string();
                Stop::new(BAD_INPUT, "evidence.unreadable", format!("`{path}`: {error}"), "name a checkpoint file")
            })?;
            let report = verify(&reading, earlier.as_deref()).await?;
            let written = reading.store.counts().await?.entries;
            tell(&report, written.saturating_sub(report.size), screen);
            Ok(if report.holds() { DONE } else { LEDGER })
        }
    }
}

async fn show(store: &Store, subject: &str, screen: &Screen) -> Result<u8, Stop> {
    let subject: ResourceName = subject.parse().map_err(|error: countersign_warrant::ParseIdError| {
        let help = "a subject is named connector/kind/name; `countersign status` lists them";
        Stop::new(BAD_INPUT, "evidence.no_subject", error.to_string(), help)
    })?;
    tell_story(store, &subject, screen).await
}

/// Tells what the ledger holds of a subject.
pub(super) async fn tell_story(store: &Store, subject: &ResourceName, screen: &Screen) -> Result<u8, Stop> {
    let entries = store.entries_of_subject(subject).await?;
    if entries.is_empty() {
        let help = "`countersign status` lists the subjects";
        let text = format!("the ledger holds nothing about `{subject}`");
        return Err(Stop::new(BAD_INPUT, "evidence.no_subject", text, help));
    }
    let lines = story(subject, &entries);
    let reasons = Reasons::load(store, &entries).await?;
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut row = json!({"at": line.at, "entry": line.entry, "text": line.text});
            if let Some(digest) = &line.reason {
                row["reason"] = json!(reasons.of(digest));
            }
            row
        })
        .collect();
    screen.document(&json!({"subject": subject, "story": rows}));
    let names = Names::load(store).await?;
    for line in lines {
        let text = format!("{}{}", line.text, reasons.told(line.reason.as_ref()));
        let text = format!("{}  [{}]", names.spelt(&text), line.entry);
        screen.say_wrapped(&format!("{}  ", seconds(&line.at.to_string())), &text);
    }
    Ok(DONE)
}

/// Recomputes the whole ledger against its newest checkpoint, and against an earlier one where one is given.
pub(super) async fn verify(reading: &Reading, earlier: Option<&str>) -> Result<Report, Stop> {
    let key = verifier_key(&reading.folder)?;
    let checkpoint = newest(reading).await?;
    let head = signed_head(&reading.folder)?;
    verify_with(&reading.store, &key, &checkpoint, (head, earlier)).await
}

async fn newest(reading: &Reading) -> Result<StoredCheckpoint, Stop> {
    reading.store.latest_checkpoint().await?.ok_or_else(|| {
        let help = "any writing command signs one";
        Stop::new(LEDGER, "evidence.no_checkpoint", "the ledger has no signed checkpoint", help)
    })
}

/// The key of the ledger, as the folder shows it.
pub(super) fn verifier_key(folder: &Folder) -> Result<VerifierKey, Stop> {
    let path = folder.root().join("ledger.vkey");
    let text = file::read_text(&path, file::SMALL).map_err(|error| {
        let text = format!("`{}` cannot be read: {error}", path.display());
        Stop::new(LEDGER, "evidence.no_key", text, "any writing command writes it again")
    })?;
    VerifierKey::from_str(text.trim()).map_err(|error| Stop::of("evidence.no_key", &error))
}

/// Recomputes what a checkpoint covers.
pub(super) async fn verify_with(
    store: &Store,
    key: &VerifierKey,
    checkpoint: &StoredCheckpoint,
    (head, earlier): (Option<Frontier>, Option<&str>),
) -> Result<Report, Stop> {
    let mut verifier = Verifier::new(&checkpoint.note, key);
    if let Some(earlier) = earlier {
        verifier = verifier.with_earlier(earlier, key);
    }
    let blobs: Arc<Mutex<HashMap<Digest, BlobAnswer>>> = Arc::default();
    let answers = Arc::clone(&blobs);
    let mut verifier = verifier.with_blobs(move |digest| {
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(digest).unwrap_or(BlobAnswer::Missing)
    });
    let mut whole = Whole::default();
    let mut index = 0;
    loop {
        let page = store.entries_from(index, PAGE).await?;
        let Some(last) = page.last() else { break };
        index = last.index + 1;
        for entry in page {
            whole.entry(&entry, head.as_ref());
            if entry.index >= checkpoint.size {
                continue;
            }
            if let Ok(stamped) = entry.stamped() {
                for digest in named_blobs(&stamped) {
                    let answer = blob_answer(store, &digest).await?;
                    blobs.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, answer);
                }
            }
            verifier.leaf(&Leaf { index: entry.index, bytes: entry.statement, stored_hash: Some(entry.leaf) });
        }
    }
    let mut report = verifier.finish();
    let faults = whole.finish(&store.tree().await?, head.as_ref());
    report.faults_total += faults.len() as u64;
    report.faults.extend(faults);
    Ok(report)
}

/// The tree over everything that is stored, newer than the newest checkpoint or not.
#[derive(Default)]
struct Whole {
    tree: Frontier,
    faults: Vec<Fault>,
}

impl Whole {
    fn entry(&mut self, entry: &StoredEntry, head: Option<&Frontier>) {
        if entry.index != self.tree.size() {
            self.fault("ledger.gap", Some(entry.index), format!("entry {} is missing", self.tree.size()));
        }
        if leaf_hash(&entry.statement) != entry.leaf {
            self.fault("leaf.hash", Some(entry.index), "its bytes are not those that were written".to_owned());
        }
        self.tree.push(leaf_hash(&entry.statement));
        if head.is_some_and(|head| head.size() == self.tree.size() && head.root() != self.tree.root()) {
            self.fault("ledger.fork", None, "the first entries are not those that were signed last here".to_owned());
        }
    }

    /// `tree` is what the store says of itself; `head` what was signed last, kept beside the key.
    // INVARIANT: inv:I7 a ledger that is shorter than what was signed, or than its own tree, is cut off.
    fn finish(mut self, tree: &Frontier, head: Option<&Frontier>) -> Vec<Fault> {
        let size = self.tree.size();
        if let Some(head) = head.filter(|head| head.size() > size) {
            self.fault("ledger.cut", None, format!("{} entries were signed, and {size} are there", head.size()));
        }
        if tree.size() != size || tree.root() != self.tree.root() {
            let text =
                format!("the store's own tree has {} leaves, and is not that of the {size} entries", tree.size());
            self.fault("ledger.tree", None, text);
        }
        self.faults
    }

    fn fault(&mut self, code: &'static str, index: Option<u64>, message: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { code, index, entry: None, message });
        }
    }
}

/// What was signed last, kept beside the ledger's key.
pub(super) fn signed_head(folder: &Folder) -> Result<Option<Frontier>, Stop> {
    let path = folder.root().join("keys").join("ledger.head");
    let bytes = match file::read(&path, file::SMALL) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = format!("`{}` is gone: nothing here tells whether the ledger was cut off", path.display());
            return Err(Stop::new(LEDGER, "ledger.head_missing", text, HEAD_MISSING));
        }
        Err(error) => {
            let text = format!("`{}` cannot be read: {error}", path.display());
            return Err(Stop::new(LEDGER, "evidence.no_head", text, "read it as the user that the folder belongs to"));
        }
    };
    Frontier::from_bytes(&bytes).map(Some).map_err(|_| {
        let text = format!("`{}` is damaged: it does not hold a signed tree", path.display());
        Stop::new(LEDGER, "ledger.head", text, "put it back from where it was saved, or verify from an export")
    })
}

/// What the store holds under a digest; bytes that are not of that digest are the verifier's to name.
async fn blob_answer(store: &Store, digest: &Digest) -> Result<BlobAnswer, Stop> {
    let bytes = store.blob_bytes(digest).await?;
    Ok(bytes.map_or(BlobAnswer::Missing, BlobAnswer::Found))
}

/// What was verified, and what does not hold.
fn tell(report: &Report, unsigned: u64, screen: &Screen) {
    screen.document(&json!({
        "verified": report.holds(),
        "size": report.size,
        "unsigned": unsigned,
        "root": report.root,
        "runs": report.runs,
        "open_runs": report.open_runs,
        "open_intents": report.open_intents,
        "blobs": report.blobs_checked,
        "faults": report.faults,
    }));
    let entries = counted(report.size, "entry", "entries");
    if report.holds() {
        screen.say(format!("ledger of {entries}: every hash, link and signature holds"));
    } else {
        let faults = counted(report.faults_total, "thing does", "things do");
        screen.say(format!("ledger of {entries}: {faults} not hold"));
    }
    if unsigned > 0 {
        let newer = counted(unsigned, "entry is", "entries are");
        let them = if unsigned == 1 { "it" } else { "them" };
        screen.say(format!("  {newer} newer than the newest checkpoint; the next writing command signs {them}"));
    }
    screen.say(format!("  root    {}", report.root));
    screen.say(format!("  runs    {}, of which {} open", report.runs, report.open_runs.len()));
    screen.say(format!("  intents {} without an answer", report.open_intents.len()));
    for fault in &report.faults {
        screen.say_wrapped("  - ", &fault.to_string());
    }
}
