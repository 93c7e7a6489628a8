//! `plan --diff`: what differs from a plan that somebody saved, or that a run followed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use countersign_contract::file;
use countersign_kernel::plan::{Difference, Plan, ReadPlanError, SavedPlan, differences};
use countersign_warrant::{DecisionBody, Digest, Kind, Shadow, Verdict};
use serde_json::{Value, json};

use super::Judged;
use super::ground::Ground;
use crate::cli::Stop;
use crate::cli::policy::shadow_words;
use crate::cli::screen::Screen;
use crate::cli::stop::BAD_INPUT;
use crate::store::Store;

/// The largest document that is read, in bytes.
const SAVED_MAX: u64 = 64 << 20;

/// An earlier plan, with what policy said of its acts then.
pub(super) struct Earlier {
    digest: Digest,
    /// Where it is from, in words.
    from: String,
    plan: Plan,
    verdicts: BTreeMap<String, String>,
}

impl Earlier {
    /// The plan of that digest, or in that file.
    pub(super) async fn load(ground: &Ground, workflow: &str, named: &str) -> Result<Self, Stop> {
        match named.parse() {
            Ok(digest) => Self::followed(ground.store()?, workflow, digest).await,
            Err(_) => Self::saved(Path::new(named), workflow),
        }
    }

    /// As the newest run that followed it has it.
    async fn followed(store: &Store, workflow: &str, digest: Digest) -> Result<Self, Stop> {
        let of_store = |error| Stop::of("store.unreadable", &error);
        let run = store.run_of_plan(&digest).await.map_err(of_store)?;
        let Some(run) = run else { return Err(unknown(format!("no run of this folder followed the plan `{digest}`"))) };
        if run.workflow != workflow {
            return Err(unknown(format!("the plan `{digest}` is one of `{}`, not of `{workflow}`", run.workflow)));
        }
        let blob = store.blob(&digest).await.map_err(of_store)?;
        let plan = blob.and_then(|blob| Plan::from_bytes(blob.bytes()).ok());
        let plan = plan.ok_or_else(|| unknown(format!("the bytes of the plan `{digest}` are not there")))?;
        let mut verdicts = BTreeMap::new();
        for entry in store.entries_of_run(&run.id).await.map_err(of_store)? {
            if entry.kind == Kind::Decision
                && let Ok(DecisionBody { step, decision, .. }) = entry.decode()
            {
                let words = in_words(decision.verdict, &decision.policies, decision.shadow.as_ref());
                verdicts.insert(step.to_string(), words);
            }
        }
        Ok(Self { digest, from: format!("which run {} followed", run.id), plan, verdicts })
    }

    /// As `plan --json` printed it, before anything ran.
    fn saved(path: &Path, workflow: &str) -> Result<Self, Stop> {
        let named = path.display();
        let text = file::read_text(path, SAVED_MAX).map_err(|error| {
            let is_digits = path.to_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if error.kind() == ErrorKind::NotFound && is_digits {
                return unknown(format!("`{named}` is no digest of a plan, and no file"));
            }
            let help = "name a file with what `countersign plan NAME --json` printed, or the digest of a plan that a run followed";
            Stop::new(BAD_INPUT, "plan.unreadable", format!("`{named}` cannot be read: {error}"), help)
        })?;
        let saved = SavedPlan::read(&text, workflow).map_err(|error| {
            let message = format!("`{named}`: {}", crate::telemetry::with_causes(&error));
            Stop::new(BAD_INPUT, error.code(), message, help(&error, workflow))
        })?;
        let SavedPlan { digest, plan, assumed, verdicts } = saved;
        let looked = if assumed { "; nothing was looked at for it" } else { "" };
        let verdicts = verdicts.into_iter().map(|one| {
            let words = in_words(one.verdict, &one.policies, one.shadow.as_ref());
            (one.act, words)
        });
        Ok(Self { digest, from: format!("which `{named}` holds{looked}"), plan, verdicts: verdicts.collect() })
    }

    /// What differs in today's plan, verdicts included: those of acts that were judged then and now.
    pub(super) fn compared(&self, plan: &Plan, judged: &[Judged]) -> Vec<Difference> {
        let mut found = differences(&self.plan, plan);
        for one in judged {
            let now = match &one.decision {
                Some(made) => in_words(made.verdict, &made.policies, made.shadow.as_ref()),
                None => in_words(Verdict::Deny, &[], None),
            };
            if let Some(then) = self.verdicts.get(&one.id).filter(|then| **then != now) {
                found.push(Difference::new(&one.id, "verdict", json!(then), json!(now)));
            }
        }
        found
    }

    /// Shows them.
    pub(super) fn tell(&self, found: &[Difference], screen: &Screen) {
        screen.say(format!("compared with {}, {}:", self.digest, self.from));
        if found.is_empty() {
            screen.say("  nothing differs");
        }
        let widest = found.iter().map(|one| one.at.len()).max().unwrap_or_default();
        for one in found {
            let first = format!("  {:<widest$}  ", one.at);
            screen.say_wrapped(&first, &format!("{}: {} -> {}", one.what, shown(&one.before), shown(&one.after)));
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn unknown(message: String) -> Stop {
    let help = "give the digest of a plan that a run followed, all 64 digits of it, as `countersign plan` and `countersign \
                run --json` tell it; a plan that nothing ran is not kept: name the file that it was saved in (`plan --json`)";
    Stop::new(BAD_INPUT, "plan.unknown_digest", message, help)
}

/// What to do about a document that cannot be compared.
fn help(error: &ReadPlanError, workflow: &str) -> String {
    match error {
        ReadPlanError::NoJson(_) | ReadPlanError::NoPlan(_) | ReadPlanError::NoDocument(_) => {
            format!("save the whole of what `countersign plan {workflow} --json` prints")
        }
        ReadPlanError::OtherFormat(_) => {
            "compare with the version that made it, or save it again with this one".to_owned()
        }
        ReadPlanError::Altered { .. } => {
            "it was changed since it was saved: take the file as `plan --json` printed it".to_owned()
        }
        ReadPlanError::OtherWorkflow { is, .. } => format!("`countersign plan {is} --diff FILE` compares it"),
    }
}

fn in_words(verdict: Verdict, policies: &[String], shadow: Option<&Shadow>) -> String {
    let word = if verdict == Verdict::Allow { "allow" } else { "deny" };
    let words = match policies {
        [] => format!("{word}: no policy"),
        policies => format!("{word} by {}", policies.join(", ")),
    };
    match shadow {
        Some(other) => format!("{words} (in shadow: {})", shadow_words(other)),
        None => words,
    }
}
