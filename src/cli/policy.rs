//! `countersign policy`: asks policies what their tests ask, and explains what they decided.

mod explain;

use std::path::{Path, PathBuf};

use countersign_kernel::policy::Vocabulary;
use countersign_kernel::policy::trial::{Verdicts, try_all, word};
use countersign_warrant::{Shadow, Verdict};
use serde_json::json;

use super::Stop;
use super::arguments::Policy;
use super::screen::Screen;
use super::stop::{BAD_INPUT, DONE, FAILED};
use crate::catalog::Catalog;
use crate::known;
use crate::scheduler::FileSet;

/// Tries policies, or explains what they decided.
pub(super) async fn policy(data: Option<PathBuf>, asked: &Policy, screen: &Screen) -> Result<u8, Stop> {
    match asked {
        Policy::Test { folder, settings } => test(data, folder, settings.as_ref(), screen),
        Policy::Explain { entry } => explain::explain(data, entry, screen).await,
    }
}

/// Needs no data folder.
fn test(data: Option<PathBuf>, folder: &Path, settings: Option<&PathBuf>, screen: &Screen) -> Result<u8, Stop> {
    let settings = super::lint::settings(data, settings.map(PathBuf::as_path));
    let settings = settings.map_err(|error| super::lint::drawn(&error, screen))?;
    let catalog = Catalog::of_manifests(&settings);
    let known = known(&catalog);
    let files = FileSet::read(folder);
    let set = files.check(&known).map_err(|found| {
        screen.document(&json!({"diagnostics": found}));
        if !screen.json {
            screen.diagnostics(&found, &|path| files.text(path));
        }
        Stop::told(BAD_INPUT, "policy.invalid")
    })?;
    if files.workflows.is_empty() && set.trials.iter().any(|trial| !trial.inputs_at.is_empty()) {
        return Err(no_workflow(folder));
    }
    let verdicts = try_all(&set.policies, &set.trials, &Vocabulary::new(known.connectors));
    document(screen, &verdicts);
    tell(screen, &verdicts);
    Ok(if verdicts.faults() == 0 { DONE } else { FAILED })
}

/// Policies see the inputs that workflows declare; without these no test that gives one could be asked.
fn no_workflow(folder: &Path) -> Stop {
    let message =
        format!("`{}` holds no workflow, and its tests give inputs, which workflows declare", folder.display());
    let around = folder.canonicalize().ok().and_then(|folder| folder.parent().map(Path::to_path_buf));
    let around = around.filter(|around| {
        let files = std::fs::read_dir(around).into_iter().flatten().flatten();
        files.map(|file| file.path()).any(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
    });
    // WHY: a person finds the folder by the words that they gave.
    let named = folder.parent().filter(|named| !named.as_os_str().is_empty() && folder.ends_with("policies"));
    let help = match around {
        Some(around) => {
            let around = named.map_or(around, Path::to_path_buf);
            format!(
                "name the folder with the workflows, which holds this one: `countersign policy test {}`",
                around.display()
            )
        }
        None => "name the folder that holds the workflows, with the policies in `policies/`".to_owned(),
    };
    Stop::new(BAD_INPUT, "policy.no_workflow", message, help)
}

fn document(screen: &Screen, verdicts: &Verdicts<'_>) {
    let tests = verdicts.tried.iter().map(|tried| {
        json!({
            "name": tried.trial.name,
            "file": tried.trial.place.0,
            "line": tried.trial.place.1,
            "expect": word(tried.trial.expect),
            "verdict": word(tried.decision.verdict),
            "policies": tried.decision.policies,
            "shadow": tried.decision.shadow,
            "wrong": tried.wrong,
        })
    });
    let accidents = verdicts.accidents.iter();
    let accidents = accidents.map(|one| json!({"action": one.action, "kind": one.kind, "policies": one.by}));
    screen.document(&json!({
        "holds": verdicts.faults() == 0,
        "tests": tests.collect::<Vec<_>>(),
        "unreached": verdicts.unreached,
        "redundant": verdicts.redundant,
        "accidents": accidents.collect::<Vec<_>>(),
    }));
}

fn tell(screen: &Screen, verdicts: &Verdicts<'_>) {
    for tried in &verdicts.tried {
        let mark = if tried.wrong.is_none() { "ok    " } else { "WRONG " };
        screen.say_wrapped(&format!("{mark} {:<5} ", word(tried.decision.verdict)), &tried.trial.name);
        if let Some(other) = &tried.decision.shadow {
            screen.say_wrapped("             in shadow: ", &shadow_words(other));
        }
        if let Some(wrong) = &tried.wrong {
            let (file, line) = &tried.trial.place;
            screen.say_wrapped("             ", &format!("{wrong} ({file}:{line})"));
        }
    }
    for id in &verdicts.unreached {
        let text = format!("`{id}` decides no test: nobody would see it change; write one that it decides");
        screen.say_wrapped("NO TEST      ", &text);
    }
    for id in &verdicts.redundant {
        let text =
            format!("`{id}` decides tests, and each is answered the same without it; test what it alone decides");
        screen.say_wrapped("REDUNDANT    ", &text);
    }
    for accident in &verdicts.accidents {
        let (action, kind, by) = (&accident.action, &accident.kind, accident.by.join(", "));
        let text = format!("a bare `{action}` of `{kind}` is allowed by {by}; if that is meant, say so in a test");
        screen.say_wrapped("BY ACCIDENT  ", &text);
    }
    let tests = if verdicts.tried.len() == 1 { "1 test".to_owned() } else { format!("{} tests", verdicts.tried.len()) };
    screen.say(match verdicts.faults() {
        0 => format!("{tests}: all as expected, and every policy decides one"),
        1 => format!("{tests}: 1 thing is not as it should be"),
        faults => format!("{tests}: {faults} things are not as they should be"),
    });
}

/// What the policies in shadow would have answered.
pub(super) fn shadow_words(other: &Shadow) -> String {
    let by = other.policies.join(", ");
    match other.errors.first() {
        _ if other.verdict == Verdict::Allow => format!("it would be allowed by {by}"),
        Some(error) => format!("it would be denied, as {by} cannot be evaluated: {error}"),
        None => format!("it would be denied by {by}: {}", other.reasons.join("; ")),
    }
}
