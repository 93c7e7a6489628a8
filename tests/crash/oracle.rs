//! The oracle: what must be true at each kill and at each end. It reads the target's own state and the ledger, and
//! nothing that the engine believes.

use std::path::Path;

use countersign_kernel::run::bodies::Stage;

use crate::ledger::{Answer, Book};
use crate::target;
use crate::workflows::{Stage as Tour, Subject};

/// True at every instant, a kill included; what is not, in words.
pub(crate) fn at_any_time(folder: &Path, subject: &Subject) -> Vec<String> {
    let book = Book::read(folder);
    let mut wrong = unrecorded(&book, folder);
    if subject.has_downtime {
        wrong.extend(unknown_to_the_store(&book, folder, subject));
    } else {
        wrong.extend(unworking(folder, subject));
    }
    wrong.extend(unverified(&book));
    let open = book.intents().iter().filter(|(_, body)| book.answers(&body.intent.entry).is_empty()).count();
    if open > 1 {
        wrong.push(format!("{open} intents are open at once"));
    }
    wrong
}

/// True at the end of a request's run, which may end as one of `ends`.
pub(crate) fn at_end(folder: &Path, subject: &Subject, key: &str, ends: &[&str]) -> Vec<String> {
    let book = Book::read(folder);
    let mut wrong = unrecorded(&book, folder);
    let runs = book.runs_of(subject.workflow, key);
    let is_stuck = runs.iter().any(|run| book.end_of(run) == "stuck");
    if subject.has_downtime && is_stuck {
        // A person is asked while nobody can work: what the target takes is known at least.
        wrong.extend(unknown_to_the_store(&book, folder, subject));
    } else if subject.is_an_end && runs.iter().any(|run| book.end_of(run) == "done") {
        wrong.extend(working(folder, subject));
    } else {
        wrong.extend(unworking(folder, subject));
    }
    wrong.extend(unverified(&book));
    if book.signed != book.entries.len() as u64 {
        wrong.push(format!("the checkpoint covers {} of {} entries", book.signed, book.entries.len()));
    }
    wrong.extend(unclosed(&book));
    let [run] = runs.as_slice() else {
        wrong.push(format!("one request made {} runs", runs.len()));
        return wrong;
    };
    let end = book.end_of(run);
    if !ends.contains(&end.as_str()) {
        wrong.push(format!("the run is {end}, and not {ends:?}"));
    }
    let promoted = book.promoted_by(run).len();
    // A run that is stuck after the pivot may have promoted its version; never two.
    if promoted > 1
        || (end == "done" && promoted != usize::from(!subject.is_an_end))
        || (matches!(end.as_str(), "undone" | "failed") && promoted != 0)
    {
        wrong.push(format!("a run that is {end} made {promoted} versions current"));
    }
    if end != "stuck" {
        wrong.extend(book.held.iter().map(|held| format!("still held: {held}")));
        wrong.extend(target::leftovers(folder).into_iter().map(|path| format!("left over: {path}")));
        wrong.extend(unsettled(&book, folder, subject));
    }
    wrong
}

/// inv:I1, rel:I1, rel:I9: no change without its record, and no record without a decision that allows it.
pub(crate) fn unrecorded(book: &Book, folder: &Path) -> Vec<String> {
    let intents = book.intents();
    let mut wrong = Vec::new();
    for entry in target::applied(folder) {
        let find = |id: &str| intents.iter().find(|(_, body)| body.intent.entry.as_str() == id);
        let Some(change) = find(&entry) else {
            wrong.push(format!("`{entry}` changed the target, and is no intent of the ledger"));
            continue;
        };
        // An undo was judged with the intent that it takes back.
        let judged = Book::undone_by(&change.1).map_or(Some(change), |of| find(of.as_str()));
        let allowed = judged.is_some_and(|(place, body)| {
            body.decision.as_ref().is_some_and(|decision| book.is_allowed(decision, *place))
        });
        if !allowed {
            wrong.push(format!("`{entry}` changed the target without a decision before it that allows it"));
        }
    }
    wrong
}

