//! What each rule of the ledger's entries means that a verification can find broken, for `countersign explain`.

use crate::page::{Example, Page};

/// Why none of it is to be, and what to do.
const WHY: &str = "Nothing that Countersign writes does that, and the store refuses it: so the entries were altered, left \
    out or added to, or Countersign has a fault. Change nothing in the folder; compare it with the last backup and with a \
    checkpoint that is kept elsewhere (`countersign evidence verify --checkpoint FILE`), and report what you find.";

const fn broken(code: &'static str, meaning: &'static str, wrong: &'static str, mended: &'static str) -> Page {
    Page { code, meaning, why: WHY, example: Example::told(wrong, mended) }
}

/// The page of each code for what runs, intents, answers and versions may not do, and for what entries and checkpoints
/// have to be.
pub const PAGES: &[Page] = &[
    broken(
        "run.not_started",
        "A run does not begin with its `started` entry.",
        "an intent of a run that nobody started",
        "`started`, with the plan and the activation, before it",
    ),
    broken(
        "run.started_again",
        "A run begins a second time.",
        "two `started` entries of one run",
        "a run of its own for each start",
    ),
    broken(
        "run.closed",
        "Something stands in a run after its end.",
        "a receipt after `closed`",
        "`closed` as the last entry of the run",
    ),
    broken(
        "run.activation",
        "A run follows another set of workflows and policies than the one that was current when it started.",
        "a run by the policies of last month",
        "a run by the activation right before it",
    ),
    broken(
        "run.holds",
        "A run does not hold its own subject, or holds what another open run holds.",
        "two open runs that both hold `local/account/clerk`",
        "one run at a time for each resource",
    ),
    broken(
        "run.braked",
        "A run began where a pause, a quarantine or a breaker was on.",
        "a `started` entry after `brake: paused` on everything",
        "no run before the brake is lifted",
    ),
    broken(
        "intent.braked",
        "A change was granted where a pause or a breaker was on.",
        "an intent on `local/account/clerk` after `brake: paused` on the connector `local`",
        "no intent before the brake is lifted",
    ),
    broken(
        "run.open_intent",
        "A run ended while one of its calls had no closing answer.",
        "`closed` after an intent without receipt or finding",
        "a receipt, or a finding of what the target shows, before `closed`",
    ),
    broken(
        "run.left_over",
        "A run ended as taken back, and one of its calls was not.",
        "`closed: undone`, with a staged key that was never removed",
        "the undo of each call before `closed`",
    ),
    broken(
        "intent.entry",
        "An intent names another place in the ledger than the one where it stands.",
        "an intent that was copied from another run",
        "each intent where it was written",
    ),
    broken(
        "intent.plan",
        "An intent is of another plan or subject than its run.",
        "a call on `clerk` in a run about `intern`",
        "calls of the run's own plan",
    ),
    broken(
        "intent.resource",
        "An intent is about a resource that its run does not hold.",
        "a delivery to a folder that is not in `started`",
        "a run that holds each place it delivers to",
    ),
    broken(
        "intent.resource_busy",
        "An intent is about a resource on which another intent is open.",
        "a second call before the first one's answer",
        "one open call at a time for each resource",
    ),
    broken(
        "intent.unjudged",
        "No allow decision stands before an intent for it alone; or it is no judged undo, or repeats nothing that may be \
         repeated.",
        "an intent after a deny",
        "an allow of its own step before each intent",
    ),
    broken(
        "answer.no_intent",
        "An answer is to an intent that does not stand before it.",
        "a receipt whose intent is gone",
        "the intent before its receipt",
    ),
    broken(
        "answer.misplaced",
        "An answer does not stand where it is kept a place for, or is of another attempt.",
        "a receipt of attempt 2, right after the intent of attempt 1",
        "each receipt at its own intent's number",
    ),
    broken(
        "answer.closed_twice",
        "An intent was answered after it was closed.",
        "a `done` and then a `refused`",
        "one closing answer for each intent",
    ),
    broken(
        "finding.early",
        "A call counts as not applied at a time when it could still arrive.",
        "a finding one second after a call that may take ten",
        "a finding after the call's duration and lateness have passed",
    ),
    broken(
        "version.foreign",
        "A run speaks of a secret version of another subject than its own.",
        "a version of `clerk` in a run about `intern`",
        "versions of the run's own subject",
    ),
    broken(
        "version.stage",
        "A secret version moves to a stage that cannot follow the one it has.",
        "a retired version that becomes current",
        "pending, current, previous, retired; back only where a person had the run undone",
    ),
    broken(
        "version.number",
        "A secret version is sealed under a number that is not higher than those before it.",
        "version 3 after version 4",
        "rising numbers; none is given twice",
    ),
    broken(
        "version.unsealed",
        "Something is said of a secret version that was never sealed.",
        "a version that becomes current, with no entry that seals it",
        "the sealed bytes before anything else of a version",
    ),
    broken(
        "version.two_current",
        "Two secret versions of a subject are current.",
        "a version that becomes current while another one is",
        "the old version steps down in the same commit",
    ),
    broken(
        "decision.errors",
        "A decision allows although its evaluation had errors.",
        "an allow beside the error of a `forbid`",
        "a deny wherever there was an error",
    ),
    broken("entry.doubled", "Two entries have one id.", "an entry that was copied", "one entry of each id"),
    broken(
        "entry.kind",
        "An entry is of a kind that cannot stand where it stands.",
        "an activation inside of a run",
        "entries of runs in runs, the others outside",
    ),
    broken(
        "entry.moved",
        "An entry stands after one that was written later.",
        "a receipt that was moved up",
        "entries in the order of their numbers and times",
    ),
    broken(
        "entry.shape",
        "An entry does not say what one of its kind says.",
        "a receipt without an outcome",
        "the entry as it was written",
    ),
    broken(
        "statement.too_large",
        "An entry has more bytes than a leaf may have.",
        "an entry of 60,000 bytes, put into a store whose own rules were taken away",
        "the entry as it was written, of 49,152 bytes at most",
    ),
    broken(
        "statement.shape",
        "The bytes of an entry are no statement.",
        "an entry that was emptied, or to which a key was added",
        "the entry as it was written",
    ),
    Page::told(
        "statement.type",
        "An entry is of a type or a kind that this version does not know.",
        "Types have a number, so that what a later version writes is not misread: verify with the version that last \
         wrote to the folder. Where it does not know the entry either, the entry was altered: change nothing in the \
         folder, and compare it with the last backup.",
        "an entry whose `predicateType` was changed to end in `/v9`",
        "the entry as it was written",
    ),
    broken(
        "statement.not_canonical",
        "The bytes of an entry are not the canonical ones (RFC 8785) of what it says.",
        "an entry to which a space was added, or in which two keys were exchanged",
        "the entry as it was written",
    ),
    broken(
        "leaf.hash",
        "The bytes of an entry are not those that were written.",
        "an entry in which a name was changed",
        "the entry as it was written",
    ),
    broken(
        "root.mismatch",
        "The entries do not give the root that was signed.",
        "a ledger in which an entry and its hash were changed",
        "the ledger that was signed",
    ),
    broken(
        "blob.digest",
        "Bytes that an entry names by their digest have another one.",
        "a stored plan in which a call was changed",
        "the bytes as they were stored",
    ),
    broken(
        "blob.missing",
        "Bytes that an entry names by their digest are not stored.",
        "a store from which plans were removed to save room",
        "the last whole backup",
    ),
    broken(
        "checkpoint.smaller",
        "An earlier checkpoint signs more entries than are there.",
        "the folder, put back to last week",
        "the newest copy of the folder",
    ),
    broken(
        "checkpoint.forked",
        "The entries are not those that an earlier checkpoint signed.",
        "a ledger that was written anew, with the same key",
        "the ledger that the checkpoint is of",
    ),
    Page::told(
        "note.malformed",
        "A checkpoint is not a signed note.",
        "It is a text, an empty line, and lines with signatures (C2SP signed-note). Nothing is proven by what is not \
         read. `--checkpoint` takes the whole of what `countersign evidence checkpoint` prints, without `--json`. \
         Where it is the store's own that cannot be read, something has altered it: take the last whole backup.",
        "`--checkpoint` with the first three lines of a checkpoint",
        "`--checkpoint` with all of its lines",
    ),
    Page::told(
        "note.unsigned",
        "A checkpoint has no signature of this ledger's key.",
        "The key is the one in `ledger.vkey`. A checkpoint of another folder has the signature of another key, and \
         says nothing of this one. Where it is the store's own, then `countersign.db` and `ledger.vkey` are not of one \
         folder: put both back from one backup.",
        "`--checkpoint` with the file of another folder",
        "a checkpoint that this folder has printed",
    ),
    Page::told(
        "note.signature",
        "The signature of a checkpoint does not hold.",
        "What it says is not what this ledger's key has signed: the text or the signature was altered. It proves \
         nothing, neither for the ledger nor against it. Take a copy of the checkpoint that nobody could write to; \
         where it is the store's own, change nothing in the folder, and take the last whole backup.",
        "a checkpoint in which the number of entries was changed",
        "the checkpoint as it was printed",
    ),
    Page::told(
        "note.name",
        "The ledger's name cannot be the name of a key.",
        "Such a name has no space and no `+` (C2SP signed-note). Countersign makes it itself, of `countersign.local/` \
         and 16 digits, so this is a fault of Countersign: report it. Nothing was signed.",
        "no command that is known brings it about",
        "a report",
    ),
];