/// inv:I3, rel:I2: whoever reads the delivered credential at this moment can work with it.
pub(crate) fn unworking(folder: &Path, subject: &Subject) -> Option<String> {
    let is_first = subject.workflow.starts_with("provision") || subject.object.0 == "ca";
    let needed = subject.stage >= Tour::Toured && !is_first;
    match target::works(folder, subject) {
        Some(Ok(())) => None,
        Some(Err(why)) => Some(why),
        None => needed.then(|| "nothing is delivered any more".to_owned()),
    }
}

/// beh:N6: what was delivered opens nothing any more.
fn working(folder: &Path, subject: &Subject) -> Option<String> {
    let works = target::works(folder, subject);
    matches!(works, Some(Ok(()))).then(|| "what was delivered still opens what was ended".to_owned())
}

/// inv:I3, rel:I2: what the target takes is sealed in the store, and not retired.
fn unknown_to_the_store(book: &Book, folder: &Path, subject: &Subject) -> Option<String> {
    let taken = target::live(folder, subject);
    let known: Vec<String> = book
        .stages()
        .into_iter()
        .filter(|(_, stage)| *stage != Stage::Retired)
        .map(|(version, _)| version.to_string())
        .collect();
    let is_lost = !taken.is_empty() && !taken.iter().any(|version| known.contains(version));
    is_lost.then(|| format!("the target takes {taken:?}, and the store has {known:?}"))
}

/// inv:I7: every hash, link and signature holds, as far as the ledger is signed.
pub(crate) fn unverified(book: &Book) -> Vec<String> {
    let Some(report) = &book.report else { return Vec::new() };
    report.faults.iter().map(|fault| format!("the ledger does not hold: {fault}")).collect()
}

/// inv:I2, rel:I8: one closing answer for each intent.
pub(crate) fn unclosed(book: &Book) -> Vec<String> {
    let mut wrong = Vec::new();
    for (_, body) in book.intents() {
        let answers = book.answers(&body.intent.entry);
        if answers.len() != 1 {
            wrong.push(format!("intent `{}` is answered by {answers:?}", body.intent.entry));
        }
    }
    wrong
}

/// The target is as the ledger says: one working version, no pending one, no second slot.
fn unsettled(book: &Book, folder: &Path, subject: &Subject) -> Vec<String> {
    let mut wrong = Vec::new();
    for (version, stage) in book.stages() {
        if stage == Stage::Pending {
            wrong.push(format!("`{version}` is still pending"));
        }
    }
    let applied = target::applied(folder);
    for (_, body) in book.intents() {
        let entry = &body.intent.entry;
        let told = applied.iter().any(|one| one == entry.as_str());
        // What is delivered shows its last entry only.
        if body.intent.call.connector == "local" && told != book.answers(entry).contains(&Answer::Applied) {
            wrong.push(format!("the target and the ledger disagree on `{entry}`"));
        }
    }
    wrong.extend(unsettled_of(book, folder, subject));
    wrong
}

/// One subject of many is as the ledger says.
pub(crate) fn unsettled_of(book: &Book, folder: &Path, subject: &Subject) -> Vec<String> {
    let mut wrong = Vec::new();
    let current = book.current(&subject.name()).map(|version| version.to_string());
    if matches!(subject.object.0, "account" | "jwks" | "role" | "webhook") {
        let live = target::live(folder, subject);
        if live != current.clone().into_iter().collect::<Vec<_>>() {
            wrong.push(format!("live in the target: {live:?}; current in the ledger: {current:?}"));
        }
    } else if !target::delivers_the_last(folder, subject) {
        wrong.push("what is delivered is not what was issued last".to_owned());
    }
    let works = target::works(folder, subject);
    // What was delivered of something that has ended stays where it is.
    let is_there = if subject.is_an_end { matches!(works, Some(Ok(()))) } else { works.is_some() };
    if current.is_some() != is_there {
        wrong.push(format!("current in the ledger: {current:?}; the sink does not say so"));
    }
    wrong
}
